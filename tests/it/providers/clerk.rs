use std::time::Duration;

use tower_bearer::{Audience, ConfigError, RequireRole, TokenErrorKind as Kind, Verifier};

use super::{
    Shape, accepted,
    internet::{RemoteJwks, TrustedIssuer},
    refused,
};

as_written! {
    fn clerk() -> Result<Verifier, ConfigError> {
        let keys = RemoteJwks::new("https://clerk.YOUR_SITE.com/.well-known/jwks.json")?;
        let audience = Audience::new("https://api.example").or_claim("azp", ["https://app.example"]);
        let issuer = TrustedIssuer::new("https://clerk.YOUR_SITE.com", audience, keys)
            .leeway(Duration::from_secs(5));
        Verifier::new(issuer)
    }
}

fn shape() -> Shape {
    Shape::of("Clerk")
}

#[tokio::test]
async fn its_tokens_are_taken() {
    let token = accepted(&clerk().unwrap(), &shape()).await;
    assert_eq!(token.subject(), Some("user_123"));
}

/// For apps without an origin there is `aud`, by which alone a token is judged then.
#[tokio::test]
async fn an_audience_that_was_added_counts() {
    let verifier = clerk().unwrap();
    let with = |audience: &str| shape().claim("aud", audience);
    accepted(&verifier, &with("https://api.example").without("azp")).await;
    accepted(&verifier, &with("https://api.example").claim("azp", "https://x.example")).await;
    refused(&verifier, [("other service", with("convex"), Kind::AudienceMismatch)]).await;
}

#[tokio::test]
async fn rights_can_be_asked_for() {
    let token = accepted(&clerk().unwrap(), &shape()).await;
    let bare = accepted(&clerk().unwrap(), &shape().without("o")).await;
    permits!(token, bare, RequireRole::any("/o/rol", ["admin"]));
}

#[tokio::test]
async fn near_misses_are_not() {
    refused(
        &clerk().unwrap(),
        [
            ("other origin", shape().claim("azp", "https://x.example"), Kind::AudienceMismatch),
            (
                "other port",
                shape().claim("azp", "https://app.example:8443"),
                Kind::AudienceMismatch,
            ),
            ("no origin", shape().without("azp"), Kind::MissingClaim),
            (
                "other instance",
                shape().claim("iss", "https://x.clerk.accounts.dev"),
                Kind::UnknownIssuer,
            ),
            ("a slash", shape().claim("iss", "https://clerk.YOUR_SITE.com/"), Kind::UnknownIssuer),
        ],
    )
    .await;
}

/// 60 s of life and 5 s of leeway; by default there would be 60 s of it.
#[tokio::test]
async fn a_token_lives_a_minute() {
    let verifier = clerk().unwrap();
    accepted(&verifier, &shape().aged(50)).await;
    refused(&verifier, [("66 s old", shape().aged(66), Kind::Expired)]).await;
}

#[tokio::test]
async fn a_pending_session_passes_unless_it_is_kept_out() {
    let pending = shape().claim("sts", "pending");
    accepted(&clerk().unwrap(), &pending).await;
    let keys = RemoteJwks::new("https://clerk.YOUR_SITE.com/.well-known/jwks.json").unwrap();
    let audience = Audience::new("https://api.example").or_claim("azp", ["https://app.example"]);
    let issuer = TrustedIssuer::new("https://clerk.YOUR_SITE.com", audience, keys);
    let verifier = Verifier::new(issuer.require_claim("sts", "active")).unwrap();
    accepted(&verifier, &shape()).await;
    refused(&verifier, [("pending", pending, Kind::InvalidClaim)]).await;
}
