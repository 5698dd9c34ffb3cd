//! `and`, `or` and `not`: what is said to whom.

use std::{sync::Arc, time::Duration};

use serde_json::{Value, json};
use tower_bearer::{
    Denial, Policy, RequireAcr, RequireFreshAuth, RequireRole, RequireScope, policy_fn,
    policy_fn_async,
};

use super::{assert_unknown, judge, spelt, token};

fn scope(name: &str) -> RequireScope {
    RequireScope::all([name]).unwrap()
}

fn acr(values: &[&str]) -> RequireAcr {
    RequireAcr::any(values).unwrap()
}

fn fresh(seconds: u64) -> RequireFreshAuth {
    RequireFreshAuth::within(Duration::from_secs(seconds))
}

fn admin() -> RequireRole {
    RequireRole::any("roles", ["admin"]).unwrap()
}

fn says(answer: Result<(), Denial>) -> impl Policy {
    policy_fn(move |_, _| answer.clone())
}

fn down() -> impl Policy {
    says(Err(Denial::unavailable("down")))
}

/// What is said to a token of an old login with the scopes `a` and `held`, and to one with nothing.
#[track_caller]
#[expect(clippy::needless_pass_by_value, reason = "tables of policies read better so")]
fn check(case: &str, policy: impl Policy, some: &str, none: &str) {
    let claims = json!({ "scope": "a held", "acr": "pwd", "auth_time": 5 });
    assert_eq!(judge(&policy, &token(&claims)), some, "{case}");
    assert_eq!(judge(&policy, &token(&json!({}))), none, "{case}: nothing");
}

#[test]
fn and_names_what_both_lack() {
    check("permitted", scope("a").and(scope("held")), "permitted", "lacks a held");
    check("scopes", scope("b").and(scope("c")), "lacks b c", "lacks b c");
    check("the same scope", scope("b").and(scope("b")), "lacks b", "lacks b");
    check("logins", acr(&["x"]).and(fresh(9)), "login acr=x max_age=9", "login acr=x max_age=9");
    check("the shorter age", fresh(9).and(fresh(5)), "login max_age=5", "login max_age=5");
    check(
        "classes of both",
        acr(&["x", "y", "z"]).and(acr(&["z", "y"])),
        "login acr=y,z",
        "login acr=y,z",
    );
    let enough = || acr(&["mfa", "pwd"]);
    let new = "login acr=mfa,pwd max_age=5";
    check("a class that is held", enough().and(fresh(5)), new, new);
    check("held, behind the age", fresh(5).and(enough()), new, new);
    check("held, in a box", fresh(5).and(Box::new(enough())), new, new);
    check("held, and shared", fresh(5).and(Arc::new(enough())), new, new);
    let all = "login b acr=mfa,pwd max_age=5";
    check("held, and a scope lacks as well", scope("b").and(enough()).and(fresh(5)), all, all);
    check(
        "a class that is enough for both",
        enough().and(acr(&["hw", "mfa"])),
        "login acr=mfa",
        "login acr=mfa",
    );
    let without = says(Ok(())).or(acr(&["x"]));
    check("not held, nor needed", without.and(fresh(5)), "login max_age=5", "login max_age=5");
    check("classes of neither", acr(&["x"]).and(acr(&["y"])), "forbidden", "forbidden");
    check("scope and login", scope("b").and(fresh(5)), "login b max_age=5", "login b max_age=5");
    check("a login alone", scope("a").and(fresh(5)), "login max_age=5", "login a max_age=5");
}

/// Else the next token would lack what this one has.
#[test]
fn and_names_what_is_held_where_it_names_a_scope() {
    check("before", scope("a").and(scope("b")), "lacks a b", "lacks a b");
    check("after", scope("b").and(scope("a")), "lacks b a", "lacks b a");
    let between = scope("a").and(scope("b")).and(scope("held")).and(scope("c"));
    check("in between", between, "lacks a b held c", "lacks a b held c");
    let nested = scope("a").and(scope("held").and(scope("b")));
    check("nested", nested, "lacks a held b", "lacks a held b");
    let either = RequireScope::any(["a", "c"]).unwrap().and(scope("b"));
    check("one of several", either, "lacks a b", "lacks a c b");
    let other = scope("a").and(scope("b")).or(scope("held").and(scope("c")));
    let all = "login a b held c max_age=5";
    check("of several ways", other.and(fresh(5)), all, all);
}

#[test]
fn and_names_nothing_where_nothing_would_help() {
    check("a role first", admin().and(scope("b")), "forbidden", "forbidden");
    check("a role last", scope("b").and(admin()), "forbidden", "forbidden");
    check("a login", fresh(5).and(admin()), "forbidden", "forbidden");
    let wrong = spelt(r#""roles":5"#);
    assert_eq!(judge(&scope("b").and(admin()), &wrong), "mismatch in roles");
    assert_eq!(judge(&admin().and(scope("b")), &wrong), "mismatch in roles");
    let forbidden = || says(Err(Denial::forbidden()));
    assert_eq!(judge(&admin().and(forbidden()), &wrong), "forbidden");
    assert_eq!(judge(&forbidden().and(admin()), &wrong), "forbidden");
    let other = || RequireRole::any("/roles/x", ["a"]).unwrap();
    assert_eq!(judge(&admin().and(other()), &wrong), "mismatch in roles");
    assert_eq!(judge(&other().and(admin()), &wrong), "mismatch in /roles/x");
    assert_eq!(judge(&down().and(admin()), &wrong), "mismatch in roles");
    assert_eq!(judge(&admin().and(down()), &wrong), "mismatch in roles");
}

#[test]
fn or_names_what_would_help() {
    check("permitted", scope("a").or(scope("b")), "permitted", "lacks a b");
    check("permitted, the last", scope("b").or(scope("a")), "permitted", "lacks b a");
    check("scopes", scope("c").or(scope("b")), "lacks c b", "lacks c b");
    check("a role", admin().or(scope("b")), "lacks b", "lacks b");
    check("a role behind", scope("b").or(admin()), "lacks b", "lacks b");
    check("roles", admin().or(admin()), "forbidden", "forbidden");
    check("a scope first", scope("b").or(fresh(5)), "lacks b", "lacks b");
    check("a login first", fresh(5).or(scope("b")), "login max_age=5", "login max_age=5");
    check("scopes around", scope("b").or(fresh(5)).or(scope("c")), "lacks b c", "lacks b c");
    check("classes", acr(&["x", "y"]).or(acr(&["y", "z"])), "login acr=x,y,z", "login acr=x,y,z");
    check("the longer age", fresh(5).or(fresh(9)), "login max_age=9", "login max_age=9");
    check("the longer age first", fresh(9).or(fresh(5)), "login max_age=9", "login max_age=9");
    check("class or age", acr(&["x"]).or(fresh(5)), "login acr=x", "login acr=x");
    check("age or class", fresh(5).or(acr(&["x"])), "login max_age=5", "login max_age=5");
}

/// Of two ways it names the wider one, if one is as good as the other but for one respect.
#[test]
fn or_asks_for_the_easier_login() {
    let strict = || acr(&["x"]).and(fresh(5));
    check("any age", acr(&["x"]).or(strict()), "login acr=x", "login acr=x");
    check("any age, behind", strict().or(acr(&["x"])), "login acr=x", "login acr=x");
    let later = || acr(&["x"]).and(fresh(9));
    check("a longer age", strict().or(later()), "login acr=x max_age=9", "login acr=x max_age=9");
    let other = || acr(&["y"]).and(fresh(5));
    check("classes", strict().or(other()), "login acr=x,y max_age=5", "login acr=x,y max_age=5");
    let differs = || acr(&["y"]).and(fresh(9));
    check("two respects", strict().or(differs()), "login acr=x max_age=5", "login acr=x max_age=5");
    check("any class", fresh(5).or(strict()), "login max_age=5", "login max_age=5");
    let with = |class: &str| scope("b").and(acr(&[class]));
    check("the same scopes", with("x").or(with("y")), "login b acr=x,y", "login b acr=x,y");
    check(
        "scopes, too",
        scope("b").and(strict()).or(acr(&["x"])),
        "login b acr=x max_age=5",
        "login b acr=x max_age=5",
    );
    check(
        "scopes behind",
        acr(&["x"]).or(scope("b").and(acr(&["y"]))),
        "login acr=x",
        "login acr=x",
    );
}

#[test]
fn or_waits_for_nobody_but_says_so() {
    check("a scope or nobody knows", scope("b").or(down()), "unavailable", "unavailable");
    check("nobody knows or a scope", down().or(scope("b")), "unavailable", "unavailable");
    check("nobody knows or a role", down().or(admin()), "unavailable", "unavailable");
    check("nobody knows, and yet", down().or(scope("a")), "permitted", "unavailable");
    let wrong = spelt(r#""roles":5"#);
    assert_eq!(judge(&admin().or(down()), &wrong), "unavailable");
    assert_eq!(judge(&down().or(admin()), &wrong), "unavailable");
    assert_eq!(judge(&admin().or(scope("b")), &wrong), "lacks b");
    assert_eq!(judge(&scope("b").or(admin()), &wrong), "lacks b");
    assert_eq!(judge(&admin().or(says(Err(Denial::forbidden()))), &wrong), "mismatch in roles");
    assert_eq!(judge(&says(Err(Denial::forbidden())).or(admin()), &wrong), "mismatch in roles");
}

#[test]
fn and_says_no_where_one_of_them_does() {
    check("a scope and nobody knows", scope("b").and(down()), "lacks b", "lacks b");
    check("nobody knows and a scope", down().and(scope("b")), "lacks b", "lacks b");
    check("a role and nobody knows", admin().and(down()), "forbidden", "forbidden");
    check("nobody knows and a role", down().and(admin()), "forbidden", "forbidden");
    check("nobody knows", down().and(scope("a")), "unavailable", "lacks a");
}

#[test]
fn not_asks_for_nothing() {
    check("a scope that is held", scope("a").not(), "forbidden", "permitted");
    check("twice", scope("a").not().not(), "permitted", "forbidden");
    check("a login", fresh(5).not(), "permitted", "permitted");
    check("nobody knows", down().not(), "unavailable", "unavailable");
    check("among others", scope("held").not().and(scope("b")), "forbidden", "lacks b");
    check("or others", scope("held").not().or(scope("b")), "lacks b", "permitted");
    assert!(scope("a").not().scopes().is_empty(), "nor beforehand");
}

/// A token with what is lacking would be denied all the same, and for good.
#[test]
fn not_asks_for_nothing_of_a_token_that_it_cannot_judge() {
    let malformed = || spelt(r#""scope":null,"roles":5"#);
    assert_eq!(judge(&scope("b").not(), &malformed()), "forbidden");
    assert_eq!(judge(&acr(&["x"]).or(admin()).not(), &malformed()), "forbidden");
    assert_eq!(judge(&admin().not(), &malformed()), "mismatch in roles");
    assert_unknown("and nothing", scope("b").not().and(says(Ok(()))), &malformed());
    assert_unknown("nothing and", says(Ok(())).and(scope("b").not()), &malformed());
    // It is unknown, and what it is joined with is not.
    let no = || says(Err(Denial::forbidden()));
    assert_eq!(judge(&scope("b").not().and(no()).not(), &malformed()), "permitted");
    assert_eq!(judge(&no().and(scope("b").not()).not(), &malformed()), "permitted");
}

#[test]
fn scopes_of_all_are_named_once_in_their_order() {
    let tree = scope("c").and(scope("a").or(scope("c"))).or(Box::new(scope("b")).and(admin()));
    assert_eq!(tree.scopes(), ["c", "a", "b"]);
    let shared = std::sync::Arc::new(tree);
    assert_eq!(shared.clone().and(scope("d")).scopes(), ["c", "a", "b", "d"]);
    let without = token(&Value::Null);
    assert_eq!(judge(&shared, &without), judge(&Box::new(shared.clone()), &without));
}

/// What is held is named although it was a login alone that was lacking beside it.
#[test]
fn and_names_what_is_held_wherever_it_stands() {
    let all = "login a b max_age=5";
    check("beside a login", scope("a").and(fresh(5)).and(scope("b")), all, all);
    check("behind a login", fresh(5).and(scope("a")).and(scope("b")), all, all);
    let either = scope("a").and(fresh(5)).or(scope("held").and(acr(&["x"])));
    check("a login of two", either, "login max_age=5", "login a max_age=5");
    let either = || scope("a").and(acr(&["y"])).or(scope("held").and(acr(&["x"])));
    check("classes of two", either(), "login acr=y,x", "login a acr=y");
    check("and a scope", either().and(scope("b")), "login a held b acr=y,x", "login a b acr=y");
}

/// Whoever has to be waited for may need scopes as well.
#[test]
fn and_names_what_is_held_of_whom_it_does_not_wait_for() {
    let slow = || policy_fn_async(|_, _| async { Ok(()) });
    check("first", slow().and(scope("a")).and(scope("b")), "lacks a b", "lacks a b");
    check("last", scope("b").and(scope("a").and(slow())), "lacks b a", "lacks b a");
    let no = || policy_fn_async(|_, _| async { Err(scope("b").denial()) });
    let both = || scope("a").and(slow());
    check("both, the first says no", no().and(both()), "lacks b a", "lacks a");
    check("both, the last says no", both().and(no()), "lacks a b", "lacks a");
    check("one at once", scope("a").and(no()), "lacks a b", "lacks a");
    check("the other at once", no().and(scope("a")), "lacks b a", "lacks a");

    // Here it is not known whether a role would do, so both are waited for.
    let wrong = spelt(r#""scope":"a","roles":5"#);
    let unknown = || scope("b").or(admin());
    assert_eq!(judge(&unknown().and(scope("a").and(slow())), &wrong), "lacks b a");
    assert_eq!(judge(&scope("a").and(slow()).and(unknown()), &wrong), "lacks a b");
}

#[test]
fn each_scope_is_named_once_however_many_there_are() {
    let many =
        |first: usize| RequireScope::all((first..first + 40).map(|n| format!("s{n}"))).unwrap();
    let names = (0..60).fold("lacks".to_owned(), |words, n| format!("{words} s{n}"));
    check("and", many(0).and(many(20)), &names, &names);
    check("or", many(0).or(many(20)), &names, &names);
    assert_eq!(many(0).or(many(20)).scopes().len(), 60);
}
