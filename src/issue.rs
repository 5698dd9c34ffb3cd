//! The other half: tokens that are issued, renewed and taken back.

#[cfg(feature = "axum")]
mod answer;
pub(crate) mod checkup;
#[cfg(feature = "cookies")]
pub(crate) mod cookies;
#[cfg(feature = "redb")]
pub(crate) mod file;
pub(crate) mod grant;
pub(crate) mod issuer;
pub(crate) mod keys;
pub(crate) mod memory;
pub(crate) mod refresh;
#[cfg(feature = "routes")]
pub(crate) mod routes;
pub(crate) mod session;
pub(crate) mod sessions;
pub(crate) mod store;
