//! Keys from a store of your own, here one that answers over a channel, as a database would
//! over a socket. A key it does not know makes 401; when it is gone, the answer is 503.
//!
//! ```sh
//! cargo run --example custom_resolver     # prints URL and tokens
//!
//! curl -i $URL/me -H "authorization: Bearer $TOKEN"           # 200
//! curl -i $URL/me -H "authorization: Bearer $UNKNOWN_TOKEN"   # 401, no such key
//! curl -i -X POST $URL/outage                                 # the store goes away
//! curl -i $URL/me -H "authorization: Bearer $TOKEN"           # 503 and Retry-After
//! ```

use std::{collections::HashMap, time::Duration};

use axum::{
    Router,
    extract::State,
    routing::{get, post},
};
use jsonwebtoken::{EncodingKey, Header};
use serde_json::json;
use tokio::sync::{mpsc, oneshot};
use tower_bearer::{
    Algorithm, JwtLayer, KeyError, TrustedIssuer, VerifiedToken, Verifier, VerifyingKey,
    resolver_fn,
};

const ISSUER: &str = "https://issuer.example";
const AUDIENCE: &str = "https://api.example";

/// A question to the store: the name of a key, and where to send the answer.
enum Question {
    Key(String, oneshot::Sender<Option<VerifyingKey>>),
    Shutdown,
}

type Store = mpsc::Sender<Question>;

/// The store: it owns the keys and answers one question after the other.
fn start_store(keys: HashMap<String, VerifyingKey>) -> Store {
    let (store, mut questions) = mpsc::channel(64);
    tokio::spawn(async move {
        while let Some(Question::Key(kid, answer)) = questions.recv().await {
            // Whoever asked may have gone away.
            let _ = answer.send(keys.get(&kid).cloned());
        }
    });
    store
}

/// A bad token is not the store's fault, and an outage is not the token's.
async fn find_key(store: Store, kid: Option<String>) -> Result<VerifyingKey, KeyError> {
    // The name comes from a stranger: bound it before it goes anywhere.
    let kid = kid.filter(|kid| kid.len() <= 64).ok_or_else(KeyError::not_found)?;
    let (answer, key) = oneshot::channel();
    store.send(Question::Key(kid, answer)).await.map_err(|_| gone())?;
    key.await.map_err(|_| gone())?.ok_or_else(KeyError::not_found)
}

fn gone() -> KeyError {
    KeyError::unavailable("the key store is gone").with_retry_after(Duration::from_secs(10))
}

async fn me(token: VerifiedToken) -> String {
    format!("hello {}\n", token.subject().unwrap_or("nobody"))
}

async fn outage(State(store): State<Store>) -> &'static str {
    let _ = store.send(Question::Shutdown).await;
    store.closed().await;
    "the key store is gone\n"
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut secret = [0; 32];
    getrandom::fill(&mut secret)?;
    let key = VerifyingKey::from_secret(Algorithm::HS256, secret)?.with_kid("tenant-1");
    let store = start_store(HashMap::from([("tenant-1".to_owned(), key)]));

    let resolver_store = store.clone();
    let keys = resolver_fn(move |header| {
        find_key(resolver_store.clone(), header.kid().map(str::to_owned))
    });
    let verifier = Verifier::new(TrustedIssuer::new(ISSUER, AUDIENCE, keys))?;
    let app = Router::new()
        .route("/me", get(me))
        .route_layer(JwtLayer::new(verifier))
        .route("/outage", post(outage))
        .with_state(store);

    let port = std::env::var("PORT").map_or(Ok(0), |port| port.parse::<u16>())?;
    let listener = tokio::net::TcpListener::bind(("127.0.0.1", port)).await?;
    println!("TOKEN={}", mint("tenant-1", &secret)?);
    println!("UNKNOWN_TOKEN={}", mint("tenant-2", &secret)?);
    println!("URL=http://{0}\nlistening on http://{0}", listener.local_addr()?);
    Ok(axum::serve(listener, app).await?)
}

fn mint(kid: &str, secret: &[u8]) -> jsonwebtoken::errors::Result<String> {
    let exp = jsonwebtoken::get_current_timestamp() + 3600;
    let claims = json!({ "iss": ISSUER, "aud": AUDIENCE, "sub": "ada", "exp": exp });
    let header = Header { kid: Some(kid.to_owned()), ..Header::default() };
    jsonwebtoken::encode(&header, &claims, &EncodingKey::from_secret(secret))
}
