//! Requests that a page of another origin makes a browser send with its cookie.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use hyper::{Method, Request};
use tower::{Layer, ServiceExt};
use tower_bearer::{
    Algorithm, JwtLayer, Presented, TokenErrorKind, TokenOrigin, TokenSource, resolver_fn_sync,
    token_source_fn,
};

use super::{
    Answer::{self, CrossOrigin, Expired, Good, Malformed},
    Body, Place, Source, at_hand, expired, good, layer, layers, long, method, outcomes, to_host,
    with,
};
use crate::support::{App, MODES, key};

const HOST: &str = "app.example";

/// A request with a cookie, and whether it passes at a service at [`HOST`] that trusts one other origin.
struct Case {
    name: &'static str,
    lines: &'static [(&'static str, &'static str)],
    passes: bool,
}

const fn passes(name: &'static str, lines: &'static [(&'static str, &'static str)]) -> Case {
    Case { name, lines, passes: true }
}

const fn refused(name: &'static str, lines: &'static [(&'static str, &'static str)]) -> Case {
    Case { name, lines, passes: false }
}

const SITE: &str = "sec-fetch-site";

/// Of methods that may change something.
const UNSAFE: [Case; 40] = [
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
const SOCKETS: [Case; 22] = [
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

fn trusting(layer: JwtLayer) -> JwtLayer {
    layer.trusted_origin("https://trusted.example").unwrap()
}

async fn cookies() -> App {
    outcomes(trusting(at_hand()).source(Place::Cookie.source())).await
}

fn answer(passes: bool) -> Answer {
    if passes { Good(Place::Cookie) } else { CrossOrigin }
}

/// A request with a good cookie to [`HOST`].
fn by_cookie(method: &str, lines: &[(&'static str, &str)]) -> Request<Body> {
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

#[tokio::test]
async fn a_service_of_another_name_is_another_origin() {
    let app = cookies().await;
    for (host, origin, passes) in [
        ("app.example:8443", "https://app.example:8443", true),
        ("app.example:8443", "https://app.example", false),
        ("app.example", "https://app.example:8443", false),
        ("APP.example", "https://app.example", false),
        ("[::1]:80", "https://[::1]:80", true),
        ("", "https://app.example", false),
        ("evil.example", "https://app.example", false),
        ("evil.example", "https://evil.example", true), // who can say `Host` is no page
    ] {
        for lines in [&[("origin", origin)][..], &[("origin", origin), ("upgrade", "websocket")]] {
            let mut request = with(to_host("POST", host), lines);
            Place::Cookie.put(&mut request, good());
            let reply = app.send(request).await;
            answer(passes).check(&(host, lines), &reply);
        }
    }
}

#[tokio::test]
async fn without_trust_only_its_own_pages_pass() {
    let app = super::reads(Place::Cookie.source()).await;
    for (origin, passes) in [("https://trusted.example", false), ("https://app.example", true)] {
        for lines in [&[("origin", origin)][..], &[("origin", origin), ("upgrade", "websocket")]] {
            answer(passes).check(&lines, &app.send(by_cookie("POST", lines)).await);
        }
    }
}

#[tokio::test]
async fn several_origins_can_be_trusted() {
    let layer = trusting(at_hand()).trusted_origin("http://127.0.0.1:8080").unwrap();
    let app = outcomes(layer.source(Place::Cookie.source())).await;
    for (origin, passes) in [
        ("https://trusted.example", true),
        ("http://127.0.0.1:8080", true),
        ("http://127.0.0.1:8081", false),
    ] {
        answer(passes).check(&origin, &app.send(by_cookie("POST", &[("origin", origin)])).await);
    }
}

/// Whoever names the origins first, and sets the source, the mode or the responder later.
#[tokio::test]
async fn trust_outlives_what_is_set_after_it() {
    let responder = tower_bearer::BearerResponder::default();
    let layer = trusting(at_hand()).optional().responder(responder);
    let app = outcomes_of(layer.source(Place::Cookie.source())).await;
    for (origin, passes) in [("https://trusted.example", true), ("https://evil.example", false)] {
        answer(passes).check(&origin, &app.send(by_cookie("POST", &[("origin", origin)])).await);
    }
}

async fn outcomes_of<T: TokenSource>(layer: JwtLayer<T>) -> App {
    outcomes(layer).await
}

#[tokio::test]
async fn tokens_elsewhere_are_never_judged_so() {
    let app = outcomes(trusting(at_hand()).source(Source::chain(&Place::ALL))).await;
    let elsewhere = [Place::Header, Place::Own, Place::Query, Place::Socket];
    for place in elsewhere {
        for lines in [
            &[(SITE, "cross-site"), ("origin", "https://evil.example")][..],
            &[("upgrade", "websocket"), ("origin", "https://evil.example")],
            &[("upgrade", "websocket")],
            &[("origin", "null")],
        ] {
            for method in ["GET", "POST"] {
                if (place, method) != (Place::Query, "POST") {
                    let mut request = with(to_host(method, HOST), lines);
                    place.put(&mut request, good());
                    let reply = app.send(request).await;
                    Good(place).check(&(place, method, lines), &reply);
                }
            }
        }
    }
}

#[tokio::test]
async fn nor_is_a_header_because_a_cookie_is_there_as_well() {
    let lines = [(SITE, "cross-site"), ("origin", "https://evil.example")];
    for place in [Place::Header, Place::Socket] {
        for places in [[place, Place::Cookie], [Place::Cookie, place]] {
            let app = super::reads(Source::chain(&places)).await;
            for text in [good(), expired(), String::new()] {
                let mut request = with(to_host("POST", HOST), &lines);
                Place::Cookie.put(&mut request, &text);
                place.put(&mut request, good());
                Good(place).check(&(places, &text), &app.send(request).await);
            }
        }
    }
}

#[tokio::test]
async fn a_source_of_ones_own_that_reads_cookies_is_judged_too() {
    let own = token_source_fn(|head| {
        let Some(value) = head.headers().get("x-own-token") else { return Ok(None) };
        let token = value.to_str().map_err(|_| TokenErrorKind::InvalidCredentials)?;
        Ok(Some(Presented::new(token, TokenOrigin::Cookie)))
    });
    let app = outcomes(trusting(at_hand()).source(own)).await;
    let request = |method, lines: &[_]| {
        let mut request = with(to_host(method, HOST), lines);
        Place::Own.put(&mut request, good());
        request
    };
    for Case { name, lines, passes } in UNSAFE {
        let reply = app.send(request("POST", lines)).await;
        answer(passes).check(&name, &reply);
        answer(true).check(&name, &app.send(request("GET", lines)).await);
    }
    for Case { name, lines, passes } in SOCKETS {
        let lines = [lines, &[("upgrade", "websocket")]].concat();
        answer(passes).check(&name, &app.send(request("GET", &lines)).await);
    }
}

/// Neither the clock nor the keys are asked: who is not to ask learns nothing of the token.
#[tokio::test]
async fn it_is_said_before_the_token_is_verified_and_after_it_was_read() {
    let asked = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&asked);
    let keys = resolver_fn_sync(move |_| {
        counted.fetch_add(1, Ordering::SeqCst);
        Ok(key(Algorithm::ES256).verifying())
    });
    let app = outcomes(layer(keys).source(Place::Cookie.source())).await;
    let foreign = [("origin", "https://evil.example")];
    for (text, elsewhere, here) in [
        (good(), CrossOrigin, Good(Place::Cookie)),
        (expired(), CrossOrigin, Expired),
        ("a.b.c".to_owned(), CrossOrigin, Answer::InvalidToken),
        (long(1), CrossOrigin, Malformed),
        (String::new(), Malformed, Malformed),
        ("\"a\"".to_owned(), Malformed, Malformed),
    ] {
        asked.store(0, Ordering::SeqCst);
        let mut request = with(to_host("POST", HOST), &foreign);
        Place::Cookie.put(&mut request, &text);
        elsewhere.check(&text, &app.send(request).await);
        assert_eq!(asked.load(Ordering::SeqCst), 0, "{text:?}");
        let mut request = to_host("POST", HOST);
        Place::Cookie.put(&mut request, &text);
        here.check(&text, &app.send(request).await);
    }
    assert_eq!(asked.load(Ordering::SeqCst), 0, "the last ones never reach a key");
}

#[tokio::test]
async fn in_every_mode_with_keys_at_hand_and_awaited() {
    let foreign = [("origin", "https://evil.example")];
    for (keys, layer) in layers() {
        for (mode, set) in MODES {
            let app = outcomes(set(layer.clone()).source(Place::Cookie.source())).await;
            let reply = app.send(by_cookie("POST", &foreign)).await;
            if mode == "best effort" {
                assert_eq!(reply.body, "failed: cross_origin", "{keys}");
            } else {
                CrossOrigin.check(&(mode, keys), &reply);
            }
            let reply = app.send(by_cookie("POST", &[])).await;
            Good(Place::Cookie).check(&(mode, keys), &reply);
        }
    }
}

#[tokio::test]
async fn no_cookie_is_no_forged_request() {
    let app = outcomes(at_hand().optional().source(Place::Cookie.source())).await;
    let lines = [("origin", "https://evil.example"), ("cookie", "theme=dark")];
    let reply = app.send(with(to_host("POST", HOST), &lines)).await;
    assert_eq!(reply.body, "absent");
}
