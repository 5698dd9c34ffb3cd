//! What can go wrong, in opaque errors.
//!
//! - [`ConfigError`]: the set-up is wrong. It is found when something is built, never at a request.
//! - [`IssuerError`]: nobody can say now whether an issuer is trusted.
//! - [`KeyError`]: a key cannot be used, is not there, or cannot be reached.
//! - [`StoreError`]: nobody knows whether a store has done what it was asked for.
//! - [`TokenError`]: why a request's token was not taken.
//!
//! None of them ever holds a token, a key or a claim: they can be printed and logged as they are.

mod config;
mod issuer;
mod key;
#[cfg(feature = "issue")]
mod store;
mod token;

pub use config::ConfigError;
pub use issuer::IssuerError;
pub use key::{KeyError, KeyErrorKind};
#[cfg(feature = "issue")]
pub use store::StoreError;
pub use token::{TokenError, TokenErrorKind};

/// What another error brought along, shared so that our errors can be cloned.
type Source = std::sync::Arc<dyn std::error::Error + Send + Sync>;

/// A [`Source`] as [`std::error::Error::source`] wants it.
fn source_of(source: Option<&Source>) -> Option<&(dyn std::error::Error + 'static)> {
    source.map(|source| &**source as &(dyn std::error::Error + 'static))
}
