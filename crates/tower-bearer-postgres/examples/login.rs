//! A service that logs in, renews and logs out, with its sessions in PostgreSQL: start it twice, with the same secrets, and either of the two
//! takes the tokens of the other, and refuses what the other has revoked.
//!
//! ```sh
//! export DATABASE_URL=postgres://postgres@127.0.0.1/postgres
//! export REFRESH_SECRET=$(head -c 32 /dev/urandom | base64) KEYS=$(mktemp -d)           # the same for each node
//! PORT=3001 cargo run -p tower-bearer-postgres --example login &
//! PORT=3002 cargo run -p tower-bearer-postgres --example login &
//! URL=http://127.0.0.1:3001 TWO=http://127.0.0.1:3002
//! for NODE in $URL $TWO; do curl -s --retry 999 --retry-delay 1 --retry-connrefused $NODE/me; done     # until both are built
//!
//! curl -i $URL/login -d 'name=ada&password=babbage'                                     # 403, the wrong password
//! TOKEN=$(curl -s $URL/login -d 'name=ada&password=lovelace' | sed 's/.*"refresh_token":"\([^"]*\)".*/\1/')
//! CALL=$(curl -s $URL/refresh -d "refresh_token=$TOKEN" | sed 's/.*"access_token":"\([^"]*\)".*/\1/')
//! curl -i $URL/me -H "authorization: Bearer $CALL"                                      # 200, ada
//! curl -i $URL/me                                                                       # 401
//! curl -i $URL/doctor                                                                   # what is right and wrong about the server
//! curl -i $TWO/me -H "authorization: Bearer $CALL"                                      # 200, on the other node
//! curl -i $TWO/logout -d "refresh_token=$TOKEN"                                         # 204
//! curl -i $URL/me -H "authorization: Bearer $CALL"                                      # 401, from now on
//! curl -i $URL/refresh -d "refresh_token=$TOKEN"                                        # 400, the session has ended
//! ```

use std::{process::ExitCode, time::Duration};

use axum::{
    Form, Json, Router,
    extract::State,
    http::{StatusCode, header},
    response::{IntoResponse, Response},
    routing::{get, post},
};
use serde::Deserialize;
use tower_bearer::{
    Algorithm, ConfigError, Grant, GrantError, Issuer, JwtLayer, Login, RefreshKeys, Revocations,
    Session, SessionRoutes, Sessions, SigningKeys, VerifiedToken, well_known,
};
use tower_bearer_postgres::{PostgresStore, sqlx::postgres::PgPoolOptions};

#[derive(Deserialize)]
struct Credentials {
    name: String,
    password: String,
}

async fn login(
    State(sessions): State<Sessions<PostgresStore>>,
    Form(login): Form<Credentials>,
) -> Response {
    // A real service verifies a password hash here.
    if login.name != "ada" || login.password != "lovelace" {
        return StatusCode::FORBIDDEN.into_response();
    }
    match sessions.start(Login::new(&login.name), &Grant::new()).await {
        Ok(pair) => ([(header::CACHE_CONTROL, "no-store")], Json(pair)).into_response(),
        Err(error) => error.into_response(),
    }
}

/// Asked at each renewal.
async fn grant(_: Session) -> Result<Grant, GrantError> {
    Ok(Grant::new())
}

async fn me(token: VerifiedToken) -> String {
    format!("hello {}\n", token.subject().unwrap_or_default())
}

async fn doctor(State(store): State<PostgresStore>) -> String {
    store.doctor().await.to_string()
}

/// The tables are made if there are none.
async fn store(url: &str) -> Result<PostgresStore, ConfigError> {
    let pool = PgPoolOptions::new().max_connections(10).connect_lazy(url);
    let pool = pool.map_err(|_| ConfigError::new("DATABASE_URL is none of postgres://"))?;
    PostgresStore::builder(pool).migrate().await?.connect().await
}

fn secret() -> Result<Vec<u8>, getrandom::Error> {
    if let Ok(secret) = std::env::var("REFRESH_SECRET") {
        return Ok(secret.into_bytes());
    }
    println!("there is no REFRESH_SECRET: sessions last until this ends");
    let mut secret = vec![0; 32];
    getrandom::fill(&mut secret)?;
    Ok(secret)
}

/// Those of all nodes are in one folder, and are changed by them in turn.
fn keys() -> Result<SigningKeys, ConfigError> {
    match std::env::var("KEYS") {
        Ok(folder) => SigningKeys::builder(Algorithm::ES256).folder(folder).build(),
        Err(_) => SigningKeys::generate(Algorithm::ES256),
    }
}

async fn serve(url: &str) -> Result<(), Box<dyn std::error::Error>> {
    let store = store(url).await?;
    let name = "https://login.example";
    let revocations =
        Revocations::builder(name, Duration::from_mins(15)).log(store.clone()).build()?;
    let issuer = Issuer::builder(name, "https://api.example", "web", keys()?)
        .revocations(revocations)
        .build()?;
    let sessions = Sessions::new(issuer.clone(), store.clone(), RefreshKeys::new(secret()?)?)?;
    let app = Router::new()
        .route("/me", get(me))
        .route_layer(JwtLayer::new(issuer.verifier()?))
        .route("/login", post(login))
        .with_state(sessions.clone())
        .merge(Router::new().route("/doctor", get(doctor)).with_state(store))
        .merge(SessionRoutes::with_json(sessions, grant).router()?)
        .merge(well_known(&issuer)?);

    let port = std::env::var("PORT").map_or(Ok(0), |port| port.parse::<u16>())?;
    let listener = tokio::net::TcpListener::bind(("127.0.0.1", port)).await?;
    let address = listener.local_addr()?;
    println!("URL=http://{address}\nlistening on http://{address}");
    Ok(axum::serve(listener, app).await?)
}

#[tokio::main]
async fn main() -> ExitCode {
    let Ok(url) = std::env::var("DATABASE_URL") else {
        eprintln!(
            "set DATABASE_URL, as in postgres://user:password@127.0.0.1/database: PostgreSQL 15 or later"
        );
        return ExitCode::FAILURE;
    };
    if let Err(error) = serve(&url).await {
        eprintln!("{error}");
        return ExitCode::FAILURE;
    }
    ExitCode::SUCCESS
}
