//! One record for each request that is refused, whoever refuses it.

use std::time::Duration;

use serde_json::json;
use tower_bearer::{
    Algorithm, Denial, JwtLayer, Policy, RequireClaim, RequireFreshAuth, RequireRole, policy_fn,
};

use super::{
    SIGNED, SIGNED_NAMELESS, SIGNED_WAITED, UNKNOWN, UNVERIFIED, good, keys, later, layer,
    nameless, of, records, refusal, scope, token, with,
};
use crate::support::{KeyPair, json_token, standard};

/// A request that is refused, and what is written down of it.
struct Case {
    name: &'static str,
    layer: JwtLayer,
    path: &'static str,
    token: Option<String>,
    record: String,
}

impl Case {
    /// `GET /` with a good token that lacks everything.
    fn new(name: &'static str, layer: JwtLayer, status: u16, reason: &str, rest: &str) -> Self {
        let record = refusal(reason, &format!("status={status} {rest}"));
        Self { name, layer, path: "/", token: Some(with(&json!({}))), record }
    }

    fn token(self, token: impl Into<Option<String>>) -> Self {
        Self { token: token.into(), ..self }
    }

    fn path(self, path: &'static str) -> Self {
        Self { path, ..self }
    }

    /// The record names this claim.
    fn claim(self, claim: &str) -> Self {
        let record = self.record.replace(" status=", &format!(r#" claim="{claim}" status="#));
        Self { record, ..self }
    }
}

fn header(header: &str) -> String {
    json_token(Algorithm::ES256, &json!({}), &json!({})).header(header).compact()
}

/// The header was not read, or does not say what it has to.
fn of_no_algorithm() -> Vec<Case> {
    let case = |name, status, reason| Case::new(name, layer(keys()), status, reason, UNKNOWN);
    let critical = header(r#"{"alg":"ES256","crit":["a"]}"#);
    vec![
        case("no token", 401, "missing_credentials").token(None),
        case("two words", 400, "invalid_credentials").token("a b".to_owned()),
        case("no JWT", 401, "malformed").token("no.good.token".to_owned()),
        case("none", 401, "algorithm_not_allowed").token(header(r#"{"alg":"none"}"#)),
        case("crit", 401, "critical_header").token(critical),
        Case::new(
            "no token, for a policy",
            layer(keys()).optional().require(scope()),
            401,
            "missing_credentials",
            UNKNOWN,
        )
        .token(None),
    ]
}

/// Nobody has vouched for what the token says of its issuer and its key.
fn of_no_signer() -> Vec<Case> {
    let case = |name, reason| Case::new(name, layer(keys()), 401, reason, UNVERIFIED);
    let forged = || {
        json_token(Algorithm::ES256, &json!({ "kid": "2025-a" }), &json!({}))
            .signed_by(&KeyPair::generate(Algorithm::ES256))
    };
    let waited = UNVERIFIED.replace("ready", "waited");
    let hs256 = json_token(Algorithm::HS256, &json!({}), &json!({})).compact();
    let other = UNVERIFIED.replace("ES256", "HS256");
    vec![
        case("expired", "expired").token(with(&json!({ "exp": 1 }))),
        case("a wrong date", "invalid_claim").token(with(&json!({ "exp": "1" }))).claim("exp"),
        case("no audience", "missing_claim").token(with(&json!({ "aud": null }))).claim("aud"),
        case("a strange issuer", "unknown_issuer")
            .token(with(&json!({ "iss": "https://x.example" }))),
        case("a strange key", "unknown_key").token(token(&json!({ "kid": "mine" }), &json!({}))),
        case("forged", "invalid_signature").token(forged()),
        Case::new("forged, key awaited", layer(later()), 401, "invalid_signature", &waited)
            .token(forged()),
        Case::new("another algorithm", layer(keys()), 401, "algorithm_not_allowed", &other)
            .token(hs256),
    ]
}

/// The signature held, and the token is refused all the same.
fn of_a_signer() -> Vec<Case> {
    let use_required = || of(standard(keys()).require_claim("use", "access"));
    let case = |name, layer, status, reason| Case::new(name, layer, status, reason, SIGNED);
    let mismatch = layer(keys()).claims::<Vec<u8>>();
    let (waits, nobodys) = (layer(later()).require(scope()), layer(nameless()).require(scope()));
    let lacks = "insufficient_scope";
    vec![
        case("a claim missing", use_required(), 401, "missing_claim").claim("use"),
        case("another claim", use_required(), 401, "invalid_claim")
            .token(with(&json!({ "use": "id" })))
            .claim("use"),
        case("claims of another type", mismatch, 403, "claims_mismatch").token(good()),
        case("no scope", layer(keys()).require(scope()), 403, lacks),
        Case::new("no scope, key awaited", waits, 403, lacks, SIGNED_WAITED),
        Case::new("no scope, nameless key", nobodys, 403, lacks, SIGNED_NAMELESS)
            .token(token(&json!({ "kid": "canary" }), &json!({}))),
    ]
}

/// A policy denies it.
fn of_a_policy() -> Vec<Case> {
    fn case(name: &'static str, policy: impl Policy, status: u16, reason: &str) -> Case {
        Case::new(name, layer(keys()).require(policy), status, reason, SIGNED)
    }
    let role = RequireRole::any("/a/roles", ["b"]).unwrap();
    let login = RequireFreshAuth::within(Duration::ZERO);
    let seat = policy_fn(|_, _| Err(Denial::forbidden().with_reason("no_seat")));
    let down = policy_fn(|_, _| Err(Denial::unavailable("no route to host")));
    let named = policy_fn(|_, _| Err(Denial::unavailable("down").with_reason("store_down")));
    vec![
        case("no role", role, 403, "forbidden").claim("/a/roles"),
        case("no claim", RequireClaim::present("org").unwrap(), 403, "forbidden").claim("org"),
        case("an old login", login, 401, "insufficient_user_authentication").claim("auth_time"),
        case("a reason", seat, 403, "no_seat"),
        case("out of reach", down, 503, "unavailable"),
        case("out of reach, with a reason", named, 503, "store_down"),
    ]
}

#[tokio::test]
async fn what_a_layer_refuses_is_recorded_once() {
    for cases in [of_no_algorithm(), of_no_signer(), of_a_signer(), of_a_policy()] {
        for Case { name, layer, path, token, record } in cases {
            assert_eq!(records(layer, path, token.as_deref()).await, [record], "{name}");
        }
    }
}

/// Refused further in: a layer has granted it, and one record more says what became of it.
fn further_in() -> Vec<Case> {
    let at_hand = |name, reason| Case::new(name, layer(keys()), 403, reason, SIGNED);
    let waited = |name, reason| Case::new(name, layer(later()), 403, reason, SIGNED_WAITED);
    let policy = Case::new("a policy awaited", layer(keys()), 403, "forbidden", SIGNED_WAITED);
    let roles = with(&json!({ "roles": 7 }));
    vec![
        at_hand("an extractor", "claims_mismatch").path("/claims"),
        waited("an extractor, key awaited", "claims_mismatch").path("/claims"),
        at_hand("a handler's claim", "claims_mismatch").path("/own-claim").token(roles),
        at_hand("a handler's denial", "not_the_owner").path("/own-denial"),
        at_hand("a policy", "insufficient_scope").path("/policy"),
        waited("a policy, key awaited", "insufficient_scope").path("/policy"),
        policy.path("/later"),
    ]
}

#[tokio::test]
async fn what_is_refused_further_in_is_recorded_as_refused_once() {
    for Case { name, layer, path, token, record } in further_in() {
        let found = records(layer, path, token.as_deref()).await;
        let granted = found[0].starts_with(r#"outcome="granted""#);
        assert!(granted && found.len() == 2, "{name}: {found:?}");
        assert_eq!(found[1], record, "{name}");
    }
}
