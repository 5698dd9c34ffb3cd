//! Issuers that a resolver knows: tenants from a database, asked for when their tokens come.

mod answers;
mod flight;
mod memory;
mod operating;
mod panics;
mod screening;

use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use serde_json::{Value, json};
use tokio::sync::Semaphore;
use tower_bearer::{
    Algorithm, IssuerError, IssuerResolver, Lookup, StaticKeys, TokenErrorKind, TrustedIssuer,
    VerifiedToken, Verifier,
};

use crate::support::{AUDIENCE, App, NOW, app_of, json_token, key, verifiers};

type Answer = Result<Option<TrustedIssuer>, IssuerError>;

const ACME: &str = "https://acme.example";
const BETA: &str = "https://beta.example";

/// Tenants whose table, clock and door the test holds in its hands.
#[derive(Clone)]
struct Tenants {
    answer: Arc<dyn Fn(&str) -> Answer + Send + Sync>,
    asked: Arc<Mutex<Vec<String>>>,
    time: Arc<AtomicU64>,
    /// Each answer takes a permit.
    door: Arc<Semaphore>,
}

impl Tenants {
    fn new(answer: impl Fn(&str) -> Answer + Send + Sync + 'static) -> Self {
        Self {
            answer: Arc::new(answer),
            asked: Arc::default(),
            time: Arc::new(AtomicU64::new(NOW)),
            door: Arc::new(Semaphore::new(Semaphore::MAX_PERMITS)),
        }
    }

    /// These tenants and no others, all with the key of ES256.
    fn of<const N: usize>(names: [&'static str; N]) -> Self {
        Self::new(move |iss| Ok(names.contains(&iss).then(|| tenant(iss))))
    }

    /// Nobody gets an answer before [`open`](Self::open).
    fn closed(self) -> Self {
        self.door.forget_permits(Semaphore::MAX_PERMITS);
        self
    }

    fn open(&self, answers: usize) {
        self.door.add_permits(answers);
    }

    fn at(&self, seconds: u64) {
        self.time.store(seconds, Ordering::SeqCst);
    }

    /// The names that were asked for since the last time.
    fn asked(&self) -> Vec<String> {
        std::mem::take(&mut self.asked.lock().unwrap())
    }

    fn verifier(&self) -> Verifier {
        verifiers::dynamic(self.clone())
    }

    async fn app(&self) -> App {
        app_of(self.verifier()).await
    }
}

impl IssuerResolver for Tenants {
    fn resolve(&self, iss: &str) -> Lookup<Answer> {
        self.asked.lock().unwrap().push(iss.to_owned());
        let clock = {
            let time = Arc::clone(&self.time);
            move || UNIX_EPOCH + Duration::from_secs(time.load(Ordering::SeqCst))
        };
        let answer = (self.answer)(iss).map(|found| found.map(|issuer| issuer.clock(clock)));
        let door = Arc::clone(&self.door);
        Lookup::pending(async move {
            door.acquire().await.unwrap().forget();
            answer
        })
    }

    fn now(&self) -> SystemTime {
        UNIX_EPOCH + Duration::from_secs(self.time.load(Ordering::SeqCst))
    }
}

fn tenant(name: &str) -> TrustedIssuer {
    TrustedIssuer::new(
        name,
        AUDIENCE,
        StaticKeys::new([key(Algorithm::ES256).verifying()]).unwrap(),
    )
}

/// A token of this issuer, good but for what is changed.
fn token_of(iss: &str, header: &Value, claims: &Value) -> String {
    let mut all = json!({ "iss": iss });
    all.as_object_mut().unwrap().extend(claims.as_object().unwrap().clone());
    json_token(Algorithm::ES256, header, &all).compact()
}

fn good(iss: &str) -> String {
    token_of(iss, &json!({}), &json!({}))
}

/// A stranger's token: right in all that can be seen without a key.
fn forged(iss: &str) -> String {
    json_token(Algorithm::ES256, &json!({}), &json!({ "iss": iss })).with_signature(&[7; 64])
}

async fn verify(verifier: &Verifier, token: &str) -> Result<String, TokenErrorKind> {
    match verifier.verify(token).await {
        Ok(token) => Ok(VerifiedToken::issuer(&token).to_owned()),
        Err(error) => Err(error.kind()),
    }
}
