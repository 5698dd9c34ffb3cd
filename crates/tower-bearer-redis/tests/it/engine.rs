use std::time::Duration;

use tower_bearer_redis::{RedisStore, redis::Client};
use tower_bearer_stores::{Engine, Redis};

pub(crate) struct OnRedis;

impl Engine for OnRedis {
    type Server = Redis;
    type Store = RedisStore;

    async fn connect_within(port: u16, timeout: Duration) -> RedisStore {
        let client = Client::open(format!("redis://127.0.0.1:{port}/")).unwrap();
        RedisStore::builder(client).timeout(timeout).connect().await.unwrap()
    }
}
