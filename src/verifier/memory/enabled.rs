use super::Remembered;
use crate::{cache::TokenCache, telemetry::count};

#[derive(Debug)]
pub(in super::super) struct Memory(Option<TokenCache<Remembered>>);

impl Memory {
    pub(in super::super) fn none() -> Self {
        Self(None)
    }

    pub(in super::super) fn of(cache: Option<TokenCache<Remembered>>) -> Self {
        Self(cache)
    }

    pub(in super::super) fn is_on(&self) -> bool {
        self.0.is_some()
    }

    pub(in super::super) fn get(&self, token: &[u8]) -> Option<Remembered> {
        self.0.as_ref()?.get(token)
    }

    /// What a look-up came to.
    pub(in super::super) fn count(&self, outcome: &'static str) {
        if self.is_on() {
            count::lookup(outcome);
        }
    }

    pub(in super::super) fn keep(&self, token: &[u8], remembered: Remembered) {
        if let Some(cache) = &self.0 {
            cache.insert(token, remembered);
        }
    }

    pub(in super::super) fn forget(&self, token: &[u8]) {
        if let Some(cache) = &self.0 {
            cache.remove(token);
        }
    }
}
