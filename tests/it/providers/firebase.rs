use tower_bearer::{ConfigError, RequireClaim, TokenErrorKind as Kind, Verifier};

use super::{Shape, accepted, internet::TrustedIssuer, refused};

as_written! {
    fn firebase() -> Result<Verifier, ConfigError> {
        let issuer = TrustedIssuer::discover("https://securetoken.google.com/YOUR_PROJECT", "YOUR_PROJECT")?;
        Verifier::new(issuer)
    }
}

fn shape() -> Shape {
    Shape::of("Firebase")
}

#[tokio::test]
async fn its_tokens_are_taken() {
    let token = accepted(&firebase().unwrap(), &shape().claim("admin", true)).await;
    assert_eq!(token.subject(), Some("q0a4Yk2Lh8aVxR1nP3sT5uWz7bD9"));
    assert_eq!(token.claim::<bool>("admin").unwrap(), Some(true));
    let firebase: serde_json::Value = token.claim("firebase").unwrap().unwrap();
    assert_eq!(firebase["sign_in_provider"], "password");
}

#[tokio::test]
async fn rights_can_be_asked_for() {
    let token = accepted(&firebase().unwrap(), &shape().claim("admin", true)).await;
    let bare = accepted(&firebase().unwrap(), &shape().claim("email_verified", false)).await;
    permits!(token, bare, RequireClaim::equals("admin", true));
    permits!(token, bare, RequireClaim::equals("email_verified", true));
}

#[tokio::test]
async fn near_misses_are_not() {
    let session = "https://session.firebase.google.com/YOUR_PROJECT";
    let other = "https://securetoken.google.com/OTHER_PROJECT";
    let custom = "firebase-adminsdk@YOUR_PROJECT.iam.gserviceaccount.com";
    refused(
        &firebase().unwrap(),
        [
            (
                "other project",
                shape().claim("iss", other).claim("aud", "OTHER_PROJECT"),
                Kind::UnknownIssuer,
            ),
            ("other audience", shape().claim("aud", "OTHER_PROJECT"), Kind::AudienceMismatch),
            ("session cookie", shape().claim("iss", session), Kind::UnknownIssuer),
            ("custom token", shape().claim("iss", custom), Kind::UnknownIssuer),
            ("emulator", shape().header("alg", "none"), Kind::Malformed),
            ("two hours old", shape().aged(7200), Kind::Expired),
        ],
    )
    .await;
}
