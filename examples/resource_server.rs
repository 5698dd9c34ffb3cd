//! A resource server whose issuers, keys and rules stand in one file.
//!
//! ```sh
//! cargo run --example resource_server    # prints URL and TOKEN
//!
//! curl -i $URL/claims -H "authorization: Bearer $TOKEN"     # 200, the claims
//! curl -i $URL/claims                                       # 401
//! curl -i $URL/claims -H "authorization: Bearer ${TOKEN}x"  # 401
//! curl -i $URL/optional                                     # 200, anonymous
//! curl -i $URL/optional -H "authorization: Bearer $TOKEN"   # 200, ada
//! curl -i $URL/optional -H "authorization: Bearer ${TOKEN}x"   # 401
//! curl -i $URL/health                                       # 200, how the keys are; 503 while some are missing
//! ```
//!
//! With a file of your own, `-- --config path/to/file.toml`; `examples/resource_server.toml` is one to start
//! from, and `docs/CONFIGURATION.md` explains every setting. It ends with 1 if the file is wrong, and
//! with 2 if the command line is.

use std::{
    error::Error,
    fs,
    io::IsTerminal,
    net::SocketAddr,
    path::{Path, PathBuf},
    process::ExitCode,
};

use axum::{Json, Router, extract::State, http::StatusCode, routing::get};
use jsonwebtoken::{EncodingKey, Header};
use serde::Deserialize;
use serde_json::{Value, json};
use tower_bearer::{
    Claims, IssuerConfig, IssuerStatus, JwtLayer, VerifiedToken, Verifier, VerifierConfig,
};

/// The file beside this one.
const OWN: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/examples/resource_server.toml");

/// The whole file: what this server needs, and the issuers as the library reads them.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Settings {
    listen: SocketAddr,
    #[serde(rename = "issuer")]
    issuers: Vec<IssuerConfig>,
}

/// All claims of the token as they are.
async fn claims(Claims(claims): Claims<Value>) -> Json<Value> {
    Json((*claims).clone())
}

/// Behind an optional layer: a stranger is welcome, and a bad token is refused all the same.
async fn optional(token: Option<VerifiedToken>) -> Json<Value> {
    Json(match token {
        Some(token) => json!({ "anonymous": false, "sub": token.subject() }),
        None => json!({ "anonymous": true }),
    })
}

/// For a load balancer: whether tokens of all issuers can be verified. Where one issuer's outage should not take the
/// others down with it, ask for `any`.
async fn health(State(verifier): State<Verifier>) -> (StatusCode, Json<Vec<IssuerStatus>>) {
    let issuers = verifier.status();
    let ready = issuers.iter().all(IssuerStatus::is_usable);
    let status = if ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    (status, Json(issuers))
}

fn app(verifier: &Verifier) -> Router {
    let required =
        Router::new().route("/claims", get(claims)).route_layer(JwtLayer::new(verifier.clone()));
    let optional = Router::new()
        .route("/optional", get(optional))
        .route_layer(JwtLayer::new(verifier.clone()).optional());
    let health = Router::new().route("/health", get(health)).with_state(verifier.clone());
    required.merge(optional).merge(health)
}

#[tokio::main]
async fn main() -> ExitCode {
    let colour = std::io::stderr().is_terminal();
    tracing_subscriber::fmt().with_writer(std::io::stderr).with_ansi(colour).init();
    let Some(path) = config_path(std::env::args().skip(1)) else {
        eprintln!("usage: resource_server [--config FILE]");
        return ExitCode::from(2);
    };
    match serve(&path).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

fn config_path(mut arguments: impl Iterator<Item = String>) -> Option<PathBuf> {
    match (arguments.next().as_deref(), arguments.next(), arguments.next()) {
        (None, None, None) => Some(OWN.into()),
        (Some("--config"), Some(path), None) => Some(path.into()),
        _ => None,
    }
}

async fn serve(path: &Path) -> Result<(), Box<dyn Error>> {
    let settings = read(path).map_err(|error| format!("{}: {error}", path.display()))?;
    let folder = path.parent().unwrap_or(Path::new(""));
    let verifier = VerifierConfig::new(settings.issuers)
        .relative_to(folder)
        .build()
        .map_err(|error| format!("{}: {error}", path.display()))?;

    // Keys are fetched before they are needed; until they are there, requests wait or get 503.
    let preload = verifier.preload();
    tokio::spawn(async {
        preload.await.inspect_err(|error| tracing::warn!(%error, "no keys yet"))
    });

    let listener = tokio::net::TcpListener::bind(settings.listen)
        .await
        .map_err(|error| format!("cannot listen on {}: {error}", settings.listen))?;
    let own = Path::new(OWN).canonicalize();
    if own.is_ok_and(|own| path.canonicalize().is_ok_and(|path| path == own)) {
        println!("TOKEN={}", mint()?);
    }
    println!("URL=http://{0}\nlistening on http://{0}", listener.local_addr()?);
    Ok(axum::serve(listener, app(&verifier)).await?)
}

fn read(path: &Path) -> Result<Settings, Box<dyn Error>> {
    let text = fs::read_to_string(path)?;
    toml::from_str(&text).map_err(|error| {
        // Printing the error itself would show the line, and there may be a secret in it.
        let before = error.span().and_then(|span| text.get(..span.start)).unwrap_or_default();
        let line = before.matches('\n').count() + 1;
        format!("line {line}: {}", error.message()).into()
    })
}

/// A token for the curl lines. In production the issuer mints it, and the private key is never here.
fn mint() -> Result<String, Box<dyn Error>> {
    let pem = include_bytes!("keys/ed25519.private.pem");
    let header =
        Header { kid: Some("2026-11".to_owned()), ..Header::new(jsonwebtoken::Algorithm::EdDSA) };
    let exp = jsonwebtoken::get_current_timestamp() + 3600;
    let claims = json!({
        "iss": "https://issuer.example",
        "aud": "https://api.example",
        "sub": "ada",
        "exp": exp,
    });
    Ok(jsonwebtoken::encode(&header, &claims, &EncodingKey::from_ed_pem(pem)?)?)
}
