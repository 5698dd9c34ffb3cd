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
    let cases: [(&str, Value, &str, Option<bool>); 38] = [
        ("true", json!(true), "true", Some(true)),
        ("false", json!(true), "false", Some(false)),
        ("no bool but a string", json!(true), r#""true""#, None),
        ("no bool but a number", json!(true), "1", None),
        ("string", json!("a"), r#""a""#, Some(true)),
        ("escapes", json!("a\"b"), r#""\u0061\"b""#, Some(true)),
        ("case", json!("a"), r#""A""#, Some(false)),
        ("spaces", json!("a"), r#""a ""#, Some(false)),
        ("no array of it", json!("a"), r#"["a"]"#, None),
        ("number", json!(1), "1", Some(true)),
        ("number with a fraction", json!(1), "1.0", Some(true)),
        ("number with an exponent", json!(100), "1e2", Some(true)),
        ("number as a fraction", json!(1.0), "1", Some(true)),
        ("half", json!(0.5), "5E-1", Some(true)),
        ("minus zero", json!(0), "-0.0", Some(true)),
        ("minus", json!(-3), "-3", Some(true)),
        ("another number", json!(1), "2", Some(false)),
        ("another sign", json!(1), "-1", Some(false)),
        ("a bit more", json!(1), "1.5", Some(false)),
        ("a string of digits", json!(1), r#""1""#, None),
        ("large", large.clone(), "9007199254740993", Some(true)),
        ("large, one less", large, "9007199254740992", Some(false)),
        ("huge", huge.clone(), "18446744073709551615", Some(true)),
        ("huge, one less", huge, "18446744073709551614", Some(false)),
        ("array", json!([1, "a"]), r#"[1.0,"a"]"#, Some(true)),
        ("array in another order", json!([1, "a"]), r#"["a",1]"#, Some(false)),
        ("longer array", json!([1]), "[1,1]", Some(false)),
        ("shorter array", json!([1, 1]), "[1]", Some(false)),
        ("object", json!({ "x": 1, "y": [2] }), r#"{"y":[2.0],"x":1}"#, Some(true)),
        ("object with more", json!({ "x": 1 }), r#"{"x":1,"y":1}"#, Some(false)),
        ("object with less", json!({ "x": 1, "y": 1 }), r#"{"x":1}"#, Some(false)),
        ("object of other values", json!({ "x": 1 }), r#"{"x":2}"#, Some(false)),
        ("object of other names", json!({ "x": 1 }), r#"{"y":1}"#, Some(false)),
        (
            "large, one less as a double",
            json!(9_007_199_254_740_993_u64),
            "9007199254740992.0",
            Some(false),
        ),
        ("large, as a double", json!(9_007_199_254_740_992_u64), "9007199254740992.0", Some(true)),
        ("huge, one more", json!(u64::MAX), "18446744073709551616", Some(false)),
        ("huge, a double", json!(u64::MAX), "1.8446744073709552e19", Some(false)),
        ("beyond", json!(1), "1e300", Some(false)),
    ];
    for (case, wanted, claim, expected) in cases {
        for (path, members) in
            [("a", format!(r#""a":{claim}"#)), ("/o/a", format!(r#""o":{{"a":{claim}}}"#))]
        {
            let policy = RequireClaim::equals(path, wanted.clone()).unwrap();
            let mismatch = format!("mismatch in {path}");
            let words = |permitted| match permitted {
                Some(true) => "permitted",
                Some(false) => "forbidden",
                None => &*mismatch,
            };
            assert_eq!(judge(&policy, &spelt(&members)), words(expected), "{case}");
            let opposite = expected.map(|holds| !holds);
            assert_eq!(judge(&policy.not(), &spelt(&members)), words(opposite), "{case}: not");
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
        ("all of them", json!({ "plan": ["team", "enterprise"] }), "mismatch in /account/plan"),
        ("null", json!({ "plan": null }), "forbidden"),
        ("none", json!({}), "forbidden"),
        ("through a string", json!("team"), "mismatch in /account/plan"),
    ];
    for (case, account, expected) in cases {
        assert_eq!(judge(&plans, &token(&json!({ "account": account }))), expected, "{case}");
    }
    assert_eq!(judge(&plans, &token(&json!({}))), "forbidden", "no account");
}

/// A claim may be of any type that one of the values has.
#[test]
fn values_of_several_types() {
    let policy = RequireClaim::one_of("a", [json!(true), json!("yes")]).unwrap();
    for (claim, expected) in [
        ("true", ["permitted", "forbidden"]),
        (r#""yes""#, ["permitted", "forbidden"]),
        ("false", ["forbidden", "permitted"]),
        (r#""no""#, ["forbidden", "permitted"]),
        ("1", ["mismatch in a"; 2]),
        (r#"["yes"]"#, ["mismatch in a"; 2]),
    ] {
        let token = spelt(&format!(r#""a":{claim}"#));
        assert_eq!(judge(&policy, &token), expected[0], "{claim}");
        assert_eq!(judge(&policy.clone().not(), &token), expected[1], "{claim}: not");
    }
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
