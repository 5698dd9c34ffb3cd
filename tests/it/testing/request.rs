use axum::{Router, body::Body, routing::get};
use hyper::{StatusCode, header::AUTHORIZATION};
use serde::Deserialize;
use serde_json::json;
use tower::ServiceExt;
use tower_bearer::{
    Claims, JwtLayer, Outcome, TokenErrorKind, VerifiedToken, Verifier,
    http::Request,
    testing::{RequestExt, TestIssuer},
};

use super::published;
use crate::support::{AUDIENCE, MODES, answer_outcome, outcome};

#[derive(Deserialize)]
struct User {
    sub: String,
}

fn request() -> Request<Body> {
    Request::get("/").body(Body::empty()).unwrap()
}

async fn send(router: Router, request: Request<Body>) -> (StatusCode, String) {
    use http_body_util::BodyExt;

    let response = router.oneshot(request).await.unwrap();
    let status = response.status();
    let body = response.into_body().collect().await.unwrap().to_bytes();
    (status, String::from_utf8(body.to_vec()).unwrap())
}

/// A handler without a layer.
fn bare() -> Router {
    let me = async |Claims(user): Claims<User>| user.sub.clone();
    let perhaps = async |user: Option<Claims<User>>| {
        user.map_or("nobody".to_owned(), |Claims(user)| user.sub.clone())
    };
    Router::new().route("/", get(me)).route("/perhaps", get(perhaps))
}

#[tokio::test]
async fn a_handler_without_a_layer_finds_the_claims() {
    let ada = json!({ "sub": "ada", "roles": ["admin"] });
    assert_eq!(send(bare(), request().with_claims(&ada)).await, (StatusCode::OK, "ada".to_owned()));
    let (status, _) = send(bare(), request()).await;
    assert_eq!(status, StatusCode::INTERNAL_SERVER_ERROR, "there is no layer");
    let (status, _) = send(bare(), request().with_claims(json!({ "roles": [] }))).await;
    assert_eq!(status, StatusCode::FORBIDDEN, "the claims do not fit");
}

#[tokio::test]
async fn a_handler_without_a_layer_finds_other_outcomes() {
    let perhaps = |request: Request<Body>| {
        let (mut head, body) = request.into_parts();
        head.uri = "/perhaps".parse().unwrap();
        send(bare(), Request::from_parts(head, body))
    };
    assert_eq!(perhaps(request().without_credentials()).await.1, "nobody");
    assert_eq!(perhaps(request().with_claims(json!({ "sub": "ada" }))).await.1, "ada");
    let failed = request().with_failed_token(TokenErrorKind::Expired);
    assert_eq!(perhaps(failed).await.0, StatusCode::UNAUTHORIZED);
    assert_eq!(send(bare(), request().without_credentials()).await.0, StatusCode::UNAUTHORIZED);
}

#[test]
fn outcome_and_token_stand_in_the_extensions() {
    let with = request().with_claims(json!({ "sub": "ada", "scope": "read" }));
    assert_eq!(outcome(&with), "verified: ada, header");
    let token = VerifiedToken::of(&with).unwrap();
    let mut names: Vec<String> = serde_json::from_str::<serde_json::Map<_, _>>(token.payload())
        .unwrap()
        .into_iter()
        .map(|(name, _)| name)
        .collect();
    names.sort();
    assert_eq!(names, ["exp", "iss", "scope", "sub"], "no more than a good token needs");
    assert!(!with.headers().contains_key(AUTHORIZATION));

    let own = request().with_claims(json!({ "iss": "https://own.test", "exp": 4e9, "aud": "x" }));
    let token = VerifiedToken::of(&own).unwrap();
    assert_eq!((token.issuer(), token.subject()), ("https://own.test", None));
    assert_eq!(token.expires_at().unwrap().as_secs(), 4_000_000_000);
    assert!(token.audience().eq(["x"]));
}

#[test]
fn the_last_outcome_counts() {
    let with = |request: Request<Body>| request.with_claims(json!({ "sub": "ada" }));
    assert_eq!(outcome(&with(request()).without_credentials()), "absent");
    let failed = with(request()).with_failed_token(TokenErrorKind::UnknownKey);
    assert_eq!(outcome(&failed), "failed: unknown_key");
    assert!(matches!(Outcome::of(&failed), Some(Outcome::Failed(_))));
    assert_eq!(outcome(&with(failed)), "verified: ada, header");
}

/// Claims put in by hand never pass a layer: it judges what stands in the header, and nothing else.
#[tokio::test]
async fn a_layer_takes_out_what_was_put_in() {
    let issuer = TestIssuer::new();
    let verifier = super::over(&issuer, published(&issuer));
    for (mode, set) in MODES {
        let app = || {
            let layer = set(JwtLayer::new(verifier.clone()));
            Router::new().route("/", answer_outcome()).route_layer(layer)
        };
        let forged = request().with_claims(json!({ "sub": "mallory" }));
        let (status, body) = send(app(), forged).await;
        if mode == "required" {
            assert_eq!((status, &*body), (StatusCode::UNAUTHORIZED, ""), "{mode}");
        } else {
            assert_eq!((status, &*body), (StatusCode::OK, "absent"), "{mode}");
        }
        let token = issuer.token_for(AUDIENCE).subject("ada").mint();
        let both = request().with_claims(json!({ "sub": "mallory" })).with_bearer(&token);
        assert_eq!(send(app(), both).await.1, "verified: ada, header", "{mode}");
    }
}

#[tokio::test]
async fn a_bearer_token_takes_the_place_of_another() {
    let issuer = TestIssuer::new();
    let app = || {
        let verifier: Verifier = super::over(&issuer, published(&issuer));
        Router::new().route("/", answer_outcome()).route_layer(JwtLayer::new(verifier))
    };
    let token = issuer.token_for(AUDIENCE).subject("ada").mint();
    let request = request().with_bearer("first").with_bearer(&token);
    assert_eq!(request.headers().get_all(AUTHORIZATION).iter().count(), 1);
    assert_eq!(send(app(), request).await, (StatusCode::OK, "verified: ada, header".to_owned()));
}
