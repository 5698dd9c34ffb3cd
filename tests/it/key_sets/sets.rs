//! The set as a whole (RFC 7517 §5).

use std::{env, fs, path::PathBuf, process};

use serde_json::json;
use tower_bearer::{Algorithm::ES256, StaticKeys};

use super::set;
use crate::{
    jws::judge,
    support::{json_token, key, standard, token},
};

#[tokio::test]
async fn a_set_is_an_object_with_keys_and_maybe_more() {
    let jwk = key(ES256).jwk();
    let deep = format!("{}{}", "[".repeat(5_000), "]".repeat(5_000));
    for (name, text) in [
        ("plain", set(std::slice::from_ref(&jwk))),
        (
            "more members",
            json!({ "keys": [jwk], "x": null, "next": "http://127.0.0.1:1/" }).to_string(),
        ),
        ("a deep member", format!(r#"{{"deep":{deep},"keys":[{jwk}]}}"#)),
        (
            "a deep member of the key",
            format!(
                r#"{{"keys":[{}]}}"#,
                jwk.to_string().replacen('{', &format!("{{\"deep\":{deep},"), 1)
            ),
        ),
        ("white space", format!("\r\n\t {{ \"keys\" : [ {jwk} ] }} \n")),
        ("escaped name", format!(r#"{{"\u006beys":[{jwk}]}}"#)),
    ] {
        let keys = StaticKeys::from_jwks(&text).unwrap();
        assert!(keys.skipped().is_empty(), "{name}: {:?}", keys.skipped());
        judge(standard(keys)).await.accepts(name, &token().compact()).await;
    }
}

#[test]
fn what_is_no_set_is_refused() {
    let jwk = key(ES256).jwk().to_string();
    let good = set(&[key(ES256).jwk()]);
    for (name, text) in [
        ("nothing", String::new()),
        ("white space", " \n".to_owned()),
        ("no JSON", "keys".to_owned()),
        ("HTML", "<html><body>502 Bad Gateway</body></html>".to_owned()),
        ("a PEM file", key(ES256).pem()),
        ("null", "null".to_owned()),
        ("an array of keys", format!("[{jwk}]")),
        ("one key", jwk.clone()),
        ("no keys", "{}".to_owned()),
        ("keys is null", r#"{"keys":null}"#.to_owned()),
        ("keys is an object", format!(r#"{{"keys":{jwk}}}"#)),
        ("keys is an object of keys", format!(r#"{{"keys":{{"a":{jwk}}}}}"#)),
        ("keys is a string", r#"{"keys":"x"}"#.to_owned()),
        ("another case", format!(r#"{{"Keys":[{jwk}]}}"#)),
        ("keys twice", format!(r#"{{"keys":[{jwk}],"keys":[{jwk}]}}"#)),
        ("keys twice, once escaped", format!(r#"{{"keys":[{jwk}],"k\u0065ys":[]}}"#)),
        ("two sets", format!("{good}{good}")),
        ("a byte order mark", format!("\u{feff}{good}")),
        ("a trailing comma", format!(r#"{{"keys":[{jwk},]}}"#)),
        ("cut off", good[..good.len() - 2].to_owned()),
        ("a lone surrogate in a name", format!(r#"{{"\ud800":1,"keys":[{jwk}]}}"#)),
    ] {
        let error = StaticKeys::from_jwks(&text).unwrap_err().to_string();
        assert!(error.contains("JWK Set"), "{name}: {error}");
        assert!(!error.contains(key(ES256).jwk()["x"].as_str().unwrap()), "{name}: {error}");
    }
}

#[test]
fn a_set_without_a_usable_key_says_why() {
    let error = StaticKeys::from_jwks(r#"{"keys":[]}"#).unwrap_err().to_string();
    assert!(error.contains("no key"), "{error}");
    let keys =
        set(&[json!({ "kty": "AKP" }), json!(7), key(ES256).jwk_with(&json!({ "use": "enc" }))]);
    let error = StaticKeys::from_jwks(keys).unwrap_err().to_string();
    for reason in ["key 0: `kty`", "key 1: ", "key 2: `use`"] {
        assert!(error.contains(reason), "{error}");
    }
}

#[test]
fn a_set_is_utf_8() {
    let good = set(&[key(ES256).jwk()]);
    let utf16: Vec<u8> = good.encode_utf16().flat_map(u16::to_le_bytes).collect();
    let member = [&b"{\"x\":\"\xff\","[..], &good.as_bytes()[1..]].concat();
    for (name, bytes) in
        [("in a member nobody reads", member), ("UTF-16", [&[0xff, 0xfe], &utf16[..]].concat())]
    {
        let error = StaticKeys::from_jwks(bytes).unwrap_err().to_string();
        assert!(error.contains("UTF-8"), "{name}: {error}");
    }
}

/// A file that goes with the test.
struct Temporary(PathBuf);

impl Temporary {
    fn named(name: &str) -> Self {
        Self(env::temp_dir().join(format!("tower-bearer-{}-{name}", process::id())))
    }
}

impl Drop for Temporary {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.0);
    }
}

#[tokio::test]
async fn a_set_is_read_from_a_file() {
    let file = Temporary::named("good.json");
    fs::write(&file.0, set(&[key(ES256).jwk_with(&json!({ "kid": "a" })), json!({})])).unwrap();
    let keys = StaticKeys::from_jwks_file(&file.0).unwrap();
    assert_eq!(keys.skipped().len(), 1);
    let judge = judge(standard(keys)).await;
    judge.accepts("file", &json_token(ES256, &json!({ "kid": "a" }), &json!({})).compact()).await;
}

#[test]
fn a_file_that_cannot_be_read_is_named() {
    let missing = Temporary::named("missing.json");
    let error = StaticKeys::from_jwks_file(&missing.0).unwrap_err();
    assert!(error.to_string().contains(&missing.0.display().to_string()), "{error}");
    assert!(std::error::Error::source(&error).is_some(), "and the reason of the system is kept");
    let directory = env::temp_dir();
    let error = StaticKeys::from_jwks_file(&directory).unwrap_err().to_string();
    assert!(error.contains(&directory.display().to_string()), "{error}");
}

#[test]
fn a_file_that_holds_no_set_is_refused() {
    for (name, bytes) in
        [("empty", &b""[..]), ("pem", b"-----BEGIN PUBLIC KEY-----"), ("binary", b"\xff\xfe\0")]
    {
        let file = Temporary::named(name);
        fs::write(&file.0, bytes).unwrap();
        let error = StaticKeys::from_jwks_file(&file.0).unwrap_err().to_string();
        assert!(error.contains("JWK Set"), "{name}: {error}");
    }
}
