//! How long ago a login may be.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, UNIX_EPOCH},
};

use serde_json::json;
use tower_bearer::{Algorithm, Policy, RequireFreshAuth, StaticKeys, VerifiedToken};

use super::{assert_unknown, judge, spelt, token, verified_by};
use crate::support::{NOW, json_token, key, standard, verifiers};

fn within(seconds: u64) -> RequireFreshAuth {
    RequireFreshAuth::within(Duration::from_secs(seconds))
}

/// A token of a login at this time, from an issuer whose clock shows `now` and who grants so much leeway.
fn login(auth_time: &serde_json::Value, leeway: u64, now: &Arc<AtomicU64>) -> VerifiedToken {
    let now = Arc::clone(now);
    let clock = move || UNIX_EPOCH + Duration::from_millis(now.load(Ordering::Relaxed));
    let keys = StaticKeys::new([key(Algorithm::HS256).verifying()]).unwrap();
    let issuer = standard(keys).clock(clock).leeway(Duration::from_secs(leeway));
    let changes = json!({ "auth_time": auth_time, "exp": NOW + 100_000 });
    let token = json_token(Algorithm::HS256, &json!({}), &changes);
    verified_by(&verifiers::new(issuer).unwrap(), &token)
}

fn at(seconds: u64) -> Arc<AtomicU64> {
    Arc::new(AtomicU64::new(seconds * 1000))
}

#[test]
fn the_boundary_is_met_to_the_second() {
    let cases = [
        ("just now", 300, 0, 0, true),
        ("on the second", 300, 0, 300, true),
        ("a second late", 300, 0, 301, false),
        ("within the leeway", 300, 60, 360, true),
        ("beyond the leeway", 300, 60, 361, false),
        ("long ago", 300, 60, 1_000_000, false),
        ("from the future", 300, 0, -1, false),
        ("from the future, within the leeway", 300, 60, -60, true),
        ("from the future, beyond the leeway", 300, 60, -61, false),
        ("no age, now", 0, 0, 0, true),
        ("no age, a second late", 0, 0, 1, false),
        ("no age, within the leeway", 0, 60, 60, true),
        ("no age, beyond the leeway", 0, 60, 61, false),
    ];
    for (case, max_age, leeway, ago, expected) in cases {
        let auth_time = NOW.checked_add_signed(-ago).unwrap();
        let token = login(&json!(auth_time), leeway, &at(NOW));
        let asked = format!("login max_age={max_age}");
        let expected_words = if expected { "permitted" } else { &*asked };
        assert_eq!(judge(&within(max_age), &token), expected_words, "{case}");
        let opposite = if expected { "forbidden" } else { "permitted" };
        assert_eq!(judge(&within(max_age).not(), &token), opposite, "{case}: not");
    }
}

#[test]
fn fractions_count_where_they_are_given() {
    let quarter = json!(1_749_999_700.25);
    for (case, now, expected) in [
        ("before", NOW * 1000, true),
        ("on the point", NOW * 1000 + 250, true),
        ("after", NOW * 1000 + 251, false),
    ] {
        let token = login(&quarter, 0, &Arc::new(AtomicU64::new(now)));
        assert_eq!(judge(&within(300), &token) == "permitted", expected, "{case}");
    }
    let exponent = login(&json!(1.75e9), 0, &at(NOW));
    assert_eq!(judge(&within(0), &exponent), "permitted");
    let policy = RequireFreshAuth::within(Duration::from_millis(1999));
    let old = login(&json!(NOW - 2), 0, &at(NOW));
    assert_eq!(judge(&policy, &old), "login max_age=1", "those of the setting are dropped");
}

#[test]
fn extremes_neither_panic_nor_wrap_around() {
    let forever = RequireFreshAuth::within(Duration::MAX);
    for auth_time in [0, 1, NOW] {
        assert_eq!(judge(&forever, &token(&json!({ "auth_time": auth_time }))), "permitted");
    }
    let far = token(&json!({ "auth_time": 1e300 }));
    assert_eq!(judge(&forever, &far), format!("login max_age={}", u64::MAX));
    assert_eq!(judge(&within(300), &token(&json!({ "auth_time": 0 }))), "login max_age=300");
}

#[test]
fn without_it_nobody_knows_and_a_login_is_asked_for() {
    assert_eq!(judge(&within(300), &token(&json!({}))), "login max_age=300");
    assert_eq!(judge(&within(300).not(), &token(&json!({}))), "permitted", "it is not fresh");
    let denial = within(300).check(&token(&json!({}))).unwrap_err();
    assert_eq!(denial.claim(), Some("auth_time"));
}

#[test]
fn another_type_is_an_error() {
    for auth_time in ["null", "\"1750000000\"", "true", "[1750000000]", "{}", "-1", "-0.5"] {
        let token = spelt(&format!(r#""auth_time":{auth_time}"#));
        assert_eq!(judge(&within(300), &token), "mismatch in auth_time", "{auth_time}");
        assert_unknown(auth_time, within(300), &token);
    }
}

/// One token, asked about again and again while its issuer's clock steps.
#[test]
fn the_issuers_clock_is_read_at_each_request() {
    let now = at(NOW);
    let token = login(&json!(NOW - 200), 0, &now);
    for (step, expected) in [
        (NOW, "permitted"),
        (NOW + 100, "permitted"),
        (NOW + 101, "login max_age=300"),
        (NOW - 200, "permitted"),
        (NOW - 201, "login max_age=300"),
        (NOW + 50, "permitted"),
    ] {
        now.store(step * 1000, Ordering::Relaxed);
        assert_eq!(judge(&within(300), &token), expected, "{step}");
    }
}
