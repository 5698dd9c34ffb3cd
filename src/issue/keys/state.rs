//! Keys in the order in which they sign, and which of them does now.

use super::STANDBY;
use crate::{jose::signing::SigningKey, keys::next_generation};

/// How long a key is published after its last token has expired, in seconds.
const AFTER: u64 = 15 * 60;

/// All keys that are not gone, in the order in which they sign.
pub(super) struct State {
    pub(super) keys: Vec<Dated>,
    pub(super) generation: u64,
}

#[derive(Clone)]
pub(super) struct Dated {
    pub(super) key: SigningKey,
    /// In seconds since 1970.
    pub(super) signs_from: u64,
}

impl Dated {
    pub(super) fn kid(&self) -> &str {
        self.key.kid()
    }

    fn is(&self, other: &Self) -> bool {
        let (one, two) = (self.key.verifying_key(), other.key.verifying_key());
        self.signs_from == other.signs_from && self.kid() == other.kid() && one.is_equivalent(&two)
    }
}

impl State {
    pub(super) fn new(mut keys: Vec<Dated>) -> Self {
        // Keys of the same second come in the same order on all nodes.
        keys.sort_by(|one, other| {
            (one.signs_from, one.kid()).cmp(&(other.signs_from, other.kid()))
        });
        Self { keys, generation: next_generation() }
    }

    /// Whether the keys are the same.
    pub(super) fn is(&self, other: &Self) -> bool {
        let same = |(one, other): (&Dated, &Dated)| one.is(other);
        self.keys.len() == other.keys.len() && self.keys.iter().zip(&other.keys).all(same)
    }

    /// The key that signs now.
    pub(super) fn active(&self, now: u64) -> Option<&Dated> {
        self.keys.get(self.active_at(now))
    }

    /// The key that signs next.
    pub(super) fn standby(&self, now: u64) -> Option<&Dated> {
        self.keys.get(self.active_at(now).saturating_add(1))
    }

    /// Whether the next key has to be made for one to sign every so often.
    pub(super) fn is_due(&self, every: u64, now: u64) -> bool {
        let since = self.active(now).map_or(0, |active| now.saturating_sub(active.signs_from));
        self.standby(now).is_none() && since.saturating_add(STANDBY) >= every
    }

    /// How many of the first keys are gone, where the longest token is good for so many seconds.
    pub(super) fn gone(&self, now: u64, longest: u64) -> usize {
        // A key signs until the next one does.
        let ends = self.keys.iter().skip(1).take(self.active_at(now)).map(|next| next.signs_from);
        let kept = longest.saturating_add(AFTER);
        ends.take_while(|end| now >= end.saturating_add(kept)).count()
    }

    /// The last key whose time has come, or the first one if the clock was set back before all.
    fn active_at(&self, now: u64) -> usize {
        let begun = self.keys.iter().take_while(|dated| dated.signs_from <= now).count();
        begun.saturating_sub(1)
    }
}
