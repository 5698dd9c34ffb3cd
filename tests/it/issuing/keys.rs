//! The keys of an issuer by a clock that is set by hand: states and times, to the second.

mod folder;
mod nodes;
#[cfg(feature = "jwks")]
mod remote;

use std::{collections::BTreeSet, time::Duration};

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::Value;
use tower_bearer::{
    Algorithm, Grant, Issuer, KeyResolver, SigningKey, SigningKeys, TokenErrorKind, Verifier,
};

use crate::support::{AUDIENCE, Hand, ISSUER};

/// For how long a key is published before it signs.
const STANDBY: i64 = 20 * 60;

/// For how long it is published after it has signed: the life of a token, the leeway, and 15 minutes.
const RETIRED: i64 = 15 * 60 + 60 + 15 * 60;

/// An issuer whose clock is in hand, and a verifier of its tokens.
struct House {
    hand: Hand,
    keys: SigningKeys,
    issuer: Issuer,
    verifier: Verifier,
}

impl House {
    fn new() -> Self {
        let hand = Hand::default();
        let keys = SigningKeys::builder(Algorithm::ES256).clock(hand.clone()).build().unwrap();
        Self::of(hand, keys)
    }

    fn of(hand: Hand, keys: SigningKeys) -> Self {
        let issuer = Issuer::new(ISSUER, AUDIENCE, "web", keys.clone()).unwrap();
        let verifier = issuer.verifier().unwrap();
        Self { hand, keys, issuer, verifier }
    }

    fn token(&self) -> String {
        self.issuer.issue("ada", &Grant::new()).unwrap().as_str().to_owned()
    }

    /// The name of the key that signs now.
    fn signs(&self) -> String {
        kid_of(&self.token())
    }

    fn published(&self) -> BTreeSet<String> {
        published(&self.keys)
    }

    async fn verify(&self, token: &str) -> Result<(), TokenErrorKind> {
        self.verifier.verify(token).await.map(drop).map_err(|error| error.kind())
    }
}

fn kid_of(token: &str) -> String {
    let (header, _) = token.split_once('.').unwrap();
    let header: Value = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(header).unwrap()).unwrap();
    header["kid"].as_str().unwrap().to_owned()
}

fn published(keys: &SigningKeys) -> BTreeSet<String> {
    let set: Value = serde_json::from_str(&keys.jwks()).unwrap();
    let kid = |key: &Value| key["kid"].as_str().unwrap().to_owned();
    set["keys"].as_array().unwrap().iter().map(kid).collect()
}

fn names<const N: usize>(names: [&String; N]) -> BTreeSet<String> {
    names.into_iter().cloned().collect()
}

#[tokio::test]
async fn a_key_lives_through_its_states_to_the_second() {
    let house = House::new();
    let first = house.signs();
    assert_eq!(house.published(), names([&first]));
    house.hand.set(1000);
    let second = house.keys.rotate().unwrap();
    assert_eq!(house.published(), names([&first, &second]), "standby: published at once");
    let turn = 1000 + STANDBY;
    house.hand.set(turn - 1);
    assert_eq!(house.signs(), first);
    // The last token of the first key.
    let last = house.token();
    house.hand.set(turn);
    assert_eq!(house.signs(), second, "active");
    for (at, expected) in [
        (turn, Ok(())),
        (turn - 1 + 15 * 60 + 59, Ok(())),
        (turn - 1 + 15 * 60 + 60, Err(TokenErrorKind::Expired)),
    ] {
        house.hand.set(at);
        assert_eq!(house.verify(&last).await, expected, "{at}");
        assert_eq!(house.published(), names([&first, &second]), "retired");
    }
    house.hand.set(turn + RETIRED - 1);
    assert_eq!(house.published(), names([&first, &second]));
    house.hand.set(turn + RETIRED);
    assert_eq!(house.published(), names([&second]), "gone");
    assert_eq!(house.signs(), second);
}

#[tokio::test]
async fn what_a_key_has_signed_goes_with_it() {
    let hand = Hand::default();
    let keys = SigningKeys::builder(Algorithm::ES256).clock(hand.clone()).build().unwrap();
    let house = House::of(hand, keys);
    let old = house.token();
    house.keys.rotate().unwrap();
    house.hand.set(STANDBY + RETIRED);
    // By a clock that stands still, for which no token expires.
    let issuer = tower_bearer::TrustedIssuer::new(ISSUER, AUDIENCE, house.keys.clone());
    let patient = Verifier::new(issuer.clock(crate::support::clock)).unwrap();
    let answer = patient.verify(&old).await.map(drop).map_err(|error| error.kind());
    assert_eq!(answer, Err(TokenErrorKind::UnknownKey));
}

#[test]
fn rotating_twice_is_rotating_once() {
    let house = House::new();
    let next = house.keys.rotate().unwrap();
    house.hand.set(STANDBY - 1);
    assert_eq!(house.keys.rotate().unwrap(), next);
    house.hand.set(STANDBY);
    assert_ne!(house.keys.rotate().unwrap(), next);
    assert_eq!(house.published().len(), 3);
}

#[test]
fn the_generation_changes_with_the_set_alone() {
    let house = House::new();
    let generation = || house.keys.generation().unwrap();
    let mut last = generation();
    let mut changed = |what: &str, expected: bool| {
        let now = generation();
        assert_eq!(now != last, expected, "{what}");
        last = now;
    };
    house.token();
    changed("a token", false);
    house.hand.set(100);
    changed("time", false);
    house.keys.rotate().unwrap();
    changed("a standby", true);
    house.keys.rotate().unwrap();
    changed("the same standby", false);
    house.hand.set(100 + STANDBY);
    changed("the standby signs", false);
    house.hand.set(100 + STANDBY + RETIRED - 1);
    changed("the first one is retired", false);
    house.hand.set(100 + STANDBY + RETIRED);
    changed("the first one is gone", true);
    changed("nothing", false);
    house.keys.replace().unwrap();
    changed("replaced", true);
    let next = house.keys.rotate().unwrap();
    changed("another standby", true);
    assert!(house.keys.forget_key(&next));
    changed("forgotten", true);
    assert!(house.keys.forget_key(&next));
    changed("forgotten again", false);
}

#[test]
fn keys_rotate_by_themselves() {
    let hand = Hand::default();
    let keys = SigningKeys::builder(Algorithm::ES256)
        .clock(hand.clone())
        .rotate_every(Duration::from_secs(24 * 60 * 60))
        .build()
        .unwrap();
    let house = House::of(hand, keys);
    let day = 24 * 60 * 60;
    let first = house.signs();
    house.hand.set(day - STANDBY - 1);
    assert_eq!((house.signs(), house.published().len()), (first.clone(), 1));
    house.hand.set(day - STANDBY);
    assert_eq!((house.signs(), house.published().len()), (first.clone(), 2));
    house.hand.set(day - 1);
    assert_eq!(house.signs(), first);
    house.hand.set(day);
    let second = house.signs();
    assert_ne!(second, first);
    // Nobody was there for a year: it takes the time it takes for others to see the next one.
    house.hand.set(365 * day);
    assert_eq!(house.signs(), second);
    house.hand.set(365 * day + STANDBY - 1);
    assert_eq!(house.signs(), second);
    house.hand.set(365 * day + STANDBY);
    assert_ne!(house.signs(), second);
}

#[tokio::test]
async fn a_clock_that_was_set_back_stops_nothing() {
    let house = House::new();
    let first = house.signs();
    house.keys.rotate().unwrap();
    house.hand.set(STANDBY);
    let second = house.signs();
    // Before the second: the first signs again. Before both: the first.
    for seconds in [STANDBY - 1, -1, -1_000_000] {
        house.hand.set(seconds);
        assert_eq!(house.signs(), first, "{seconds}");
        assert_eq!(house.verify(&house.token()).await, Ok(()), "{seconds}");
        assert_eq!(house.published(), names([&first, &second]), "{seconds}");
    }
    house.hand.set(STANDBY);
    assert_eq!(house.signs(), second);
}

#[tokio::test]
async fn a_stolen_key_is_replaced_at_once() {
    let house = House::new();
    let (old, first) = (house.token(), house.signs());
    let standby = house.keys.rotate().unwrap();
    let new = house.keys.replace().unwrap();
    assert_eq!((house.signs(), house.published()), (new.clone(), names([&new])));
    assert_ne!(new, first);
    assert_ne!(new, standby);
    assert_eq!(house.verify(&old).await, Err(TokenErrorKind::UnknownKey));
    assert_eq!(house.verify(&house.token()).await, Ok(()));
}

#[tokio::test]
async fn a_key_is_forgotten_but_the_one_that_signs() {
    let house = House::new();
    let first = house.signs();
    assert!(!house.keys.forget_key(&first));
    let second = house.keys.rotate().unwrap();
    house.hand.set(STANDBY - 1);
    let old = house.token();
    house.hand.set(STANDBY);
    assert_eq!(house.verify(&old).await, Ok(()));
    assert!(!house.keys.forget_key(&second));
    assert!(house.keys.forget_key(&first));
    assert_eq!(house.published(), names([&second]));
    assert_eq!(house.verify(&old).await, Err(TokenErrorKind::UnknownKey));
}

#[test]
fn what_is_published_verifies_and_no_more() {
    for algorithm in Algorithm::ALL {
        let key = SigningKey::generate(algorithm).unwrap();
        let keys = SigningKeys::new(key.clone()).unwrap();
        let set: Value = serde_json::from_str(&keys.jwks()).unwrap();
        let published = set["keys"].as_array().unwrap();
        if algorithm.is_symmetric() {
            assert!(published.is_empty(), "{algorithm}");
            continue;
        }
        let [jwk] = &published[..] else { panic!("{set}") };
        let expected: &[&str] = match jwk["kty"].as_str().unwrap() {
            "EC" => &["alg", "crv", "kid", "kty", "use", "x", "y"],
            "OKP" => &["alg", "crv", "kid", "kty", "use", "x"],
            _ => &["alg", "e", "kid", "kty", "n", "use"],
        };
        let members: BTreeSet<_> = jwk.as_object().unwrap().keys().map(String::as_str).collect();
        assert_eq!(members, expected.iter().copied().collect(), "{algorithm}");
        assert_eq!((&jwk["alg"], &jwk["use"]), (&algorithm.name().into(), &"sig".into()));
        assert_eq!(jwk["kid"], key.kid());
    }
}

#[test]
fn what_makes_no_sense_is_not_built() {
    let builder = || SigningKeys::builder(Algorithm::ES256);
    let other = SigningKey::generate(Algorithm::ES384).unwrap();
    let seconds = Duration::from_secs;
    let error = builder().key(other).build().unwrap_err();
    assert!(error.to_string().contains("ES384"), "{error}");
    let error = builder().rotate_every(seconds(40 * 60 - 1)).build().unwrap_err();
    assert!(error.to_string().contains("40 minutes"), "{error}");
    assert!(builder().rotate_every(seconds(40 * 60)).build().is_ok());
}

#[test]
fn debug_shows_no_key() {
    let key = SigningKey::generate(Algorithm::HS256).unwrap().with_kid("named");
    let builder = SigningKeys::builder(Algorithm::HS256).key(key.clone());
    assert_eq!(format!("{builder:?}"), "SigningKeysBuilder { alg: HS256, .. }");
    let keys = builder.build().unwrap();
    assert_eq!(format!("{keys:?}"), "SigningKeys { alg: HS256, .. }");
}
