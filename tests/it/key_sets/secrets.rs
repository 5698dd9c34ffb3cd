//! Secrets: long enough for their hash, and not something else (RFC 7518 §3.2).

use base64::{Engine, engine::general_purpose::STANDARD};
use jsonwebtoken::DecodingKey;
use serde_json::json;
use tower_bearer::{
    Algorithm::{self, ES256, Ed25519, HS256, HS384, HS512, RS256},
    StaticKeys, VerifyingKey,
};

use super::read;
use crate::{
    jws::{encode, judge_with},
    support::{SECRET, app, json_token, key, standard},
};

const FEWEST: [(Algorithm, usize); 3] = [(HS256, 32), (HS384, 48), (HS512, 64)];

/// Every way to hand over a secret.
fn every_way(algorithm: Algorithm, secret: &[u8]) -> [(&'static str, Result<(), String>); 4] {
    let said = |error: &dyn std::fmt::Display| error.to_string();
    let jwk = json!({ "kty": "oct", "alg": algorithm.name(), "k": encode(secret) });
    let decoding = DecodingKey::from_secret(secret);
    [
        ("from_secret", StaticKeys::from_secret(algorithm, secret).map(drop).map_err(|e| said(&e))),
        (
            "VerifyingKey",
            VerifyingKey::from_secret(algorithm, secret).map(drop).map_err(|e| said(&e)),
        ),
        ("JWK Set", read(&[jwk]).map(drop).map_err(|e| said(&e))),
        (
            "DecodingKey",
            VerifyingKey::from_decoding_key(algorithm, &decoding).map(drop).map_err(|e| said(&e)),
        ),
    ]
}

#[test]
fn a_secret_is_at_least_as_long_as_its_hash() {
    for (algorithm, fewest) in FEWEST {
        for (length, enough) in [
            (0, false),
            (1, false),
            (16, false),
            (fewest - 1, false),
            (fewest, true),
            (fewest + 1, true),
            (1_000, true),
        ] {
            for (way, read) in every_way(algorithm, &vec![7; length]) {
                let case = format!("{algorithm}, {length} bytes, {way}");
                match read {
                    Ok(()) => assert!(enough, "{case} was taken"),
                    Err(said) => {
                        assert!(!enough, "{case}: {said}");
                        assert!(
                            said.contains(&format!("at least {fewest} bytes")),
                            "{case}: {said}"
                        );
                    }
                }
            }
        }
    }
    assert!(StaticKeys::hs256([7; 31]).is_err() && StaticKeys::hs256([7; 32]).is_ok());
}

#[tokio::test]
async fn a_secret_of_just_enough_bytes_works() {
    let app = app(standard(StaticKeys::hs256(&SECRET[..]).unwrap())).await;
    app.get(&json_token(HS256, &json!({}), &json!({})).compact()).await.assert_accepted("HS256");
    for (algorithm, _) in FEWEST {
        let judge = judge_with(VerifyingKey::from_secret(algorithm, SECRET).unwrap()).await;
        let token = json_token(algorithm, &json!({}), &json!({})).compact();
        judge.accepts(algorithm, &token).await;
    }
}

/// The mistake behind algorithm confusion, made by hand: `from_secret(fs::read("public.pem"))`.
#[test]
fn a_pem_file_is_no_secret() {
    let pem = key(RS256).pem();
    let private = pem.replace("PUBLIC KEY", "PRIVATE KEY");
    for (name, secret) in [
        ("a public key", pem.clone()),
        ("with LF", pem.replace("\r\n", "\n")),
        ("an EC key", key(ES256).pem()),
        ("an Ed25519 key", key(Ed25519).pem()),
        ("a private key", private),
        ("a certificate", pem.replace("PUBLIC KEY", "CERTIFICATE")),
        ("behind a line break", format!("\n\n{pem}")),
        ("behind spaces and tabs", format!(" \t\r\n {pem}")),
    ] {
        for (algorithm, _) in FEWEST {
            for (way, read) in every_way(algorithm, secret.as_bytes()) {
                let said = read.expect_err(name);
                assert!(said.contains("PEM"), "{name}, {way}: {said}");
                assert!(!said.contains("MII"), "{name}, {way}: {said}");
            }
        }
    }
}

/// PEM may have text before it (RFC 7468 §2), and what `from_pem` reads is no secret.
#[test]
fn a_pem_file_behind_other_text_is_no_secret() {
    let pem = key(RS256).pem();
    for (name, file) in [
        ("a comment", format!("# the issuer's key\n{pem}")),
        ("attributes", format!("Bag Attributes\n    friendlyName: issuer\n{pem}")),
        ("a byte order mark", format!("\u{feff}{pem}")),
    ] {
        for (way, read) in every_way(HS256, file.as_bytes()) {
            let said = read.expect_err(&format!("{name}, {way}"));
            assert!(said.contains("PEM"), "{name}, {way}: {said}");
        }
    }
}

/// A PEM file without its first and last line: how some providers print their keys.
fn pem_body(pem: &str) -> Vec<u8> {
    let lines: Vec<&str> = pem.lines().filter(|line| !line.starts_with('-')).collect();
    lines.join("\r\n").into_bytes()
}

/// The key under the name of RSASSA-PSS (RFC 4055 §1.2).
fn pss(spki: &[u8]) -> Vec<u8> {
    let rsa = b"\x2a\x86\x48\x86\xf7\x0d\x01\x01\x01";
    let at = spki.windows(rsa.len()).position(|window| window == rsa).unwrap();
    let mut spki = spki.to_vec();
    spki[at + rsa.len() - 1] = 10;
    spki
}

#[test]
fn a_secret_that_is_base64_of_anything_else_is_a_secret() {
    for secret in [STANDARD.encode([7; 48]), encode(SECRET), "0123456789abcdef".repeat(4)] {
        for (way, read) in every_way(HS256, secret.as_bytes()) {
            assert!(read.is_ok(), "{secret}, {way}");
        }
    }
}

/// Who knows the public key could sign with it.
#[test]
fn a_key_of_another_kind_is_no_secret_in_any_spelling() {
    let spki = key(RS256).spki();
    for (name, secret) in [
        ("RSA in DER", spki.clone()),
        ("EC in DER", key(ES256).spki()),
        ("Ed25519 in DER", key(Ed25519).spki()),
        ("a certificate, or anything else around a key", [&[0x30, 0x82, 9, 9], &*spki].concat()),
        ("a JWK", key(RS256).jwk().to_string().into_bytes()),
        ("a JWK behind a line break", format!("\n{}", key(ES256).jwk()).into_bytes()),
        ("a JWK behind a byte order mark", format!("\u{feff}{}", key(ES256).jwk()).into_bytes()),
        ("JWKs in an array", json!([key(ES256).jwk()]).to_string().into_bytes()),
        ("RSA in base64", STANDARD.encode(&spki).into_bytes()),
        ("RSA in base64, in lines", pem_body(&key(RS256).pem())),
        ("EC in base64", STANDARD.encode(key(ES256).spki()).into_bytes()),
        ("Ed25519 in base64url", encode(key(Ed25519).spki()).into_bytes()),
        ("an EC point", key(ES256).spki()[26..].to_vec()),
        ("an RSA key for PSS alone", pss(&spki)),
        ("a key for SSH", b"ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJ ada".to_vec()),
    ] {
        for (way, read) in every_way(HS256, &secret) {
            let said = read.expect_err(&format!("{name}, {way}"));
            assert!(said.contains("another kind of key"), "{name}, {way}: {said}");
        }
    }
}

#[test]
fn a_secret_is_for_hmac_and_hmac_is_for_secrets() {
    for algorithm in Algorithm::ALL {
        let secret = VerifyingKey::from_secret(algorithm, SECRET);
        assert_eq!(secret.is_ok(), algorithm.is_symmetric(), "{algorithm} from a secret");
        if algorithm.is_symmetric() {
            let said =
                VerifyingKey::from_der(algorithm, key(RS256).spki()).unwrap_err().to_string();
            assert!(said.contains("takes a secret"), "{algorithm} from DER: {said}");
            let said = VerifyingKey::from_pem(algorithm, key(RS256).pem()).unwrap_err().to_string();
            assert!(said.contains("takes a secret"), "{algorithm} from PEM: {said}");
        } else {
            let said = secret.unwrap_err().to_string();
            assert!(said.contains("takes a public key"), "{algorithm}: {said}");
        }
    }
}

#[test]
fn nothing_that_is_printed_holds_the_secret() {
    let secret = "correct horse battery staple correct horse";
    let key = VerifyingKey::from_secret(HS256, secret).unwrap().with_kid("kid-of-mine");
    let keys = StaticKeys::new([key.clone()]).unwrap();
    let short = StaticKeys::hs256("too short a secret").unwrap_err();
    let said = format!("{key:?} {keys:?} {short} {short:?}");
    for hidden in [secret, "horse", "kid-of-mine", "too short a secret"] {
        assert!(!said.contains(hidden), "{said}");
    }
}
