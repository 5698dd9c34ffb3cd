//! Keys that change while tokens are remembered that they verified.

use tower_bearer::{
    Algorithm,
    TokenErrorKind::{AlgorithmNotAllowed, InvalidSignature, KeysUnavailable, UnknownKey},
    resolver_fn, resolver_fn_sync,
};

use super::*;
use crate::support::KeyPair;

#[test]
fn nothing_is_resolved_or_checked_while_the_generation_stands() {
    for (memory, remember) in MEMORIES {
        let (world, token) = (World::new(remember), about("ada"));
        for _ in 0..5 {
            assert_eq!(world.ask(&token).0, Ok(()), "{memory}");
        }
        assert_eq!((world.keys.resolved(), world.signatures.count()), (1, 1), "{memory}");
    }
}

#[test]
fn a_key_that_is_gone_is_gone_at_once_and_may_come_back() {
    for (memory, remember) in MEMORIES {
        let (world, token) = (World::new(remember), about("ada"));
        assert_eq!(world.ask(&token), (Ok(()), 1), "{memory}");
        world.keys.remove("a");
        assert_eq!(world.ask(&token), (Err(UnknownKey), 0), "{memory}");
        assert_eq!(remembered(&world.verifier), 0, "{memory}");
        assert_eq!(world.ask(&token), (Err(UnknownKey), 0), "{memory}, again");
        world.keys.put("a", world.signatures.verifying());
        assert_eq!(world.ask(&token).0, Ok(()), "{memory}: it is back");
        assert_eq!(world.ask(&token), (Ok(()), 0), "{memory}");
    }
}

#[test]
fn another_key_of_the_same_name_refuses_at_once() {
    for (memory, remember) in MEMORIES {
        let (world, token) = (World::new(remember), about("ada"));
        assert_eq!(world.ask(&token), (Ok(()), 1), "{memory}");
        world.keys.put("a", KeyPair::generate(ES256).verifying());
        assert_eq!(world.ask(&token), (Err(InvalidSignature), 0), "{memory}");
        assert_eq!(remembered(&world.verifier), 0, "{memory}");
        let other = Counting::new(KeyPair::generate(ES256).verifying());
        world.keys.put("a", other.verifying());
        assert_eq!(world.ask(&token).0, Err(InvalidSignature), "{memory}");
        assert_eq!(other.count(), 1, "{memory}: the new key was asked");
    }
}

#[test]
fn a_change_beside_the_key_costs_no_signature() {
    for (memory, remember) in MEMORIES {
        let (world, token) = (World::new(remember), about("ada"));
        // The very verifier, as the resolver hands it out.
        assert_eq!(world.ask(&token), (Ok(()), 1), "{memory}");
        for round in 1..=3 {
            world.keys.put("b", KeyPair::generate(ES256).verifying());
            assert_eq!(world.ask(&token), (Ok(()), 0), "{memory}");
            assert_eq!(world.keys.resolved(), 1 + round, "{memory}: asked for once");
            assert_eq!(world.ask(&token), (Ok(()), 0), "{memory}");
            assert_eq!(world.keys.resolved(), 1 + round, "{memory}: remembered anew");
        }
    }
}

#[test]
fn a_key_that_nobody_can_compare_checks_again() {
    for (memory, remember) in MEMORIES {
        let (world, token) = (World::new(remember), about("ada"));
        assert_eq!(world.ask(&token), (Ok(()), 1), "{memory}");
        world.keys.put("a", world.signatures.verifying());
        assert_eq!(world.ask(&token), (Ok(()), 1), "{memory}: another verifier, for all we know");
        assert_eq!(world.ask(&token), (Ok(()), 0), "{memory}");
    }
}

#[test]
fn two_keys_that_can_be_compared_are() {
    for (memory, remember) in MEMORIES {
        let (world, token) = (World::new(remember), about("ada"));
        for (key, expected) in [
            (key(ES256).verifying(), Ok(())),
            (key(ES256).verifying(), Ok(())),
            (KeyPair::generate(ES256).verifying(), Err(InvalidSignature)),
            (key(ES256).verifying(), Ok(())),
        ] {
            world.keys.put("a", key);
            assert_eq!(world.ask(&token).0, expected, "{memory}");
            assert_eq!(world.ask(&token).0, expected, "{memory}, again");
        }
    }
}

/// A key of the library cannot count. So a forged token that came into memory by a key that says yes to all shows
/// whether its signature is checked: it is, by every key but an equal one.
#[test]
fn a_forged_token_that_a_careless_key_let_in_goes_with_that_key() {
    struct Careless;
    impl SignatureVerifier for Careless {
        fn verify(&self, _: &[u8], _: &[u8]) -> Result<(), SignatureError> {
            Ok(())
        }
    }
    let forged = json_token(ES256, &json!({ "kid": "a" }), &json!({})).with_signature(&[7; 64]);
    for (memory, remember) in MEMORIES {
        let world = World::new(remember);
        world.keys.put("a", VerifyingKey::from_verifier(ES256, Careless));
        assert_eq!(world.ask(&forged).0, Ok(()), "{memory}");
        world.keys.put("a", key(ES256).verifying());
        assert_eq!(world.ask(&forged).0, Err(InvalidSignature), "{memory}");
    }
}

#[test]
fn the_same_key_for_another_algorithm_is_another_key() {
    for (memory, remember) in MEMORIES {
        let world =
            World::with(remember, |issuer| issuer.algorithms([Algorithm::RS256, Algorithm::RS384]));
        let pair = key(Algorithm::RS256);
        let token = json_token(Algorithm::RS256, &json!({ "kid": "a" }), &json!({})).compact();
        world.keys.put("a", pair.verifying());
        assert_eq!(world.ask(&token).0, Ok(()), "{memory}");
        let other = VerifyingKey::from_der(Algorithm::RS384, pair.spki()).unwrap();
        world.keys.put("a", other);
        assert_eq!(world.ask(&token).0, Err(AlgorithmNotAllowed), "{memory}");
    }
}

/// A set that is read again with the same key in it has another generation and the same key.
#[test]
fn a_key_that_is_parsed_again_counts_under_its_new_name() {
    let name = |kid: &str| key(ES256).verifying().with_kid(kid);
    for (memory, remember) in MEMORIES {
        let ring = Ring::of(key(ES256).verifying());
        let verifier = remember(Verifier::new(standard(ring.clone())).unwrap());
        let token = about("ada");
        let key_id = || match verifier.verify(&token) {
            Lookup::Ready(answer) => answer.unwrap().key_id().map(str::to_owned),
            Lookup::Pending(_) => panic!("it waits"),
        };
        assert_eq!(key_id().as_deref(), Some("a"), "{memory}");
        ring.change(|held| drop(held.keys.insert("a".to_owned(), name("A"))));
        assert_eq!(key_id().as_deref(), Some("A"), "{memory}");
        assert_eq!(key_id().as_deref(), Some("A"), "{memory}, from memory");
    }
}

#[test]
fn while_the_keys_are_out_of_reach_nothing_is_taken_from_memory() {
    for (memory, remember) in MEMORIES {
        let (world, token) = (World::new(remember), about("ada"));
        assert_eq!(world.ask(&token), (Ok(()), 1), "{memory}");
        world.keys.change(|held| held.is_down = true);
        assert_eq!(world.ask(&token), (Err(KeysUnavailable), 0), "{memory}");
        assert_eq!(world.ask(&token), (Err(KeysUnavailable), 0), "{memory}");
        world.keys.change(|held| held.is_down = false);
        assert_eq!(world.ask(&token).0, Ok(()), "{memory}: good again");
        assert_eq!(world.ask(&token), (Ok(()), 0), "{memory}: and remembered");
    }
}

#[test]
fn a_resolver_that_loses_its_generation_is_asked_each_time() {
    for (memory, remember) in MEMORIES {
        let (world, token) = (World::new(remember), about("ada"));
        assert_eq!(world.ask(&token), (Ok(()), 1), "{memory}");
        world.keys.change(|held| held.has_no_generation = true);
        for resolved in 2..5 {
            assert_eq!(world.ask(&token).0, Ok(()), "{memory}");
            assert_eq!(world.keys.resolved(), resolved, "{memory}");
            assert_eq!(remembered(&world.verifier), 0, "{memory}");
        }
    }
}

#[tokio::test]
async fn what_has_no_generation_is_never_remembered() {
    let token = about("ada");
    for (memory, remember) in MEMORIES {
        let counting = Counting::new(key(ES256).verifying());
        let key = counting.verifying().with_kid("a");
        let same = key.clone();
        let at_once = standard(resolver_fn_sync(move |_| Ok(same.clone())));
        let later = standard(resolver_fn(move |_| std::future::ready(Ok(key.clone()))));
        for (name, issuer) in [("at once", at_once), ("later", later)] {
            let verifier = remember(Verifier::new(issuer).unwrap());
            let before = counting.count();
            for _ in 0..4 {
                assert!(verifier.verify(&token).await.is_ok(), "{memory}, {name}");
                assert_eq!(remembered(&verifier), 0, "{memory}, {name}");
            }
            assert_eq!(counting.count() - before, 4, "{memory}, {name}");
        }
    }
}

/// The ring itself, but each key has to be waited for.
struct Later(Ring);

impl KeyResolver for Later {
    fn resolve(&self, header: &Header<'_>) -> Lookup<Result<VerifyingKey, KeyError>> {
        let ring = self.0.clone();
        // The answer is of the moment of the question: it may be old when it comes.
        let Lookup::Ready(answer) = ring.resolve(header) else {
            return Lookup::pending(std::future::pending());
        };
        Lookup::pending(async move {
            tokio::task::yield_now().await;
            answer
        })
    }

    fn generation(&self) -> Option<u64> {
        self.0.generation()
    }
}

#[tokio::test]
async fn a_key_that_was_waited_for_is_remembered_as_of_the_question() {
    for (memory, remember) in MEMORIES {
        let counting = Counting::new(key(ES256).verifying());
        let ring = Ring::of(counting.verifying());
        let verifier = remember(Verifier::new(standard(Later(ring.clone()))).unwrap());
        let token = about("ada");
        assert!(verifier.verify(&token).await.is_ok(), "{memory}");
        assert!(matches!(verifier.verify(&token), Lookup::Ready(Ok(_))), "{memory}: a hit");
        assert_eq!(counting.count(), 1, "{memory}");

        // Removed while the answer is on its way: the answer was right once, and counts no more.
        let other = about("grace");
        let waiting = verifier.verify(&other);
        ring.remove("a");
        assert!(waiting.await.is_ok(), "{memory}: asked before");
        let error = verifier.verify(&other).await.unwrap_err();
        assert_eq!(error.kind(), UnknownKey, "{memory}: asked after");
    }
}
