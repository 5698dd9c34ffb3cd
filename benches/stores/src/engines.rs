use std::time::Duration;

use tower_bearer_postgres::{
    PostgresStore,
    sqlx::{self, PgPool},
};
use tower_bearer_redis::{RedisStore, redis};
use tower_bearer_stores::{Engine, Postgres, Redis};

/// Says how much room it takes.
pub(crate) trait Measured: Engine {
    /// In bytes, indexes included.
    async fn room(port: u16) -> u64;
}

/// A thousand nodes on one machine ask for some.
const PATIENCE: Duration = Duration::from_secs(10);

pub(crate) struct OnRedis;

impl Engine for OnRedis {
    type Server = Redis;
    type Store = RedisStore;

    async fn connect(port: u16) -> RedisStore {
        let client = redis::Client::open(format!("redis://127.0.0.1:{port}/")).unwrap();
        RedisStore::builder(client).timeout(PATIENCE).connect().await.unwrap()
    }
}

pub(crate) struct OnPostgres;

impl OnPostgres {
    async fn pool(port: u16) -> PgPool {
        PgPool::connect(&format!("postgres://postgres@127.0.0.1:{port}/postgres")).await.unwrap()
    }
}

impl Engine for OnPostgres {
    type Server = Postgres;
    type Store = PostgresStore;

    async fn connect(port: u16) -> PostgresStore {
        PostgresStore::builder(Self::pool(port).await).timeout(PATIENCE).connect().await.unwrap()
    }

    async fn prepare(port: u16) {
        drop(PostgresStore::builder(Self::pool(port).await).migrate().await.unwrap());
    }
}

impl Measured for OnRedis {
    async fn room(port: u16) -> u64 {
        let client = redis::Client::open(format!("redis://127.0.0.1:{port}/")).unwrap();
        let mut connection = client.get_multiplexed_async_connection().await.unwrap();
        let said: String =
            redis::cmd("INFO").arg("memory").query_async(&mut connection).await.unwrap();
        let mut lines = said.lines();
        lines.find_map(|line| line.strip_prefix("used_memory:")).unwrap().trim().parse().unwrap()
    }
}

impl Measured for OnPostgres {
    async fn room(port: u16) -> u64 {
        let sum = "SELECT sum(pg_total_relation_size(oid))::bigint FROM pg_class \
                   WHERE relnamespace = 'tower_bearer'::regnamespace AND relkind = 'r'";
        let bytes: i64 = sqlx::query_scalar(sum).fetch_one(&Self::pool(port).await).await.unwrap();
        u64::try_from(bytes).unwrap()
    }
}
