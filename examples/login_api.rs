//! The whole way of a login, as JSON for a client that keeps its tokens itself, such as an app on a phone: log in, call, renew,
//! see where one is logged in, log out.
//!
//! ```sh
//! cargo run --example login_api --features routes       # prints URL
//!
//! curl -i $URL/login -d 'name=ada&password=babbage'                                        # 403, the wrong password
//! TOKEN=$(curl -s $URL/login -d 'name=ada&password=lovelace' -A phone | sed 's/.*"refresh_token":"\([^"]*\)".*/\1/')
//! curl -i $URL/refresh -H 'content-type: application/json' -d "{\"refresh_token\":\"$TOKEN\"}"    # 200, a new pair
//! curl -i $URL/refresh -d "grant_type=refresh_token&refresh_token=$TOKEN"                  # 200, the same one: an answer may have been lost
//! curl -i $URL/refresh -d 'grant_type=refresh_token&refresh_token=AAAA'                    # 400, invalid_grant
//! curl -i $URL/refresh -d 'grant_type=password&refresh_token=AAAA'                         # 400, unsupported_grant_type
//! curl -i -X POST $URL/refresh                                                             # 400, invalid_request
//!
//! CALL=$(curl -s $URL/refresh -d "refresh_token=$TOKEN" | sed 's/.*"access_token":"\([^"]*\)".*/\1/')
//! curl -i $URL/me -H "authorization: Bearer $CALL"                                         # 200, ada
//! curl -i $URL/me                                                                          # 401
//! curl -i $URL/sessions -H "authorization: Bearer $CALL"                                   # 200, one on a phone
//! curl -i -X DELETE $URL/sessions/AAAAAAAAAAAAAAAAAAAAAA -H "authorization: Bearer $CALL"  # 404, it is nobody's
//! curl -i $URL/logout/others -X POST -H "authorization: Bearer $CALL"                      # 200, there are none
//! curl -i $URL/logout -d "refresh_token=$TOKEN"                                            # 204
//! curl -i $URL/me -H "authorization: Bearer $CALL"                                         # 401, from now on and not in 15 minutes
//! curl -i $URL/refresh -d "refresh_token=$TOKEN"                                           # 400, the session has ended
//!
//! curl -i $URL/.well-known/jwks.json                                                       # 200, for whoever verifies its tokens
//! curl -i $URL/.well-known/openid-configuration                                            # 200
//! ```

use axum::{
    Form, Json, Router,
    extract::State,
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Response},
    routing::{get, post},
};
use serde::Deserialize;
use tower_bearer::{
    Algorithm, ConfigError, Grant, GrantError, Issuer, JwtLayer, Login, MemoryStore, RefreshKeys,
    Session, SessionRoutes, Sessions, SigningKeys, VerifiedToken, well_known,
};

#[derive(Deserialize)]
struct Credentials {
    name: String,
    password: String,
}

async fn login(
    State(sessions): State<Sessions<MemoryStore>>,
    headers: HeaderMap,
    Form(login): Form<Credentials>,
) -> Response {
    // A real service verifies a password hash here, as `examples/demo` does.
    if login.name != "ada" || login.password != "lovelace" {
        return StatusCode::FORBIDDEN.into_response();
    }
    let device = headers.get(header::USER_AGENT).and_then(|agent| agent.to_str().ok());
    let who = Login::new(&login.name).device(device.unwrap_or_default());
    let pair = match may_do(&login.name) {
        Ok(grant) => sessions.start(who, &grant).await,
        Err(_) => return StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    };
    match pair {
        Ok(pair) => ([(header::CACHE_CONTROL, "no-store")], Json(pair)).into_response(),
        Err(error) => error.into_response(),
    }
}

/// A real service has a database.
fn may_do(_name: &str) -> Result<Grant, ConfigError> {
    Grant::new().roles(["clerk"])
}

/// Asked at each renewal: a role that was taken away is gone in 15 minutes at most.
async fn grant(session: Session) -> Result<Grant, GrantError> {
    Ok(may_do(&session.subject)?)
}

async fn me(token: VerifiedToken) -> String {
    format!("hello {}", token.subject().unwrap_or_default())
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let port = std::env::var("PORT").map_or(Ok(0), |port| port.parse::<u16>())?;
    let listener = tokio::net::TcpListener::bind(("127.0.0.1", port)).await?;
    let url = format!("http://{}", listener.local_addr()?);

    // New ones at each start; a real service keeps both where it keeps its other secrets.
    let keys = SigningKeys::generate(Algorithm::ES256)?;
    let mut secret = [0; 32];
    getrandom::fill(&mut secret)?;

    let issuer = Issuer::new(&url, "https://api.example", "phone", keys)?;
    let sessions = Sessions::new(issuer.clone(), MemoryStore::new(), RefreshKeys::new(secret)?)?;
    let app = Router::new()
        .route("/me", get(me))
        .route_layer(JwtLayer::new(issuer.verifier()?))
        .route("/login", post(login))
        .with_state(sessions.clone())
        .merge(SessionRoutes::with_json(sessions, grant).router()?)
        .merge(well_known(&issuer)?);

    println!("URL={url}\nlistening on {url}");
    Ok(axum::serve(listener, app).await?)
}
