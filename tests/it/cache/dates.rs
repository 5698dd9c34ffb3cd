//! What time does to a token that is remembered.

use tower_bearer::TokenErrorKind::{Expired, NotYetValid, TooOld};

use super::*;

const HIT: (Result<(), TokenErrorKind>, usize) = (Ok(()), 0);
const MISS: (Result<(), TokenErrorKind>, usize) = (Ok(()), 1);

struct Case {
    name: &'static str,
    claims: Value,
    set: fn(TrustedIssuer) -> TrustedIssuer,
    /// Seconds from `NOW`, and what is answered then.
    answers: Vec<(u64, Result<(), TokenErrorKind>)>,
}

fn cases() -> Vec<Case> {
    let fractions = json!({ "exp": 1_750_000_010.5 });
    let max_age = |issuer: TrustedIssuer| issuer.max_age(Duration::from_secs(300));
    let strict = |issuer: TrustedIssuer| issuer.leeway(Duration::ZERO);
    vec![
        Case {
            name: "exp, with the leeway of a minute",
            claims: json!({ "exp": NOW + 900 }),
            set: |issuer| issuer,
            answers: vec![(0, Ok(())), (900, Ok(())), (959, Ok(())), (960, Err(Expired))],
        },
        Case {
            name: "exp, without leeway",
            claims: json!({ "exp": NOW + 900 }),
            set: strict,
            answers: vec![(0, Ok(())), (899, Ok(())), (900, Err(Expired)), (901, Err(Expired))],
        },
        Case {
            name: "exp with a fraction",
            claims: fractions,
            set: strict,
            answers: vec![(0, Ok(())), (10, Ok(())), (11, Err(Expired))],
        },
        Case {
            name: "max_age, with the leeway of a minute",
            claims: json!({ "iat": NOW }),
            set: max_age,
            answers: vec![(0, Ok(())), (360, Ok(())), (361, Err(TooOld))],
        },
        Case {
            name: "exp before max_age",
            claims: json!({ "exp": NOW + 100 }),
            set: max_age,
            answers: vec![(0, Ok(())), (159, Ok(())), (160, Err(Expired))],
        },
    ]
}

#[test]
fn a_token_is_good_from_memory_as_long_as_it_is_good() {
    for (memory, remember) in MEMORIES {
        for Case { name, claims, set, answers } in cases() {
            let (world, token) = (World::with(remember, set), with(&claims));
            for (at, (after, expected)) in answers.into_iter().enumerate() {
                world.time.set(NOW + after);
                let asked = world.ask(&token);
                assert_eq!(asked, (expected, usize::from(at == 0)), "{memory}, {name}, {after} s");
            }
        }
    }
}

#[test]
fn what_has_expired_is_forgotten() {
    for (memory, remember) in MEMORIES {
        let (world, token) = (World::new(remember), about("ada"));
        assert_eq!(world.ask(&token), MISS, "{memory}");
        assert_eq!(remembered(&world.verifier), 1, "{memory}");
        world.time.set(NOW + 960);
        assert_eq!(world.ask(&token), (Err(Expired), 0), "{memory}");
        assert_eq!(remembered(&world.verifier), 0, "{memory}");
        assert_eq!(world.ask(&token), (Err(Expired), 0), "{memory}, again");
    }
}

#[test]
fn a_clock_that_steps_back_takes_back_what_it_allowed() {
    for (memory, remember) in MEMORIES {
        let max_age = |issuer: TrustedIssuer| issuer.max_age(Duration::from_secs(300));
        for (name, claims, set) in [
            ("nbf", json!({ "nbf": NOW }), (|it| it) as fn(TrustedIssuer) -> TrustedIssuer),
            ("iat", json!({ "iat": NOW }), max_age),
        ] {
            let (world, token) = (World::with(remember, set), with(&claims));
            assert_eq!(world.ask(&token), MISS, "{memory}, {name}");
            world.time.set(NOW - 60);
            assert_eq!(world.ask(&token), HIT, "{memory}, {name}: within the leeway");
            world.time.set(NOW - 61);
            assert_eq!(world.ask(&token), (Err(NotYetValid), 0), "{memory}, {name}");
            world.time.set(NOW);
            assert_eq!(world.ask(&token).0, Ok(()), "{memory}, {name}: it goes on");
            assert_eq!(world.ask(&token), HIT, "{memory}, {name}");
        }
    }
}

#[test]
fn a_clock_that_steps_back_over_exp_makes_the_token_good_again() {
    for (memory, remember) in MEMORIES {
        let (world, token) = (World::new(remember), about("ada"));
        assert_eq!(world.ask(&token), MISS, "{memory}");
        world.time.set(NOW + 960);
        assert_eq!(world.ask(&token).0, Err(Expired), "{memory}");
        world.time.set(NOW + 959);
        assert_eq!(world.ask(&token), MISS, "{memory}: it was forgotten");
    }
}

#[test]
fn a_token_without_exp_is_remembered_where_it_may_have_none() {
    for (memory, remember) in MEMORIES {
        let world = World::with(remember, TrustedIssuer::danger_no_expiry);
        let token = with(&json!({ "exp": null }));
        assert_eq!(world.ask(&token), MISS, "{memory}");
        world.time.set(NOW * 2);
        assert_eq!(world.ask(&token), HIT, "{memory}");
    }
}
