//! Promise 15: where an issuer's keys are, as the issuer itself says.

use tower_bearer::TrustedIssuer;

use super::*;
use crate::support::verifiers;

const ISSUER: &str = crate::support::ISSUER;
const OIDC: &str = "https://issuer.example/.well-known/openid-configuration";
const OAUTH: &str = "https://issuer.example/.well-known/oauth-authorization-server";
const MOVED: &str = "https://keys.example/moved";

fn metadata(issuer: &str, jwks_uri: &str) -> Page {
    Page::body(json!({ "issuer": issuer, "jwks_uri": jwks_uri }).to_string())
}

/// A world whose issuer says where these keys are.
fn discovering(key: &Key) -> World {
    let world = World::of(RemoteJwks::discovery(ISSUER));
    world.network.serve(OIDC, metadata(ISSUER, URL));
    world.publish([key]);
    world
}

fn urls(world: &World) -> Vec<String> {
    world.network.asked().into_iter().map(|asked| asked.url).collect()
}

#[tokio::test(start_paused = true)]
async fn openid_connect_is_asked_first() {
    let key = Key::new("a");
    let world = discovering(&key);
    world.network.serve(OAUTH, metadata(ISSUER, MOVED));
    assert_eq!(world.status(&key.token()).await, 200);
    assert_eq!(urls(&world), [OIDC, URL]);
}

#[tokio::test(start_paused = true)]
async fn rfc_8414_is_asked_where_the_first_answer_is_of_no_use() {
    let useless = [
        ("not found", Page::status(404)),
        ("an error", Page::status(500)),
        ("a redirect", Page::status(302)),
        ("HTML", Page::body("<html>")),
        ("nothing", Page::body("")),
        ("another issuer", metadata("https://other.example", URL)),
        ("a slash more", metadata("https://issuer.example/", URL)),
        ("another case", metadata("https://Issuer.example", URL)),
        ("no keys", Page::body(json!({ "issuer": ISSUER }).to_string())),
        ("no issuer", Page::body(json!({ "jwks_uri": URL }).to_string())),
        (
            "keys of a wrong type",
            Page::body(json!({ "issuer": ISSUER, "jwks_uri": [URL] }).to_string()),
        ),
        ("keys over plain http", metadata(ISSUER, "http://keys.example/jwks")),
        ("keys on loopback", metadata(ISSUER, "http://127.0.0.1/jwks")),
        ("keys in a file", metadata(ISSUER, "file:///jwks")),
        ("keys nowhere", metadata(ISSUER, "/jwks")),
    ];
    for (case, page) in useless {
        let key = Key::new("a");
        let world = discovering(&key);
        world.network.serve(OIDC, page.clone());
        world.network.serve(OAUTH, metadata(ISSUER, URL));
        assert_eq!(world.status(&key.token()).await, 200, "{case}");
        assert_eq!(urls(&world), [OIDC, OAUTH, URL], "{case}");

        let world = discovering(&key);
        world.network.serve(OIDC, page.clone());
        world.network.serve(OAUTH, page);
        assert_eq!(world.status(&key.token()).await, 503, "{case}: both");
        assert_eq!(urls(&world), [OIDC, OAUTH], "{case}: both");
        let error = world.last_error().unwrap();
        assert!(error.starts_with("metadata: ") && error.contains(OAUTH), "{case}: {error}");
    }
}

#[tokio::test(start_paused = true)]
async fn where_there_is_no_answer_no_second_question_is_asked() {
    for (case, page) in [("refused", Page::refused()), ("hanging", Page::hang())] {
        let key = Key::new("a");
        let world = discovering(&key);
        world.network.serve(OIDC, page);
        world.network.serve(OAUTH, metadata(ISSUER, URL));
        assert_eq!(world.status(&key.token()).await, 503, "{case}");
        assert!(urls(&world).iter().all(|url| url == OIDC), "{case}");
        assert!(world.network.elapsed() < 6 * SECOND, "{case}");
        world.network.serve(OIDC, metadata(ISSUER, URL));
        assert!(world.until(&key.token(), 200).await < 61 * SECOND, "{case}");
    }
}

#[tokio::test(start_paused = true)]
async fn paths_and_slashes() {
    // The issuer, and where its metadata is.
    let cases = [
        (
            "https://issuer.example/",
            "https://issuer.example/.well-known/openid-configuration",
            "https://issuer.example/.well-known/oauth-authorization-server",
        ),
        (
            "https://issuer.example/a/b",
            "https://issuer.example/a/b/.well-known/openid-configuration",
            "https://issuer.example/.well-known/oauth-authorization-server/a/b",
        ),
        (
            "https://issuer.example/a/",
            "https://issuer.example/a/.well-known/openid-configuration",
            "https://issuer.example/.well-known/oauth-authorization-server/a",
        ),
    ];
    for (issuer, oidc, oauth) in cases {
        for appended in [true, false] {
            let key = Key::new("a");
            let world = World::of(RemoteJwks::discovery(issuer));
            world.publish([&key]);
            world.network.serve(if appended { oidc } else { oauth }, metadata(issuer, URL));
            let trusted = TrustedIssuer::new(issuer, crate::support::AUDIENCE, world.keys.clone());
            let verifier = verifiers::new(trusted.clock(crate::support::clock)).unwrap();
            let (header, claims) = (json!({ "kid": "a" }), json!({ "iss": issuer }));
            let token = json_token(Algorithm::ES256, &header, &claims).signed_by(&key.pair);
            assert!(verifier.verify(&token).await.is_ok(), "{issuer}");
            let expected = if appended { vec![oidc, URL] } else { vec![oidc, oauth, URL] };
            assert_eq!(urls(&world), expected);
        }
    }
}

#[tokio::test(start_paused = true)]
async fn keys_that_move_are_followed() {
    let (old, new) = (Key::new("old"), Key::new("new"));
    let world = discovering(&old);
    assert_eq!(world.status(&old.token()).await, 200);
    world.network.serve(OIDC, metadata(ISSUER, MOVED));
    world.network.serve(MOVED, Page::keys([new.jwk()]));
    pass(265 * SECOND).await;
    assert_eq!(urls(&world), [OIDC, URL, OIDC, MOVED], "the metadata is read with the keys");
    assert!(world.at_once(&new.token()).is_ok());
    assert_eq!(world.status(&old.token()).await, 401);
}

/// A tag says something of one address only.
#[tokio::test(start_paused = true)]
async fn keys_that_move_are_not_compared_by_an_old_tag() {
    let (old, new) = (Key::new("old"), Key::new("new"));
    let world = discovering(&old);
    world.network.serve(URL, Page::keys([old.jwk()]).tagged("\"1\""));
    assert_eq!(world.status(&old.token()).await, 200);
    world.network.serve(OIDC, metadata(ISSUER, MOVED));
    world.network.serve(MOVED, Page::keys([new.jwk()]).tagged("\"1\""));
    world.keys.refresh_now().await.unwrap();
    assert!(world.at_once(&new.token()).is_ok());
    world.keys.refresh_now().await.unwrap();
    let tags: Vec<_> = world.network.asked().iter().map(|a| a.etag().map(str::to_owned)).collect();
    let tag = Some("\"1\"".to_owned());
    assert_eq!(tags, [None, None, None, None, None, tag]);
}

#[tokio::test(start_paused = true)]
async fn metadata_that_fails_later_spoils_no_keys() {
    let useless = [
        Page::refused(),
        Page::hang(),
        Page::status(500),
        metadata("https://other.example", MOVED),
        metadata(ISSUER, "http://keys.example/jwks"),
    ];
    for page in useless {
        let (old, new) = (Key::new("old"), Key::new("new"));
        let world = discovering(&old);
        assert_eq!(world.status(&old.token()).await, 200);
        world.network.serve(OIDC, page.clone());
        world.network.serve(OAUTH, page);
        world.network.serve(MOVED, Page::keys([Key::new("x").jwk()]));
        // For hours, and keys rotate meanwhile.
        for _ in 0..5 {
            pass(30 * MINUTE).await;
            assert!(world.at_once(&old.token()).is_ok());
        }
        world.publish([&new]);
        pass(5 * MINUTE).await;
        assert!(world.at_once(&new.token()).is_ok());
        let status = world.keys.status().unwrap();
        assert!(status.age.unwrap() < 6 * MINUTE);
        assert!(status.last_error.unwrap().starts_with("metadata: "));
        world.network.serve(OIDC, metadata(ISSUER, URL));
        pass(5 * MINUTE).await;
        assert_eq!(world.last_error(), None);
    }
}

#[tokio::test(start_paused = true)]
async fn forced_fetches_ask_for_the_keys_alone() {
    let (old, new) = (Key::new("old"), Key::new("new"));
    let world = discovering(&old);
    assert_eq!(world.status(&old.token()).await, 200);
    world.publish([&old, &new]);
    assert_eq!(world.status(&new.token()).await, 200);
    assert_eq!(urls(&world), [OIDC, URL, URL]);
    assert!(world.network.asked()[2].is_past_caches());
}

#[tokio::test(start_paused = true)]
async fn metadata_is_bounded_like_keys() {
    let key = Key::new("a");
    let large = json!({ "issuer": ISSUER, "jwks_uri": URL, "x": "x".repeat(256 * 1024) });
    for page in [Page::endless(1 << 28), Page::body(large.to_string()), Page::drip("{}".repeat(9))]
    {
        let world = discovering(&key);
        world.network.serve(OIDC, page);
        assert_eq!(world.status(&key.token()).await, 503);
        assert!(world.network.pulled() <= (256 + 16) * 1024);
        assert!(world.network.elapsed() < 6 * SECOND);
    }
}

#[test]
fn what_an_issuer_may_not_be() {
    let refused = |builder: RemoteJwksBuilder| builder.fetch(Network::new()).build().is_err();
    assert!(refused(RemoteJwks::discovery("http://issuer.example")));
    assert!(refused(RemoteJwks::discovery("issuer.example")));
    assert!(refused(RemoteJwks::discovery("https://issuer.example?tenant=1")));
    assert!(refused(RemoteJwks::builder("http://keys.example/jwks")));
    assert!(!refused(RemoteJwks::builder("http://keys.example/jwks").danger_allow_http()));
    assert!(!refused(RemoteJwks::discovery("http://issuer.example").danger_allow_http()));
    assert!(!refused(RemoteJwks::discovery("http://127.0.0.1:8080/realms/a")));
    for algorithm in [Algorithm::HS256, Algorithm::HS384, Algorithm::HS512] {
        let issuer = TrustedIssuer::discover(ISSUER, crate::support::AUDIENCE).unwrap();
        assert!(verifiers::new(issuer.algorithms([algorithm])).is_err(), "{algorithm}");
    }
}

#[tokio::test(start_paused = true)]
async fn plain_http_is_for_loopback_and_for_those_who_say_so() {
    // The issuer, where it says its keys are, whether danger is allowed, and whether that is good.
    let cases = [
        ("http://127.0.0.1:1", "http://127.0.0.1:2/jwks", false, true),
        ("http://127.0.0.1:1", "http://keys.example/jwks", false, false),
        ("https://issuer.example", "http://127.0.0.1:2/jwks", false, false),
        ("https://issuer.example", "http://keys.example/jwks", true, true),
    ];
    for (issuer, jwks_uri, danger, good) in cases {
        let builder = RemoteJwks::discovery(issuer);
        let world = World::of(if danger { builder.danger_allow_http() } else { builder });
        let oidc = format!("{issuer}/.well-known/openid-configuration");
        world.network.serve(&oidc, metadata(issuer, jwks_uri));
        world.network.serve(jwks_uri, Page::keys([Key::new("a").jwk()]));
        assert_eq!(world.keys.preload().await.is_ok(), good, "{issuer} and {jwks_uri}");
        let asked = urls(&world).iter().any(|url| url == jwks_uri);
        assert_eq!(asked, good, "{jwks_uri} is not even asked");
    }
}
