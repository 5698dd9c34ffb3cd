//! All of it in one page: log in, see where one is logged in, renew, be refused for want of a role, log out here and everywhere, and what
//! becomes of a refresh token that was stolen.
//!
//! ```sh
//! cargo run --example demo --features routes,redb     # prints URL, a page for your browser
//!
//! curl -i $URL/                                                                                 # 200, the page
//! curl -i $URL/login -d '{"name":"ada","password":"babbage"}' -H 'content-type: application/json'    # 403, the wrong password
//! curl -i $URL/login -d '{}' -H 'content-type: application/json' -H 'sec-fetch-site: cross-site'     # 403, another site's page
//! TOKEN=$(curl -si $URL/login -d '{"name":"eve","password":"gardens"}' -H 'content-type: application/json' | sed -n 's/^set-cookie: __Host-refresh_token=\([^;]*\).*/\1/p')
//! CALL=$(curl -si -X POST $URL/refresh -b "__Host-refresh_token=$TOKEN" | sed -n 's/^set-cookie: __Host-access_token=\([^;]*\).*/\1/p')
//! curl -i $URL/me -b "__Host-access_token=$CALL"                                                # 200, who it is
//! curl -i $URL/reports -b "__Host-access_token=$CALL"                                           # 403, for want of a role
//! curl -i $URL/sessions -b "__Host-access_token=$CALL"                                          # 200
//! curl -i -X POST $URL/logout -b "__Host-refresh_token=$TOKEN" -H 'origin: https://evil.example'    # 403
//! curl -i -X POST $URL/logout -b "__Host-refresh_token=$TOKEN"                                  # 204
//! curl -i $URL/me -b "__Host-access_token=$CALL"                                                # 401, at once
//! ```
//!
//! The cookies are `Secure`, so they take TLS. On `http://127.0.0.1` and `http://localhost` Chromium and Firefox make an
//! exception; Safari makes none.

mod app;
mod thief;
mod users;

use tower_bearer::{Algorithm, RedbStore, SigningKeys};

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let port = std::env::var("PORT").map_or(Ok(0), |port| port.parse::<u16>())?;
    let listener = tokio::net::TcpListener::bind(("127.0.0.1", port)).await?;
    let url = format!("http://{}", listener.local_addr()?);

    // New ones at each start; a real service keeps both where it keeps its other secrets.
    let keys = SigningKeys::generate(Algorithm::ES256)?;
    let mut secret = [0; 32];
    getrandom::fill(&mut secret)?;

    // One file has the sessions and what is revoked. Of its own for each start, as the keys are. Any other store does as well.
    let mut name = [0; 8];
    getrandom::fill(&mut name)?;
    let name = format!("tower-bearer-demo-{:x}.redb", u64::from_ne_bytes(name));
    let file = std::env::temp_dir().join(name);
    let app = app::app(&url, RedbStore::open(&file)?, keys, secret)?;

    println!("sessions in {}\nURL={url}\nlistening on {url}", file.display());
    Ok(axum::serve(listener, app).await?)
}
