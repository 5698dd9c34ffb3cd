//! One layer around everything that asks nobody for a token, and policies on what is not for
//! everybody. Who brings none is told at those routes which scopes to ask for.
//!
//! ```sh
//! cargo run --example optional_and_scopes     # prints URL and tokens: ADA may read drafts, EDITOR may write as well
//!
//! curl -i $URL/articles                                                    # 200, for everybody
//! curl -i $URL/articles -H "authorization: Bearer ${ADA_TOKEN}x"           # 401, a bad token is nobody's
//! curl -i $URL/drafts                                                      # 401, scope="drafts:read"
//! curl -i $URL/drafts -H "authorization: Bearer $ADA_TOKEN"                # 200
//! curl -i -X POST $URL/articles                                            # 401, scope="articles:write"
//! curl -i -X POST $URL/articles -H "authorization: Bearer $ADA_TOKEN"      # 403, insufficient_scope
//! curl -i -X POST $URL/articles -H "authorization: Bearer $EDITOR_TOKEN"   # 200
//! ```

use axum::{
    Router,
    routing::{get, post},
};
use jsonwebtoken::{EncodingKey, Header};
use serde_json::json;
use tower_bearer::{
    AuthorizeLayer, ConfigError, JwtLayer, ScopeCatalog, StaticKeys, TrustedIssuer, VerifiedToken,
    Verifier,
};

const ISSUER: &str = "https://issuer.example";
const AUDIENCE: &str = "https://news.example";

async fn articles(reader: Option<VerifiedToken>) -> String {
    let name = reader.as_ref().and_then(VerifiedToken::subject).unwrap_or("stranger");
    format!("hello {name}, here are all articles\n")
}

fn app(verifier: Verifier) -> Result<Router, ConfigError> {
    // A scope that is misspelt below is an error here, when the program starts.
    let scopes = ScopeCatalog::new(["drafts:read", "articles:write"])?;
    let read_drafts = AuthorizeLayer::new(scopes.all(["drafts:read"])?);
    let write = AuthorizeLayer::new(scopes.all(["articles:write"])?);
    Ok(Router::new()
        // `route_layer` holds for the methods that stand before it.
        .route("/articles", post(async || "written\n").route_layer(write).get(articles))
        .route("/drafts", get(async || "all drafts\n").route_layer(read_drafts))
        .route_layer(JwtLayer::new(verifier).optional()))
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut secret = [0; 32];
    getrandom::fill(&mut secret)?;

    let keys = StaticKeys::hs256(secret)?;
    let app = app(Verifier::new(TrustedIssuer::new(ISSUER, AUDIENCE, keys))?)?;

    let port = std::env::var("PORT").map_or(Ok(0), |port| port.parse::<u16>())?;
    let listener = tokio::net::TcpListener::bind(("127.0.0.1", port)).await?;
    println!("ADA_TOKEN={}", mint(&secret, "ada", "drafts:read")?);
    println!("EDITOR_TOKEN={}", mint(&secret, "grace", "drafts:read articles:write")?);
    println!("URL=http://{0}\nlistening on http://{0}", listener.local_addr()?);
    Ok(axum::serve(listener, app).await?)
}

fn mint(secret: &[u8], user: &str, scope: &str) -> jsonwebtoken::errors::Result<String> {
    let exp = jsonwebtoken::get_current_timestamp() + 3600;
    let claims = json!({ "iss": ISSUER, "aud": AUDIENCE, "sub": user, "exp": exp, "scope": scope });
    jsonwebtoken::encode(&Header::default(), &claims, &EncodingKey::from_secret(secret))
}
