use std::{collections::HashMap, time::Duration};

use tokio::time::Instant;

use super::settings::Settings;

/// When a source may be asked, and what is known while it may not: decisions without I/O.
pub(super) struct Schedule {
    bucket: Bucket,
    failures: u32,
    retry_at: Option<Instant>,
    /// When the last good answer was asked for.
    last_good: Option<Instant>,
    refresh_at: Option<Instant>,
    /// Names of keys that a fetch of their own did not find, hashed, and until when that is believed.
    absent: HashMap<u64, Instant>,
}

/// What to do about keys that are not at hand.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// There is no such key.
    Absent,
    /// Ask the source.
    Fetch,
    /// Nobody can know; it is worth asking again after this time.
    Unavailable(Duration),
}

/// Tokens of which each allows one fetch that a stranger may have caused.
struct Bucket {
    tokens: u32,
    refilled: Instant,
}

impl Schedule {
    pub(super) fn new(settings: &Settings, now: Instant) -> Self {
        Self {
            bucket: Bucket { tokens: settings.forced_burst.get(), refilled: now },
            failures: 0,
            retry_at: None,
            last_good: None,
            refresh_at: None,
            absent: HashMap::new(),
        }
    }

    /// There are no keys at all.
    pub(super) fn on_empty(&self, now: Instant) -> Verdict {
        match self.backing_off(now) {
            Some(rest) => Verdict::Unavailable(rest),
            None => Verdict::Fetch,
        }
    }

    /// There are keys, but not the one that a token names.
    pub(super) fn on_unknown(&mut self, settings: &Settings, now: Instant) -> Verdict {
        let backing_off = self.backing_off(now);
        if backing_off.is_none() && self.bucket.take(settings, now) {
            return Verdict::Fetch;
        }
        let next = backing_off.unwrap_or_else(|| self.bucket.next(settings, now));
        self.without_fetch(settings, now, next)
    }

    /// The same once nothing more may be fetched for this token.
    pub(super) fn without_fetch(
        &self,
        settings: &Settings,
        now: Instant,
        next: Duration,
    ) -> Verdict {
        let certain = |asked: Instant| now.saturating_duration_since(asked) <= settings.certain_for;
        if self.last_good.is_some_and(certain) {
            return Verdict::Absent;
        }
        Verdict::Unavailable(next)
    }

    /// Whether a fetch made for this name has lately found no such key.
    pub(super) fn is_absent(&self, kid: u64, now: Instant) -> bool {
        self.absent.get(&kid).is_some_and(|until| now < *until)
    }

    /// A fetch made for this name found no such key.
    pub(super) fn remember_absent(&mut self, kid: u64, settings: &Settings, now: Instant) {
        if self.absent.len() >= settings.absent_capacity {
            self.absent.retain(|_, until| now < *until);
        }
        if self.absent.len() < settings.absent_capacity {
            self.absent.insert(kid, now.checked_add(settings.absent_for).unwrap_or(now));
        }
    }

    /// A good answer to a question asked at `sent`. Strangers can cause `forced` ones: these bring the
    /// next refresh forward at most, and never put it off.
    pub(super) fn good(&mut self, sent: Instant, fresh: Duration, forced: bool) {
        self.failures = 0;
        self.retry_at = None;
        self.last_good = Some(sent);
        let next = sent.checked_add(fresh.mul_f64(jittered(0.8))).unwrap_or(sent);
        self.refresh_at = Some(match self.refresh_at {
            Some(planned) if forced => planned.min(next),
            _ => next,
        });
    }

    /// The set is another one, which may have what the older ones had not.
    pub(super) fn new_set(&mut self) {
        self.absent.clear();
    }

    /// No good answer to a question asked at `sent`.
    pub(super) fn failed(&mut self, sent: Instant, settings: &Settings) {
        let (first, last) = settings.backoff.clone().into_inner();
        let doubled =
            first.saturating_mul(1_u32.checked_shl(self.failures.min(30)).unwrap_or(u32::MAX));
        let wait = doubled.min(last).mul_f64(jittered(1.0)).min(last);
        self.failures = self.failures.saturating_add(1);
        self.retry_at = Some(sent.checked_add(wait).unwrap_or(sent));
    }

    /// When the keys are to be asked for again, whether or not a request needs them.
    pub(super) fn next(&self) -> Option<Instant> {
        self.retry_at.max(self.refresh_at)
    }

    /// Nothing is planned any more.
    pub(super) fn retire(&mut self) {
        self.refresh_at = None;
        self.retry_at = None;
        self.failures = 0;
    }

    pub(super) fn last_good(&self) -> Option<Instant> {
        self.last_good
    }

    fn backing_off(&self, now: Instant) -> Option<Duration> {
        let rest = self.retry_at?.saturating_duration_since(now);
        (!rest.is_zero()).then_some(rest)
    }
}

impl Bucket {
    fn take(&mut self, settings: &Settings, now: Instant) -> bool {
        self.refill(settings, now);
        let Some(left) = self.tokens.checked_sub(1) else { return false };
        self.tokens = left;
        true
    }

    fn refill(&mut self, settings: &Settings, now: Instant) {
        let full = settings.forced_burst.get();
        while self.tokens < full {
            let Some(next) = self.refilled.checked_add(settings.forced_every) else { return };
            if now < next {
                return;
            }
            self.tokens = self.tokens.saturating_add(1);
            self.refilled = next;
        }
        self.refilled = now;
    }

    /// In how long there is a token again.
    fn next(&self, settings: &Settings, now: Instant) -> Duration {
        let next = self.refilled.checked_add(settings.forced_every).unwrap_or(now);
        next.saturating_duration_since(now)
    }
}

/// Up to a tenth more or less, so that a thousand nodes that started together do not ask together.
fn jittered(factor: f64) -> f64 {
    factor * (0.9 + 0.2 * fastrand::f64())
}

#[cfg(test)]
mod tests;
