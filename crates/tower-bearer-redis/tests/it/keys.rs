//! What is in Redis, for how long, and what is not.

use std::time::Duration;

use tower_bearer::{
    Algorithm, Grant, Issuer, RefreshKeys, RevocationLog as _, Revocations, Rotation, SessionId,
    SessionStore as _, Sessions, SigningKeys, testing::TestClock,
};
use tower_bearer_stores::{Redis, Server as _};

use crate::support::{
    ABSOLUTE, Asked, IDLE, LIMITS, at, begin, prefix, shared, token, token_until,
};

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// All keys of a prefix, without it.
async fn keys(asked: &mut Asked, prefix: &str) -> Vec<String> {
    let tag = format!("{{{prefix}}}:");
    let all: Vec<String> = asked.ask(&["KEYS", &format!("{tag}*")]).await;
    let mut all: Vec<_> = all.iter().map(|key| key.replacen(&tag, "", 1)).collect();
    all.sort();
    all
}

/// How long a key goes on, in seconds.
async fn lasts(asked: &mut Asked, prefix: &str, key: &str) -> i64 {
    asked.ask(&["TTL", &format!("{{{prefix}}}:{key}")]).await
}

fn about(found: i64, wanted: Duration) -> bool {
    found.abs_diff(i64::try_from(wanted.as_secs()).unwrap()) < 60
}

#[tokio::test]
async fn all_but_the_clock_goes_by_itself() {
    let (prefix, clock) = (prefix(), TestClock::new());
    let store = at(&shared()).prefix(&prefix).clock(clock.clone()).connect_lazy().unwrap();
    let mut asked = Asked::of(&shared()).await;
    let (one, two) = (begin(&store, 1, "ada").await, begin(&store, 2, "ada").await);
    store.append(vec![token_until("short", 1_700_000_100)]).await.unwrap();
    assert!(about(lasts(&mut asked, &prefix, "log").await, Duration::from_secs(700)));
    store.append(vec![token("a")]).await.unwrap();
    let (s1, s2) = (format!("s:{one}"), format!("s:{two}"));
    assert_eq!(keys(&mut asked, &prefix).await, ["clock", "ends", "log", &s1, &s2, "u:ada"]);

    // Whatever the clock of the store is, keys last as long from now on.
    assert!(about(lasts(&mut asked, &prefix, &s1).await, IDLE + DAY));
    assert!(about(lasts(&mut asked, &prefix, "ends").await, IDLE + DAY));
    assert!(about(lasts(&mut asked, &prefix, "u:ada").await, ABSOLUTE + DAY));
    let century = Duration::from_secs(100 * 365 * 24 * 60 * 60);
    assert!(lasts(&mut asked, &prefix, "log").await > i64::try_from(century.as_secs()).unwrap());
    assert_eq!(lasts(&mut asked, &prefix, "clock").await, -1);

    clock.forward(6 * DAY);
    store.rotate(one, 0, LIMITS).await.unwrap();
    assert!(about(lasts(&mut asked, &prefix, &s1).await, IDLE + DAY));
    assert!(store.revoke(one).await.unwrap());
    assert!(about(lasts(&mut asked, &prefix, &s1).await, DAY));
    assert!(lasts(&mut asked, &prefix, "ends").await > 0);

    clock.forward(DAY);
    assert_eq!(store.purge(10).await.unwrap(), 2);
    assert_eq!(keys(&mut asked, &prefix).await, ["clock", "log"]);
}

/// How often something was written.
async fn writes(asked: &mut Asked) -> u64 {
    let info: String = asked.ask(&["INFO", "persistence"]).await;
    let field = info.lines().find_map(|line| line.strip_prefix("rdb_changes_since_last_save:"));
    field.unwrap().parse().unwrap()
}

/// Whoever has an old token and nothing else makes nobody wait for the disk, and what was said to have ended stays so without the clock.
#[tokio::test]
async fn an_end_is_written_down_once() {
    let (server, clock) = (Redis::start(), TestClock::new());
    let mut asked = Asked::of(&server.url()).await;
    let store = at(&server.url()).clock(clock.clone()).connect_lazy().unwrap();
    let mut ids = Vec::new();
    for byte in 0..4 {
        ids.push(begin(&store, byte, if byte == 3 { "eve" } else { "ada" }).await);
    }
    clock.forward(IDLE);
    // Each in another way.
    assert!(store.find(ids[0]).await.unwrap().unwrap().ended);
    assert_eq!(store.rotate(ids[1], 0, LIMITS).await.unwrap(), Rotation::Ended);
    assert!(!store.revoke(ids[2]).await.unwrap());
    assert!(store.list("eve").await.unwrap().is_empty());
    let before = writes(&mut asked).await;
    for _ in 0..5 {
        clock.forward(Duration::from_secs(1));
        for id in &ids {
            assert!(store.find(*id).await.unwrap().unwrap().ended);
            assert_eq!(store.rotate(*id, 0, LIMITS).await.unwrap(), Rotation::Ended);
            assert!(!store.revoke(*id).await.unwrap());
        }
        assert!(store.list("eve").await.unwrap().is_empty());
        assert!(store.revoke_subject("ada", None).await.unwrap().is_empty());
    }
    assert_eq!(writes(&mut asked).await, before);

    asked.ask::<u32>(&["DEL", "{tower-bearer}:clock"]).await;
    clock.back(IDLE);
    for id in &ids {
        assert!(store.find(*id).await.unwrap().unwrap().ended);
    }
}

/// What nobody purges: a few leave with each login.
#[tokio::test]
async fn nothing_grows_for_ever() {
    let (prefix, clock) = (prefix(), TestClock::new());
    let store = at(&shared()).prefix(&prefix).clock(clock.clone()).connect_lazy().unwrap();
    let mut asked = Asked::of(&shared()).await;
    let ends = format!("{{{prefix}}}:ends");
    for byte in 0..8 {
        begin(&store, byte, "ada").await;
    }
    clock.forward(IDLE + DAY / 2);
    begin(&store, 100, "ada").await;
    assert_eq!(
        asked.ask::<u32>(&["ZCARD", &ends]).await,
        9,
        "it can still be said that they have ended"
    );
    assert_eq!(asked.ask::<u32>(&["ZCARD", &format!("{{{prefix}}}:u:ada")]).await, 1);
    clock.forward(DAY / 2);
    begin(&store, 101, "eve").await;
    assert_eq!(asked.ask::<u32>(&["ZCARD", &ends]).await, 6);
    begin(&store, 102, "eve").await;
    assert_eq!(asked.ask::<u32>(&["ZCARD", &ends]).await, 3);
    assert_eq!(
        keys(&mut asked, &prefix).await.len(),
        7,
        "clock, ends, two subjects and three sessions"
    );
    assert_eq!(store.list("eve").await.unwrap().len(), 2);
}

#[tokio::test]
async fn prefixes_do_not_see_each_other() {
    let (one, other) = (prefix(), prefix());
    let store = |prefix: &str| at(&shared()).prefix(prefix).connect_lazy().unwrap();
    let (one, other) = (store(&one), store(&other));
    let id = begin(&one, 1, "ada").await;
    one.append(vec![token("a")]).await.unwrap();
    assert!(other.find(id).await.unwrap().is_none());
    assert!(other.list("ada").await.unwrap().is_empty());
    assert!(!other.revoke(id).await.unwrap());
    assert!(other.revoke_subject("ada", None).await.unwrap().is_empty());
    assert!(other.snapshot().await.unwrap().is_empty());
    begin(&other, 1, "ada").await;
    assert!(one.revoke(id).await.unwrap());
    assert!(!other.find(id).await.unwrap().unwrap().ended);
}

/// Channels are those of a server: what is told of one database is not told of another.
#[tokio::test]
async fn databases_do_not_hear_each_other() {
    use futures_util::{FutureExt as _, StreamExt as _};
    let prefix = prefix();
    let url = shared();
    let url = url.strip_suffix("/0").unwrap_or(&url).trim_end_matches('/');
    let store =
        |database: &str| at(&format!("{url}/{database}")).prefix(&prefix).connect_lazy().unwrap();
    let (one, other) = (store("0"), store("1"));
    let mut told = other.subscribe().await.unwrap().unwrap();
    one.append(vec![token("one")]).await.unwrap();
    other.append(vec![token("other")]).await.unwrap();
    assert_eq!(told.next().await.unwrap(), token("other"));
    assert!(told.next().now_or_never().is_none());
    assert_eq!(other.snapshot().await.unwrap(), [token("other")]);
}

/// Whoever has all of Redis has no token, and the nonce is in one place.
#[tokio::test]
async fn no_token_is_kept() {
    const NAME: &str = "https://login.example";
    let prefix = prefix();
    let store = at(&shared()).prefix(&prefix).connect_lazy().unwrap();
    let revocations = Revocations::builder(NAME, Duration::from_secs(900)).log(store.clone());
    let keys = SigningKeys::generate(Algorithm::ES256).unwrap();
    let issuer = Issuer::builder(NAME, "https://api.example", "web", keys)
        .revocations(revocations.build().unwrap())
        .build()
        .unwrap();
    let keys = RefreshKeys::new([7; 32]).unwrap();
    let sessions = Sessions::new(issuer, store.clone(), keys).unwrap();
    let first = sessions.start("ada", &Grant::new()).await.unwrap();
    let pair = sessions.renew(first.refresh_token(), async |_| Ok(Grant::new())).await.unwrap();
    let ended = sessions.start("ada", &Grant::new()).await.unwrap();
    sessions.end(ended.session().id).await.unwrap();

    let stored = store.find(pair.session().id).await.unwrap().unwrap();
    let mut asked = Asked::of(&shared()).await;
    let mut holds_nonce = Vec::new();
    for key in keys_of(&mut asked, &prefix).await {
        let dump: Vec<u8> = content(&mut asked, &key).await;
        let has = |part: &[u8]| dump.windows(part.len()).any(|window| window == part);
        for pair in [&first, &pair, &ended] {
            let (refresh, access) = (pair.refresh_token(), pair.access_token().as_str());
            // Also none of the part that only the key can make.
            assert!(!has(refresh.as_bytes()) && !has(&refresh.as_bytes()[refresh.len() - 32..]));
            assert!(!has(access.as_bytes()) && !has(access.rsplit('.').next().unwrap().as_bytes()));
        }
        if has(stored.nonce.as_bytes()) {
            holds_nonce.push(key);
        }
    }
    assert_eq!(holds_nonce, [format!("{{{prefix}}}:s:{}", pair.session().id)]);
}

async fn keys_of(asked: &mut Asked, prefix: &str) -> Vec<String> {
    asked.ask(&["KEYS", &format!("{{{prefix}}}:*")]).await
}

/// All bytes of a key.
async fn content(asked: &mut Asked, key: &str) -> Vec<u8> {
    let kind: String = asked.ask(&["TYPE", key]).await;
    let parts: Vec<Vec<u8>> = match &*kind {
        "string" => vec![asked.ask(&["GET", key]).await],
        "hash" => asked.ask(&["HVALS", key]).await,
        _ => asked.ask(&["ZRANGE", key, "0", "-1"]).await,
    };
    parts.concat()
}

#[tokio::test]
async fn a_counter_that_cannot_be_counted_is_refused() {
    let store = at(&shared()).prefix(prefix()).connect_lazy().unwrap();
    let id: SessionId = begin(&store, 1, "ada").await;
    let last = (1 << 53) - 2;
    let next = store.rotate(id, last, LIMITS).await.unwrap();
    assert_eq!(next, tower_bearer::Rotation::Forwarded { counter: last + 1 });
    assert_eq!(store.find(id).await.unwrap().unwrap().counter, last + 1);
    for presented in [last + 1, u64::MAX] {
        assert!(store.rotate(id, presented, LIMITS).await.is_err());
    }
}

/// A log that was copied, or was told to stay, has no time of its own.
#[tokio::test]
async fn what_has_passed_takes_nothing_with_it() {
    let prefix = prefix();
    let store = at(&shared()).prefix(&prefix).connect_lazy().unwrap();
    let mut asked = Asked::of(&shared()).await;
    store.append(vec![token("a")]).await.unwrap();
    asked.ask::<i64>(&["PERSIST", &format!("{{{prefix}}}:log")]).await;
    store.append(vec![token_until("passed", 1)]).await.unwrap();
    assert_eq!(store.snapshot().await.unwrap(), [token("a")]);
}
