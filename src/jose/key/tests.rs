use aws_lc_rs::{
    encoding::{AsDer, PublicKeyX509Der},
    rand::SystemRandom,
    signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair},
};

use super::*;
use crate::jose::jwk::read_set;

const RSA: [Algorithm; 6] = [
    Algorithm::PS256,
    Algorithm::PS384,
    Algorithm::PS512,
    Algorithm::RS256,
    Algorithm::RS384,
    Algorithm::RS512,
];

fn es256() -> (EcdsaKeyPair, VerifyingKey) {
    let pair = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).unwrap();
    let spki: PublicKeyX509Der<'_> = pair.public_key().as_der().unwrap();
    let key = VerifyingKey::from_der(Algorithm::ES256, spki.as_ref()).unwrap();
    (pair, key)
}

/// Material of each kind, the algorithms it can be made ready for, and a name.
fn materials() -> Vec<(&'static str, Material, Vec<Algorithm>)> {
    let of_family = |family: Family| {
        Algorithm::ALL.into_iter().filter(|algorithm| algorithm.family() == family).collect()
    };
    let (pair, _) = es256();
    let point = Material::der(Algorithm::ES256, pair.public_key().as_ref()).unwrap();
    let secret = Material::secret(Algorithm::HS512, &[7; 64]).unwrap();
    vec![
        ("a point of P-256", point, vec![Algorithm::ES256]),
        ("an Ed25519 key", Material::ed25519(&[9; 32]).unwrap(), vec![Algorithm::Ed25519]),
        ("RSA", Material::rsa(&[0xff; 256], &[3]).unwrap(), of_family(Family::Rsa)),
        ("a secret", secret, of_family(Family::Hmac)),
    ]
}

#[test]
fn material_is_made_ready_for_algorithms_of_its_kind_alone() {
    for (name, material, fits) in materials() {
        for algorithm in Algorithm::ALL {
            let key = VerifyingKey::from_material(algorithm, &material);
            assert_eq!(key.is_ok(), fits.contains(&algorithm), "{name} for {algorithm}");
            if let Ok(key) = key {
                assert!(key.is_declared() && key.algorithm() == algorithm, "{name}: {key:?}");
            }
        }
    }
}

#[test]
fn a_name_and_a_mark_change_nothing_else_of_a_key() {
    let (pair, key) = es256();
    let signature = pair.sign(&SystemRandom::new(), b"message").unwrap();
    let changed = [
        ("as made", key.clone(), None, true),
        ("named", key.clone().with_kid("a"), Some("a"), true),
        ("named twice", key.clone().with_kid("a").with_kid("b"), Some("b"), true),
        ("undeclared", key.clone().undeclared(), None, false),
        ("undeclared, then named", key.clone().undeclared().with_kid("a"), Some("a"), false),
        ("named, then undeclared", key.clone().with_kid("a").undeclared(), Some("a"), false),
        ("declared again", key.clone().undeclared().declared(), None, true),
    ];
    for (name, key, kid, declared) in changed {
        assert_eq!((key.kid(), key.is_declared()), (kid, declared), "{name}");
        assert_eq!(key.algorithm(), Algorithm::ES256, "{name}");
        assert_eq!(key.verify(b"message", signature.as_ref()), Ok(()), "{name}");
        let other = key.verify(b"another", signature.as_ref());
        assert_eq!(other, Err(SignatureError::Invalid), "{name}");
    }
    assert_eq!(key.kid(), None, "the key it was made of is untouched");
}

#[test]
fn only_rsa_keys_and_secrets_of_a_set_are_marked_as_undeclared() {
    let n = "_".repeat(341) + "w";
    let rsa = format!(r#"{{"kty":"RSA","kid":"rsa","e":"AQAB","n":"{n}"}}"#);
    let declared = rsa.replace("rsa", "declared").replacen('{', r#"{"alg":"PS384","#, 1);
    let okp = format!(
        r#"{{"kty":"OKP","kid":"okp","crv":"Ed25519","x":"{}k"}}"#,
        "CQkJ".repeat(10) + "CQ"
    );
    let oct = format!(r#"{{"kty":"oct","kid":"oct","k":"{}"}}"#, "A".repeat(64));
    let set = read_set(&format!(r#"{{"keys":[{rsa},{declared},{okp},{oct}]}}"#)).unwrap();
    assert!(set.skipped.is_empty(), "{:?}", set.skipped);
    let of = |kid: &str, declared: bool| -> Vec<Algorithm> {
        let keys = set.keys.iter().filter(|key| key.kid() == Some(kid));
        let mut algorithms: Vec<_> = keys
            .inspect(|key| assert_eq!(key.is_declared(), declared, "{kid} {key:?}"))
            .map(VerifyingKey::algorithm)
            .collect();
        algorithms.sort();
        algorithms
    };
    assert_eq!(of("rsa", false), RSA, "one for each algorithm of RSA");
    assert_eq!(of("declared", true), [Algorithm::PS384]);
    assert_eq!(of("okp", true), [Algorithm::Ed25519], "its curve says it");
    assert_eq!(
        of("oct", false),
        [Algorithm::HS256, Algorithm::HS384],
        "48 bytes are too few for HS512"
    );
}

/// The reason for our own check: aws-lc loads the identity, and under it a signature of nobody
/// is good for every message.
#[test]
fn without_our_check_a_key_of_small_order_would_verify_anything() {
    let identity: [u8; 32] = std::array::from_fn(|at| u8::from(at == 0));
    let loaded = ParsedPublicKey::new(&aws_lc_rs::signature::ED25519, identity).unwrap();
    let forged = [identity, [0; 32]].concat();
    assert_eq!(SignatureVerifier::verify(&loaded, b"any message", &forged), Ok(()));
    assert!(VerifyingKey::from_der(Algorithm::Ed25519, identity).is_err());
}

#[test]
fn debug_shows_the_algorithm_and_nothing_of_the_key() {
    for (name, material, fits) in materials() {
        let key = VerifyingKey::from_material(fits[0], &material).unwrap().with_kid("a kid");
        assert_eq!(
            format!("{key:?}"),
            format!("VerifyingKey {{ alg: {:?}, .. }}", fits[0]),
            "{name}"
        );
    }
}
