use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};

use super::*;

#[test]
fn the_thumbprint_of_the_rfc() {
    // RFC 7638 §3.1.
    let n = "0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw";
    let members = [("e", "AQAB"), ("kty", "RSA"), ("n", n)];
    let members = members.map(|(name, value)| (name, value.to_owned()));
    assert_eq!(pair::thumbprint(&members), "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs");
}

/// So that names are those of the RFC, for each type.
#[test]
fn the_members_of_a_thumbprint_are_those_that_make_the_key() {
    for algorithm in [Algorithm::ES256, Algorithm::Ed25519, Algorithm::RS256] {
        let key = SigningKey::generate(algorithm).unwrap();
        let mut jwk = key.jwk().unwrap();
        let members = jwk.as_object_mut().unwrap();
        for name in ["alg", "kid", "use"] {
            members.remove(name);
        }
        let mut sorted: Vec<_> = members.iter().collect();
        sorted.sort_by_key(|(name, _)| name.as_str());
        let members: Vec<_> = sorted.iter().map(|(k, v)| format!("\"{k}\":{v}")).collect();
        let hash = aws_lc_rs::digest::digest(
            &aws_lc_rs::digest::SHA256,
            format!("{{{}}}", members.join(",")).as_bytes(),
        );
        assert_eq!(key.kid(), URL_SAFE_NO_PAD.encode(hash), "{algorithm}");
    }
}

#[test]
fn every_algorithm_signs_what_its_verifying_key_takes() {
    for algorithm in Algorithm::ALL {
        let key = SigningKey::generate(algorithm).unwrap();
        let signature = key.sign(b"message").unwrap();
        assert_eq!(key.verifying_key().verify(b"message", &signature), Ok(()), "{algorithm}");
        assert!(key.verifying_key().verify(b"another", &signature).is_err(), "{algorithm}");
        assert_eq!(key.verifying_key().kid(), Some(key.kid()), "{algorithm}");
    }
}

#[cfg(feature = "issue")]
#[test]
fn every_key_can_be_written_and_read_again() {
    for algorithm in Algorithm::ALL {
        let key = SigningKey::generate(algorithm).unwrap();
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
