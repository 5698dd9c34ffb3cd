//! Roles, wherever they stand.

use serde_json::json;
use tower_bearer::{ClaimPath, Policy, RequireRole};

use super::{assert_unknown, judge, spelt, token};

fn has(path: impl Into<ClaimPath>, role: &str, members: &str) -> String {
    judge(&RequireRole::any(path, [role]).unwrap(), &spelt(members))
}

#[test]
fn all_and_any_of_a_string_or_an_array() {
    // Of `admin` and `editor`, has it all, has it any?
    let cases = [
        ("absent", r#""other":1"#, false, false),
        ("both", r#""roles":["admin","editor"]"#, true, true),
        ("both among others", r#""roles":["x","editor","y","admin"]"#, true, true),
        ("one", r#""roles":["editor"]"#, false, true),
        ("one, twice", r#""roles":["admin","admin"]"#, false, true),
        ("one as a string", r#""roles":"admin""#, false, true),
        ("escapes", r#""roles":["\u0061dmin","edit\u006fr"]"#, true, true),
        ("a string is not split", r#""roles":"admin editor""#, false, false),
        ("nor at commas", r#""roles":"admin,editor""#, false, false),
        ("nor is one of an array", r#""roles":["admin editor"]"#, false, false),
        ("case counts", r#""roles":["Admin","EDITOR"]"#, false, false),
        ("so do spaces", r#""roles":[" admin","editor "]"#, false, false),
        ("one begins like it", r#""roles":["administrator","edit"]"#, false, false),
        ("empty array", r#""roles":[]"#, false, false),
        ("empty strings", r#""roles":["",""]"#, false, false),
        ("another claim", r#""Roles":["admin","editor"],"role":"admin""#, false, false),
    ];
    for (case, members, all, any) in cases {
        let token = spelt(members);
        let roles = ["admin", "editor"];
        for (name, policy, expected) in [
            ("all", RequireRole::all("roles", roles).unwrap(), all),
            ("any", RequireRole::any("roles", roles).unwrap(), any),
        ] {
            let words = |permitted| if permitted { "permitted" } else { "forbidden" };
            assert_eq!(judge(&policy, &token), words(expected), "{case}: {name}");
            assert_eq!(judge(&policy.not(), &token), words(!expected), "{case}: not {name}");
        }
    }
}

#[test]
fn another_type_is_an_error_that_names_the_path() {
    let cases = [
        ("null", r#""roles":null"#, "roles"),
        ("number", r#""roles":5"#, "roles"),
        ("bool", r#""roles":true"#, "roles"),
        ("object", r#""roles":{"admin":true}"#, "roles"),
        ("mixed array", r#""roles":["admin",5]"#, "roles"),
        ("null in an array", r#""roles":["admin",null]"#, "roles"),
        ("array in an array", r#""roles":[["admin"]]"#, "roles"),
        ("null at the end", r#""a":{"roles":null}"#, "/a/roles"),
        ("through null", r#""a":null"#, "/a/roles"),
        ("through a string", r#""a":"roles""#, "/a/roles"),
        ("through a number", r#""a":1"#, "/a/roles"),
        ("through an array", r#""a":[{"roles":["admin"]}]"#, "/a/roles"),
        ("twice, the first one good", r#""a":{"roles":["admin"],"roles":[]}"#, "/a/roles"),
        ("twice, the last one good", r#""a":{"roles":[],"roles":["admin"]}"#, "/a/roles"),
        ("twice, once escaped", r#""a":{"roles":["admin"],"\u0072oles":[]}"#, "/a/roles"),
    ];
    for (case, members, path) in cases {
        let policy = RequireRole::any(path, ["admin"]).unwrap();
        let token = spelt(members);
        assert_eq!(judge(&policy, &token), format!("mismatch in {path}"), "{case}");
        assert_unknown(case, policy, &token);
    }
}

#[test]
fn what_is_not_on_the_way_does_not_matter() {
    let deep = format!(
        r#""junk":{}1{},"a":{{"x":{{"y":1,"y":2}},"roles":["admin"]}}"#,
        "[".repeat(300),
        "]".repeat(300)
    );
    assert_eq!(has("/a/roles", "admin", &deep), "permitted");
    let absent = r#""a":{"b":{}},"roles":["admin"]"#;
    for path in ["/a/roles", "/a/b/roles", "/x/roles", "/a/b/c/d/roles"] {
        assert_eq!(has(path, "admin", absent), "forbidden", "{path}");
    }
}

#[test]
fn paths_of_issuers() {
    let keycloak = r#""realm_access":{"roles":["offline_access","admin"]},"resource_access":{"my-api":{"roles":["reader"]},"a/b~c.d":{"roles":["odd"]},"~1":{"roles":["odder"]}}"#;
    assert_eq!(has("/realm_access/roles", "admin", keycloak), "permitted");
    assert_eq!(has("/realm_access/roles", "reader", keycloak), "forbidden");
    assert_eq!(has("/resource_access/my-api/roles", "reader", keycloak), "permitted");
    assert_eq!(has("/resource_access/my-api/roles", "admin", keycloak), "forbidden");
    for (client, role) in [("my-api", "reader"), ("a/b~c.d", "odd"), ("~1", "odder")] {
        assert_eq!(has(["resource_access", client, "roles"], role, keycloak), "permitted");
    }
    assert_eq!(has("/resource_access/a~1b~0c.d/roles", "odd", keycloak), "permitted");
    assert_eq!(has("/resource_access/~01/roles", "odder", keycloak), "permitted");

    let named = r#""https://api.example/roles":["admin"],"cognito:groups":["staff"],"a.b":"dot""#;
    assert_eq!(has("https://api.example/roles", "admin", named), "permitted");
    assert_eq!(has("cognito:groups", "staff", named), "permitted");
    assert_eq!(has("a.b", "dot", named), "permitted");
    assert_eq!(has("/a.b".to_owned(), "dot", named), "permitted");
    assert_eq!(has("a/b", "dot", r#""a":{"b":"dot"}"#), "forbidden", "no pointer without a slash");
}

#[test]
fn names_that_look_the_same_are_not() {
    let composed = "caf\u{e9}";
    assert_eq!(has("roles", composed, "\"roles\":[\"cafe\u{301}\"]"), "forbidden");
    assert_eq!(has("roles", composed, "\"roles\":[\"caf\u{e9}\"]"), "permitted");
    assert_eq!(has("roles", "admin", "\"roles\":[\"admin\\u0000\"]"), "forbidden");
}

#[test]
fn a_denial_tells_logs_the_path_and_clients_nothing() {
    let policy = RequireRole::any("/realm_access/roles", ["admin"]).unwrap();
    let denial = policy.check(&token(&json!({}))).unwrap_err();
    assert_eq!(denial.claim(), Some("/realm_access/roles"));
    assert_eq!(denial.scopes().len(), 0);
    assert!(policy.scopes().is_empty());
}
