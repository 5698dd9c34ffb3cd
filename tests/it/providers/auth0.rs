use tower_bearer::{ConfigError, RequireRole, RequireScope, TokenErrorKind as Kind, Verifier};

use super::{Shape, accepted, internet::TrustedIssuer, opaque, refused};

as_written! {
    fn auth0() -> Result<Verifier, ConfigError> {
        let issuer = TrustedIssuer::discover("https://YOUR_TENANT.eu.auth0.com/", "https://api.example")?;
        Verifier::new(issuer)
    }
}

#[tokio::test]
async fn its_tokens_are_taken() {
    let verifier = auth0().unwrap();
    let shape = Shape::of("Auth0");
    let token = accepted(&verifier, &shape).await;
    assert!(token.scopes().contains("read:orders"));
    assert_eq!(token.claim::<Vec<String>>("permissions").unwrap().unwrap(), ["read:orders"]);

    let roles = shape.claim("https://api.example/roles", vec!["admin"]);
    let token = accepted(&verifier, &roles).await;
    assert_eq!(
        token.claim::<Vec<String>>("https://api.example/roles").unwrap().unwrap(),
        ["admin"]
    );
}

#[tokio::test]
async fn rights_can_be_asked_for() {
    let verifier = auth0().unwrap();
    let shape = Shape::of("Auth0");
    let bare = accepted(&verifier, &shape.clone().without("scope").without("permissions")).await;
    let token = accepted(&verifier, &shape.claim("https://api.example/roles", vec!["admin"])).await;
    permits!(token, bare, RequireScope::all(["read:orders"]));
    permits!(token, bare, RequireRole::any("permissions", ["read:orders"]));
    permits!(token, bare, RequireRole::any("https://api.example/roles", ["admin"]));
}

#[tokio::test]
async fn near_misses_are_not() {
    let shape = || Shape::of("Auth0");
    let api = "https://api.example";
    let userinfo = "https://YOUR_TENANT.eu.auth0.com/userinfo";
    refused(
        &auth0().unwrap(),
        [
            (
                "no slash",
                shape().claim("iss", "https://YOUR_TENANT.eu.auth0.com"),
                Kind::UnknownIssuer,
            ),
            ("other tenant", shape().claim("iss", "https://x.eu.auth0.com/"), Kind::UnknownIssuer),
            ("ID token", shape().claim("aud", "CLIENT_ID"), Kind::AudienceMismatch),
            ("userinfo alone", shape().claim("aud", userinfo), Kind::AudienceMismatch),
            ("other API", shape().claim("aud", format!("{api}/")), Kind::AudienceMismatch),
            ("API with HS256", shape().header("alg", "HS256"), Kind::AlgorithmNotAllowed),
            ("logout token", shape().header("typ", "logout+jwt"), Kind::TypeNotAllowed),
        ],
    )
    .await;
    opaque(&auth0().unwrap(), &["tfZ0opaque", "eyJh.eyJh..eyJh.eyJh", "e30..e30.e30.e30"]).await;
}

/// An ID token for a client that has the API's name is told apart by what the page says tells it apart.
#[tokio::test]
async fn the_profile_of_rfc_9068_keeps_id_tokens_out() {
    let issuer =
        TrustedIssuer::discover("https://YOUR_TENANT.eu.auth0.com/", "https://api.example");
    let strict = Verifier::new(issuer.unwrap().rfc9068()).unwrap();
    let id_token = Shape::of("Auth0").claim("aud", "https://api.example");
    let profile =
        id_token.clone().header("typ", "at+jwt").claim("client_id", "CLIENT_ID").claim("jti", "1");
    for verifier in [&strict, &auth0().unwrap()] {
        accepted(verifier, &profile).await;
    }
    accepted(&auth0().unwrap(), &id_token).await;
    refused(&strict, [("ID token", id_token, Kind::TypeNotAllowed)]).await;
}
