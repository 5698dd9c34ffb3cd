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

use std::time::Duration;

use axum::{
    Json, Router,
    extract::State,
    http::StatusCode,
    response::{IntoResponse, Response},
    routing::{get, post},
};
use serde::{Deserialize, Serialize};
use tower_bearer::{
    AccessToken, Algorithm, Claims, Clock, Grant, IssueError, Issuer, JwtLayer, SigningKey,
    SigningKeys, SystemClock,
};

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
    State(issuer): State<Issuer>,
    Json(login): Json<Login>,
) -> Result<String, StatusCode> {
    // A real service looks up a password hash here.
    if login.name != "ada" || login.password != "lovelace" {
        return Err(StatusCode::FORBIDDEN);
    }
    let token = issuer.issue(&login.name, &Grant::new());
    let token = token.map_err(|_| StatusCode::INTERNAL_SERVER_ERROR)?;
    Ok(token.as_str().to_owned())
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    // A new key at each start; a real service has a folder for them: `SigningKeys::open(path, Algorithm::ES256)`.
    let key = SigningKey::generate(Algorithm::ES256)?;
    let issuer = Issuer::new(ISSUER, AUDIENCE, "quickstart", SigningKeys::new(key.clone())?)?;
    let app = Router::new()
        .route("/me", get(me))
        .route_layer(JwtLayer::new(issuer.verifier()?))
        .route("/login", post(login))
        .with_state(issuer);

    let port = std::env::var("PORT").map_or(Ok(0), |port| port.parse::<u16>())?;
    let listener = tokio::net::TcpListener::bind(("127.0.0.1", port)).await?;
    print_what_to_try(&format!("http://{}", listener.local_addr()?), &key)?;
    Ok(axum::serve(listener, app).await?)
}

/// A token with the service's key that it does not take: for another audience, or of another time.
fn bad(key: &SigningKey, audience: &str, age: Duration) -> Result<AccessToken, IssueError> {
    let clock = move || SystemClock.now() - age;
    let keys = SigningKeys::builder(Algorithm::ES256).key(key.clone()).clock(clock).build()?;
    Issuer::new(ISSUER, audience, "quickstart", keys)?.issue("ada", &Grant::new())
}

fn print_what_to_try(url: &str, key: &SigningKey) -> Result<(), IssueError> {
    let expired = bad(key, AUDIENCE, Duration::from_secs(30 * 60))?;
    let elsewhere = bad(key, "https://other.example", Duration::ZERO)?;
    let (expired, elsewhere) = (expired.as_str(), elsewhere.as_str());
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
