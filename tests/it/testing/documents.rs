use std::time::Duration;

use hyper::{
    Method,
    header::{CACHE_CONTROL, CONTENT_TYPE, ETAG, IF_NONE_MATCH},
};
use serde_json::{Value, json};
use tokio::time::Instant;
use tower_bearer::{
    Fetch,
    http::{Request, Response},
    testing::{Fetches, TestIssuer},
};

use super::{fetch, get};

const METADATA: &str = "https://issuer.test/.well-known/openid-configuration";
const JWKS: &str = "https://issuer.test/jwks";

/// Documents are found where discovery looks for them.
#[tokio::test]
async fn metadata_is_at_every_place_for_it() {
    let cases = [
        ("https://issuer.test", "https://issuer.test/.well-known/openid-configuration", 200),
        ("https://issuer.test", "https://issuer.test/.well-known/oauth-authorization-server", 200),
        ("https://issuer.test", "https://issuer.test/.well-known/other", 404),
        ("https://issuer.test", "https://issuer.test/", 404),
        ("https://issuer.test/", "https://issuer.test/.well-known/openid-configuration", 200),
        ("https://issuer.test/", "https://issuer.test/jwks", 200),
        ("https://a.test/t", "https://a.test/t/.well-known/openid-configuration", 200),
        ("https://a.test/t", "https://a.test/.well-known/openid-configuration/t", 200),
        ("https://a.test/t", "https://a.test/.well-known/oauth-authorization-server/t", 200),
        ("https://a.test/t", "https://a.test/t/.well-known/oauth-authorization-server", 404),
        ("https://a.test/t", "https://a.test/.well-known/openid-configuration", 404),
        ("https://a.test/t", "https://a.test/t/jwks", 200),
        ("https://a.test/t", "https://a.test/jwks", 404),
        ("https://a.test/t/", "https://a.test/t/.well-known/openid-configuration", 200),
        ("https://a.test/t/", "https://a.test/t/jwks", 200),
        ("http://127.0.0.1:8080", "http://127.0.0.1:8080/jwks", 200),
    ];
    for (name, uri, status) in cases {
        let issuer = TestIssuer::builder().name(name).build();
        let answer = fetch(&issuer, get(uri)).await;
        assert_eq!(answer.status(), status, "{name}: {uri}");
        if uri.contains(".well-known") && status == 200 {
            let metadata: Value = serde_json::from_str(answer.body()).unwrap();
            assert_eq!(metadata["issuer"], name);
            let keys = fetch(&issuer, get(metadata["jwks_uri"].as_str().unwrap())).await;
            assert_eq!(keys.body(), &issuer.jwks(), "{name}");
        }
    }
}

#[tokio::test]
async fn metadata_has_what_is_demanded_of_it() {
    let answer = fetch(&TestIssuer::new(), get(METADATA)).await;
    assert_eq!(answer.headers()[CONTENT_TYPE], "application/json");
    assert_eq!(
        serde_json::from_str::<Value>(answer.body()).unwrap(),
        json!({
            "issuer": "https://issuer.test",
            "jwks_uri": "https://issuer.test/jwks",
            "authorization_endpoint": "https://issuer.test/authorize",
            "response_types_supported": ["code"],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": ["ES256"],
        })
    );
}

#[tokio::test]
async fn other_hosts_are_out_of_reach_in_memory() {
    let issuer = TestIssuer::builder().name("https://a.test/t").build();
    for uri in
        ["https://b.test/t/jwks", "http://a.test/t/jwks", "https://a.test.evil/t/jwks", "/t/jwks"]
    {
        assert!(issuer.fetch().fetch(get(uri)).await.is_err(), "{uri}");
    }
    assert_eq!(issuer.fetches(), Fetches::default());
}

#[tokio::test]
async fn only_reading_is_allowed() {
    let issuer = TestIssuer::new();
    for (method, status) in [(Method::GET, 200), (Method::HEAD, 200), (Method::POST, 405)] {
        let request = Request::builder().method(&method).uri(JWKS).body(()).unwrap();
        assert_eq!(fetch(&issuer, request).await.status(), status, "{method}");
    }
}

#[tokio::test]
async fn documents_are_answered_as_they_are_told() {
    let issuer = TestIssuer::new();
    let statuses = async || {
        let (metadata, keys) =
            (fetch(&issuer, get(METADATA)).await, fetch(&issuer, get(JWKS)).await);
        (metadata.status().as_u16(), keys.status().as_u16())
    };
    assert_eq!(statuses().await, (200, 200));

    issuer.outage();
    assert_eq!(statuses().await, (503, 503));

    issuer.malformed();
    assert_eq!(statuses().await, (200, 200));
    let page = fetch(&issuer, get(JWKS)).await;
    assert_eq!(page.headers()[CONTENT_TYPE], "text/html");
    assert!(serde_json::from_str::<Value>(page.body()).is_err());

    issuer.answer_with(|request| {
        let keys = request.uri().path() == "/jwks";
        keys.then(|| Response::builder().status(429).body("later".to_owned()).unwrap())
    });
    assert_eq!(statuses().await, (200, 429));
    assert_eq!(fetch(&issuer, get(JWKS)).await.body(), "later");

    issuer.recover();
    assert_eq!(statuses().await, (200, 200));
    assert_eq!(fetch(&issuer, get(JWKS)).await.body(), &issuer.jwks());
}

#[tokio::test(start_paused = true)]
async fn slow_answers_take_their_time() {
    let issuer = TestIssuer::new();
    let took = async |uri| {
        let asked = Instant::now();
        assert_eq!(fetch(&issuer, get(uri)).await.status(), 200);
        asked.elapsed()
    };
    assert_eq!(took(JWKS).await, Duration::ZERO);
    issuer.slow(Duration::from_secs(7));
    assert_eq!(took(JWKS).await, Duration::from_secs(7));
    assert_eq!(took(METADATA).await, Duration::from_secs(7));
    issuer.recover();
    assert_eq!(took(JWKS).await, Duration::ZERO);

    // Slow for ever is no overflow.
    issuer.slow(Duration::MAX);
    let request = issuer.fetch();
    let waited =
        tokio::time::timeout(Duration::from_secs(60), request.fetch(get(JWKS)).into_future());
    assert!(waited.await.is_err());
}

#[tokio::test]
async fn fetches_are_counted_whatever_is_answered() {
    let issuer = TestIssuer::new();
    let counts = || (issuer.fetches().discovery, issuer.fetches().jwks);
    assert_eq!(counts(), (0, 0));
    fetch(&issuer, get(METADATA)).await;
    fetch(&issuer, get("https://issuer.test/.well-known/oauth-authorization-server")).await;
    fetch(&issuer, get(JWKS)).await;
    fetch(&issuer, get("https://issuer.test/elsewhere")).await;
    assert_eq!(counts(), (2, 1));
    issuer.outage();
    fetch(&issuer, get(METADATA)).await;
    fetch(&issuer, get(JWKS)).await;
    assert_eq!(counts(), (3, 2));
    assert_eq!(issuer.clone().fetches(), issuer.fetches());
}

#[tokio::test]
async fn the_tag_changes_with_the_keys_alone() {
    let issuer = TestIssuer::new();
    let tag = async || fetch(&issuer, get(JWKS)).await.headers()[ETAG].clone();
    let first = tag().await;
    assert_eq!(first, tag().await);
    let ask = async |sent: &str| {
        let request = Request::get(JWKS).header(IF_NONE_MATCH, sent).body(()).unwrap();
        let answer = fetch(&issuer, request).await;
        assert_eq!(answer.status() == 304, answer.body().is_empty(), "{sent}");
        assert!(answer.headers().contains_key(ETAG), "{sent}");
        answer.status().as_u16()
    };
    let text = first.to_str().unwrap();
    for (sent, status) in [
        (text.to_owned(), 304),
        (format!("W/{text}"), 304),
        (format!("\"other\", {text}"), 304),
        ("*".to_owned(), 304),
        ("\"other\"".to_owned(), 200),
        (text.trim_matches('"').to_owned(), 200),
    ] {
        assert_eq!(ask(&sent).await, status, "{sent}");
    }
    issuer.add_keys();
    assert_ne!(first, tag().await);
    assert_eq!(ask(text).await, 200);
}

#[tokio::test]
async fn cache_control_is_sent_with_keys_once_it_is_set() {
    let issuer = TestIssuer::new();
    assert!(!fetch(&issuer, get(JWKS)).await.headers().contains_key(CACHE_CONTROL));
    issuer.cache_control("public, max-age=600");
    let answer = fetch(&issuer, get(JWKS)).await;
    assert_eq!(answer.headers()[CACHE_CONTROL], "public, max-age=600");
    let request =
        Request::get(JWKS).header(IF_NONE_MATCH, &answer.headers()[ETAG]).body(()).unwrap();
    let unchanged = fetch(&issuer, request).await;
    assert_eq!(unchanged.status(), 304);
    assert_eq!(unchanged.headers()[CACHE_CONTROL], "public, max-age=600");
}
