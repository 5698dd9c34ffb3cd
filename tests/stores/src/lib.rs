//! For the tests of stores that live on a server: the servers themselves, each with a folder and a port of its own, and ways to kill, stop and empty them.
//!
//! They end with whoever has started them, also if that is killed.

#![expect(
    clippy::panic,
    clippy::expect_used,
    clippy::disallowed_methods,
    reason = "what is wrong here fails a test"
)]

mod postgres;
mod process;
mod redis;
mod server;

pub use self::{postgres::Postgres, redis::Redis, server::Server};
