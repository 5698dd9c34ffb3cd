//! No input panics, and none that nobody made a token of is taken for one.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use futures_util::FutureExt;
use proptest::{prelude::*, sample::Index};
use serde_json::{Value, json};
use tower::{Layer, ServiceExt, service_fn};
use tower_bearer::{
    Algorithm, JwtLayer, NumericDate, StaticKeys, VerifiedToken, VerifyingKey,
    http::{HeaderValue, Request, Response, header},
};

use super::{cases, json, text, verifier, verify};
use crate::support::{AUDIENCE, ISSUER, key, token};

/// Reads all that can be read of a token.
fn read(token: &VerifiedToken) -> usize {
    let texts = [token.subject(), token.jwt_id(), token.client_id(), token.key_id()];
    let texts: usize = texts.into_iter().flatten().map(str::len).sum();
    let dates = [token.expires_at(), token.not_before(), token.issued_at()];
    let dates = dates.into_iter().flatten().filter_map(NumericDate::to_system_time);
    let value = token.claims::<Value>().map_or(0, |claims| claims.to_string().len());
    let claim = token.claim::<Value>("sub").is_ok();
    let lists = token.audience().len().saturating_add(token.scopes().len());
    let seen = [texts, dates.count(), value, usize::from(claim), lists, format!("{token:?}").len()];
    seen.into_iter().fold(0, usize::saturating_add)
}

/// The text of an object whose members are often those that mean something, and may stand twice.
fn object(known: &'static [&'static str]) -> impl Strategy<Value = String> {
    let name = prop_oneof![
        4 => prop::sample::select(known).prop_map(str::to_owned),
        1 => text().prop_map(|text| Value::from(text).to_string().trim_matches('"').to_owned()),
    ];
    let value = prop_oneof![
        2 => json().prop_map(|value| value.to_string()),
        1 => prop::sample::select(Algorithm::ALL.as_slice()).prop_map(|alg| format!("\"{alg}\"")),
        2 => prop::sample::select(VALUES).prop_map(str::to_owned),
        1 => (1..400_usize).prop_map(|depth| "[".repeat(depth) + &"]".repeat(depth)),
    ];
    let members = prop::collection::vec((name, value), 0..8).prop_map(|members| {
        members.iter().map(|(name, value)| format!("\"{name}\":{value}")).collect::<Vec<_>>()
    });
    let start = prop_oneof![Just(None), Just(Some(known))];
    (start, members).prop_map(|(start, mut members)| {
        let good = start.map(|known| match known {
            CLAIMS => format!(r#""iss":"{ISSUER}","aud":"{AUDIENCE}","exp":9e9"#),
            _ => r#""alg":"ES256""#.to_owned(),
        });
        members.extend(good);
        format!("{{{}}}", members.join(","))
    })
}

const HEADER: &[&str] =
    &["alg", "kid", "typ", "crit", "b64", "jwk", "jku", "x5c", "enc", "\\u0061lg"];

const CLAIMS: &[&str] = &[
    "iss",
    "sub",
    "aud",
    "exp",
    "nbf",
    "iat",
    "jti",
    "client_id",
    "cnf",
    "scope",
    "scp",
    "azp",
    "\\u0065xp",
];

const VALUES: &[&str] = &[
    "1e400",
    "-0",
    "1e308",
    "9e9",
    "null",
    "\"\\ud800\"",
    "\"\\u0000\"",
    "[\"https://api.example\"]",
    "\"https://api.example\"",
    "\"https://issuer.example\"",
    "\"at+jwt\"",
    "{}",
    "",
    "{\"a\":1,\"a\":2}",
];

proptest! {
    #![proptest_config(cases(512))]

    #[test]
    fn no_text_is_a_token(text in any::<String>(), dotted in "[A-Za-z0-9_.-]{0,60}") {
        prop_assert!(verify(&verifier(), &text).is_err());
        prop_assert!(verify(&verifier(), &dotted).is_err());
    }

    #[test]
    fn no_bytes_between_dots_are_a_token(
        header in any::<Vec<u8>>(), payload in any::<Vec<u8>>(), signature in any::<Vec<u8>>(),
    ) {
        let anything = token().header(&header).payload(&payload);
        prop_assert!(verify(&verifier(), &anything.with_signature(&signature)).is_err());
        prop_assert!(verify(&verifier(), &anything.compact()).is_err());
        let good_header = token().payload(&payload).with_signature(&signature);
        prop_assert!(verify(&verifier(), &good_header).is_err());
        prop_assert!(verify(&verifier(), &token().with_signature(&signature)).is_err());
    }

    #[test]
    fn any_header_and_claims_that_are_signed_can_be_judged_and_read(
        header in object(HEADER), claims in object(CLAIMS), algorithm in prop::sample::select(&Algorithm::ALL[..]),
    ) {
        let verifier = verifier();
        let tokens = [
            token().header(&header).payload(&claims).signed_as(algorithm).compact(),
            token().header(&header).compact(),
            token().payload(&claims).compact(),
        ];
        for token in tokens {
            if let Ok(verified) = verify(&verifier, &token) {
                prop_assert_eq!(verified.issuer(), ISSUER);
                read(&verified);
            }
        }
    }

    #[test]
    fn any_authorization_is_answered(
        lines in prop::collection::vec(
            prop_oneof![
                any::<Vec<u8>>(),
                any::<Vec<u8>>().prop_map(|bytes| [b"Bearer ", &*bytes].concat()),
                "[Bb]earer *[!-~]{0,40} *".prop_map(String::into_bytes),
            ],
            0..3,
        ),
    ) {
        let inner = service_fn(|_: Request<()>| async { Ok::<_, ()>(Response::new(String::new())) });
        let service = JwtLayer::new(verifier()).layer(inner);
        let mut request = Request::new(());
        let values = lines.iter().filter_map(|line| HeaderValue::from_bytes(line).ok());
        for value in values {
            request.headers_mut().append(header::AUTHORIZATION, value);
        }
        let response = service.oneshot(request).now_or_never().expect("static keys never wait");
        let response = response.unwrap();
        prop_assert!(matches!(response.status().as_u16(), 400 | 401), "{}", response.status());
        prop_assert!(response.headers().contains_key(header::WWW_AUTHENTICATE));
    }

    #[test]
    fn any_bytes_may_be_given_as_keys(bytes in any::<Vec<u8>>(), text in any::<String>()) {
        prop_assert!(StaticKeys::from_jwks(&bytes).is_err());
        prop_assert!(StaticKeys::from_jwks(&text).is_err());
        for algorithm in Algorithm::ALL {
            prop_assert!(VerifyingKey::from_pem(algorithm, &text).is_err());
            prop_assert!(VerifyingKey::from_pem(algorithm, &bytes).is_err());
            try_key(VerifyingKey::from_der(algorithm, &bytes).ok());
            let secret = VerifyingKey::from_secret(algorithm, &bytes);
            let least = match algorithm {
                Algorithm::HS256 => 32,
                Algorithm::HS384 => 48,
                Algorithm::HS512 => 64,
                _ => usize::MAX,
            };
            prop_assert_eq!(secret.is_ok(), bytes.len() >= least);
            try_key(secret.ok());
        }
    }

    #[test]
    fn damaged_keys_may_be_given_as_keys(
        algorithm in prop::sample::select(&Algorithm::ALL[..]),
        damage in prop::collection::vec((any::<Index>(), any::<u8>()), 1..4),
        cut in any::<Index>(),
    ) {
        let damaged = |bytes: &[u8]| {
            let mut bytes = bytes.to_vec();
            for (at, value) in &damage {
                *at.get_mut(&mut bytes) = *value;
            }
            bytes
        };
        if !algorithm.is_symmetric() {
            let (spki, pem) = (key(algorithm).spki(), key(algorithm).pem());
            try_key(VerifyingKey::from_der(algorithm, damaged(&spki)).ok());
            try_key(VerifyingKey::from_pem(algorithm, damaged(pem.as_bytes())).ok());
            let (short, _) = spki.split_at(cut.index(spki.len()));
            prop_assert!(VerifyingKey::from_der(algorithm, short).is_err(), "cut short");
            for other in Algorithm::ALL {
                try_key(VerifyingKey::from_der(other, &spki).ok());
            }
        }
        let set = json!({ "keys": [key(algorithm).jwk()] }).to_string();
        let (short, _) = set.split_at(cut.index(set.len()));
        prop_assert!(StaticKeys::from_jwks(short).is_err(), "cut short");
        drop(StaticKeys::from_jwks(damaged(set.as_bytes())));
    }

    #[test]
    fn any_jwk_may_stand_in_a_set(members in jwk()) {
        let good = key(Algorithm::ES256).jwk();
        let alone = json!({ "keys": [members] }).to_string();
        drop(StaticKeys::from_jwks(alone));
        let keys = StaticKeys::from_jwks(json!({ "keys": [members, good, 5] }).to_string());
        prop_assert!(!keys.unwrap().skipped().is_empty(), "and never costs the others");
    }
}

/// Asks a key about signatures of every length that some algorithm has.
fn try_key(key: Option<VerifyingKey>) {
    let Some(key) = key else { return };
    for length in [0, 1, 32, 48, 64, 96, 132, 256] {
        assert!(key.verify(b"message", &vec![1; length]).is_err(), "{key:?}: {length}");
    }
}

/// A JWK of known members with values that they may or may not have.
fn jwk() -> impl Strategy<Value = Value> {
    let names = ["kty", "use", "key_ops", "alg", "kid", "crv", "x", "y", "n", "e", "k", "d", "z"];
    let words = [
        "EC", "OKP", "RSA", "oct", "AKP", "P-256", "P-384", "P-521", "Ed25519", "Ed448", "sig",
        "enc", "verify", "ES256", "RS256", "HS256", "EdDSA", "AQAB", "",
    ];
    let value = prop_oneof![
        3 => prop::sample::select(words.to_vec()).prop_map(Value::from),
        2 => prop_oneof![Just(32_usize), Just(48), Just(64), Just(66), 0..300_usize]
            .prop_flat_map(|length| prop::collection::vec(any::<u8>(), length))
            .prop_map(|bytes| Value::from(URL_SAFE_NO_PAD.encode(bytes))),
        1 => json(),
    ];
    prop::collection::btree_map(
        prop::sample::select(names.to_vec()).prop_map(str::to_owned),
        value,
        0..10,
    )
    .prop_map(|members| Value::Object(members.into_iter().collect()))
}
