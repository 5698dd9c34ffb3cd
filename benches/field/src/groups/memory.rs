//! What a verifier that remembers 100,000 tokens keeps for each of them.

use std::{
    fs,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use aws_lc_rs::hmac;
use http::StatusCode;
use tower_bearer::{
    Algorithm::RS256, SignatureError, SignatureVerifier, StaticKeys, TrustedIssuer, Verifier,
    VerifyingKey,
};

use crate::{
    app::{App, request},
    contender::guarded,
    groups::{Bench, Group},
    row::{Goal, Row, Value},
    world::{AUDIENCE, Algorithm, Failure, KIDS, Side},
};

pub(super) const GROUP: Group = Group {
    name: "memory",
    title: "Memory for each token that is remembered, of 100,000 tokens as long as those of RS256",
    run,
};

const TOKENS: usize = 100_000;
/// A little more, since a shard may get more than its share of the tokens.
const CAPACITY: usize = 105_000;
/// As many bytes as a signature of RSA-2048 has.
const SIGNATURE: usize = 256;

type Remember = fn(Verifier, usize) -> Verifier;

fn run(bench: &Bench<'_>) -> Result<Vec<Row>, Failure> {
    let side = bench.field(Algorithm::Rs256)?.side;
    let seal = Seal::new();
    let tokens = side.crowd_signed(TOKENS, |message| Ok(seal.sign(message)))?;
    let whole = Held::of(bench, side, &seal, &tokens, Verifier::cache)?;
    let digest = Held::of(bench, side, &seal, &tokens, Verifier::cache_by_digest)?;
    Ok([("tower-bearer, cached", whole, 1.75), ("tower-bearer, cached by digest", digest, 0.9)]
        .map(|(who, held, goal)| {
            let row = Row::new("memory for each cached token", who, Value::Kilobytes(held.each));
            let note = format!("claims read by the handler; {}", held.described());
            row.note(note).goal(Goal::AtMost(goal))
        })
        .to_vec())
}

/// What was kept for each token.
struct Held {
    /// In units of 1,000 bytes.
    each: f64,
    /// By how much the process grew, if the system tells.
    resident: Option<f64>,
    /// Alive as long as the others are measured: they would grow into its place.
    _app: App,
}

impl Held {
    fn of(
        bench: &Bench<'_>,
        side: &Side,
        seal: &Seal,
        tokens: &[String],
        remember: Remember,
    ) -> Result<Self, Failure> {
        let before = resident();
        let mut kept = Err("nothing was asked".into());
        let counted =
            allocation_counter::measure(|| kept = fill(bench, side, seal, tokens, remember));
        let app = kept?;
        let grown = resident().zip(before).map(|(after, before)| after - before);

        // All of them have to be there still: what was thrown out would count as kept.
        let checked = seal.asked();
        ask(bench, &app, tokens)?;
        match seal.asked() - checked {
            0 => {
                Ok(Self { each: each(counted.bytes_current), resident: grown.map(each), _app: app })
            }
            lost => Err(format!("{lost} of {TOKENS} tokens were forgotten").into()),
        }
    }

    fn described(&self) -> String {
        match self.resident {
            Some(resident) => format!("the process grew by {resident:.2} KB for each"),
            None => "how much the process grew is not known here".to_owned(),
        }
    }
}

/// Kilobytes for one token.
#[expect(clippy::cast_precision_loss, reason = "it is far below 2⁵²")]
fn each(bytes: i64) -> f64 {
    bytes as f64 / 1_000.0 / TOKENS as f64
}

fn fill(
    bench: &Bench<'_>,
    side: &Side,
    seal: &Seal,
    tokens: &[String],
    remember: Remember,
) -> Result<App, Failure> {
    let [kid, _] = KIDS;
    let key = VerifyingKey::from_verifier(RS256, seal.clone()).with_kid(kid);
    let issuer = TrustedIssuer::new(&side.issuer, AUDIENCE, StaticKeys::new([key])?);
    let app = guarded(remember(Verifier::new(issuer)?, CAPACITY));
    ask(bench, &app, tokens)?;
    Ok(app)
}

fn ask(bench: &Bench<'_>, app: &App, tokens: &[String]) -> Result<(), Failure> {
    bench.runtime.block_on(async {
        for token in tokens {
            let status = app.answer(&request(Some(token))?).await;
            if status != StatusCode::OK {
                return Err(format!("a good token is answered with {status}").into());
            }
        }
        Ok(())
    })
}

/// Signs as fast as a MAC, at the length of RSA: 100,000 real signatures take minutes.
#[derive(Clone)]
struct Seal {
    key: hmac::Key,
    asked: Arc<AtomicUsize>,
}

impl Seal {
    fn new() -> Self {
        let key = hmac::Key::new(hmac::HMAC_SHA256, b"a stand-in for the key of an issuer");
        Self { key, asked: Arc::default() }
    }

    fn sign(&self, message: &[u8]) -> Vec<u8> {
        hmac::sign(&self.key, message).as_ref().repeat(SIGNATURE / 32)
    }

    /// How many signatures were checked so far.
    fn asked(&self) -> usize {
        self.asked.load(Ordering::Relaxed)
    }
}

impl SignatureVerifier for Seal {
    fn verify(&self, message: &[u8], signature: &[u8]) -> Result<(), SignatureError> {
        self.asked.fetch_add(1, Ordering::Relaxed);
        if self.sign(message) == signature { Ok(()) } else { Err(SignatureError::Invalid) }
    }
}

/// What the process has in memory, in bytes.
fn resident() -> Option<i64> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kibibytes: i64 = line.trim().strip_suffix(" kB")?.parse().ok()?;
    Some(kibibytes * 1_024)
}
