//! What the answer bears because of where the token stood.

use axum::{Router, response::Response, routing::any};
use hyper::{HeaderMap, StatusCode, header::SEC_WEBSOCKET_PROTOCOL};
use tower_bearer::{
    AuthorizeLayer, BearerResponder, Claims, Denial, ProblemJson, VerifiedToken, policy_fn,
    policy_fn_async,
};

use super::{Place, Source, at_hand, expired, get, good, layers, with};
use crate::support::{App, MODES};

/// A handler that has an opinion of caches, at each path with another end.
fn cached() -> Router {
    async fn misfit(_: Claims<Vec<u8>>) {}
    async fn token(_: VerifiedToken) {}
    let says = [
        ("cache-control", "public"),
        ("cache-control", "max-age=60"),
        ("cdn-cache-control", "max-age=60"),
        ("surrogate-control", "max-age=60"),
    ];
    let opinion = move |mut response: Response| async move {
        for (name, value) in says {
            response.headers_mut().append(name, value.parse().unwrap());
        }
        response
    };
    let denied = || policy_fn(|_, _| Err(Denial::forbidden()));
    let down = || policy_fn_async(|_, _| async { Err(Denial::unavailable("down")) });
    Router::new()
        .route("/200", any(|| async {}))
        .route("/404", any(|| async { StatusCode::NOT_FOUND }))
        .route("/401", any(token))
        .route("/403", any(misfit))
        .route("/denied", any(|| async {}).layer(AuthorizeLayer::new(denied())))
        .route("/down", any(|| async {}).layer(AuthorizeLayer::new(down())))
        .layer(axum::middleware::map_response(opinion))
}

/// What it says to all caches. It says something else to some of them if it is not told to keep that to itself.
fn cache_control(headers: &HeaderMap) -> Vec<&str> {
    let values: Vec<_> = headers.get_all("cache-control").iter().collect();
    let kept = values.is_empty() || values[0] == "no-store";
    for targeted in ["cdn-cache-control", "surrogate-control"] {
        assert_eq!(headers.contains_key(targeted), !kept, "{targeted}");
    }
    values.into_iter().map(|value| value.to_str().unwrap()).collect()
}

#[tokio::test]
async fn what_answers_a_token_in_the_query_is_stored_nowhere() {
    let good = good();
    let expired = expired();
    let cases = [
        ("/200", &*good, 200),
        ("/404", &*good, 404),
        ("/401", &*good, 200),
        ("/403", &*good, 403),
        ("/denied", &*good, 403),
        ("/down", &*good, 503),
        ("/200", &*expired, 401),
        ("/200", "a.b.c", 401),
        ("/200", "", 400),
        ("/200", "a=b", 400),
        ("/200", "a&access_token=b", 400),
        ("/200", "a&access%5Ftoken", 400),
    ];
    for (keys, layer) in layers() {
        let source = Source::chain(&Place::ALL);
        let bare = layer.clone().source(source.clone()).responder(BearerResponder::default());
        let problem = layer.clone().source(source.clone()).responder(ProblemJson::new());
        let own = layer.source(source).respond_with(|rejection| {
            let mut response = Response::new(axum::body::Body::empty());
            *response.status_mut() = rejection.status();
            response.headers_mut().insert("cache-control", "public".parse().unwrap());
            response
        });
        for app in [
            App::serve(cached().layer(bare)).await,
            App::serve(cached().layer(problem)).await,
            App::serve(cached().layer(own)).await,
        ] {
            for (path, text, status) in cases {
                for method in ["GET", "HEAD"] {
                    let uri = format!("{path}?access_token={text}");
                    let request = hyper::Request::builder().method(method).uri(uri);
                    let reply = app.send(request.body(super::Body::new()).unwrap()).await;
                    let case = format!("{method} {path}, {text}, {keys}");
                    assert_eq!(reply.status, status, "{case}");
                    assert_eq!(cache_control(&reply.headers), ["no-store"], "{case}");
                }
            }
        }
    }
}

#[tokio::test]
async fn in_the_other_modes_as_well() {
    for (mode, set) in MODES.into_iter().skip(1) {
        let app = App::serve(cached().layer(set(at_hand()).source(Place::Query.source()))).await;
        for text in [&*good(), "a.b.c", ""] {
            for path in ["/200", "/401", "/404"] {
                let mut request = hyper::Request::get(path).body(super::Body::new()).unwrap();
                Place::Query.put(&mut request, text);
                let reply = app.send(request).await;
                assert_eq!(cache_control(&reply.headers), ["no-store"], "{mode}, {path}, {text}");
            }
        }
    }
}

#[tokio::test]
async fn without_one_the_handler_decides() {
    let app = App::serve(cached().layer(at_hand().source(Source::chain(&Place::ALL)))).await;
    for place in [Place::Cookie, Place::Header, Place::Own, Place::Socket] {
        let mut request = hyper::Request::get("/200?a=b").body(super::Body::new()).unwrap();
        place.put(&mut request, good());
        let reply = app.send(request).await;
        assert_eq!(cache_control(&reply.headers), ["public", "max-age=60"], "{place:?}");
    }
    let mut post = hyper::Request::post("/200?access_token=a").body(super::Body::new()).unwrap();
    Place::Header.put(&mut post, good());
    let reply = app.send(post).await;
    assert_eq!(cache_control(&reply.headers), ["public", "max-age=60"], "POST");
    let reply = app.send(hyper::Request::get("/200").body(super::Body::new()).unwrap()).await;
    assert_eq!((reply.status, cache_control(&reply.headers)), (401, vec![]));
}

/// Answers with this status, and chooses this subprotocol.
fn opens(status: u16, chosen: Option<&'static str>) -> Router {
    Router::new().fallback(move || async move {
        let mut response = Response::new(axum::body::Body::empty());
        *response.status_mut() = StatusCode::from_u16(status).unwrap();
        if status == 101 {
            response.headers_mut().insert("connection", "upgrade".parse().unwrap());
            response.headers_mut().insert("upgrade", "websocket".parse().unwrap());
        }
        if let Some(chosen) = chosen {
            response.headers_mut().insert(SEC_WEBSOCKET_PROTOCOL, chosen.parse().unwrap());
        }
        response
    })
}

fn handshake(lines: &[&str]) -> hyper::Request<super::Body> {
    let upgrade = [("connection", "upgrade"), ("upgrade", "websocket")];
    let lines: Vec<_> = lines.iter().map(|line| ("sec-websocket-protocol", *line)).collect();
    with(with(get(), &upgrade), &lines)
}

/// The subprotocols that an answer chooses.
fn chosen(headers: &HeaderMap) -> Vec<&str> {
    let values = headers.get_all(SEC_WEBSOCKET_PROTOCOL).iter();
    values.map(|value| value.to_str().unwrap()).collect()
}

#[tokio::test]
async fn an_opened_socket_chooses_bearer_if_its_handler_chose_nothing() {
    for (keys, layer) in layers() {
        for source in [Place::Socket.source(), Source::chain(&Place::ALL)] {
            let layer = layer.clone().source(source);
            let app = App::serve(opens(101, None).layer(layer.clone())).await;
            for word in ["bearer", "Bearer", "BEARER", "bEARER"] {
                for lines in [
                    &[&*format!("{word}, {}", good())][..],
                    &["chat.v2", word, &good()],
                    &[&*format!("chat.v2, {word}, {}, chat.v1", good())],
                ] {
                    let reply = app.send(handshake(lines)).await;
                    assert_eq!(reply.status, 101, "{keys}, {lines:?}");
                    assert_eq!(chosen(&reply.headers), [word], "{keys}, {lines:?}");
                }
            }
            let own = App::serve(opens(101, Some("chat.v2")).layer(layer)).await;
            let reply = own.send(handshake(&[&format!("chat.v2, bearer, {}", good())])).await;
            assert_eq!((reply.status, chosen(&reply.headers)), (101, vec!["chat.v2"]), "{keys}");
        }
    }
}

#[tokio::test]
async fn nothing_is_chosen_where_no_socket_opens() {
    let line = format!("bearer, {}", good());
    for status in [200, 204, 302, 404, 426, 500] {
        let app =
            App::serve(opens(status, None).layer(at_hand().source(Place::Socket.source()))).await;
        let reply = app.send(handshake(&[&line])).await;
        assert_eq!((reply.status, chosen(&reply.headers)), (status, vec![]));
    }
    let app = App::serve(opens(101, None).layer(at_hand().source(Place::Socket.source()))).await;
    for (line, status) in [("bearer, a.b.c", 401), ("bearer", 400), ("chat.v2", 401)] {
        let reply = app.send(handshake(&[line])).await;
        assert_eq!((reply.status, chosen(&reply.headers)), (status, vec![]), "{line}");
    }
}

#[tokio::test]
async fn nothing_is_chosen_that_was_not_offered() {
    let by_header = |lines: &[&str]| {
        let mut request = handshake(lines);
        Place::Header.put(&mut request, good());
        request
    };
    let both = at_hand().source(Source::chain(&[Place::Header, Place::Socket]));
    for layer in [both.clone(), both.best_effort()] {
        let app = App::serve(opens(101, None).layer(layer)).await;
        for lines in [&[][..], &["chat.v2"], &["chat.v2, bearers"]] {
            let reply = app.send(by_header(lines)).await;
            assert_eq!((reply.status, chosen(&reply.headers)), (101, vec![]), "{lines:?}");
        }
    }
    let header_only = App::serve(opens(101, None).layer(at_hand())).await;
    let reply = header_only.send(by_header(&["bearer, a"])).await;
    assert_eq!((reply.status, chosen(&reply.headers)), (101, vec![]), "no source reads it");
}

#[tokio::test]
async fn a_socket_that_opens_in_spite_of_its_token_chooses_bearer_too() {
    let layer = at_hand().best_effort().source(Place::Socket.source());
    let app = App::serve(opens(101, None).layer(layer)).await;
    for line in ["bearer, a.b.c", "bearer", "bearer, bearer, a"] {
        let reply = app.send(handshake(&[line])).await;
        assert_eq!((reply.status, chosen(&reply.headers)), (101, vec!["bearer"]), "{line}");
    }
}
