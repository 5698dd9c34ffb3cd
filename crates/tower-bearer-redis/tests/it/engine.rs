use tower_bearer_redis::RedisStore;
use tower_bearer_stores::{Engine, Redis};

pub(crate) struct OnRedis;

impl Engine for OnRedis {
    type Server = Redis;
    type Store = RedisStore;

    async fn connect(port: u16) -> RedisStore {
        RedisStore::connect(&format!("redis://127.0.0.1:{port}/")).await.unwrap()
    }
}
