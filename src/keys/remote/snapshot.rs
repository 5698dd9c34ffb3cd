use std::{collections::HashSet, sync::Arc, time::Duration};

use tokio::time::Instant;

use super::source::Published;
use crate::keys::{next_generation, set::KeySet};

/// The set that requests are judged by.
#[derive(Clone)]
pub(super) struct Snapshot {
    pub(super) keys: Arc<KeySet>,
    pub(super) published: Arc<Published>,
    /// Changes whenever the keys do.
    pub(super) generation: u64,
    /// Stale or not, until then it counts.
    pub(super) usable_until: Instant,
}

impl Snapshot {
    /// Without the keys of these names. It is a generation of its own.
    pub(super) fn new(
        published: Arc<Published>,
        forgotten: &HashSet<Box<str>>,
        usable_until: Instant,
    ) -> Self {
        let trusted = published
            .keys
            .iter()
            .filter(|key| !key.kid().is_some_and(|kid| forgotten.contains(kid)));
        let keys = Arc::new(KeySet::new(trusted.cloned()));
        Self { keys, published, generation: next_generation(), usable_until }
    }

    pub(super) fn is_usable(&self, now: Instant) -> bool {
        now < self.usable_until
    }
}

/// Until when a set counts that was asked for at `sent`.
pub(super) fn usable_until(sent: Instant, fresh: Duration, stale: Duration) -> Instant {
    sent.checked_add(fresh.saturating_add(stale)).unwrap_or(sent)
}
