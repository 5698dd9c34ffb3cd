use std::{
    sync::{
        Arc,
        atomic::{AtomicI64, AtomicU8, AtomicUsize, Ordering},
    },
    time::{Duration, SystemTime},
};

use tower_bearer::{Clock, Revocation, RevocationCheck, VerifiedToken};

use super::clock;

/// A clock that is set by hand, in seconds from the time of all tests on.
#[derive(Clone, Default)]
pub(crate) struct Hand(Arc<AtomicI64>);

impl Hand {
    pub(crate) fn set(&self, seconds: i64) {
        self.0.store(seconds, Ordering::SeqCst);
    }
}

impl Clock for Hand {
    fn now(&self) -> SystemTime {
        let seconds = self.0.load(Ordering::SeqCst);
        let by = Duration::from_secs(seconds.unsigned_abs());
        if seconds < 0 { clock() - by } else { clock() + by }
    }
}

/// A check that says what it is told to say, and counts.
#[derive(Clone, Default)]
pub(crate) struct Told(Arc<(AtomicU8, AtomicUsize)>);

impl Told {
    pub(crate) fn say(&self, answer: Revocation) {
        let code = match answer {
            Revocation::Good => 0,
            Revocation::Revoked => 1,
            _ => 2,
        };
        self.0.0.store(code, Ordering::SeqCst);
    }

    pub(crate) fn asked(&self) -> usize {
        self.0.1.load(Ordering::SeqCst)
    }
}

impl RevocationCheck for Told {
    fn check(&self, _: &VerifiedToken) -> Revocation {
        self.0.1.fetch_add(1, Ordering::SeqCst);
        match self.0.0.load(Ordering::SeqCst) {
            0 => Revocation::Good,
            1 => Revocation::Revoked,
            _ => Revocation::Unknown,
        }
    }
}
