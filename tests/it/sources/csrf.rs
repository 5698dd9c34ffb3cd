//! Requests that a page of another origin makes a browser send with its cookie.

use hyper::{Method, Request};
use tower::{Layer, ServiceExt};
use tower_bearer::JwtLayer;

use super::{
    Answer::{self, CrossOrigin, Good},
    Body, Place, at_hand, good, method, outcomes, to_host, with,
};
use crate::support::App;

pub(super) const HOST: &str = "app.example";

/// A request with a cookie, and whether it passes at a service at [`HOST`] that trusts one other origin.
pub(super) struct Case {
    pub(super) name: &'static str,
    pub(super) lines: &'static [(&'static str, &'static str)],
    pub(super) passes: bool,
}

const fn passes(name: &'static str, lines: &'static [(&'static str, &'static str)]) -> Case {
    Case { name, lines, passes: true }
}

const fn refused(name: &'static str, lines: &'static [(&'static str, &'static str)]) -> Case {
    Case { name, lines, passes: false }
}

pub(super) const SITE: &str = "sec-fetch-site";

/// Of methods that may change something.
pub(super) const UNSAFE: [Case; 40] = [
    passes("no browser", &[]),
    passes("its own page", &[(SITE, "same-origin")]),
    passes("the user", &[(SITE, "none")]),
    passes(
        "its own page, and says where",
        &[(SITE, "same-origin"), ("origin", "https://app.example")],
    ),
    refused("another site", &[(SITE, "cross-site")]),
    refused("a sister", &[(SITE, "same-site")]),
    refused("nonsense", &[(SITE, "same-origins")]),
    refused("another case", &[(SITE, "Same-Origin")]),
    refused(
        "another site, as it says",
        &[(SITE, "cross-site"), ("origin", "https://evil.example")],
    ),
    refused("another site, from here", &[(SITE, "cross-site"), ("origin", "https://app.example")]),
    passes("trusted", &[(SITE, "cross-site"), ("origin", "https://trusted.example")]),
    passes("a trusted sister", &[(SITE, "same-site"), ("origin", "https://trusted.example")]),
    passes("an old browser, trusted", &[("origin", "https://trusted.example")]),
    passes("an old browser, its own page", &[("origin", "https://app.example")]),
    passes("an old browser, by http", &[("origin", "http://app.example")]), // TLS may end before us
    passes("nothing said of the site", &[(SITE, ""), ("origin", "https://app.example")]),
    refused("nothing said, another origin", &[(SITE, ""), ("origin", "https://evil.example")]),
    passes("an empty origin", &[("origin", "")]),
    refused("no origin to speak of", &[("origin", "null")]),
    refused("a frame in a sandbox", &[(SITE, "cross-site"), ("origin", "null")]),
    refused("an old browser, another page", &[("origin", "https://evil.example")]),
    refused("another port", &[("origin", "https://app.example:8443")]),
    refused("its own port, said", &[("origin", "https://app.example:443")]),
    refused("upper case", &[("origin", "https://APP.example")]),
    refused("a name that ends so", &[("origin", "https://evilapp.example")]),
    refused("a name that begins so", &[("origin", "https://app.example.evil.example")]),
    refused("a user of that name", &[("origin", "https://app.example@evil.example")]),
    refused("a user here", &[("origin", "https://evil@app.example")]),
    refused("two", &[("origin", "https://app.example https://evil.example")]),
    refused("no scheme", &[("origin", "app.example")]),
    refused("another scheme", &[("origin", "ftp://app.example")]),
    refused("trusted, another port", &[("origin", "https://trusted.example:8443")]),
    refused("trusted, by http", &[("origin", "http://trusted.example")]),
    refused("a child of the trusted", &[("origin", "https://a.trusted.example")]),
    refused(
        "here, and another one",
        &[("origin", "https://app.example"), ("origin", "https://evil.example")],
    ),
    refused(
        "trusted, and another one",
        &[("origin", "https://trusted.example"), ("origin", "https://evil.example")],
    ),
    refused("here, twice", &[("origin", "https://app.example"), ("origin", "https://app.example")]),
    refused("this site, and another one", &[(SITE, "same-origin"), (SITE, "cross-site")]),
    refused("nothing said, and another site", &[(SITE, ""), (SITE, "cross-site")]),
    refused("two names", &[("host", "evil.example"), ("origin", "https://app.example")]),
];

/// Of handshakes: what passes above without an `Origin` does not here.
pub(super) const SOCKETS: [Case; 22] = [
    refused("no browser", &[]),
    refused("nothing but its site", &[(SITE, "same-origin")]),
    refused("nothing but the user", &[(SITE, "none")]),
    refused("another site", &[(SITE, "cross-site")]),
    refused("an empty origin", &[("origin", "")]),
    refused("an empty origin, its own page", &[("origin", ""), (SITE, "same-origin")]),
    refused("no origin to speak of", &[("origin", "null")]),
    refused("another page", &[("origin", "https://evil.example")]),
    refused("another port", &[("origin", "https://app.example:8443")]),
    refused("another site, from here", &[(SITE, "cross-site"), ("origin", "https://app.example")]),
    refused("a name that ends so", &[("origin", "https://evilapp.example")]),
    refused("the scheme of sockets", &[("origin", "wss://app.example")]),
    refused("no scheme", &[("origin", "app.example")]),
    refused("trusted, another port", &[("origin", "https://trusted.example:8443")]),
    refused("nothing said, another origin", &[(SITE, ""), ("origin", "https://evil.example")]),
    passes("its own page", &[("origin", "https://app.example")]),
    passes("its own page, by http", &[("origin", "http://app.example")]),
    passes(
        "its own page, and its site",
        &[("origin", "https://app.example"), (SITE, "same-origin")],
    ),
    passes("trusted", &[("origin", "https://trusted.example")]),
    passes("trusted, and its site", &[("origin", "https://trusted.example"), (SITE, "cross-site")]),
    refused(
        "its own page, and another one",
        &[("origin", "https://app.example"), ("origin", "https://evil.example")],
    ),
    refused(
        "its site, and another one",
        &[("origin", "https://app.example"), (SITE, "same-origin"), (SITE, "cross-site")],
    ),
];

pub(super) fn trusting(layer: JwtLayer) -> JwtLayer {
    layer.trusted_origin("https://trusted.example").unwrap()
}

pub(super) async fn cookies() -> App {
    outcomes(trusting(at_hand()).source(Place::Cookie.source())).await
}

pub(super) fn answer(passes: bool) -> Answer {
    if passes { Good(Place::Cookie) } else { CrossOrigin }
}

/// A request with a good cookie to [`HOST`].
pub(super) fn by_cookie(method: &str, lines: &[(&'static str, &str)]) -> Request<Body> {
    let mut request = with(to_host(method, HOST), lines);
    Place::Cookie.put(&mut request, good());
    request
}

#[tokio::test]
async fn what_may_change_something_needs_to_be_from_here() {
    let app = cookies().await;
    for method in ["POST", "PUT", "PATCH", "DELETE", "TRACE", "PURGE", "get"] {
        for Case { name, lines, passes } in UNSAFE {
            let reply = app.send(by_cookie(method, lines)).await;
            answer(passes).check(&(method, name), &reply);
        }
    }
}

#[tokio::test]
async fn what_changes_nothing_passes_from_everywhere() {
    let app = cookies().await;
    for Case { name, lines, .. } in UNSAFE {
        for method in ["GET", "OPTIONS"] {
            let reply = app.send(by_cookie(method, lines)).await;
            Good(Place::Cookie).check(&(method, name), &reply);
        }
        assert_eq!(app.send(by_cookie("HEAD", lines)).await.status, 200, "{name}");
    }
}

#[tokio::test]
async fn a_socket_needs_to_say_that_it_is_from_here() {
    let app = cookies().await;
    for upgrade in [
        "websocket",
        "WebSocket",
        "WEBSOCKET",
        "wEbSoCkEt",
        "h2c, websocket",
        "websocket, h2c",
        "websocket,websocket",
        "h2c,\twebsocket",
        "websocket/13",
        "foo/2, WebSocket/13",
    ] {
        for Case { name, lines, passes } in SOCKETS {
            let lines = [lines, &[("upgrade", upgrade)]].concat();
            let reply = app.send(by_cookie("GET", &lines)).await;
            answer(passes).check(&(name, upgrade), &reply);
        }
    }
    for Case { name, lines, passes } in SOCKETS {
        let lines = [lines, &[("upgrade", "h2c"), ("upgrade", "websocket")]].concat();
        answer(passes).check(&("lines", name), &app.send(by_cookie("GET", &lines)).await);
        answer(passes).check(&("POST", name), &app.send(by_cookie("POST", &lines)).await);
    }
}

#[tokio::test]
async fn another_upgrade_is_no_socket() {
    let app = cookies().await;
    for upgrade in ["h2c", "TLS/1.2", "", "web-socket", "web socket", "sockets", "websocke"] {
        let lines = [("upgrade", upgrade), ("origin", "https://evil.example")];
        let reply = app.send(by_cookie("GET", &lines)).await;
        Good(Place::Cookie).check(&upgrade, &reply);
    }
}

/// `CONNECT`, which no client of ours sends to an origin, as HTTP/2 hands it to services.
#[tokio::test]
async fn a_socket_over_http2_needs_to_say_so_as_well() {
    let inner = tower::service_fn(|_: Request<Body>| async {
        Ok::<_, std::convert::Infallible>(hyper::Response::new(Body::new()))
    });
    for Case { name, lines, passes } in SOCKETS {
        let service = trusting(at_hand()).source(Place::Cookie.source()).layer(inner);
        let mut request = method(by_cookie("GET", lines), &Method::CONNECT);
        *request.uri_mut() = "https://app.example/feed".parse().unwrap();
        request.headers_mut().remove("host");
        let status = service.oneshot(request).await.unwrap().status();
        assert_eq!(status, if passes { 200 } else { 403 }, "{name}");
    }
}
