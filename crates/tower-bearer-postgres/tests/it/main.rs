//! The store against a server of its own, or the one that `TEST_POSTGRES_URL` names.

#![expect(clippy::unwrap_used, reason = "these are tests")]

mod engine;
mod faults;
mod race;
mod scene;
mod suites;
