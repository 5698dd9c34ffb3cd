//! For the tests of stores that live on a server: the servers themselves, each with a folder and a port of its own, and ways to kill, stop and empty them;
//! and what any store on a server is held against, as functions over an [`Engine`].
//!
//! Servers end with whoever has started them, also if that is killed.

#![expect(
    clippy::panic,
    clippy::expect_used,
    clippy::disallowed_methods,
    clippy::missing_panics_doc,
    reason = "what is wrong here fails a test; servers need real time"
)]

mod engine;
pub mod faults;
mod load;
mod node;
mod postgres;
mod process;
mod proxy;
mod race;
mod redis;
mod server;
mod spread;

pub use self::{
    engine::Engine,
    node::{Node, Shared},
    postgres::Postgres,
    proxy::Proxy,
    race::{race, racer},
    redis::Redis,
    server::Server,
    spread::{Spread, spread},
};
