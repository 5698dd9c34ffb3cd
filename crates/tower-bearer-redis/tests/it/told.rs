//! What the log tells, and what it keeps.

use std::time::Duration;

use futures_util::{FutureExt as _, StreamExt as _};
use tokio::time::timeout;
use tower_bearer::RevocationLog as _;

use crate::support::{Asked, UNTIL, builder, prefix, shared, token, token_until};

/// One for every node of a thousand that writes the same back would be a storm.
#[tokio::test]
async fn what_changes_nothing_is_not_told() {
    let store = builder().connect_lazy().unwrap();
    let mut told = store.subscribe().await.unwrap().unwrap();
    let longer = token_until("a", UNTIL + 1);
    store.append(vec![token("a"), token("a")]).await.unwrap();
    store.append(vec![token("a")]).await.unwrap();
    store.append(vec![longer.clone()]).await.unwrap();
    store.append(vec![token("a")]).await.unwrap();
    store.append(vec![token("end")]).await.unwrap();
    for wanted in [token("a"), longer.clone(), token("end")] {
        assert_eq!(told.next().await.unwrap(), wanted);
    }
    let mut kept = store.snapshot().await.unwrap();
    kept.retain(|entry| *entry != token("end"));
    assert_eq!(kept, [longer], "the later end counts");
}

#[tokio::test]
async fn two_who_listen_are_both_told() {
    let store = builder().connect_lazy().unwrap();
    let mut one = store.subscribe().await.unwrap().unwrap();
    let mut other = store.subscribe().await.unwrap().unwrap();
    store.append((0..1200).map(|number| token(&number.to_string())).collect()).await.unwrap();
    for told in [&mut one, &mut other] {
        for number in 0..1200 {
            assert_eq!(told.next().await.unwrap(), token(&number.to_string()));
        }
        assert!(told.next().now_or_never().is_none(), "and nothing else");
    }
}

/// Whoever cannot follow, or hears what makes no sense, has to read everything.
#[tokio::test]
async fn what_was_missed_ends_what_is_told() {
    let prefix = prefix();
    let store = crate::support::at(&shared()).prefix(&prefix).connect_lazy().unwrap();
    let mut asked = Asked::of(&shared()).await;
    let channel = format!("{{{prefix}}}:told:0");
    for message in ["", "1", "1 2", "1 99 a", "x", "1 7 5 0 0 a7258118400", "-1 7 5 0 0 a"] {
        let mut told = store.subscribe().await.unwrap().unwrap();
        let heard = asked.ask::<u32>(&["PUBLISH", &channel, message]).await;
        assert_eq!(heard, 1, "the store listens");
        store.append(vec![token(message)]).await.unwrap();
        let next = timeout(Duration::from_secs(5), told.next()).await.unwrap();
        // Nothing is told by nothing.
        let wanted = message.is_empty().then(|| token(""));
        assert_eq!(next, wanted, "{message:?}");
    }
    let told = store.subscribe().await.unwrap().unwrap();
    let many = (0..6000).map(|number| token(&format!("many {number}"))).collect();
    store.append(many).await.unwrap();
    let heard = timeout(Duration::from_secs(5), told.count()).await.unwrap();
    assert!(heard < 6000, "a reader that lags behind is not told all: {heard}");
}

#[tokio::test]
async fn a_log_is_known_as_a_whole_or_not() {
    for (member, score) in [
        ("5 0 17 https://a.example", "1"),
        ("x", "1"),
        ("9 0 0 ", "1"),
        ("5 0 0 a", "1.5"),
        ("5 0 0 a", "inf"),
    ] {
        let prefix = prefix();
        let store = crate::support::at(&shared()).prefix(&prefix).connect_lazy().unwrap();
        store.append(vec![token("a")]).await.unwrap();
        let log = format!("{{{prefix}}}:log");
        Asked::of(&shared()).await.ask::<()>(&["ZADD", &log, score, member]).await;
        let read = store.snapshot().await;
        if member.starts_with("5 0 17") {
            assert_eq!(read.unwrap().len(), 2, "this one can be read");
            continue;
        }
        let error = crate::support::said(&read.unwrap_err());
        assert_eq!(error, "the store cannot be reached: Redis: the log cannot be read", "{member}");
    }
}

#[tokio::test]
async fn what_has_passed_leaves_the_log() {
    use tower_bearer::testing::TestClock;
    let (clock, prefix) = (TestClock::new(), prefix());
    let store = crate::support::at(&shared()).prefix(&prefix).clock(clock.clone());
    let store = store.connect_lazy().unwrap();
    let now = 1_700_000_000;
    store
        .append(vec![token_until("short", now + 10), token_until("long", now + 5000)])
        .await
        .unwrap();
    clock.forward(Duration::from_secs(605));
    store.append(vec![token_until("next", now + 5000)]).await.unwrap();
    assert_eq!(store.snapshot().await.unwrap().len(), 3, "a clock may be ahead for a moment");
    clock.forward(Duration::from_secs(10));
    store.append(vec![token_until("after", now + 5000)]).await.unwrap();
    let kept = store.snapshot().await.unwrap();
    assert_eq!(kept.len(), 3);
    assert!(!kept.contains(&token_until("short", now + 10)));
}
