//! The keys of a provider, from being published to being withdrawn.

use serde_json::json;

use super::sound;
use crate::jose::{
    algorithm::{Algorithm, Family},
    signing::SigningKey,
};

/// What a key is there for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    /// Published, and not signing yet.
    Standby,
    /// Published, and signing.
    Active,
    /// Still published, and no longer signing.
    Retired,
}

/// All keys that are published, and the secrets, which are not.
pub(super) struct KeyRing {
    keys: Vec<(Stage, SigningKey)>,
    /// That of the newest generation: one for all algorithms of RSA, made only when one is asked for, since it takes a while.
    rsa: Option<SigningKey>,
    generated: u64,
}

impl KeyRing {
    pub(super) fn new(algorithms: &[Algorithm]) -> Self {
        let mut ring = Self { keys: Vec::new(), rsa: None, generated: 0 };
        for algorithm in algorithms {
            ring.active(*algorithm);
        }
        ring
    }

    /// The key that signs with this algorithm: made now if there is none.
    pub(super) fn active(&mut self, algorithm: Algorithm) -> SigningKey {
        let found = self
            .keys
            .iter()
            .find(|(stage, key)| *stage == Stage::Active && key.algorithm() == algorithm);
        match found {
            Some((_, key)) => key.clone(),
            None => self.generate(algorithm, Stage::Active),
        }
    }

    /// Publishes the next key of each algorithm that has none yet.
    pub(super) fn add(&mut self) {
        let standby = self.algorithms(Stage::Standby);
        let missing = self.algorithms(Stage::Active);
        self.rsa = None;
        for algorithm in missing.into_iter().filter(|algorithm| !standby.contains(algorithm)) {
            self.generate(algorithm, Stage::Standby);
        }
    }

    /// Signs with the next keys from now on. `false` if there is none.
    pub(super) fn promote(&mut self) -> bool {
        let standby = self.algorithms(Stage::Standby);
        for (stage, key) in &mut self.keys {
            *stage = match *stage {
                Stage::Standby => Stage::Active,
                Stage::Active if standby.contains(&key.algorithm()) => Stage::Retired,
                other => other,
            };
        }
        !standby.is_empty()
    }

    /// Publishes the keys no longer that have signed before.
    pub(super) fn withdraw(&mut self) {
        self.keys.retain(|(stage, _)| *stage != Stage::Retired);
    }

    /// The JWK Set (RFC 7517 §5).
    pub(super) fn jwks(&self) -> String {
        let keys: Vec<_> = self.keys.iter().filter_map(|(_, key)| key.jwk()).collect();
        json!({ "keys": keys }).to_string()
    }

    /// The algorithms of the published keys, each once.
    pub(super) fn published(&self) -> Vec<Algorithm> {
        let mut algorithms = self.algorithms(Stage::Active);
        algorithms.retain(|algorithm| !algorithm.is_symmetric());
        algorithms
    }

    fn algorithms(&self, stage: Stage) -> Vec<Algorithm> {
        let of_stage = self.keys.iter().filter(|(other, _)| *other == stage);
        of_stage.map(|(_, key)| key.algorithm()).collect()
    }

    fn generate(&mut self, algorithm: Algorithm, stage: Stage) -> SigningKey {
        self.generated = self.generated.saturating_add(1);
        let key = match &self.rsa {
            Some(rsa) if algorithm.family() == Family::Rsa => sound(rsa.shared_with(algorithm)),
            _ => sound(SigningKey::generate(algorithm)),
        };
        if algorithm.family() == Family::Rsa {
            self.rsa = Some(key.clone());
        }
        let key = key.with_kid(format!("{algorithm}-{}", self.generated));
        self.keys.push((stage, key.clone()));
        key
    }
}
