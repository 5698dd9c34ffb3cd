//! Three nodes of the demo that share sessions, revocations and keys, behind a proxy that gives each connection to the next of them.
//!
//! ```sh
//! cargo run -p tower-bearer-cluster -- redis        # or: postgres, or the URL of a server that is there. Prints URL
//!
//! TOKEN=$(curl -si $URL/login -d '{"name":"ada","password":"lovelace"}' -H 'content-type: application/json' | sed -n 's/^set-cookie: __Host-refresh_token=\([^;]*\).*/\1/p')
//! CALL=$(curl -si -X POST $URL/refresh -b "__Host-refresh_token=$TOKEN" | sed -n 's/^set-cookie: __Host-access_token=\([^;]*\).*/\1/p')
//! curl -i $URL/me -b "__Host-access_token=$CALL"                      # 200, and x-node says which node it was
//! curl -i $URL/me -b "__Host-access_token=$CALL"                      # 200, the next
//! curl -i $URL/me -b "__Host-access_token=$CALL"                      # 200, the third
//! curl -i -X POST $URL/refresh -b "__Host-refresh_token=$TOKEN"       # 200, on another node than before: the same successor
//! curl -i -X POST $URL/logout -b "__Host-refresh_token=$TOKEN"        # 204
//! curl -i $URL/me -b "__Host-access_token=$CALL"                      # 401, on each node
//! curl -i $URL/me -b "__Host-access_token=$CALL"                      # 401
//! curl -i $URL/me -b "__Host-access_token=$CALL"                      # 401
//! ```
//!
//! The page at `URL` is the demo's; a browser keeps its connection, and so its node, for a while.

#[path = "../../demo/app.rs"]
mod app;
mod balancer;
#[path = "../../demo/thief.rs"]
mod thief;
#[path = "../../demo/users.rs"]
mod users;

use std::{error::Error, fs, path::PathBuf, process::ExitCode};

use axum::{http::HeaderValue, middleware::map_response, response::Response};
use tokio::{
    net::TcpListener,
    signal::{ctrl_c, unix},
};
use tower_bearer::{Algorithm, RevocationLog, SessionStore, SigningKeys};
use tower_bearer_postgres::{PostgresStore, sqlx::PgPool};
use tower_bearer_redis::RedisStore;
use tower_bearer_stores::{Postgres, Redis, Server};

type Result<T> = std::result::Result<T, Box<dyn Error>>;

const NODES: u8 = 3;

#[tokio::main]
async fn main() -> ExitCode {
    let asked = std::env::args().nth(1).unwrap_or_default();
    let scheme = asked.split_once("://").map_or(&*asked, |(scheme, _)| scheme);
    let done = match (scheme, &*asked) {
        ("redis", "redis") => with_own::<Redis, _>(redis).await,
        ("postgres", "postgres") => with_own::<Postgres, _>(postgres).await,
        ("redis" | "rediss", url) => run("a Redis", async || redis(url.to_owned()).await).await,
        ("postgres" | "postgresql", url) => {
            run("a PostgreSQL", async || postgres(url.to_owned()).await).await
        }
        _ => Err("say where sessions are kept: redis, postgres, or a URL of one of them".into()),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

async fn redis(url: String) -> Result<RedisStore> {
    Ok(RedisStore::connect(&url).await?)
}

async fn postgres(url: String) -> Result<PostgresStore> {
    let pool = PgPool::connect_lazy(&url)?;
    Ok(PostgresStore::builder(pool).migrate().await?.connect().await?)
}

/// With a server that ends with this program.
async fn with_own<T: Server, S>(connect: impl AsyncFn(String) -> Result<S>) -> Result<()>
where
    S: SessionStore + RevocationLog + Clone,
{
    if let Some(missing) = T::missing() {
        return Err(missing.into());
    }
    let server = T::start();
    let url = server.url();
    run(&url, async || connect(url.clone()).await).await
}

/// Each node has connections of its own, and all have the same keys and the same secret.
async fn run<S>(place: &str, connect: impl AsyncFn() -> Result<S>) -> Result<()>
where
    S: SessionStore + RevocationLog + Clone,
{
    let front = TcpListener::bind(("127.0.0.1", port()?)).await?;
    let url = format!("http://{}", front.local_addr()?);
    let keys = Folder::new()?;
    let mut secret = [0; 32];
    getrandom::fill(&mut secret)?;
    let mut nodes = Vec::new();
    for number in 1..=NODES {
        let signing = SigningKeys::open(&keys.0, Algorithm::ES256)?;
        let app = app::app(&url, connect().await?, signing, secret)?.layer(map_response(
            move |mut response: Response| async move {
                response.headers_mut().insert("x-node", HeaderValue::from(u16::from(number)));
                response
            },
        ));
        let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
        let address = listener.local_addr()?;
        println!("node {number} at http://{address}");
        nodes.push(address);
        tokio::spawn(async move { axum::serve(listener, app).await });
    }
    println!("sessions in {place}\nURL={url}\nlistening on {url}");
    let mut terminated = unix::signal(unix::SignalKind::terminate())?;
    tokio::select! {
        ended = balancer::balance(front, nodes) => Ok(ended?),
        asked = ctrl_c() => Ok(asked?),
        _ = terminated.recv() => Ok(()),
    }
}

fn port() -> Result<u16> {
    Ok(std::env::var("PORT").map_or(Ok(0), |port| port.parse())?)
}

/// Where the nodes find their signing keys; on several machines it is a shared folder, or one that is handed out.
struct Folder(PathBuf);

impl Folder {
    fn new() -> Result<Self> {
        let mut name = [0; 8];
        getrandom::fill(&mut name)?;
        let name = format!("tower-bearer-cluster-{:x}", u64::from_ne_bytes(name));
        Ok(Self(std::env::temp_dir().join(name)))
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}
