use serde_json::Value;
use tower_bearer::{
    Algorithm, StaticKeys, TokenErrorKind,
    testing::{RequestExt, TestIssuer},
};

use super::{FAST, header, kid, kids, over, published, verify, verify_text};
use crate::support::{AUDIENCE, verifiers};

#[tokio::test]
async fn rotation_replaces_every_key() {
    let issuer = TestIssuer::builder().algorithms(FAST).build();
    let before = kids(&issuer);
    let tokens = FAST.map(|alg| issuer.token_for(AUDIENCE).algorithm(alg).mint());
    let old_keys = over(&issuer, published(&issuer));

    issuer.rotate();

    let after = kids(&issuer);
    assert_eq!((before.len(), after.len()), (4, 4));
    assert!(before.iter().all(|kid| !after.contains(kid)));
    for (algorithm, token) in FAST.into_iter().zip(tokens) {
        let known = verify_text(&issuer, &token).await;
        assert_eq!(known.err(), Some(TokenErrorKind::UnknownKey), "{algorithm}");
        let new = issuer.token_for(AUDIENCE).algorithm(algorithm);
        assert!(verify(&issuer, new.clone()).await.is_ok(), "{algorithm}");
        assert!(old_keys.verify(&new.mint()).await.is_err(), "{algorithm}");
    }
}

/// All six algorithms of RSA share a key, which takes a while to make, but no two generations do.
#[test]
fn a_rotation_makes_another_rsa_key() {
    let issuer = TestIssuer::builder().algorithms([Algorithm::RS256, Algorithm::PS512]).build();
    let moduli = || {
        let jwks: Value = serde_json::from_str(&issuer.jwks()).unwrap();
        [0, 1].map(|at| jwks["keys"][at]["n"].as_str().unwrap().to_owned())
    };
    let [first, second] = moduli();
    assert_eq!(first, second);
    issuer.rotate();
    assert!(!moduli().contains(&first));
}

#[tokio::test]
async fn a_good_provider_publishes_before_it_signs() {
    let issuer = TestIssuer::new();
    let first = issuer.token_for(AUDIENCE).mint();

    issuer.add_keys();
    issuer.add_keys();
    assert_eq!(kids(&issuer).len(), 2, "a next key is added once");
    assert_eq!(kid(&issuer.token().mint()), kid(&first), "the old key still signs");

    issuer.promote_keys();
    let second = issuer.token_for(AUDIENCE).mint();
    assert_eq!(kids(&issuer), [kid(&first), kid(&second)]);
    assert!(verify_text(&issuer, &first).await.is_ok(), "the old key is still published");
    assert!(verify_text(&issuer, &second).await.is_ok());

    issuer.withdraw_keys();
    issuer.withdraw_keys();
    assert_eq!(kids(&issuer), [kid(&second)]);
    assert_eq!(verify_text(&issuer, &first).await.err(), Some(TokenErrorKind::UnknownKey));
    assert!(verify_text(&issuer, &second).await.is_ok());
}

/// Keys that were added are not skipped by a rotation, and those that sign are never withdrawn.
#[test]
fn the_steps_go_together_in_any_order() {
    let issuer = TestIssuer::new();
    issuer.add_keys();
    let added = kids(&issuer).pop().unwrap();
    issuer.rotate();
    assert_eq!(kids(&issuer), [&*added]);
    assert_eq!(kid(&issuer.token().mint()), added);
    issuer.withdraw_keys();
    assert_eq!(kids(&issuer), [&*added]);

    // An algorithm that came after `add_keys` has no next key, so its own stays.
    issuer.add_keys();
    let ed25519 = kid(&issuer.token().algorithm(Algorithm::Ed25519).mint());
    issuer.promote_keys();
    issuer.withdraw_keys();
    assert!(kids(&issuer).contains(&ed25519) && !kids(&issuer).contains(&added));
}

#[test]
fn keys_are_made_when_they_are_asked_for() {
    let issuer = TestIssuer::new();
    assert_eq!(kids(&issuer), ["ES256-1"]);
    assert_eq!(kid(&issuer.token().algorithm(Algorithm::Ed25519).mint()), "Ed25519-2");
    assert_eq!(kids(&issuer), ["ES256-1", "Ed25519-2"]);

    let other = TestIssuer::builder().algorithms([Algorithm::Ed25519, Algorithm::ES384]).build();
    assert_eq!(kids(&other), ["Ed25519-1", "ES384-2"]);
    assert_eq!(header(&other.token().mint())["alg"], "Ed25519");
}

#[tokio::test]
async fn two_issuers_share_the_names_of_keys_and_no_key() {
    let (one, other) = (TestIssuer::new(), TestIssuer::new());
    assert_eq!(kids(&one), kids(&other));
    let token = one.token_for(AUDIENCE).mint();
    assert_eq!(verify_text(&other, &token).await.err(), Some(TokenErrorKind::InvalidSignature));
}

#[tokio::test]
async fn a_secret_is_handed_out_and_rotated_and_never_published() {
    let issuer = TestIssuer::builder().algorithms([Algorithm::HS256]).build();
    assert_eq!(issuer.jwks(), r#"{"keys":[]}"#);
    let secret = issuer.secret(Algorithm::HS256);
    assert_eq!((secret.len(), &secret), (64, &issuer.secret(Algorithm::HS256)));
    assert_ne!(secret, issuer.secret(Algorithm::HS512));
    let verifier = over(&issuer, StaticKeys::hs256(&secret).unwrap());
    assert!(verifier.verify(&issuer.token_for(AUDIENCE).mint()).await.is_ok());
    let trusted = verifiers::new(issuer.trusted(AUDIENCE)).unwrap();
    assert!(trusted.verify(&issuer.token_for(AUDIENCE).mint()).await.is_ok());
    issuer.rotate();
    assert_ne!(secret, issuer.secret(Algorithm::HS256));
    assert!(verifier.verify(&issuer.token_for(AUDIENCE).mint()).await.is_err());
}

/// A clone is the same issuer.
#[test]
fn clones_share_their_keys() {
    let issuer = TestIssuer::default();
    let clone = issuer.clone();
    issuer.rotate();
    assert_eq!(issuer.jwks(), clone.jwks());
    let request = hyper::Request::new(()).with_bearer(clone.token().mint());
    assert!(request.headers().contains_key("authorization"));
}
