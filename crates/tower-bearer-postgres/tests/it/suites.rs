//! What any store has to keep to.

use tower_bearer::testing;

use crate::scene::made;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sessions_conform() {
    testing::session_store(|clock| async { made().await.clock(clock).connect().await.unwrap() })
        .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sessions_conform_by_the_servers_clock() {
    testing::session_store_by_own_clock(|| async { made().await.connect().await.unwrap() }).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn revocations_conform() {
    testing::revocation_log(|| async { made().await.connect().await.unwrap() }).await;
}
