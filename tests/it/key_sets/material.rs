//! Keys in PEM, in DER and from `jsonwebtoken`, each held against the algorithm it is given for.

use std::sync::LazyLock;

use aws_lc_rs::{
    encoding::{AsDer, EcPrivateKeyRfc5915Der, Pkcs8V1Der},
    rsa::KeySize,
    signature::{
        ECDSA_P256_SHA256_FIXED_SIGNING, ECDSA_P384_SHA384_FIXED_SIGNING,
        ECDSA_P521_SHA512_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair, RsaKeyPair,
    },
};
use jsonwebtoken::{DecodingKey, jwk::Jwk};
use serde_json::{Value, json};
use tower_bearer::{
    Algorithm::{self, ES256, ES384, ES512, Ed25519, HS256, PS256, PS512, RS256, RS384},
    KeyError, KeyErrorKind, StaticKeys, VerifyingKey,
};

use super::{modulus, pkcs1, rsa_spki, weak_ed25519_keys};
use crate::{
    jws::{encode, judge_with},
    support::{SECRET, json_token, key},
};

const F4: &[u8] = &[1, 0, 1];

fn pem_of(tag: &str, der: &[u8]) -> String {
    pem::encode(&pem::Pem::new(tag, der))
}

/// Refused as no usable key, with this word in the reason.
#[track_caller]
fn assert_refused(name: &str, read: Result<VerifyingKey, KeyError>, word: &str) {
    let error = read.map(|key| key.algorithm()).expect_err(name);
    assert_eq!(error.kind(), KeyErrorKind::Invalid, "{name}");
    assert!(error.to_string().contains(word), "{name}: {error}");
}

async fn assert_works(name: &str, verifying: VerifyingKey) {
    let token = json_token(verifying.algorithm(), &json!({}), &json!({})).compact();
    judge_with(verifying).await.accepts(name, &token).await;
}

/// Private keys in every form there is: a name, a PEM tag and the DER.
static PRIVATE: LazyLock<Vec<(&str, &str, Vec<u8>)>> = LazyLock::new(|| {
    let rsa = RsaKeyPair::generate(KeySize::Rsa2048).unwrap();
    let rsa_pkcs8: Pkcs8V1Der<'_> = rsa.as_der().unwrap();
    let rsa_pkcs8 = rsa_pkcs8.as_ref().to_vec();
    let ed = Ed25519KeyPair::generate().unwrap();
    let mut all = vec![
        // In PKCS#8 the PKCS#1 key follows 26 bytes that never differ.
        ("RSA, PKCS#1", "RSA PRIVATE KEY", rsa_pkcs8[26..].to_vec()),
        ("RSA, PKCS#8", "PRIVATE KEY", rsa_pkcs8),
        ("Ed25519, PKCS#8", "PRIVATE KEY", ed.to_pkcs8v1().unwrap().as_ref().to_vec()),
        ("Ed25519, PKCS#8 v2", "PRIVATE KEY", ed.to_pkcs8().unwrap().as_ref().to_vec()),
    ];
    for (pkcs8, sec1, curve) in [
        ("P-256, PKCS#8", "P-256, SEC 1", &ECDSA_P256_SHA256_FIXED_SIGNING),
        ("P-384, PKCS#8", "P-384, SEC 1", &ECDSA_P384_SHA384_FIXED_SIGNING),
        ("P-521, PKCS#8", "P-521, SEC 1", &ECDSA_P521_SHA512_FIXED_SIGNING),
    ] {
        let pair = EcdsaKeyPair::generate(curve).unwrap();
        let rfc5915: EcPrivateKeyRfc5915Der<'_> = pair.private_key().as_der().unwrap();
        all.push((pkcs8, "PRIVATE KEY", pair.to_pkcs8v1().unwrap().as_ref().to_vec()));
        all.push((sec1, "EC PRIVATE KEY", rfc5915.as_ref().to_vec()));
    }
    all
});

#[test]
fn private_keys_are_refused_and_said_to_be_private() {
    for algorithm in [RS256, PS512, ES256, ES384, ES512, Ed25519] {
        for (name, tag, der) in &*PRIVATE {
            let case = format!("{name} for {algorithm}");
            let pem = pem_of(tag, der);
            assert_refused(&case, VerifyingKey::from_der(algorithm, der), "private key");
            assert_refused(&case, VerifyingKey::from_pem(algorithm, &pem), "private key");
            assert_refused(
                &case,
                VerifyingKey::from_pem(algorithm, format!("\n{pem}\n")),
                "private key",
            );
            let lying = pem_of("PUBLIC KEY", der);
            assert_refused(&case, VerifyingKey::from_pem(algorithm, lying), "private key");
            let error = StaticKeys::from_pem(algorithm, &pem).unwrap_err().to_string();
            assert!(error.contains("private key"), "{case}: {error}");
        }
        let encrypted = pem_of("ENCRYPTED PRIVATE KEY", &[0x30, 0]);
        assert_refused("encrypted", VerifyingKey::from_pem(algorithm, encrypted), "private key");
        let openssh = pem_of("OPENSSH PRIVATE KEY", b"openssh-key-v1\0");
        assert_refused("OpenSSH", VerifyingKey::from_pem(algorithm, openssh), "private key");
    }
}

/// `openssl ecparam -genkey` writes the curve in a block of its own before the key.
#[test]
fn a_private_key_behind_its_parameters_is_said_to_be_private() {
    let (_, tag, der) = PRIVATE.iter().find(|(name, ..)| *name == "P-256, SEC 1").unwrap();
    let parameters = pem_of("EC PARAMETERS", b"\x06\x08\x2a\x86\x48\xce\x3d\x03\x01\x07");
    let file = parameters + &pem_of(tag, der);
    assert_refused("ecparam -genkey", VerifyingKey::from_pem(ES256, file), "private key");
}

#[test]
fn a_certificate_is_refused_and_says_what_to_do() {
    for algorithm in [RS256, ES256, Ed25519] {
        let pem = pem_of("CERTIFICATE", &[0x30, 0]);
        assert_refused("certificate", VerifyingKey::from_pem(algorithm, pem), "certificate");
    }
}

#[test]
fn a_pem_file_holds_exactly_one_public_key() {
    let good = key(ES256).pem();
    let cases = [
        ("empty", String::new(), "no PEM block"),
        ("white space", " \n\t".to_owned(), "no PEM block"),
        ("text", "hello".to_owned(), "no PEM block"),
        ("DER in text", encode(key(ES256).spki()), "no PEM block"),
        ("the same key twice", format!("{good}{good}"), "2"),
        ("two keys", format!("{good}{}", key(ES384).pem()), "2"),
        ("a key and a certificate", format!("{good}{}", pem_of("CERTIFICATE", &[0x30, 0])), "2"),
        ("a CSR", pem_of("CERTIFICATE REQUEST", &[0x30, 0]), "no public key"),
        ("an unknown tag", pem_of("SOMETHING", &key(ES256).spki()), "no public key"),
        ("an empty block", pem_of("PUBLIC KEY", &[]), "no public key"),
        ("lower case", pem_of("public key", &key(ES256).spki()), "no public key"),
        ("cut off", good[..good.len() / 2].to_owned(), ""),
        ("another end", good.replace("END PUBLIC", "END PRIVATE"), ""),
        ("not base64", good.replacen("\r\nM", "\r\n!", 1), ""),
    ];
    for (name, file, word) in cases {
        assert_refused(name, VerifyingKey::from_pem(ES256, &file), word);
    }
    assert_refused("not UTF-8", VerifyingKey::from_pem(ES256, b"\xff\xfe"), "");
}

#[tokio::test]
async fn line_ends_and_text_around_a_pem_file_do_not_matter() {
    let good = key(ES256).pem();
    for (name, file) in [
        ("LF", good.replace("\r\n", "\n")),
        ("CR LF", good.clone()),
        ("blank lines", format!("\n\n{good}\n\n")),
        ("a comment", format!("# the issuer's key\n{good}")),
    ] {
        assert_works(name, VerifyingKey::from_pem(ES256, file).unwrap()).await;
    }
}

#[tokio::test]
async fn pkcs1_is_for_rsa_alone() {
    let spki = key(RS256).spki();
    // In SPKI the PKCS#1 key follows 24 bytes that never differ.
    let pkcs1 = &spki[24..];
    let pem = pem_of("RSA PUBLIC KEY", pkcs1);
    for algorithm in [RS256, RS384, PS256] {
        assert_works("PEM", VerifyingKey::from_pem(algorithm, &pem).unwrap()).await;
        assert_works("DER", VerifyingKey::from_der(algorithm, pkcs1).unwrap()).await;
    }
    for algorithm in [ES256, ES384, ES512, Ed25519, HS256] {
        assert_refused("PEM", VerifyingKey::from_pem(algorithm, &pem), "");
        assert_refused("DER", VerifyingKey::from_der(algorithm, pkcs1), "");
    }
}

#[test]
fn a_key_is_refused_for_every_algorithm_of_another_type() {
    let types = |algorithm: Algorithm| match algorithm.name().as_bytes()[0] {
        b'R' | b'P' => "RSA".to_owned(),
        _ => algorithm.name().to_owned(),
    };
    for ours in Algorithm::ALL.into_iter().filter(|it| !it.is_symmetric()) {
        for other in Algorithm::ALL.into_iter().filter(|it| !it.is_symmetric()) {
            let fits = types(ours) == types(other);
            let (pem, der) = (key(ours).pem(), key(ours).spki());
            let case = format!("the key of {ours} for {other}");
            assert_eq!(VerifyingKey::from_pem(other, pem).is_ok(), fits, "{case}, PEM");
            assert_eq!(VerifyingKey::from_der(other, der).is_ok(), fits, "{case}, DER");
        }
    }
}

#[tokio::test]
async fn a_raw_point_and_raw_ed25519_bytes_are_der_of_a_kind() {
    for (algorithm, header) in [(ES256, 26), (ES384, 23), (ES512, 25), (Ed25519, 12)] {
        let spki = key(algorithm).spki();
        let raw = &spki[header..];
        assert_works(algorithm.name(), VerifyingKey::from_der(algorithm, raw).unwrap()).await;
    }
}

#[test]
fn der_with_anything_around_it_is_refused() {
    for algorithm in [ES256, ES384, ES512, Ed25519, RS256, PS256] {
        let spki = key(algorithm).spki();
        let short = &spki[..spki.len() - 1];
        let long_form = [&[0x30, 0x84, 0, 0], &spki[2..]].concat();
        for (name, der) in [
            ("a byte behind", [&spki[..], &[0]].concat()),
            ("itself behind", [&spki[..], &spki].concat()),
            ("a byte before", [&[0], &spki[..]].concat()),
            ("cut off", short.to_vec()),
            ("without its first byte", spki[1..].to_vec()),
            ("empty", Vec::new()),
            ("zeros", vec![0; spki.len()]),
            ("another length", long_form),
            ("in an octet string", super::der(4, &spki)),
        ] {
            let case = format!("{algorithm}, {name}");
            assert_refused(&case, VerifyingKey::from_der(algorithm, &der), "");
            assert_refused(
                &case,
                VerifyingKey::from_pem(algorithm, pem_of("PUBLIC KEY", &der)),
                "",
            );
        }
    }
}

/// An RSA key has one DER; aws-lc reads looser ones.
#[test]
fn der_of_an_rsa_key_has_one_spelling() {
    let n = modulus(2048);
    let zero = |number: &[u8]| super::der(2, &[&[0, 0], number].concat());
    let loose = super::der(0x30, &[zero(&n), super::der(2, F4)].concat());
    assert!(VerifyingKey::from_der(RS256, pkcs1(&n, F4)).is_ok(), "control");
    assert!(VerifyingKey::from_der(RS256, rsa_spki(&n, F4)).is_ok(), "control");
    assert_refused("a zero too many", VerifyingKey::from_der(RS256, loose), "");
    let negative = super::der(0x30, &[super::der(2, &n), super::der(2, F4)].concat());
    assert_refused("negative", VerifyingKey::from_der(RS256, negative), "");
}

#[test]
fn points_that_are_compressed_hybrid_or_off_the_curve_are_refused() {
    for (algorithm, header, coordinate) in [(ES256, 26, 32), (ES384, 23, 48), (ES512, 25, 66)] {
        let spki = key(algorithm).spki();
        let point = &spki[header..];
        let (x, parity) = (&point[1..=coordinate], point[point.len() - 1] & 1);
        let compressed = [&[2 + parity], x].concat();
        let hybrid = [&[6 + parity], &point[1..]].concat();
        let mut off_the_curve = point.to_vec();
        *off_the_curve.last_mut().unwrap() ^= 1;
        let in_spki = |point: &[u8]| {
            let bits = super::der(3, &[&[0], point].concat());
            let identifier =
                &spki[header - 3 - usize::from(spki[1] == 0x81) - identifier_len(algorithm)..];
            super::der(0x30, &[&identifier[..identifier_len(algorithm)], &bits].concat())
        };
        assert_eq!(in_spki(point), spki, "{algorithm}: what this test builds is an SPKI");
        for (name, point) in [
            ("compressed", compressed),
            ("hybrid", hybrid),
            ("off the curve", off_the_curve),
            ("infinity", vec![0]),
            ("zeros", [&[4], &vec![0; 2 * coordinate][..]].concat()),
            ("another first byte", [&[5], &point[1..]].concat()),
        ] {
            let case = format!("{algorithm}, {name}");
            assert_refused(&case, VerifyingKey::from_der(algorithm, &point), "");
            assert_refused(&case, VerifyingKey::from_der(algorithm, in_spki(&point)), "");
            let pem = pem_of("PUBLIC KEY", &in_spki(&point));
            assert_refused(&case, VerifyingKey::from_pem(algorithm, pem), "");
            let decoding = DecodingKey::from_ec_der(&point);
            assert_refused(&case, VerifyingKey::from_decoding_key(algorithm, &decoding), "");
        }
    }
}

/// How long the `AlgorithmIdentifier` of this algorithm's SPKI is.
fn identifier_len(algorithm: Algorithm) -> usize {
    if algorithm == ES256 { 21 } else { 18 }
}

#[test]
fn weak_ed25519_keys_are_refused_in_every_spelling() {
    for (name, bytes) in weak_ed25519_keys() {
        let spki = [&b"\x30\x2a\x30\x05\x06\x03\x2b\x65\x70\x03\x21\x00"[..], &bytes].concat();
        let jwk = json!({ "kty": "OKP", "crv": "Ed25519", "x": encode(bytes) });
        let jwk: Jwk = serde_json::from_value(jwk).unwrap();
        let components = DecodingKey::from_ed_components(&encode(bytes)).unwrap();
        for (way, read) in [
            ("raw", VerifyingKey::from_der(Ed25519, bytes)),
            ("SPKI", VerifyingKey::from_der(Ed25519, &spki)),
            ("PEM", VerifyingKey::from_pem(Ed25519, pem_of("PUBLIC KEY", &spki))),
            ("JWK", VerifyingKey::from_jwk(Ed25519, &jwk)),
            (
                "DecodingKey",
                VerifyingKey::from_decoding_key(Ed25519, &DecodingKey::from_ed_der(&bytes)),
            ),
            ("components", VerifyingKey::from_decoding_key(Ed25519, &components)),
        ] {
            assert_refused(&format!("{name}, {way}"), read, "Ed25519 key");
        }
    }
}

#[test]
fn weak_rsa_keys_are_refused_in_every_spelling() {
    let even = [&modulus(2048)[..255], &[0xfe]].concat();
    let cases: [(&str, Vec<u8>, &[u8], &str); 10] = [
        ("512 bits", modulus(512), F4, "2048"),
        ("1024 bits", modulus(1024), F4, "2048"),
        ("2040 bits", modulus(2040), F4, "2048"),
        ("8200 bits", modulus(8200), F4, "8192"),
        ("even modulus", even, F4, "even"),
        ("e = 1", modulus(2048), &[1], "exponent"),
        ("e = 2", modulus(2048), &[2], "exponent"),
        ("e = 65536", modulus(2048), &[1, 0, 0], "exponent"),
        ("e = 2^33 + 1", modulus(2048), &[2, 0, 0, 0, 1], "exponent"),
        ("e = 2^40 + 1", modulus(2048), &[1, 0, 0, 0, 0, 1], "exponent"),
    ];
    for (name, n, e, word) in cases {
        let jwk = json!({ "kty": "RSA", "n": encode(&n), "e": encode(e) });
        let jwk: Jwk = serde_json::from_value(jwk).unwrap();
        let raw = DecodingKey::from_rsa_raw_components(&n, e);
        for algorithm in [RS256, PS512] {
            let case = |way: &str| format!("{name}, {way}, {algorithm}");
            assert_refused(&case("JWK"), VerifyingKey::from_jwk(algorithm, &jwk), word);
            assert_refused(&case("raw"), VerifyingKey::from_decoding_key(algorithm, &raw), word);
            // aws-lc refuses some of these itself, in words of its own.
            assert_refused(&case("PKCS#1"), VerifyingKey::from_der(algorithm, pkcs1(&n, e)), "");
            assert_refused(&case("SPKI"), VerifyingKey::from_der(algorithm, rsa_spki(&n, e)), "");
            let pem = pem_of("RSA PUBLIC KEY", &pkcs1(&n, e));
            assert_refused(&case("PEM"), VerifyingKey::from_pem(algorithm, pem), "");
            let decoding = DecodingKey::from_rsa_der(&pkcs1(&n, e));
            assert_refused(&case("DER"), VerifyingKey::from_decoding_key(algorithm, &decoding), "");
        }
    }
}

#[test]
fn rsa_keys_at_the_bounds_are_taken() {
    for (bits, e) in
        [(2048, &[3][..]), (2048, F4), (4096, F4), (8192, F4), (2048, &[1, 255, 255, 255, 255])]
    {
        let n = modulus(bits);
        let raw = DecodingKey::from_rsa_raw_components(&n, e);
        assert!(VerifyingKey::from_decoding_key(RS256, &raw).is_ok(), "{bits} bits, e = {e:?}");
        assert!(VerifyingKey::from_der(PS256, pkcs1(&n, e)).is_ok(), "{bits} bits, e = {e:?}, DER");
    }
}

fn rsa_numbers() -> (Vec<u8>, Vec<u8>) {
    let spki = key(RS256).spki();
    (spki[spki.len() - 5 - 256..spki.len() - 5].to_vec(), F4.to_vec())
}

#[tokio::test]
async fn leading_zeros_of_rsa_numbers_do_not_matter() {
    let (n, e) = rsa_numbers();
    for zeros in [0, 1, 2, 64] {
        let n = [vec![0; zeros], n.clone()].concat();
        let e = [vec![0; zeros], e.clone()].concat();
        let raw = DecodingKey::from_rsa_raw_components(&n, &e);
        let text = DecodingKey::from_rsa_components(&encode(&n), &encode(&e)).unwrap();
        let set =
            json!({ "keys": [{ "kty": "RSA", "alg": "RS256", "n": encode(&n), "e": encode(&e) }] });
        for (way, decoding) in [("raw", raw), ("text", text)] {
            let verifying = VerifyingKey::from_decoding_key(RS256, &decoding).unwrap();
            assert_works(&format!("{zeros} zeros, {way}"), verifying).await;
        }
        let keys = StaticKeys::from_jwks(set.to_string()).unwrap();
        assert!(keys.skipped().is_empty(), "{zeros} zeros");
    }
}

/// What `jsonwebtoken` holds, of each family.
fn decoding_keys() -> Vec<(&'static str, DecodingKey, &'static [Algorithm])> {
    use Algorithm::{HS384, HS512, PS384, RS512};
    const RSA: &[Algorithm] = &[RS256, RS384, RS512, PS256, PS384, PS512];
    let (n, e) = rsa_numbers();
    let jwk = |algorithm| {
        let jwk: Jwk = serde_json::from_value(key(algorithm).jwk()).unwrap();
        DecodingKey::from_jwk(&jwk).unwrap()
    };
    let rsa = key(RS256).pem();
    vec![
        ("secret", DecodingKey::from_secret(SECRET), &[HS256, HS384, HS512]),
        ("RSA PEM", DecodingKey::from_rsa_pem(rsa.as_bytes()).unwrap(), RSA),
        ("RSA DER", DecodingKey::from_rsa_der(&key(RS256).spki()[24..]), RSA),
        ("RSA numbers", DecodingKey::from_rsa_raw_components(&n, &e), RSA),
        ("RSA JWK", jwk(RS256), RSA),
        ("P-256 PEM", DecodingKey::from_ec_pem(key(ES256).pem().as_bytes()).unwrap(), &[ES256]),
        ("P-256 JWK", jwk(ES256), &[ES256]),
        ("P-256 point", DecodingKey::from_ec_der(&key(ES256).spki()[26..]), &[ES256]),
        ("P-384 PEM", DecodingKey::from_ec_pem(key(ES384).pem().as_bytes()).unwrap(), &[ES384]),
        ("P-521 SPKI", DecodingKey::from_ec_der(&key(ES512).spki()), &[ES512]),
        (
            "Ed25519 PEM",
            DecodingKey::from_ed_pem(key(Ed25519).pem().as_bytes()).unwrap(),
            &[Ed25519],
        ),
        ("Ed25519 raw", DecodingKey::from_ed_der(&key(Ed25519).spki()[12..]), &[Ed25519]),
        ("Ed25519 JWK", jwk(Ed25519), &[Ed25519]),
    ]
}

#[tokio::test]
async fn a_decoding_key_is_for_the_algorithms_of_its_family_and_curve() {
    for (name, decoding, fits) in decoding_keys() {
        for algorithm in Algorithm::ALL {
            let read = VerifyingKey::from_decoding_key(algorithm, &decoding);
            let case = format!("{name} for {algorithm}");
            if fits.contains(&algorithm) {
                assert_works(&case, read.unwrap()).await;
            } else {
                assert_refused(&case, read, "");
            }
        }
    }
}

/// The bytes alone would do: only the family says what they were meant for.
#[test]
fn a_decoding_key_of_another_family_is_refused_though_its_bytes_would_fit() {
    let (ec, ed) = (&key(ES256).spki()[26..], &key(Ed25519).spki()[12..]);
    for (name, decoding, algorithm) in [
        ("a secret for Ed25519", DecodingKey::from_secret(ed), Ed25519),
        ("a secret for ES256", DecodingKey::from_secret(ec), ES256),
        ("an EC key for Ed25519", DecodingKey::from_ec_der(ed), Ed25519),
        ("an RSA key for ES256", DecodingKey::from_rsa_der(ec), ES256),
        ("an EC key for HS256", DecodingKey::from_ec_der(SECRET), HS256),
        ("an RSA key for HS256", DecodingKey::from_rsa_der(SECRET), HS256),
    ] {
        let read = VerifyingKey::from_decoding_key(algorithm, &decoding);
        assert_refused(name, read, "not one for");
    }
}

/// `jsonwebtoken` takes a private PEM for a decoding key without a word.
#[test]
fn a_decoding_key_made_of_a_private_key_is_refused() {
    for (name, _, der) in &*PRIVATE {
        let (rsa, ec, ed) = (
            DecodingKey::from_rsa_der(der),
            DecodingKey::from_ec_der(der),
            DecodingKey::from_ed_der(der),
        );
        for (algorithm, decoding) in [(RS256, rsa), (ES256, ec), (Ed25519, ed)] {
            let read = VerifyingKey::from_decoding_key(algorithm, &decoding);
            assert_refused(&format!("{name} for {algorithm}"), read, "private key");
        }
    }
}

fn jwk(algorithm: Algorithm, changes: &Value) -> Jwk {
    serde_json::from_value(key(algorithm).jwk_with(changes)).unwrap()
}

#[tokio::test]
async fn a_jwk_is_for_the_algorithm_it_declares() {
    for algorithm in [ES256, ES384, RS256, PS256, HS256] {
        let declared = jwk(algorithm, &json!({ "kid": "mine", "use": "sig" }));
        let verifying = VerifyingKey::from_jwk(algorithm, &declared).unwrap();
        assert_eq!(verifying.kid(), Some("mine"));
        assert!(verifying.is_declared());
        assert_works(algorithm.name(), verifying).await;
        for other in Algorithm::ALL.into_iter().filter(|other| *other != algorithm) {
            let case = format!("{algorithm} for {other}");
            let read = VerifyingKey::from_jwk(other, &declared);
            assert_refused(&case, read, &format!("not one for {other}"));
        }
    }
}

#[tokio::test]
async fn a_jwk_that_declares_nothing_is_for_the_algorithm_it_is_given_for() {
    let alg = json!({ "alg": null });
    for algorithm in Algorithm::ALL {
        let verifying = VerifyingKey::from_jwk(algorithm, &jwk(algorithm, &alg)).unwrap();
        assert!(verifying.is_declared(), "{algorithm}: the caller has said it");
        assert_works(algorithm.name(), verifying).await;
    }
    for (of, other) in
        [(ES256, ES384), (RS256, ES256), (RS256, HS256), (HS256, RS256), (Ed25519, ES256)]
    {
        assert_refused(of.name(), VerifyingKey::from_jwk(other, &jwk(of, &alg)), "not one for");
    }
}

#[test]
fn a_jwk_for_another_use_is_refused() {
    for (name, changes, word) in [
        ("use enc", json!({ "use": "enc" }), "`use`"),
        ("key_ops sign", json!({ "key_ops": ["sign"] }), "`key_ops`"),
        ("RSA-OAEP", json!({ "alg": "RSA-OAEP" }), "`alg`"),
        ("unknown alg", json!({ "alg": "FOO" }), "`alg`"),
    ] {
        assert_refused(name, VerifyingKey::from_jwk(RS256, &jwk(RS256, &changes)), word);
    }
    let short = json!({ "kty": "oct", "k": encode([7; 31]) });
    let short: Jwk = serde_json::from_value(short).unwrap();
    assert_refused("short secret", VerifyingKey::from_jwk(HS256, &short), "at least 32");
}

/// `jsonwebtoken` reads every name it does not know as one: where ours is among those it knows, the
/// JWK has declared another.
#[test]
fn a_jwk_that_declares_what_jsonwebtoken_cannot_name_is_refused_for_what_it_can() {
    for algorithm in [ES256, ES384, RS256, HS256] {
        for alg in ["ECDH-ES", "ECDH-ES+A256KW", "ES256K", "ES512", "Ed25519", "FOO", "none", ""] {
            let case = format!("{alg:?} for {algorithm}");
            let declared = jwk(algorithm, &json!({ "alg": alg }));
            assert_refused(&case, VerifyingKey::from_jwk(algorithm, &declared), "");
        }
    }
}
