//! Logins that all nodes of a service know: sessions and revocations in Redis. Start it twice, and log in on one, renew and log out on the other.
//!
//! ```sh
//! redis-server --port 6380 --appendonly yes --appendfsync always &
//! export REDIS_URL=redis://127.0.0.1:6380/ SECRET=$(head -c 32 /dev/urandom | base64) KEYS=$(mktemp -d)
//! PORT=3001 cargo run -p tower-bearer-redis --example login &
//! PORT=3002 cargo run -p tower-bearer-redis --example login &
//! ONE=http://127.0.0.1:3001 TWO=http://127.0.0.1:3002
//!
//! for NODE in $ONE $TWO; do curl -s --retry 999 --retry-delay 1 --retry-connrefused $NODE/me; done    # until both are built
//! curl -i $ONE/login -d 'name=ada&password=babbage'                        # 403, the wrong password
//! PAIR=$(curl -s $ONE/login -d 'name=ada&password=lovelace' -A phone)
//! TOKEN=$(echo $PAIR | sed 's/.*"refresh_token":"\([^"]*\)".*/\1/') CALL=$(echo $PAIR | sed 's/.*"access_token":"\([^"]*\)".*/\1/')
//! curl -i $TWO/me -H "authorization: Bearer $CALL"                         # 200, ada
//! curl -i $TWO/refresh -d "grant_type=refresh_token&refresh_token=$TOKEN"  # 200, a new pair
//! curl -i $ONE/refresh -d "grant_type=refresh_token&refresh_token=$TOKEN"  # 200, the same refresh token: an answer may have been lost
//! curl -i $ONE/sessions -H "authorization: Bearer $CALL"                   # 200, one on a phone
//! curl -i $TWO/logout -d "refresh_token=$TOKEN"                            # 204
//! curl -i $ONE/me -H "authorization: Bearer $CALL"                         # 401, on the other node as well
//! curl -i $ONE/refresh -d "refresh_token=$TOKEN"                           # 400, the session has ended
//! ```

use std::{env, time::Duration};

use axum::{
    Form, Json, Router,
    extract::State,
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Response},
    routing::{get, post},
};
use tower_bearer::{
    Algorithm, Grant, Issuer, JwtLayer, Login, RefreshKeys, Revocations, Session, SessionRoutes,
    Sessions, SigningKeys, VerifiedToken,
};
use tower_bearer_redis::RedisStore;

/// The same on all nodes, wherever they run.
const ISSUER: &str = "https://login.example";

async fn login(
    State(sessions): State<Sessions<RedisStore>>,
    headers: HeaderMap,
    Form(credentials): Form<Vec<(String, String)>>,
) -> Response {
    let field = |wanted: &str| {
        credentials.iter().find(|(name, _)| name == wanted).map_or("", |(_, value)| value)
    };
    // A real service verifies a password hash here, as `examples/demo` of tower-bearer does.
    if field("name") != "ada" || field("password") != "lovelace" {
        return StatusCode::FORBIDDEN.into_response();
    }
    let device = headers.get(header::USER_AGENT).and_then(|agent| agent.to_str().ok());
    let who = Login::new("ada").device(device.unwrap_or_default());
    match sessions.start(who, &Grant::new()).await {
        Ok(pair) => ([(header::CACHE_CONTROL, "no-store")], Json(pair)).into_response(),
        Err(error) => error.into_response(),
    }
}

async fn me(token: VerifiedToken) -> String {
    format!("hello {}\n", token.subject().unwrap_or_default())
}

fn app(sessions: Sessions<RedisStore>) -> Result<Router, tower_bearer::ConfigError> {
    // Asked at each renewal: what the subject may do by now.
    let grant = async |_: Session| Ok(Grant::new());
    Ok(Router::new()
        .route("/me", get(me))
        .route_layer(JwtLayer::new(sessions.issuer().verifier()?))
        .route("/login", post(login))
        .with_state(sessions.clone())
        .merge(SessionRoutes::with_json(sessions, grant).router()?))
}

/// What all nodes have in common; without it, one that is good for this process.
fn secrets() -> Result<(SigningKeys, RefreshKeys), Box<dyn std::error::Error>> {
    let keys = match env::var("KEYS") {
        Ok(folder) => SigningKeys::open(folder, Algorithm::ES256)?,
        Err(_) => SigningKeys::generate(Algorithm::ES256)?,
    };
    if let Ok(secret) = env::var("SECRET") {
        return Ok((keys, RefreshKeys::new(secret)?));
    }
    let mut secret = [0; 32];
    getrandom::fill(&mut secret)?;
    Ok((keys, RefreshKeys::new(secret)?))
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    tracing_subscriber::fmt().init();
    let url = env::var("REDIS_URL").unwrap_or_else(|_| "redis://127.0.0.1:6380/".to_owned());
    let store = match RedisStore::connect(&url).await {
        Ok(store) => store,
        Err(error) => {
            eprintln!("{error}");
            eprintln!(
                "if there is none, start one: redis-server --port 6380 --appendonly yes --appendfsync always; or say where it is: REDIS_URL"
            );
            std::process::exit(1);
        }
    };
    print!("{}", store.doctor().await);

    let revocations = Revocations::builder(ISSUER, Duration::from_secs(15 * 60)).log(store.clone());
    let (keys, secret) = secrets()?;
    let issuer = Issuer::builder(ISSUER, "https://api.example", "phone", keys)
        .revocations(revocations.build()?)
        .build()?;
    let app = app(Sessions::new(issuer, store, secret)?)?;

    let port = env::var("PORT").map_or(Ok(0), |port| port.parse::<u16>())?;
    let listener = tokio::net::TcpListener::bind(("127.0.0.1", port)).await?;
    println!("listening on http://{}", listener.local_addr()?);
    Ok(axum::serve(listener, app).await?)
}
