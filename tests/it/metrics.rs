//! What is counted (feature `metrics`): names and labels as the front page has them, and nothing of a token.

use std::{
    collections::BTreeMap,
    convert::Infallible,
    future::{Future, Ready, ready},
    task::{Context, Poll},
    time::Duration,
};

use metrics_util::debugging::{DebugValue, DebuggingRecorder};
use serde_json::{Value, json};
use tokio::time::advance;
use tower::{Layer, Service, ServiceExt};
use tower_bearer::{
    Algorithm::ES256, AuthorizeLayer, BoxError, Denial, FetchBody, JwtLayer, RemoteJwks,
    RequireScope, StaticKeys, http, policy_fn, resolver_fn,
};

use crate::support::{ISSUER, KeyPair, json_token, key, standard, token, verifiers};

const JWKS: &str = "https://issuer.example/jwks";

/// What is counted while this runs, each with its labels.
fn counted(test: impl Future<Output = ()>) -> BTreeMap<String, f64> {
    let recorder = DebuggingRecorder::new();
    let snapshotter = recorder.snapshotter();
    let mut runtime = tokio::runtime::Builder::new_current_thread();
    let runtime = runtime.enable_all().start_paused(true).build().unwrap();
    metrics::with_local_recorder(&recorder, || runtime.block_on(test));
    let read = |(key, _, _, value): (metrics_util::CompositeKey, _, _, DebugValue)| {
        let labels = key.key().labels().map(|label| format!("{}={}", label.key(), label.value()));
        let name = format!("{} {}", key.key().name(), labels.collect::<Vec<_>>().join(" "));
        let value = match value {
            DebugValue::Counter(count) => f64::from(u32::try_from(count).unwrap()),
            DebugValue::Gauge(gauge) => gauge.into_inner(),
            DebugValue::Histogram(_) => panic!("there are none"),
        };
        (name.trim().to_owned(), value)
    };
    snapshotter.snapshot().into_vec().into_iter().map(read).collect()
}

fn expect(found: &BTreeMap<String, f64>, expected: &[(&str, f64)]) {
    let expected: BTreeMap<_, _> =
        expected.iter().map(|(name, value)| ((*name).to_owned(), *value)).collect();
    // Every verifier of the suite has a cache in that mode.
    let own = |(name, _): &(&String, &f64)| {
        !verifiers::is_remembering() || !name.starts_with("tower_bearer_cache")
    };
    let found: BTreeMap<_, _> =
        found.iter().filter(own).map(|(name, value)| (name.clone(), *value)).collect();
    assert_eq!(found, expected);
}

#[test]
fn tokens_are_counted_by_what_becomes_of_them() {
    let found = counted(async {
        let keys = StaticKeys::new([key(ES256).verifying()]).unwrap();
        let verifier = verifiers::new(standard(keys)).unwrap();
        verifier.verify(&token().compact()).await.unwrap();
        verifier.verify(&token().compact()).await.unwrap();
        for bad in
            ["a.b.c".to_owned(), json_token(ES256, &json!({}), &json!({ "exp": 1 })).compact()]
        {
            verifier.verify(&bad).await.unwrap_err();
        }
    });
    expect(
        &found,
        &[
            ("tower_bearer_tokens_total outcome=verified", 2.0),
            ("tower_bearer_tokens_total outcome=malformed", 1.0),
            ("tower_bearer_tokens_total outcome=expired", 1.0),
        ],
    );
}

#[test]
fn decisions_are_counted_by_outcome_reason_and_signer() {
    let found = counted(async {
        let keys = StaticKeys::new([key(ES256).verifying()]).unwrap();
        let awaited = resolver_fn(|_| async { Ok(key(ES256).verifying()) });
        let layer = |issuer| JwtLayer::new(verifiers::new(issuer).unwrap());
        let scope = || RequireScope::all(["read"]).unwrap();
        let policy = || AuthorizeLayer::new(scope());
        let at_hand = layer(standard(keys)).optional();
        let signed = |claims| json_token(ES256, &json!({ "kid": "canary" }), &claims).compact();
        let (good, lacking) = (signed(json!({ "scope": "read" })), signed(json!({})));
        send(&at_hand.layer(policy().layer(Inner)), Some(&good)).await;
        send(&at_hand.layer(policy().layer(Inner)), Some(&lacking)).await;
        send(&layer(standard(awaited)).require(scope()).layer(Inner), Some(&good)).await;
        send(&at_hand.layer(Inner), None).await;
        send(&at_hand.layer(Inner), Some("no.good.token")).await;
        send(&at_hand.layer(Inner), Some(&signed(json!({ "iss": "canary" })))).await;
        let failed = signed(json!({ "exp": 1 }));
        send(&at_hand.clone().best_effort().layer(Inner), Some(&failed)).await;
        let seats = policy_fn(|_, _| Err(Denial::forbidden().with_reason("no_seat")));
        send(&at_hand.require(seats).layer(Inner), Some(&good)).await;
        send(&policy().layer(Inner), None).await;
    });
    let decision = |outcome: &str, reason: &str, alg: &str, issuer: &str, latency: &str| {
        format!(
            "tower_bearer_decisions_total outcome={outcome} reason={reason} alg={alg} issuer={issuer} latency={latency}"
        )
    };
    let by = |outcome: &str, reason: &str| decision(outcome, reason, "ES256", ISSUER, "ready");
    let of = |outcome: &str, reason: &str, alg: &str| {
        decision(outcome, reason, alg, "unverified", "ready")
    };
    let expected = [
        // Twice for the first, by two layers, and once for the second, which is then refused.
        (by("granted", "granted"), 3.0),
        (by("refused", "insufficient_scope"), 1.0),
        (decision("granted", "granted", "ES256", ISSUER, "waited"), 1.0),
        (of("anonymous", "absent", "unknown"), 1.0),
        (of("refused", "malformed", "unknown"), 1.0),
        (of("refused", "unknown_issuer", "ES256"), 1.0),
        (of("failed", "expired", "ES256"), 1.0),
        (by("refused", "no_seat"), 1.0),
        (of("refused", "misconfigured", "unknown"), 1.0),
    ];
    let decisions: BTreeMap<_, _> =
        found.into_iter().filter(|(name, _)| name.contains("decisions")).collect();
    let expected: Vec<_> = expected.iter().map(|(name, count)| (&**name, *count)).collect();
    expect(&decisions, &expected);
}

/// An inner service that answers at once.
#[derive(Clone)]
struct Inner;

impl Service<http::Request<()>> for Inner {
    type Response = http::Response<()>;
    type Error = Infallible;
    type Future = Ready<Result<http::Response<()>, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, _: http::Request<()>) -> Self::Future {
        ready(Ok(http::Response::new(())))
    }
}

async fn send<S>(service: &S, token: Option<&str>)
where
    S: Service<http::Request<()>, Response = http::Response<()>, Error = Infallible> + Clone,
{
    let mut request = http::Request::new(());
    if let Some(token) = token {
        let value = format!("Bearer {token}").parse().unwrap();
        request.headers_mut().insert("authorization", value);
    }
    service.clone().oneshot(request).await.unwrap();
}

#[test]
fn fetches_ages_and_unknown_keys_are_counted() {
    use std::sync::{Arc, Mutex};

    let found = counted(async {
        let pair = KeyPair::generate(ES256);
        let named = |kid: &str| pair.jwk_with(&json!({ "kid": kid }));
        let set = Arc::new(Mutex::new(Some(vec![named("1")])));
        let published: Arc<Mutex<Option<Vec<Value>>>> = Arc::clone(&set);
        let keys = RemoteJwks::builder(format!("{JWKS}?api_key=hidden"))
            .fetch(move |_: http::Request<()>| {
                let keys = published.lock().unwrap().clone();
                async move {
                    let keys = keys.ok_or("it is down")?;
                    let body = json!({ "keys": keys }).to_string();
                    Ok::<_, BoxError>(http::Response::new(FetchBody::from(body)))
                }
            })
            .build()
            .unwrap();
        let verifier = verifiers::new(standard(keys)).unwrap();
        let token = |kid| json_token(ES256, &json!({ "kid": kid }), &json!({})).signed_by(&pair);
        verifier.verify(&token("1")).await.unwrap();
        verifier.verify(&token("stranger")).await.unwrap_err();
        *set.lock().unwrap() = Some(vec![named("1"), named("2")]);
        verifier.verify(&token("2")).await.unwrap();
        *set.lock().unwrap() = None;
        advance(Duration::from_secs(100)).await;
        verifier.verify(&token("3")).await.unwrap_err();
        verifier.refresh_now().await.unwrap_err();
    });
    let from = format!("from={JWKS}");
    let fetches = |occasion: &str, outcome: &str| {
        format!("tower_bearer_key_fetches_total {from} occasion={occasion} outcome={outcome}")
    };
    let kids = |answer: &str| format!("tower_bearer_unknown_kids_total {from} answer={answer}");
    expect(
        &found,
        &[
            (&fetches("schedule", "changed"), 1.0),
            (&fetches("unknown_key", "unchanged"), 1.0),
            (&fetches("unknown_key", "changed"), 1.0),
            (&fetches("unknown_key", "failed"), 1.0),
            (&fetches("operator", "failed"), 1.0),
            (&kids("found"), 1.0),
            (&kids("absent"), 1.0),
            (&kids("unavailable"), 1.0),
            (&format!("tower_bearer_keys {from}"), 2.0),
            (&format!("tower_bearer_keys_age_seconds {from}"), 100.0),
            ("tower_bearer_tokens_total outcome=verified", 2.0),
            ("tower_bearer_tokens_total outcome=unknown_key", 1.0),
            ("tower_bearer_tokens_total outcome=keys_unavailable", 1.0),
        ],
    );
}
