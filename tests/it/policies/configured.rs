//! What cannot be meant is an error when it is built, and says what is wrong.

use serde_json::{Value, json};
use tower_bearer::{
    ConfigError, Policy, RequireAcr, RequireClaim, RequireRole, RequireScope, ScopeCatalog,
    policy_fn,
};

/// The text of the error, which holds these words.
#[track_caller]
fn refused<T>(case: &str, built: Result<T, ConfigError>, words: &[&str]) {
    let Err(error) = built else { panic!("{case}: taken") };
    let text = error.to_string();
    for word in words {
        assert!(text.contains(word), "{case}: {text:?} says nothing of {word:?}");
    }
}

/// A case, the names, and what the error speaks of.
type Bad = (&'static str, &'static [&'static str], &'static [&'static str]);

#[test]
fn scopes() {
    let bad: [Bad; 9] = [
        ("none", &[], &["at least one"]),
        ("empty", &["a", ""], &["\"\"", "no scope"]),
        (
            "two in one",
            &["notes:read notes:write"],
            &["notes:read notes:write", "one name for each"],
        ),
        ("a quotation mark", &["a\"b"], &["no scope", "6749"]),
        ("a backslash", &["a\\b"], &["no scope"]),
        ("a line break", &["a\r\nb"], &["no scope"]),
        ("not ASCII", &["größe"], &["größe"]),
        ("delete", &["a\u{7f}"], &["no scope"]),
        ("twice", &["a", "b", "a"], &["\"a\"", "twice"]),
    ];
    for (case, scopes, words) in bad {
        refused(case, RequireScope::all(scopes), words);
        refused(case, RequireScope::any(scopes), words);
        refused(case, ScopeCatalog::new(scopes), words);
        let catalogue = ScopeCatalog::new(["a", "b"]).unwrap();
        refused(case, catalogue.all(scopes), words);
        refused(case, catalogue.any(scopes), words);
    }
    let odd = ["!", "#[]^_`{|}~", "https://api.example/read?x=1&y", "a:b/c.d-e", "A", "a"];
    assert_eq!(RequireScope::all(odd).unwrap().scopes(), odd);
}

#[test]
fn scopes_that_are_not_declared() {
    let catalogue = ScopeCatalog::new(["notes:read", "notes:write"]).unwrap();
    let words = ["notes:raed", "notes:read", "notes:write", "not declared"];
    refused("all", catalogue.all(["notes:read", "notes:raed"]), &words);
    refused("any", catalogue.any(["notes:raed"]), &words);
    let stray = || RequireScope::all(["notes:raed"]).unwrap();
    let known = || RequireScope::all(["notes:read"]).unwrap();
    refused("alone", catalogue.declared(stray()), &words);
    refused("in an and", catalogue.declared(known().and(stray())), &words);
    refused("in an or", catalogue.declared(stray().or(known())), &words);
    refused("in a box", catalogue.declared(Box::new(stray())), &words);
    refused("in an arc", catalogue.declared(std::sync::Arc::new(stray())), &words);
    refused("in another case", catalogue.all(["Notes:read"]), &["Notes:read"]);
    // What is denied is never asked for.
    assert!(catalogue.declared(stray().not()).is_ok());
    assert!(catalogue.declared(policy_fn(|_, _| Ok(()))).is_ok());
}

#[test]
fn roles() {
    for (case, roles) in [("none", &[] as &[&str]), ("empty", &["admin", ""])] {
        refused(case, RequireRole::any("roles", roles), &["RequireRole", "at least one"]);
        refused(case, RequireRole::all("roles", roles), &["RequireRole", "at least one"]);
    }
    assert!(RequireRole::any("roles", ["any thing: \u{1f511}", " "]).is_ok());
    assert!(RequireRole::any("roles", ["a", "a"]).is_ok(), "harmless");
}

#[test]
fn values_of_claims() {
    let none: [Value; 0] = [];
    refused("none", RequireClaim::one_of("a", none), &["at least one", "present"]);
    refused("null", RequireClaim::equals("a", Value::Null), &["null", "present"]);
    refused("null too", RequireClaim::one_of("a", [json!(1), json!(null)]), &["null"]);
    assert!(RequireClaim::equals("a", json!([null])).is_ok(), "that can be");
}

#[test]
fn classes_of_logins() {
    for (case, values) in [
        ("none", &[] as &[&str]),
        ("empty", &["phr", ""]),
        ("a space", &["phr mfa"]),
        ("a line break", &["phr\n"]),
        ("not ASCII", &["größe"]),
    ] {
        refused(case, RequireAcr::any(values), &["RequireAcr", "at least one", "space"]);
    }
    refused("twice", RequireAcr::any(["phr", "mfa", "phr"]), &["RequireAcr", "twice"]);
    assert!(RequireAcr::any(["urn:mace:incommon:iap:silver", "0", "a\"b\\c"]).is_ok());
}

#[test]
fn paths() {
    for (case, path, words) in [
        ("empty", "", &["\"\"", "no path", "empty"] as &[&str]),
        ("the whole document", "/", &["\"/\"", "no path", "empty"]),
        ("an empty name", "/a//b", &["/a//b", "empty"]),
        ("an empty name at the end", "/a/", &["/a/", "empty"]),
        ("a tilde alone", "/a~b", &["/a~b", "`0` or `1`"]),
        ("a tilde at the end", "/a/b~", &["/a/b~", "`0` or `1`"]),
    ] {
        refused(case, RequireRole::any(path, ["a"]), words);
        refused(case, RequireRole::all(path.to_owned(), ["a"]), words);
        refused(case, RequireClaim::present(path), words);
        refused(case, RequireClaim::equals(path, 1), words);
        refused(case, RequireClaim::one_of(path, [1]), words);
    }
    refused("no name", RequireClaim::present([]), &["empty"]);
    refused("an empty name of several", RequireClaim::present(["a", ""]), &["/a/", "empty"]);
    for good in ["a~b", "a//b", "a/", " ", "https://api.example/roles", "/a~0b~1c"] {
        assert!(RequireClaim::present(good).is_ok(), "{good}");
    }
}
