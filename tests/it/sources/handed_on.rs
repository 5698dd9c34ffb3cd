//! What a handler finds of the credentials, and what the answer bears because of them.

use axum::{Router, extract::Request, response::Response, routing::any};
use hyper::{
    HeaderMap, Method, StatusCode,
    header::{AUTHORIZATION, COOKIE, HeaderName, SEC_WEBSOCKET_PROTOCOL},
};
use serde_json::{Value, json};
use tower::{Layer, ServiceExt};
use tower_bearer::{
    AuthorizeLayer, BearerResponder, Claims, Denial, JwtLayer, ProblemJson, TokenSource,
    VerifiedToken, policy_fn, policy_fn_async,
};

use super::{Place, Source, at_hand, expired, get, good, layers, method, outcomes, with};
use crate::support::{App, MODES};

/// Answers with what it finds: the values of these headers, and whether they are sensitive.
async fn found(request: Request) -> axum::Json<Value> {
    let lines = |name: HeaderName| -> Vec<_> {
        let lines = request.headers().get_all(name).iter();
        lines
            .map(|line| json!([String::from_utf8_lossy(line.as_bytes()), line.is_sensitive()]))
            .collect()
    };
    let lines = [lines(AUTHORIZATION), lines(COOKIE), lines(SEC_WEBSOCKET_PROTOCOL)];
    axum::Json(json!(lines))
}

async fn finds<T: TokenSource>(layer: JwtLayer<T>) -> App {
    App::serve(Router::new().route("/", any(found)).layer(layer)).await
}

fn as_found(lines: &[&str], sensitive: bool) -> Value {
    lines.iter().map(|line| json!([line, sensitive])).collect()
}

/// Every way on which a request may pass a layer: its mode, its keys, and its token.
fn ways() -> Vec<(String, JwtLayer, String)> {
    let mut ways = Vec::new();
    for (keys, layer) in layers() {
        for (mode, set) in MODES {
            let mut texts = vec![good()];
            if mode == "best effort" {
                texts.extend([expired(), "a.b.c".to_owned(), "a=b".to_owned()]);
            }
            for text in texts {
                ways.push((format!("{mode}, {keys}, {text}"), set(layer.clone()), text));
            }
        }
    }
    ways
}

#[tokio::test]
async fn authorization_and_cookie_are_marked_sensitive() {
    for (way, layer, text) in ways() {
        for (place, other) in [(Place::Header, Place::Cookie), (Place::Cookie, Place::Header)] {
            let app = finds(layer.clone().source(place.source().and(other.source()))).await;
            let request = with(place.get([&text]), &[("cookie", "theme=dark")]);
            let reply = app.send(request).await;
            let cookie = format!("__Host-token={text}");
            let bearer = format!("Bearer {text}");
            let expected = if place == Place::Header {
                json!([as_found(&[&bearer], true), as_found(&["theme=dark"], true), []])
            } else {
                json!([[], as_found(&[&cookie, "theme=dark"], true), []])
            };
            assert_eq!(reply.claims(), expected, "{place:?}, {way}");
        }
    }
}

#[tokio::test]
async fn authorization_is_marked_though_no_source_reads_it() {
    for place in Place::ALL.into_iter().filter(|place| *place != Place::Header) {
        let app = finds(at_hand().source(place.source())).await;
        let request = with(place.get([good()]), &[("authorization", "Basic dTpw")]);
        assert_eq!(
            app.send(request).await.claims()[0],
            as_found(&["Basic dTpw"], true),
            "{place:?}"
        );
    }
}

#[tokio::test]
async fn cookies_are_left_alone_where_no_token_is_among_them() {
    let app = finds(at_hand()).await;
    let request = with(Place::Header.get([good()]), &[("cookie", "theme=dark")]);
    assert_eq!(app.send(request).await.claims()[1], as_found(&["theme=dark"], false));
}

#[tokio::test]
async fn the_token_is_taken_out_of_the_subprotocols_and_the_others_keep_their_order() {
    let cases: [(&[&str], &[&str]); 18] = [
        (&["bearer, {}"], &["bearer"]),
        (&["BEARER,{}"], &["BEARER"]),
        (&["chat.v2, bearer, {}"], &["chat.v2, bearer"]),
        (&["bearer, {}, chat.v2, chat.v1"], &["bearer, chat.v2, chat.v1"]),
        (&["chat.v2,Bearer,{},chat.v1"], &["chat.v2, Bearer, chat.v1"]),
        (&["bearer", "{}"], &["bearer"]),
        (&["chat.v2", "bearer", "{}", "chat.v1"], &["chat.v2, bearer, chat.v1"]),
        (&["chat.v2, bearer", "{}, chat.v1"], &["chat.v2, bearer, chat.v1"]),
        (&["bearer,,{}"], &["bearer"]),
        (&["bearer,", ", ,{}, chat.v2,"], &["bearer, chat.v2"]),
        // The token once more, which no browser offers.
        (&["bearer, {}, chat.v2, {}"], &["bearer, chat.v2"]),
        (&["{}", "bearer", "{}"], &["bearer"]),
        // What is malformed passes where a layer does its best; a second `bearer` hides what is behind it, too.
        (&["bearer, {}, bearer, {}"], &["bearer, bearer"]),
        (&["bearer, bearer, {}"], &["bearer, bearer"]),
        (&["bearer, {} {}, chat.v2"], &["bearer, chat.v2"]),
        (&["bearer, {}\u{e9}"], &["bearer"]),
        (&["chat.v2, Bearer {}, chat.v1"], &["chat.v2, chat.v1"]),
        (&["chat.v2, bearer=\"{}\""], &["chat.v2"]),
    ];
    for (way, layer, text) in ways() {
        let optional = layer.clone();
        let app = finds(layer.source(Place::Socket.source())).await;
        let chained = finds(optional.source(Source::chain(&Place::ALL))).await;
        for (sent, kept) in cases {
            let lines: Vec<_> = sent.iter().map(|line| line.replace("{}", &text)).collect();
            let lines: Vec<_> =
                lines.iter().map(|line| ("sec-websocket-protocol", &**line)).collect();
            for app in [&app, &chained] {
                let reply = app.send(with(get(), &lines)).await;
                if reply.status == 400 {
                    assert!(!way.starts_with("best effort"), "{way}, {sent:?}");
                    continue;
                }
                assert_eq!(
                    reply.claims(),
                    json!([[], [], as_found(kept, false)]),
                    "{way}, {sent:?}"
                );
            }
        }
    }
}

/// A server may take as many headers as there is room for: none must need room for one more.
#[tokio::test]
async fn no_number_of_headers_makes_it_panic() {
    for source in [Place::Socket.source(), Source::chain(&Place::ALL)] {
        let inner = tower::service_fn(|request: hyper::Request<super::Body>| async move {
            let list = &request.headers()[SEC_WEBSOCKET_PROTOCOL];
            Ok::<_, std::convert::Infallible>(Response::new(list.to_str().unwrap().to_owned()))
        });
        let mut request = Place::Socket.get([good()]);
        Place::Cookie.put(&mut request, "a");
        let headers = request.headers_mut();
        let mut names = (0..).map(|n| HeaderName::try_from(format!("x-{n}")).unwrap());
        while headers.try_insert(names.next().unwrap(), "a".parse().unwrap()).is_ok() {}
        assert!(headers.len() > 20_000);
        let response = at_hand().source(source).layer(inner).oneshot(request).await.unwrap();
        assert_eq!((response.status().as_u16(), &**response.body()), (200, "bearer"));
    }
}

#[tokio::test]
async fn a_list_without_a_token_goes_on_as_it_came() {
    for set in [JwtLayer::optional, JwtLayer::best_effort] {
        let app = finds(set(at_hand()).source(Place::Socket.source())).await;
        for lines in [
            &["chat.v2,chat.v1"][..],
            &["chat.v2", " ,chat.v1"],
            &["bearers, a"],
            &["bearer.a"],
            &[""],
        ] {
            let sent: Vec<_> = lines.iter().map(|line| ("sec-websocket-protocol", *line)).collect();
            let trimmed: Vec<_> = lines.iter().map(|line| line.trim()).collect();
            let reply = app.send(with(get(), &sent)).await;
            assert_eq!(reply.claims()[2], as_found(&trimmed, false), "{lines:?}");
        }
    }
    let app = finds(at_hand()).await;
    let line = "bearer, abc, chat";
    let request = with(Place::Header.get([good()]), &[("sec-websocket-protocol", line)]);
    assert_eq!(app.send(request).await.claims()[2], as_found(&[line], false), "no source reads it");
}

#[tokio::test]
async fn a_preflight_hands_on_no_token_either() {
    for (mode, set) in MODES {
        let layer = set(at_hand()).allow_cors_preflight().source(Source::chain(&Place::ALL));
        let app = finds(layer).await;
        let lines = [("origin", "https://app.example"), ("access-control-request-method", "PUT")];
        let mut request = with(method(get(), &Method::OPTIONS), &lines);
        for place in [Place::Header, Place::Cookie, Place::Socket] {
            place.put(&mut request, "a.b.c");
        }
        let expected = json!([
            as_found(&["Bearer a.b.c"], true),
            as_found(&["__Host-token=a.b.c"], true),
            as_found(&["bearer"], false),
        ]);
        assert_eq!(app.send(request).await.claims(), expected, "{mode}");
    }
}

/// So a second layer cannot take the token from there: an `AuthorizeLayer` asks for more further in.
#[tokio::test]
async fn of_two_layers_only_the_outer_one_finds_the_token_of_a_socket() {
    let layer = || at_hand().source(Place::Socket.source());
    let router = Router::new().route("/", any(found)).layer(layer()).layer(layer());
    let reply = App::serve(router).await.send(Place::Socket.get([good()])).await;
    reply.assert_invalid_request("the inner layer finds `bearer` alone");
}

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

/// Sources that are in no chain answer for themselves alone.
#[tokio::test]
async fn a_source_that_is_switched_off_neither_conceals_nor_answers() {
    let off: Option<Source> = None;
    let app = finds(at_hand().optional().source(off.clone())).await;
    let mut request = Place::Socket.get(["abc"]);
    Place::Cookie.put(&mut request, "abc");
    Place::Query.put(&mut request, "abc");
    let reply = app.send(request).await;
    let expected =
        json!([[], as_found(&["__Host-token=abc"], false), as_found(&["bearer, abc"], false)]);
    assert_eq!(reply.claims(), expected);
    assert_eq!(cache_control(&reply.headers), [""; 0]);
    let reply = outcomes(at_hand().optional().source(off)).await.send(get()).await;
    assert_eq!(reply.body, "absent");
    let on = finds(at_hand().source(Some(Place::Socket.source()))).await;
    let reply = on.send(Place::Socket.get([good()])).await;
    assert_eq!(reply.claims()[2], as_found(&["bearer"], false));
}
