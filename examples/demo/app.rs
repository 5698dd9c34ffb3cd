//! The service itself, over any store. The example `cluster` has it as well, on three nodes.

use std::{error::Error, fmt::Write as _, time::Duration};

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
    AuthorizationHeader, AuthorizeLayer, ConfigError, Issuer, JwtLayer, Login, NumericDate,
    RefreshKeys, RequireRole, RevocationLog, Revocations, SessionCookies, SessionRoutes,
    SessionStore, Sessions, SigningKeys, TokenSource, VerifiedToken, well_known,
};
use tower_http::csrf::CsrfLayer;

use crate::{
    thief::{self, Loot},
    users::Users,
};

/// How long an access token lives: a minute in place of 15, so that there is something to be seen.
const LIFETIME: Duration = Duration::from_secs(60);

/// For so long the last refresh token may come again. 30 s would be the default; nobody wants to wait that long for a demonstration.
const GRACE: Duration = Duration::from_secs(3);

/// What a request needs of the program.
#[derive(Clone)]
pub(crate) struct Desk<S> {
    pub(crate) sessions: Sessions<S>,
    pub(crate) cookies: SessionCookies,
    pub(crate) users: Users,
    pub(crate) loot: Loot,
}

#[derive(Deserialize)]
struct Credentials {
    name: String,
    password: String,
}

async fn login<S: SessionStore + Clone>(
    Extension(desk): Extension<Desk<S>>,
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
async fn page<S: SessionStore + Clone>(
    Extension(desk): Extension<Desk<S>>,
) -> Result<Response, StatusCode> {
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

/// One node: what is shared with others is in the store, in the keys and in the secret.
pub(crate) fn app<S>(
    url: &str,
    store: S,
    keys: SigningKeys,
    secret: [u8; 32],
) -> Result<Router, Box<dyn Error>>
where
    S: SessionStore + RevocationLog + Clone,
{
    let revocations = Revocations::builder(url, LIFETIME).log(store.clone()).build()?;
    let issuer = Issuer::builder(url, "https://api.example", "web", keys)
        .lifetime(LIFETIME)
        .revocations(revocations)
        .build()?;
    let sessions =
        Sessions::builder(issuer, store, RefreshKeys::new(secret)?).grace(GRACE).build()?;
    let cookies = SessionCookies::browser_app();
    Ok(router(Desk { sessions, cookies, users: Users::new()?, loot: Loot::default() })?)
}

fn router<S: SessionStore + Clone>(desk: Desk<S>) -> Result<Router, ConfigError> {
    let Desk { sessions, cookies, users, loot: _ } = desk.clone();
    let issuer = sessions.issuer();
    let layer = JwtLayer::new(issuer.verifier()?).source(AuthorizationHeader.or(cookies.source()));
    let reports = Router::new()
        .route("/reports", get(reports))
        .route_layer(AuthorizeLayer::new(RequireRole::any("roles", ["auditor"])?));
    let protected = Router::new().route("/me", get(me)).merge(reports).route_layer(layer);
    // These look at no access token, so they have to be told where a request comes from.
    let open = Router::new()
        .route("/login", post(login::<S>))
        .route("/thief/steal", post(thief::steal::<S>))
        .route("/thief/replay", post(thief::replay::<S>))
        .route_layer(CsrfLayer::new());
    let grant = move |session| {
        let users = users.clone();
        async move { users.grant(&session) }
    };
    let routes = SessionRoutes::with_cookies(cookies, sessions.clone(), grant);
    Ok(Router::new()
        .route("/", get(page::<S>))
        .merge(protected)
        .merge(open)
        .merge(routes.router()?)
        .merge(well_known(issuer)?)
        .layer(DefaultBodyLimit::max(4 * 1024))
        .layer(Extension(desk)))
}
