//! A stream of events that ends with its token. Tokens live for three seconds here, so that one can watch. A client comes
//! again with another one; what a browser's `EventSource` does stands in `docs/LONG_CONNECTIONS.md`.
//!
//! ```sh
//! cargo run --example sse     # prints URL
//!
//! TOKEN=$(curl -s $URL/login)
//! curl -i -N $URL/ticks -H "authorization: Bearer $TOKEN"       # 200, three ticks and a clean end
//! curl -i -N $URL/ticks -H "authorization: Bearer $TOKEN"       # 401, that one is over
//! TOKEN=$(curl -s $URL/login)
//! curl -i -N $URL/export -H "authorization: Bearer $TOKEN"      # 200, and an error: half an export is none
//! curl -i $URL/ticks                                            # 401
//! ```

use std::{convert::Infallible, time::Duration};

use axum::{
    Router,
    body::Body,
    extract::State,
    http::StatusCode,
    response::{
        IntoResponse, Sse,
        sse::{Event, KeepAlive},
    },
    routing::get,
};
use futures_util::{Stream, StreamExt, stream};
use jsonwebtoken::{EncodingKey, Header, get_current_timestamp as now};
use serde_json::json;
use tokio::time::{MissedTickBehavior, interval};
use tower_bearer::{JwtLayer, LifetimeLayer, StaticKeys, TrustedIssuer, Verifier};

const ISSUER: &str = "https://issuer.example";
const AUDIENCE: &str = "https://api.example";

/// For ever, one each second. Nothing in here knows of tokens.
fn numbers() -> impl Stream<Item = u64> {
    let mut clock = interval(Duration::from_secs(1));
    clock.set_missed_tick_behavior(MissedTickBehavior::Delay);
    stream::unfold((clock, 0), |(mut clock, number)| async move {
        clock.tick().await;
        Some((number, (clock, number + 1)))
    })
}

/// Each event stands for itself: the stream ends as if it were complete.
async fn ticks() -> impl IntoResponse {
    let events = numbers().map(|n| Ok::<_, Infallible>(Event::default().data(format!("tick {n}"))));
    Sse::new(events).keep_alive(KeepAlive::default())
}

/// Only the whole is of use: the connection is cut, and the client knows.
async fn export() -> Body {
    Body::from_stream(numbers().map(|n| Ok::<_, Infallible>(format!("row {n}\n"))))
}

/// A token for whoever asks: a real one asks back.
async fn login(State(secret): State<[u8; 32]>) -> Result<String, StatusCode> {
    let claims = json!({ "iss": ISSUER, "aud": AUDIENCE, "sub": "ada", "exp": now() + 3 });
    jsonwebtoken::encode(&Header::default(), &claims, &EncodingKey::from_secret(&secret))
        .map_err(|_| StatusCode::INTERNAL_SERVER_ERROR)
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut secret = [0; 32];
    getrandom::fill(&mut secret)?;

    // Without leeway, so that a token that is over is seen to be.
    let issuer = TrustedIssuer::new(ISSUER, AUDIENCE, StaticKeys::hs256(secret)?);
    let verifier = Verifier::new(issuer.leeway(Duration::ZERO))?;
    let app = Router::new()
        .route("/ticks", get(ticks))
        .route("/export", get(export))
        .route_layer(LifetimeLayer::new())
        .route_layer(JwtLayer::new(verifier))
        .route("/login", get(login))
        .with_state(secret);

    let port = std::env::var("PORT").map_or(Ok(0), |port| port.parse::<u16>())?;
    let listener = tokio::net::TcpListener::bind(("127.0.0.1", port)).await?;
    println!("URL=http://{0}\nlistening on http://{0}", listener.local_addr()?);
    Ok(axum::serve(listener, app).await?)
}
