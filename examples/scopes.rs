//! Scopes: a catalogue of all there are, and what each route asks for. A challenge names all
//! that a request needs, so that a client knows what to ask its user for.
//!
//! ```sh
//! cargo run --example scopes     # prints URL and the tokens
//!
//! curl -i $URL/notes                                                   # 401, scope="notes:read"
//! curl -i $URL/notes -H "authorization: Bearer $TOKEN"                 # 403, scope="notes:read": it has none
//! curl -i $URL/notes -H "authorization: Bearer $READ_TOKEN"            # 200
//! curl -i $URL/notes -X POST -H "authorization: Bearer $READ_TOKEN"    # 403, scope="notes:read notes:write"
//! curl -i $URL/notes -X POST -H "authorization: Bearer $WRITE_TOKEN"   # 201
//! curl -i $URL/export -H "authorization: Bearer $WRITE_TOKEN"          # 403, either of two would do
//! curl -i $URL/export -H "authorization: Bearer $EXPORT_TOKEN"         # 200
//! ```

use axum::{
    Router,
    http::StatusCode,
    routing::{get, post},
};
use jsonwebtoken::{EncodingKey, Header};
use serde_json::json;
use tower_bearer::{
    AuthorizeLayer, ConfigError, JwtLayer, ScopeCatalog, StaticKeys, TrustedIssuer, Verifier,
};

const ISSUER: &str = "https://issuer.example";
const AUDIENCE: &str = "https://api.example";

fn app(verifier: Verifier) -> Result<Router, ConfigError> {
    // The only place where scopes are named for the first time: a misspelt one further down is an
    // error here, and not a route that nobody can use.
    let scopes = ScopeCatalog::new(["notes:read", "notes:write", "notes:export", "notes:admin"])?;

    let list = get(|| async { "all notes\n" });
    let create = post(|| async { (StatusCode::CREATED, "a new note\n") })
        .route_layer(AuthorizeLayer::new(scopes.all(["notes:write"])?));
    let export = get(|| async { "all notes in one file\n" })
        .route_layer(AuthorizeLayer::new(scopes.any(["notes:export", "notes:admin"])?));

    Ok(Router::new()
        .route("/notes", list.merge(create))
        .route("/export", export)
        // Asked of every route. It stands in the layer that verifies, so that a request without a
        // token is told of it, too.
        .route_layer(JwtLayer::new(verifier).require(scopes.all(["notes:read"])?)))
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut secret = [0; 32];
    getrandom::fill(&mut secret)?;

    let keys = StaticKeys::hs256(secret)?;
    let app = app(Verifier::new(TrustedIssuer::new(ISSUER, AUDIENCE, keys))?)?;

    let port = std::env::var("PORT").map_or(Ok(0), |port| port.parse::<u16>())?;
    let listener = tokio::net::TcpListener::bind(("127.0.0.1", port)).await?;
    println!("TOKEN={}", mint(&secret, "")?);
    println!("READ_TOKEN={}", mint(&secret, "notes:read")?);
    println!("WRITE_TOKEN={}", mint(&secret, "notes:read notes:write")?);
    println!("EXPORT_TOKEN={}", mint(&secret, "notes:read notes:export")?);
    println!("URL=http://{0}\nlistening on http://{0}", listener.local_addr()?);
    Ok(axum::serve(listener, app).await?)
}

/// A token for this run: in production an authorization server issues it, once its user has
/// allowed these scopes.
fn mint(secret: &[u8], scope: &str) -> jsonwebtoken::errors::Result<String> {
    let exp = jsonwebtoken::get_current_timestamp() + 3600;
    let claims =
        json!({ "iss": ISSUER, "aud": AUDIENCE, "sub": "ada", "exp": exp, "scope": scope });
    jsonwebtoken::encode(&Header::default(), &claims, &EncodingKey::from_secret(secret))
}
