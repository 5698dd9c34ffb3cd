//! The store against real servers: one of its own for what tests do to it, one for all others. With `TEST_REDIS_URL` the latter is that one.

#![expect(clippy::unwrap_used, reason = "these are tests")]

mod conformance;
mod doctor;
mod engine;
mod hostile;
mod keys;
mod measure;
mod nodes;
mod outages;
mod race;
mod rights;
mod support;
mod told;
