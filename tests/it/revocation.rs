//! `TrustedIssuer::revocation` from outside: what each answer makes of a request, and when it is asked.

mod asked;

use std::sync::{
    Arc, Mutex,
    atomic::{AtomicUsize, Ordering},
};

use axum::Router;
use serde_json::{Value, json};
use tower_bearer::{
    Algorithm, JwtLayer, KeyResolver, Revocation, RevocationCheck, StaticKeys, TrustedIssuer,
    VerifiedToken, resolver_fn, revocation_fn,
};

use crate::support::{
    App, Log, MODES, NOW, answer_outcome, app, app_of, json_token, key, standard, verifiers,
};

const SIGNED: &str = r#"alg="ES256" issuer="https://issuer.example" kid="2025-a""#;

fn keys() -> StaticKeys {
    StaticKeys::new([key(Algorithm::ES256).verifying().with_kid("2025-a")]).unwrap()
}

/// The same key, that has to be waited for.
fn later() -> impl KeyResolver {
    resolver_fn(|_| async {
        tokio::task::yield_now().await;
        Ok(key(Algorithm::ES256).verifying().with_kid("2025-a"))
    })
}

fn token_with(claims: &Value) -> String {
    json_token(Algorithm::ES256, &json!({ "kid": "2025-a" }), claims).compact()
}

/// A token with this `jti`.
fn named(jti: &str) -> String {
    token_with(&json!({ "jti": jti }))
}

/// Says what its `jti` says, and writes down whom it was asked about.
#[derive(Clone, Default)]
struct ByName(Arc<Mutex<Vec<String>>>);

impl ByName {
    fn asked(&self) -> Vec<String> {
        std::mem::take(&mut self.0.lock().unwrap())
    }
}

impl RevocationCheck for ByName {
    fn check(&self, token: &VerifiedToken) -> Revocation {
        let jti = token.jwt_id().unwrap_or_default();
        self.0.lock().unwrap().push(jti.to_owned());
        match jti {
            "revoked" => Revocation::Revoked,
            "unknown" => Revocation::Unknown,
            _ => Revocation::Good,
        }
    }
}

#[tokio::test]
async fn each_answer_has_its_status() {
    for (name, app) in [
        ("at hand", app(standard(keys()).revocation(ByName::default())).await),
        ("awaited", app(standard(later()).revocation(ByName::default())).await),
    ] {
        app.get(&named("good")).await.assert_accepted(name);
        app.get(&named("revoked")).await.assert_invalid_token(name);
        app.get(&named("unknown")).await.assert_unavailable(name);
        app.get(&named("good")).await.assert_accepted(name);
    }
}

#[tokio::test]
async fn a_revoked_token_looks_like_any_that_is_not_valid_here() {
    let app = app(standard(keys()).revocation(ByName::default())).await;
    let revoked = app.get(&named("revoked")).await;
    let elsewhere = app.get(&token_with(&json!({ "aud": "https://other.example" }))).await;
    assert_eq!((revoked.status, revoked.body), (elsewhere.status, elsewhere.body));
    let headers = |mut headers: hyper::HeaderMap| {
        headers.remove("date");
        headers
    };
    assert_eq!(headers(revoked.headers), headers(elsewhere.headers));
}

/// What a service behind the layer finds, or the status of the refusal.
async fn outcome(set: fn(JwtLayer) -> JwtLayer, token: &str) -> String {
    let verifier = verifiers::new(standard(keys()).revocation(ByName::default())).unwrap();
    let layer = set(JwtLayer::new(verifier));
    let app = App::serve(Router::new().route("/", answer_outcome()).route_layer(layer)).await;
    let reply = app.get(token).await;
    if reply.status == 200 { reply.body } else { reply.status.to_string() }
}

#[tokio::test]
async fn no_mode_takes_what_is_revoked_or_not_known() {
    for (mode, set) in MODES {
        let expected = match mode {
            "best effort" => {
                ["verified: ada, header", "failed: revoked", "failed: revocation_unavailable"]
            }
            _ => ["verified: ada, header", "401", "503"],
        };
        for (jti, expected) in ["good", "revoked", "unknown"].into_iter().zip(expected) {
            assert_eq!(outcome(set, &named(jti)).await, expected, "{mode}, {jti}");
        }
    }
}

#[tokio::test]
async fn operators_read_why_and_whose_token_it_was() {
    for (jti, reason, status) in
        [("revoked", "revoked", 401), ("unknown", "revocation_unavailable", 503)]
    {
        for (issuer, latency) in [(standard(keys()), "ready"), (standard(later()), "waited")] {
            let app = app(issuer.revocation(ByName::default())).await.once();
            let log = Log::capture();
            app.get(&named(jti)).await;
            let expected = format!(
                r#"request refused outcome="refused" reason="{reason}" status={status} {SIGNED} latency="{latency}""#
            );
            let refused: Vec<_> = log
                .text()
                .lines()
                .filter(|line| line.contains("refused"))
                .map(str::to_owned)
                .collect();
            assert_eq!(refused.len(), 1);
            assert!(refused[0].contains(&expected), "{} instead of {expected}", refused[0]);
        }
    }
}

#[tokio::test]
async fn an_error_says_so() {
    let verifier = verifiers::new(standard(keys()).revocation(ByName::default())).unwrap();
    for (jti, code, said) in [
        ("revoked", "revoked", "the token has been revoked"),
        ("unknown", "revocation_unavailable", "nobody can say whether the token has been revoked"),
    ] {
        let error = verifier.verify(&named(jti)).await.unwrap_err();
        assert_eq!((error.kind().code(), error.to_string()), (code, said.to_owned()));
        assert_eq!((error.claim(), error.retry_after()), (None, None));
    }
}
