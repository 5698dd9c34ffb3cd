//! What it costs: `cargo test --release -p tower-bearer-redis --test it -- --ignored --nocapture measure`.

use std::time::Duration;

use tokio::time::Instant;
use tower_bearer::{
    NewSession, RevocationLog as _, Revoked, RevokedEntry, SessionId, SessionNonce,
    SessionStore as _,
};
use tower_bearer_redis::RedisStore;
use tower_bearer_stores::{Redis, Server as _};

use crate::support::{ABSOLUTE, Asked, IDLE, LIMITS, UNTIL};

const DEVICE: &str = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36";
const SESSIONS: u32 = 100_000;
const REVOCATIONS: u32 = 1_000_000;

async fn memory(asked: &mut Asked) -> u64 {
    let info: String = asked.ask(&["INFO", "memory"]).await;
    let field = info.lines().find_map(|line| line.strip_prefix("used_memory:"));
    field.unwrap().trim().parse().unwrap()
}

/// Each of a subject of its own, as an id of a database is.
async fn log_in(store: &RedisStore, first: u32, last: u32) {
    for number in first..last {
        let mut bytes = [0; 16];
        bytes[..4].copy_from_slice(&number.to_be_bytes());
        let subject = format!("8a1f7c52-0b3e-4d6f-9a47-{number:012}");
        let nonce = [bytes, bytes].concat().try_into().unwrap();
        let mut new =
            NewSession::new(SessionId::from_bytes(bytes), subject, SessionNonce::from_bytes(nonce));
        (new.idle, new.absolute, new.device) = (IDLE, ABSOLUTE, DEVICE.to_owned());
        store.create(new).await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "it measures"]
async fn measure_sessions() {
    for settings in [&[][..], &["--hash-max-listpack-value", "512"]] {
        let server = Redis::with(&[settings, &["--appendfsync", "no"]].concat());
        let store = RedisStore::connect(&server.url()).await.unwrap();
        let mut asked = Asked::of(&server.url()).await;
        log_in(&store, 0, 100).await;
        let before = memory(&mut asked).await;
        let began = Instant::now();
        let tasks = (0..50).map(|task| {
            let store = store.clone();
            tokio::spawn(async move {
                let (first, share) = (100 + task * (SESSIONS / 50), SESSIONS / 50);
                log_in(&store, first, first + share).await;
            })
        });
        futures_util::future::join_all(tasks.collect::<Vec<_>>()).await;
        let took = began.elapsed();
        let each = (memory(&mut asked).await - before) / u64::from(SESSIONS);
        println!("{settings:?}: {each} bytes a session, {SESSIONS} logins by 50 tasks in {took:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "it measures"]
async fn measure_revocations() {
    let server = Redis::with(&["--appendfsync", "no"]);
    let store = RedisStore::connect(&server.url()).await.unwrap();
    let mut asked = Asked::of(&server.url()).await;
    let before = memory(&mut asked).await;
    let began = Instant::now();
    for chunk in 0..REVOCATIONS / 1000 {
        let entry = |number: u32| {
            let sid = format!("{:022}", chunk * 1000 + number);
            RevokedEntry::new("https://login.example", Revoked::Session { sid }, UNTIL)
        };
        store.append((0..1000).map(entry).collect()).await.unwrap();
    }
    let each = (memory(&mut asked).await - before) / u64::from(REVOCATIONS);
    println!("{each} bytes a revocation, {REVOCATIONS} appended in {:?}", began.elapsed());

    log_in(&store, 0, 1).await;
    let reading = {
        let store = store.clone();
        tokio::spawn(async move {
            let began = Instant::now();
            (store.snapshot().await.unwrap().len(), began.elapsed())
        })
    };
    let (mut counter, mut longest) = (0, Duration::ZERO);
    while !reading.is_finished() {
        let began = Instant::now();
        store.rotate(SessionId::from_bytes([0; 16]), counter, LIMITS).await.unwrap();
        counter += 1;
        longest = longest.max(began.elapsed());
    }
    let (read, took) = reading.await.unwrap();
    println!("{read} read in {took:?}; meanwhile {counter} renewals, the longest {longest:?}");
}
