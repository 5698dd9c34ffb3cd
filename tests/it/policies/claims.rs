//! Claims that are there, or have a value.

use serde_json::{Value, json};
use tower_bearer::{Policy, RequireClaim};

use super::{assert_unknown, judge, spelt, token};

#[test]
fn present_is_whatever_is_not_null() {
    let cases = [
        ("absent", r#""other":1"#, false),
        ("null", r#""a":null"#, false),
        ("false", r#""a":false"#, true),
        ("zero", r#""a":0"#, true),
        ("empty string", r#""a":"""#, true),
        ("empty array", r#""a":[]"#, true),
        ("empty object", r#""a":{}"#, true),
        ("null in an array", r#""a":[null]"#, true),
        ("of the same letters", r#""A":1"#, false),
    ];
    for (case, members, expected) in cases {
        let policy = RequireClaim::present("a").unwrap();
        let words = |permitted| if permitted { "permitted" } else { "forbidden" };
        assert_eq!(judge(&policy, &spelt(members)), words(expected), "{case}");
        assert_eq!(judge(&policy.not(), &spelt(members)), words(!expected), "{case}: not");
    }
}

#[test]
fn values_are_compared_as_json() {
    let large = json!(9_007_199_254_740_993_u64);
    let huge = json!(u64::MAX);
    let cases: [(&str, Value, &str, bool); 33] = [
        ("true", json!(true), "true", true),
        ("false", json!(true), "false", false),
        ("no bool but a string", json!(true), r#""true""#, false),
        ("no bool but a number", json!(true), "1", false),
        ("string", json!("a"), r#""a""#, true),
        ("escapes", json!("a\"b"), r#""\u0061\"b""#, true),
        ("case", json!("a"), r#""A""#, false),
        ("spaces", json!("a"), r#""a ""#, false),
        ("no array of it", json!("a"), r#"["a"]"#, false),
        ("number", json!(1), "1", true),
        ("number with a fraction", json!(1), "1.0", true),
        ("number with an exponent", json!(100), "1e2", true),
        ("number as a fraction", json!(1.0), "1", true),
        ("half", json!(0.5), "5E-1", true),
        ("minus zero", json!(0), "-0.0", true),
        ("minus", json!(-3), "-3", true),
        ("another number", json!(1), "2", false),
        ("another sign", json!(1), "-1", false),
        ("a bit more", json!(1), "1.5", false),
        ("a string of digits", json!(1), r#""1""#, false),
        ("large", large.clone(), "9007199254740993", true),
        ("large, one less", large, "9007199254740992", false),
        ("huge", huge.clone(), "18446744073709551615", true),
        ("huge, one less", huge, "18446744073709551614", false),
        ("array", json!([1, "a"]), r#"[1.0,"a"]"#, true),
        ("array in another order", json!([1, "a"]), r#"["a",1]"#, false),
        ("longer array", json!([1]), "[1,1]", false),
        ("shorter array", json!([1, 1]), "[1]", false),
        ("object", json!({ "x": 1, "y": [2] }), r#"{"y":[2.0],"x":1}"#, true),
        ("object with more", json!({ "x": 1 }), r#"{"x":1,"y":1}"#, false),
        ("object with less", json!({ "x": 1, "y": 1 }), r#"{"x":1}"#, false),
        ("object of other values", json!({ "x": 1 }), r#"{"x":2}"#, false),
        ("object of other names", json!({ "x": 1 }), r#"{"y":1}"#, false),
    ];
    for (case, wanted, claim, expected) in cases {
        let words = |permitted| if permitted { "permitted" } else { "forbidden" };
        for (path, members) in
            [("a", format!(r#""a":{claim}"#)), ("/o/a", format!(r#""o":{{"a":{claim}}}"#))]
        {
            let policy = RequireClaim::equals(path, wanted.clone()).unwrap();
            assert_eq!(judge(&policy, &spelt(&members)), words(expected), "{case}");
            assert_eq!(judge(&policy.not(), &spelt(&members)), words(!expected), "{case}: not");
        }
    }
}

#[test]
fn one_of_several() {
    let plans = RequireClaim::one_of("/account/plan", ["team", "enterprise"]).unwrap();
    let cases = [
        ("the first", json!({ "plan": "team" }), "permitted"),
        ("the last", json!({ "plan": "enterprise" }), "permitted"),
        ("another", json!({ "plan": "free" }), "forbidden"),
        ("all of them", json!({ "plan": ["team", "enterprise"] }), "forbidden"),
        ("null", json!({ "plan": null }), "forbidden"),
        ("none", json!({}), "forbidden"),
        ("through a string", json!("team"), "mismatch in /account/plan"),
    ];
    for (case, account, expected) in cases {
        assert_eq!(judge(&plans, &token(&json!({ "account": account }))), expected, "{case}");
    }
    assert_eq!(judge(&plans, &token(&json!({}))), "forbidden", "no account");
}

/// What cannot be read is an error, not an absence.
#[test]
fn what_cannot_be_reached_is_unknown() {
    let deep = format!(r#""o":{{"a":{}{}}}"#, "[".repeat(400), "]".repeat(400));
    let cases = [
        ("through an array", r#""o":[{"a":1}]"#),
        ("through null", r#""o":null"#),
        ("twice", r#""o":{"a":1,"a":1}"#),
        ("too deep to be read", &deep),
    ];
    for (case, members) in cases {
        for policy in
            [RequireClaim::present("/o/a").unwrap(), RequireClaim::equals("/o/a", 1).unwrap()]
        {
            assert_eq!(judge(&policy, &spelt(members)), "mismatch in /o/a", "{case}");
            assert_unknown(case, policy, &spelt(members));
        }
    }
}

#[test]
fn a_denial_names_the_path_and_debug_no_value() {
    let policy = RequireClaim::equals("/a/b", "topsecret").unwrap();
    let denial = policy.check(&token(&json!({}))).unwrap_err();
    assert_eq!(denial.claim(), Some("/a/b"));
    let shown = format!("{policy:?} {denial:?} {denial}");
    assert!(shown.contains("/a/b") && !shown.contains("topsecret"), "{shown}");
}
