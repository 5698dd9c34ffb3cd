//! A change at each moment of a verification at which foreign code runs: whatever began after the change sees it.
//!
//! The resolver, the key, the clock and the check of revocation are the test's. Each can make the change in the very call
//! in which it is asked, so that every order of events is tried, without threads and without luck.

use tower_bearer::TokenErrorKind::{InvalidSignature, KeysUnavailable, Revoked, UnknownKey};

use super::*;
use crate::support::KeyPair;

/// When foreign code is called.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Moment {
    /// Before it answers, or after it has made up its mind.
    Clock(Side),
    Generation(Side),
    Resolve(Side),
    Revocation(Side),
    Signature(Side),
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Side {
    Before,
    After,
}

const MOMENTS: [Moment; 10] = [
    Moment::Clock(Side::Before),
    Moment::Clock(Side::After),
    Moment::Generation(Side::Before),
    Moment::Generation(Side::After),
    Moment::Resolve(Side::Before),
    Moment::Resolve(Side::After),
    Moment::Revocation(Side::Before),
    Moment::Revocation(Side::After),
    Moment::Signature(Side::Before),
    Moment::Signature(Side::After),
];

/// What is changed.
type Change = fn(&Stage);

/// A change that waits for its moment, and all that it can change.
#[derive(Clone)]
struct Stage {
    ring: Ring,
    time: Time,
    revocation: Told,
    own: VerifyingKey,
    planned: Arc<Mutex<Option<(Moment, usize, Change)>>>,
    verifier: Arc<Mutex<Option<Verifier>>>,
}

impl Stage {
    /// At the `nth` such moment from now on.
    fn plan(&self, moment: Moment, nth: usize, change: Change) {
        *self.planned.lock().unwrap() = Some((moment, nth, change));
    }

    fn is_planned(&self) -> bool {
        self.planned.lock().unwrap().is_some()
    }

    fn pass(&self, moment: Moment) {
        let mut planned = self.planned.lock().unwrap();
        let due = match &mut *planned {
            Some((at, 0, change)) if *at == moment => Some(*change),
            Some((at, left, _)) if *at == moment => {
                *left -= 1;
                None
            }
            _ => None,
        };
        if let Some(change) = due {
            *planned = None;
            drop(planned);
            change(self);
        }
    }

    /// Runs a callback between both of its moments.
    fn around<T>(&self, moment: fn(Side) -> Moment, call: impl FnOnce() -> T) -> T {
        self.pass(moment(Side::Before));
        let answer = call();
        self.pass(moment(Side::After));
        answer
    }

    /// The key, at whose check of a signature something may happen.
    fn staged(&self, key: VerifyingKey) -> VerifyingKey {
        VerifyingKey::from_verifier(ES256, Watched { stage: self.clone(), key })
    }
}

struct Watched {
    stage: Stage,
    key: VerifyingKey,
}

impl SignatureVerifier for Watched {
    fn verify(&self, message: &[u8], signature: &[u8]) -> Result<(), SignatureError> {
        self.stage.around(Moment::Signature, || self.key.verify(message, signature))
    }
}

impl KeyResolver for Stage {
    fn resolve(&self, header: &Header<'_>) -> Lookup<Result<VerifyingKey, KeyError>> {
        self.around(Moment::Resolve, || self.ring.resolve(header))
    }

    fn generation(&self) -> Option<u64> {
        self.around(Moment::Generation, || self.ring.generation())
    }
}

impl RevocationCheck for Stage {
    fn check(&self, token: &VerifiedToken) -> Revocation {
        self.around(Moment::Revocation, || self.revocation.check(token))
    }
}

fn stage(remember: Remember) -> (Stage, Verifier) {
    let stage = Stage {
        ring: Ring::default(),
        time: Time::new(),
        revocation: Told::default(),
        own: key(ES256).verifying(),
        planned: Arc::default(),
        verifier: Arc::default(),
    };
    stage.ring.put("a", stage.staged(stage.own.clone()));
    let clock = stage.clone();
    let issuer = standard(stage.clone())
        .clock(move || clock.around(Moment::Clock, || clock.time.get()))
        .revocation(stage.clone());
    let verifier = remember(Verifier::new(issuer).unwrap());
    (stage, verifier)
}

/// What was in memory when the verification began, during which the change is made.
#[derive(Clone, Copy, Debug)]
enum Before {
    /// Nothing.
    New,
    /// The token, as of the keys of now.
    Known,
    /// The token, as of other keys beside the one it needs.
    Doubted,
}

struct Case {
    name: &'static str,
    change: Change,
    /// What is answered from then on.
    after: Result<(), TokenErrorKind>,
}

fn cases() -> [Case; 7] {
    [
        Case {
            name: "the key is removed",
            change: |stage| stage.ring.remove("a"),
            after: Err(UnknownKey),
        },
        Case {
            name: "another key of that name",
            change: |stage| stage.ring.put("a", KeyPair::generate(ES256).verifying()),
            after: Err(InvalidSignature),
        },
        Case {
            name: "another key, and the token asked for at once",
            change: |stage| {
                stage.ring.put("a", KeyPair::generate(ES256).verifying());
                stage.ask_again();
            },
            after: Err(InvalidSignature),
        },
        Case {
            name: "removed, put back and removed",
            change: |stage| {
                stage.ring.remove("a");
                stage.ask_again();
                stage.ring.put("a", stage.own.clone());
                stage.ask_again();
                stage.ring.remove("a");
            },
            after: Err(UnknownKey),
        },
        Case {
            name: "the keys get out of reach",
            change: |stage| stage.ring.change(|held| held.is_down = true),
            after: Err(KeysUnavailable),
        },
        Case {
            name: "revoked",
            change: |stage| stage.revocation.say(Revocation::Revoked),
            after: Err(Revoked),
        },
        Case {
            name: "expired",
            change: |stage| stage.time.set(NOW + 960),
            after: Err(TokenErrorKind::Expired),
        },
    ]
}

static TOKEN: std::sync::LazyLock<String> = std::sync::LazyLock::new(|| about("ada"));

impl Stage {
    /// The same token, from within the verification of it.
    fn ask_again(&self) {
        let verifier = self.verifier.lock().unwrap().clone();
        if let Some(verifier) = verifier {
            drop(verifier.verify(&TOKEN));
        }
    }
}

/// Verifies while the change is made at this moment; `false` if it never comes.
fn during(
    memory: (&str, Remember),
    before: Before,
    (moment, nth): (Moment, usize),
    case: &Case,
) -> bool {
    let (stage, verifier) = stage(memory.1);
    *stage.verifier.lock().unwrap() = Some(verifier.clone());
    if !matches!(before, Before::New) {
        assert_eq!(at_once(&verifier, &TOKEN), Ok(()));
    }
    if matches!(before, Before::Doubted) {
        stage.ring.put("b", KeyPair::generate(ES256).verifying());
    }
    stage.plan(moment, nth, case.change);
    let meanwhile = at_once(&verifier, &TOKEN);
    if stage.is_planned() {
        return false;
    }
    let context = format!("{}, {before:?}, {moment:?} {nth}, {}", memory.0, case.name);
    assert!([Ok(()), case.after].contains(&meanwhile), "{context}: {meanwhile:?} meanwhile");
    for _ in 0..2 {
        assert_eq!(at_once(&verifier, &TOKEN), case.after, "{context}");
    }
    *stage.verifier.lock().unwrap() = None;
    true
}

#[test]
fn whatever_begins_after_a_change_sees_it() {
    for memory in MEMORIES {
        for before in [Before::New, Before::Known, Before::Doubted] {
            let mut met = Vec::new();
            for moment in MOMENTS {
                for nth in 0..3 {
                    for case in cases() {
                        if during(memory, before, (moment, nth), &case) {
                            met.push((moment, nth));
                        }
                    }
                }
            }
            met.dedup();
            let expected = moments_of(before);
            assert_eq!(met, expected, "{}, {before:?}: the moments there are", memory.0);
        }
    }
}

/// When foreign code is called in a verification: a moment that is new here is to be thought about.
fn moments_of(before: Before) -> Vec<(Moment, usize)> {
    let both = |moment: fn(Side) -> Moment, calls: usize| {
        [Side::Before, Side::After]
            .into_iter()
            .flat_map(move |side| (0..calls).map(move |nth| (moment(side), nth)))
    };
    let (clock, generation, resolve, signature) = match before {
        Before::New => (1, 1, 1, 1),
        Before::Known => (1, 1, 0, 0),
        Before::Doubted => (2, 2, 1, 0),
    };
    both(Moment::Clock, clock)
        .chain(both(Moment::Generation, generation))
        .chain(both(Moment::Resolve, resolve))
        .chain(both(Moment::Revocation, 1))
        .chain(both(Moment::Signature, signature))
        .collect()
}
