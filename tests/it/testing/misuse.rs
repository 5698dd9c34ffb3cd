use std::panic::{AssertUnwindSafe, catch_unwind};

use serde_json::json;
use tower_bearer::{
    Algorithm,
    http::Request,
    testing::{RequestExt, TestIssuer},
};

/// What a panic says.
fn complaint(misuse: impl FnOnce()) -> String {
    let panic = catch_unwind(AssertUnwindSafe(misuse)).expect_err("this makes no sense");
    let message = panic.downcast_ref::<String>().map(String::as_str);
    message.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap().to_owned()
}

#[test]
fn what_makes_no_sense_panics_and_says_why() {
    let issuer = TestIssuer::new();
    let request = || Request::new(());
    let named = |name: &str| drop(TestIssuer::builder().name(name).build());
    let cases: Vec<(&str, String)> = vec![
        ("JSON object", complaint(|| drop(issuer.token().claims(json!(["sub"]))))),
        ("written as JSON", complaint(|| drop(issuer.token().claim("x", f64_map())))),
        ("ES256 has no secret", complaint(|| drop(issuer.secret(Algorithm::ES256)))),
        ("add_keys", complaint(|| issuer.promote_keys())),
        ("one line", complaint(|| issuer.cache_control("a\nb"))),
        ("some algorithm", complaint(|| drop(TestIssuer::builder().algorithms([]).build()))),
        ("names no issuer", complaint(|| named("issuer.test"))),
        ("names no issuer", complaint(|| named("ftp://issuer.test"))),
        ("names no issuer", complaint(|| named("https://issuer.test?a=b"))),
        ("names no issuer", complaint(|| named("https://issuer.test#a"))),
        ("names no issuer", complaint(|| named(""))),
        ("has expired", complaint(|| drop(issuer.token().expired().verified()))),
        ("not verify", complaint(|| drop(issuer.token().wrong_signature().verified()))),
        ("issuer is empty", complaint(|| drop(issuer.token().without("iss").verified()))),
        ("JSON object", complaint(|| drop(request().with_claims("ada")))),
        ("has expired", complaint(|| drop(request().with_claims(json!({ "exp": 1 }))))),
        ("wrong type", complaint(|| drop(request().with_claims(json!({ "sub": 1 }))))),
        ("in a header", complaint(|| drop(request().with_bearer("a\nb")))),
    ];
    for (expected, said) in cases {
        assert!(said.contains(expected), "{expected:?} is not in {said:?}");
    }
}

/// JSON has no keys but strings.
fn f64_map() -> std::collections::HashMap<(u8, u8), u8> {
    [((1, 2), 3)].into()
}
