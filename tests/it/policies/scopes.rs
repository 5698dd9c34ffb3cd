//! Scopes, from `scope` and `scp`.

use serde_json::{Value, json};
use tower_bearer::{Policy, RequireScope, ScopeCatalog};

use super::{assert_unknown, judge, spelt, token};

/// What a token with these claims has: of `a` and `b` both, one or none.
const CLAIMS: &[(&str, &str, usize)] = &[
    ("none", "{}", 0),
    ("string", r#"{"scope":"a b"}"#, 2),
    ("the other way round", r#"{"scope":"b a"}"#, 2),
    ("more than that", r#"{"scope":"x a y b z"}"#, 2),
    ("scp as a string", r#"{"scp":"a b"}"#, 2),
    ("arrays", r#"{"scope":["a","b"]}"#, 2),
    ("scp as an array", r#"{"scp":["b","a"]}"#, 2),
    ("half in each", r#"{"scope":"a","scp":["b"]}"#, 2),
    ("both the same", r#"{"scope":"a","scp":"a"}"#, 1),
    ("one", r#"{"scope":"a"}"#, 1),
    ("the other", r#"{"scp":["b"]}"#, 1),
    ("one of them twice", r#"{"scope":"a a","scp":["a"]}"#, 1),
    ("spaces around", r#"{"scope":"  a   b "}"#, 2),
    ("no spaces but tabs", "{\"scope\":\"a\\tb\"}", 0),
    ("commas", r#"{"scope":"a,b"}"#, 0),
    ("a space in an array is no separator", r#"{"scp":["a b"]}"#, 0),
    ("case counts", r#"{"scope":"A B"}"#, 0),
    ("one begins like it", r#"{"scope":"aa b:x"}"#, 0),
    ("escapes", r#"{"scope":"\u0061 \u0062"}"#, 2),
    ("empty string", r#"{"scope":""}"#, 0),
    ("empty array", r#"{"scp":[]}"#, 0),
    ("claims of other names", r#"{"scopes":"a b","Scope":"a b"}"#, 0),
];

fn ab(
    make: fn([&'static str; 2]) -> Result<RequireScope, tower_bearer::ConfigError>,
) -> RequireScope {
    make(["a", "b"]).unwrap()
}

#[test]
fn all_any_and_their_opposites() {
    for (case, claims, has) in CLAIMS {
        let token = token(&serde_json::from_str::<Value>(claims).unwrap());
        let (all, any) = (ab(RequireScope::all), ab(RequireScope::any));
        let permitted = |permitted| if permitted { "permitted" } else { "lacks a b" };
        assert_eq!(judge(&all, &token), permitted(*has == 2), "{case}: all");
        assert_eq!(judge(&any, &token), permitted(*has > 0), "{case}: any");
        let opposite = |permitted| if permitted { "permitted" } else { "forbidden" };
        assert_eq!(judge(&all.not(), &token), opposite(*has < 2), "{case}: not all");
        assert_eq!(judge(&any.not(), &token), opposite(*has == 0), "{case}: not any");
    }
}

/// It is not known which were meant, so none counts, and none counts as absent.
#[test]
fn claims_of_another_type_give_nothing_and_withhold_nothing() {
    let cases = [
        ("null", r#""scope":null"#),
        ("number", r#""scope":5"#),
        ("bool", r#""scp":true"#),
        ("object", r#""scope":{"a":true,"b":true}"#),
        ("mixed array", r#""scp":["a","b",5]"#),
        ("null in an array", r#""scope":["a","b",null]"#),
        ("array in an array", r#""scope":[["a","b"]]"#),
        ("the other one is good", r#""scope":"a b","scp":7"#),
        ("the other one is good, behind it", r#""scope":null,"scp":["a","b"]"#),
    ];
    for (case, members) in cases {
        let token = spelt(members);
        for policy in [ab(RequireScope::all), ab(RequireScope::any)] {
            assert_eq!(judge(&policy, &token), "lacks a b", "{case}");
            assert_eq!(policy.check(&token).unwrap_err().claim(), Some("scope"), "{case}");
            assert_unknown(case, policy, &token);
        }
    }
}

/// Those that are held are named as well: a client asks for a new token with what it is told.
#[test]
fn the_challenge_names_all_in_the_order_in_which_they_were_declared() {
    let cases = [
        ("none held", None, "lacks z a m"),
        ("the first held", Some("z"), "lacks z a m"),
        ("the last held, and others", Some("m x"), "lacks z a m"),
    ];
    for (case, scope, expected) in cases {
        let token = token(&json!({ "scope": scope }));
        let all = RequireScope::all(["z", "a", "m"]).unwrap();
        assert_eq!(judge(&all, &token), expected, "{case}");
        assert_eq!(all.scopes(), ["z", "a", "m"], "{case}");
        assert_eq!(all.denial().scopes().collect::<Vec<_>>(), ["z", "a", "m"], "{case}");
    }
    let any = RequireScope::any(["z", "a"]).unwrap();
    assert_eq!(judge(&any, &token(&json!({}))), "lacks z a");
}

#[test]
fn requirements_of_a_catalogue_are_those_requirements() {
    let catalogue = ScopeCatalog::new(["b", "a", "c"]).unwrap();
    let (all, any) = (catalogue.all(["a", "b"]).unwrap(), catalogue.any(["a", "b"]).unwrap());
    let one = token(&json!({ "scope": "a" }));
    assert_eq!(judge(&all, &one), "lacks a b");
    assert_eq!(judge(&any, &one), "permitted");
    assert_eq!(catalogue.iter().collect::<Vec<_>>(), ["b", "a", "c"]);
    assert!(catalogue.contains("a") && !catalogue.contains("A") && !catalogue.contains(""));
    let shared = catalogue.clone();
    assert!(shared.declared(all.and(any.not())).is_ok());
}
