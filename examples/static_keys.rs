//! Keys that are known at the start: a shared secret, a PEM file and a JWK Set, one issuer each.
//!
//! ```sh
//! cargo run --example static_keys     # prints URL and a token of each issuer
//!
//! curl -i $URL/me -H "authorization: Bearer $SECRET_TOKEN"   # 200, HS256
//! curl -i $URL/me -H "authorization: Bearer $PEM_TOKEN"      # 200, ES256
//! curl -i $URL/me -H "authorization: Bearer $JWKS_TOKEN"     # 200, Ed25519
//! curl -i $URL/me                                            # 401
//! ```

use axum::{Router, routing::get};
use jsonwebtoken::{EncodingKey, Header};
use serde_json::json;
use tower_bearer::{Algorithm, JwtLayer, StaticKeys, TrustedIssuer, VerifiedToken, Verifier};

const AUDIENCE: &str = "https://api.example";
const KEYS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/examples/keys");

async fn me(token: VerifiedToken) -> String {
    let (sub, iss) = (token.subject().unwrap_or("nobody"), token.issuer());
    format!("{sub} of {iss}, by {}\n", token.algorithm())
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut secret = [0; 32];
    getrandom::fill(&mut secret)?;

    // A shared secret: at least 32 bytes, or it is refused here.
    let with_secret =
        TrustedIssuer::new("https://secret.example", AUDIENCE, StaticKeys::hs256(secret)?);

    // A public key in a PEM file, bound to one algorithm.
    let pem = std::fs::read(format!("{KEYS}/es256.public.pem"))?;
    let with_pem = TrustedIssuer::new(
        "https://pem.example",
        AUDIENCE,
        StaticKeys::from_pem(Algorithm::ES256, pem)?,
    );

    // A JWK Set. A key of a kind that we do not know costs only itself.
    let jwks = StaticKeys::from_jwks_file(format!("{KEYS}/jwks.json"))?;
    for key in jwks.skipped() {
        println!("skipped {key}");
    }
    let with_jwks = TrustedIssuer::new("https://jwks.example", AUDIENCE, jwks);

    let verifier = Verifier::any_of([with_secret, with_pem, with_jwks])?;
    let app = Router::new().route("/me", get(me)).route_layer(JwtLayer::new(verifier));

    let port = std::env::var("PORT").map_or(Ok(0), |port| port.parse::<u16>())?;
    let listener = tokio::net::TcpListener::bind(("127.0.0.1", port)).await?;
    print_tokens(&secret)?;
    println!("URL=http://{0}\nlistening on http://{0}", listener.local_addr()?);
    Ok(axum::serve(listener, app).await?)
}

/// One token of each issuer. In production they issue them, and their private keys are never here.
fn print_tokens(secret: &[u8]) -> Result<(), Box<dyn std::error::Error>> {
    use jsonwebtoken::Algorithm::{ES256, EdDSA, HS256};

    let pem = EncodingKey::from_ec_pem(&std::fs::read(format!("{KEYS}/es256.private.pem"))?)?;
    let jwk = EncodingKey::from_ed_pem(&std::fs::read(format!("{KEYS}/ed25519.private.pem"))?)?;
    let named = Header { kid: Some("2026-11".to_owned()), ..Header::new(EdDSA) };
    let secret = EncodingKey::from_secret(secret);
    println!("SECRET_TOKEN={}", mint("https://secret.example", &Header::new(HS256), &secret)?);
    println!("PEM_TOKEN={}", mint("https://pem.example", &Header::new(ES256), &pem)?);
    println!("JWKS_TOKEN={}", mint("https://jwks.example", &named, &jwk)?);
    Ok(())
}

fn mint(iss: &str, header: &Header, key: &EncodingKey) -> jsonwebtoken::errors::Result<String> {
    let exp = jsonwebtoken::get_current_timestamp() + 3600;
    let claims = json!({ "iss": iss, "aud": AUDIENCE, "sub": "ada", "exp": exp });
    jsonwebtoken::encode(header, &claims, key)
}
