//! A server for all who do nothing to it, and what tests ask it by themselves.

use std::{
    future::Future,
    sync::{
        OnceLock,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};

use redis::{Client, FromRedisValue, aio::MultiplexedConnection};
use tokio::time::timeout;
use tower_bearer::{
    NewSession, Revoked, RevokedEntry, RotationLimits, SessionId, SessionNonce, SessionStore as _,
};
use tower_bearer_redis::{RedisStore, RedisStoreBuilder};
use tower_bearer_stores::{Proxy, Redis, Server as _};

/// Where the server is that all use. It ends with this process.
pub(crate) fn shared() -> String {
    static SERVER: OnceLock<(String, Option<Redis>)> = OnceLock::new();
    let server = SERVER.get_or_init(|| {
        if let Ok(url) = std::env::var("TEST_REDIS_URL") {
            return (url, None);
        }
        let missing = Redis::missing();
        assert!(missing.is_none(), "{}; or set TEST_REDIS_URL", missing.unwrap_or_default());
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

/// With time for a machine that has much else to do.
pub(crate) fn at(url: &str) -> RedisStoreBuilder {
    RedisStore::builder(Client::open(url).unwrap()).timeout(Duration::from_secs(20))
}

/// The server behind a proxy.
pub(crate) fn behind(proxy: &Proxy) -> String {
    format!("redis://127.0.0.1:{}/", proxy.port())
}

/// What tests ask the server behind the store's back.
#[derive(Clone)]
pub(crate) struct Asked(MultiplexedConnection);

impl Asked {
    pub(crate) async fn of(url: &str) -> Self {
        let client = Client::open(url).unwrap();
        // By itself it waits for half a second.
        let patient = redis::AsyncConnectionConfig::new()
            .set_connection_timeout(Some(Duration::from_secs(20)))
            .set_response_timeout(Some(Duration::from_secs(20)));
        Self(client.get_multiplexed_async_connection_with_config(&patient).await.unwrap())
    }

    pub(crate) async fn ask<T: FromRedisValue>(&mut self, words: &[&str]) -> T {
        let mut asked = redis::Cmd::new();
        asked.arg(words);
        asked.query_async(&mut self.0).await.unwrap()
    }
}

pub(crate) const IDLE: Duration = Duration::from_secs(7 * 24 * 60 * 60);
pub(crate) const ABSOLUTE: Duration = Duration::from_secs(30 * 24 * 60 * 60);
pub(crate) const LIMITS: RotationLimits = RotationLimits::new(IDLE, Duration::from_secs(30));

/// Begins a session whose bytes are these.
pub(crate) async fn begin(store: &RedisStore, byte: u8, subject: &str) -> SessionId {
    let id = SessionId::from_bytes([byte; 16]);
    let mut new = NewSession::new(id, subject, SessionNonce::from_bytes([byte; 32]));
    (new.idle, new.absolute) = (IDLE, ABSOLUTE);
    store.create(new).await.unwrap();
    id
}

/// In the year 2200.
pub(crate) const UNTIL: u64 = 7_258_118_400;

pub(crate) fn token(jti: &str) -> RevokedEntry {
    token_until(jti, UNTIL)
}

pub(crate) fn token_until(jti: &str, until: u64) -> RevokedEntry {
    RevokedEntry::new("https://a.example", Revoked::Token { jti: jti.to_owned() }, until)
}

/// What an error says in all, as logs show it.
pub(crate) fn said(error: &dyn std::error::Error) -> String {
    match error.source() {
        Some(source) => format!("{error}: {}", said(source)),
        None => error.to_string(),
    }
}

/// Waits on tokio's time, for what others do meanwhile.
pub(crate) async fn wait(time: Duration) {
    let _ = timeout(time, std::future::pending::<()>()).await;
}

/// Asks until it is so, for 30 s.
pub(crate) async fn until<R: Future<Output = bool>>(what: &str, mut is_so: impl FnMut() -> R) {
    for _ in 0..1500 {
        if is_so().await {
            return;
        }
        wait(Duration::from_millis(20)).await;
    }
    assert!(is_so().await, "{what}");
}
