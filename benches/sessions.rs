//! What renewing costs, and what a million revocations do:
//!
//! ```sh
//! cargo bench --bench sessions --features redb
//! ```
//!
//! Renewals are whole ones: a token is read and checked, the store decides, an access token is signed (ES256). Look-ups are those
//! that each request pays, for tokens of a thousand sessions in turn, none of which is revoked: all maps are asked.

#![expect(clippy::unwrap_used, reason = "a benchmark ends where something is wrong")]
#![expect(clippy::disallowed_methods, reason = "a benchmark measures time")]
#![expect(clippy::cast_precision_loss, reason = "numbers that are printed")]

use std::{
    hint::black_box,
    time::{Duration, Instant},
};

use tower_bearer::{
    Algorithm, Grant, Issuer, MemoryStore, RefreshKeys, Revocation, RevocationCheck, Revocations,
    Session, SessionStore, Sessions, SigningKeys, VerifiedToken,
};

const ISSUER: &str = "https://issuer.example";
const AUDIENCE: &str = "https://api.example";
const REVOKED: usize = 1_000_000;
const ASKED: usize = 1000;
const RUNS: usize = 200;

fn issuer() -> Issuer {
    Issuer::new(ISSUER, AUDIENCE, "web", SigningKeys::generate(Algorithm::ES256).unwrap()).unwrap()
}

fn sessions<S: SessionStore>(store: S) -> Sessions<S> {
    Sessions::new(issuer(), store, RefreshKeys::new([7; 32]).unwrap()).unwrap()
}

/// Renews one session so often.
async fn renew<S: SessionStore>(sessions: Sessions<S>, times: usize) {
    let mut pair = sessions.start("ada", &Grant::new()).await.unwrap();
    for _ in 0..times {
        let grant = async |_: Session| Ok(Grant::new());
        pair = sessions.renew(pair.refresh_token(), grant).await.unwrap();
    }
}

async fn renewals<S: SessionStore>(name: &str, store: S) {
    let sessions = sessions(store);
    for (in_flight, times) in [(1, 2000), (50, 200)] {
        let began = Instant::now();
        let clients: Vec<_> =
            (0..in_flight).map(|_| tokio::spawn(renew(sessions.clone(), times))).collect();
        for client in clients {
            client.await.unwrap();
        }
        let rate = (in_flight * times) as f64 / began.elapsed().as_secs_f64();
        println!("{name}, {in_flight} in flight: {rate:.0} renewals a second");
    }
}

#[cfg(feature = "redb")]
async fn renewals_in_a_file() {
    let folder = std::path::Path::new(env!("CARGO_TARGET_TMPDIR"));
    let file = folder.join(format!("bench-{}.redb", std::process::id()));
    renewals("redb", tower_bearer::RedbStore::open(&file).unwrap()).await;
    std::fs::remove_file(file).unwrap();
}

/// As many tokens as there are sessions.
async fn tokens() -> Vec<VerifiedToken> {
    let sessions = sessions(MemoryStore::new());
    let verifier = sessions.issuer().verifier().unwrap();
    let mut tokens = Vec::new();
    for number in 0..ASKED {
        let pair = sessions.start(format!("user {number}"), &Grant::new()).await.unwrap();
        tokens.push(verifier.verify(pair.access_token().as_str()).await.unwrap());
    }
    tokens
}

/// Names as sessions and tokens have them: 22 characters.
fn name(number: usize) -> String {
    format!("{:022x}", (number as u128).wrapping_mul(0x9e37_79b9_7f4a_7c15_f39c))
}

/// Two sessions, two tokens and one subject in five.
fn revoke(revocations: &Revocations, count: usize) {
    for number in 0..count {
        // Each counts here at once, whether or not it is awaited.
        match number % 5 {
            0 | 1 => drop(revocations.revoke_session(&name(number))),
            2 | 3 => drop(revocations.revoke_token(&name(number))),
            _ => drop(revocations.revoke_subject(&name(number))),
        }
    }
}

/// Nanoseconds for each look-up.
fn look_ups(revocations: &Revocations, tokens: &[VerifiedToken]) -> f64 {
    let mut times: Vec<_> = (0..RUNS)
        .map(|_| {
            let began = Instant::now();
            for token in tokens {
                assert_eq!(black_box(revocations.check(token)), Revocation::Good);
            }
            began.elapsed().as_secs_f64() * 1e9 / tokens.len() as f64
        })
        .collect();
    times.sort_by(f64::total_cmp);
    times.get(RUNS / 2).copied().unwrap()
}

async fn revocations() {
    let tokens = tokens().await;
    for count in [0, 1, 1000, REVOKED] {
        let revocations = Revocations::new(ISSUER, Duration::from_secs(900)).unwrap();
        let taken = allocation_counter::measure(|| revoke(&revocations, count));
        assert_eq!(revocations.len(), count);
        let each = taken.bytes_current as f64 / count.max(1) as f64;
        let time = look_ups(&revocations, &tokens);
        println!("{count} revocations: {each:.0} bytes each, {time:.0} ns a look-up");
    }
}

#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
async fn main() {
    renewals("memory", MemoryStore::new()).await;
    #[cfg(feature = "redb")]
    renewals_in_a_file().await;
    revocations().await;
}
