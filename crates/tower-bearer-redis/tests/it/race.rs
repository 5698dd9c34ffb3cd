//! One token, renewed by three processes at once.

use tower_bearer_stores as stores;

use crate::engine::OnRedis;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_wins_and_none_loses() {
    stores::race::<OnRedis>("race::racer").await;
}

#[test]
#[ignore = "a process of the race"]
fn racer() {
    stores::racer::<OnRedis>();
}
