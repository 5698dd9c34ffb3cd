//! What a verifier remembers of the tokens it has verified.
//!
//! Without the feature `cache` it remembers nothing.

#[cfg(not(feature = "cache"))]
mod disabled;
#[cfg(feature = "cache")]
mod enabled;

#[cfg(not(feature = "cache"))]
pub(super) use self::disabled::Memory;
#[cfg(feature = "cache")]
pub(super) use self::enabled::Memory;
use crate::token::Proof;

/// A token that was verified while its issuer's keys were of this generation.
#[derive(Clone)]
pub(super) struct Remembered {
    pub(super) proof: Proof,
    pub(super) generation: u64,
}
