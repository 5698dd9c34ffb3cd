//! `exp`, `nbf` and `iat`, RFC 7519 §4.1.4–4.1.6, to the second.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, UNIX_EPOCH},
};

use serde_json::{Value, json};
use tower_bearer::{TokenErrorKind as Kind, TrustedIssuer};

use super::{Judge, spelt, trusted, with};
use crate::support::NOW;

/// The hands of a clock, which a test moves.
#[derive(Clone)]
struct Hands(Arc<AtomicU64>);

impl Hands {
    /// The issuer of all tests on a clock of its own.
    fn trusted() -> (Self, TrustedIssuer) {
        let hands = Self(Arc::new(AtomicU64::new(0)));
        let millis = Arc::clone(&hands.0);
        let now = move || UNIX_EPOCH + Duration::from_millis(millis.load(Ordering::SeqCst));
        (hands, trusted().clock(now))
    }

    /// So many milliseconds after [`NOW`].
    fn set(&self, millis: i64) {
        let now = (NOW * 1000).checked_add_signed(millis).unwrap();
        self.0.store(now, Ordering::SeqCst);
    }
}

#[tokio::test]
async fn exp_is_required_unless_the_danger_is_named() {
    let without = with(&json!({ "exp": null }));
    Judge::of(trusted()).await.refuses("required", &without, Kind::MissingClaim).await;
    let danger = Judge::of(trusted().danger_no_expiry()).await;
    danger.accepts("not required", &without).await;
    let expired = with(&json!({ "exp": NOW - 60 }));
    danger.refuses("it still counts where it is", &expired, Kind::Expired).await;
}

#[tokio::test]
async fn a_date_of_a_wrong_type_is_never_taken_for_an_absent_one() {
    let cases = [
        ("a string", r#""1750000900""#, Kind::InvalidClaim),
        ("a date in words", r#""2030-01-01T00:00:00Z""#, Kind::InvalidClaim),
        ("null", "null", Kind::InvalidClaim),
        ("true", "true", Kind::InvalidClaim),
        ("false", "false", Kind::InvalidClaim),
        ("an array", "[1750000900]", Kind::InvalidClaim),
        ("an empty array", "[]", Kind::InvalidClaim),
        ("an object", r#"{"$date":1750000900}"#, Kind::InvalidClaim),
        ("negative", "-1", Kind::InvalidClaim),
        ("a negative fraction", "-0.5", Kind::InvalidClaim),
        ("beyond a double", "1e400", Kind::Malformed),
        ("negative and beyond a double", "-1e400", Kind::Malformed),
        ("not a number", "NaN", Kind::Malformed),
        ("infinite", "Infinity", Kind::Malformed),
        ("hexadecimal", "0x684ee180", Kind::Malformed),
        ("a leading zero", "01750000900", Kind::Malformed),
        ("a plus sign", "+1750000900", Kind::Malformed),
        ("no digit behind the point", "1750000900.", Kind::Malformed),
        ("nothing", "", Kind::Malformed),
    ];
    let strict = Judge::of(trusted()).await;
    let lenient = Judge::of(trusted().danger_no_expiry()).await;
    for (case, value, kind) in cases {
        for name in ["exp", "nbf", "iat"] {
            let (case, token) = (format!("{name}: {case}"), spelt(name, value));
            strict.refuses(&case, &token, kind).await;
            lenient.refuses(&case, &token, kind).await;
        }
    }
}

#[tokio::test]
async fn a_date_is_any_finite_number_from_zero_on() {
    let judge = Judge::of(trusted()).await;
    let cases = [
        ("exp: a fraction", "exp", "1750000900.25", Ok(())),
        ("exp: an exponent", "exp", "1.7500009e9", Ok(())),
        ("exp: the year 10000", "exp", "253402300800", Ok(())),
        ("exp: beyond 64 bits", "exp", "18446744073709551616", Ok(())),
        ("exp: huge", "exp", "1e308", Ok(())),
        ("exp: zero", "exp", "0", Err(Kind::Expired)),
        ("exp: tiny", "exp", "1e-308", Err(Kind::Expired)),
        ("nbf: zero", "nbf", "0", Ok(())),
        ("nbf: a fraction", "nbf", "1749999999.5", Ok(())),
        ("nbf: huge", "nbf", "1e308", Err(Kind::NotYetValid)),
        ("iat: zero", "iat", "0", Ok(())),
        ("iat: huge", "iat", "1e308", Ok(())),
    ];
    for (case, name, value, expected) in cases {
        judge.answers(case, &spelt(name, value), expected).await;
    }
}

/// `None`: the default of 60 seconds.
const LEEWAYS: [(&str, Option<u64>, i64); 5] = [
    ("default", None, 60_000),
    ("zero", Some(0), 0),
    ("one second", Some(1), 1_000),
    ("five seconds", Some(5), 5_000),
    ("an hour", Some(3600), 3_600_000),
];

fn with_leeway(issuer: TrustedIssuer, leeway: Option<u64>) -> TrustedIssuer {
    match leeway {
        None => issuer,
        Some(seconds) => issuer.leeway(Duration::from_secs(seconds)),
    }
}

#[tokio::test]
async fn a_token_expires_at_exp_and_leeway_to_the_second() {
    let token = with(&json!({ "exp": NOW }));
    for (case, leeway, millis) in LEEWAYS {
        let (hands, issuer) = Hands::trusted();
        let judge = Judge::of(with_leeway(issuer, leeway)).await;
        hands.set(millis - 1000);
        judge.accepts(&format!("{case}: a second before"), &token).await;
        hands.set(millis - 1);
        judge.accepts(&format!("{case}: a millisecond before"), &token).await;
        hands.set(millis);
        judge.refuses(&format!("{case}: then"), &token, Kind::Expired).await;
        hands.set(millis + 1000);
        judge.refuses(&format!("{case}: a second after"), &token, Kind::Expired).await;
    }
}

#[tokio::test]
async fn a_token_is_good_from_nbf_less_leeway_to_the_second() {
    let token = with(&json!({ "nbf": NOW, "exp": NOW + 90_000 }));
    for (case, leeway, millis) in LEEWAYS {
        let (hands, issuer) = Hands::trusted();
        let judge = Judge::of(with_leeway(issuer, leeway)).await;
        hands.set(-millis - 1000);
        judge.refuses(&format!("{case}: a second before"), &token, Kind::NotYetValid).await;
        hands.set(-millis - 1);
        judge.refuses(&format!("{case}: a millisecond before"), &token, Kind::NotYetValid).await;
        hands.set(-millis);
        judge.accepts(&format!("{case}: then"), &token).await;
        hands.set(0);
        judge.accepts(&format!("{case}: at nbf"), &token).await;
    }
}

#[tokio::test]
async fn fractions_of_dates_count() {
    let (hands, issuer) = Hands::trusted();
    let judge = Judge::of(issuer.leeway(Duration::ZERO)).await;
    let exp = spelt("exp", "1750000000.5");
    hands.set(499);
    judge.accepts("exp: before", &exp).await;
    hands.set(500);
    judge.refuses("exp: then", &exp, Kind::Expired).await;
    let nbf = spelt("nbf", "1750000000.5");
    hands.set(499);
    judge.refuses("nbf: before", &nbf, Kind::NotYetValid).await;
    hands.set(500);
    judge.accepts("nbf: then", &nbf).await;
}

#[tokio::test]
async fn iat_in_the_future_does_no_harm_of_its_own() {
    let judge = Judge::of(trusted().leeway(Duration::ZERO)).await;
    for iat in [NOW + 1, NOW + 900, NOW + 1_000_000] {
        judge.accepts(&iat.to_string(), &with(&json!({ "iat": iat }))).await;
    }
    judge.accepts("absent", &with(&json!({ "iat": null }))).await;
}

#[tokio::test]
async fn max_age_counts_from_iat_to_the_second() {
    let (hands, issuer) = Hands::trusted();
    let judge = Judge::of(issuer.max_age(Duration::from_secs(300))).await;
    let token = with(&json!({ "iat": NOW }));
    let cases = [
        ("at iat", 0, Ok(())),
        ("max_age later", 300_000, Ok(())),
        ("max_age and leeway later", 360_000, Ok(())),
        ("a millisecond later", 360_001, Err(Kind::TooOld)),
        ("a second later", 361_000, Err(Kind::TooOld)),
        ("leeway before iat", -60_000, Ok(())),
        ("a millisecond before", -60_001, Err(Kind::NotYetValid)),
        ("a second before", -61_000, Err(Kind::NotYetValid)),
    ];
    for (case, millis, expected) in cases {
        hands.set(millis);
        judge.answers(case, &token, expected).await;
    }
    hands.set(0);
    judge.refuses("without iat", &with(&json!({ "iat": null })), Kind::MissingClaim).await;
    let future = with(&json!({ "iat": NOW + 61 }));
    judge.refuses("iat in the future", &future, Kind::NotYetValid).await;
    judge.refuses("iat: 0", &with(&json!({ "iat": 0 })), Kind::TooOld).await;
}

#[tokio::test]
async fn max_age_of_zero_leaves_the_leeway() {
    let (hands, issuer) = Hands::trusted();
    let judge = Judge::of(issuer.max_age(Duration::ZERO).leeway(Duration::from_secs(2))).await;
    let token = with(&json!({ "iat": NOW }));
    for (millis, expected) in [(2_000, Ok(())), (3_000, Err(Kind::TooOld))] {
        hands.set(millis);
        judge.answers(&millis.to_string(), &token, expected).await;
    }
}

#[tokio::test]
async fn max_lifetime_is_what_the_issuer_gave_and_knows_no_leeway() {
    let judge = Judge::of(trusted().max_lifetime(Duration::from_secs(900))).await;
    let cases = [
        ("shorter", json!({ "iat": NOW, "exp": NOW + 899 }), Ok(())),
        ("exactly", json!({ "iat": NOW, "exp": NOW + 900 }), Ok(())),
        (
            "a half second longer",
            json!({ "iat": NOW, "exp": NOW_F + 900.5 }),
            Err(Kind::LifetimeTooLong),
        ),
        ("a second longer", json!({ "iat": NOW, "exp": NOW + 901 }), Err(Kind::LifetimeTooLong)),
        ("of iat: 0", json!({ "iat": 0 }), Err(Kind::LifetimeTooLong)),
        ("iat in the future", json!({ "iat": NOW + 500, "exp": NOW + 1400 }), Ok(())),
        ("without iat", json!({ "iat": null }), Err(Kind::MissingClaim)),
        ("without exp", json!({ "exp": null }), Err(Kind::MissingClaim)),
        ("of exp: 1e308", json!({ "exp": 1e308 }), Err(Kind::LifetimeTooLong)),
    ];
    for (case, changes, expected) in cases {
        judge.answers(case, &with(&changes), expected).await;
    }
    let issuer = trusted().max_lifetime(Duration::from_secs(900)).danger_no_expiry();
    let without: Value = json!({ "exp": null });
    let judge = Judge::of(issuer).await;
    judge.refuses("without exp, which nobody requires", &with(&without), Kind::MissingClaim).await;
}

/// [`NOW`] with room for fractions.
const NOW_F: f64 = 1_750_000_000.0;
