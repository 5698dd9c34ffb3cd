//! Policies: what a verified token may do, and what is said to one that may not.

mod acr;
mod claims;
mod closures;
mod combined;
mod configured;
mod fresh;
mod laws;
mod paths;
mod roles;
mod scopes;
mod size;
mod waiting;

use std::{fmt::Write, sync::LazyLock};

use futures_executor::block_on;
use serde_json::{Value, json};
use tower_bearer::{
    Algorithm, Denial, Lookup, Policy, Rejection, RejectionKind as Kind, RequestHead, StaticKeys,
    VerifiedToken, Verifier, http::Request,
};

use crate::support::{Token, json_token, key, standard, verifiers};

/// The good token with these claims put in; `null` takes one out.
fn token(changes: &Value) -> VerifiedToken {
    verified(&json_token(Algorithm::HS256, &json!({}), changes))
}

/// The good token with these members written behind its own, whatever they are.
fn spelt(members: &str) -> VerifiedToken {
    let claims = crate::support::claims(&json!({})).to_string();
    let claims = claims.strip_suffix('}').unwrap();
    let token = json_token(Algorithm::HS256, &json!({}), &json!({}));
    verified(&token.payload(format!("{claims},{members}}}")))
}

fn verified(token: &Token) -> VerifiedToken {
    static VERIFIER: LazyLock<Verifier> = LazyLock::new(|| {
        let keys = StaticKeys::new([key(Algorithm::HS256).verifying()]).unwrap();
        verifiers::new(standard(keys)).unwrap()
    });
    verified_by(&VERIFIER, token)
}

fn verified_by(verifier: &Verifier, token: &Token) -> VerifiedToken {
    match verifier.verify(&token.compact()) {
        Lookup::Ready(answer) => answer.unwrap(),
        Lookup::Pending(_) => panic!("static keys never wait"),
    }
}

/// The decision about `GET /`.
fn decide(policy: &impl Policy, token: &VerifiedToken) -> Result<(), Denial> {
    let request = Request::new(());
    block_on(policy.authorize(token, RequestHead::of(&request)).into_future())
}

/// The decision in words, with all that a client is told.
fn judge(policy: &impl Policy, token: &VerifiedToken) -> String {
    match decide(policy, token) {
        Ok(()) => "permitted".to_owned(),
        Err(denial) => in_words(denial),
    }
}

fn in_words(denial: Denial) -> String {
    let rejection = Rejection::from(denial);
    let mut words = match rejection.kind() {
        Kind::ClaimsMismatch => "mismatch",
        Kind::Forbidden => "forbidden",
        Kind::InsufficientScope => "lacks",
        Kind::InsufficientUserAuthentication => "login",
        Kind::Unavailable => "unavailable",
        other => panic!("no policy answers with {other:?}"),
    }
    .to_owned();
    if let Some(field) = rejection.claims_error().and_then(|error| error.field()) {
        write!(words, " in {field}").unwrap();
    }
    for scope in rejection.scopes() {
        write!(words, " {scope}").unwrap();
    }
    if rejection.acr_values().len() > 0 {
        write!(words, " acr={}", rejection.acr_values().collect::<Vec<_>>().join(",")).unwrap();
    }
    if let Some(max_age) = rejection.max_age() {
        write!(words, " max_age={}", max_age.as_secs()).unwrap();
    }
    words
}

/// What is neither permitted nor denied for certain: its opposite does not hold either, and nothing is asked for.
#[track_caller]
fn assert_unknown(case: &str, policy: impl Policy, token: &VerifiedToken) {
    assert_ne!(judge(&policy, token), "permitted", "{case}");
    let opposite = judge(&policy.not(), token);
    let asks = ["permitted", "lacks", "login"].iter().any(|word| opposite.starts_with(word));
    assert!(!asks, "{case}: {opposite}");
}
