//! A socket for browsers, whose `WebSocket` can set no header: the token comes as a subprotocol, or in a cookie. It
//! ends when its token ends.
//!
//! ```sh
//! cargo run --example websocket     # prints URL, a page for your browser: ada, lovelace
//!
//! TOKEN=$(curl -s $URL/token -d 'name=ada&password=lovelace&seconds=60')
//! CALL="-i -m 1 -H upgrade:websocket -H connection:upgrade -H sec-websocket-version:13 -H sec-websocket-key:AAAAAAAAAAAAAAAAAAAAAA=="
//! curl $CALL $URL/socket -H "sec-websocket-protocol: bearer, $TOKEN"                             # 101, hello ada
//! curl $CALL $URL/socket -H "sec-websocket-protocol: bearer, $TOKEN" -H 'origin: https://other.example'  # 101, only who has the token can send it
//! curl $CALL $URL/socket -H "authorization: Bearer $TOKEN"                                       # 101, a program
//! curl $CALL $URL/socket -b "__Host-token=$TOKEN" -H "origin: $URL"                              # 101, the page itself
//! curl $CALL $URL/socket -b "__Host-token=$TOKEN" -H 'origin: https://evil.example'              # 403
//! curl $CALL $URL/socket -b "__Host-token=$TOKEN"                                                # 403, browsers name their origin
//! curl $CALL $URL/socket                                                                         # 401
//! curl $CALL $URL/socket -H "sec-websocket-protocol: bearer, ${TOKEN}x"                          # 401
//! curl $CALL $URL/socket -H 'sec-websocket-protocol: bearer'                                     # 400, and where is it?
//! ```
//!
//! `-m 1` ends a call after a second, for curl cannot talk in the socket that it opens. On `Secure` cookies without TLS
//! see the example `cookie_session`.

use std::time::Duration;

use axum::{
    Form, Router,
    extract::{
        State, WebSocketUpgrade,
        ws::{CloseFrame, Message, WebSocket},
    },
    http::{StatusCode, header::SET_COOKIE},
    response::{AppendHeaders, Html, IntoResponse, Response},
    routing::{get, post},
};
use jsonwebtoken::{EncodingKey, Header};
use serde::Deserialize;
use serde_json::json;
use tower_bearer::{
    AuthorizationHeader, JwtLayer, StaticKeys, TokenCookie, TokenEnd, TokenSource, TrustedIssuer,
    VerifiedToken, Verifier, WebSocketProtocol,
};
use tower_http::csrf::CsrfLayer;

const ISSUER: &str = "https://issuer.example";
const AUDIENCE: &str = "https://api.example";
const COOKIE: &str = "__Host-token";
const MOST_SECONDS: u64 = 15 * 60;

#[derive(Deserialize)]
struct Login {
    name: String,
    password: String,
    /// How long the token shall live.
    seconds: u64,
}

/// For a script that keeps the token itself.
async fn token(key: State<EncodingKey>, Form(login): Form<Login>) -> Result<String, StatusCode> {
    mint(&key, &login)
}

/// For a browser that keeps the token where no script gets at it.
async fn session(
    key: State<EncodingKey>,
    Form(login): Form<Login>,
) -> Result<Response, StatusCode> {
    let (token, seconds) = (mint(&key, &login)?, login.seconds.min(MOST_SECONDS));
    let cookie =
        format!("{COOKIE}={token}; Path=/; Secure; HttpOnly; SameSite=Strict; Max-Age={seconds}");
    Ok((StatusCode::NO_CONTENT, AppendHeaders([(SET_COOKIE, cookie)])).into_response())
}

fn mint(key: &EncodingKey, login: &Login) -> Result<String, StatusCode> {
    // A real service looks up a password hash here.
    if login.name != "ada" || login.password != "lovelace" {
        return Err(StatusCode::FORBIDDEN);
    }
    let exp = jsonwebtoken::get_current_timestamp() + login.seconds.min(MOST_SECONDS);
    let claims = json!({ "iss": ISSUER, "aud": AUDIENCE, "sub": login.name, "exp": exp });
    jsonwebtoken::encode(&Header::default(), &claims, key)
        .map_err(|_| StatusCode::INTERNAL_SERVER_ERROR)
}

/// The layer has judged the token, and answers `bearer` to a browser that has offered it.
async fn socket(token: VerifiedToken, upgrade: WebSocketUpgrade) -> Response {
    upgrade.on_upgrade(|socket| serve(socket, token))
}

async fn serve(mut socket: WebSocket, token: VerifiedToken) {
    let end = tokio::select! {
        biased; // No message is read once the token is over.
        end = token.lifetime() => end,
        _gone = talk(&mut socket, &token) => return,
    };
    // A client that reads nothing must not keep it open.
    let _late = tokio::time::timeout(Duration::from_secs(5), part(&mut socket, end)).await;
}

/// Greets, then says everything again. `None` when the client is gone.
async fn talk(socket: &mut WebSocket, token: &VerifiedToken) -> Option<()> {
    let greeting = format!("hello {}", token.subject().unwrap_or("stranger"));
    socket.send(greeting.into()).await.ok()?;
    loop {
        let message = socket.recv().await?.ok()?;
        if matches!(message, Message::Text(_) | Message::Binary(_)) {
            socket.send(message).await.ok()?;
        }
    }
}

/// Says why, and waits until the client has read it.
async fn part(socket: &mut WebSocket, end: TokenEnd) {
    // 4000 to 4999 are for applications (RFC 6455 §7.4.2).
    let frame = CloseFrame { code: 4401, reason: end.code().into() };
    let mut said = socket.send(Message::Close(Some(frame))).await;
    while said.is_ok()
        && let Some(message) = socket.recv().await
    {
        said = message.map(drop);
    }
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut secret = [0; 32];
    getrandom::fill(&mut secret)?;

    let keys = StaticKeys::hs256(secret)?;
    let issuer = TrustedIssuer::new(ISSUER, AUDIENCE, keys).leeway(Duration::ZERO);
    let source = AuthorizationHeader.or(WebSocketProtocol).or(TokenCookie::new(COOKIE)?);
    let app = Router::new()
        .route("/socket", get(socket))
        .route_layer(JwtLayer::new(Verifier::new(issuer)?).source(source));
    let logins = Router::new()
        .route("/token", post(token))
        .route("/session", post(session))
        .route_layer(CsrfLayer::new())
        .with_state(EncodingKey::from_secret(&secret));
    let page = Router::new().route("/", get(async || Html(include_str!("page.html"))));

    let port = std::env::var("PORT").map_or(Ok(0), |port| port.parse::<u16>())?;
    let listener = tokio::net::TcpListener::bind(("127.0.0.1", port)).await?;
    println!("URL=http://{0}\nlistening on http://{0}", listener.local_addr()?);
    Ok(axum::serve(listener, app.merge(logins).merge(page)).await?)
}
