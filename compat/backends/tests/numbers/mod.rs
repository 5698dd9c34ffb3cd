//! Numbers in claims, which `arbitrary_precision` reads in another way.

use std::{collections::BTreeMap, time::Duration};

use aws_lc_rs::hmac;
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use serde::Deserialize;
use serde_json::{Map, Value, json};
use tower_bearer::{
    RequireClaim, RequireFreshAuth, StaticKeys, TokenError, TokenErrorKind, TrustedIssuer,
    VerifiedToken, VerifierConfig,
};

use super::{AUDIENCE, ISSUED, ISSUER, issuer, verify};

const SECRET: [u8; 32] = [7; 32];

/// A token with these members beside `iss` and `aud`, written as they stand.
fn token(members: &str) -> String {
    let payload = format!(r#"{{"iss":"{ISSUER}","aud":"{AUDIENCE}",{members}}}"#);
    let encode = |text: &[u8]| URL_SAFE_NO_PAD.encode(text);
    let message = format!("{}.{}", encode(br#"{"alg":"HS256"}"#), encode(payload.as_bytes()));
    let key = hmac::Key::new(hmac::HMAC_SHA256, &SECRET);
    let signature = hmac::sign(&key, message.as_bytes());
    format!("{message}.{}", encode(signature.as_ref()))
}

fn hs256() -> TrustedIssuer {
    issuer(StaticKeys::hs256(SECRET).unwrap())
}

fn accepted(members: &str) -> VerifiedToken {
    verify(hs256(), &token(members)).expect(members)
}

fn refused(members: &str) -> TokenErrorKind {
    verify(hs256(), &token(members)).as_ref().map_err(TokenError::kind).expect_err(members)
}

#[test]
fn arbitrary_precision_is_on_if_it_should_be() {
    let number: Value = serde_json::from_str("1.10").unwrap();
    let expected = if cfg!(feature = "arbitrary_precision") { "1.10" } else { "1.1" };
    assert_eq!(number.to_string(), expected);
}

#[test]
fn dates_are_read_in_every_form_of_a_number() {
    let cases = [
        ("integer", "1750000900", 1_750_000_900.0),
        ("fraction", "1750000900.5", 1_750_000_900.5),
        ("exponent", "1.7500009e9", 1_750_000_900.0),
        ("exponent with a sign", "17500009E+02", 1_750_000_900.0),
        ("negative exponent", "17500009005e-1", 1_750_000_900.5),
        ("beyond u64", "18446744073709551616", 18_446_744_073_709_551_616.0),
    ];
    for (name, exp, expected) in cases {
        let date = accepted(&format!(r#""exp":{exp}"#)).expires_at();
        assert_eq!(date.map(|date| date.as_secs_f64()), Some(expected), "{name}");
    }
}

#[test]
fn dates_are_held_against_the_clock_in_every_form() {
    let (past, future) = (ISSUED - 1, ISSUED + 900);
    let cases = [
        ("expired", format!(r#""exp":{past}"#), TokenErrorKind::Expired),
        ("expired, fraction", format!(r#""exp":{past}.5"#), TokenErrorKind::Expired),
        ("expired, exponent", r#""exp":1.7e9"#.to_owned(), TokenErrorKind::Expired),
        ("nbf", format!(r#""exp":{future},"nbf":{future}"#), TokenErrorKind::NotYetValid),
        ("nbf, exponent", format!(r#""exp":{future},"nbf":2e9"#), TokenErrorKind::NotYetValid),
    ];
    for (name, members, expected) in cases {
        assert_eq!(refused(&members), expected, "{name}");
    }
}

#[test]
fn dates_of_another_type_are_refused() {
    let wrong = [
        r#""1750000900""#,
        "null",
        "true",
        "[1750000900]",
        "{}",
        "-1",
        r#"{"$serde_json::private::Number":"1750000900"}"#,
    ];
    for value in wrong {
        for date in ["exp", "nbf", "iat"] {
            let others = if date == "exp" { "" } else { r#""exp":1750000900,"# };
            let kind = refused(&format!(r#"{others}"{date}":{value}"#));
            assert_eq!(kind, TokenErrorKind::InvalidClaim, "{date}: {value}");
        }
    }
    assert_eq!(refused(r#""exp":1e400"#), TokenErrorKind::Malformed, "beyond a double");
}

#[test]
fn numbers_are_no_strings() {
    for member in [r#""sub":1"#, r#""sub":1.5e3"#, r#""jti":1"#, r#""client_id":1"#] {
        let kind = refused(&format!(r#""exp":1750000900,{member}"#));
        assert_eq!(kind, TokenErrorKind::InvalidClaim, "{member}");
    }
}

#[derive(Debug, Deserialize, PartialEq)]
struct Typed {
    exp: u64,
    level: u8,
    offset: i64,
    ratio: f64,
    large: f64,
    maybe: Option<u32>,
    nested: BTreeMap<String, Vec<u16>>,
    #[serde(flatten)]
    rest: Map<String, Value>,
}

const NUMBERS: &str = r#""exp":1750000900,"level":3,"offset":-7200,"ratio":0.25,"large":1e3,
    "maybe":5,"nested":{"a":[1,2]},"other":12"#;

#[test]
fn typed_claims_hold_numbers() {
    let token = accepted(NUMBERS);
    let claims = token.claims::<Typed>().unwrap();
    let Typed { rest, .. } = &*claims;
    assert_eq!(rest["other"].as_u64(), Some(12));
    let expected = Typed {
        exp: 1_750_000_900,
        level: 3,
        offset: -7200,
        ratio: 0.25,
        large: 1000.0,
        maybe: Some(5),
        nested: [("a".to_owned(), vec![1, 2])].into(),
        rest: rest.clone(),
    };
    assert_eq!(*claims, expected);
}

#[test]
fn single_claims_are_numbers() {
    let token = accepted(NUMBERS);
    assert_eq!(token.claim::<u8>("level").unwrap(), Some(3));
    assert_eq!(token.claim::<i64>("offset").unwrap(), Some(-7200));
    assert_eq!(token.claim::<f64>("ratio").unwrap(), Some(0.25));
    assert_eq!(token.claim::<Value>("other").unwrap().and_then(|n| n.as_u64()), Some(12));
    assert!(token.claim::<u8>("offset").is_err());
    assert!(token.claim::<String>("level").is_err());
}

#[test]
fn a_required_claim_may_be_a_number() {
    let cases = [("the same", "3", true), ("another", "4", false), ("a string", "\"3\"", false)];
    for (name, level, good) in cases {
        let token = token(&format!(r#""exp":1750000900,"level":{level}"#));
        let outcome = verify(hs256().require_claim("level", 3), &token);
        assert_eq!(outcome.is_ok(), good, "{name}");
    }
}

#[test]
fn a_policy_may_ask_for_a_number_however_it_is_written() {
    let cases = [
        ("the same", "3", true),
        ("fraction", "3.0", true),
        ("exponent", "0.3e1", true),
        ("exponent of zero", "3e0", true),
        ("another", "4", false),
        ("a bit more", "3.5", false),
        ("a string", "\"3\"", false),
        ("beyond u64", "18446744073709551619", false),
        ("within", "[3]", false),
    ];
    for (name, level, good) in cases {
        let token =
            accepted(&format!(r#""exp":1750000900,"level":{level},"o":{{"level":[{level}]}}"#));
        let outer = RequireClaim::equals("level", 3).unwrap();
        assert_eq!(outer.check(&token).is_ok(), good, "{name}");
        let inner = RequireClaim::equals("/o/level", json!([3.0])).unwrap();
        assert_eq!(inner.check(&token).is_ok(), good, "{name}: within");
    }
    let zero = accepted(r#""exp":1750000900,"level":-0"#);
    assert!(RequireClaim::equals("level", 0).unwrap().check(&zero).is_ok());
}

#[test]
fn a_login_is_held_against_the_clock_in_every_form() {
    let within = RequireFreshAuth::within(Duration::from_secs(300));
    let cases = [
        ("exponent", "1.75e9", true),
        ("fraction", "1749999999.5", true),
        ("long ago", "1.7e9", false),
    ];
    for (name, auth_time, good) in cases {
        let token = accepted(&format!(r#""exp":1750000900,"auth_time":{auth_time}"#));
        assert_eq!(within.check(&token).is_ok(), good, "{name}");
    }
}

#[test]
fn a_configuration_in_json_reads_its_numbers() {
    let read = |leeway: &str, keys: &str| {
        let issuer = format!(
            r#"{{"issuer":"{ISSUER}","audience":"{AUDIENCE}","leeway_seconds":{leeway},"keys":{keys}}}"#
        );
        let text = format!(r#"{{"issuer":[{issuer}]}}"#);
        let config: VerifierConfig = serde_json::from_str(&text).map_err(|e| e.to_string())?;
        config.build().map(drop).map_err(|error| error.to_string())
    };
    let keys = r#"{"jwks_url":"https://issuer.example/jwks"}"#;
    for good in ["0", "60", "3600", "null"] {
        assert_eq!(read(good, keys), Ok(()), "{good}");
    }
    assert!(read("3601", keys).is_err_and(|says| says.starts_with("issuer[0].leeway_seconds: ")));
    for bad in ["1729.5", "-1729", "172917291729172917291729", "1729e9"] {
        let says = read(bad, keys).expect_err(bad);
        assert!(!says.contains("1729") && says.contains("for `leeway_seconds`"), "{says}");
    }
    for bad in ["1729", r#"{"discover":1729}"#, r#"{"secret_env":1729.5}"#] {
        let says = read("60", bad).expect_err(bad);
        assert!(!says.contains("1729"), "{says}");
    }
}
