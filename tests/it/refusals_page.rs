//! `docs/REFUSALS.md`, held to the byte: each answer that it shows is one that is given, and none is
//! left out.

use std::{fmt::Write as _, fs, path::Path, time::Duration};

use crate::support::verifiers;
use axum::{
    Router,
    body::Body,
    http::{
        HeaderValue, Request, Response,
        header::{AUTHORIZATION, RETRY_AFTER, UPGRADE, WWW_AUTHENTICATE},
    },
    routing::get,
};
use http_body_util::BodyExt;
use serde::Deserialize;
use tower::ServiceExt;
use tower_bearer::{
    AuthorizationHeader, AuthorizeLayer, Claims, Denial, JwtLayer, KeyError, Policy, Presented,
    RequireAcr, RequireFreshAuth, RequireRole, RequireScope, TokenOrigin, TokenSource,
    TrustedIssuer, policy_fn, resolver_fn_sync,
    testing::{TestIssuer, TestToken},
    token_source_fn,
};

const AUDIENCE: &str = "https://api.example";

/// What handlers ask for, and tokens here do not say.
#[derive(Deserialize)]
struct User {
    email: String,
}

fn layer(issuer: &TestIssuer) -> JwtLayer {
    JwtLayer::new(verifiers::new(issuer.trusted(AUDIENCE)).unwrap())
}

fn read() -> RequireScope {
    RequireScope::all(["notes:read"]).unwrap()
}

fn route() -> Router {
    Router::new().route("/", get(async || "passed"))
}

/// A route with this policy behind a layer, asked with this token.
async fn denied_by(policy: impl Policy, token: fn(TestToken) -> TestToken) -> Response<Body> {
    let issuer = TestIssuer::new();
    let token = token(issuer.token_for(AUDIENCE)).mint();
    let app = route().route_layer(AuthorizeLayer::new(policy)).route_layer(layer(&issuer));
    ask(app, &[&format!("Bearer {token}")]).await
}

async fn ask(app: Router, authorization: &[&str]) -> Response<Body> {
    let mut request = Request::get("/").body(Body::empty()).unwrap();
    for line in authorization {
        request.headers_mut().append(AUTHORIZATION, HeaderValue::from_str(line).unwrap());
    }
    app.oneshot(request).await.unwrap()
}

/// A layer alone, asked with a token or without.
async fn refused(set: fn(JwtLayer) -> JwtLayer, authorization: &[&str]) -> Response<Body> {
    ask(route().route_layer(set(layer(&TestIssuer::new()))), authorization).await
}

async fn bad(token: fn(TestToken) -> TestToken) -> Response<Body> {
    let issuer = TestIssuer::new();
    let token = token(issuer.token_for(AUDIENCE)).mint();
    ask(route().route_layer(layer(&issuer)), &[&format!("Bearer {token}")]).await
}

/// A handler that asks for [`User`].
async fn users() -> Response<Body> {
    let issuer = TestIssuer::new();
    let user = async |user: Claims<User>| user.email.clone();
    let app = Router::new().route("/", get(user)).route_layer(layer(&issuer));
    ask(app, &[&format!("Bearer {}", issuer.token_for(AUDIENCE).mint())]).await
}

/// A good token while its keys are out of reach.
async fn without_keys() -> Response<Body> {
    let issuer = TestIssuer::new();
    let keys = resolver_fn_sync(|_| Err(KeyError::unavailable("out of reach")));
    let trusted = TrustedIssuer::new(issuer.name(), AUDIENCE, keys);
    let app = route().route_layer(JwtLayer::new(verifiers::new(trusted).unwrap()));
    ask(app, &[&format!("Bearer {}", issuer.token_for(AUDIENCE).mint())]).await
}

/// A good token in what counts for a cookie, from a socket that does not say who opens it.
async fn forged() -> Response<Body> {
    let issuer = TestIssuer::new();
    let cookie = token_source_fn(|head| {
        let found = AuthorizationHeader.token(head)?;
        Ok(found.map(|found| Presented::new(found.token, TokenOrigin::Cookie)))
    });
    let app = route().route_layer(layer(&issuer).source(cookie));
    let bearer = format!("Bearer {}", issuer.token_for(AUDIENCE).mint());
    let request = Request::get("/").header(UPGRADE, "websocket").header(AUTHORIZATION, bearer);
    app.oneshot(request.body(Body::empty()).unwrap()).await.unwrap()
}

fn with_metadata(layer: JwtLayer) -> JwtLayer {
    let url = "https://api.example/.well-known/oauth-protected-resource";
    layer.require(read()).resource_metadata(url).unwrap()
}

/// What the page says of these answers: the status line, and the headers that are about the refusal.
fn head(response: &Response<Body>) -> String {
    let mut head = format!("HTTP/1.1 {}\n", response.status());
    for name in [WWW_AUTHENTICATE, RETRY_AFTER] {
        for value in response.headers().get_all(&name) {
            writeln!(head, "{name}: {}", value.to_str().unwrap()).unwrap();
        }
    }
    head
}

/// The blocks of the page in this language, from top to bottom.
fn blocks() -> Vec<String> {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/REFUSALS.md");
    let page = fs::read_to_string(page).unwrap();
    let blocks = page.split("\n```http\n").skip(1);
    blocks.map(|block| block.split("```").next().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn the_page_shows_every_answer_and_no_other() {
    let payment = || {
        let strong = RequireAcr::any(["phr", "mfa"]).unwrap();
        strong.and(RequireFreshAuth::within(Duration::from_secs(300)))
    };
    let down = || policy_fn(|_, _| Err(Denial::unavailable("the database is away")));
    let both = || RequireScope::all(["notes:read", "notes:write"]).unwrap();
    let answers = [
        ("no credentials", refused(|layer| layer, &[]).await),
        ("no credentials, all said", refused(with_metadata, &[]).await),
        ("two lines", refused(|layer| layer, &["Bearer a", "Bearer a"]).await),
        ("no token behind it", refused(|layer| layer, &["Bearer"]).await),
        ("another origin", forged().await),
        ("expired", bad(TestToken::expired).await),
        ("forged", bad(TestToken::wrong_signature).await),
        ("no JWT", refused(|layer| layer, &["Bearer a"]).await),
        ("scope", denied_by(both(), |token| token.claim("scope", "notes:read")).await),
        ("login", denied_by(payment(), |token| token).await),
        ("role", denied_by(RequireRole::any("roles", ["admin"]).unwrap(), |token| token).await),
        ("claims", users().await),
        ("keys", without_keys().await),
        ("store", denied_by(down(), |token| token).await),
        ("no layer before a policy", ask(route().layer(AuthorizeLayer::new(read())), &[]).await),
    ];
    let page = blocks();
    for (name, answer) in &answers {
        let head = head(answer);
        assert!(page.contains(&head), "{name} is not in the page:\n{head}");
    }
    let mut given: Vec<_> = answers.iter().map(|(_, answer)| head(answer)).collect();
    // Those that look alike stand together, and once.
    given.dedup();
    assert_eq!(given, page, "the page shows the answers in this order, and no other");
    for (name, answer) in answers {
        let body = answer.into_body().collect().await.unwrap().to_bytes();
        assert!(body.is_empty(), "{name}");
    }
}
