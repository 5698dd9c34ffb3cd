//! The suite: behaviour from outside, a request in and a response out.
//!
//! One binary, so that it links once. `support` makes keys, tokens and servers; each other module
//! holds one part of the contract.

#![expect(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test says what is wrong by panicking"
)]

mod support;

mod answers;
mod authorizing;
#[cfg(feature = "cache")]
mod cache;
mod claims;
#[cfg(feature = "config")]
mod config;
mod floors;
mod grpc;
mod hot_path;
#[cfg(feature = "issue")]
mod issuing;
mod jws;
mod key_sets;
#[cfg(feature = "lifetime")]
mod lifetime;
#[cfg(all(feature = "jwks", feature = "metrics"))]
mod metrics;
mod outcomes;
mod policies;
mod property;
mod protected_resource;
#[cfg(feature = "testing")]
mod providers;
mod readiness;
mod records;
mod refusals;
#[cfg(feature = "testing")]
mod refusals_page;
#[cfg(feature = "jwks")]
mod remote;
mod request;
mod resolvers;
mod revocation;
mod secrets;
#[cfg(feature = "issue")]
mod signing;
#[cfg(feature = "cookies")]
mod sources;
#[cfg(not(feature = "cookies"))]
mod sources_without_cookies;
mod tenants;
#[cfg(feature = "testing")]
mod testing;
mod vectors;
#[cfg(feature = "jwks")]
mod watched_file;
