//! A page that greets everybody, and knows the names of those who bring a token. A bad token is
//! refused: it never becomes an anonymous visitor.
//!
//! ```sh
//! cargo run --example optional_auth     # prints URL and TOKEN
//!
//! curl -i $URL/                                             # 200, hello stranger
//! curl -i $URL/ -H "authorization: Bearer $TOKEN"           # 200, hello ada
//! curl -i $URL/ -H "authorization: Bearer ${TOKEN}x"        # 401
//! curl -i $URL/account                                      # 401, this one asks for a token
//! curl -i $URL/account -H "authorization: Bearer $TOKEN"    # 200
//! ```

use axum::{Router, routing::get};
use jsonwebtoken::{EncodingKey, Header};
use serde::Deserialize;
use serde_json::json;
use tower_bearer::{Claims, JwtLayer, StaticKeys, TrustedIssuer, Verifier};

const ISSUER: &str = "https://issuer.example";
const AUDIENCE: &str = "https://api.example";

#[derive(Deserialize)]
struct User {
    sub: String,
}

async fn home(user: Option<Claims<User>>) -> String {
    match user {
        Some(Claims(user)) => format!("hello {}\n", user.sub),
        None => "hello stranger\n".to_owned(),
    }
}

/// Behind the same optional layer: asking for `Claims` without `Option` is what demands a token.
async fn account(Claims(user): Claims<User>) -> String {
    format!("the account of {}\n", user.sub)
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut secret = [0; 32];
    getrandom::fill(&mut secret)?;

    let keys = StaticKeys::hs256(secret)?;
    let verifier = Verifier::new(TrustedIssuer::new(ISSUER, AUDIENCE, keys))?;
    let app = Router::new()
        .route("/", get(home))
        .route("/account", get(account))
        .route_layer(JwtLayer::new(verifier).optional());

    let port = std::env::var("PORT").map_or(Ok(0), |port| port.parse::<u16>())?;
    let listener = tokio::net::TcpListener::bind(("127.0.0.1", port)).await?;
    println!("TOKEN={}", mint(&secret)?);
    println!("URL=http://{0}\nlistening on http://{0}", listener.local_addr()?);
    Ok(axum::serve(listener, app).await?)
}

fn mint(secret: &[u8]) -> jsonwebtoken::errors::Result<String> {
    let exp = jsonwebtoken::get_current_timestamp() + 3600;
    let claims = json!({ "iss": ISSUER, "aud": AUDIENCE, "sub": "ada", "exp": exp });
    jsonwebtoken::encode(&Header::default(), &claims, &EncodingKey::from_secret(secret))
}
