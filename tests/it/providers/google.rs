use tower_bearer::{ConfigError, TokenErrorKind as Kind, Verifier};

use super::{
    Shape, accepted,
    internet::{RemoteJwks, TrustedIssuer},
    opaque, refused,
};

as_written! {
    fn google() -> Result<Verifier, ConfigError> {
        let client = "CLIENT_ID.apps.googleusercontent.com";
        Verifier::new(TrustedIssuer::discover("https://accounts.google.com", client)?)
    }

    fn google_workspace() -> Result<Verifier, ConfigError> {
        let keys = RemoteJwks::discovery("https://accounts.google.com").build()?;
        let issuer = |name: &str| {
            TrustedIssuer::new(name, "CLIENT_ID.apps.googleusercontent.com", keys.clone())
                .require_claim("hd", "example.com")
        };
        Verifier::any_of([issuer("https://accounts.google.com"), issuer("accounts.google.com")])
    }
}

fn shape() -> Shape {
    Shape::of("Google")
}

#[tokio::test]
async fn its_tokens_are_taken() {
    let token = accepted(&google().unwrap(), &shape()).await;
    assert_eq!(token.subject(), Some("110169484474386276334"));
    accepted(&google().unwrap(), &shape().without("hd")).await;
}

#[tokio::test]
async fn near_misses_are_not() {
    let client = "OTHER.apps.googleusercontent.com";
    refused(
        &google().unwrap(),
        [
            ("old name", shape().claim("iss", "accounts.google.com"), Kind::UnknownIssuer),
            ("a slash", shape().claim("iss", "https://accounts.google.com/"), Kind::UnknownIssuer),
            ("other client", shape().claim("aud", client), Kind::AudienceMismatch),
            ("client as azp alone", shape().without("aud"), Kind::MissingClaim),
        ],
    )
    .await;
    opaque(&google().unwrap(), &["ya29.a0AfB_byC", "1//0gRefresh"]).await;
}

#[tokio::test]
async fn a_domain_is_taken_under_both_names() {
    let verifier = google_workspace().unwrap();
    accepted(&verifier, &shape()).await;
    accepted(&verifier, &shape().claim("iss", "accounts.google.com")).await;
    refused(
        &verifier,
        [
            ("no domain", shape().without("hd"), Kind::MissingClaim),
            ("other domain", shape().claim("hd", "x.example"), Kind::InvalidClaim),
        ],
    )
    .await;
}
