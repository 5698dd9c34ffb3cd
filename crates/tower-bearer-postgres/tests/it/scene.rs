//! One server for all of these tests, and a schema for each.

use std::sync::{
    OnceLock,
    atomic::{AtomicU32, Ordering},
};

use tower_bearer_postgres::{
    PostgresStore, PostgresStoreBuilder,
    sqlx::{PgPool, postgres::PgPoolOptions},
};
use tower_bearer_stores::{Postgres, Server as _};

/// Where it is: it is started once.
pub(crate) fn url() -> &'static str {
    static SERVER: OnceLock<Postgres> = OnceLock::new();
    static URL: OnceLock<String> = OnceLock::new();
    URL.get_or_init(|| {
        let given = std::env::var("TEST_POSTGRES_URL").ok();
        given.unwrap_or_else(|| {
            SERVER.get_or_init(|| Postgres::with(&["max_connections=300"])).url()
        })
    })
}

/// A pool of the test's own.
pub(crate) fn pool(size: u32) -> PgPool {
    PgPoolOptions::new().max_connections(size).connect_lazy(url()).unwrap()
}

/// A name that no other test has, nor the same one before.
pub(crate) fn schema() -> String {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    format!("test_{}_{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed))
}

/// A store to be, whose tables are made in a schema of its own.
pub(crate) async fn made() -> PostgresStoreBuilder {
    // Servers that are asked by all tests at once take their time.
    let patience = std::time::Duration::from_secs(30);
    PostgresStore::builder(pool(10)).schema(schema()).timeout(patience).migrate().await.unwrap()
}
