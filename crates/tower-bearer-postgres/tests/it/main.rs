//! The store against a server of its own, or the one that `TEST_POSTGRES_URL` names.

#![expect(clippy::panic, clippy::unwrap_used, clippy::expect_used, reason = "these are tests")]

mod doctor;
mod ear;
mod engine;
mod log;
mod nodes;
mod outage;
mod purge;
mod race;
mod rotation;
mod rows;
mod scene;
mod schema;
mod suites;
