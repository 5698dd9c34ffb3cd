//! The table of `Lifetime`, row by row.

use std::{
    pin::pin,
    task::{Context, Poll, Waker},
};

use futures_util::{FutureExt, StreamExt, stream};

use super::*;
use crate::support::verifiers;

async fn lifetime(issuer: TrustedIssuer, claims: &Value) -> Lifetime {
    verified(issuer, &token_with(claims)).await.lifetime()
}

/// Polls it once, as a task that has just come by.
fn poll(lifetime: &mut Lifetime) -> Poll<TokenEnd> {
    pin!(lifetime).poll(&mut Context::from_waker(Waker::noop()))
}

#[tokio::test(start_paused = true)]
async fn a_token_ends_at_its_exp_without_leeway() {
    for seconds in [1.0, 5.25, 90.0, 3600.0] {
        let token = verified(issuer().leeway(60 * SECOND), &token_for(seconds)).await;
        let (end, after) = ends(token.lifetime()).await;
        assert_eq!(end, TokenEnd::Expired);
        assert_at("exp", after, Duration::from_secs_f64(seconds));
    }
}

#[tokio::test(start_paused = true)]
async fn a_token_that_came_within_the_leeway_ends_with_it() {
    for (late, leeway, left) in [(0, 60, 60), (10, 60, 50), (59, 60, 1), (4, 5, 1)] {
        let issuer = issuer().leeway(leeway * SECOND);
        let lifetime = lifetime(issuer, &json!({ "exp": NOW - late })).await;
        let (end, after) = ends(lifetime).await;
        assert_eq!(end, TokenEnd::Expired);
        assert_at(&format!("{late} s of {leeway} s"), after, left * SECOND);
    }
}

#[tokio::test(start_paused = true)]
async fn what_is_ahead_is_seen_from_the_call_and_not_from_the_first_poll() {
    let token = verified(issuer().leeway(60 * SECOND), &token_for(5.0)).await;
    let mut before = token.lifetime();
    pass(6 * SECOND).await;
    assert_eq!(poll(&mut before), Poll::Ready(TokenEnd::Expired), "was ahead, and is over");
    assert_at("was over, with leeway", ends(token.lifetime()).await.1, 59 * SECOND);

    let token = verified(issuer().leeway(Duration::ZERO), &token_for(5.0)).await;
    pass(5 * SECOND).await;
    assert_eq!(poll(&mut token.lifetime()), Poll::Ready(TokenEnd::Expired), "without leeway");
}

#[tokio::test(start_paused = true)]
async fn what_is_over_beyond_the_leeway_ends_at_once() {
    let token = verified(issuer().leeway(60 * SECOND), &token_for(5.0)).await;
    pass(65 * SECOND).await;
    assert_eq!(poll(&mut token.lifetime()), Poll::Ready(TokenEnd::Expired));
    pass(DAY).await;
    assert_eq!(poll(&mut token.lifetime()), Poll::Ready(TokenEnd::Expired));
}

#[tokio::test(start_paused = true)]
async fn a_token_that_may_only_be_so_old_ends_at_that_age() {
    for (name, max_age, claims, after) in [
        ("sooner than exp", 300, json!({ "iat": NOW }), 300),
        ("sooner, and not new", 300, json!({ "iat": NOW - 100 }), 200),
        ("later than exp", 3600, json!({ "iat": NOW }), 900),
        ("in its leeway", 300, json!({ "iat": NOW - 320 }), 40),
        ("no exp", 300, json!({ "iat": NOW, "exp": null }), 300),
        ("exp in its leeway", 300, json!({ "iat": NOW, "exp": NOW - 20 }), 40),
    ] {
        let issuer = issuer().danger_no_expiry().max_age(max_age * SECOND);
        let (end, found) = ends(lifetime(issuer, &claims).await).await;
        assert_eq!(end, TokenEnd::Expired, "{name}");
        assert_at(name, found, after * SECOND);
    }
    let unbound = lifetime(issuer(), &json!({ "iat": NOW - 10_000 })).await;
    assert_at("no max_age", ends(unbound).await.1, 900 * SECOND);
}

#[tokio::test(start_paused = true)]
async fn a_token_without_an_end_ends_when_it_is_revoked() {
    for (name, claims) in [
        ("no exp", json!({ "exp": null })),
        ("longer than a `Duration`", json!({ "exp": 1e300 })),
        ("longer than an `Instant`", json!({ "exp": 1.8e19 })),
        ("in a billion years", json!({ "exp": 3.2e16 })),
    ] {
        let told = Told::default();
        let issuer = issuer().danger_no_expiry().revocation(told.clone());
        let mut lifetime = lifetime(issuer, &claims).await;
        // A clock that goes would take a second for each second of it.
        for _ in 0..1000 {
            assert!(poll(&mut lifetime).is_pending(), "{name}");
            tokio::time::advance(4 * DAY).await;
        }
        told.say(Revocation::Revoked);
        assert_eq!(poll(&mut lifetime), Poll::Ready(TokenEnd::Revoked), "{name}");
    }
}

#[tokio::test(start_paused = true)]
async fn what_is_said_of_its_revocation_is_heard_within_a_second() {
    for (answer, expected, code) in [
        (Revocation::Revoked, TokenEnd::Revoked, "revoked"),
        (Revocation::Unknown, TokenEnd::Unknown, "revocation_unavailable"),
    ] {
        let told = Told::default();
        let lifetime = lifetime(issuer().revocation(told.clone()), &json!({})).await;
        let ends = tokio::spawn(ends(lifetime));
        pass(Duration::from_millis(10_500)).await;
        told.say(answer);
        let (end, after) = ends.await.unwrap();
        assert_eq!((end, end.code()), (expected, code));
        assert_within_a_second(code, after, Duration::from_millis(10_500));
    }
    assert_eq!(TokenEnd::Expired.code(), "expired");
}

#[tokio::test(start_paused = true)]
async fn what_was_revoked_before_the_first_poll_ends_with_it() {
    let told = Told::default();
    let mut lifetime = lifetime(issuer().revocation(told.clone()), &json!({})).await;
    told.say(Revocation::Revoked);
    assert_eq!(poll(&mut lifetime), Poll::Ready(TokenEnd::Revoked));
}

#[tokio::test(start_paused = true)]
async fn once_over_it_stays_over() {
    let (told, hand) = (Told::default(), Hand::default());
    let issuer = standard(keys()).clock(hand.clone()).revocation(told.clone());
    let token = verified(issuer, &token_for(5.0)).await;

    let mut lifetime = token.lifetime();
    told.say(Revocation::Revoked);
    assert_eq!(soon(&mut lifetime).await, TokenEnd::Revoked);
    told.say(Revocation::Good);
    hand.set(5);
    pass(2 * SECOND).await;
    assert_eq!(soon(&mut lifetime).await, TokenEnd::Revoked, "the first reason is the reason");

    hand.set(0);
    let mut lifetime = token.lifetime();
    hand.set(5);
    assert_eq!(soon(&mut lifetime).await, TokenEnd::Expired);
    hand.set(0);
    pass(2 * SECOND).await;
    assert_eq!(soon(&mut lifetime).await, TokenEnd::Expired, "whatever the clock says");
}

#[tokio::test(start_paused = true)]
async fn it_is_looked_once_a_second_however_often_it_is_polled() {
    let told = Told::default();
    let mut lifetime = lifetime(issuer().revocation(told.clone()), &json!({})).await;
    assert_eq!(told.asked(), 1, "by the verifier");
    for _ in 0..100 {
        assert!(poll(&mut lifetime).is_pending());
    }
    assert_eq!(told.asked(), 2, "by the first poll");
    let waiting = tokio::spawn(lifetime);
    pass(Duration::from_millis(10_500)).await;
    assert_eq!(told.asked(), 12, "and each second");
    waiting.abort();
}

#[tokio::test(start_paused = true)]
async fn nothing_runs_while_nobody_polls() {
    let told = Told::default();
    let lifetime = lifetime(issuer().revocation(told.clone()), &json!({})).await;
    pass(3600 * SECOND).await;
    assert_eq!(told.asked(), 1, "by the verifier");
    assert_eq!(tokio::runtime::Handle::current().metrics().num_alive_tasks(), 0);
    assert_eq!(soon(lifetime).await, TokenEnd::Expired);
}

#[tokio::test(start_paused = true)]
async fn whoever_polled_last_is_woken() {
    let mut lifetime = verified(issuer(), &token_for(5.0)).await.lifetime();
    assert!(poll(&mut lifetime).is_pending(), "a waker that wakes nobody");
    let other = tokio::spawn(ends(lifetime));
    let (end, after) = other.await.unwrap();
    assert_eq!(end, TokenEnd::Expired);
    assert_at("exp", after, 5 * SECOND);
}

#[tokio::test(start_paused = true)]
async fn a_task_that_is_never_idle_learns_of_it_in_time() {
    // It polls, and gives the runtime no chance to fire a timer.
    let mut lifetime = verified(issuer(), &token_for(5.0)).await.lifetime();
    assert!(poll(&mut lifetime).is_pending());
    for _ in 0..1000 {
        assert!(poll(&mut lifetime).is_pending(), "its budget is used up");
    }
    tokio::time::advance(5 * SECOND).await;
    assert_eq!(poll(&mut lifetime), Poll::Ready(TokenEnd::Expired));
}

#[tokio::test(start_paused = true)]
async fn each_has_its_own_end() {
    let verifier = verifiers::new(issuer()).unwrap();
    let mut all = Vec::new();
    for seconds in [7, 3, 5, 1] {
        let token = verifier.verify(&token_for(f64::from(seconds))).await.unwrap();
        all.push(tokio::spawn(ends(token.lifetime())).map(move |found| (seconds, found.unwrap())));
    }
    for (seconds, (end, after)) in futures_util::future::join_all(all).await {
        assert_eq!(end, TokenEnd::Expired);
        assert_at("exp", after, seconds * SECOND);
    }
}

#[tokio::test(start_paused = true)]
async fn a_stream_of_items_is_taken_until_then() {
    let token = verified(issuer(), &token_for(5.5)).await;
    let ticks = stream::unfold((), |()| async {
        pass(SECOND).await;
        Some(((), ()))
    });
    assert_eq!(soon(ticks.take_until(token.lifetime()).count()).await, 5);
}

#[tokio::test]
#[should_panic(expected = "no reactor running")]
async fn polled_outside_of_a_runtime_it_panics() {
    let lifetime = verified(issuer(), &token_for(5.0)).await.lifetime();
    let outside = std::thread::spawn(move || futures_executor::block_on(lifetime));
    std::panic::resume_unwind(outside.join().unwrap_err());
}

#[tokio::test]
async fn it_shows_nothing_of_the_token() {
    let claims = json!({ "sub": "canary", "jti": "canary", "scope": "canary" });
    let token = verified(issuer(), &token_with(&claims)).await;
    let shown = format!("{:?} {:?}", token.lifetime(), token.lifetime().now_or_never());
    assert!(shown.contains("issuer.example") && !shown.contains("canary"), "{shown}");
}

#[test]
fn an_end_is_an_error_that_says_what_it_is() {
    for (end, said) in [
        (TokenEnd::Expired, "the token has expired"),
        (TokenEnd::Revoked, "the token has been revoked"),
        (TokenEnd::Unknown, "nobody can say any more whether the token has been revoked"),
    ] {
        let error: Box<dyn std::error::Error + Send + Sync> = end.into();
        assert_eq!(error.to_string(), said);
        assert_eq!(error.downcast_ref(), Some(&end));
    }
}
