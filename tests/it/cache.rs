//! A verifier that remembers answers as one that does not, whatever has changed since it verified a token.
//!
//! Time, keys, generations and what has been revoked are in the hand of the test, and signatures are counted: so it
//! shows which answers came from memory.

mod alike;
mod bounds;
mod dates;
mod issuers;
mod keys;
mod model;
mod moments;
mod outside;
mod revoked;
mod suite;
#[cfg(feature = "jwks")]
mod watched;

use std::{
    collections::BTreeMap,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, AtomicUsize, Ordering::SeqCst},
    },
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use serde_json::{Value, json};
use tower_bearer::{
    Algorithm::ES256, Header, KeyError, KeyResolver, Lookup, Revocation, RevocationCheck,
    SignatureError, SignatureVerifier, TokenErrorKind, TrustedIssuer, VerifiedToken, Verifier,
    VerifyingKey,
};

use crate::support::{NOW, Told, json_token, key, standard};

/// Gives a verifier a memory.
type Remember = fn(Verifier) -> Verifier;

/// Both kinds of memory, with room for all that a test verifies.
const MEMORIES: [(&str, Remember); 2] =
    [("whole", |it| it.cache(64)), ("by digest", |it| it.cache_by_digest(64))];

/// Seconds since 1970, as the test says. A clone is the same clock.
#[derive(Clone)]
struct Time(Arc<AtomicU64>);

impl Time {
    fn new() -> Self {
        Self(Arc::new(AtomicU64::new(NOW)))
    }

    fn set(&self, seconds: u64) {
        self.0.store(seconds, SeqCst);
    }

    fn get(&self) -> SystemTime {
        UNIX_EPOCH + Duration::from_secs(self.0.load(SeqCst))
    }
}

/// A key that counts the signatures it checks. A clone is the same key.
#[derive(Clone)]
struct Counting {
    key: VerifyingKey,
    count: Arc<AtomicUsize>,
}

impl Counting {
    fn new(key: VerifyingKey) -> Self {
        Self { key, count: Arc::default() }
    }

    fn verifying(&self) -> VerifyingKey {
        VerifyingKey::from_verifier(self.key.algorithm(), self.clone())
    }

    fn count(&self) -> usize {
        self.count.load(SeqCst)
    }
}

impl SignatureVerifier for Counting {
    fn verify(&self, message: &[u8], signature: &[u8]) -> Result<(), SignatureError> {
        self.count.fetch_add(1, SeqCst);
        self.key.verify(message, signature)
    }
}

/// Keys by name, with a generation that changes as they do. A clone is the same ring.
#[derive(Clone, Default)]
struct Ring(Arc<Mutex<Held>>);

#[derive(Default)]
struct Held {
    keys: BTreeMap<String, VerifyingKey>,
    generation: u64,
    /// Nobody can say which keys there are.
    is_down: bool,
    has_no_generation: bool,
    resolved: usize,
}

impl Ring {
    fn of(key: VerifyingKey) -> Self {
        let ring = Self::default();
        ring.put("a", key);
        ring
    }

    fn change(&self, change: impl FnOnce(&mut Held)) {
        let mut held = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        change(&mut held);
        held.generation += 1;
    }

    fn put(&self, name: &str, key: VerifyingKey) {
        self.change(|held| drop(held.keys.insert(name.to_owned(), key.with_kid(name))));
    }

    fn remove(&self, name: &str) {
        self.change(|held| drop(held.keys.remove(name)));
    }

    fn resolved(&self) -> usize {
        self.0.lock().unwrap().resolved
    }
}

impl KeyResolver for Ring {
    fn resolve(&self, header: &Header<'_>) -> Lookup<Result<VerifyingKey, KeyError>> {
        let mut held = self.0.lock().unwrap();
        held.resolved += 1;
        if held.is_down {
            return Lookup::Ready(Err(KeyError::unavailable("out of reach")));
        }
        let key = header.kid().and_then(|kid| held.keys.get(kid)).cloned();
        Lookup::Ready(key.ok_or_else(KeyError::not_found))
    }

    fn generation(&self) -> Option<u64> {
        let held = self.0.lock().unwrap();
        (!held.is_down && !held.has_no_generation).then_some(held.generation)
    }
}

/// A verifier that remembers, and all that its answers depend on.
struct World {
    time: Time,
    signatures: Counting,
    keys: Ring,
    revocation: Told,
    verifier: Verifier,
}

impl World {
    fn new(remember: Remember) -> Self {
        Self::with(remember, |issuer| issuer)
    }

    fn with(remember: Remember, set: impl FnOnce(TrustedIssuer) -> TrustedIssuer) -> Self {
        let (time, revocation) = (Time::new(), Told::default());
        let signatures = Counting::new(key(ES256).verifying());
        let keys = Ring::of(signatures.verifying());
        let clock = time.clone();
        let issuer =
            standard(keys.clone()).clock(move || clock.get()).revocation(revocation.clone());
        let verifier = remember(Verifier::new(set(issuer)).unwrap());
        Self { time, signatures, keys, revocation, verifier }
    }

    /// The answer, and how many signatures were checked for it.
    #[track_caller]
    fn ask(&self, token: &str) -> (Result<(), TokenErrorKind>, usize) {
        let before = self.signatures.count();
        let answer = at_once(&self.verifier, token);
        (answer, self.signatures.count() - before)
    }
}

/// The answer of a verifier that has not to wait.
#[track_caller]
fn at_once(verifier: &Verifier, token: &str) -> Result<(), TokenErrorKind> {
    match verifier.verify(token) {
        Lookup::Ready(answer) => answer.map(drop).map_err(|error| error.kind()),
        Lookup::Pending(_) => panic!("it waits"),
    }
}

/// A token of the key `a` with these claims.
fn with(claims: &Value) -> String {
    json_token(ES256, &json!({ "kid": "a" }), claims).compact()
}

/// A token like any other, about this subject.
fn about(subject: impl std::fmt::Display) -> String {
    with(&json!({ "sub": subject.to_string() }))
}

/// How many tokens a verifier remembers: its `Debug` says so.
fn remembered(verifier: &Verifier) -> usize {
    let text = format!("{verifier:?}");
    let (_, count) = text.split_once("tokens: ").expect("it remembers");
    count.split(|letter: char| !letter.is_ascii_digit()).next().unwrap().parse().unwrap()
}
