//! When it is asked, and what about.

use tower_bearer::{Lookup, TokenErrorKind, issuer_fn_sync};

use super::*;
use crate::support::{AUDIENCE, ISSUER, KeyPair, clock, verifiers};

/// A token with this `jti` and these claims.
fn with(jti: &str, mut claims: Value) -> String {
    claims["jti"] = jti.into();
    token_with(&claims)
}

#[tokio::test]
async fn it_is_asked_of_none_that_is_refused_for_something_else() {
    let check = ByName::default();
    let issuer = || standard(keys()).require_claim("use", "access").revocation(check.clone());
    let stranger = KeyPair::stranger(Algorithm::ES256);
    let unsigned = json_token(Algorithm::ES256, &json!({}), &json!({ "use": "access" }));
    let access = |claims: Value| {
        let mut claims = claims;
        claims["use"] = "access".into();
        with("asked", claims)
    };
    let verifier = verifiers::new(issuer()).unwrap();
    for (name, token, kind) in [
        ("another's signature", unsigned.signed_by(&stranger), TokenErrorKind::InvalidSignature),
        ("expired", access(json!({ "exp": NOW - 100 })), TokenErrorKind::Expired),
        ("not yet", access(json!({ "nbf": NOW + 100 })), TokenErrorKind::NotYetValid),
        ("audience", access(json!({ "aud": "other" })), TokenErrorKind::AudienceMismatch),
        ("bound", access(json!({ "cnf": {} })), TokenErrorKind::BoundToken),
        ("a claim that is lacking", named("asked"), TokenErrorKind::MissingClaim),
        ("rubbish", "a.b.c".to_owned(), TokenErrorKind::Malformed),
    ] {
        assert_eq!(verifier.verify(&token).await.unwrap_err().kind(), kind, "{name}");
        assert_eq!(check.asked(), [""; 0], "{name}");
    }
    assert!(verifier.verify(&access(json!({}))).await.is_ok());
    assert_eq!(check.asked(), ["asked"], "once");
}

#[tokio::test]
async fn it_is_asked_once_and_not_before_the_key_has_come() {
    let check = ByName::default();
    let (open, gate) = tokio::sync::oneshot::channel::<()>();
    let gate = Mutex::new(Some(gate));
    let keys = resolver_fn(move |_| {
        let gate = gate.lock().unwrap().take().unwrap();
        async move {
            gate.await.unwrap();
            Ok(key(Algorithm::ES256).verifying())
        }
    });
    let verifier = verifiers::new(standard(keys).revocation(check.clone())).unwrap();
    let Lookup::Pending(waiting) = verifier.verify(&named("revoked")) else { panic!("a key") };
    assert_eq!(check.asked(), [""; 0]);
    open.send(()).unwrap();
    assert_eq!(waiting.await.unwrap_err().kind(), TokenErrorKind::Revoked);
    assert_eq!(check.asked(), ["revoked"]);
}

#[tokio::test]
async fn it_is_asked_for_every_request_anew() {
    let asked = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&asked);
    let check = revocation_fn(move |_| match counter.fetch_add(1, Ordering::SeqCst) {
        1 => Revocation::Revoked,
        2 => Revocation::Unknown,
        _ => Revocation::Good,
    });
    let app = app(standard(keys()).revocation(check)).await.once();
    let token = named("the same");
    app.get(&token).await.assert_accepted("first");
    app.get(&token).await.assert_invalid_token("then revoked");
    app.get(&token).await.assert_unavailable("then unknown");
    app.get(&token).await.assert_accepted("and good again");
    assert_eq!(asked.load(Ordering::SeqCst), 4);
}

#[tokio::test]
async fn it_sees_all_of_the_token() {
    let seen = Arc::new(Mutex::new(String::new()));
    let told = Arc::clone(&seen);
    let check = revocation_fn(move |token| {
        let sid: Option<String> = token.claim("sid").unwrap();
        let issued_at = token.issued_at().unwrap().as_secs();
        *told.lock().unwrap() = format!(
            "{} {:?} {:?} {:?} {issued_at} {sid:?} {:?}",
            token.issuer(),
            token.subject(),
            token.client_id(),
            token.jwt_id(),
            token.key_id(),
        );
        Revocation::Good
    });
    let verifier = verifiers::new(standard(keys()).revocation(check)).unwrap();
    let claims = json!({ "client_id": "web", "jti": "1", "sid": "session" });
    assert!(verifier.verify(&token_with(&claims)).await.is_ok());
    assert_eq!(
        *seen.lock().unwrap(),
        format!(
            r#"{ISSUER} Some("ada") Some("web") Some("1") {NOW} Some("session") Some("2025-a")"#
        )
    );
}

#[tokio::test]
async fn every_issuer_has_its_own() {
    const OTHER: &str = "https://other-issuer.example";
    const THIRD: &str = "https://third-issuer.example";
    let (one, other) = (ByName::default(), ByName::default());
    let of = |name: &str| TrustedIssuer::new(name, AUDIENCE, keys()).clock(clock);
    let verifier = verifiers::any_of([
        of(ISSUER).revocation(one.clone()),
        of(OTHER).revocation(other.clone()),
        of(THIRD),
    ]);
    let app = app_of(verifier.unwrap()).await.once();
    app.get(&with("good", json!({}))).await.assert_accepted("one");
    assert_eq!((one.asked(), other.asked()), (vec!["good".to_owned()], vec![]));
    app.get(&with("revoked", json!({ "iss": OTHER }))).await.assert_invalid_token("other");
    assert_eq!((one.asked(), other.asked()), (vec![], vec!["revoked".to_owned()]));
    app.get(&with("revoked", json!({ "iss": THIRD }))).await.assert_accepted("has none");
    assert_eq!((one.asked(), other.asked()), (vec![], vec![]));
}

#[tokio::test]
async fn the_issuers_of_a_resolver_have_theirs() {
    let check = ByName::default();
    let known = check.clone();
    let verifier = verifiers::dynamic(issuer_fn_sync(move |iss| {
        let issuer = TrustedIssuer::new(iss, AUDIENCE, keys()).clock(clock);
        Ok(Some(issuer.revocation(known.clone())))
    }));
    let app = app_of(verifier).await.once();
    // The resolver's clock is the machine's.
    let of = |jti: &str| with(jti, json!({ "iss": "https://acme.example", "exp": 1e12 }));
    app.get(&of("good")).await.assert_accepted("good");
    app.get(&of("revoked")).await.assert_invalid_token("revoked");
    app.get(&of("unknown")).await.assert_unavailable("unknown");
    assert_eq!(check.asked(), ["good", "revoked", "unknown"]);
}

#[tokio::test]
async fn a_set_behind_a_lock_is_a_check() {
    let revoked: Arc<std::sync::RwLock<std::collections::HashSet<String>>> = Arc::default();
    let known = Arc::clone(&revoked);
    let check = revocation_fn(move |token| match (token.jwt_id(), known.read()) {
        (Some(jti), Ok(known)) if !known.contains(jti) => Revocation::Good,
        (_, Ok(_)) => Revocation::Revoked,
        (_, Err(_)) => Revocation::Unknown,
    });
    assert_eq!(format!("{check:?}"), "RevocationFn(..)");
    let app = app(standard(keys()).revocation(check)).await.once();
    app.get(&named("a")).await.assert_accepted("before");
    revoked.write().unwrap().insert("a".to_owned());
    app.get(&named("a")).await.assert_invalid_token("at once");
    app.get(&named("b")).await.assert_accepted("another");
    app.get(&token_with(&json!({}))).await.assert_invalid_token("without a name");
    let poison = Arc::clone(&revoked);
    let writer = std::thread::spawn(move || {
        let _guard = poison.write().unwrap();
        panic!("while it was written");
    });
    assert!(writer.join().is_err());
    app.get(&named("b")).await.assert_unavailable("a set that may be half written");
}
