//! What it costs to look for a token in each place.

use hyper::{Method, Request, header::COOKIE};
use tower::{Layer, ServiceExt};
use tower_bearer::{Algorithm, AnswerHeaders, RequestHead, StaticKeys, TokenSource};

use super::{Body, Inner, MOST, allocations_of, layer};
use crate::{
    sources::{Place, Source},
    support::{key, token},
};

fn keys() -> StaticKeys {
    StaticKeys::new([key(Algorithm::ES256).verifying()]).unwrap()
}

/// What a request allocates behind a layer with this source, beyond what it does without.
fn added(source: Source, request: &Request<Body>) -> u64 {
    let bare = allocations_of(&mut Inner::default(), request);
    allocations_of(&mut layer(keys()).source(source).layer(Inner::default()), request) - bare
}

fn of_method(place: Place, method: Method) -> Request<Body> {
    let mut request = place.get([token().compact()]);
    *request.method_mut() = method;
    request
}

#[test]
fn each_place_costs_what_is_said_here() {
    let default = |request: &Request<Body>| {
        let bare = allocations_of(&mut Inner::default(), request);
        allocations_of(&mut layer(keys()).layer(Inner::default()), request) - bare
    };
    let header = default(&Place::Header.get([token().compact()]));
    assert!(header <= MOST, "{header} allocations");
    for (name, place, method, own) in [
        ("the header", Place::Header, Method::GET, 0),
        ("one of the user's own", Place::Own, Method::GET, 0),
        ("a cookie", Place::Cookie, Method::GET, 0),
        // The probe: its list of headers.
        ("a cookie that may change something", Place::Cookie, Method::POST, 0),
        // `Cache-Control` in the answer.
        ("the query", Place::Query, Method::GET, 2),
        // The list without the token.
        ("the subprotocol", Place::Socket, Method::GET, 2),
    ] {
        let request = of_method(place, method);
        assert_eq!(added(place.source(), &request) - header, own, "{name}");
        // Nothing more where the other places are looked into as well.
        assert_eq!(added(Source::chain(&Place::ALL), &request) - header, own, "{name}, of five");
    }
}

/// Whatever is sent, and however much of it.
#[test]
fn nothing_is_allocated_to_find_a_token() {
    let big = "a".repeat(1 << 20);
    let texts = [token().compact(), "a".repeat(16 * 1024), String::new(), "a=b".into()];
    for place in Place::ALL {
        let sizes = texts.iter().chain((place != Place::Query).then_some(&big));
        for request in sizes.map(|text| place.get([text])) {
            for source in [place.source(), Source::chain(&Place::ALL)] {
                let info = allocation_counter::measure(|| {
                    let head = RequestHead::of(&request);
                    let _: AnswerHeaders = source.answer(head);
                    drop(source.token(head));
                });
                assert_eq!(info.count_total, 0, "{place:?}");
            }
        }
    }
}

/// A list is written anew without its tokens: at most what came, and nothing where there is none.
#[test]
fn what_is_concealed_costs_no_more_than_its_bytes() {
    let source = Source::chain(&Place::ALL);
    let conceals = |lines: &[&str]| {
        let mut request = Request::new(Body::new());
        for line in lines {
            let value = hyper::header::HeaderValue::from_str(line).unwrap();
            request.headers_mut().append("sec-websocket-protocol", value);
        }
        request.headers_mut().insert(COOKIE, "a=b".parse().unwrap());
        let info = allocation_counter::measure(|| source.conceal(request.headers_mut()));
        (info.count_total, info.bytes_total)
    };
    assert_eq!(conceals(&[]).0, 0);
    assert_eq!(conceals(&["chat.v2, chat.v1"]).0, 0);
    let commas = ",".repeat(100_000);
    assert_eq!(conceals(&[&commas]).0, 0, "commas alone");
    let (count, bytes) = conceals(&["bearer", &commas, &"a".repeat(1 << 20)]);
    assert!(count <= 2 && bytes <= 64, "{count} allocations of {bytes} bytes");
    let offers = "a,".repeat(50_000) + "bearer";
    let (_, bytes) = conceals(&[&offers]);
    assert!(bytes <= 4 * 150_000, "{bytes} bytes");
}

#[tokio::test]
async fn the_inner_service_is_not_cloned_in_any_place() {
    for place in Place::ALL {
        for text in [token().compact(), "a.b.c".to_owned(), String::new()] {
            let inner = Inner::default();
            let clones = std::sync::Arc::clone(&inner.clones);
            let mut service = layer(keys()).source(Source::chain(&Place::ALL)).layer(inner);
            for _ in 0..3 {
                let ready = ServiceExt::<Request<Body>>::ready(&mut service).await.unwrap();
                drop(tower::Service::call(ready, place.get([&text])).await);
            }
            assert_eq!(clones.load(std::sync::atomic::Ordering::SeqCst), 0, "{place:?}");
        }
    }
}
