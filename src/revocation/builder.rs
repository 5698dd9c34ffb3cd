use std::{
    fmt,
    sync::{Arc, Mutex, RwLock, atomic::AtomicBool},
    time::Duration,
};

use super::{
    Inner, RevocationLog, Revocations,
    follow::{self, Following},
    recent::Recent,
};
use crate::{
    clock::{Clock, SystemClock},
    error::ConfigError,
};

/// Settings of [`Revocations`].
#[must_use = "settings do nothing until they are built"]
pub struct RevocationsBuilder {
    issuer: String,
    longest: Duration,
    leeway: Duration,
    stale_for: Duration,
    clock: Arc<dyn Clock>,
    log: Option<Arc<dyn RevocationLog>>,
}

impl RevocationsBuilder {
    pub(super) fn new(issuer: String, longest: Duration) -> Self {
        Self {
            issuer,
            longest,
            leeway: Duration::from_secs(60),
            stale_for: Duration::from_secs(30),
            clock: Arc::new(SystemClock),
            log: None,
        }
    }

    /// As the issuer's [leeway](crate::TrustedIssuer::leeway): 60 s. A token is good for so much longer, and entries are kept for it.
    pub fn leeway(mut self, leeway: Duration) -> Self {
        self.leeway = leeway;
        self
    }

    /// Asks this clock for the time.
    pub fn clock(mut self, clock: impl Clock) -> Self {
        self.clock = Arc::new(clock);
        self
    }

    /// Writes entries down here, and reads them from here: at once, every 5 s, and whenever the log says so.
    ///
    /// Until it was read for the first time, and once it was out of reach for 30 s, nobody knows what is revoked: requests are
    /// answered with 503.
    pub fn log(mut self, log: impl RevocationLog) -> Self {
        self.log = Some(Arc::new(log));
        self
    }

    /// For how long what is known is taken for what there is while the log is out of reach, in place of 30 s. A token that was revoked on another node in
    /// the meantime is good here for so long.
    pub fn accept_while_stale(mut self, stale_for: Duration) -> Self {
        self.stale_for = stale_for;
        self
    }

    /// The set. With a log it begins to read it, on the tokio runtime this is called in.
    ///
    /// # Errors
    ///
    /// The issuer is empty, or its tokens live for no time; what is known would be too old before it is read again; or there is a log and no runtime.
    pub fn build(self) -> Result<Revocations, ConfigError> {
        let Self { issuer, longest, leeway, stale_for, clock, log } = self;
        if issuer.is_empty() {
            return Err(ConfigError::new("the issuer is empty: name it as its tokens do in `iss`"));
        }
        if longest.is_zero() {
            return Err(ConfigError::new(
                "tokens that live for no time need no revocation: say how long the longest lives",
            ));
        }
        if stale_for < follow::EVERY.saturating_mul(2) {
            return Err(ConfigError::new(
                "a log is read every 5 s: what is known cannot be taken for too old before 10 s",
            ));
        }
        let following = log.map(|log| Following::new(log, stale_for));
        let inner = Arc::new(Inner {
            issuer: issuer.into(),
            longest,
            leeway,
            clock,
            set: RwLock::default(),
            used: AtomicBool::new(false),
            ahead: Mutex::default(),
            following,
            recent: Mutex::new(Recent::new()),
            readers: Mutex::default(),
        });
        if inner.following.is_some() {
            follow::begin(&inner)?;
        }
        Ok(Revocations(inner))
    }
}

impl fmt::Debug for RevocationsBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RevocationsBuilder").field("issuer", &self.issuer).finish_non_exhaustive()
    }
}
