//! Custom refusals: here `application/problem+json` (RFC 9457). It is said once
//! and holds for the layer and for every extractor behind it. The challenge need not be
//! thought of: the layer adds it to every 401.
//!
//! ```sh
//! cargo run --example custom_responder     # prints URL and TOKEN
//!
//! curl -i $URL/me                                         # 401, missing_credentials
//! curl -i $URL/me -H "authorization: Bearer a b"          # 400, invalid_request
//! curl -i $URL/me -H "authorization: Bearer ${TOKEN}x"    # 401, invalid_token
//! curl -i $URL/me -H "authorization: Bearer $TOKEN"       # 403, claims_mismatch: no e-mail address
//! curl -i $URL/name -H "authorization: Bearer $TOKEN"     # 200
//! ```

use axum::{
    Json, Router,
    http::header::CONTENT_TYPE,
    response::{IntoResponse, Response},
    routing::get,
};
use jsonwebtoken::{EncodingKey, Header};
use serde::Deserialize;
use serde_json::json;
use tower_bearer::{
    Claims, JwtLayer, Rejection, StaticKeys, TrustedIssuer, VerifiedToken, Verifier,
};

const ISSUER: &str = "https://issuer.example";
const AUDIENCE: &str = "https://api.example";

#[derive(Deserialize)]
struct User {
    email: String,
}

async fn me(Claims(user): Claims<User>) -> String {
    format!("{}\n", user.email)
}

async fn name(token: VerifiedToken) -> String {
    format!("{}\n", token.subject().unwrap_or("nobody"))
}

fn problem(rejection: &Rejection) -> Response {
    let status = rejection.status();
    let body = json!({
        "title": status.canonical_reason(),
        "status": status.as_u16(),
        "detail": rejection.description(),
        "code": rejection.kind().code(),
    });
    (status, [(CONTENT_TYPE, "application/problem+json")], Json(body)).into_response()
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut secret = [0; 32];
    getrandom::fill(&mut secret)?;

    let keys = StaticKeys::hs256(secret)?;
    let verifier = Verifier::new(TrustedIssuer::new(ISSUER, AUDIENCE, keys))?;
    let app = Router::new()
        .route("/me", get(me))
        .route("/name", get(name))
        .route_layer(JwtLayer::new(verifier).realm("example")?.respond_with(problem));

    let port = std::env::var("PORT").map_or(Ok(0), |port| port.parse::<u16>())?;
    let listener = tokio::net::TcpListener::bind(("127.0.0.1", port)).await?;
    println!("TOKEN={}", mint(&secret)?);
    println!("listening on http://{}", listener.local_addr()?);
    Ok(axum::serve(listener, app).await?)
}

fn mint(secret: &[u8]) -> jsonwebtoken::errors::Result<String> {
    let exp = jsonwebtoken::get_current_timestamp() + 3600;
    let claims = json!({ "iss": ISSUER, "aud": AUDIENCE, "sub": "ada", "exp": exp });
    jsonwebtoken::encode(&Header::default(), &claims, &EncodingKey::from_secret(secret))
}
