//! An API that tells clients by itself where its tokens come from and which scopes there are
//! (RFC 9728), and asks for more scopes when they are needed. Clients of the Model Context
//! Protocol work like this; the endpoint here takes its `tools/call`, and no more of it.
//!
//! ```sh
//! cargo run --example protected_resource     # prints URL and the tokens
//!
//! curl -i $URL/mcp -d '{"tool":"list_notes"}'                                              # 401: where to read on, and the scope to begin with
//! curl -i $URL/.well-known/oauth-protected-resource/mcp                                    # 200, what the challenge leads to
//! curl -i $URL/.well-known/oauth-protected-resource                                        # 200, for clients that saw no challenge
//! curl -i $URL/mcp -d '{"tool":"list_notes"}' -H "authorization: Bearer $READ_TOKEN"       # 200
//! curl -i $URL/mcp -d '{"tool":"add_note"}' -H "authorization: Bearer $READ_TOKEN"         # 403, scope="notes:read notes:write": ask the user again
//! curl -i $URL/mcp -d '{"tool":"add_note"}' -H "authorization: Bearer $WRITE_TOKEN"        # 200
//! curl -i $URL/mcp -d '{"tool":"delete_notes"}' -H "authorization: Bearer $WRITE_TOKEN"    # 403, scope="notes:read notes:write notes:delete"
//! ```

use std::sync::Arc;

use axum::{
    Router,
    extract::State,
    http::StatusCode,
    response::{IntoResponse, Response},
    routing::post,
};
use jsonwebtoken::{EncodingKey, Header};
use serde::Deserialize;
use serde_json::json;
use tower_bearer::{
    ConfigError, JwtLayer, ProtectedResource, Rejection, RequireScope, ScopeCatalog, StaticKeys,
    TrustedIssuer, VerifiedToken, Verifier,
};

const ISSUER: &str = "https://issuer.example";

/// What each tool asks for. All tools are behind one route, so the handler judges.
struct Tools {
    add: RequireScope,
    delete: RequireScope,
}

#[derive(Deserialize)]
struct Call {
    tool: String,
}

async fn call(
    State(tools): State<Arc<Tools>>,
    token: VerifiedToken,
    body: String,
) -> Result<Response, Rejection> {
    let Ok(Call { tool }) = serde_json::from_str(&body) else {
        return Ok((StatusCode::BAD_REQUEST, "{\"tool\": …}\n").into_response());
    };
    let done = match tool.as_str() {
        "list_notes" => "all notes\n",
        "add_note" => {
            tools.add.check(&token)?;
            "added\n"
        }
        "delete_notes" => {
            tools.delete.check(&token)?;
            "deleted\n"
        }
        _ => return Ok((StatusCode::NOT_FOUND, "no such tool\n").into_response()),
    };
    Ok(done.into_response())
}

/// The API under this origin, such as `https://api.example`.
pub(crate) fn app(origin: &str, secret: &[u8]) -> Result<Router, ConfigError> {
    let scopes = ScopeCatalog::new(["notes:read", "notes:write", "notes:delete"])?;
    let tools = Tools {
        add: scopes.all(["notes:write"])?,
        delete: scopes.all(["notes:write", "notes:delete"])?,
    };
    // From the set-up, not from a header: whoever calls could write anything there.
    let resource = ProtectedResource::new(format!("{origin}/mcp"))?
        .authorization_server(ISSUER)?
        .scopes(&scopes)
        .name("Notes");

    // Tokens are for this resource alone (RFC 8707).
    let keys = StaticKeys::hs256(secret)?;
    let issuer = TrustedIssuer::new(ISSUER, resource.resource(), keys);
    let layer = JwtLayer::new(Verifier::new(issuer)?)
        .resource_metadata(resource.metadata_url())?
        .require(scopes.all(["notes:read"])?);

    let app =
        Router::new().route("/mcp", post(call)).with_state(Arc::new(tools)).route_layer(layer);
    // After the layer, for the metadata is read without a token.
    Ok(resource.paths().fold(app, |app, path| app.route_service(path, resource.clone())))
}

/// A token for this run: in production the authorization server issues it, once its user has
/// allowed these scopes.
pub(crate) fn mint(
    origin: &str,
    secret: &[u8],
    scope: &str,
) -> jsonwebtoken::errors::Result<String> {
    let exp = jsonwebtoken::get_current_timestamp() + 3600;
    let aud = format!("{origin}/mcp");
    let claims = json!({ "iss": ISSUER, "aud": aud, "sub": "ada", "exp": exp, "scope": scope });
    jsonwebtoken::encode(&Header::default(), &claims, &EncodingKey::from_secret(secret))
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut secret = [0; 32];
    getrandom::fill(&mut secret)?;

    let port = std::env::var("PORT").map_or(Ok(0), |port| port.parse::<u16>())?;
    let listener = tokio::net::TcpListener::bind(("127.0.0.1", port)).await?;
    let origin = format!("http://{}", listener.local_addr()?);
    let app = app(&origin, &secret)?;
    println!("READ_TOKEN={}", mint(&origin, &secret, "notes:read")?);
    println!("WRITE_TOKEN={}", mint(&origin, &secret, "notes:read notes:write")?);
    println!("URL={origin}\nlistening on {origin}");
    Ok(axum::serve(listener, app).await?)
}
