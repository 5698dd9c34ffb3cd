//! What a client sees on the wire.
//!
//! How much it gets says when it ended: the time of its own that passes meanwhile is at the mercy of the sockets.

use axum::{Router, body::Body, routing::get, serve::ListenerExt};
use futures_util::stream;
use hyper::{Response, header::CONTENT_TYPE};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
};
use tower_bearer::{JwtLayer, LifetimeLayer};

use super::*;
use crate::support::verifiers;

/// A tick for each second, for ever.
fn ticks(content_type: &'static str) -> Response<Body> {
    let ticks = stream::unfold((), |()| async {
        pass(SECOND).await;
        Some((Ok::<_, std::convert::Infallible>("tick\n"), ()))
    });
    let response = Response::builder().header(CONTENT_TYPE, content_type);
    response.body(Body::from_stream(ticks)).unwrap()
}

/// All that comes of `GET` on this path until the server closes the connection.
async fn all_of(path: &str, issuer: TrustedIssuer, token: &str) -> String {
    let app = Router::new()
        .route("/events", get(|| async { ticks("text/event-stream") }))
        .route("/download", get(|| async { ticks("text/plain") }))
        .route_layer(LifetimeLayer::new())
        .route_layer(JwtLayer::new(verifiers::new(issuer).unwrap()));
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let address = listener.local_addr().unwrap();
    let listener = listener.tap_io(|stream| stream.set_nodelay(true).unwrap());
    let server = tokio::spawn(async { axum::serve(listener, app).await.unwrap() });

    let mut client = TcpStream::connect(address).await.unwrap();
    let request = format!(
        "GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nAuthorization: Bearer {token}\r\n\r\n"
    );
    client.write_all(request.as_bytes()).await.unwrap();
    let mut read = Vec::new();
    soon(client.read_to_end(&mut read)).await.unwrap();
    server.abort();
    String::from_utf8(read).unwrap()
}

/// The end of a chunked body that is complete ([RFC 9112 §7.1](https://www.rfc-editor.org/rfc/rfc9112#section-7.1)).
const COMPLETE: &str = "\r\n0\r\n\r\n";

#[tokio::test(start_paused = true)]
async fn a_client_gets_events_until_exp_and_a_body_that_is_complete() {
    let read = all_of("/events", issuer(), &token_for(5.5)).await;
    assert!(read.starts_with("HTTP/1.1 200 OK"), "{read}");
    assert!(read.contains("transfer-encoding: chunked"), "{read}");
    assert_eq!(read.matches("tick").count(), 5, "{read}");
    assert!(read.ends_with(COMPLETE), "{read}");
}

#[tokio::test(start_paused = true)]
async fn a_client_of_any_other_stream_sees_that_it_is_broken() {
    let read = all_of("/download", issuer(), &token_for(5.5)).await;
    assert!(read.contains("transfer-encoding: chunked"), "{read}");
    assert_eq!(read.matches("tick").count(), 5, "{read}");
    assert!(!read.ends_with(COMPLETE), "{read}");
}

#[tokio::test(start_paused = true)]
async fn a_revoked_one_loses_its_connection_within_a_second() {
    let told = Told::default();
    let (issuer, token) = (issuer().revocation(told.clone()), token_for(900.0));
    let reader = tokio::spawn(async move { all_of("/events", issuer, &token).await });
    pass(Duration::from_millis(7_500)).await;
    told.say(Revocation::Revoked);
    let read = reader.await.unwrap();
    assert!(read.ends_with(COMPLETE), "{read}");
    assert!(matches!(read.matches("tick").count(), 7 | 8), "{read}");
}
