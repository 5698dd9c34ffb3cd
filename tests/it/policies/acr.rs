//! The class of a login.

use serde_json::{Value, json};
use tower_bearer::{Policy, RequireAcr};

use super::{assert_unknown, judge, spelt, token};

fn phr_or_mfa() -> RequireAcr {
    RequireAcr::any(["phr", "mfa"]).unwrap()
}

#[test]
fn one_of_several_to_the_letter() {
    let cases = [
        ("the best", json!("phr"), true),
        ("the other", json!("mfa"), true),
        ("another", json!("pwd"), false),
        ("case counts", json!("PHR"), false),
        ("both in a string", json!("phr mfa"), false),
        ("one begins like it", json!("phrh"), false),
        ("empty", json!(""), false),
        ("absent", Value::Null, false),
    ];
    for (case, acr, expected) in cases {
        let token = token(&json!({ "acr": acr }));
        let (policy, opposite) = (phr_or_mfa(), phr_or_mfa().not());
        let login = "login acr=phr,mfa";
        assert_eq!(judge(&policy, &token), if expected { "permitted" } else { login }, "{case}");
        let expected = if expected { "forbidden" } else { "permitted" };
        assert_eq!(judge(&opposite, &token), expected, "{case}: not");
    }
    assert_eq!(judge(&phr_or_mfa(), &spelt(r#""acr":"\u0070hr""#)), "permitted", "escapes");
}

#[test]
fn another_type_is_an_error() {
    for acr in ["null", "0", "1.5", "true", r#"["phr"]"#, r#"{"phr":true}"#] {
        let token = spelt(&format!(r#""acr":{acr}"#));
        assert_eq!(judge(&phr_or_mfa(), &token), "mismatch in acr", "{acr}");
        assert_unknown(acr, phr_or_mfa(), &token);
    }
}

#[test]
fn the_challenge_keeps_the_order_and_names_no_scope() {
    let policy = RequireAcr::any(["c", "a", "urn:mace:incommon:iap:silver"]).unwrap();
    let token = token(&json!({ "scope": "a" }));
    assert_eq!(judge(&policy, &token), "login acr=c,a,urn:mace:incommon:iap:silver");
    let denial = policy.check(&token).unwrap_err();
    assert_eq!((denial.claim(), denial.scopes().len()), (Some("acr"), 0));
    assert!(policy.scopes().is_empty());
}
