//! One record for each request that is refused, whoever refuses it.

use serde_json::json;
use tower_bearer::{
    Algorithm, Denial, JwtLayer, RequireClaim, RequireFreshAuth, RequireRole, policy_fn,
};

use super::{
    SIGNED, SIGNED_NAMELESS, SIGNED_WAITED, UNKNOWN, UNVERIFIED, good, keys, later, layer,
    nameless, of, records, refusal, scope, token, with,
};
use crate::support::{KeyPair, json_token, standard};

/// A token that is refused: how, by which layer, where, and what is written down.
type Refused = (&'static str, JwtLayer, &'static str, Option<String>, &'static str, String);

/// Refused by the layer itself, which grants nothing before.
fn refused_by_the_layer() -> Vec<Refused> {
    let forged = json_token(Algorithm::ES256, &json!({ "kid": "2025-a" }), &json!({}))
        .signed_by(&KeyPair::generate(Algorithm::ES256));
    let required = of(standard(keys()).require_claim("use", "access"));
    let lacking = with(json!({}));
    let claim = |name: &str, rest: &str| format!(r#"claim="{name}" {rest}"#);
    let at = |status: u16, rest: &str| format!("status={status} {rest}");
    let unverified = |status| at(status, UNVERIFIED);
    let signed = |status| at(status, SIGNED);
    let hs256 = json_token(Algorithm::HS256, &json!({}), &json!({})).compact();
    let header = |header: &str| {
        json_token(Algorithm::ES256, &json!({}), &json!({})).header(header).compact()
    };
    let reason = |reason| policy_fn(move |_, _| Err(Denial::forbidden().with_reason(reason)));
    let down =
        || policy_fn(|_, _| Err(Denial::unavailable("no route to host").with_reason("store_down")));
    vec![
        ("absent", layer(keys()), "/", None, "missing_credentials", at(401, UNKNOWN)),
        (
            "two words",
            layer(keys()),
            "/",
            Some("a b".to_owned()),
            "invalid_credentials",
            at(400, UNKNOWN),
        ),
        (
            "no token",
            layer(keys()),
            "/",
            Some("no.good.token".to_owned()),
            "malformed",
            at(401, UNKNOWN),
        ),
        (
            "no algorithm",
            layer(keys()),
            "/",
            Some(header(r#"{"alg":"none"}"#)),
            "algorithm_not_allowed",
            at(401, UNKNOWN),
        ),
        (
            "crit",
            layer(keys()),
            "/",
            Some(header(r#"{"alg":"ES256","crit":["a"]}"#)),
            "critical_header",
            at(401, UNKNOWN),
        ),
        (
            "another algorithm",
            layer(keys()),
            "/",
            Some(hs256),
            "algorithm_not_allowed",
            at(401, &UNVERIFIED.replace("ES256", "HS256")),
        ),
        (
            "expired",
            layer(keys()),
            "/",
            Some(with(json!({ "exp": 1 }))),
            "expired",
            unverified(401),
        ),
        (
            "a wrong date",
            layer(keys()),
            "/",
            Some(with(json!({ "exp": "1" }))),
            "invalid_claim",
            claim("exp", &unverified(401)),
        ),
        (
            "no audience",
            layer(keys()),
            "/",
            Some(with(json!({ "aud": null }))),
            "missing_claim",
            claim("aud", &unverified(401)),
        ),
        (
            "a strange issuer",
            layer(keys()),
            "/",
            Some(with(json!({ "iss": "https://x.example" }))),
            "unknown_issuer",
            unverified(401),
        ),
        (
            "a strange key",
            layer(keys()),
            "/",
            Some(token(&json!({ "kid": "mine" }), &json!({}))),
            "unknown_key",
            unverified(401),
        ),
        ("forged", layer(keys()), "/", Some(forged.clone()), "invalid_signature", unverified(401)),
        (
            "forged, key awaited",
            layer(later()),
            "/",
            Some(forged),
            "invalid_signature",
            unverified(401).replace("ready", "waited"),
        ),
        (
            "no claim that is required",
            required.clone(),
            "/",
            Some(lacking.clone()),
            "missing_claim",
            claim("use", &signed(401)),
        ),
        (
            "another than is required",
            required,
            "/",
            Some(with(json!({ "use": "id" }))),
            "invalid_claim",
            claim("use", &signed(401)),
        ),
        (
            "claims of another type",
            layer(keys()).claims::<Vec<u8>>(),
            "/",
            Some(good()),
            "claims_mismatch",
            signed(403),
        ),
        (
            "no scope",
            layer(keys()).require(scope()),
            "/",
            Some(lacking.clone()),
            "insufficient_scope",
            signed(403),
        ),
        (
            "no scope, key awaited",
            layer(later()).require(scope()),
            "/",
            Some(lacking.clone()),
            "insufficient_scope",
            at(403, SIGNED_WAITED),
        ),
        (
            "no scope, nameless key",
            layer(nameless()).require(scope()),
            "/",
            Some(lacking.clone()),
            "insufficient_scope",
            at(403, SIGNED_NAMELESS),
        ),
        (
            "no token for a policy",
            layer(keys()).optional().require(scope()),
            "/",
            None,
            "missing_credentials",
            at(401, UNKNOWN),
        ),
        (
            "no role",
            layer(keys()).require(RequireRole::any("/a/roles", ["b"]).unwrap()),
            "/",
            Some(lacking.clone()),
            "forbidden",
            claim("/a/roles", &signed(403)),
        ),
        (
            "no claim",
            layer(keys()).require(RequireClaim::present("org").unwrap()),
            "/",
            Some(lacking.clone()),
            "forbidden",
            claim("org", &signed(403)),
        ),
        (
            "an old login",
            layer(keys()).require(RequireFreshAuth::within(std::time::Duration::ZERO)),
            "/",
            Some(lacking.clone()),
            "insufficient_user_authentication",
            claim("auth_time", &signed(401)),
        ),
        (
            "a reason",
            layer(keys()).require(reason("no_seat")),
            "/",
            Some(lacking.clone()),
            "no_seat",
            signed(403),
        ),
        (
            "out of reach",
            layer(keys()).require(down()),
            "/",
            Some(lacking),
            "store_down",
            signed(503),
        ),
    ]
}

/// Refused further in: a layer has granted it, and one record more says what became of it.
fn refused_further_in() -> Vec<Refused> {
    let at = |status: u16, rest: &str| format!("status={status} {rest}");
    let lacking = || Some(with(json!({ "roles": 7 })));
    vec![
        ("an extractor", layer(keys()), "/claims", lacking(), "claims_mismatch", at(403, SIGNED)),
        (
            "an extractor, key awaited",
            layer(later()),
            "/claims",
            lacking(),
            "claims_mismatch",
            at(403, SIGNED_WAITED),
        ),
        (
            "a handler's claim",
            layer(keys()),
            "/own-claim",
            lacking(),
            "claims_mismatch",
            at(403, SIGNED),
        ),
        (
            "a handler's denial",
            layer(keys()),
            "/own-denial",
            lacking(),
            "not_the_owner",
            at(403, SIGNED),
        ),
        ("a policy", layer(keys()), "/policy", lacking(), "insufficient_scope", at(403, SIGNED)),
        (
            "a policy, key awaited",
            layer(later()),
            "/policy",
            lacking(),
            "insufficient_scope",
            at(403, SIGNED_WAITED),
        ),
        (
            "a policy awaited",
            layer(keys()),
            "/later",
            lacking(),
            "forbidden",
            at(403, SIGNED_WAITED),
        ),
    ]
}

#[tokio::test]
async fn what_is_refused_is_recorded_as_refused_once() {
    for (name, layer, path, token, reason, rest) in refused_by_the_layer() {
        let expected = [refusal(reason, &rest)];
        assert_eq!(records(layer, path, token.as_deref()).await, expected, "{name}");
    }
    for (name, layer, path, token, reason, rest) in refused_further_in() {
        let found = records(layer, path, token.as_deref()).await;
        let granted = found[0].starts_with(r#"outcome="granted""#);
        assert!(granted && found.len() == 2, "{name}: {found:?}");
        assert_eq!(found[1], refusal(reason, &rest), "{name}");
    }
}
