//! What is remembered, for how long, and how much of it.

use serde_json::json;
use tower_bearer::{Lookup, TokenErrorKind};

use super::{ACME, BETA, Tenants, forged, tenant, token_of, verify};
use crate::support::NOW;

/// A token that does not expire while the clock is turned.
fn lasting(iss: &str) -> String {
    token_of(iss, &json!({}), &json!({ "exp": NOW + 100_000 }))
}

#[tokio::test]
async fn an_issuer_is_known_for_five_minutes_and_a_stranger_for_one() {
    for (iss, lifetime) in [(ACME, 300), ("https://nobody.example", 60)] {
        let tenants = Tenants::of([ACME]);
        let verifier = tenants.verifier();
        let token = lasting(iss);
        for (now, asked) in [
            (NOW, 1),
            (NOW, 0),
            (NOW + 1, 0),
            (NOW + lifetime - 1, 0),
            (NOW + lifetime, 1),
            (NOW + lifetime + 1, 0),
            // A clock that is set back makes what is remembered worthless.
            (NOW, 1),
            (NOW + lifetime - 1, 0),
            (NOW + 50_000, 1),
        ] {
            tenants.at(now);
            assert_eq!(verify(&verifier, &token).await.is_ok(), iss == ACME);
            assert_eq!(tenants.asked().len(), asked, "{iss} at NOW + {}", now - NOW);
        }
    }
}

#[tokio::test]
async fn a_change_is_seen_when_the_time_is_over() {
    let tenants = Tenants::new(|_| Ok(None));
    let moved = std::sync::Arc::new(std::sync::atomic::AtomicBool::new(false));
    let tenants = Tenants {
        answer: {
            let moved = std::sync::Arc::clone(&moved);
            std::sync::Arc::new(move |iss| {
                let now = if moved.load(std::sync::atomic::Ordering::SeqCst) { BETA } else { ACME };
                Ok((iss == now).then(|| tenant(iss)))
            })
        },
        ..tenants
    };
    let verifier = tenants.verifier();
    let good = async |iss: &str| verify(&verifier, &lasting(iss)).await.is_ok();
    assert!(good(ACME).await && !good(BETA).await);
    moved.store(true, std::sync::atomic::Ordering::SeqCst);
    tenants.at(NOW + 59);
    assert!(good(ACME).await && !good(BETA).await);
    tenants.at(NOW + 60);
    assert!(good(ACME).await && good(BETA).await);
    tenants.at(NOW + 300);
    assert!(!good(ACME).await && good(BETA).await);
}

#[tokio::test]
async fn what_is_known_is_answered_at_once() {
    let tenants = Tenants::of([ACME]);
    let verifier = tenants.verifier();
    for iss in [ACME, BETA] {
        assert!(matches!(verifier.verify(&lasting(iss)), Lookup::Pending(_)), "{iss}");
        drop(verifier.verify(&lasting(iss)).await);
        assert!(matches!(verifier.verify(&lasting(iss)), Lookup::Ready(_)), "{iss}");
    }
}

#[tokio::test]
async fn strangers_push_no_tenant_out_and_each_is_asked_for_once() {
    let names: Vec<String> = (0..1_000).map(|n| format!("https://{n}.tenant.example")).collect();
    let tenants = Tenants::new(|iss| Ok(iss.contains(".tenant.").then(|| tenant(iss))));
    let verifier = tenants.verifier();
    for name in &names {
        assert_eq!(verify(&verifier, &forged(name)).await, Err(TokenErrorKind::InvalidSignature));
    }
    assert_eq!(tenants.asked().len(), 1_000);

    let strangers: Vec<String> =
        (0..20_000).map(|n| forged(&format!("https://{n}.example"))).collect();
    for token in &strangers {
        assert_eq!(verify(&verifier, token).await, Err(TokenErrorKind::UnknownIssuer));
        assert_eq!(verify(&verifier, token).await, Err(TokenErrorKind::UnknownIssuer));
    }
    assert_eq!(tenants.asked().len(), 20_000, "each once");
    for token in &strangers[10_000..] {
        assert!(
            matches!(verifier.verify(token), Lookup::Ready(Err(_))),
            "the last 10,000 are kept"
        );
    }
    assert!(matches!(verifier.verify(&strangers[9_999]), Lookup::Pending(_)), "and no more");

    for name in &names {
        assert!(matches!(verifier.verify(&forged(name)), Lookup::Ready(_)), "all are still known");
    }
    assert!(tenants.asked().is_empty());
}

#[tokio::test]
async fn of_more_than_a_thousand_issuers_the_oldest_goes() {
    let tenants = Tenants::new(|iss| Ok(Some(tenant(iss))));
    let verifier = tenants.verifier();
    let token = |n: usize| forged(&format!("https://{n}.example"));
    for n in 0..=1_000 {
        let _ = verify(&verifier, &token(n)).await;
    }
    assert_eq!(verifier.status().len(), 1_000);
    assert!(matches!(verifier.verify(&token(1)), Lookup::Ready(_)));
    assert!(matches!(verifier.verify(&token(0)), Lookup::Pending(_)));
}
