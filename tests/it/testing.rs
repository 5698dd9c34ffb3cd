//! The kit for tests of users: what it mints, publishes and serves, and what it does to requests.

mod documents;
mod keys;
mod misuse;
mod request;
mod server;
mod token;
mod trusted;

use serde_json::Value;
use tower_bearer::{
    Algorithm, Fetch, FetchBody, StaticKeys, TokenErrorKind, TrustedIssuer, VerifiedToken,
    Verifier,
    http::{Request, Response},
    testing::{TestIssuer, TestToken},
};

use crate::support::{AUDIENCE, verifiers};

/// The keys that are published now, and no others.
fn published(issuer: &TestIssuer) -> StaticKeys {
    StaticKeys::from_jwks(issuer.jwks()).unwrap()
}

/// A verifier of these keys.
fn over(issuer: &TestIssuer, keys: StaticKeys) -> Verifier {
    verifiers::new(TrustedIssuer::new(issuer.name(), AUDIENCE, keys)).unwrap()
}

/// What a verifier of the keys that are published now makes of a token.
async fn verify(issuer: &TestIssuer, token: TestToken) -> Result<VerifiedToken, TokenErrorKind> {
    let token = token.mint();
    verify_text(issuer, &token).await
}

async fn verify_text(issuer: &TestIssuer, token: &str) -> Result<VerifiedToken, TokenErrorKind> {
    verifiers::verify(&over(issuer, published(issuer)), token).await.map_err(|error| error.kind())
}

/// One segment of a token, as JSON.
fn segment(token: &str, at: usize) -> Value {
    use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};

    let encoded = token.split('.').nth(at).unwrap();
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(encoded).unwrap()).unwrap()
}

fn header(token: &str) -> Value {
    segment(token, 0)
}

fn claims(token: &str) -> Value {
    segment(token, 1)
}

fn kid(token: &str) -> String {
    header(token)["kid"].as_str().unwrap().to_owned()
}

/// The names of the published keys.
fn kids(issuer: &TestIssuer) -> Vec<String> {
    let jwks: Value = serde_json::from_str(&issuer.jwks()).unwrap();
    let keys = jwks["keys"].as_array().unwrap().iter();
    keys.map(|key| key["kid"].as_str().unwrap().to_owned()).collect()
}

fn get(uri: &str) -> Request<()> {
    Request::get(uri).body(()).unwrap()
}

/// The answer in memory.
async fn fetch(issuer: &TestIssuer, request: Request<()>) -> Response<String> {
    use http_body_util::BodyExt;

    let (head, body) = issuer.fetch().fetch(request).await.unwrap().into_parts();
    let body: FetchBody = body;
    let bytes = body.collect().await.unwrap().to_bytes();
    Response::from_parts(head, String::from_utf8(bytes.to_vec()).unwrap())
}

/// All but those of RSA, whose keys take a while.
const FAST: [Algorithm; 4] =
    [Algorithm::ES256, Algorithm::ES384, Algorithm::ES512, Algorithm::Ed25519];
