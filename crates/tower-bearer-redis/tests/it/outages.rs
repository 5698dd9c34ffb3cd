//! Servers that stop, vanish and come back.

use std::time::Duration;

use futures_util::StreamExt as _;
use tokio::time::{Instant, timeout};
use tower_bearer::{RevocationLog as _, Rotation, SessionId, SessionStore as _};
use tower_bearer_redis::RedisStore;
use tower_bearer_stores::{Proxy, Redis, Server as _};

use crate::support::{Asked, LIMITS, at, begin, behind, said, token, until};

const ID: SessionId = SessionId::from_bytes([1; 16]);

/// Longer than the store waits, and much shorter than a test may.
const LATE: Duration = Duration::from_millis(2500);

async fn is_up(store: &RedisStore) -> bool {
    store.find(ID).await.is_ok()
}

#[tokio::test]
async fn a_stopped_server_is_not_waited_for() {
    let server = Redis::start();
    let store = RedisStore::connect(&server.url()).await.unwrap();
    begin(&store, 1, "ada").await;
    store.append(vec![token("a")]).await.unwrap();
    server.pause();
    let all = async {
        let session = async { said(&store.rotate(ID, 0, LIMITS).await.unwrap_err()) };
        let many = (0..50).map(|_| async { store.find(ID).await.is_err() });
        let log = async { said(&store.append(vec![token("b")]).await.unwrap_err()) };
        let read = async { store.snapshot().await.is_err() };
        let told = async { store.subscribe().await.is_err() };
        tokio::join!(session, futures_util::future::join_all(many), log, read, told)
    };
    let (session, many, log, read, told) = timeout(LATE, all).await.expect("it does not wait");
    assert_eq!(session, "the store cannot be reached: Redis does not answer in time");
    assert_eq!(log, session);
    assert!(read && told && many.into_iter().all(|failed| failed));
    // Nor is it once it is known, and asked over a new connection.
    let began = Instant::now();
    assert!(store.find(ID).await.is_err());
    assert!(began.elapsed() < LATE);
    server.resume();
    until("it goes on", || is_up(&store)).await;
    assert!(store.snapshot().await.unwrap().contains(&token("a")));
}

#[tokio::test]
async fn a_killed_server_is_found_again() {
    let mut server = Redis::start();
    let store = at(&server.url()).connect().await.unwrap();
    begin(&store, 1, "ada").await;
    let mut told = store.subscribe().await.unwrap().unwrap();
    server.kill();
    assert!(timeout(LATE, told.next()).await.unwrap().is_none(), "what is told has ended");
    let began = Instant::now();
    let error = said(&store.find(ID).await.unwrap_err());
    assert!(error.starts_with("the store cannot be reached: Redis cannot be reached: "), "{error}");
    assert!(store.subscribe().await.is_err());
    assert!(began.elapsed() < LATE);
    server.restart();
    until("it is found", || is_up(&store)).await;
    // Scripts have gone with the process, sessions have not.
    let rotated = store.rotate(ID, 0, LIMITS).await.unwrap();
    assert_eq!(rotated, Rotation::Rotated { counter: 1 });
    until("it tells", async || store.subscribe().await.is_ok()).await;
    let mut told = store.subscribe().await.unwrap().unwrap();
    store.append(vec![token("a")]).await.unwrap();
    assert_eq!(told.next().await.unwrap(), token("a"));
}

/// A server that was restarted while nobody asked costs no request.
#[tokio::test]
async fn a_connection_that_was_closed_is_not_used() {
    let mut server = Redis::start();
    let store = at(&server.url()).connect().await.unwrap();
    begin(&store, 1, "ada").await;
    let mut told = store.subscribe().await.unwrap().unwrap();
    let other = at(&server.url()).connect().await.unwrap();
    server.kill();
    server.restart();
    assert!(told.next().await.is_none());
    // By the time that it is seen on one connection, the others have been told as well.
    until("another has connected", || is_up(&other)).await;
    assert!(is_up(&store).await);
}

/// Its connections have gone with it, and nobody has said so.
#[test]
fn a_runtime_that_has_ended_is_noticed() {
    let runtime = || tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let server = Redis::start();
    let first = runtime();
    let (store, mut told) = first.block_on(async {
        let store = at(&server.url()).connect().await.unwrap();
        begin(&store, 1, "ada").await;
        let told = store.subscribe().await.unwrap().unwrap();
        (store, told)
    });
    drop(first);
    runtime().block_on(async {
        assert!(timeout(LATE, told.next()).await.unwrap().is_none(), "what is told has ended");
        assert!(is_up(&store).await);
    });
}

/// The other end has gone without a word, as by a cable that was pulled.
#[tokio::test]
async fn a_connection_to_nobody_is_given_up() {
    let server = Redis::start();
    let proxy = Proxy::before(server.port()).await;
    let store = RedisStore::connect(&behind(&proxy)).await.unwrap();
    begin(&store, 1, "ada").await;
    let mut told = store.subscribe().await.unwrap().unwrap();
    proxy.swallow();
    proxy.pass();
    assert!(store.find(ID).await.is_err());
    assert!(store.find(ID).await.is_ok(), "by another connection");
    assert!(store.snapshot().await.is_err());
    assert!(timeout(LATE, told.next()).await.unwrap().is_none(), "what is told has ended");
    assert!(store.snapshot().await.is_ok());
}

/// After a failover the name leads to another server; the one before it has become a replica, and its connections stay.
#[tokio::test]
async fn a_master_that_became_a_replica_is_left() {
    let (old, new) = (Redis::start(), Redis::start());
    let proxy = Proxy::before(old.port()).await;
    let store = at(&behind(&proxy)).connect().await.unwrap();
    begin(&store, 1, "ada").await;
    let mut asked = Asked::of(&old.url()).await;
    asked.ask::<()>(&["REPLICAOF", "127.0.0.1", &new.port().to_string()]).await;
    proxy.lead_to(new.port());
    let error = said(&store.revoke(ID).await.unwrap_err());
    assert!(error.contains("READONLY"), "{error}");
    until("it has moved", || async { store.revoke(ID).await.is_ok() }).await;
    begin(&store, 2, "ada").await;
}

#[tokio::test]
async fn scripts_are_loaded_again() {
    let server = Redis::start();
    let store = at(&server.url()).connect().await.unwrap();
    begin(&store, 1, "ada").await;
    Asked::of(&server.url()).await.ask::<()>(&["SCRIPT", "FLUSH"]).await;
    assert_eq!(store.rotate(ID, 0, LIMITS).await.unwrap(), Rotation::Rotated { counter: 1 });
}

#[tokio::test]
async fn a_full_memory_ends_sessions_and_begins_none() {
    let server = Redis::start();
    let store = at(&server.url()).connect().await.unwrap();
    let (one, two) = (begin(&store, 1, "ada").await, begin(&store, 2, "ada").await);
    let mut asked = Asked::of(&server.url()).await;
    asked.ask::<()>(&["CONFIG", "SET", "maxmemory", "1mb"]).await;
    let checkup = store.doctor().await.to_string();
    assert!(checkup.contains("WRONG  its memory is full"), "{checkup}");
    let new = tower_bearer::NewSession::new(
        SessionId::from_bytes([3; 16]),
        "ada",
        tower_bearer::SessionNonce::from_bytes([3; 32]),
    );
    let error = said(&store.create(new).await.unwrap_err());
    assert_eq!(error, "the store cannot be reached: Redis: OOM: the memory of the server is full");
    assert_eq!(store.rotate(one, 0, LIMITS).await.unwrap(), Rotation::Rotated { counter: 1 });
    assert!(store.revoke(one).await.unwrap());
    store.append(vec![token("a")]).await.unwrap();
    assert_eq!(store.revoke_subject("ada", None).await.unwrap(), [two]);
    assert_eq!(store.purge(10).await.unwrap(), 2);
}

#[tokio::test]
async fn a_store_that_waits_for_nothing_begins_without_a_server() {
    let mut server = Redis::start();
    server.kill();
    let error = RedisStore::connect(&server.url()).await.unwrap_err();
    // What `main` prints of it.
    assert!(format!("{error:?}").contains("cannot be reached: Connection refused"), "{error:?}");
    let store = at(&server.url()).connect_lazy().unwrap();
    assert!(!is_up(&store).await);
    let checkup = store.doctor().await;
    assert!(!checkup.is_sound() && checkup.to_string().contains("cannot be reached"), "{checkup}");
    server.restart();
    until("it is found", || is_up(&store)).await;
}

#[tokio::test]
async fn what_cannot_be_is_refused() {
    let url = "redis://:hunter2@127.0.0.1:1/";
    for (name, builder, wanted) in [
        ("no prefix", at(url).prefix(""), "a prefix is"),
        ("a brace", at(url).prefix("a}b"), "a prefix is"),
        ("a space", at(url).prefix("a b"), "a prefix is"),
        ("too long", at(url).prefix("a".repeat(65)), "a prefix is"),
        ("no time", at(url).timeout(Duration::ZERO), "no answer comes at once"),
    ] {
        assert!(!format!("{builder:?}").contains("hunter2"), "{name}");
        let error = builder.connect_lazy().unwrap_err().to_string();
        assert!(error.starts_with(wanted), "{name}: {error}");
    }
    let store = at(url).prefix("a".repeat(64)).connect_lazy().unwrap();
    let checkup = store.doctor().await;
    let error = said(&store.find(ID).await.unwrap_err());
    for shown in [format!("{store:?}"), checkup.to_string(), error] {
        assert!(!shown.contains("hunter2"), "{shown}");
    }
    let error = RedisStore::connect("redis://:hunter2@host:port").await.unwrap_err();
    assert!(!said(&error).contains("hunter2"), "{}", said(&error));
}

/// Without anybody having chosen a provider of cryptography.
#[cfg(feature = "rustls")]
#[tokio::test]
async fn a_server_without_tls_is_an_error() {
    let server = Redis::start();
    let url = server.url().replacen("redis:", "rediss:", 1);
    let error = said(&RedisStore::connect(&url).await.unwrap_err());
    assert!(error.ends_with("Redis does not answer in time"), "{error}");
    let error = said(&at(&url).connect_lazy().unwrap().find(ID).await.unwrap_err());
    assert!(!error.contains("panicked"), "{error}");
}

#[cfg(not(feature = "rustls"))]
#[tokio::test]
async fn tls_needs_its_feature() {
    let error = said(&RedisStore::connect("rediss://127.0.0.1:1/").await.unwrap_err());
    assert!(error.contains("rustls"), "{error}");
}
