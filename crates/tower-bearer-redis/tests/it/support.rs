//! A server for all who do nothing to it, and what tests ask it by themselves.

use std::sync::{
    OnceLock,
    atomic::{AtomicU32, Ordering},
};

use redis::{Client, FromRedisValue, aio::MultiplexedConnection};
use tower_bearer_redis::{RedisStore, RedisStoreBuilder};
use tower_bearer_stores::{Redis, Server as _};

/// Where the server is that all use. It ends with this process.
pub(crate) fn shared() -> String {
    static SERVER: OnceLock<(String, Option<Redis>)> = OnceLock::new();
    let server = SERVER.get_or_init(|| {
        if let Ok(url) = std::env::var("TEST_REDIS_URL") {
            return (url, None);
        }
        let server = Redis::start();
        (server.url(), Some(server))
    });
    server.0.clone()
}

/// A prefix that nobody else has, on whichever server.
pub(crate) fn prefix() -> String {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let number = NEXT.fetch_add(1, Ordering::Relaxed);
    format!("test-{}-{number}", std::process::id())
}

/// Without sessions, on the server of all.
pub(crate) fn builder() -> RedisStoreBuilder {
    at(&shared()).prefix(prefix())
}

pub(crate) fn at(url: &str) -> RedisStoreBuilder {
    RedisStore::builder(Client::open(url).unwrap())
}

/// What tests ask the server behind the store's back.
pub(crate) struct Asked(MultiplexedConnection);

impl Asked {
    pub(crate) async fn of(url: &str) -> Self {
        let client = Client::open(url).unwrap();
        Self(client.get_multiplexed_async_connection().await.unwrap())
    }

    pub(crate) async fn ask<T: FromRedisValue>(&mut self, words: &[&str]) -> T {
        let mut asked = redis::Cmd::new();
        asked.arg(words);
        asked.query_async(&mut self.0).await.unwrap()
    }
}
