//! The layer around a plain Tower service on hyper, without axum.
//!
//! ```sh
//! cargo run --example hyper_service --no-default-features   # prints URL and TOKEN
//!
//! curl -i $URL -H "authorization: Bearer $TOKEN"   # 200
//! curl -i $URL                                     # 401
//! ```

use std::convert::Infallible;

use http_body_util::Full;
use hyper::{Request, Response, body::Bytes, body::Incoming, server::conn::http1};
use hyper_util::{rt::TokioIo, service::TowerToHyperService};
use jsonwebtoken::{EncodingKey, Header};
use serde_json::json;
use tower::{ServiceBuilder, service_fn};
use tower_bearer::{JwtLayer, StaticKeys, TrustedIssuer, VerifiedToken, Verifier};

const ISSUER: &str = "https://issuer.example";
const AUDIENCE: &str = "https://api.example";

async fn hello(request: Request<Incoming>) -> Result<Response<Full<Bytes>>, Infallible> {
    let name = VerifiedToken::of(&request).and_then(VerifiedToken::subject).unwrap_or("nobody");
    Ok(Response::new(Full::from(format!("hello {name}\n"))))
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut secret = [0; 32];
    getrandom::fill(&mut secret)?;

    let keys = StaticKeys::hs256(secret)?;
    let verifier = Verifier::new(TrustedIssuer::new(ISSUER, AUDIENCE, keys))?;
    let service = ServiceBuilder::new().layer(JwtLayer::new(verifier)).service(service_fn(hello));

    let port = std::env::var("PORT").map_or(Ok(0), |port| port.parse::<u16>())?;
    let listener = tokio::net::TcpListener::bind(("127.0.0.1", port)).await?;
    println!("TOKEN={}", mint(&secret)?);
    println!("URL=http://{0}\nlistening on http://{0}", listener.local_addr()?);

    loop {
        let (stream, _) = listener.accept().await?;
        let service = TowerToHyperService::new(service.clone());
        tokio::spawn(async move {
            if let Err(error) =
                http1::Builder::new().serve_connection(TokioIo::new(stream), service).await
            {
                eprintln!("connection: {error}");
            }
        });
    }
}

/// A token for this run: in production an identity provider issues it.
fn mint(secret: &[u8]) -> jsonwebtoken::errors::Result<String> {
    let exp = jsonwebtoken::get_current_timestamp() + 3600;
    let claims = json!({ "iss": ISSUER, "aud": AUDIENCE, "sub": "ada", "exp": exp });
    jsonwebtoken::encode(&Header::default(), &claims, &EncodingKey::from_secret(secret))
}
