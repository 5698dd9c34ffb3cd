//! Keys behind a URL that rotate, and an issuer that fails. The issuer here is one for tests, on loopback.
//!
//! ```sh
//! cargo run --example remote_jwks --features testing     # prints URL and a token
//!
//! curl -i $URL/me -H "authorization: Bearer $TOKEN"      # 200, the first request has the keys fetched
//! TOKEN=$(curl -s -X POST $URL/rotate)                   # the issuer signs with a new key
//! curl -i $URL/me -H "authorization: Bearer $TOKEN"      # 200, the new key was asked for
//! curl -i -X POST $URL/outage                            # the issuer answers nobody any more
//! curl -i $URL/me -H "authorization: Bearer $TOKEN"      # 200, the key is at hand
//! curl -i $URL/health                                    # 200, how old the keys are
//! ```

use std::time::Duration;

use axum::{
    Json, Router,
    extract::State,
    routing::{get, post},
};
use tower_bearer::{
    JwtLayer, KeyResolver, KeysStatus, RemoteJwks, TrustedIssuer, VerifiedToken, Verifier, reqwest,
    testing::TestIssuer,
};

const AUDIENCE: &str = "https://api.example";

async fn me(token: VerifiedToken) -> String {
    format!("hello {}\n", token.subject().unwrap_or("nobody"))
}

/// For whoever watches this service. It tells nothing of a key.
async fn health(State(keys): State<RemoteJwks>) -> Json<Option<KeysStatus>> {
    Json(keys.status())
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let issuer = TestIssuer::new();
    let server = issuer.serve().await?;
    let url = format!("http://{}/jwks", server.address());

    // `RemoteJwks::new(url)?` is all that most programs need. This one brings a client of its own, and
    // asks more often.
    let client = reqwest::Client::builder()
        .redirect(reqwest::redirect::Policy::none())
        .connect_timeout(Duration::from_secs(1))
        .no_proxy()
        .build()?;
    let keys =
        RemoteJwks::builder(url).client(client).fresh_for(Duration::from_secs(120)).build()?;
    let verifier = Verifier::new(TrustedIssuer::new(issuer.name(), AUDIENCE, keys.clone()))?;

    let token = issuer.token_for(AUDIENCE).subject("ada").mint();
    let app = Router::new()
        .route("/me", get(me))
        .route_layer(JwtLayer::new(verifier))
        .merge(Router::new().route("/health", get(health)).with_state(keys))
        .merge(provider(issuer));

    let port = std::env::var("PORT").map_or(Ok(0), |port| port.parse::<u16>())?;
    let listener = tokio::net::TcpListener::bind(("127.0.0.1", port)).await?;
    println!("TOKEN={token}");
    println!("URL=http://{0}\nlistening on http://{0}", listener.local_addr()?);
    Ok(axum::serve(listener, app).await?)
}

/// What happens at the issuer, at the push of a button.
fn provider(issuer: TestIssuer) -> Router {
    let rotate = |State(issuer): State<TestIssuer>| async move {
        issuer.rotate();
        issuer.token_for(AUDIENCE).subject("ada").mint()
    };
    let outage = |State(issuer): State<TestIssuer>| async move {
        issuer.outage();
        "the issuer is down\n"
    };
    Router::new().route("/rotate", post(rotate)).route("/outage", post(outage)).with_state(issuer)
}
