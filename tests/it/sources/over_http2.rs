//! The same over HTTP/2, where sockets are opened by `CONNECT` (RFC 8441) and cookies come in pieces.

use std::convert::Infallible;

use http_body_util::{BodyExt, Empty, Full};
use hyper::{
    HeaderMap, Method, Request, Response,
    body::{Bytes, Incoming},
    client::conn::http2::{SendRequest, handshake},
    ext::Protocol,
    header::{CACHE_CONTROL, COOKIE, SEC_WEBSOCKET_PROTOCOL},
    server::conn::http2,
};
use hyper_util::rt::{TokioExecutor, TokioIo};
use tower::{Layer, ServiceExt, service_fn};
use tower_bearer::JwtLayer;

use super::{Body, Place, Source, at_hand, expired, good, layers, with};
use crate::support::{MODES, outcome};

/// A client of a service behind this layer that answers with its outcome, and chooses this subprotocol.
async fn client(layer: JwtLayer, chosen: Option<&'static str>) -> SendRequest<Body> {
    let inner = service_fn(move |request: Request<Incoming>| async move {
        let protocols = request.headers().get_all(SEC_WEBSOCKET_PROTOCOL).iter();
        let protocols: Vec<_> = protocols.map(|line| line.to_str().unwrap()).collect();
        let mut cookies = request.headers().get_all(COOKIE).iter();
        assert!(cookies.all(hyper::header::HeaderValue::is_sensitive));
        let text = format!("{}; {}", outcome(&request), protocols.join(" and "));
        let mut response = Response::new(Full::<Bytes>::from(text));
        if let Some(chosen) = chosen {
            response.headers_mut().insert(SEC_WEBSOCKET_PROTOCOL, chosen.parse().unwrap());
        }
        Ok::<_, Infallible>(response)
    });
    let service = layer.source(Source::chain(&Place::ALL)).layer(inner);
    let service = hyper::service::service_fn(move |request: Request<Incoming>| {
        service.clone().oneshot(request)
    });
    let (near, far) = tokio::io::duplex(64 * 1024);
    let mut server = http2::Builder::new(TokioExecutor::new());
    server.enable_connect_protocol();
    tokio::spawn(server.serve_connection(TokioIo::new(far), service));
    let (mut client, connection) =
        handshake(TokioExecutor::new(), TokioIo::new(near)).await.unwrap();
    tokio::spawn(connection);
    // What the server can do is known with its first answer.
    client.send_request(request(&Method::GET)).await.unwrap();
    client
}

fn request(method: &Method) -> Request<Body> {
    let request = Request::builder().method(method).uri("https://app.example/feed");
    let mut request = request.body(Empty::new()).unwrap();
    if method == Method::CONNECT {
        request.extensions_mut().insert(Protocol::from_static("websocket"));
    }
    request
}

async fn send(client: &mut SendRequest<Body>, request: Request<Body>) -> (u16, HeaderMap, String) {
    let connect = request.method() == Method::CONNECT;
    let (head, body) = client.send_request(request).await.unwrap().into_parts();
    let open = connect && head.status == 200;
    let text = if open { Bytes::new() } else { body.collect().await.unwrap().to_bytes() };
    (head.status.as_u16(), head.headers, String::from_utf8(text.to_vec()).unwrap())
}

fn chosen(headers: &HeaderMap) -> Vec<&str> {
    let values = headers.get_all(SEC_WEBSOCKET_PROTOCOL).iter();
    values.map(|value| value.to_str().unwrap()).collect()
}

#[tokio::test]
async fn a_token_is_found_in_every_place() {
    for (keys, layer) in layers() {
        let mut client = client(layer, None).await;
        for place in Place::ALL {
            let mut found = request(&Method::GET);
            place.put(&mut found, good());
            let (status, headers, body) = send(&mut client, found).await;
            let left = if place == Place::Socket { "bearer" } else { "" };
            let expected = format!("{}; {left}", place.verified());
            assert_eq!((status, &*body), (200, &*expected), "{place:?}, {keys}");
            assert_eq!(headers.contains_key(CACHE_CONTROL), place == Place::Query, "{place:?}");
            assert_eq!(chosen(&headers), [""; 0], "{place:?}: a 200 to a GET opens nothing");
            for (text, expected) in [(expired(), 401), (String::new(), 400)] {
                let mut bad = request(&Method::GET);
                // HTTP/2 knows no space at the end of a value.
                let text =
                    if place == Place::Header && text.is_empty() { "=".into() } else { text };
                place.put(&mut bad, text);
                assert_eq!(send(&mut client, bad).await.0, expected, "{place:?}, {keys}");
            }
        }
    }
}

#[tokio::test]
async fn cookies_come_in_pieces() {
    let mut client = client(at_hand(), None).await;
    let ours = format!("__Host-token={}", good());
    for (cookies, status) in [
        (vec!["a=b", &*ours, "c=d"], 200),
        (vec![&*ours], 200),
        (vec![&*ours, "a=b", &*ours], 400),
        (vec![&*ours, "__Host-token="], 400),
        (vec!["a=b", "c=d"], 401),
    ] {
        let lines: Vec<_> = cookies.iter().map(|cookie| ("cookie", *cookie)).collect();
        let (found, ..) = send(&mut client, with(request(&Method::GET), &lines)).await;
        assert_eq!(found, status, "{cookies:?}");
    }
}

/// HTTP/1.1 takes white space away.
#[tokio::test]
async fn white_space_hides_no_scheme() {
    for (mode, set) in MODES.into_iter().take(2) {
        let mut client = client(set(at_hand()), None).await;
        for line in [" Bearer a.b.c", "\tBearer a.b.c", " "] {
            // A client that forbids it would be as good; ours does not look.
            let lines = [("authorization", line)];
            let mut forged = with(request(&Method::GET), &lines);
            Place::Cookie.put(&mut forged, good());
            if let Ok(reply) = client.send_request(forged).await {
                assert_eq!(reply.status(), 400, "{mode}, {line:?}");
            }
        }
    }
}

#[tokio::test]
async fn a_socket_that_is_opened_by_connect_chooses_bearer() {
    for (keys, layer) in layers() {
        let mut silent = client(layer.clone(), None).await;
        let mut own = client(layer, Some("chat.v2")).await;
        let offers = format!("chat.v2, Bearer, {}", good());
        let lines = [("sec-websocket-protocol", &*offers)];
        let connect = || with(request(&Method::CONNECT), &lines);
        let (status, headers, _) = send(&mut silent, connect()).await;
        assert_eq!((status, chosen(&headers)), (200, vec!["Bearer"]), "{keys}");
        let (status, headers, _) = send(&mut own, connect()).await;
        assert_eq!((status, chosen(&headers)), (200, vec!["chat.v2"]), "{keys}");

        let lines = [("sec-websocket-protocol", "bearer, a.b.c")];
        let bad = with(request(&Method::CONNECT), &lines);
        let (status, headers, _) = send(&mut silent, bad).await;
        assert_eq!((status, chosen(&headers)), (401, vec![]), "{keys}");
        let mut by_header = request(&Method::CONNECT);
        Place::Header.put(&mut by_header, good());
        let (status, headers, _) = send(&mut silent, by_header).await;
        assert_eq!((status, chosen(&headers)), (200, vec![]), "{keys}: none was offered");
    }
}

#[tokio::test]
async fn a_socket_with_a_cookie_has_to_say_where_it_is_from() {
    let layer = at_hand().trusted_origin("https://trusted.example").unwrap();
    let mut client = client(layer, None).await;
    for (lines, connect, post) in [
        (&[][..], 403, 200),
        (&[("origin", "https://app.example")], 200, 200),
        (&[("origin", "https://trusted.example")], 200, 200),
        (&[("origin", "https://app.example:8443")], 403, 403),
        (&[("origin", "https://evil.example")], 403, 403),
        (&[("origin", "null")], 403, 403),
        // The name in `:authority` counts.
        (&[("origin", "https://evil.example"), ("host", "evil.example")], 403, 403),
        (&[("origin", "https://app.example"), ("host", "evil.example")], 200, 200),
    ] {
        for (method, expected) in [(Method::CONNECT, connect), (Method::POST, post)] {
            let mut forged = with(request(&method), lines);
            Place::Cookie.put(&mut forged, good());
            let (status, ..) = send(&mut client, forged).await;
            assert_eq!(status, expected, "{method}, {lines:?}");
        }
    }
}
