//! What the tests are made of: keys of every algorithm, tokens of any shape, servers on loopback.

mod app;
mod keys;
mod log;
#[cfg(feature = "jwks")]
mod network;
mod outcome;
#[cfg(feature = "jwks")]
mod page;
mod token;
mod told;
pub(crate) mod verifiers;

pub(crate) use app::{App, Reply, app, app_of, standard};
pub(crate) use keys::{KeyPair, SECRET, key};
pub(crate) use log::Log;
#[cfg(feature = "jwks")]
pub(crate) use network::{Asked, Network};
pub(crate) use outcome::{MODES, answer_outcome, outcome};
#[cfg(feature = "jwks")]
pub(crate) use page::{Gate, Page};
pub(crate) use token::{Token, claims, json_token, token};
pub(crate) use told::{Hand, Told};

use std::time::{Duration, SystemTime, UNIX_EPOCH};

pub(crate) const ISSUER: &str = "https://issuer.example";
pub(crate) const AUDIENCE: &str = "https://api.example";

/// What time it is in every test, in seconds since 1970.
pub(crate) const NOW: u64 = 1_750_000_000;

/// The clock of every test: it stands still.
pub(crate) fn clock() -> SystemTime {
    UNIX_EPOCH + Duration::from_secs(NOW)
}
