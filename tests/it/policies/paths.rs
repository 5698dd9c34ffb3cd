//! Paths of claims, in each of their forms.

use serde_json::json;
use tower_bearer::{ClaimPath, RequireClaim};

use super::{judge, spelt, token};

fn is_there(path: impl Into<ClaimPath>, members: &str) -> bool {
    judge(&RequireClaim::present(path).unwrap(), &spelt(members)) == "permitted"
}

#[test]
fn the_three_forms_of_one_path() {
    let claims = r#""a":{"b/c":{"d~e":1}}"#;
    assert!(is_there("/a/b~1c/d~0e", claims));
    assert!(is_there("/a/b~1c/d~0e".to_owned(), claims));
    assert!(is_there(["a", "b/c", "d~e"], claims));
    assert!(!is_there("/a/b/c/d~0e", claims));
    assert!(!is_there(["a", "b~1c", "d~0e"], claims), "names are not unescaped");
    assert!(!is_there("a/b~1c/d~0e", claims), "a name, since it begins with no slash");
}

#[test]
fn as_it_was_written() {
    for text in ["roles", "/realm_access/roles", "https://api.example/roles", "/a~0b~1c"] {
        let path = ClaimPath::from(text);
        assert_eq!(path.as_str(), text);
        assert_eq!(path, ClaimPath::from(text.to_owned()));
        assert!(format!("{path:?}").contains(text));
    }
    assert_eq!(ClaimPath::from(["a", "b/c"]).as_str(), "/a/b~1c");
    assert_eq!(ClaimPath::from(["a~b"]).as_str(), "/a~0b");
    assert_eq!(ClaimPath::from(["a", "b"]), ClaimPath::from("/a/b"));
}

#[test]
fn numbers_are_names_and_lead_into_no_array() {
    assert!(is_there("/a/0", r#""a":{"0":1}"#));
    let array = token(&json!({ "a": [1] }));
    assert_eq!(judge(&RequireClaim::present("/a/0").unwrap(), &array), "mismatch in /a/0");
}

#[test]
fn names_are_compared_as_they_are_meant() {
    assert!(is_there("/a/b", r#""a":{"\u0062":1}"#));
    assert!(is_there(["a", "\u{1f511}"], r#""a":{"\ud83d\udd11":1}"#));
    assert!(!is_there("/a/B", r#""a":{"b":1}"#));
}
