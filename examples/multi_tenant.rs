//! Tenants from a table, each with an issuer and keys of its own. A tenant is looked up when its first token
//! comes, and again every five minutes; a token of nobody's is refused. Whoever is slow or down keeps
//! nobody else waiting.
//!
//! ```sh
//! cargo run --example multi_tenant     # prints URL and a token of each tenant
//!
//! curl -i $URL/me -H "authorization: Bearer $ACME_TOKEN"       # 200, acme's ada
//! curl -i $URL/me -H "authorization: Bearer $SLOW_TOKEN"       # 200, after a second: its keys are slow
//! curl -i $URL/me -H "authorization: Bearer $BROKEN_TOKEN"     # 503: its secret in the table is too short
//! curl -i $URL/me -H "authorization: Bearer $STRANGER_TOKEN"   # 401: nobody knows its issuer
//! curl -i $URL/me -H "authorization: Bearer $CROSSED_TOKEN"    # 401: acme's name, signed by another
//! curl -i $URL/tenants                                         # 200, who is known by now, and how the keys are
//! ```

use std::{collections::HashMap, sync::Arc, time::Duration};

use axum::{Json, Router, extract::State, routing::get};
use jsonwebtoken::{EncodingKey, Header};
use serde_json::json;
use tower_bearer::{
    Algorithm, IssuerError, IssuerStatus, JwtLayer, StaticKeys, TrustedIssuer, VerifiedToken,
    Verifier, VerifyingKey, issuer_fn, resolver_fn,
};

const AUDIENCE: &str = "https://api.example";

/// A row of the table.
#[derive(Clone)]
struct Tenant {
    secret: Vec<u8>,
    slow: bool,
}

/// Stands for a database: it may take its time, and it may fail.
struct Database(HashMap<String, Tenant>);

impl Database {
    /// `SELECT … FROM tenants WHERE issuer = $1`
    async fn tenant(&self, issuer: &str) -> Result<Option<Tenant>, std::io::Error> {
        tokio::task::yield_now().await;
        Ok(self.0.get(issuer).cloned())
    }
}

/// A database that is down makes 503, as does a row that cannot be used; a tenant that is not there 401.
async fn find(database: Arc<Database>, iss: String) -> Result<Option<TrustedIssuer>, IssuerError> {
    let tenant = database.tenant(&iss).await.map_err(IssuerError::unavailable)?;
    let Some(Tenant { secret, slow }) = tenant else { return Ok(None) };
    Ok(Some(if slow {
        let key = VerifyingKey::from_secret(Algorithm::HS256, secret);
        // Keys that are asked for over a network: all other tenants' tokens overtake this one.
        let keys = resolver_fn(move |_| {
            let key = key.clone();
            async move {
                tokio::time::sleep_until(tokio::time::Instant::now() + Duration::from_secs(1))
                    .await;
                key
            }
        });
        TrustedIssuer::new(iss, AUDIENCE, keys)
    } else {
        TrustedIssuer::new(iss, AUDIENCE, StaticKeys::hs256(secret)?)
    }))
}

async fn me(token: VerifiedToken) -> String {
    format!("hello {} of {}\n", token.subject().unwrap_or("nobody"), token.issuer())
}

async fn tenants(State(verifier): State<Verifier>) -> Json<Vec<IssuerStatus>> {
    Json(verifier.status())
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let (acme, slow) = (random()?, random()?);
    let row = |secret: &[u8], slow| Tenant { secret: secret.to_vec(), slow };
    let database = Arc::new(Database(HashMap::from([
        ("https://acme.example".to_owned(), row(&acme, false)),
        ("https://slow.example".to_owned(), row(&slow, true)),
        ("https://broken.example".to_owned(), row(b"too short", false)),
    ])));

    let verifier =
        Verifier::dynamic(issuer_fn(move |iss| find(Arc::clone(&database), iss.to_owned())));
    let app = Router::new()
        .route("/me", get(me))
        .route_layer(JwtLayer::new(verifier.clone()))
        .route("/tenants", get(tenants))
        .with_state(verifier);

    let port = std::env::var("PORT").map_or(Ok(0), |port| port.parse::<u16>())?;
    let listener = tokio::net::TcpListener::bind(("127.0.0.1", port)).await?;
    println!("ACME_TOKEN={}", mint("https://acme.example", &acme)?);
    println!("SLOW_TOKEN={}", mint("https://slow.example", &slow)?);
    println!("BROKEN_TOKEN={}", mint("https://broken.example", b"too short")?);
    println!("STRANGER_TOKEN={}", mint("https://stranger.example", &acme)?);
    println!("CROSSED_TOKEN={}", mint("https://acme.example", &slow)?);
    println!("URL=http://{0}\nlistening on http://{0}", listener.local_addr()?);
    Ok(axum::serve(listener, app).await?)
}

fn random() -> Result<[u8; 32], getrandom::Error> {
    let mut secret = [0; 32];
    getrandom::fill(&mut secret)?;
    Ok(secret)
}

fn mint(iss: &str, secret: &[u8]) -> jsonwebtoken::errors::Result<String> {
    let exp = jsonwebtoken::get_current_timestamp() + 3600;
    let claims = json!({ "iss": iss, "aud": AUDIENCE, "sub": "ada", "exp": exp });
    jsonwebtoken::encode(&Header::default(), &claims, &EncodingKey::from_secret(secret))
}
