//! Which tokens are judged as cookies, by whose name, and when.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use tower_bearer::{
    Algorithm, Presented, TokenErrorKind, TokenOrigin, resolver_fn_sync, token_source_fn,
};

use super::{
    Answer::{self, CrossOrigin, Expired, Good, Malformed},
    Place, Source, at_hand,
    csrf::{Case, HOST, SITE, SOCKETS, UNSAFE, answer, by_cookie, cookies, trusting},
    expired, good, layer, layers, long, outcomes, to_host, with,
};
use crate::support::{MODES, key};

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
    let app = outcomes(layer.source(Place::Cookie.source())).await;
    for (origin, passes) in [("https://trusted.example", true), ("https://evil.example", false)] {
        answer(passes).check(&origin, &app.send(by_cookie("POST", &[("origin", origin)])).await);
    }
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
