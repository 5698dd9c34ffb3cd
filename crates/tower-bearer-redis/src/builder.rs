use std::{fmt, sync::Arc, time::Duration};

use redis::Client;
use tower_bearer::{Clock, ConfigError};

use crate::{doctor, keys::Keys, line, store::RedisStore};

/// What can be set about a [`RedisStore`].
#[derive(Clone)]
#[must_use]
pub struct RedisStoreBuilder {
    client: Client,
    prefix: String,
    timeout: Duration,
    clock: Option<Arc<dyn Clock>>,
}

impl RedisStoreBuilder {
    pub(crate) fn new(client: Client) -> Self {
        let (prefix, timeout) = ("tower-bearer".to_owned(), Duration::from_secs(1));
        Self { client, prefix, timeout, clock: None }
    }

    /// What the name of each key begins with, in braces; `tower-bearer` by default. Stores with other prefixes see nothing of each other: give each issuer one of
    /// its own. 1 to 64 letters, digits and signs of ASCII, without braces.
    pub fn prefix(mut self, prefix: impl Into<String>) -> Self {
        self.prefix = prefix.into();
        self
    }

    /// How long an answer may take, a new connection included; 1 s by default. Of a log it is that of each page.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// For tests: a clock that counts instead of the server's.
    pub fn clock(mut self, clock: impl Clock) -> Self {
        self.clock = Some(Arc::new(clock));
        self
    }

    /// Connects, and looks the server over: what is [doubtful or wrong](RedisStore::doctor) is logged.
    ///
    /// # Errors
    ///
    /// The server cannot be reached, is older than 7.0, takes no writes, does not tell what is published, or does not let this user do what is needed; or the prefix cannot
    /// be used.
    pub async fn connect(self) -> Result<RedisStore, ConfigError> {
        let store = self.connect_lazy()?;
        store.is_looked_over();
        let report = store.examine().await;
        if let Some(error) = report.hopeless {
            return Err(error);
        }
        doctor::say(&report.checkup);
        Ok(store)
    }

    /// Connects when something is asked, for services that would rather start, and answer 503 for as long as there is no server. The server is looked over once it has
    /// answered.
    ///
    /// # Errors
    ///
    /// The prefix or the timeout cannot be used.
    pub fn connect_lazy(self) -> Result<RedisStore, ConfigError> {
        let Self { client, prefix, timeout, clock } = self;
        if timeout.is_zero() {
            return Err(ConfigError::new("no answer comes at once: give `timeout` some time"));
        }
        let client = line::prepared(&client)
            .map_err(|fault| ConfigError::because("this client cannot be used", fault))?;
        let database = client.get_connection_info().redis_settings().db();
        Ok(RedisStore::new(client, Keys::new(&prefix, database)?, timeout, clock))
    }
}

/// Shows no password.
impl fmt::Debug for RedisStoreBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { prefix, timeout, .. } = self;
        f.debug_struct("RedisStoreBuilder")
            .field("prefix", prefix)
            .field("timeout", timeout)
            .finish_non_exhaustive()
    }
}
