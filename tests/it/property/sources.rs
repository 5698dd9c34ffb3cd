//! Whatever bytes stand where tokens may: nothing panics, and only a good token is one.

use std::{convert::Infallible, sync::LazyLock};

use futures_util::FutureExt;
use http_body_util::Empty;
use hyper::{
    Request, Response,
    header::{COOKIE, HeaderValue, SEC_WEBSOCKET_PROTOCOL},
};
use proptest::prelude::*;
use tower::{Layer, ServiceExt, service_fn};
use tower_bearer::{JwtLayer, RequestHead, TokenSource};

use super::{cases, verifier};
use crate::{
    sources::{Body, Place, Source, lists::found},
    support::{outcome, token},
};

/// Lines for a header of which some are nearly tokens.
fn lines(seeds: &'static [&'static str]) -> impl Strategy<Value = Vec<Vec<u8>>> {
    let any = any::<Vec<u8>>();
    let near = prop::collection::vec(prop::sample::select(seeds), 0..6)
        .prop_map(|parts| filled(&parts).into_bytes());
    prop::collection::vec(prop_oneof![1 => any, 4 => near], 0..3)
}

const SCHEMES: &[&str] = &["Bearer", "bearer", " ", "\t", "{}", "=", "Basic", ",", "\u{e9}"];
const COOKIES: &[&str] =
    &["__Host-token", "=", ";", " ", "{}", "\"", "__host-token", "\u{a0}", "\t", ","];
const PROTOCOLS: &[&str] = &["bearer", "Bearer", ",", ", ", " ", "{}", "chat", "=", "\u{e9}"];
const QUERIES: &[&str] = &["access_token", "=", "&", "%5F", "access", "{}", "%", "+", ";", "?"];

fn put_lines(request: &mut Request<Body>, name: &'static str, lines: &[Vec<u8>]) {
    for value in lines.iter().filter_map(|line| HeaderValue::from_bytes(line).ok()) {
        request.headers_mut().append(name, value);
    }
}

/// What stands for a good token, and a good token.
static GOOD: LazyLock<String> = LazyLock::new(|| token().compact());

fn filled(parts: &[&str]) -> String {
    parts.concat().replace("{}", &GOOD)
}

fn anything() -> impl Strategy<Value = Request<Body>> {
    let query = prop::collection::vec(prop::sample::select(QUERIES), 0..8);
    let head = (
        lines(SCHEMES),
        lines(COOKIES),
        lines(PROTOCOLS),
        query.prop_map(|parts| format!("/?{}", filled(&parts))),
        prop::sample::select(&["GET", "HEAD", "POST", "OPTIONS", "CONNECT"][..]),
    );
    head.prop_map(|(authorization, cookies, protocols, uri, method)| {
        let request = Request::builder().method(method).uri(uri);
        let mut request = request.body(Empty::new()).unwrap();
        put_lines(&mut request, "authorization", &authorization);
        put_lines(&mut request, "cookie", &cookies);
        put_lines(&mut request, "sec-websocket-protocol", &protocols);
        request
    })
}

/// A judgement, without the wrong that was found first.
fn told(source: &Source, request: &Request<Body>) -> Result<Option<Place>, &'static str> {
    found(source, request).map_err(|_| "malformed")
}

proptest! {
    #![proptest_config(cases(1024))]

    #[test]
    fn nothing_that_may_be_sent_depends_on_the_order(request in anything(), shift in 0..5_usize) {
        let mut order = Place::ALL;
        order.rotate_left(shift);
        let mut reversed = order;
        reversed.reverse();
        let first = told(&Source::chain(&order), &request);
        prop_assert_eq!(&first, &told(&Source::nested(&order), &request));
        prop_assert_eq!(&first, &told(&Source::chain(&reversed), &request));
    }

    #[test]
    fn what_is_concealed_is_concealed_and_the_rest_stays(request in anything()) {
        let mut concealed = request.clone();
        let all = Source::chain(&Place::ALL);
        all.conceal(concealed.headers_mut());
        for value in concealed.headers().get_all(COOKIE) {
            prop_assert!(value.is_sensitive());
        }
        let names = |request: &Request<Body>| -> Vec<_> {
            request.headers().keys().map(|name| name.as_str().to_owned()).collect()
        };
        let (mut before, mut after) = (names(&request), names(&concealed));
        before.sort();
        after.sort();
        prop_assert_eq!(before, after, "no header goes, and none comes");
        let socket = Place::Socket.source();
        let offers = |request: &Request<Body>| -> Vec<_> {
            let lines = request.headers().get_all(SEC_WEBSOCKET_PROTOCOL).iter();
            let offers = lines.flat_map(|line| line.as_bytes().split(|byte| *byte == b','));
            offers.map(|offer| offer.trim_ascii().to_vec()).collect()
        };
        if let Ok(Some(presented)) = socket.token(RequestHead::of(&request)) {
            let token = presented.token.as_bytes().to_vec();
            prop_assert!(offers(&request).contains(&token));
            prop_assert!(!offers(&concealed).contains(&token));
        }
        if found(&socket, &request) == Ok(None) {
            prop_assert_eq!(request.headers(), concealed.headers());
        }
    }

    #[test]
    fn nobody_is_let_in_but_by_the_one_good_token(request in anything()) {
        let places = found(&Source::chain(&Place::ALL), &request);
        let inner = service_fn(|request: Request<Body>| async move {
            Ok::<_, Infallible>(Response::new(outcome(&request)))
        });
        let service = JwtLayer::new(verifier()).source(Source::chain(&Place::ALL)).layer(inner);
        let response = service.oneshot(request).now_or_never().expect("static keys never wait");
        let response = response.unwrap();
        match (response.status().as_u16(), places) {
            (200, Ok(Some(place))) => prop_assert_eq!(response.body(), place.verified()),
            (401, Ok(_)) | (400, Err(_)) | (403, Ok(Some(Place::Cookie))) => {}
            (status, places) => prop_assert!(false, "{} for {:?}", status, places),
        }
    }
}
