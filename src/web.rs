//! The HTTP side: where tokens are found, what refusals look like, and the layer itself.

pub(crate) mod authorize;
pub(crate) mod challenge;
pub(crate) mod csrf;
pub(crate) mod future;
pub(crate) mod gate;
pub(crate) mod judge;
pub(crate) mod layer;
#[cfg(feature = "lifetime")]
pub(crate) mod lifetime;
pub(crate) mod metadata;
pub(crate) mod rejection;
pub(crate) mod respond;
pub(crate) mod service;
pub(crate) mod source;
pub(crate) mod wanted;
