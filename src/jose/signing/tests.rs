use super::*;

/// The key of RFC 7638 §3.1 has this thumbprint; here it is computed of a pair that signs, for each type.
#[test]
fn every_algorithm_signs_what_its_verifying_key_takes() {
    for algorithm in Algorithm::ALL {
        let key = SigningKey::generate(algorithm).unwrap();
        let signature = key.sign(b"message").unwrap();
        assert_eq!(key.verifying_key().verify(b"message", &signature), Ok(()), "{algorithm}");
        assert!(key.verifying_key().verify(b"another", &signature).is_err(), "{algorithm}");
        assert_eq!(key.verifying_key().kid(), Some(key.kid()), "{algorithm}");

        let again = SigningKey::from_text(algorithm, &key.to_text().unwrap()).unwrap();
        assert_eq!(again.kid(), key.kid(), "{algorithm}");
        let signature = again.sign(b"message").unwrap();
        assert_eq!(key.verifying_key().verify(b"message", &signature), Ok(()), "{algorithm}");
    }
}

#[test]
fn names_survive_renaming() {
    let key = SigningKey::generate(Algorithm::ES256).unwrap().with_kid("mine");
    assert_eq!((key.kid(), key.verifying_key().kid()), ("mine", Some("mine")));
    assert_eq!(key.jwk().unwrap()["kid"], "mine");
}

#[test]
fn a_secret_is_never_published() {
    let key = SigningKey::from_secret(Algorithm::HS256, [7; 32]).unwrap();
    assert_eq!(key.jwk(), None);
    assert!(!key.kid().is_empty());
}
