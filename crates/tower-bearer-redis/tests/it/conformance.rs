//! What is asked of any store and any log.

use tower_bearer::testing;
use tower_bearer_redis::RedisStore;
use tower_bearer_stores::{Redis, Server as _};

use crate::support::{Asked, at, builder, prefix};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sessions() {
    testing::session_store(async |clock| builder().clock(clock).connect_lazy().unwrap()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sessions_by_the_clock_of_the_server() {
    testing::session_store_by_own_clock(async || builder().connect_lazy().unwrap()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn revocations() {
    testing::revocation_log(async || builder().connect_lazy().unwrap()).await;
}

/// All slots are on one node, and keys of one step have to be in one slot.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn in_a_cluster_of_one_node() {
    let server = Redis::with(&["--cluster-enabled", "yes"]);
    let mut asked = Asked::of(&server.url()).await;
    asked.ask::<()>(&["CLUSTER", "ADDSLOTSRANGE", "0", "16383"]).await;
    while !asked.ask::<String>(&["CLUSTER", "INFO"]).await.contains("cluster_state:ok") {
        tokio::task::yield_now().await;
    }
    let store = || -> RedisStore { at(&server.url()).prefix(prefix()).connect_lazy().unwrap() };
    testing::session_store(async |clock| {
        at(&server.url()).prefix(prefix()).clock(clock).connect_lazy().unwrap()
    })
    .await;
    testing::revocation_log(async || store()).await;
    let checkup = store().doctor().await;
    assert!(checkup.is_sound(), "{checkup}");
    assert!(checkup.to_string().contains("cluster"), "{checkup}");
}
