//! Signed tokens: algorithms, the compact form, keys and key sets (RFC 7515, 7517, 7518, 8037).

pub(crate) mod algorithm;
pub(crate) mod compact;
pub(crate) mod header;
pub(crate) mod json;
pub(crate) mod jwk;
pub(crate) mod key;
#[cfg(any(feature = "issue", feature = "testing"))]
pub(crate) mod signing;
