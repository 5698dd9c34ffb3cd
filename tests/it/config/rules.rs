//! What each setting lets in and keeps out, over HTTP.

use serde_json::{Value, json};
use tower_bearer::Algorithm;

use super::{START, app};
use crate::support::{NOW, json_token};

const KEYS: &str = r#"keys = { jwks_file = "jwks.json" }"#;
const AUDIENCE: &str = r#"audience = "https://api.example""#;

/// Settings, and a token that is taken and one that is not: the algorithm, header and claims.
struct Case {
    settings: String,
    good: (Algorithm, Value, Value),
    bad: (Algorithm, Value, Value),
}

/// A case in which the claims make the difference.
fn claims(settings: impl Into<String>, good: Value, bad: Value) -> Case {
    let es256 = Algorithm::ES256;
    Case { settings: settings.into(), good: (es256, json!({}), good), bad: (es256, json!({}), bad) }
}

/// The same beside the usual audience.
fn usual(setting: &str, good: Value, bad: Value) -> Case {
    claims(format!("{AUDIENCE}\n{setting}"), good, bad)
}

async fn check(test: &str, cases: Vec<Case>) {
    for Case { settings, good, bad } in cases {
        let app = app(test, &format!("{START}{KEYS}\n{settings}")).await;
        let token = |(algorithm, header, claims): (Algorithm, Value, Value)| {
            json_token(algorithm, &header, &claims).compact()
        };
        app.get(&token(good)).await.assert_accepted(&settings);
        let reply = app.get(&token(bad)).await;
        assert_eq!(reply.status, 401, "{settings}");
    }
}

#[tokio::test]
async fn the_audience() {
    let other = json!({ "aud": "https://other.example" });
    let client = json!({ "aud": null, "client_id": "cognito" });
    let check_these = vec![
        usual("", json!({}), other.clone()),
        claims(r#"audience = ["a", "https://api.example"]"#, json!({ "aud": ["a", "x"] }), other),
        usual("", json!({}), client.clone()),
        usual(
            r#"or_claim = { client_id = "cognito" }"#,
            client.clone(),
            json!({ "aud": null, "client_id": "another" }),
        ),
        usual(
            r#"or_claim = { azp = ["web", "app"] }"#,
            json!({ "aud": null, "azp": "app" }),
            client,
        ),
        claims(
            "danger_any_audience = true",
            json!({ "aud": "https://other.example" }),
            json!({ "aud": 1 }),
        ),
    ];
    check("audience", check_these).await;
}

#[tokio::test]
async fn the_dates() {
    let exp = |exp: u64| json!({ "exp": exp });
    let check_these = vec![
        usual("", exp(NOW - 59), exp(NOW - 60)),
        usual("leeway_seconds = 5", exp(NOW - 4), exp(NOW - 5)),
        usual("leeway_seconds = 0", exp(NOW + 1), exp(NOW)),
        usual("leeway_seconds = 3600", exp(NOW - 3599), exp(NOW - 3600)),
        usual("max_age_seconds = 30", json!({ "iat": NOW - 90 }), json!({ "iat": NOW - 91 })),
        usual("max_lifetime_seconds = 900", json!({}), json!({ "iat": NOW - 1 })),
        usual("danger_no_expiry = true", json!({ "exp": null }), exp(NOW - 60)),
        usual("danger_no_expiry = false", json!({}), json!({ "exp": null })),
    ];
    check("dates", check_these).await;
}

#[tokio::test]
async fn the_claims() {
    let bound = json!({ "cnf": { "jkt": "thumbprint" } });
    let full = json!({ "client_id": "web", "jti": "1" });
    let nested = json!({ "realm": { "roles": ["user"], "level": 2 } });
    let check_these = vec![
        usual(
            r#"require = { token_use = "access" }"#,
            json!({ "token_use": "access" }),
            json!({ "token_use": "id" }),
        ),
        usual(
            r"require = { level = 2, staff = true }",
            json!({ "level": 2, "staff": true }),
            json!({ "level": 2 }),
        ),
        usual(
            r#"require.realm = { roles = ["user"], level = 2 }"#,
            nested,
            json!({ "realm": { "roles": ["user"], "level": 3 } }),
        ),
        usual("danger_accept_bound_tokens = true", bound.clone(), json!({ "cnf": 1, "sub": 1 })),
        usual("danger_accept_bound_tokens = false", json!({}), bound),
        usual(r#"profile = "rfc9068""#, full.clone(), json!({ "client_id": "web" })),
        usual("profile = \"rfc9068\"\ntyp = \"AT+JWT\"", full, json!({ "client_id": "web" })),
    ];
    check("claims", check_these).await;
}

#[tokio::test]
async fn the_type() {
    let es256 = Algorithm::ES256;
    let typ = |typ: &str| (es256, json!({ "typ": typ }), json!({}));
    let case = |setting: &str, good, bad| Case {
        settings: format!("{AUDIENCE}\n{setting}"),
        good: typ(good),
        bad: typ(bad),
    };
    let check_these = vec![
        case("", "JWT", "dpop+jwt"),
        case(r#"typ = "at+jwt""#, "application/at+jwt", "JWT"),
        case(r#"typ = "application/x+jwt""#, "X+jwt", "at+jwt"),
    ];
    check("type", check_these).await;
}

#[tokio::test]
async fn the_algorithms() {
    let of = |algorithm| (algorithm, json!({}), json!({}));
    let (es256, rs256, ed25519) = (Algorithm::ES256, Algorithm::RS256, Algorithm::Ed25519);
    let case = |setting: &str, good, bad| Case {
        settings: format!("{AUDIENCE}\n{setting}"),
        good: of(good),
        bad: of(bad),
    };
    let check_these = vec![
        case("", rs256, Algorithm::ES384),
        case(r#"algorithms = ["ES256", "EdDSA"]"#, es256, rs256),
        case(r#"algorithms = ["ES256", "EdDSA"]"#, ed25519, rs256),
        case(r#"algorithms = "RS256""#, rs256, es256),
        // Whoever wrote the file is trusted with secrets.
        case("", Algorithm::HS256, Algorithm::HS512),
    ];
    check("algorithms", check_these).await;
}
