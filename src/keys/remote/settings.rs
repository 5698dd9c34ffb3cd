use std::{num::NonZeroU32, ops::RangeInclusive, time::Duration};

use crate::error::ConfigError;

/// Every number of [`RemoteJwks`](super::RemoteJwks). What each is stands at the builder's methods.
#[derive(Clone)]
pub(super) struct Settings {
    pub(super) absent_capacity: usize,
    pub(super) absent_for: Duration,
    pub(super) backoff: RangeInclusive<Duration>,
    pub(super) certain_for: Duration,
    pub(super) connect_timeout: Option<Duration>,
    pub(super) forced_burst: NonZeroU32,
    pub(super) forced_every: Duration,
    pub(super) fresh_for: Duration,
    pub(super) fresh_within: RangeInclusive<Duration>,
    pub(super) idle_after: Duration,
    pub(super) max_body: usize,
    pub(super) max_keys: usize,
    pub(super) max_waiting: usize,
    pub(super) stale_for: Duration,
    pub(super) timeout: Duration,
}

const MINUTE: Duration = Duration::from_secs(60);
const HOUR: Duration = Duration::from_secs(60 * 60);
const MONTH: Duration = Duration::from_secs(30 * 24 * 60 * 60);

impl Default for Settings {
    fn default() -> Self {
        Self {
            absent_capacity: 256,
            absent_for: Duration::from_secs(15),
            backoff: Duration::from_secs(1)..=MINUTE,
            certain_for: Duration::from_secs(30),
            connect_timeout: None,
            forced_burst: NonZeroU32::MIN.saturating_add(1),
            forced_every: Duration::from_secs(15),
            fresh_for: Duration::from_secs(5 * 60),
            fresh_within: MINUTE..=HOUR,
            idle_after: HOUR,
            max_body: 256 * 1024,
            max_keys: 100,
            max_waiting: 1024,
            stale_for: HOUR,
            timeout: Duration::from_secs(5),
        }
    }
}

impl Settings {
    /// No number may be zero where that would switch off what it bounds.
    pub(super) fn check(&self) -> Result<(), ConfigError> {
        let Self { backoff, fresh_within, .. } = self;
        let durations = [
            ("absent_for", self.absent_for),
            ("backoff", *backoff.start()),
            ("connect_timeout", self.connect_timeout.unwrap_or(self.timeout)),
            ("forced_fetches", self.forced_every),
            ("fresh_for", self.fresh_for),
            ("fresh_within", *fresh_within.start()),
            ("idle_after", self.idle_after),
            ("timeout", self.timeout),
        ];
        let counts = [
            ("max_body", self.max_body),
            ("max_keys", self.max_keys),
            ("max_waiting", self.max_waiting),
        ];
        let zero =
            durations.into_iter().find(|(_, duration)| duration.is_zero()).map(|(name, _)| name);
        if let Some(name) = zero.or(counts.into_iter().find(|(_, n)| *n == 0).map(|(name, _)| name))
        {
            return Err(ConfigError::new(format!("`{name}` of the remote keys must not be zero")));
        }
        if let Some(name) = [("backoff", backoff), ("fresh_within", fresh_within)]
            .into_iter()
            .find_map(|(name, range)| range.is_empty().then_some(name))
        {
            return Err(ConfigError::new(format!(
                "`{name}` of the remote keys must begin before it ends"
            )));
        }
        if self.forced_burst.get() > 1000 {
            return Err(ConfigError::new(
                "`forced_fetches` of the remote keys lets strangers cause a thousand at once: lower it",
            ));
        }
        let longest =
            [self.stale_for, self.idle_after, *fresh_within.end(), self.fresh_for, *backoff.end()];
        if longest.into_iter().any(|duration| duration > MONTH) {
            return Err(ConfigError::new(
                "remote keys that nobody asked for in a month are no longer anybody's: shorten the times",
            ));
        }
        Ok(())
    }
}
