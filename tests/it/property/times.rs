//! Dates against a model in whole numbers.

use std::time::{Duration, UNIX_EPOCH};

use proptest::prelude::*;
use serde_json::json;
use tower_bearer::{Algorithm, StaticKeys, TokenErrorKind as Kind, Verifier};

use super::{cases, verify};
use crate::support::{json_token, key, standard, verifiers};

/// The origin of the model's times.
const ZERO: i64 = 1_750_000_000;

#[derive(Clone, Copy, Debug)]
struct Rules {
    now: i64,
    leeway: i64,
    exp_required: bool,
    max_age: Option<i64>,
    max_lifetime: Option<i64>,
}

#[derive(Clone, Copy, Debug)]
struct Dates {
    exp: Option<i64>,
    nbf: Option<i64>,
    iat: Option<i64>,
}

/// All that speaks against these dates.
fn reasons(rules: Rules, dates: Dates) -> Vec<Kind> {
    let Rules { now, leeway, exp_required, max_age, max_lifetime } = rules;
    let Dates { exp, nbf, iat } = dates;
    let missing = (exp_required && exp.is_none())
        || (max_age.is_some() && iat.is_none())
        || (max_lifetime.is_some() && (iat.is_none() || exp.is_none()));
    let all = [
        (Kind::Expired, exp.is_some_and(|exp| now >= exp + leeway)),
        (
            Kind::NotYetValid,
            nbf.is_some_and(|nbf| nbf > now + leeway)
                || (max_age.is_some() && iat.is_some_and(|iat| iat > now + leeway)),
        ),
        (Kind::TooOld, max_age.zip(iat).is_some_and(|(age, iat)| now > iat + age + leeway)),
        (
            Kind::LifetimeTooLong,
            max_lifetime
                .is_some_and(|most| exp.zip(iat).is_some_and(|(exp, iat)| exp - iat > most)),
        ),
        (Kind::MissingClaim, missing),
    ];
    all.into_iter().filter(|(_, speaks)| *speaks).map(|(kind, _)| kind).collect()
}

fn verifier(rules: Rules) -> Verifier {
    let seconds = |seconds: i64| Duration::from_secs(seconds.try_into().unwrap());
    let now = UNIX_EPOCH + seconds(ZERO + rules.now);
    let keys = StaticKeys::new([key(Algorithm::HS256).verifying()]).unwrap();
    let mut issuer = standard(keys).clock(move || now).leeway(seconds(rules.leeway));
    if !rules.exp_required {
        issuer = issuer.danger_no_expiry();
    }
    if let Some(age) = rules.max_age {
        issuer = issuer.max_age(seconds(age));
    }
    if let Some(lifetime) = rules.max_lifetime {
        issuer = issuer.max_lifetime(seconds(lifetime));
    }
    verifiers::new(issuer).unwrap()
}

proptest! {
    #![proptest_config(cases(4096))]

    /// All times are close together, so that every boundary is met often.
    #[test]
    fn dates_are_judged_as_whole_numbers_say(
        (now, leeway, exp_required) in (-6..6_i64, 0..4_i64, any::<bool>()),
        (max_age, max_lifetime) in (prop::option::of(0..6_i64), prop::option::of(0..6_i64)),
        (exp, nbf, iat) in (
            prop::option::weighted(0.8, -6..9_i64), prop::option::of(-9..6_i64), prop::option::weighted(0.7, -6..6_i64),
        ),
        as_floats in any::<bool>(),
    ) {
        let rules = Rules { now, leeway, exp_required, max_age, max_lifetime };
        let dates = Dates { exp, nbf, iat };
        #[expect(clippy::cast_precision_loss, reason = "far below 2^53")]
        let spelt = |date: Option<i64>| {
            let date = ZERO + date?;
            Some(if as_floats { json!(date as f64) } else { json!(date) })
        };
        let changes = json!({ "exp": spelt(exp), "nbf": spelt(nbf), "iat": spelt(iat) });
        let token = json_token(Algorithm::HS256, &json!({}), &changes).compact();
        let (expected, answer) = (reasons(rules, dates), verify(&verifier(rules), &token));
        match answer {
            Ok(_) => prop_assert!(expected.is_empty(), "accepted: {expected:?}"),
            Err(kind) => prop_assert!(expected.contains(&kind), "{kind:?}: {expected:?}"),
        }
    }
}
