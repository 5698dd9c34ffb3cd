//! What is written down of each decision: one record for each, one refusal for each request that is refused.

mod refusals;

use std::sync::Arc;

use axum::{Router, routing::get};
use http_body_util::Empty;
use hyper::{Request, body::Bytes, header::AUTHORIZATION};
use serde_json::{Value, json};
use tower_bearer::{
    Algorithm, AuthorizeLayer, Claims, ClaimsError, Denial, JwtLayer, KeyResolver, Policy,
    RequireScope, StaticKeys, TrustedIssuer, VerifiedToken, policy_fn, policy_fn_async,
    resolver_fn,
};

use crate::support::{App, Log, NOW, json_token, key, standard, verifiers};

/// The key under the name that its set gives it.
fn keys() -> StaticKeys {
    StaticKeys::new([key(Algorithm::ES256).verifying().with_kid("2025-a")]).unwrap()
}

/// The same key without a name, so that it answers to any.
fn nameless() -> StaticKeys {
    StaticKeys::new([key(Algorithm::ES256).verifying()]).unwrap()
}

fn later() -> impl KeyResolver {
    resolver_fn(|_| async {
        tokio::task::yield_now().await;
        Ok(key(Algorithm::ES256).verifying().with_kid("2025-a"))
    })
}

fn of(issuer: TrustedIssuer) -> JwtLayer {
    JwtLayer::new(verifiers::new(issuer).unwrap())
}

fn layer(keys: impl KeyResolver) -> JwtLayer {
    of(standard(keys))
}

fn scope() -> RequireScope {
    RequireScope::all(["read"]).unwrap()
}

fn token(header: &Value, claims: &Value) -> String {
    json_token(Algorithm::ES256, header, claims).compact()
}

fn good() -> String {
    token(&json!({ "kid": "2025-a" }), &json!({ "scope": "read" }))
}

fn with(claims: &Value) -> String {
    token(&json!({ "kid": "2025-a" }), claims)
}

/// A route for each way to be refused further in, and one that takes everybody.
fn routes() -> Router {
    async fn own_claim(token: VerifiedToken) -> Result<String, ClaimsError> {
        let roles: Option<Vec<String>> = token.claim("roles")?;
        Ok(roles.unwrap_or_default().join(" "))
    }
    async fn own_denial(_: VerifiedToken) -> Result<(), Denial> {
        Err(Denial::forbidden().with_reason("not_the_owner"))
    }
    let later = || {
        policy_fn_async(|_, _| async {
            tokio::task::yield_now().await;
            Err(Denial::forbidden())
        })
    };
    let anybody = || get(|| async { "passed" });
    Router::new()
        .route("/", anybody())
        .route("/claims", get(|_: Claims<Vec<u8>>| async {}))
        .route("/own-claim", get(own_claim))
        .route("/own-denial", get(own_denial))
        .route("/policy", anybody().layer(AuthorizeLayer::new(scope())))
        .route("/later", anybody().layer(AuthorizeLayer::new(later())))
}

async fn send(layer: JwtLayer, path: &str, token: Option<&str>) {
    let app = App::serve(routes().layer(layer)).await.once();
    let mut request: Request<Empty<Bytes>> = Request::get(path).body(Empty::new()).unwrap();
    if let Some(token) = token {
        let value = format!("Bearer {token}").parse().unwrap();
        request.headers_mut().insert(AUTHORIZATION, value);
    }
    app.send(request).await;
}

/// The records of what is logged while this runs, each from its first field on.
async fn records(layer: JwtLayer, path: &str, token: Option<&str>) -> Vec<String> {
    let log = Log::capture();
    send(layer, path, token).await;
    records_in(&log.text())
}

fn records_in(log: &str) -> Vec<String> {
    let records = log.lines().filter_map(|line| {
        ["request passes ", "request refused "].into_iter().find_map(|message| {
            let (_, fields) = line.split_once(message)?;
            Some(fields.to_owned())
        })
    });
    records.collect()
}

/// The fields of a record of this outcome, and of this reason and what follows it.
fn record(outcome: &str, reason: &str, rest: &str) -> String {
    format!(r#"outcome="{outcome}" reason="{reason}" {rest}"#)
}

const UNKNOWN: &str = r#"alg="unknown" issuer="unverified" kid="unverified" latency="ready""#;
const UNVERIFIED: &str = r#"alg="ES256" issuer="unverified" kid="unverified" latency="ready""#;
const SIGNED: &str = r#"alg="ES256" issuer="https://issuer.example" kid="2025-a" latency="ready""#;
const SIGNED_WAITED: &str =
    r#"alg="ES256" issuer="https://issuer.example" kid="2025-a" latency="waited""#;
const SIGNED_NAMELESS: &str = r#"alg="ES256" issuer="https://issuer.example" latency="ready""#;

#[tokio::test]
async fn what_passes_is_recorded_once_by_each_layer() {
    let granted = |rest| vec![record("granted", "granted", rest)];
    let anonymous = |reason| vec![record("anonymous", reason, UNKNOWN)];
    let expired = with(&json!({ "exp": NOW - 60 }));
    let required = |claims: Value| token(&json!({}), &claims);
    let issuer = || standard(keys()).require_claim("use", "access");
    let cases = [
        ("granted", layer(keys()), "/", Some(good()), granted(SIGNED)),
        ("key awaited", layer(later()), "/", Some(good()), granted(SIGNED_WAITED)),
        ("nameless key", layer(nameless()), "/", Some(good()), granted(SIGNED_NAMELESS)),
        ("policy", layer(keys()).require(scope()), "/", Some(good()), granted(SIGNED)),
        (
            "policy awaited",
            layer(keys()).require(policy_fn_async(|_, _| async {
                tokio::task::yield_now().await;
                Ok(())
            })),
            "/",
            Some(good()),
            granted(SIGNED_WAITED),
        ),
        (
            "key awaited, policy at hand",
            layer(later()).require(scope()),
            "/",
            Some(good()),
            granted(SIGNED_WAITED),
        ),
        (
            "two layers",
            layer(keys()),
            "/policy",
            Some(good()),
            [granted(SIGNED), granted(SIGNED)].concat(),
        ),
        (
            "two layers, key awaited by the first",
            layer(later()),
            "/policy",
            Some(good()),
            [granted(SIGNED_WAITED), granted(SIGNED)].concat(),
        ),
        ("optional", layer(keys()).optional(), "/", None, anonymous("absent")),
        ("best effort", layer(keys()).best_effort(), "/", None, anonymous("absent")),
        (
            "failed",
            layer(keys()).best_effort(),
            "/",
            Some(expired),
            vec![record("failed", "expired", UNVERIFIED)],
        ),
        (
            "failed before the header was read",
            layer(keys()).best_effort(),
            "/",
            Some("no.good.token".to_owned()),
            vec![record("failed", "malformed", UNKNOWN)],
        ),
        (
            "failed though the signature held",
            of(issuer()).best_effort(),
            "/",
            Some(required(json!({ "use": "id" }))),
            vec![record("failed", "invalid_claim", &format!(r#"claim="use" {SIGNED}"#))],
        ),
    ];
    for (name, layer, path, token, expected) in cases {
        assert_eq!(records(layer, path, token.as_deref()).await, expected, "{name}");
    }
}

#[tokio::test]
async fn a_preflight_is_recorded_as_one() {
    let log = Log::capture();
    let app = App::serve(routes().layer(layer(keys()).allow_cors_preflight())).await.once();
    let preflight = Request::options("/")
        .header("origin", "https://app.example")
        .header("access-control-request-method", "PUT");
    app.send(preflight.body(Empty::new()).unwrap()).await;
    assert_eq!(records_in(&log.text()), [record("anonymous", "preflight", UNKNOWN)]);
}

fn refusal(reason: &str, rest: &str) -> String {
    record("refused", reason, rest)
}

#[tokio::test]
async fn an_extractor_names_what_a_layer_let_pass() {
    let anonymous = record("anonymous", "absent", UNKNOWN);
    let missing = record("refused", "missing_credentials", &format!("status=401 {UNKNOWN}"));
    let found = records(layer(keys()).optional(), "/own-denial", None).await;
    assert_eq!(found, [anonymous.clone(), missing.clone()], "an extractor");
    let found = records(layer(keys()).optional(), "/policy", None).await;
    assert_eq!(found, [anonymous, missing], "a policy");

    let expired = with(&json!({ "exp": 1 }));
    let failed = record("failed", "expired", UNVERIFIED);
    let refused = record("refused", "expired", &format!("status=401 {UNVERIFIED}"));
    for path in ["/own-denial", "/policy"] {
        let found = records(layer(keys()).best_effort(), path, Some(&expired)).await;
        assert_eq!(found, [failed.clone(), refused.clone()], "{path}");
    }
}

#[tokio::test]
async fn a_refusal_that_no_layer_answers_is_recorded_where_it_is_made() {
    for path in ["/claims", "/own-claim", "/policy"] {
        let log = Log::capture();
        let app = App::serve(routes()).await.once();
        app.send(Request::get(path).body(Empty::new()).unwrap()).await;
        let expected = refusal("misconfigured", &format!("status=500 {UNKNOWN}"));
        assert_eq!(records_in(&log.text()), [expected], "{path}");
    }
}

#[tokio::test]
async fn a_layer_that_answers_what_was_recorded_does_not_do_so_again() {
    // A router of its own, called with a new request: the outcome of the layer is lost on the way.
    let within = routes();
    let forgetful = get(move |request: axum::extract::Request| {
        let path = request.uri().path().replace("/within", "");
        let request = Request::get(path).body(axum::body::Body::empty()).unwrap();
        tower::ServiceExt::oneshot(within.clone(), request)
    });
    let router = Router::new().route("/within/{path}", forgetful).layer(layer(keys()).optional());
    for path in ["/within/claims", "/within/policy"] {
        let log = Log::capture();
        let app = App::serve(router.clone()).await.once();
        app.send(Request::get(path).body(Empty::new()).unwrap()).await;
        let text = log.text();
        assert_eq!(records_in(&text).len(), 2, "anonymous and refused: {text}");
        assert_eq!(text.matches("no JwtLayer has run").count(), 1, "{text}");
    }
}

#[tokio::test]
async fn of_policies_that_are_combined_one_record_is_made() {
    let denied = |reason: &'static str| -> Arc<dyn Policy> {
        Arc::new(policy_fn(move |_, _| Err(Denial::forbidden().with_reason(reason))))
    };
    let both = denied("one").and(denied("other"));
    let either = denied("one").or(denied("other"));
    for (name, layer, reason) in [
        ("and", layer(keys()).require(both), "one"),
        ("or", layer(keys()).require(either), "one"),
        ("twice", layer(keys()).require(denied("one")).require(denied("other")), "one"),
    ] {
        let expected = refusal(reason, &format!("status=403 {SIGNED}"));
        assert_eq!(records(layer, "/", Some(&good())).await, [expected], "{name}");
    }
}

#[tokio::test]
async fn a_policy_that_cannot_know_says_so_to_operators() {
    let log = Log::capture();
    let down = policy_fn(|_, _| Err(Denial::unavailable("no route to host").with_reason("store")));
    send(layer(keys()).require(down), "/", Some(&good())).await;
    let text = log.text();
    let warned = text.contains(r#"policy unavailable reason="store" error=no route to host"#);
    assert!(warned, "{text}");
}
