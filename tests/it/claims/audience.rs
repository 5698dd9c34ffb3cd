//! `aud`, RFC 7519 §4.1.3, and the claims that stand in for it.

use serde_json::json;
use tower_bearer::{Audience, TokenErrorKind as Kind, TrustedIssuer};

use super::{Judge, keys, spelt, trusted, with};
use crate::support::{AUDIENCE, ISSUER, clock, verifiers};

fn for_audience(audience: impl Into<Audience>) -> TrustedIssuer {
    TrustedIssuer::new(ISSUER, audience, keys()).clock(clock)
}

/// Each is neither a string nor an array of strings.
const WRONG_TYPES: [(&str, &str); 8] = [
    ("null", "null"),
    ("a number", "1"),
    ("a bool", "true"),
    ("an object", r#"{"https://api.example":"https://api.example"}"#),
    ("a number beside ours", r#"["https://api.example",1]"#),
    ("null before ours", r#"[null,"https://api.example"]"#),
    ("an array within", r#"[["https://api.example"]]"#),
    ("an object beside ours", r#"["https://api.example",{}]"#),
];

#[tokio::test]
async fn aud_is_a_string_or_an_array_that_holds_ours() {
    let judge = Judge::of(trusted()).await;
    let cases = [
        ("a string", json!(AUDIENCE), Ok(())),
        ("an array of ours", json!([AUDIENCE]), Ok(())),
        ("first of several", json!([AUDIENCE, "other"]), Ok(())),
        ("last of several", json!(["other", "", AUDIENCE]), Ok(())),
        ("ours twice", json!([AUDIENCE, AUDIENCE]), Ok(())),
        ("an empty array", json!([]), Err(Kind::AudienceMismatch)),
        ("an empty string", json!(""), Err(Kind::AudienceMismatch)),
        ("another", json!("other"), Err(Kind::AudienceMismatch)),
        ("others", json!(["other", "another"]), Err(Kind::AudienceMismatch)),
        ("a trailing slash", json!("https://api.example/"), Err(Kind::AudienceMismatch)),
        ("another case", json!("https://API.example"), Err(Kind::AudienceMismatch)),
        ("a space behind", json!("https://api.example "), Err(Kind::AudienceMismatch)),
        ("longer", json!("https://api.example.evil.example"), Err(Kind::AudienceMismatch)),
        ("shorter", json!("https://api.exampl"), Err(Kind::AudienceMismatch)),
        ("two in a string", json!("other https://api.example"), Err(Kind::AudienceMismatch)),
        ("the issuer", json!(ISSUER), Err(Kind::AudienceMismatch)),
    ];
    for (case, aud, expected) in cases {
        judge.answers(case, &with(&json!({ "aud": aud })), expected).await;
    }
    judge.accepts("escapes", &spelt("aud", r#"["https:\/\/\u0061pi.example"]"#)).await;
    judge.refuses("missing", &with(&json!({ "aud": null })), Kind::MissingClaim).await;
}

#[tokio::test]
async fn aud_of_a_wrong_type_is_refused_whatever_else_it_holds() {
    let judge = Judge::of(trusted()).await;
    for (case, aud) in WRONG_TYPES {
        judge.refuses(case, &spelt("aud", aud), Kind::InvalidClaim).await;
    }
}

#[tokio::test]
async fn aud_twice_is_refused_whichever_of_them_is_ours() {
    let judge = Judge::of(trusted()).await;
    let both_ours = spelt("aud", r#""https://api.example","aud":"https://api.example""#);
    judge.refuses("both", &both_ours, Kind::InvalidClaim).await;
    let first = spelt("aud", r#""https://api.example","\u0061ud":"other""#);
    judge.refuses("the first", &first, Kind::InvalidClaim).await;
    let second = spelt("aud", r#""other","aud":"https://api.example""#);
    judge.refuses("the second", &second, Kind::InvalidClaim).await;
}

#[tokio::test]
async fn several_audiences_may_be_ours() {
    let judge = Judge::of(for_audience(["one", "two"])).await;
    let cases = [
        ("one", json!("one"), Ok(())),
        ("two", json!(["zero", "two"]), Ok(())),
        ("both", json!(["two", "one"]), Ok(())),
        ("neither", json!(["zero", "three"]), Err(Kind::AudienceMismatch)),
        ("both in a string", json!("one two"), Err(Kind::AudienceMismatch)),
    ];
    for (case, aud, expected) in cases {
        judge.answers(case, &with(&json!({ "aud": aud })), expected).await;
    }
}

#[tokio::test]
async fn without_aud_the_claim_named_instead_must_be_ours() {
    for claim in ["client_id", "azp"] {
        let judge =
            Judge::of(for_audience(Audience::new(AUDIENCE).or_claim(claim, ["a", "b"]))).await;
        let cases = [
            ("one of ours", json!("a"), Ok(())),
            ("the other of ours", json!("b"), Ok(())),
            ("another", json!("c"), Err(Kind::AudienceMismatch)),
            ("another case", json!("A"), Err(Kind::AudienceMismatch)),
            ("ours in `aud`, not here", json!(AUDIENCE), Err(Kind::AudienceMismatch)),
            ("empty", json!(""), Err(Kind::AudienceMismatch)),
            ("absent", json!(null), Err(Kind::MissingClaim)),
            ("an array", json!(["a"]), Err(Kind::InvalidClaim)),
            ("a number", json!(1), Err(Kind::InvalidClaim)),
            ("a bool", json!(true), Err(Kind::InvalidClaim)),
            ("an object", json!({ "a": "a" }), Err(Kind::InvalidClaim)),
        ];
        for (case, value, expected) in cases {
            let token = with(&json!({ "aud": null, claim: value }));
            judge.answers(&format!("{claim}: {case}"), &token, expected).await;
        }
    }
}

#[tokio::test]
async fn the_claim_named_instead_may_be_spelt_with_escapes_but_not_be_null() {
    let audience = Audience::new(AUDIENCE).or_claim("azp", "a");
    let judge = Judge::of(for_audience(audience)).await;
    let token = |azp: &str| {
        let payload = format!(r#"{{"iss":"{ISSUER}","exp":9000000000,{azp}}}"#);
        crate::support::token().payload(payload).compact()
    };
    judge.accepts("escapes", &token(r#""\u0061zp":"\u0061""#)).await;
    judge.refuses("null", &token(r#""azp":null"#), Kind::InvalidClaim).await;
    judge.refuses("twice", &token(r#""azp":"b","azp":"a""#), Kind::InvalidClaim).await;
}

#[tokio::test]
async fn the_claim_named_instead_does_not_count_beside_aud() {
    let audience = Audience::new(AUDIENCE).or_claim("client_id", "a");
    let judge = Judge::of(for_audience(audience)).await;
    let cases = [
        ("both are ours", json!({ "client_id": "a" }), Ok(())),
        ("`aud` is ours, the claim is not", json!({ "client_id": "c" }), Ok(())),
        ("`aud` is ours, the claim is absent", json!({}), Ok(())),
        (
            "`aud` is another",
            json!({ "aud": "other", "client_id": "a" }),
            Err(Kind::AudienceMismatch),
        ),
        ("`aud` is empty", json!({ "aud": [], "client_id": "a" }), Err(Kind::AudienceMismatch)),
    ];
    for (case, changes, expected) in cases {
        judge.answers(case, &with(&changes), expected).await;
    }
    for (case, aud) in WRONG_TYPES {
        let token = spelt("aud", &format!("{aud},\"client_id\":\"a\""));
        judge.refuses(case, &token, Kind::InvalidClaim).await;
    }
}

#[tokio::test]
async fn the_danger_of_any_audience_is_of_any_well_formed_one() {
    let judge = Judge::of(for_audience(Audience::danger_any())).await;
    for aud in [json!(null), json!("other"), json!(["other"]), json!([]), json!("")] {
        judge.accepts(&aud.to_string(), &with(&json!({ "aud": aud }))).await;
    }
    for (case, aud) in WRONG_TYPES {
        judge.refuses(case, &spelt("aud", aud), Kind::InvalidClaim).await;
    }
}

#[test]
fn an_audience_that_nobody_could_be_is_not_built() {
    let bad: [(&str, Audience); 6] = [
        ("an empty name", "".into()),
        ("no name", Audience::new(Vec::<String>::new())),
        ("an empty name among others", ["a", ""].into()),
        ("a claim without a name", Audience::new("a").or_claim("", "a")),
        ("a claim without values", Audience::new("a").or_claim("azp", Vec::<String>::new())),
        ("a claim with an empty value", Audience::new("a").or_claim("azp", ["a", ""])),
    ];
    for (case, audience) in bad {
        assert!(verifiers::new(for_audience(audience)).is_err(), "{case}");
    }
}
