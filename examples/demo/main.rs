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

mod thief;
mod users;

use std::{fmt::Write as _, time::Duration};

use axum::{
    Extension, Json, Router,
    extract::DefaultBodyLimit,
    http::{
        HeaderMap, StatusCode,
        header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, USER_AGENT},
    },
    response::{Html, IntoResponse, Response},
    routing::{get, post},
};
use serde::Deserialize;
use serde_json::json;
use tower_bearer::{
    Algorithm, AuthorizationHeader, AuthorizeLayer, Issuer, JwtLayer, Login, NumericDate,
    RedbStore, RefreshKeys, RequireRole, Revocations, SessionCookies, SessionRoutes, Sessions,
    SigningKeys, TokenSource, VerifiedToken, well_known,
};
use tower_http::csrf::CsrfLayer;

use crate::{thief::Loot, users::Users};

/// Where sessions are kept: any other `SessionStore` does as well.
type Store = RedbStore;

/// How long an access token lives: a minute in place of 15, so that there is something to be seen.
const LIFETIME: Duration = Duration::from_secs(60);

/// For so long the last refresh token may come again. 30 s would be the default; nobody wants to wait that long for a demonstration.
const GRACE: Duration = Duration::from_secs(3);

/// What a request needs of the program.
#[derive(Clone)]
struct Desk {
    sessions: Sessions<Store>,
    cookies: SessionCookies,
    users: Users,
    loot: Loot,
}

#[derive(Deserialize)]
struct Credentials {
    name: String,
    password: String,
}

async fn login(
    Extension(desk): Extension<Desk>,
    headers: HeaderMap,
    Json(login): Json<Credentials>,
) -> Response {
    let Desk { sessions, cookies, users, loot: _ } = desk;
    let Some(grant) = users.check(&login.name, login.password).await else {
        return StatusCode::FORBIDDEN.into_response();
    };
    // Whoever logs in again has one session more and not two.
    if let Ok(Some(earlier)) = cookies.refresh_token(&headers) {
        drop(sessions.end_by_token(earlier).await);
    }
    let device = headers.get(USER_AGENT).and_then(|agent| agent.to_str().ok()).unwrap_or_default();
    let pair = match sessions.start(Login::new(login.name).device(device), &grant).await {
        Ok(pair) => pair,
        Err(error) => return error.into_response(),
    };
    match cookies.set(&pair) {
        Ok(set) => (set, StatusCode::NO_CONTENT).into_response(),
        Err(error) => error.into_response(),
    }
}

async fn me(token: VerifiedToken) -> Response {
    let roles = token.claim::<Vec<String>>("roles").ok().flatten().unwrap_or_default();
    let expires = token.expires_at().map(NumericDate::as_secs);
    let body = json!({ "name": token.subject(), "roles": roles, "expires_at": expires });
    ([(CACHE_CONTROL, "no-store")], Json(body)).into_response()
}

/// For auditors alone.
async fn reports() -> Response {
    ([(CACHE_CONTROL, "no-store")], "Three cups of tea, and a difference engine.").into_response()
}

/// The same for everybody. It runs no script and shows no style but its own, and stands in nobody's frame.
async fn page(Extension(desk): Extension<Desk>) -> Result<Response, StatusCode> {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes).map_err(|_| StatusCode::INTERNAL_SERVER_ERROR)?;
    let nonce = bytes.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    });
    let policy = format!(
        "default-src 'none'; script-src 'nonce-{nonce}'; style-src 'nonce-{nonce}'; connect-src 'self'; \
         base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    );
    let html = include_str!("page.html")
        .replace("{nonce}", &nonce)
        .replace("{grace}", &GRACE.as_secs().to_string())
        .replace("{life}", &desk.sessions.issuer().lifetime().as_secs().to_string());
    let headers = [
        (CONTENT_SECURITY_POLICY, &*policy),
        (CACHE_CONTROL, "no-store"),
        (axum::http::header::REFERRER_POLICY, "no-referrer"),
        (axum::http::header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    ];
    Ok((headers, Html(html)).into_response())
}

fn app(desk: Desk) -> Result<Router, tower_bearer::ConfigError> {
    let Desk { sessions, cookies, users, loot: _ } = desk.clone();
    let issuer = sessions.issuer();
    let layer = JwtLayer::new(issuer.verifier()?).source(AuthorizationHeader.or(cookies.source()));
    let reports = Router::new()
        .route("/reports", get(reports))
        .route_layer(AuthorizeLayer::new(RequireRole::any("roles", ["auditor"])?));
    let protected = Router::new().route("/me", get(me)).merge(reports).route_layer(layer);
    // These look at no access token, so they have to be told where a request comes from.
    let open = Router::new()
        .route("/login", post(login))
        .route("/thief/steal", post(thief::steal))
        .route("/thief/replay", post(thief::replay))
        .route_layer(CsrfLayer::new());
    let grant = move |session| {
        let users = users.clone();
        async move { users.grant(&session) }
    };
    let routes = SessionRoutes::with_cookies(cookies, sessions.clone(), grant);
    Ok(Router::new()
        .route("/", get(page))
        .merge(protected)
        .merge(open)
        .merge(routes.router()?)
        .merge(well_known(issuer)?)
        .layer(DefaultBodyLimit::max(4 * 1024))
        .layer(Extension(desk)))
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

    // One file has the sessions and what is revoked. Of its own for each start, as the keys are.
    let mut name = [0; 8];
    getrandom::fill(&mut name)?;
    let name = format!("tower-bearer-demo-{:x}.redb", u64::from_ne_bytes(name));
    let file = std::env::temp_dir().join(name);
    let store = Store::open(&file)?;
    let revocations = Revocations::builder(&url, LIFETIME).log(store.clone()).build()?;
    let issuer = Issuer::builder(&url, "https://api.example", "web", keys)
        .lifetime(LIFETIME)
        .revocations(revocations)
        .build()?;
    let sessions =
        Sessions::builder(issuer, store, RefreshKeys::new(secret)?).grace(GRACE).build()?;
    let app = app(Desk {
        sessions,
        cookies: SessionCookies::browser_app(),
        users: Users::new()?,
        loot: Loot::default(),
    })?;

    println!("sessions in {}\nURL={url}\nlistening on {url}", file.display());
    Ok(axum::serve(listener, app).await?)
}
