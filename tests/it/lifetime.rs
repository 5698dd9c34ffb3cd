//! Streams and sockets that end with their token: "a streaming response whose token expires ends within a second of
//! `exp`; the future does so for a WebSocket task".
//!
//! Time is tokio's, and paused: it goes on when all wait.

mod body;
mod clocks;
mod feed;
mod future;
mod grpc;
mod layer;
mod server;
mod socket;

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use serde_json::{Value, json};
use tokio::time::{Instant, sleep_until};
use tower_bearer::{
    Algorithm, Clock, Lifetime, Revocation, StaticKeys, TokenEnd, TrustedIssuer, VerifiedToken,
};

use self::feed::{Feed, Source, feed};
use crate::support::{Hand, NOW, Told, clock, json_token, key, standard, verifiers};

const SECOND: Duration = Duration::from_secs(1);
const DAY: Duration = Duration::from_secs(24 * 3600);

/// What time it is goes on with tokio's time.
fn going() -> impl Clock {
    let began = Instant::now();
    move || clock() + began.elapsed()
}

/// The issuer of all tests, with a clock that goes.
fn issuer() -> TrustedIssuer {
    standard(keys()).clock(going())
}

fn keys() -> StaticKeys {
    StaticKeys::new([key(Algorithm::ES256).verifying()]).unwrap()
}

/// A token with these claims.
fn token_with(claims: &Value) -> String {
    json_token(Algorithm::ES256, &json!({}), claims).compact()
}

/// One whose `exp` is so many seconds from now.
fn token_for(seconds: f64) -> String {
    #[expect(clippy::cast_precision_loss, reason = "seconds since 1970 fit")]
    let exp = NOW as f64 + seconds;
    token_with(&json!({ "exp": exp }))
}

async fn verified(issuer: TrustedIssuer, token: &str) -> VerifiedToken {
    verifiers::new(issuer).unwrap().verify(token).await.unwrap()
}

/// Goes on in time.
async fn pass(duration: Duration) {
    sleep_until(Instant::now() + duration).await;
}

/// What comes of this. It comes within a day, or never.
async fn soon<T>(future: impl Future<Output = T>) -> T {
    tokio::time::timeout(DAY, future).await.expect("it comes to an end")
}

/// How it ends, and after how long.
async fn ends(lifetime: Lifetime) -> (TokenEnd, Duration) {
    let began = Instant::now();
    let end = soon(lifetime).await;
    (end, began.elapsed())
}

/// From `after` on, and less than a second later.
#[track_caller]
fn assert_within_a_second(name: &str, found: Duration, after: Duration) {
    assert!(found >= after && found < after + SECOND, "{name}: {found:?} instead of {after:?}");
}

/// At `after`, but for what a timer may be late.
#[track_caller]
fn assert_at(name: &str, found: Duration, after: Duration) {
    let late = Duration::from_millis(2);
    assert!(found >= after && found <= after + late, "{name}: {found:?} instead of {after:?}");
}
