//! A subject with very many sessions.

use std::{collections::HashSet, time::Duration};

use redis::Value;
use tower_bearer::{SessionId, SessionStore as _};
use tower_bearer_redis::RedisStore;
use tower_bearer_stores::{Redis, Server as _};

use crate::support::{Asked, LIMITS, at, begin};

const MANY: u32 = 20_000;

fn id(number: u32) -> SessionId {
    let mut bytes = [0xff; 16];
    bytes[..4].copy_from_slice(&number.to_be_bytes());
    SessionId::from_bytes(bytes)
}

/// A store, and so many sessions of ada's behind its back, which end together.
async fn crowded() -> (Redis, RedisStore, Asked) {
    let server = Redis::with(&["--appendfsync", "no"]);
    let store = at(&server.url()).connect().await.unwrap();
    begin(&store, 1, "eve").await;
    let first = begin(&store, 0, "ada").await;
    let mut asked = Asked::of(&server.url()).await;
    let copy = "
        local tag, ends = '{tower-bearer}:', redis.call('HGET', KEYS[1], 'i')
        local fields = redis.call('HGETALL', KEYS[1])
        for at = 1, #ARGV do
          redis.call('HSET', tag .. 's:' .. ARGV[at], unpack(fields))
          redis.call('ZADD', tag .. 'u:ada', ends, ARGV[at])
        end";
    let key = format!("{{tower-bearer}}:s:{first}");
    for some in (1..MANY).collect::<Vec<_>>().chunks(1000) {
        let ids: Vec<_> = some.iter().map(|number| id(*number).to_string()).collect();
        let mut words = vec!["EVAL", copy, "1", &key];
        words.extend(ids.iter().map(String::as_str));
        asked.ask::<Value>(&words).await;
    }
    (server, store, asked)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn others_are_answered_between() {
    let (_server, store, mut asked) = crowded().await;
    let before = calls(&mut asked).await;
    assert_eq!(store.list("ada").await.unwrap().len(), MANY as usize);
    let lists = calls(&mut asked).await - before;
    assert!(lists >= MANY / 500, "a script went through very many of them: {lists}");

    let mut all: Vec<_> = (1..MANY).map(id).collect();
    all.sort_by_key(ToString::to_string);
    let (first, kept, last) = (all[0], all[7], all[all.len() - 1]);
    let has_ended = {
        let store = store.clone();
        async move |id| store.find(id).await.unwrap().unwrap().ended
    };
    let others = tokio::spawn(async move {
        let mut between = 0;
        while !has_ended(last).await {
            between += u32::from(has_ended(first).await && !has_ended(last).await);
        }
        between
    });
    let ended = store.revoke_subject("ada", Some(kept)).await.unwrap();
    assert_eq!(ended.iter().collect::<HashSet<_>>().len(), MANY as usize - 1);
    assert!(!ended.contains(&kept));
    assert!(others.await.unwrap() > 0, "others have waited for all of it");
    assert_eq!(store.list("ada").await.unwrap().len(), 1);
    assert_eq!(store.revoke_subject("ada", None).await.unwrap(), [kept]);
}

/// What the server has dropped by itself costs no more than others' time.
#[tokio::test]
async fn a_purge_has_an_end() {
    let server = Redis::with(&["--appendfsync", "no"]);
    let store = at(&server.url()).connect().await.unwrap();
    let mut asked = Asked::of(&server.url()).await;
    let stale = "for at = 1, 30000 do redis.call('ZADD', KEYS[1], at, 'stale ' .. at) end";
    asked.ask::<Value>(&["EVAL", stale, "1", "{tower-bearer}:ends"]).await;
    let one = begin(&store, 1, "ada").await;
    store.revoke(one).await.unwrap();
    let before = calls(&mut asked).await;
    assert_eq!(store.purge(10).await.unwrap(), 0);
    let made = calls(&mut asked).await - before;
    assert!(made <= 40, "round trips: {made}");
    let mut all = 0;
    for _ in 0..10 {
        all += store.purge(10).await.unwrap();
    }
    assert_eq!(all, 1, "each goes on where the last has ended");
    assert_eq!(store.purge(0).await.unwrap(), 0);
}

/// How many scripts have run.
async fn calls(asked: &mut Asked) -> u32 {
    let info: String = asked.ask(&["INFO", "commandstats"]).await;
    let line = info.lines().find_map(|line| line.strip_prefix("cmdstat_evalsha:calls=")).unwrap();
    line.split(',').next().unwrap().parse().unwrap()
}

/// Some are renewed, which puts them to the end, some begin, and one renewal puts a session to the beginning: by nodes with other settings.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn none_gets_away_meanwhile() {
    let (_server, store, _asked) = crowded().await;
    let renewing = tokio::spawn({
        let store = store.clone();
        async move {
            for number in (0..MANY).rev() {
                let mut limits = LIMITS;
                limits.idle -= Duration::from_secs(u64::from(number % 1000) * 60);
                store.rotate(id(number), 0, limits).await.unwrap();
            }
        }
    });
    tokio::task::yield_now().await;
    store.revoke_subject("ada", None).await.unwrap();
    assert!(store.list("ada").await.unwrap().is_empty());
    renewing.abort();
    for number in 1..MANY {
        assert!(store.find(id(number)).await.unwrap().unwrap().ended, "{number}");
    }
}
