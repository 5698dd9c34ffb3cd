//! One server for all of these tests, and a schema for each.

use std::{
    sync::{
        OnceLock,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};

use tokio::time::Instant;
use tower_bearer::{
    NewSession, RevocationLog as _, Revoked, RevokedEntry, RotationLimits, SessionId, SessionNonce,
    Told,
};
use tower_bearer_postgres::{
    PostgresStore, PostgresStoreBuilder,
    sqlx::{AssertSqlSafe, PgPool, postgres::PgPoolOptions, query_scalar, raw_sql},
};
use tower_bearer_stores::{Postgres, Server as _};

pub(crate) const LIMITS: RotationLimits =
    RotationLimits::new(Duration::from_hours(168), Duration::from_secs(30));

/// So long may take what takes no time, on a machine that has much else to do.
pub(crate) const SOON: Duration = Duration::from_secs(30);

/// In the year 2200.
pub(crate) const UNTIL: u64 = 7_258_118_400;

/// Where it is: it is started once.
pub(crate) fn url() -> &'static str {
    static SERVER: OnceLock<Postgres> = OnceLock::new();
    static URL: OnceLock<String> = OnceLock::new();
    URL.get_or_init(|| {
        let given = std::env::var("TEST_POSTGRES_URL").ok();
        given.unwrap_or_else(|| {
            if let Some(missing) = Postgres::missing() {
                panic!("{missing}; or set TEST_POSTGRES_URL to a server that tests may use");
            }
            SERVER.get_or_init(|| Postgres::with(&["max_connections=300", "fsync=off"])).url()
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
    made_in(&schema()).await
}

pub(crate) async fn made_in(schema: &str) -> PostgresStoreBuilder {
    let builder = PostgresStore::builder(pool(10)).schema(schema).timeout(SOON);
    builder.migrate().await.unwrap()
}

/// A store, and the name of its schema.
pub(crate) async fn store() -> (PostgresStore, String) {
    let schema = schema();
    (made_in(&schema).await.connect().await.unwrap(), schema)
}

/// Runs this, in which `{s}` is the schema.
pub(crate) async fn run(schema: &str, text: &str) {
    let text = text.replace("{s}", schema);
    raw_sql(AssertSqlSafe(text)).execute(&pool(1)).await.unwrap();
}

/// A number of the server's.
pub(crate) async fn count(schema: &str, text: &str) -> i64 {
    query_scalar(AssertSqlSafe(text.replace("{s}", schema))).fetch_one(&pool(1)).await.unwrap()
}

/// Asks for a number until it is as it should be; the last one if that takes too long.
pub(crate) async fn until(schema: &str, text: &str, is_good: impl Fn(i64) -> bool) -> i64 {
    let began = Instant::now();
    loop {
        let number = count(schema, text).await;
        if is_good(number) || began.elapsed() > SOON {
            return number;
        }
    }
}

/// Asks until it is told something.
pub(crate) async fn hears_again(store: &PostgresStore) -> Told {
    let began = Instant::now();
    loop {
        match store.subscribe().await {
            Ok(told) => return told.unwrap(),
            Err(error) => assert!(began.elapsed() < SOON, "{error}"),
        }
    }
}

/// How many rows of a table were read so far.
pub(crate) async fn rows_read(schema: &str, table: &str) -> i64 {
    let text = "SELECT coalesce(sum(seq_tup_read + coalesce(idx_tup_fetch, 0)), 0)::bigint FROM pg_stat_user_tables WHERE schemaname = '{s}' AND relname = '";
    count(schema, &format!("{text}{table}'")).await
}

/// A session of this number and subject.
pub(crate) fn session(number: u64, subject: &str) -> NewSession {
    let mut id = [0; 16];
    id[8..].copy_from_slice(&number.to_be_bytes());
    let mut new =
        NewSession::new(SessionId::from_bytes(id), subject, SessionNonce::from_bytes([7; 32]));
    new.idle = LIMITS.idle;
    new.absolute = 4 * LIMITS.idle;
    new
}

pub(crate) fn token(jti: impl Into<String>) -> RevokedEntry {
    RevokedEntry::new("https://issuer.example", Revoked::Token { jti: jti.into() }, UNTIL)
}
