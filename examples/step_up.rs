//! A payment asks for a stronger login that is not long ago; reading the balance does not (RFC 9470).
//! The challenge says what the client has to ask the authorization server for. That server is
//! played here by one route, `/login`.
//!
//! ```sh
//! cargo run --example step_up     # prints URL and tokens: OLD is of an hour ago and a password, STALE of an hour ago and a key
//!
//! curl -i $URL/balance -H "authorization: Bearer $OLD_TOKEN"               # 200
//! curl -i -X POST $URL/payments -H "authorization: Bearer $OLD_TOKEN"      # 401, acr_values="phr mfa", max_age="300"
//! curl -i -X POST $URL/payments -H "authorization: Bearer $STALE_TOKEN"    # 401, the same: as strong as it was, and newer
//! curl -i -X POST $URL/payments -H "authorization: Bearer $FRESH_TOKEN"    # 200, this one is a minute old
//! curl -i -X POST $URL/payments                                            # 401, without a token nothing is said of logins
//!
//! TOKEN=$(curl -s "$URL/login?acr_values=phr%20mfa&max_age=300")           # as the challenge has asked
//! curl -i -X POST $URL/payments -H "authorization: Bearer $TOKEN"          # 200
//! ```

use std::{collections::HashMap, time::Duration};

use axum::{
    Router,
    extract::{Query, State},
    http::StatusCode,
    routing::{get, post},
};
use jsonwebtoken::{EncodingKey, Header, get_current_timestamp as now};
use serde_json::json;
use tower_bearer::{
    AuthorizeLayer, ConfigError, JwtLayer, Policy, RequireAcr, RequireFreshAuth, StaticKeys,
    TrustedIssuer, Verifier,
};

const ISSUER: &str = "https://issuer.example";
const AUDIENCE: &str = "https://bank.example";

/// A key that cannot be phished, or else two factors, within five minutes.
fn payment() -> Result<impl Policy, ConfigError> {
    let strong = RequireAcr::any(["phr", "mfa"])?;
    Ok(strong.and(RequireFreshAuth::within(Duration::from_secs(300))))
}

fn bank(verifier: Verifier) -> Result<Router, ConfigError> {
    let payments = post(async || "paid\n").route_layer(AuthorizeLayer::new(payment()?));
    Ok(Router::new()
        .route("/balance", get(async || "12.30\n"))
        .route("/payments", payments)
        .route_layer(JwtLayer::new(verifier)))
}

/// The authorization server: asks the user to log in as the client wishes, and gives out a token that says so.
/// A real one has a page to log in at, and hands the client a code.
async fn login(
    State(secret): State<[u8; 32]>,
    Query(wishes): Query<HashMap<String, String>>,
) -> Result<String, StatusCode> {
    let class = wishes.get("acr_values").and_then(|values| values.split(' ').next());
    mint(&secret, class.unwrap_or("pwd"), now()).map_err(|_| StatusCode::INTERNAL_SERVER_ERROR)
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut secret = [0; 32];
    getrandom::fill(&mut secret)?;

    let keys = StaticKeys::hs256(secret)?;
    let verifier = Verifier::new(TrustedIssuer::new(ISSUER, AUDIENCE, keys))?;
    let app = Router::new().route("/login", get(login)).with_state(secret).merge(bank(verifier)?);

    let port = std::env::var("PORT").map_or(Ok(0), |port| port.parse::<u16>())?;
    let listener = tokio::net::TcpListener::bind(("127.0.0.1", port)).await?;
    println!("OLD_TOKEN={}", mint(&secret, "pwd", now() - 3600)?);
    println!("STALE_TOKEN={}", mint(&secret, "phr", now() - 3600)?);
    println!("FRESH_TOKEN={}", mint(&secret, "phr", now() - 60)?);
    println!("URL=http://{0}\nlistening on http://{0}", listener.local_addr()?);
    Ok(axum::serve(listener, app).await?)
}

/// A token that was issued now, after a login of this class at that time.
fn mint(secret: &[u8], acr: &str, auth_time: u64) -> jsonwebtoken::errors::Result<String> {
    let claims = json!({
        "iss": ISSUER, "aud": AUDIENCE, "sub": "ada", "exp": now() + 900, "acr": acr, "auth_time": auth_time,
    });
    jsonwebtoken::encode(&Header::default(), &claims, &EncodingKey::from_secret(secret))
}
