//! A WebSocket whose task closes it when its token ends.

use axum::{
    Router,
    extract::ws::{CloseFrame, Message, WebSocket, WebSocketUpgrade},
    response::Response,
    routing::get,
    serve::ListenerExt,
};
use futures_util::{SinkExt, StreamExt};
use tokio::net::{TcpListener, TcpStream};
use tokio_tungstenite::{
    WebSocketStream, client_async,
    tungstenite::{self, client::IntoClientRequest},
};
use tower_bearer::{JwtLayer, LifetimeLayer, VerifiedToken};

use super::*;
use crate::support::verifiers;

/// Policy violation ([RFC 6455 §7.4.1](https://www.rfc-editor.org/rfc/rfc6455#section-7.4.1)).
const POLICY: u16 = 1008;

async fn connect(upgrade: WebSocketUpgrade, token: VerifiedToken) -> Response {
    upgrade.on_upgrade(move |socket| echo(socket, token.lifetime()))
}

async fn echo(mut socket: WebSocket, mut lifetime: Lifetime) {
    let began = Instant::now();
    loop {
        tokio::select! {
            end = &mut lifetime => {
                let reason = format!("{} after {} s", end.code(), began.elapsed().as_secs());
                let close = CloseFrame { code: POLICY, reason: reason.into() };
                socket.send(Message::Close(Some(close))).await.unwrap();
                return;
            }
            Some(Ok(message)) = socket.recv() => socket.send(message).await.unwrap(),
            else => return,
        }
    }
}

/// A socket to a server with this issuer.
async fn open(issuer: TrustedIssuer, token: &str) -> WebSocketStream<TcpStream> {
    let app = Router::new()
        .route("/", get(connect))
        .route_layer(LifetimeLayer::new())
        .route_layer(JwtLayer::new(verifiers::new(issuer).unwrap()));
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let address = listener.local_addr().unwrap();
    let listener = listener.tap_io(|stream| stream.set_nodelay(true).unwrap());
    tokio::spawn(async { axum::serve(listener, app).await.unwrap() });

    let mut request = format!("ws://{address}/").into_client_request().unwrap();
    request.headers_mut().insert("authorization", format!("Bearer {token}").parse().unwrap());
    let stream = TcpStream::connect(address).await.unwrap();
    stream.set_nodelay(true).unwrap();
    client_async(request, stream).await.unwrap().0
}

/// Sends a word and gets it back.
async fn talk(socket: &mut WebSocketStream<TcpStream>, word: &'static str) {
    socket.send(tungstenite::Message::text(word)).await.unwrap();
    assert_eq!(socket.next().await.unwrap().unwrap(), tungstenite::Message::text(word));
}

/// The code and the reason with which the server closes.
async fn closing(socket: &mut WebSocketStream<TcpStream>) -> (u16, String) {
    match soon(socket.next()).await.unwrap().unwrap() {
        tungstenite::Message::Close(Some(frame)) => (frame.code.into(), frame.reason.to_string()),
        other => panic!("{other:?}"),
    }
}

#[tokio::test(start_paused = true)]
async fn it_is_closed_at_exp_and_told_why() {
    let mut socket = open(issuer(), &token_for(30.0)).await;
    for word in ["one", "two"] {
        talk(&mut socket, word).await;
        pass(10 * SECOND).await;
    }
    assert_eq!(closing(&mut socket).await, (POLICY, "expired after 30 s".to_owned()));
}

#[tokio::test(start_paused = true)]
async fn it_is_closed_within_a_second_of_revocation() {
    let told = Told::default();
    let mut socket = open(issuer().revocation(told.clone()), &token_for(900.0)).await;
    talk(&mut socket, "one").await;
    pass(20 * SECOND).await;
    talk(&mut socket, "two").await;
    told.say(Revocation::Revoked);
    let (code, reason) = closing(&mut socket).await;
    assert_eq!(code, POLICY);
    assert!(["revoked after 20 s", "revoked after 21 s"].contains(&&*reason), "{reason}");
}
