//! Header and claims are one JSON object each, read strictly (RFC 7515 §4, RFC 7519 §4).

use axum::{Json, Router, routing::get};
use serde::{Deserialize, Serialize};
use serde_json::json;
use tower_bearer::{
    Algorithm, Claims, JwtLayer, StaticKeys,
    TokenErrorKind::{InvalidClaim, Malformed},
};

use super::{es256, judge};
use crate::support::{App, claims, key, standard, token, verifiers};

/// The good claims with this text put in behind the opening brace.
fn payload_with(members: &str) -> String {
    claims(&json!({})).to_string().replacen('{', &format!("{{{members},"), 1)
}

/// What is no JSON object, made of a text that is one.
fn not_one_object(object: &str) -> Vec<(&'static str, Vec<u8>)> {
    let text = |text: String| text.into_bytes();
    let utf16 = object.encode_utf16().flat_map(u16::to_le_bytes).collect();
    vec![
        ("array", text(format!("[{object}]"))),
        ("empty array", b"[]".to_vec()),
        ("string", text(serde_json::to_string(object).unwrap())),
        ("null", b"null".to_vec()),
        ("number", b"1".to_vec()),
        ("bool", b"true".to_vec()),
        ("white space", b"  ".to_vec()),
        ("two objects", text(format!("{object}{object}"))),
        ("object and a word", text(format!("{object} null"))),
        ("object and a comma", text(format!("{object},"))),
        ("object and a zero byte", text(format!("{object}\0"))),
        ("byte order mark", text(format!("\u{feff}{object}"))),
        ("byte order mark behind", text(format!("{object}\u{feff}"))),
        ("UTF-16", utf16),
        ("trailing comma", text(object.replacen('}', ",}", 1))),
        ("no end", text(object.replacen('}', "", 1))),
        ("single quotes", text(object.replace('"', "'"))),
        ("comment", text(object.replacen('{', "{/**/", 1))),
        ("other white space", text(object.replacen('{', "{\u{a0}", 1))),
        ("control character in a string", text(object.replacen('{', "{\"x\":\"\u{1}\",", 1))),
        ("name without quotes", text(object.replacen('{', "{x:1,", 1))),
        ("NaN", text(object.replacen('{', "{\"x\":NaN,", 1))),
        ("leading zero", text(object.replacen('{', "{\"x\":01,", 1))),
    ]
}

#[tokio::test]
async fn the_header_is_one_json_object() {
    let judge = es256().await;
    judge.accepts("control", &token().header(r#"{"alg":"ES256"}"#).compact()).await;
    for (name, header) in not_one_object(r#"{"alg":"ES256"}"#) {
        judge.refuses(name, &token().header(header).compact(), Malformed).await;
    }
    judge
        .refuses("a struct as an array", &token().header(r#"["ES256"]"#).compact(), Malformed)
        .await;
}

#[tokio::test]
async fn the_claims_are_one_json_object() {
    let judge = es256().await;
    let good = claims(&json!({})).to_string();
    judge.accepts("control", &token().payload(&good).compact()).await;
    for (name, payload) in not_one_object(&good) {
        let token = token().payload(payload).compact();
        let reason = judge.reason(&token).await.unwrap();
        assert!([InvalidClaim, Malformed].contains(&reason), "{name}: {reason:?}");
        judge.refuses(name, &token, reason).await;
    }
}

#[tokio::test]
async fn white_space_around_the_objects_means_nothing() {
    let good = claims(&json!({})).to_string();
    let token = token().header(" \t\r\n{ \"alg\" : \"ES256\" } ").payload(format!("\n{good}\r\n"));
    es256().await.accepts("white space", &token.compact()).await;
}

#[tokio::test]
async fn invalid_utf_8_is_refused_even_where_nobody_reads() {
    let judge = es256().await;
    for (name, bytes) in [
        ("lone continuation", &b"\x80"[..]),
        ("never a byte", b"\xff"),
        ("cut off", b"\xe2\x82"),
        ("overlong", b"\xc0\xaf"),
        ("surrogate", b"\xed\xa0\x80"),
        ("beyond Unicode", b"\xf4\x90\x80\x80"),
    ] {
        let member = [b"{\"x\":\"", bytes, b"\","].concat();
        let header = [&member, &br#""alg":"ES256"}"#[..]].concat();
        judge
            .refuses(format!("{name} in the header"), &token().header(header).compact(), Malformed)
            .await;
        let payload = [&member, &claims(&json!({})).to_string().as_bytes()[1..]].concat();
        judge
            .refuses(
                format!("{name} in the claims"),
                &token().payload(payload).compact(),
                Malformed,
            )
            .await;
        let name_of_a_member = [b"{\"", bytes, &br#"":1,"alg":"ES256"}"#[..]].concat();
        let token = token().header(name_of_a_member).compact();
        judge.refuses(format!("{name} in a name"), &token, Malformed).await;
    }
}

#[tokio::test]
async fn no_member_of_the_header_may_stand_twice() {
    let judge = es256().await;
    for header in [
        r#"{"alg":"ES256","alg":"ES256"}"#,
        r#"{"alg":"none","alg":"ES256"}"#,
        r#"{"alg":"ES256","alg":"none"}"#,
        r#"{"alg":"ES256","alg":null}"#,
        r#"{"alg":"ES256","\u0061lg":"ES256"}"#,
        r#"{"\u0061lg":"none","alg":"ES256"}"#,
        r#"{"alg":"ES256","kid":"a","kid":"a"}"#,
        r#"{"alg":"ES256","kid":"a","k\u0069d":"b"}"#,
        r#"{"alg":"ES256","typ":"JWT","typ":"at+jwt"}"#,
        r#"{"alg":"ES256","x":1,"x":1}"#,
        r#"{"alg":"ES256","x":1,"x":"1"}"#,
        r#"{"alg":"ES256","x":{},"y":0,"\u0078":[]}"#,
        r#"{"alg":"ES256","jwk":{},"jwk":{}}"#,
        r#"{"alg":"ES256","":1,"":1}"#,
        r#"{"alg":"ES256","😀":1,"\ud83d\ude00":1}"#,
        r#"{"alg":"ES256","b64":true,"b64":true}"#,
    ] {
        judge.refuses(header, &token().header(header).compact(), Malformed).await;
    }
}

#[tokio::test]
async fn no_claim_may_stand_twice() {
    let judge = es256().await;
    let members = [
        r#""iss":"https://issuer.example""#,
        r#""\u0069ss":"https://issuer.example""#,
        r#""\u0069\u0073\u0073":"https://evil.example""#,
        r#""aud":"https://api.example""#,
        r#""aud":["https://api.example"]"#,
        r#""sub":"eve""#,
        r#""exp":9999999999"#,
        r#""exp":9999999999.5"#,
        r#""e\u0078p":9999999999"#,
        r#""iat":0"#,
        r#""x":1,"x":1"#,
        r#""x":1,"x":"1""#,
        r#""x":null,"\u0078":{}"#,
        r#""admin":false,"y":[1,2],"admin":true"#,
        r#""":1,"":2"#,
    ];
    for member in members {
        let token = token().payload(payload_with(member)).compact();
        judge.refuses(member, &token, InvalidClaim).await;
    }
}

#[tokio::test]
async fn a_claim_that_stands_twice_is_found_among_hundreds() {
    let judge = es256().await;
    let many: Vec<_> = (0..300).map(|n| format!("\"m{n}\":{n}")).collect();
    let many = many.join(",");
    judge.accepts("all differ", &token().payload(payload_with(&many)).compact()).await;
    for twice in ["m0", "m23", "m24", "m299", r"\u006d150"] {
        let payload = payload_with(&format!("{many},\"{twice}\":0"));
        judge.refuses(twice, &token().payload(payload).compact(), InvalidClaim).await;
    }
}

#[tokio::test]
async fn names_that_only_look_alike_are_different_members() {
    let judge = es256().await;
    let header = r#"{"alg":"ES256","Alg":"none","ALG":null,"alg ":1,"a\u006cg\u0000":[]}"#;
    judge.accepts("header", &token().header(header).compact()).await;
    let payload = payload_with(r#""Iss":"x","ISS":1,"iss ":null,"ｉss":{},"é":1,"e\u0301":2"#);
    judge.accepts("claims", &token().payload(payload).compact()).await;
}

/// Only the top level is ours to judge: below it a claim belongs to whoever reads it.
#[tokio::test]
async fn members_may_stand_twice_below_the_top_level() {
    let judge = es256().await;
    let header = r#"{"alg":"ES256","x":{"a":1,"a":2},"y":{"alg":"none","crit":[]}}"#;
    judge.accepts("header", &token().header(header).compact()).await;
    let payload = payload_with(r#""x":{"iss":"a","iss":"b"},"y":[{"exp":0}]"#);
    judge.accepts("claims", &token().payload(payload).compact()).await;
}

#[tokio::test]
async fn alg_kid_and_typ_are_strings_and_null_is_none() {
    let judge = es256().await;
    let wrong = ["null", "1", "0.5", "true", "false", "[]", "{}", r#"["ES256"]"#, r#"{"a":"b"}"#];
    for value in wrong {
        for header in [
            format!(r#"{{"alg":{value}}}"#),
            format!(r#"{{"alg":"ES256","kid":{value}}}"#),
            format!(r#"{{"alg":"ES256","typ":{value}}}"#),
        ] {
            judge.refuses(&header, &token().header(&header).compact(), Malformed).await;
        }
    }
    judge.refuses("no alg", &token().header(r#"{"typ":"at+jwt"}"#).compact(), Malformed).await;
    judge.refuses("empty header", &token().header("{}").compact(), Malformed).await;
    let lone = r#"{"alg":"ES256","kid":"\ud800"}"#;
    judge.refuses("half a surrogate pair", &token().header(lone).compact(), Malformed).await;
}

/// A handler that reads one claim and leaves the others alone.
async fn reads_the_subject() -> App {
    #[derive(Deserialize, Serialize)]
    struct Subject {
        sub: String,
    }

    let me = |Claims(subject): Claims<Subject>| async move { Json(json!({ "sub": subject.sub })) };
    let keys = StaticKeys::new([key(Algorithm::ES256).verifying()]).unwrap();
    let layer = JwtLayer::new(verifiers::new(standard(keys)).unwrap());
    App::serve(Router::new().route("/", get(me)).route_layer(layer)).await
}

fn nested(depth: usize, open: &str, close: &str) -> String {
    format!("{}{}", open.repeat(depth), close.repeat(depth))
}

#[tokio::test]
async fn a_deep_claim_that_nobody_reads_is_skipped() {
    let app = reads_the_subject().await;
    for (name, deep) in [
        ("arrays", nested(5_000, "[", "]")),
        ("objects", nested(1_500, "{\"a\":[", "]}")),
        ("just too deep to be read", nested(130, "[", "]")),
    ] {
        let token = token().payload(payload_with(&format!("\"deep\":{deep}"))).compact();
        app.get(&token).await.assert_accepted(name);
    }
    let header = format!(r#"{{"alg":"ES256","deep":{}}}"#, nested(5_000, "[", "]"));
    app.get(&token().header(header).compact()).await.assert_accepted("in the header");
}

#[tokio::test]
async fn a_deep_claim_that_a_handler_reads_does_not_fit() {
    let judge = es256().await;
    let at = |depth| token().payload(payload_with(&format!("\"x\":{}", nested(depth, "[", "]"))));
    judge.accepts("100 deep", &at(100).compact()).await;
    for depth in [128, 129, 200, 5_000] {
        let reply = judge.app.get(&at(depth).compact()).await;
        reply.assert_refused(&format!("{depth} deep"), 403, "");
    }
}

#[tokio::test]
async fn a_deep_claim_that_we_read_ourselves_is_refused() {
    let judge = es256().await;
    for name in ["iss", "aud", "exp", "sub"] {
        let payload = json!({ "iss": "a", "aud": "b", "exp": 1, "sub": "c" });
        let mut payload = claims(&payload);
        payload[name] = json!("HERE");
        let payload = payload.to_string().replace("\"HERE\"", &nested(4_000, "[", "]"));
        let token = token().payload(payload).compact();
        let reason = judge.reason(&token).await.unwrap();
        assert!([InvalidClaim, Malformed].contains(&reason), "{name}: {reason:?}");
        judge.refuses(name, &token, reason).await;
    }
    let header = format!(r#"{{"alg":"ES256","kid":{}}}"#, nested(4_000, "[", "]"));
    judge.refuses("kid", &token().header(header).compact(), Malformed).await;
}

/// Names that `serde_json` keeps for itself when `raw_value` or `arbitrary_precision` is on
/// anywhere in the tree: an object with such a name would be read as what the string in it says.
const PRIVATE: [&str; 2] = ["$serde_json::private::RawValue", "$serde_json::private::Number"];

#[tokio::test]
async fn a_token_that_speaks_to_serde_json_is_refused() {
    let judge = es256().await;
    for name in PRIVATE {
        let escaped = name.replace('$', "\\u0024");
        for claim in [
            format!(r#""{name}":"1""#),
            format!(r#""x":{{"{name}":"1"}}"#),
            format!(r#""x":[[{{"{escaped}":"1"}}]]"#),
            format!(r#""x":{},"y":{{"{name}":"1"}}"#, nested(5_000, "[", "]")),
        ] {
            let token = token().payload(payload_with(&claim)).compact();
            judge.refuses(&claim[..20], &token, InvalidClaim).await;
        }
    }
    let harmless = token().payload(payload_with(r#""x":{"$ref":"a\\b","price":"$5"}"#)).compact();
    judge.accepts("a dollar", &harmless).await;
}

#[tokio::test]
async fn an_object_is_not_the_string_inside_it_whatever_its_names() {
    let keys = StaticKeys::new([key(Algorithm::ES256).verifying()]).unwrap();
    let issuer = standard(keys).require_claim("token_use", "access").require_claim("level", 1);
    let judge = judge(issuer).await;
    let with = |members: &str| token().payload(payload_with(members)).compact();
    judge.accepts("control", &with(r#""token_use":"access","level":1"#)).await;
    for name in PRIVATE {
        let token_use = with(&format!(r#""token_use":{{"{name}":"\"access\""}},"level":1"#));
        judge.refuses(format!("{name}, string"), &token_use, InvalidClaim).await;
        let level = with(&format!(r#""token_use":"access","level":{{"{name}":"1"}}"#));
        judge.refuses(format!("{name}, number"), &level, InvalidClaim).await;
    }
}

/// Each level of escaping begins a text of its own, and must not begin a depth of its own.
#[tokio::test]
async fn depth_cannot_be_hidden_in_strings() {
    let judge = es256().await;
    let mut deep = nested(100, "[", "]");
    for _ in 0..5 {
        let text = serde_json::to_string(&deep).unwrap();
        let inner = format!(r#"{{"{}":{text}}}"#, PRIVATE[0]);
        deep = format!("{}{inner}{}", "[".repeat(100), "]".repeat(100));
    }
    let token = token().payload(payload_with(&format!("\"x\":{deep}"))).compact();
    judge.refuses("hidden", &token, InvalidClaim).await;
}
