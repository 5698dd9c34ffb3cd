//! How large sessions and revocations are in PostgreSQL, and how long a node takes to read what is revoked: 100,000 sessions and 1,000,000 revocations, in a
//! schema of its own that is dropped again.
//!
//! ```sh
//! DATABASE_URL=postgres://postgres@127.0.0.1/postgres cargo run --release -p tower-bearer-postgres --example size
//! ```

use std::time::Duration;

use tokio::{task::JoinSet, time::Instant};
use tower_bearer::{
    NewSession, RevocationLog as _, Revoked, RevokedEntry, RotationLimits, SessionId, SessionNonce,
    SessionStore as _,
};
use tower_bearer_postgres::{
    PostgresStore,
    sqlx::{PgPool, postgres::PgPoolOptions, query_scalar, raw_sql},
};

const SCHEMA: &str = "tower_bearer_size";
const SESSIONS: usize = 100_000;
const REVOKED: usize = 1_000_000;
const AT_ONCE: usize = 1_000;
const TASKS: usize = 8;
const IDLE: Duration = Duration::from_hours(7 * 24);

type Failed = Box<dyn std::error::Error + Send + Sync>;

fn random<const N: usize>() -> Result<[u8; N], Failed> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes)?;
    Ok(bytes)
}

/// Subjects and devices of a usual length: 36 and 40 bytes. Each session is renewed once.
async fn sessions(store: PostgresStore) -> Result<(), Failed> {
    for _ in 0..SESSIONS / TASKS {
        let id = SessionId::from_bytes(random()?);
        let subject = format!("{:032x}-abc", u128::from_be_bytes(random()?));
        let mut new = NewSession::new(id, subject, SessionNonce::from_bytes(random()?));
        new.device.push_str("Firefox 140 on a computer with GNU/Linux");
        (new.idle, new.absolute) = (IDLE, 4 * IDLE);
        store.create(new).await?;
        store.rotate(id, 0, RotationLimits::new(IDLE, Duration::from_secs(30))).await?;
    }
    Ok(())
}

async fn revocations(store: PostgresStore) -> Result<(), Failed> {
    for _ in 0..REVOKED / TASKS / AT_ONCE {
        let entry = |_| {
            let sid = SessionId::from_bytes(random()?).to_string();
            Ok(RevokedEntry::new("https://login.example", Revoked::Session { sid }, 7_258_118_400))
        };
        store.append((0..AT_ONCE).map(entry).collect::<Result<_, Failed>>()?).await?;
    }
    Ok(())
}

/// What a table and its indexes take, for each of its rows.
async fn tell(pool: &PgPool, table: &str, count: usize, took: Duration) -> Result<(), Failed> {
    let size = query_scalar("SELECT pg_total_relation_size(($1 || '.' || $2)::regclass)");
    let size: i64 = size.bind(SCHEMA).bind(table).fetch_one(pool).await?;
    let each = size / i64::try_from(count)?;
    println!(
        "{count} {table}: {size} bytes with their indexes, {each} each; written in {took:.1?}"
    );
    Ok(())
}

#[tokio::main]
async fn main() -> Result<(), Failed> {
    let url = std::env::var("DATABASE_URL")
        .map_err(|_| "set DATABASE_URL, as in postgres://user:password@127.0.0.1/database")?;
    let pool = PgPoolOptions::new().max_connections(10).connect(&url).await?;
    let drop = "DROP SCHEMA IF EXISTS tower_bearer_size CASCADE";
    raw_sql(drop).execute(&pool).await?;
    let builder = PostgresStore::builder(pool.clone()).schema(SCHEMA);
    let store = builder.timeout(Duration::from_secs(10)).migrate().await?.connect().await?;
    let began = Instant::now();
    let mut tasks = JoinSet::new();
    (0..TASKS).for_each(|_| drop_handle(tasks.spawn(sessions(store.clone()))));
    tasks.join_all().await.into_iter().collect::<Result<(), _>>()?;
    tell(&pool, "sessions", SESSIONS, began.elapsed()).await?;
    let began = Instant::now();
    let mut tasks = JoinSet::new();
    (0..TASKS).for_each(|_| drop_handle(tasks.spawn(revocations(store.clone()))));
    tasks.join_all().await.into_iter().collect::<Result<(), _>>()?;
    tell(&pool, "revoked", REVOKED, began.elapsed()).await?;
    for _ in 0..3 {
        let began = Instant::now();
        let read = store.snapshot().await?.len();
        println!("{read} revocations read in {:.1?}", began.elapsed());
    }
    raw_sql(drop).execute(&pool).await?;
    Ok(())
}

/// The set has the task.
fn drop_handle(_: tokio::task::AbortHandle) {}
