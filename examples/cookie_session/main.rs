//! A page whose token is in a cookie, out of reach of its scripts, and the same API for programs that send
//! a header. No other site can use the cookie: what changes something asks where the request comes from.
//!
//! ```sh
//! cargo run --example cookie_session     # prints URL, a page for your browser: ada, lovelace
//!
//! TOKEN=$(curl -si $URL/login -d 'name=ada&password=lovelace' | sed -n 's/^set-cookie: __Host-token=\([^;]*\).*/\1/p')
//! curl -i $URL/me -b "__Host-token=$TOKEN"                                                      # 200, the notes
//! curl -i $URL/notes -d text=tea -b "__Host-token=$TOKEN" -H "origin: $URL"                     # 303, by the page itself
//! curl -i $URL/notes -d text=tea -b "__Host-token=$TOKEN" -H 'origin: https://evil.example'     # 403
//! curl -i $URL/notes -d text=tea -b "__Host-token=$TOKEN" -H 'sec-fetch-site: cross-site'       # 403
//! curl -i $URL/notes -d text=tea -H "authorization: Bearer $TOKEN" -H 'origin: https://evil.example'  # 303, no browser adds a header unasked
//! curl -i $URL/me -b "__Host-token=$TOKEN; __Host-token=$TOKEN"                                 # 400, twice
//! curl -i $URL/me -b "__Host-token=$TOKEN" -H 'authorization: Bearer a b'                       # 400, a cookie saves no bad header
//! curl -i $URL/me                                                                               # 401
//! curl -i $URL/login -d 'name=ada&password=lovelace' -H 'origin: https://evil.example'          # 403, nobody is logged in by another site
//! curl -i $URL/login -d 'name=ada&password=babbage'                                             # 403, the wrong password
//! curl -i -X POST $URL/logout                                                                   # 303
//! ```
//!
//! The cookie is `Secure`, so it takes TLS. On `http://127.0.0.1` and `http://localhost` Chromium and Firefox make an
//! exception; Safari makes none, and drops it: put a proxy with TLS in front there.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use axum::{
    Form, Json, Router,
    extract::State,
    http::{
        StatusCode,
        header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, SET_COOKIE},
    },
    response::{Html, IntoResponse, Redirect, Response},
    routing::{get, post},
};
use jsonwebtoken::{EncodingKey, Header, get_current_timestamp as now};
use serde::{Deserialize, Serialize};
use serde_json::json;
use tower_bearer::{
    AuthorizationHeader, Claims, JwtLayer, StaticKeys, TokenCookie, TokenSource, TrustedIssuer,
    Verifier,
};
use tower_http::csrf::CsrfLayer;

const ISSUER: &str = "https://issuer.example";
const AUDIENCE: &str = "https://api.example";
const COOKIE: &str = "__Host-token";
const SECONDS: u64 = 15 * 60;

/// By subject. A real service has a database.
type Notes = Arc<Mutex<HashMap<String, Vec<String>>>>;

#[derive(Deserialize, Serialize)]
struct User {
    iss: String,
    aud: String,
    sub: String,
    exp: u64,
}

#[derive(Deserialize)]
struct Login {
    name: String,
    password: String,
}

#[derive(Deserialize)]
struct Note {
    text: String,
}

async fn login(State(key): State<EncodingKey>, Form(login): Form<Login>) -> Response {
    // A real service looks up a password hash here.
    if login.name != "ada" || login.password != "lovelace" {
        return page(StatusCode::FORBIDDEN, "The name or the password is wrong.");
    }
    let (iss, aud) = (ISSUER.to_owned(), AUDIENCE.to_owned());
    let user = User { iss, aud, sub: login.name, exp: now() + SECONDS };
    match jsonwebtoken::encode(&Header::default(), &user, &key) {
        Ok(token) => go_home_with_cookie(&token, SECONDS),
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}

/// Open to everybody, for the token may be over. Whoever has copied it can still use it until then.
async fn logout() -> Response {
    go_home_with_cookie("", 0)
}

fn go_home_with_cookie(value: &str, seconds: u64) -> Response {
    let cookie =
        format!("{COOKIE}={value}; Path=/; Secure; HttpOnly; SameSite=Strict; Max-Age={seconds}");
    ([(SET_COOKIE, cookie)], Redirect::to("/")).into_response()
}

/// The same for everybody, and it asks for `/me` itself: who follows a link from another site comes without a
/// cookie that is `SameSite=Strict`.
async fn home() -> Response {
    page(StatusCode::OK, "")
}

async fn me(State(notes): State<Notes>, Claims(user): Claims<User>) -> Response {
    let notes = notes.lock().unwrap_or_else(PoisonError::into_inner);
    let of_user = notes.get(&user.sub).map(Vec::as_slice).unwrap_or_default();
    let body = json!({ "sub": user.sub, "notes": of_user });
    // What is answered to a cookie, a shared cache would keep.
    ([(CACHE_CONTROL, "no-store")], Json(body)).into_response()
}

async fn add_note(
    State(notes): State<Notes>,
    Claims(user): Claims<User>,
    Form(note): Form<Note>,
) -> Redirect {
    let mut notes = notes.lock().unwrap_or_else(PoisonError::into_inner);
    notes.entry(user.sub.clone()).or_default().push(note.text);
    Redirect::to("/")
}

/// `message` is text of this program's or of the library's, not of a request.
fn page(status: StatusCode, message: &str) -> Response {
    let html = include_str!("page.html").replace("<!-- message -->", message);
    // No page of another origin shows it in a frame and has its buttons pressed.
    let policy = [(CONTENT_SECURITY_POLICY, "frame-ancestors 'none'")];
    (status, policy, Html(html)).into_response()
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    // A new secret at each start; a real service keeps it where it keeps its other secrets.
    let mut secret = [0; 32];
    getrandom::fill(&mut secret)?;

    let keys = StaticKeys::hs256(secret)?;
    let verifier = Verifier::new(TrustedIssuer::new(ISSUER, AUDIENCE, keys))?;
    let layer = JwtLayer::new(verifier)
        .source(AuthorizationHeader.or(TokenCookie::new(COOKIE)?))
        .respond_with(|rejection| page(rejection.status(), rejection.description()));
    let protected = Router::new()
        .route("/me", get(me))
        .route("/notes", post(add_note))
        .route_layer(layer)
        .with_state(Notes::default());
    // These look at no token, so they have to be told where a request comes from.
    let session = Router::new()
        .route("/login", post(login))
        .route("/logout", post(logout))
        .route_layer(CsrfLayer::new())
        .with_state(EncodingKey::from_secret(&secret));
    let app = Router::new().route("/", get(home)).merge(protected).merge(session);

    let port = std::env::var("PORT").map_or(Ok(0), |port| port.parse::<u16>())?;
    let listener = tokio::net::TcpListener::bind(("127.0.0.1", port)).await?;
    println!("URL=http://{0}\nlistening on http://{0}", listener.local_addr()?);
    Ok(axum::serve(listener, app).await?)
}
