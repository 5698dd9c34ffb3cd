use serde_json::json;
use tower_bearer::{ConfigError, RequireRole, RequireScope, TokenErrorKind as Kind, Verifier};

use super::{Shape, accepted, internet::TrustedIssuer, refused};

as_written! {
    fn okta() -> Result<Verifier, ConfigError> {
        let issuer = TrustedIssuer::discover("https://YOUR_DOMAIN.okta.com/oauth2/default", "api://default")?;
        Verifier::new(issuer)
    }
}

const NAME: &str = "https://YOUR_DOMAIN.okta.com/oauth2/default";
const ORG: &str = "https://YOUR_DOMAIN.okta.com";

fn shape() -> Shape {
    Shape::of("Okta")
}

/// As the org server writes them.
fn of_org() -> Shape {
    let shape = shape().header("typ", "application/okta-internal-at+jwt");
    shape.claim("iss", ORG).claim("aud", ORG)
}

#[tokio::test]
async fn its_tokens_are_taken() {
    let shape = shape().claim("groups", vec!["staff"]);
    let token = accepted(&okta().unwrap(), &shape).await;
    assert_eq!(token.subject(), Some("ada@example.com"));
    assert!(token.scopes().contains("orders.read"));
    assert_eq!(token.claim::<String>("cid").unwrap().unwrap(), "CLIENT_ID");
    assert_eq!(token.claim::<Vec<String>>("groups").unwrap().unwrap(), ["staff"]);
}

#[tokio::test]
async fn rights_can_be_asked_for() {
    let token = accepted(&okta().unwrap(), &shape().claim("groups", vec!["staff"])).await;
    let bare = accepted(&okta().unwrap(), &shape().without("scp")).await;
    permits!(token, bare, RequireScope::all(["orders.read"]));
    permits!(token, bare, RequireRole::any("groups", ["staff"]));
}

#[tokio::test]
async fn near_misses_are_not() {
    refused(
        &okta().unwrap(),
        [
            ("a slash", shape().claim("iss", format!("{NAME}/")), Kind::UnknownIssuer),
            (
                "other server",
                shape().claim("iss", format!("{ORG}/oauth2/aus1")),
                Kind::UnknownIssuer,
            ),
            ("org server", of_org(), Kind::UnknownIssuer),
            ("ID token", shape().claim("aud", "CLIENT_ID"), Kind::AudienceMismatch),
            ("no audience", shape().without("aud"), Kind::MissingClaim),
            ("DPoP", shape().claim("cnf", json!({ "jkt": "…" })), Kind::BoundToken),
            ("symmetric", shape().header("alg", "HS256"), Kind::AlgorithmNotAllowed),
        ],
    )
    .await;
}

#[tokio::test]
async fn trusting_the_org_server_does_not_help() {
    let verifier = Verifier::new(TrustedIssuer::discover(ORG, ORG).unwrap()).unwrap();
    refused(&verifier, [("org server", of_org(), Kind::TypeNotAllowed)]).await;
}
