//! Members of the header that ask for something: extensions, and keys that the token brings along
//! (RFC 7515 §4.1, RFC 7797, RFC 8725 §3.10).

use std::{
    io::ErrorKind,
    net::{TcpListener, TcpStream},
};

use aws_lc_rs::{
    rand::SystemRandom,
    signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair},
};
use base64::{Engine, engine::general_purpose::STANDARD};
use serde_json::{Value, json};
use tower_bearer::{
    Algorithm, StaticKeys,
    TokenErrorKind::{
        AlgorithmNotAllowed, CriticalHeader, InvalidSignature, Malformed, UnknownKey,
    },
};

use super::{es256, judge};
use crate::support::{KeyPair, Token, json_token, key, standard, token};

/// A self-signed certificate of a stranger (P-256), and the key in it (PKCS#8).
const CERTIFICATE: &str = "MIIBdDCCARmgAwIBAgIUEVJr1rGCEB0bYEnhFRjakU+XF8YwCgYIKoZIzj0EAwIwDjEMMAoGA1UEAwwDZXZlMCAXDTI2MTEyMjAxMDkxOVoYDzIxMjYxMDI5MDEwOTE5WjAOMQwwCgYDVQQDDANldmUwWTATBgcqhkjOPQIBBggqhkjOPQMBBwNCAARJEuQ8qu/3rOD028/jdCtlU24waJpi6QHW89eg+hz5fM31mJSvw6shiuNbUjg4/s9dtHwLVAfOUcFCh6W9Kj7oo1MwUTAdBgNVHQ4EFgQU7YZeQJur9kygxyIKJsxa9KvD67QwHwYDVR0jBBgwFoAU7YZeQJur9kygxyIKJsxa9KvD67QwDwYDVR0TAQH/BAUwAwEB/zAKBggqhkjOPQQDAgNJADBGAiEAmue/FNhJVDOwo8Njk7pGzYQNBlq19fcOlsqtl2ZhEasCIQC77eZowplIuMzXQ4/EOl2AEt0H5xC3upMnBUGLujWl5g==";
const PRIVATE_KEY: &str = "MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgjUfCSM5P+U+SU8/cL757A07l/GemJ2PVmETCBXaPm3qhRANCAARJEuQ8qu/3rOD028/jdCtlU24waJpi6QHW89eg+hz5fM31mJSvw6shiuNbUjg4/s9dtHwLVAfOUcFCh6W9Kj7o";

/// A port that nobody may knock at.
struct Trap(TcpListener);

impl Trap {
    fn set() -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        listener.set_nonblocking(true).unwrap();
        Self(listener)
    }

    fn url(&self, scheme: &str, path: &str) -> String {
        format!("{scheme}://{}/{path}", self.0.local_addr().unwrap())
    }

    /// Nobody came; and if somebody had, it would have been seen.
    #[track_caller]
    fn assert_untouched(self) {
        let nobody = self.0.accept().unwrap_err();
        assert_eq!(nobody.kind(), ErrorKind::WouldBlock, "somebody connected");
        let _visitor = TcpStream::connect(self.0.local_addr().unwrap()).unwrap();
        assert!(self.0.accept().is_ok(), "the trap works");
    }
}

fn with_header(header: &Value) -> Token {
    json_token(Algorithm::ES256, header, &json!({}))
}

#[tokio::test]
async fn crit_is_refused_in_any_form() {
    let judge = es256().await;
    for crit in [
        "[]",
        r#"["exp"]"#,
        r#"["b64"]"#,
        r#"["alg"]"#,
        r#"["http://example.invalid/UNDEFINED"]"#,
        r#"["x"]"#,
        r#""exp""#,
        r#""""#,
        "null",
        "{}",
        "1",
        "0",
        "true",
        "false",
        "[[]]",
    ] {
        for name in ["crit", r"\u0063rit"] {
            let header = format!(r#"{{"alg":"ES256","exp":1,"x":1,"{name}":{crit}}}"#);
            judge.refuses(&header, &token().header(&header).compact(), CriticalHeader).await;
            let first = format!(r#"{{"{name}":{crit},"alg":"ES256"}}"#);
            judge.refuses(&first, &token().header(&first).compact(), CriticalHeader).await;
        }
    }
    let elsewhere = r#"{"alg":"ES256","Crit":["exp"],"x":{"crit":["exp"]}}"#;
    judge.accepts("not crit", &token().header(elsewhere).compact()).await;
}

#[tokio::test]
async fn an_unencoded_payload_is_refused() {
    let judge = es256().await;
    for (header, kind) in [
        (r#"{"alg":"ES256","b64":false}"#, CriticalHeader),
        (r#"{"alg":"ES256","\u0062\u0036\u0034":false}"#, CriticalHeader),
        (r#"{"alg":"ES256","b64":false,"crit":["b64"]}"#, CriticalHeader),
        (r#"{"alg":"ES256","b64":true,"crit":["b64"]}"#, CriticalHeader),
        (r#"{"alg":"ES256","b64":null}"#, Malformed),
        (r#"{"alg":"ES256","b64":0}"#, Malformed),
        (r#"{"alg":"ES256","b64":"false"}"#, Malformed),
        (r#"{"alg":"ES256","b64":[]}"#, Malformed),
    ] {
        judge.refuses(header, &token().header(header).compact(), kind).await;
    }
    let plain = r#"{"alg":"ES256","b64":true}"#;
    judge.accepts("b64 as it is anyway", &token().header(plain).compact()).await;
}

/// The headers with which a token can say where its own key is found.
fn own_keys(trap: &Trap, jwk: &Value, x5c: &str) -> Vec<(&'static str, Value)> {
    let (jku, x5u) = (trap.url("http", "jwks.json"), trap.url("https", "chain.pem"));
    let thumbprint = super::encode([7; 32]);
    vec![
        ("jwk", json!({ "jwk": jwk })),
        ("jku", json!({ "jku": jku })),
        ("x5u", json!({ "x5u": x5u })),
        ("x5u over http", json!({ "x5u": trap.url("http", "chain.pem") })),
        ("x5c", json!({ "x5c": [x5c] })),
        ("x5t", json!({ "x5t": thumbprint, "x5t#S256": thumbprint })),
        ("all at once", json!({ "jwk": jwk, "jku": jku, "x5u": x5u, "x5c": [x5c] })),
        ("iss and kid as a place", json!({ "iss": trap.url("http", ""), "kid": jku })),
    ]
}

#[tokio::test]
async fn a_key_that_the_token_brings_along_is_never_used() {
    let (judge, trap) = (es256().await, Trap::set());
    let stranger = KeyPair::generate(Algorithm::ES256);
    for (name, header) in own_keys(&trap, &stranger.jwk(), CERTIFICATE) {
        let forged = with_header(&header).signed_by(&stranger);
        judge.refuses(format!("{name}, signed by it"), &forged, InvalidSignature).await;
        let ours = with_header(&header).compact();
        judge.accepts(format!("{name}, signed by our key"), &ours).await;
    }
    trap.assert_untouched();
}

#[tokio::test]
async fn a_certificate_that_the_token_brings_along_is_never_used() {
    let (judge, trap) = (es256().await, Trap::set());
    let pkcs8 = STANDARD.decode(PRIVATE_KEY).unwrap();
    let stranger = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &pkcs8).unwrap();
    for (name, header) in own_keys(&trap, &json!({}), CERTIFICATE) {
        let forged = with_header(&header);
        let input = forged.signing_input();
        let signature = stranger.sign(&SystemRandom::new(), input.as_bytes()).unwrap();
        let forged = forged.with_signature(signature.as_ref());
        judge.refuses(format!("{name}, signed by it"), &forged, InvalidSignature).await;
    }
    trap.assert_untouched();
}

/// Neither where the server knows no key of that name: the token's own is no way out.
#[tokio::test]
async fn a_key_that_the_token_brings_along_does_not_fill_a_gap() {
    let keys = StaticKeys::new([key(Algorithm::ES256).verifying().with_kid("ours")]).unwrap();
    let (judge, trap) = (judge(standard(keys)).await, Trap::set());
    let stranger = KeyPair::generate(Algorithm::ES256);
    for (name, mut header) in own_keys(&trap, &stranger.jwk(), CERTIFICATE) {
        header["kid"] = json!("theirs");
        let forged = with_header(&header).signed_by(&stranger);
        judge.refuses(name, &forged, UnknownKey).await;
        header["alg"] = json!("HS256");
        let forged = with_header(&header).signed_by(&stranger);
        judge.refuses(format!("{name}, HS256"), &forged, AlgorithmNotAllowed).await;
    }
    trap.assert_untouched();
}

#[tokio::test]
async fn the_proof_type_in_which_a_jwk_belongs_is_no_access_token() {
    let judge = es256().await;
    let stranger = KeyPair::generate(Algorithm::ES256);
    let proof = json!({ "typ": "dpop+jwt", "jwk": stranger.jwk() });
    for (name, token) in [
        ("signed by the key inside", with_header(&proof).signed_by(&stranger)),
        ("signed by our key", with_header(&proof).compact()),
    ] {
        judge.refuses(name, &token, tower_bearer::TokenErrorKind::TypeNotAllowed).await;
    }
}

#[tokio::test]
async fn unknown_members_are_ignored_whatever_their_type() {
    let judge = es256().await;
    let values =
        ["null", "true", "false", "0", "-1.5e300", "1e999999", r#""""#, r#""text""#, "[]", "{}"];
    let names = ["x", "", "jku", "jwk", "x5u", "x5c", "x5t", "cty", "zip", "enc", "epk", "iss"];
    for name in names {
        for value in values {
            let header = format!(r#"{{"{name}":{value},"alg":"ES256"}}"#);
            judge.accepts(&header, &token().header(&header).compact()).await;
        }
    }
}
