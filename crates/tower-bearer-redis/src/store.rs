use std::{
    fmt,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, UNIX_EPOCH},
};

use redis::Client;
use tower_bearer::{Checkup, Clock, ConfigError};

use crate::{
    builder::RedisStoreBuilder,
    doctor::{self, Doctor},
    fault::Fault,
    keys::Keys,
    line::Line,
    scripts::Scripts,
};

/// Sessions and revocations on a Redis server, for services on several machines.
///
/// It is asked within a tokio runtime. A clone is one reference count and shares everything. `Debug` shows nothing of what is in it, and no URL.
#[derive(Clone)]
pub struct RedisStore(Arc<Inner>);

struct Inner {
    client: Client,
    keys: Keys,
    scripts: Scripts,
    clock: Option<Arc<dyn Clock>>,
    patience: Duration,
    /// A long reading of the log holds up no renewal.
    sessions: Line,
    log: Line,
    was_looked_over: AtomicBool,
}

/// The latest time that scripts can reckon with, in milliseconds since 1970.
const LAST: u64 = 1 << 52;

impl RedisStore {
    /// Connects to the server at this URL, as in `redis://user:password@host:6379/0`, with all that can be set as it is by default. What its check-up finds
    /// [doubtful or wrong](Self::doctor) is logged.
    ///
    /// # Errors
    ///
    /// As [`RedisStoreBuilder::connect`].
    pub async fn connect(url: &str) -> Result<Self, ConfigError> {
        let client = Client::open(url).map_err(|error| {
            let lacks_tls = url.starts_with("rediss:") && cfg!(not(feature = "rustls"));
            let what = if lacks_tls {
                "rediss:// needs the feature `rustls` of tower-bearer-redis"
            } else {
                "this is no URL of Redis: one is redis://user:password@host:6379/0"
            };
            ConfigError::because(what, Fault::from(error))
        })?;
        Self::builder(client).connect().await
    }

    /// A store on the server of this client, of which more can be set.
    pub fn builder(client: Client) -> RedisStoreBuilder {
        RedisStoreBuilder::new(client)
    }

    pub(crate) fn new(
        client: Client,
        keys: Keys,
        patience: Duration,
        clock: Option<Arc<dyn Clock>>,
    ) -> Self {
        let line = || Line::new(client.clone(), keys.channel.as_bytes(), patience);
        Self(Arc::new(Inner {
            sessions: line(),
            log: line(),
            client,
            keys,
            scripts: Scripts::new(),
            clock,
            patience,
            was_looked_over: AtomicBool::new(false),
        }))
    }

    /// What is right, doubtful and wrong about the server: its version, what it does when its memory is full, what of its data outlives a crash, whether it
    /// takes writes and tells of them, and its clock. It asks over a connection of its own, and writes to keys of its own, which do not stay.
    ///
    /// A server that cannot be reached is a finding, too.
    pub async fn doctor(&self) -> Checkup {
        self.examine().await.checkup
    }

    pub(crate) async fn examine(&self) -> doctor::Report {
        let Inner { client, keys, scripts, patience, clock, .. } = &*self.0;
        let has_clock = clock.is_some();
        Doctor { client, keys, scripts, patience: *patience, has_clock }.examine().await
    }

    /// Whoever did not wait for the server is told what is wrong about it once it answers.
    pub(crate) fn look_over(&self) {
        if self.0.was_looked_over.swap(true, Ordering::Relaxed) {
            return;
        }
        let store = self.clone();
        tokio::spawn(async move { doctor::say(&store.examine().await.checkup) });
    }

    pub(crate) fn is_looked_over(&self) {
        self.0.was_looked_over.store(true, Ordering::Relaxed);
    }

    /// The time, where the server's does not count.
    pub(crate) fn time(&self) -> String {
        let Some(clock) = &self.0.clock else { return String::new() };
        let now = clock.now().duration_since(UNIX_EPOCH).unwrap_or_default().as_millis();
        u64::try_from(now).unwrap_or(u64::MAX).min(LAST).to_string()
    }

    pub(crate) fn keys(&self) -> &Keys {
        &self.0.keys
    }

    pub(crate) fn scripts(&self) -> &Scripts {
        &self.0.scripts
    }

    pub(crate) fn line(&self) -> &Line {
        &self.0.sessions
    }

    pub(crate) fn log_line(&self) -> &Line {
        &self.0.log
    }
}

impl fmt::Debug for RedisStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RedisStore(..)")
    }
}
