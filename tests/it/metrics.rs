//! What is counted (feature `metrics`): names and labels as the front page has them, and nothing of a token.

use std::{collections::BTreeMap, future::Future, time::Duration};

use metrics_util::debugging::{DebugValue, DebuggingRecorder};
use serde_json::{Value, json};
use tokio::time::advance;
use tower_bearer::{Algorithm::ES256, BoxError, FetchBody, RemoteJwks, StaticKeys, Verifier, http};

use crate::support::{KeyPair, json_token, key, standard, token};

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
    assert_eq!(*found, expected);
}

#[test]
fn tokens_are_counted_by_what_becomes_of_them() {
    let found = counted(async {
        let keys = StaticKeys::new([key(ES256).verifying()]).unwrap();
        let verifier = Verifier::new(standard(keys)).unwrap();
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
        let verifier = Verifier::new(standard(keys)).unwrap();
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
