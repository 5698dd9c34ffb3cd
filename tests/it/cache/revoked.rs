//! Tokens that are taken back while they are remembered.

use tower_bearer::TokenErrorKind::{RevocationUnavailable, Revoked};

use super::*;

#[test]
fn every_answer_from_memory_is_asked_about_again() {
    for (memory, remember) in MEMORIES {
        let (world, token) = (World::new(remember), about("ada"));
        for (say, expected) in [
            (Revocation::Good, Ok(())),
            (Revocation::Good, Ok(())),
            (Revocation::Revoked, Err(Revoked)),
            (Revocation::Revoked, Err(Revoked)),
            (Revocation::Good, Ok(())),
            (Revocation::Unknown, Err(RevocationUnavailable)),
            (Revocation::Good, Ok(())),
        ] {
            world.revocation.say(say);
            let before = world.revocation.asked();
            assert_eq!(world.ask(&token).0, expected, "{memory}, {say:?}");
            assert_eq!(world.revocation.asked() - before, 1, "{memory}, {say:?}: asked once");
        }
        assert_eq!(world.signatures.count(), 1, "{memory}: what was signed stays signed");
    }
}

#[test]
fn what_was_revoked_from_the_start_is_not_remembered() {
    for (memory, remember) in MEMORIES {
        let (world, token) = (World::new(remember), about("ada"));
        for say in [Revocation::Revoked, Revocation::Unknown] {
            world.revocation.say(say);
            assert!(world.ask(&token).0.is_err(), "{memory}");
            assert_eq!(remembered(&world.verifier), 0, "{memory}");
        }
        world.revocation.say(Revocation::Good);
        assert_eq!(world.ask(&token), (Ok(()), 1), "{memory}");
    }
}

#[test]
fn nobody_is_asked_about_a_token_whose_time_is_over() {
    for (memory, remember) in MEMORIES {
        let (world, token) = (World::new(remember), about("ada"));
        assert_eq!(world.ask(&token).0, Ok(()), "{memory}");
        let before = world.revocation.asked();
        world.time.set(NOW + 960);
        assert_eq!(world.ask(&token).0, Err(TokenErrorKind::Expired), "{memory}");
        assert_eq!(world.revocation.asked(), before, "{memory}");
    }
}
