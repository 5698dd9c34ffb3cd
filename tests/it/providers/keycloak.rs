use std::collections::HashMap;

use serde::Deserialize;
use serde_json::json;
use tower_bearer::{ConfigError, RequireRole, RequireScope, TokenErrorKind as Kind, Verifier};

use super::{Shape, accepted, internet::TrustedIssuer, refused};

as_written! {
    fn keycloak() -> Result<Verifier, ConfigError> {
        let issuer = TrustedIssuer::discover("https://YOUR_HOST/realms/YOUR_REALM", "YOUR_API")?
            .require_claim("typ", "Bearer");
        Verifier::new(issuer)
    }
}

fn shape() -> Shape {
    Shape::of("Keycloak")
}

#[derive(Deserialize)]
struct Access {
    roles: Vec<String>,
}

#[tokio::test]
async fn its_tokens_are_taken() {
    let verifier = keycloak().unwrap();
    let token = accepted(&verifier, &shape()).await;
    assert!(token.scopes().contains("profile"));
    let realm: Access = token.claim("realm_access").unwrap().unwrap();
    assert_eq!(realm.roles, ["offline_access", "orders-admin"]);
    let clients: HashMap<String, Access> = token.claim("resource_access").unwrap().unwrap();
    assert_eq!(clients["YOUR_API"].roles, ["reader"]);

    accepted(&verifier, &shape().header("typ", "at+jwt")).await;
    assert_eq!(accepted(&verifier, &shape().without("sub")).await.subject(), None);
}

#[tokio::test]
async fn rights_can_be_asked_for() {
    let verifier = keycloak().unwrap();
    let token = accepted(&verifier, &shape()).await;
    let bare = shape().without("realm_access").without("resource_access").without("scope");
    let bare = accepted(&verifier, &bare).await;
    permits!(token, bare, RequireRole::any("/realm_access/roles", ["orders-admin"]));
    permits!(token, bare, RequireRole::any(["resource_access", "YOUR_API", "roles"], ["reader"]));
    permits!(token, bare, RequireScope::all(["profile"]));
}

#[tokio::test]
async fn near_misses_are_not() {
    let bound = shape().claim("typ", "DPoP").claim("cnf", json!({ "jkt": "…" }));
    refused(
        &keycloak().unwrap(),
        [
            ("no mapper", shape().claim("aud", "account"), Kind::AudienceMismatch),
            ("no audience", shape().without("aud"), Kind::MissingClaim),
            (
                "ID token",
                shape().claim("aud", "YOUR_FRONTEND").claim("typ", "ID"),
                Kind::AudienceMismatch,
            ),
            ("ID token with a mapper", shape().claim("typ", "ID"), Kind::InvalidClaim),
            ("no type", shape().without("typ"), Kind::MissingClaim),
            ("refresh token", shape().header("alg", "HS512"), Kind::AlgorithmNotAllowed),
            ("DPoP", bound, Kind::BoundToken),
            (
                "other realm",
                shape().claim("iss", "https://YOUR_HOST/realms/OTHER"),
                Kind::UnknownIssuer,
            ),
            (
                "internal address",
                shape().claim("iss", "http://keycloak:8080/realms/YOUR_REALM"),
                Kind::UnknownIssuer,
            ),
            (
                "old path",
                shape().claim("iss", "https://YOUR_HOST/auth/realms/YOUR_REALM"),
                Kind::UnknownIssuer,
            ),
        ],
    )
    .await;
}
