//! Counters and gauges of the crate `metrics`. Labels are names of the set-up or one of a few fixed words:
//! nothing that a token brings.

use std::sync::Arc;
#[cfg(feature = "jwks")]
use std::time::Duration;

#[cfg(feature = "jwks")]
use metrics::gauge;
use metrics::{SharedString, counter};

use super::record::{Record, UNVERIFIED};

/// A token was judged: `verified`, or the code of the reason why not.
pub(crate) fn token(outcome: Result<(), &'static str>) {
    let counter = match outcome {
        // With its label written out it costs no allocation.
        Ok(()) => counter!("tower_bearer_tokens_total", "outcome" => "verified"),
        Err(code) => counter!("tower_bearer_tokens_total", "outcome" => code),
    };
    counter.increment(1);
}

/// A verifier that remembers tokens was given one: `hit`, `stale` where the keys or the issuer have changed since, or `miss`.
#[cfg(feature = "cache")]
pub(crate) fn lookup(outcome: &'static str) {
    counter!("tower_bearer_cache_lookups_total", "outcome" => outcome).increment(1);
}

/// A decision about a request was made.
pub(super) fn decision(outcome: &'static str, record: &Record<'_>) {
    let Record { reason, claim: _, signer, latency } = record;
    let issuer = signer.issuer.map_or(SharedString::const_str(UNVERIFIED), |issuer| {
        SharedString::from_shared(Arc::clone(issuer))
    });
    counter!(
        "tower_bearer_decisions_total",
        "outcome" => outcome,
        "reason" => *reason,
        "alg" => signer.alg(),
        "issuer" => issuer,
        "latency" => latency.name(),
    )
    .increment(1);
}

/// A refresh token was judged: what became of it.
#[cfg(feature = "issue")]
pub(crate) fn renewal(outcome: &'static str) {
    counter!("tower_bearer_renewals_total", "outcome" => outcome).increment(1);
}

/// Keys were asked for.
#[cfg(feature = "jwks")]
pub(crate) fn fetch(from: &Arc<str>, occasion: &'static str, outcome: &'static str) {
    let from = SharedString::from_shared(Arc::clone(from));
    counter!("tower_bearer_key_fetches_total", "from" => from, "occasion" => occasion, "outcome" => outcome)
        .increment(1);
}

/// How the keys are after they were asked for.
#[cfg(feature = "jwks")]
pub(crate) fn keys(from: &Arc<str>, count: usize, age: Option<Duration>) {
    let label = || SharedString::from_shared(Arc::clone(from));
    gauge!("tower_bearer_keys", "from" => label()).set(u32::try_from(count).unwrap_or(u32::MAX));
    if let Some(age) = age {
        gauge!("tower_bearer_keys_age_seconds", "from" => label()).set(age.as_secs_f64());
    }
}

/// A token named a key that was not at hand.
#[cfg(feature = "jwks")]
pub(crate) fn unknown_key(from: &Arc<str>, answer: &'static str) {
    let from = SharedString::from_shared(Arc::clone(from));
    counter!("tower_bearer_unknown_kids_total", "from" => from, "answer" => answer).increment(1);
}
