use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use crate::clock::Clock;

/// A clock that stands still until it is set, forward or back. Clones are the same clock: give one to
/// [`SigningKeysBuilder::clock`](crate::SigningKeysBuilder::clock) and one to the store, and a test decides how old tokens and sessions are.
///
/// ```
/// use std::time::Duration;
/// use tower_bearer::{
///     Algorithm, Grant, Issuer, MemoryStore, RefreshKeys, Sessions, SigningKeys, testing::TestClock,
/// };
///
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let clock = TestClock::new();
/// let keys = SigningKeys::builder(Algorithm::ES256).clock(clock.clone()).build()?;
/// let issuer = Issuer::new("https://login.example", "https://api.example", "web", keys)?;
/// let store = MemoryStore::with_clock(clock.clone());
/// let sessions = Sessions::new(issuer.clone(), store, RefreshKeys::new([7; 32])?)?;
///
/// let pair = sessions.start("ada", &Grant::new()).await?;
/// sessions.renew(pair.refresh_token(), async |_| Ok(Grant::new())).await?;
/// clock.forward(Duration::from_secs(31));                 // the grace is over: that token was stolen
/// let error = sessions.renew(pair.refresh_token(), async |_| Ok(Grant::new())).await.unwrap_err();
/// assert_eq!(error.kind().code(), "reused");
/// assert!(issuer.verifier()?.verify(pair.access_token().as_str()).await.is_err());
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct TestClock(Arc<AtomicU64>);

/// Some time in 2023, in milliseconds since 1970, that is no whole second.
const BEGINNING: u64 = 1_700_000_000_123;

impl TestClock {
    /// A clock that shows some time in 2023.
    pub fn new() -> Self {
        Self(Arc::new(AtomicU64::new(BEGINNING)))
    }

    /// In milliseconds since 1970.
    pub(super) fn millis(&self) -> u64 {
        self.0.load(Ordering::SeqCst)
    }

    /// Sets it, in milliseconds since 1970.
    pub fn set(&self, millis: u64) {
        self.0.store(millis, Ordering::SeqCst);
    }

    /// Sets it forward.
    pub fn forward(&self, by: Duration) {
        self.set(self.millis().saturating_add(in_millis(by)));
    }

    /// Sets it back.
    pub fn back(&self, by: Duration) {
        self.set(self.millis().saturating_sub(in_millis(by)));
    }
}

impl Default for TestClock {
    fn default() -> Self {
        Self::new()
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
