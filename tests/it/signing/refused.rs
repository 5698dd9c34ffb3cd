//! What is no key for an algorithm, and what is said of it.

use serde_json::json;
use tower_bearer::KeyErrorKind;

use super::*;

const RSA_1024: &str = include_str!("../../vectors/keys/rsa1024.pem");
const SECP256K1: &str = include_str!("../../vectors/keys/secp256k1.pem");
const ENCRYPTED: &str = include_str!("../../vectors/keys/encrypted.pem");
const ENCRYPTED_PKCS1: &str = include_str!("../../vectors/keys/encrypted_pkcs1.pem");

/// It is refused, with these words and none of the key's.
fn assert_refused(name: &str, key: Result<SigningKey, tower_bearer::KeyError>, said: &str) {
    let Err(error) = key else { panic!("{name} was taken") };
    assert_eq!(error.kind(), KeyErrorKind::Invalid, "{name}");
    let shown = format!("{error} {error:?}");
    assert!(shown.contains(said), "{name}: {shown}");
    for part in [RSA_1024, SECP256K1, ENCRYPTED, PKCS1[0], SEC1[0], P384[0], ED25519[0]] {
        let lines = part.lines().filter(|line| !line.starts_with('-'));
        assert!(lines.clone().all(|line| !shown.contains(line)), "{name}: {shown}");
    }
}

fn row(id: &str) -> Row {
    rows().into_iter().find(|row| row.id == id).unwrap()
}

#[test]
fn files_that_hold_no_such_key() {
    use Algorithm as A;
    let two = P384[0].repeat(2);
    let damaged = SEC1[0].replace('\n', "\\n");
    let cut = P384[0].replacen("MIG2", "MIG1", 1);
    for (name, algorithm, pem, said) in [
        ("nothing", A::ES256, "", "exactly one private key"),
        ("a path", A::ES256, "/etc/keys/private.pem", "not its path"),
        (
            "a parameter alone",
            A::ES256,
            SEC1[0].split_inclusive("PARAMETERS-----\n").next().unwrap(),
            "exactly one",
        ),
        ("two keys", A::ES384, &two, "exactly one private key"),
        ("line breaks written out", A::ES256, &damaged, "damaged"),
        ("a key that was cut", A::ES384, &cut, "no private key for ES384"),
        ("an encrypted key", A::ES256, ENCRYPTED, "encrypted"),
        ("an encrypted key of PKCS#1", A::RS256, ENCRYPTED_PKCS1, "encrypted"),
        ("a public key of RSA", A::RS256, PKCS1[1], "public"),
        ("a public key of EC", A::ES256, SEC1[1], "public"),
        ("a public key of Ed25519", A::Ed25519, ED25519[1], "public"),
        ("RSA of 1024 bits", A::RS256, RSA_1024, "no private key for RS256"),
        ("another curve", A::ES256, P384[0], "another type or curve"),
        ("another curve of 256 bits", A::ES256, SECP256K1, "another type or curve"),
        ("EC for RSA", A::PS256, P384[0], "another type"),
        ("EC for Ed25519", A::Ed25519, P384[0], "another type"),
        ("RSA for EC", A::ES256, PKCS1[0], "another type"),
        ("SEC 1 for RSA", A::RS256, SEC1[0], "another type"),
        ("Ed25519 for EC", A::ES256, ED25519[0], "another type"),
        ("a key for a secret", A::HS256, P384[0], "takes a secret"),
    ] {
        assert_refused(name, SigningKey::from_pem(algorithm, pem), said);
    }
}

#[test]
fn der_that_is_no_such_key() {
    use Algorithm as A;
    let mut followed = der(P384[0]);
    followed.push(0);
    for (name, algorithm, bytes) in [
        ("nothing", A::ES256, Vec::new()),
        ("noise", A::RS256, vec![0x30; 300]),
        ("a public key", A::ES256, der(SEC1[1])),
        ("more after it", A::ES384, followed),
        ("RSA of 1024 bits", A::PS256, der(RSA_1024)),
        ("another curve", A::ES512, der(P384[0])),
    ] {
        assert_refused(name, SigningKey::from_der(algorithm, bytes), "no private key");
    }
    for algorithm in Algorithm::ALL {
        assert!(SigningKey::from_der(algorithm, [0; 4]).is_err(), "{algorithm}");
    }
}

#[test]
fn secrets_that_are_none() {
    use Algorithm as A;
    let jwk = row("rfc7515-A.3").jwk.to_string();
    for (name, algorithm, secret, said) in [
        ("nothing", A::HS256, b"".as_slice(), "at least 32 bytes"),
        ("31 bytes", A::HS256, &SECRET[..31], "at least 32 bytes"),
        ("47 bytes", A::HS384, &SECRET[..47], "at least 48 bytes"),
        ("63 bytes", A::HS512, &SECRET[..63], "at least 64 bytes"),
        ("a secret for EC", A::ES256, &SECRET[..], "not a secret"),
        ("a private key", A::HS256, P384[0].as_bytes(), "PEM"),
        ("a public key", A::HS256, PKCS1[1].as_bytes(), "PEM"),
        ("a JWK", A::HS256, jwk.as_bytes(), "another kind of key"),
    ] {
        assert_refused(name, SigningKey::from_secret(algorithm, secret), said);
    }
    assert_refused(
        "a key in DER",
        SigningKey::from_secret(A::HS256, der(PKCS1[1])),
        "another kind of key",
    );
}

/// A JWK with these members put in, or, where they are `null`, taken out.
fn changed(id: &str, changes: &Value) -> (Algorithm, String) {
    let mut row = row(id);
    let members = row.jwk.as_object_mut().unwrap();
    for (name, value) in changes.as_object().unwrap() {
        members.remove(name);
        if !value.is_null() {
            members.insert(name.clone(), value.clone());
        }
    }
    (row.algorithm(), row.jwk.to_string())
}

#[test]
fn jwks_that_are_none() {
    let (rsa, ec, ed, oct) = ("rfc7515-A.2", "rfc7515-A.3", "rfc8037-A.4", "rfc7515-A.1");
    let other_ec = row("rfc7515-A.4").jwk;
    let (short, long) = (URL_SAFE_NO_PAD.encode([7; 31]), URL_SAFE_NO_PAD.encode([7; 33]));
    let number = URL_SAFE_NO_PAD.encode([7; 32]);
    let zero = URL_SAFE_NO_PAD.encode([0; 32]);
    let (damaged, unfit) = ("this is no JWK", "no private key for");
    for (name, id, changes, said) in [
        ("the public half, RSA", rsa, json!({ "d": null }), "no `d`"),
        ("the public half, EC", ec, json!({ "d": null }), "no `d`"),
        ("the public half, Ed25519", ed, json!({ "d": null }), "no `d`"),
        ("RSA without its factors", rsa, json!({ "p": null }), "no `p`"),
        ("no secret", oct, json!({ "k": null }), "no `k`"),
        ("a short secret", oct, json!({ "k": short }), "at least 32 bytes"),
        ("another type", ec, json!({ "kty": "OKP" }), unfit),
        ("no type", ec, json!({ "kty": null }), unfit),
        ("no curve", ec, json!({ "crv": null }), unfit),
        ("another curve", ec, other_ec.clone(), unfit),
        ("another curve's name", ed, json!({ "crv": "X25519" }), unfit),
        ("another algorithm", ec, json!({ "alg": "ES384" }), "another algorithm"),
        ("an unknown algorithm", rsa, json!({ "alg": "RSA-OAEP" }), "another algorithm"),
        ("another use", ec, json!({ "use": "enc" }), "`use`"),
        ("x of another key", ec, json!({ "x": number }), unfit),
        ("x of another Ed25519 key", ed, json!({ "x": number }), unfit),
        ("d of another key", ec, json!({ "d": number }), unfit),
        ("d is zero", ec, json!({ "d": zero }), unfit),
        ("x is short", ec, json!({ "x": short }), unfit),
        ("d is long", ec, json!({ "d": long }), unfit),
        ("a long seed", ed, json!({ "d": long }), unfit),
        ("a short seed", ed, json!({ "d": short }), unfit),
        ("d of another RSA key", rsa, json!({ "d": number }), unfit),
        ("qi of another RSA key", rsa, json!({ "qi": number }), unfit),
        ("e of another RSA key", rsa, json!({ "e": "AQAD" }), unfit),
        ("padded", ec, json!({ "d": format!("{number}=") }), "base64url"),
        ("a number that is a number", ec, json!({ "d": 7 }), damaged),
        ("a type that is none", ec, json!({ "kty": ["EC"] }), damaged),
        ("a key id that is none", ec, json!({ "kid": 7 }), damaged),
    ] {
        let (algorithm, jwk) = changed(id, &changes);
        assert_refused(name, SigningKey::from_jwk(algorithm, jwk), said);
    }
    for text in ["", "{}x", "[]", "\"k\"", "null", "{\"kty\":\"EC\"", "\u{feff}{}"] {
        assert_refused(text, SigningKey::from_jwk(Algorithm::ES256, text), damaged);
    }
    assert_refused("not UTF-8", SigningKey::from_jwk(Algorithm::ES256, [0xff, 0xfe]), damaged);
    assert_refused("empty", SigningKey::from_jwk(Algorithm::ES256, "{}"), unfit);
}

#[test]
fn a_member_that_stands_twice() {
    for (id, member) in [("rfc7515-A.3", "d"), ("rfc7515-A.1", "k"), ("rfc7515-A.2", "kty")] {
        let row = row(id);
        let jwk = row.jwk.to_string();
        let twice = format!("{},\"{member}\":{}}}", &jwk[..jwk.len() - 1], row.jwk[member]);
        assert_refused(id, SigningKey::from_jwk(row.algorithm(), twice), "twice");
    }
}

#[test]
fn keys_of_jsonwebtoken_that_are_of_another_family() {
    let ec = EncodingKey::from_ec_der(&der(P384[0]));
    let secret = EncodingKey::from_secret(SECRET);
    for (name, algorithm, key, said) in [
        ("EC for RSA", Algorithm::RS256, &ec, "not one for RS256"),
        ("EC for HMAC", Algorithm::HS256, &ec, "not one for HS256"),
        ("HMAC for EC", Algorithm::ES256, &secret, "not one for ES256"),
        ("another curve", Algorithm::ES256, &ec, "another type or curve"),
    ] {
        assert_refused(name, SigningKey::from_encoding_key(algorithm, key), said);
    }
    let rsa = EncodingKey::from_rsa_der(&der(RSA_1024));
    assert!(SigningKey::from_encoding_key(Algorithm::RS256, &rsa).is_err());
    let short = EncodingKey::from_secret(&SECRET[..31]);
    assert!(SigningKey::from_encoding_key(Algorithm::HS256, &short).is_err());
}
