//! A whole service: `POST /login` issues a token, `GET /me` asks for it.
//!
//! ```sh
//! cargo run --example quickstart          # prints its address and these lines with it filled in
//!
//! TOKEN=$(curl -s $URL/login -H 'content-type: application/json' -d '{"name":"ada","password":"lovelace"}')
//! curl -i $URL/me -H "authorization: Bearer $TOKEN"      # 200, the claims
//! curl -i $URL/me                                        # 401, no credentials
//! curl -i $URL/me -H "authorization: Bearer ${TOKEN}x"   # 401, tampered with
//! ```

use axum::{
    Json, Router,
    extract::State,
    http::StatusCode,
    response::{IntoResponse, Response},
    routing::{get, post},
};
use jsonwebtoken::{EncodingKey, Header, get_current_timestamp as now};
use serde::{Deserialize, Serialize};
use tower_bearer::{Claims, JwtLayer, StaticKeys, TrustedIssuer, Verifier};

const ISSUER: &str = "https://quickstart.example";
const AUDIENCE: &str = "https://api.example";

#[derive(Deserialize, Serialize)]
struct User {
    iss: String,
    aud: String,
    sub: String,
    exp: u64,
}

#[derive(Deserialize)]
struct Login {
    name: String,
    password: String,
}

/// Protected: it is reached only with a good token.
async fn me(Claims(user): Claims<User>) -> Response {
    Json(&*user).into_response()
}

/// Open to everybody: a password for a token that is good for 15 minutes.
async fn login(
    State(key): State<EncodingKey>,
    Json(login): Json<Login>,
) -> Result<String, StatusCode> {
    // A real service looks up a password hash here.
    if login.name != "ada" || login.password != "lovelace" {
        return Err(StatusCode::FORBIDDEN);
    }
    mint(&key, &login.name, AUDIENCE, now() + 15 * 60)
        .map_err(|_| StatusCode::INTERNAL_SERVER_ERROR)
}

fn mint(key: &EncodingKey, sub: &str, aud: &str, exp: u64) -> jsonwebtoken::errors::Result<String> {
    let user = User { iss: ISSUER.into(), aud: aud.into(), sub: sub.into(), exp };
    jsonwebtoken::encode(&Header::default(), &user, key)
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    // A new secret at each start; a real service keeps it where it keeps its other secrets.
    let mut secret = [0; 32];
    getrandom::fill(&mut secret)?;

    let keys = StaticKeys::hs256(secret)?;
    let verifier = Verifier::new(TrustedIssuer::new(ISSUER, AUDIENCE, keys))?;
    let signing = EncodingKey::from_secret(&secret);
    let app = Router::new()
        .route("/me", get(me))
        .route_layer(JwtLayer::new(verifier))
        .route("/login", post(login))
        .with_state(signing.clone());

    let port = std::env::var("PORT").map_or(Ok(0), |port| port.parse::<u16>())?;
    let listener = tokio::net::TcpListener::bind(("127.0.0.1", port)).await?;
    print_what_to_try(&format!("http://{}", listener.local_addr()?), &signing)?;
    Ok(axum::serve(listener, app).await?)
}

fn print_what_to_try(url: &str, key: &EncodingKey) -> jsonwebtoken::errors::Result<()> {
    let expired = mint(key, "ada", AUDIENCE, now() - 15 * 60)?;
    let elsewhere = mint(key, "ada", "https://other.example", now() + 15 * 60)?;
    println!(
        r#"listening on {url}

In another terminal:

# log in, and use the token: 200 and its claims
TOKEN=$(curl -s {url}/login -H 'content-type: application/json' -d '{{"name":"ada","password":"lovelace"}}')
curl -i {url}/me -H "authorization: Bearer $TOKEN"

# no token: 401
curl -i {url}/me

# a token that was tampered with: 401
curl -i {url}/me -H "authorization: Bearer ${{TOKEN}}x"

# a token that has expired: 401, and it says so
curl -i {url}/me -H 'authorization: Bearer {expired}'

# a token for another service: 401
curl -i {url}/me -H 'authorization: Bearer {elsewhere}'
"#
    );
    Ok(())
}
