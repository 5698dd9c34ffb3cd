//! Policies of thousands of parts.

use std::time::Duration;

use allocation_counter::measure;
use serde_json::json;
use tower_bearer::{
    Policy, RequireAcr, RequireFreshAuth, RequireScope, VerifiedToken, policy_fn_async,
};

use super::{decide, judge, token};

type Any = Box<dyn Policy>;
type Join = fn(Any, Any) -> Any;

fn scope(number: usize) -> Any {
    Box::new(RequireScope::all([format!("s{number}")]).unwrap())
}

fn and(one: Any, two: Any) -> Any {
    Box::new(one.and(two))
}

fn or(one: Any, two: Any) -> Any {
    Box::new(one.or(two))
}

/// `((a · b) · c) · d`.
fn to_the_left(leaves: Vec<Any>, join: Join) -> Any {
    leaves.into_iter().reduce(join).unwrap()
}

/// `a · (b · (c · d))`.
fn to_the_right(leaves: Vec<Any>, join: Join) -> Any {
    leaves.into_iter().rev().reduce(|rest, leaf| join(leaf, rest)).unwrap()
}

/// `(a · b) · (c · d)`.
fn balanced(mut leaves: Vec<Any>, join: Join) -> Any {
    while leaves.len() > 1 {
        let mut rest = leaves.into_iter();
        leaves = std::iter::from_fn(|| {
            let one = rest.next()?;
            Some(match rest.next() {
                Some(two) => join(one, two),
                None => one,
            })
        })
        .collect();
    }
    leaves.pop().unwrap()
}

fn scopes(count: usize) -> Vec<Any> {
    (0..count).map(scope).collect()
}

/// Of each two scopes one.
fn pairs(count: usize) -> Vec<Any> {
    (0..count / 2).map(|n| or(scope(2 * n), scope(2 * n + 1))).collect()
}

/// A class of login each, or else a scope.
fn ways(count: usize) -> Vec<Any> {
    let class = |n| -> Any { Box::new(RequireAcr::any([format!("c{n}")]).unwrap()) };
    (0..count).map(|n| or(class(n), scope(n))).collect()
}

/// A leaf that has to be waited for.
fn slow(number: usize) -> Any {
    let slow = policy_fn_async(|_, _| async {
        tokio::task::yield_now().await;
        Ok(())
    });
    and(scope(number), Box::new(slow))
}

/// A policy of so many parts, and what is asked about it.
type Shape = (&'static str, fn(usize) -> Any, fn(usize) -> VerifiedToken);

fn nothing(_: usize) -> VerifiedToken {
    token(&json!({}))
}

/// All scopes but one in the middle.
fn all_but_one(count: usize) -> VerifiedToken {
    let scopes: Vec<String> =
        (0..count).filter(|n| *n != count / 2).map(|n| format!("s{n}")).collect();
    token(&json!({ "scope": scopes }))
}

const SHAPES: &[Shape] = &[
    ("and, to the left", |n| to_the_left(scopes(n), and), nothing),
    ("and, to the right", |n| to_the_right(scopes(n), and), nothing),
    ("and, balanced", |n| balanced(scopes(n), and), nothing),
    ("and, to the left, one lacks", |n| to_the_left(scopes(n), and), all_but_one),
    ("and, to the right, one lacks", |n| to_the_right(scopes(n), and), all_but_one),
    ("and, balanced, one lacks", |n| balanced(scopes(n), and), all_but_one),
    ("or, to the left", |n| to_the_left(scopes(n), or), nothing),
    ("or, to the right", |n| to_the_right(scopes(n), or), nothing),
    ("or, balanced", |n| balanced(scopes(n), or), nothing),
    ("and of ors, to the left", |n| to_the_left(pairs(n), and), nothing),
    ("and of ors, to the right", |n| to_the_right(pairs(n), and), nothing),
    ("and of ors, balanced", |n| balanced(pairs(n), and), nothing),
    ("and of ways, to the left", |n| to_the_left(ways(n), and), nothing),
    ("and of ways, to the right", |n| to_the_right(ways(n), and), nothing),
    ("and of ways, balanced", |n| balanced(ways(n), and), nothing),
    ("waiting, to the left", |n| to_the_left((0..n).map(slow).collect(), and), all_but_one),
    ("waiting, balanced", |n| balanced((0..n).map(slow).collect(), and), all_but_one),
];

/// Twice as many parts take at most four times the memory, and so about the time: policies are the operator's, but
/// tokens that they deny are any stranger's.
#[test]
fn the_work_grows_no_faster_than_the_square() {
    for (case, make, token) in SHAPES {
        let bytes = [100, 200].map(|count| {
            let (policy, token) = (make(count), token(count));
            assert!(token.scopes().len() < count, "read before it is measured");
            let allocated = measure(|| assert!(decide(&policy, &token).is_err()));
            allocated.bytes_total
        });
        assert!(bytes[1] < 5 * bytes[0], "{case}: {bytes:?}");
    }
}

/// Nothing is left out of what would help, wherever it stands.
#[test]
fn all_that_is_lacking_is_named() {
    let names = |numbers: &mut dyn Iterator<Item = usize>| {
        numbers.fold("lacks".to_owned(), |words, n| format!("{words} s{n}"))
    };
    for (count, parts, join) in [
        (2000, scopes as fn(usize) -> Vec<Any>, and as Join),
        (2000, scopes, or),
        (2000, pairs, and),
    ] {
        let policy = balanced(parts(count), join);
        assert_eq!(judge(&policy, &nothing(0)), names(&mut (0..count)));
    }
    // Each class excludes the others, so the one way is that of scopes alone, whether there is room for it or not.
    for count in [31, 32, 33, 34, 100] {
        for make in [to_the_left, to_the_right, balanced] {
            let policy = make(ways(count), and);
            let words = judge(&policy, &nothing(0));
            let login = words.strip_prefix("login ").unwrap();
            let (scopes, class) = login.split_once(" acr=").unwrap();
            assert!(class.starts_with('c') && !class.contains(','), "{words}");
            assert_eq!(scopes.split(' ').count(), count - 1, "{words}");
            // It is of no use to a user who cannot log in like that: then there is the role.
            let other: Any = Box::new(RequireAcr::any(["other"]).unwrap());
            let expected = (0..count).fold("login".to_owned(), |words, n| format!("{words} s{n}"));
            let words = judge(&make(vec![policy, other], and), &nothing(0));
            assert_eq!(words, format!("{expected} acr=other"));
        }
    }
}

/// What is beyond the number of ways that are told apart is forgotten, and nothing wrong is said.
#[test]
fn many_logins() {
    let age = |n: usize| RequireFreshAuth::within(Duration::from_secs(n as u64));
    let login =
        |n: usize| -> Any { Box::new(RequireAcr::any([format!("c{n}")]).unwrap().and(age(n))) };
    for (count, found) in [(31, true), (32, true), (33, false), (60, false)] {
        let last: Any = Box::new(RequireAcr::any([format!("c{}", count - 1)]).unwrap());
        let policy = to_the_left((0..count).map(login).collect(), or);
        assert_eq!(judge(&policy, &nothing(0)), "login acr=c0 max_age=0");
        let words = judge(&and(policy, last), &nothing(0));
        let expected = format!("login acr=c{} max_age={}", count - 1, count - 1);
        assert_eq!(words, if found { expected.as_str() } else { "forbidden" }, "{count}");
    }
}
