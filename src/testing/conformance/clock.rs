use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use crate::clock::Clock;

/// The clock of a store that is tested: it stands still until the suite sets it, forward or back. Clones are the same clock.
#[derive(Clone, Debug)]
pub struct TestClock(Arc<AtomicU64>);

/// Some time in 2023, in milliseconds since 1970, that is no whole second.
const BEGINNING: u64 = 1_700_000_000_123;

impl TestClock {
    pub(super) fn new() -> Self {
        Self(Arc::new(AtomicU64::new(BEGINNING)))
    }

    /// In milliseconds since 1970.
    pub(super) fn millis(&self) -> u64 {
        self.0.load(Ordering::SeqCst)
    }

    pub(super) fn set(&self, millis: u64) {
        self.0.store(millis, Ordering::SeqCst);
    }

    pub(super) fn forward(&self, by: Duration) {
        self.set(self.millis().saturating_add(in_millis(by)));
    }

    pub(super) fn back(&self, by: Duration) {
        self.set(self.millis().saturating_sub(in_millis(by)));
    }
}

pub(super) fn in_millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

impl Clock for TestClock {
    fn now(&self) -> SystemTime {
        UNIX_EPOCH.checked_add(Duration::from_millis(self.millis())).unwrap_or(UNIX_EPOCH)
    }
}
