//! An issuer that says itself where its keys are (OpenID Connect Discovery, RFC 8414).
//!
//! Without more it starts one for tests on loopback. A real one takes two variables:
//! `ISSUER=https://… AUDIENCE=… cargo run --example oidc_discovery --features testing`.
//!
//! ```sh
//! cargo run --example oidc_discovery --features testing       # prints URL and tokens
//!
//! curl -i $URL/me -H "authorization: Bearer $TOKEN"           # 200
//! curl -i $URL/me -H "authorization: Bearer $OTHER_TOKEN"     # 401, of another issuer
//! curl -i $URL/health                                         # 200, 503 while there are no keys
//! ```

use axum::{Json, Router, extract::State, http::StatusCode, routing::get};
use tower_bearer::{
    IssuerStatus, JwtLayer, TrustedIssuer, VerifiedToken, Verifier, testing::TestIssuer,
};

async fn me(token: VerifiedToken) -> String {
    let (sub, iss) = (token.subject().unwrap_or("nobody"), token.issuer());
    format!("hello {sub} of {iss}\n")
}

async fn health(State(verifier): State<Verifier>) -> (StatusCode, Json<Vec<IssuerStatus>>) {
    let status = verifier.status();
    let code = if status.iter().all(IssuerStatus::is_usable) {
        StatusCode::OK
    } else {
        StatusCode::SERVICE_UNAVAILABLE
    };
    (code, Json(status))
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let test_issuer = TestIssuer::new();
    let _server = test_issuer.serve().await?;
    let issuer = std::env::var("ISSUER").unwrap_or_else(|_| test_issuer.name().to_owned());
    let audience = std::env::var("AUDIENCE").unwrap_or_else(|_| "https://api.example".to_owned());

    let verifier = Verifier::new(TrustedIssuer::discover(&issuer, audience.as_str())?)?;
    // Without this line the first request would wait for the keys, and the service would start
    // while the issuer is down.
    verifier.preload().await?;

    let app = Router::new()
        .route("/me", get(me))
        .route_layer(JwtLayer::new(verifier.clone()))
        .route("/health", get(health))
        .with_state(verifier);

    let port = std::env::var("PORT").map_or(Ok(0), |port| port.parse::<u16>())?;
    let listener = tokio::net::TcpListener::bind(("127.0.0.1", port)).await?;
    if issuer == test_issuer.name() {
        println!("TOKEN={}", test_issuer.token_for(audience.as_str()).subject("ada").mint());
        println!("OTHER_TOKEN={}", TestIssuer::new().token_for(audience.as_str()).mint());
    }
    println!("URL=http://{0}\nlistening on http://{0}", listener.local_addr()?);
    Ok(axum::serve(listener, app).await?)
}
