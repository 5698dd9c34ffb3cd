//! Promise 3: an answer that is of no use costs nothing that is held, and little memory.

use axum::{Json, Router, response::Redirect, routing::get};
use hyper::header::LOCATION;

use super::*;
use crate::support::{App, verifiers};

const MAX_BODY: usize = 256 * 1024;

/// What a server may answer instead of a set, and what is said of it.
fn bad_answers() -> Vec<(&'static str, Page, &'static str)> {
    let key = Key::new("b");
    let hundred = |n: usize| (0..n).map(|n| key.pair.jwk_with(&json!({ "kid": n.to_string() })));
    let set = json!({ "keys": [key.jwk()] }).to_string();
    let mut not_utf8 = set.clone().into_bytes();
    not_utf8.splice(1..1, *b"\"\xff\":1,");
    let unusable = [
        json!({ "kty": "oct", "kid": "b", "k": "c2VjcmV0", "alg": "HS256" }),
        key.pair.jwk_with(&json!({ "kid": "b", "use": "enc" })),
        key.pair.jwk_with(&json!({ "kid": "b", "kty": "AKP" })),
    ];
    let large = format!("{set}{}", " ".repeat(MAX_BODY));
    vec![
        ("nobody listens", Page::refused(), "connection refused"),
        ("it hangs", Page::hang(), "within 5s"),
        ("it drips", Page::drip(set.clone()), "within 5s"),
        ("it takes too long", Page::body(set.clone()).after(6 * SECOND), "within 5s"),
        ("256 MiB", Page::endless(256 * 1024 * 1024), "longer than 262144 bytes"),
        ("a good set, too long", Page::body(large), "longer than 262144 bytes"),
        ("a redirect", Page::status(302).header(LOCATION, "https://keys.example/other"), "302"),
        ("a redirect for good", Page::status(308).header(LOCATION, "/other"), "308"),
        ("not modified, without being asked", Page::status(304), "304"),
        ("an error", Page::status(500), "500"),
        ("an error with a set", Page::keys([key.jwk()]).with_status(500), "500"),
        ("not found", Page::status(404), "404"),
        ("no content", Page::status(204), "204"),
        ("part of a set", Page::keys([key.jwk()]).with_status(206), "206"),
        ("HTML", Page::body("<!DOCTYPE html><title>Log in</title>"), "no JWK Set"),
        ("nothing", Page::body(""), "no JWK Set"),
        ("half a set", Page::body(set[..set.len() / 2].to_owned()), "no JWK Set"),
        ("a set and more", Page::body(format!("{set}x")), "no JWK Set"),
        ("no UTF-8", Page::body(not_utf8), "not UTF-8"),
        ("an array", Page::body(format!("[{set}]")), "no JWK Set"),
        ("an empty set", Page::keys([]), "no key of the set can be used"),
        ("no usable key", Page::keys(unusable), "key 0: a secret"),
        ("101 keys", Page::keys(hundred(101)), "more than 100 keys"),
        ("a client that panics", Page::panic(), "panicked"),
    ]
}

#[tokio::test(start_paused = true)]
async fn a_bad_answer_costs_nothing_that_is_held() {
    for (case, page, said) in bad_answers() {
        let (key, other) = (Key::new("a"), Key::new("b"));
        let world = World::warm([&key]).await;
        let (pulled, generation) = (world.network.pulled(), world.keys.generation());
        world.network.serve(URL, page);
        let good = key.token();
        for second in (0..600).step_by(2) {
            pass(2 * SECOND).await;
            assert!(world.at_once(&good).is_ok(), "{case}: after {second} s");
        }
        let fetches = world.network.count() - 1;
        assert!(fetches >= 8, "{case}: {fetches} fetches");
        let pulled = world.network.pulled() - pulled;
        assert!(pulled <= fetches * (MAX_BODY + 16 * 1024), "{case}: {pulled} bytes");
        let error = world.last_error().unwrap_or_else(|| panic!("{case}: no failure"));
        assert!(error.contains(said), "{case}: {error}");
        assert_eq!(world.keys.generation(), generation, "{case}");

        world.publish([&other]);
        pass(MINUTE).await;
        assert_eq!(world.status(&other.token()).await, 200, "{case}: recovered");
        assert_eq!(world.status(&good).await, 401, "{case}: recovered");
    }
}

#[tokio::test(start_paused = true)]
async fn a_bad_answer_to_the_first_question_is_503() {
    for (case, page, said) in bad_answers() {
        let key = Key::new("b");
        let world = World::new();
        world.network.serve(URL, page);
        for request in 0..10 {
            assert_eq!(world.status(&key.token()).await, 503, "{case}: request {request}");
            assert!(world.network.elapsed() < 51 * SECOND, "{case}: request {request}");
        }
        assert!(world.last_error().unwrap().contains(said), "{case}");
        assert_eq!(world.keys.generation(), None, "{case}");
        world.publish([&key]);
        assert!(world.until(&key.token(), 200).await <= 61 * SECOND, "{case}");
    }
}

#[tokio::test(start_paused = true)]
async fn the_bounds_themselves_are_within() {
    let key = Key::new("a");
    let set = json!({ "keys": [key.jwk()] }).to_string();
    let padded = format!("{set}{}", " ".repeat(MAX_BODY - set.len()));
    let hundred = (0..100).map(|n| key.pair.jwk_with(&json!({ "kid": n.to_string() })));
    let cases = [
        ("256 KiB", Page::body(padded), "a"),
        ("100 keys", Page::keys(hundred), "99"),
        ("just in time", Page::body(set).after(5 * SECOND - Duration::from_millis(10)), "a"),
    ];
    for (case, page, kid) in cases {
        let world = World::new();
        world.network.serve(URL, page);
        let header = json!({ "alg": "ES256", "kid": kid }).to_string();
        let token = token().header(header).signed_by(&key.pair);
        assert_eq!(world.status(&token).await, 200, "{case}");
    }
}

#[tokio::test(start_paused = true)]
async fn bounds_can_be_set() {
    let key = Key::new("a");
    let cases: [(&str, World, Page); 3] = [
        ("a body", World::with(|builder| builder.max_body(50)), Page::keys([key.jwk()])),
        ("keys", World::with(|b| b.max_keys(1)), Page::keys([key.jwk(), Key::new("b").jwk()])),
        (
            "time",
            World::with(|builder| builder.timeout(SECOND)),
            Page::keys([key.jwk()]).after(2 * SECOND),
        ),
    ];
    for (case, world, page) in cases {
        world.network.serve(URL, page);
        assert_eq!(world.status(&key.token()).await, 503, "{case}");
    }
}

/// A client that follows redirects brings keys from where nobody was trusted.
#[tokio::test]
async fn keys_from_another_url_are_refused_whoever_asks() {
    let key = Key::new("a");
    let set = json!({ "keys": [key.jwk()] });
    let router = Router::new()
        .route("/moved", get(|| async { Redirect::temporary("/jwks") }))
        .route("/jwks", get(|| async move { Json(set) }));
    let app = App::serve(router).await;
    let following = || tower_bearer::reqwest::Client::builder().no_proxy().build().unwrap();
    let cases = [
        ("ours, in place", RemoteJwks::builder(app.url("/jwks")), true),
        ("ours, moved", RemoteJwks::builder(app.url("/moved")), false),
        ("theirs, in place", RemoteJwks::builder(app.url("/jwks")).client(following()), true),
        ("theirs, moved", RemoteJwks::builder(app.url("/moved")).client(following()), false),
    ];
    for (case, builder, good) in cases {
        let keys = builder.build().unwrap();
        assert_eq!(keys.preload().await.is_ok(), good, "{case}");
        let verifier = verifiers::new(standard(keys)).unwrap();
        assert_eq!(verifier.verify(&key.token()).await.is_ok(), good, "{case}");
    }
}
