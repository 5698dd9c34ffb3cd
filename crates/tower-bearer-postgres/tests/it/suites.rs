//! What any store has to keep to.

use std::time::Duration;

use tower_bearer::testing;
use tower_bearer_postgres::{
    PostgresStore,
    sqlx::{
        PgPool,
        postgres::{PgConnectOptions, PgPoolOptions},
    },
};

use crate::scene::{made, schema, url};

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

/// Whose transactions are isolated in this way unless they ask for another.
fn isolated(isolation: &str) -> PgPool {
    let options: PgConnectOptions = url().parse().unwrap();
    let options = options.options([("default_transaction_isolation", isolation)]);
    PgPoolOptions::new().max_connections(10).connect_lazy_with(options)
}

async fn made_isolated(isolation: &str) -> PostgresStore {
    let builder = PostgresStore::builder(isolated(isolation)).schema(schema());
    builder.timeout(Duration::from_secs(30)).migrate().await.unwrap().connect().await.unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn other_isolation_is_right_as_well() {
    for isolation in ["repeatable read", "serializable"] {
        let store = made_isolated(isolation).await;
        assert!(store.doctor().await.to_string().contains(isolation), "it is turned on");
        testing::session_store_by_own_clock(|| made_isolated(isolation)).await;
        testing::revocation_log(|| made_isolated(isolation)).await;
    }
}
