//! Sixteen threads that verify, rotate, revoke and turn the clock: each answer was right at some time in its call.

use std::sync::Barrier;

use tower_bearer::{
    Algorithm::HS256,
    TokenErrorKind::{
        Expired, InvalidSignature, KeysUnavailable, RevocationUnavailable, Revoked, UnknownKey,
    },
};

use super::*;
use crate::support::{KeyPair, SECRET};

const THREADS: usize = 16;
const STEPS: usize = 1_500;
const NAMES: [&str; 3] = ["a", "b", "c"];
/// Of each name and secret there are so many tokens.
const EACH: usize = 12;
/// Less than there are good tokens at a time.
const CAPACITY: usize = 24;

type Answer = Result<(), TokenErrorKind>;

/// `SplitMix64`.
struct Rng(u64);

impl Rng {
    fn below(&mut self, limit: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut word = self.0;
        word = (word ^ (word >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        word = (word ^ (word >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        usize::try_from((word ^ (word >> 31)) % limit as u64).unwrap()
    }
}

/// The one order of all that begins and ends.
#[derive(Default)]
struct Ticks(AtomicU64);

impl Ticks {
    fn next(&self) -> u64 {
        self.0.fetch_add(1, SeqCst)
    }
}

/// What was so, and from when on: each value came at some time between two ticks.
struct History<V>(Mutex<Vec<(u64, u64, V)>>);

impl<V: Clone> History<V> {
    fn new(first: V) -> Self {
        Self(Mutex::new(vec![(0, 0, first)]))
    }

    /// One change at a time.
    fn change(&self, ticks: &Ticks, value: V, make: impl FnOnce(&V)) {
        let mut all = self.0.lock().unwrap();
        let began = ticks.next();
        make(&value);
        all.push((began, ticks.next(), value));
    }

    /// All values that there were between these ticks.
    fn between(&self, began: u64, ended: u64) -> Vec<V> {
        let all = self.0.lock().unwrap();
        let mut until = u64::MAX;
        let mut found = Vec::new();
        for (from, to, value) in all.iter().rev() {
            if until < began {
                break;
            }
            if *from <= ended {
                found.push(value.clone());
            }
            until = *to;
        }
        found
    }
}

/// Which of both secrets each name has; none at all while nobody knows.
type Secrets = Option<[Option<usize>; NAMES.len()]>;

struct Issued {
    text: String,
    name: usize,
    secret: usize,
    expires: u64,
}

struct Model {
    ticks: Ticks,
    time: Time,
    times: History<u64>,
    ring: Ring,
    secrets: History<Secrets>,
    said: Arc<Vec<Told>>,
    revoked: Vec<History<Revocation>>,
    tokens: Vec<Issued>,
    verifier: Verifier,
    seen: Mutex<BTreeMap<String, usize>>,
}

fn secrets() -> [Vec<u8>; 2] {
    [SECRET.to_vec(), SECRET.map(|byte| byte ^ 1).to_vec()]
}

fn tokens() -> Vec<Issued> {
    let pairs = [KeyPair::generate(HS256), KeyPair::stranger(HS256)];
    (0..NAMES.len() * 2 * EACH)
        .map(|n| {
            let (name, secret) = (n % NAMES.len(), n / NAMES.len() % 2);
            let expires = NOW + [400, 900, 1_400][n / 6 % 3];
            let claims = json!({ "jti": n.to_string(), "exp": expires });
            let token = json_token(HS256, &json!({ "kid": NAMES[name] }), &claims);
            Issued { text: token.signed_by(&pairs[secret]), name, secret, expires }
        })
        .collect()
}

impl Model {
    fn new(remember: Remember) -> Self {
        let (tokens, time, ring) = (tokens(), Time::new(), Ring::default());
        let said: Arc<Vec<Told>> = Arc::new(tokens.iter().map(|_| Told::default()).collect());
        let (clock, told) = (time.clone(), Arc::clone(&said));
        let check = move |token: &VerifiedToken| {
            told[token.jwt_id().unwrap().parse::<usize>().unwrap()].check(token)
        };
        let issuer = standard(ring.clone())
            .clock(move || clock.get())
            .revocation(tower_bearer::revocation_fn(check));
        let first = Some([Some(0); NAMES.len()]);
        put(&ring, first);
        Self {
            ticks: Ticks::default(),
            times: History::new(NOW),
            secrets: History::new(first),
            revoked: tokens.iter().map(|_| History::new(Revocation::Good)).collect(),
            verifier: remember(Verifier::new(issuer).unwrap()),
            seen: Mutex::default(),
            said,
            ring,
            time,
            tokens,
        }
    }

    fn step(&self, rng: &mut Rng) {
        match rng.below(100) {
            0 => self.rotate(rng),
            1 => {
                let time = NOW + [0, 0, 500, 1_000, 1_500][rng.below(5)];
                self.times.change(&self.ticks, time, |time| self.time.set(*time));
            }
            2..=4 => {
                let token = rng.below(self.tokens.len());
                let answers = [Revocation::Good, Revocation::Revoked, Revocation::Unknown];
                let answer = answers[rng.below(3)];
                self.revoked[token].change(&self.ticks, answer, |it| self.said[token].say(*it));
            }
            _ => {
                // Some come more often than others.
                let least = rng.below(self.tokens.len()).min(rng.below(self.tokens.len()));
                self.ask(least);
            }
        }
    }

    fn rotate(&self, rng: &mut Rng) {
        let secrets = (rng.below(5) > 0)
            .then(|| NAMES.map(|_| [None, Some(0), Some(0), Some(1)][rng.below(4)]));
        self.secrets.change(&self.ticks, secrets, |secrets| put(&self.ring, *secrets));
    }

    fn ask(&self, token: usize) {
        let began = self.ticks.next();
        let answer = at_once(&self.verifier, &self.tokens[token].text);
        let ended = self.ticks.next();
        let right = self.right(token, began, ended);
        assert!(right.contains(&answer), "{answer:?} where {right:?} is right, token {token}");
        assert!(remembered(&self.verifier) <= CAPACITY);
        *self.seen.lock().unwrap().entry(format!("{answer:?}")).or_default() += 1;
    }

    /// Every answer that some state of the world between these ticks makes right.
    fn right(&self, token: usize, began: u64, ended: u64) -> Vec<Answer> {
        let Issued { name, secret, expires, .. } = self.tokens[token];
        let mut answers = Vec::new();
        for time in self.times.between(began, ended) {
            for secrets in self.secrets.between(began, ended) {
                for revoked in self.revoked[token].between(began, ended) {
                    let held = secrets.map(|secrets| secrets[name]);
                    answers.push(match (held, revoked) {
                        _ if time >= expires + 60 => Err(Expired),
                        (None, _) => Err(KeysUnavailable),
                        (Some(None), _) => Err(UnknownKey),
                        (Some(Some(held)), _) if held != secret => Err(InvalidSignature),
                        (_, Revocation::Good) => Ok(()),
                        (_, Revocation::Revoked) => Err(Revoked),
                        _ => Err(RevocationUnavailable),
                    });
                }
            }
        }
        answers
    }
}

/// One change of all keys, parsed anew.
fn put(ring: &Ring, secrets_of: Secrets) {
    let keys = secrets().map(|secret| VerifyingKey::from_secret(HS256, secret).unwrap());
    ring.change(|held| {
        held.is_down = secrets_of.is_none();
        held.keys = NAMES
            .iter()
            .zip(secrets_of.into_iter().flatten())
            .filter_map(|(name, secret)| {
                Some(((*name).to_owned(), keys[secret?].clone().with_kid(*name)))
            })
            .collect();
    });
}

#[test]
fn every_answer_was_right_while_it_was_made() {
    for seed in 0..2 {
        for (memory, remember) in [
            ("whole", (|it| it.cache(CAPACITY)) as Remember),
            ("by digest", |it| it.cache_by_digest(CAPACITY)),
        ] {
            println!("seed {seed}, {memory}");
            let (model, start) = (Model::new(remember), Barrier::new(THREADS));
            std::thread::scope(|scope| {
                for thread in 0..THREADS {
                    let (model, start) = (&model, &start);
                    let mut rng = Rng(seed * 1_000 + thread as u64);
                    scope.spawn(move || {
                        start.wait();
                        for _ in 0..STEPS {
                            model.step(&mut rng);
                        }
                    });
                }
            });
            let seen = model.seen.into_inner().unwrap();
            assert_eq!(seen.len(), 7, "{memory}: every answer is given at some time: {seen:?}");
            // Whoever is not told that it has expired has asked for a key, or was answered from memory.
            let asked: usize = seen.values().sum::<usize>() - seen["Err(Expired)"];
            let hits = asked.saturating_sub(model.ring.resolved());
            assert!(hits > asked / 50, "{memory}: {hits} of {asked} came from memory");
        }
    }
}

/// The model itself: what it takes for possible, and what not.
#[test]
fn a_history_knows_what_was_so_between_two_ticks() {
    let ticks = Ticks::default();
    let history = History::new('a');
    let first = ticks.next();
    history.change(&ticks, 'b', |_| ());
    let second = ticks.next();
    history.change(&ticks, 'c', |_| ());
    let third = ticks.next();
    assert_eq!(history.between(first, first), ['a']);
    assert_eq!(history.between(second, second), ['b']);
    assert_eq!(history.between(first, second), ['b', 'a']);
    assert_eq!(history.between(third, third), ['c']);
    assert_eq!(history.between(first + 1, first + 1), ['b', 'a'], "while it changes");
    assert_eq!(history.between(first, third), ['c', 'b', 'a']);
}
