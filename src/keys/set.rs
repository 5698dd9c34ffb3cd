use std::collections::HashMap;

use crate::jose::{algorithm::Algorithm, key::VerifyingKey};

/// The keys of a remote set, to be found by name. Here a key without a name answers to no `kid`.
pub(crate) struct KeySet {
    named: HashMap<Box<str>, Vec<VerifyingKey>>,
    all: Vec<VerifyingKey>,
}

/// What a set says to a token's `kid` and `alg`.
pub(crate) enum Found<'k> {
    Key(&'k VerifyingKey),
    /// The token names no key, and there is not exactly one that could be meant: a newer set is not asked for.
    NotOne,
    /// The token names a key that is not here: a newer set may have it.
    Unknown,
}

impl KeySet {
    pub(crate) fn new(keys: impl IntoIterator<Item = VerifyingKey>) -> Self {
        let mut set = Self { named: HashMap::new(), all: Vec::new() };
        for key in keys {
            if let Some(kid) = key.kid() {
                set.named.entry(kid.into()).or_default().push(key.clone());
            }
            set.all.push(key);
        }
        set
    }

    pub(crate) fn find(&self, kid: Option<&str>, algorithm: Algorithm) -> Found<'_> {
        let Some(kid) = kid else { return self.only(algorithm) };
        let keys = self.named.get(kid).map(Vec::as_slice).unwrap_or_default();
        match keys.iter().find(|key| key.algorithm() == algorithm) {
            Some(key) => Found::Key(key),
            None => Found::Unknown,
        }
    }

    fn only(&self, algorithm: Algorithm) -> Found<'_> {
        let mut keys = self.all.iter().filter(|key| key.algorithm() == algorithm);
        match (keys.next(), keys.next()) {
            (Some(key), None) => Found::Key(key),
            _ => Found::NotOne,
        }
    }
}
