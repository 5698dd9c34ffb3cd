//! What a handler finds of the credentials.

use axum::{Router, extract::Request, routing::any};
use hyper::{
    Method,
    header::{AUTHORIZATION, COOKIE, HeaderName, SEC_WEBSOCKET_PROTOCOL},
};
use serde_json::{Value, json};
use tower::{Layer, ServiceExt};
use tower_bearer::{JwtLayer, TokenSource};

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
    let cases: [(&[&str], &[&str]); 19] = [
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
        (&["bearer, {}, bearer, abc, chat.v2"], &["bearer, bearer, chat.v2"]),
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
            Ok::<_, std::convert::Infallible>(hyper::Response::new(
                list.to_str().unwrap().to_owned(),
            ))
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
    assert_eq!(reply.headers.get("cache-control"), None);
    let reply = outcomes(at_hand().optional().source(off)).await.send(get()).await;
    assert_eq!(reply.body, "absent");
    let on = finds(at_hand().source(Some(Place::Socket.source()))).await;
    let reply = on.send(Place::Socket.get([good()])).await;
    assert_eq!(reply.claims()[2], as_found(&["bearer"], false));
}
