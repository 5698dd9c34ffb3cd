use std::time::Duration;

use tower_bearer::{
    Audience, ConfigError, RequireFreshAuth, RequireRole, RequireScope, TokenErrorKind as Kind,
    Verifier,
};

use super::{Shape, accepted, internet::TrustedIssuer, refused};

as_written! {
    fn cognito() -> Result<Verifier, ConfigError> {
        let audience = Audience::new("https://api.example").or_claim("client_id", ["APP_CLIENT_ID"]);
        let issuer = TrustedIssuer::discover(
            "https://cognito-idp.eu-west-1.amazonaws.com/eu-west-1_EXAMPLE",
            audience,
        )?
        .require_claim("token_use", "access");
        Verifier::new(issuer)
    }
}

fn shape() -> Shape {
    Shape::of("Amazon Cognito")
}

fn id_token() -> Shape {
    shape().claim("token_use", "id").claim("aud", "APP_CLIENT_ID").without("client_id")
}

#[tokio::test]
async fn its_tokens_are_taken() {
    let verifier = cognito().unwrap();
    let token = accepted(&verifier, &shape()).await;
    assert_eq!(token.client_id(), Some("APP_CLIENT_ID"));
    assert!(token.scopes().contains("https://api.example/orders.read"));
    assert_eq!(token.claim::<Vec<String>>("cognito:groups").unwrap().unwrap(), ["admins"]);
}

/// With resource binding there is an audience, and nobody asks for the client.
#[tokio::test]
async fn a_bound_resource_is_the_audience() {
    let verifier = cognito().unwrap();
    let bound = shape().claim("aud", "https://api.example");
    accepted(&verifier, &bound).await;
    accepted(&verifier, &bound.claim("client_id", "OTHER_CLIENT")).await;
}

#[tokio::test]
async fn rights_can_be_asked_for() {
    let verifier = cognito().unwrap();
    let token = accepted(&verifier, &shape()).await;
    let bare = shape().without("scope").without("cognito:groups").without("auth_time");
    let bare = accepted(&verifier, &bare).await;
    permits!(token, bare, RequireScope::all(["https://api.example/orders.read"]));
    permits!(token, bare, RequireRole::any("cognito:groups", ["admins"]));

    super::page::has("`RequireFreshAuth::within(Duration::from_secs(300))`");
    let recent = RequireFreshAuth::within(Duration::from_secs(300));
    assert!(recent.check(&token).is_ok() && recent.check(&bare).is_err());
}

#[tokio::test]
async fn near_misses_are_not() {
    let pool = "https://cognito-idp.eu-west-1.amazonaws.com/eu-west-1_OTHER";
    refused(
        &cognito().unwrap(),
        [
            ("other client", shape().claim("client_id", "OTHER_CLIENT"), Kind::AudienceMismatch),
            ("no client", shape().without("client_id"), Kind::MissingClaim),
            ("ID token", id_token(), Kind::AudienceMismatch),
            ("made for nobody", shape().claim("token_use", "id"), Kind::InvalidClaim),
            ("of no use", shape().without("token_use"), Kind::MissingClaim),
            ("other resource", shape().claim("aud", "https://x.example"), Kind::AudienceMismatch),
            ("other pool", shape().claim("iss", pool), Kind::UnknownIssuer),
        ],
    )
    .await;
}

/// Even where the client was named as the audience.
#[tokio::test]
async fn an_id_token_is_told_apart_by_its_use() {
    let name = "https://cognito-idp.eu-west-1.amazonaws.com/eu-west-1_EXAMPLE";
    let issuer = TrustedIssuer::discover(name, "APP_CLIENT_ID").unwrap();
    let verifier = Verifier::new(issuer.require_claim("token_use", "access")).unwrap();
    refused(&verifier, [("ID token", id_token(), Kind::InvalidClaim)]).await;
}
