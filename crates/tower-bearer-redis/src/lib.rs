//! Sessions and revocations of [tower-bearer](https://docs.rs/tower-bearer) in Redis, for services on several machines.
//!
//! ```no_run
//! use tower_bearer_redis::RedisStore;
//!
//! # async fn connected() -> Result<(), tower_bearer::ConfigError> {
//! let store = RedisStore::connect("redis://127.0.0.1:6379/").await?;
//! print!("{}", store.doctor().await);     // what is right, doubtful and wrong about the server
//! # Ok(())
//! # }
//! ```
//!
//! More can be set, as here with a prefix of its own for each issuer, and without waiting for the server:
//!
//! ```
//! use std::time::Duration;
//! use tower_bearer_redis::{RedisStore, redis::Client};
//!
//! # fn built() -> Result<(), Box<dyn std::error::Error>> {
//! let store = RedisStore::builder(Client::open("redis://login:secret@10.0.0.7:6379/0")?)
//!     .prefix("login.example")
//!     .timeout(Duration::from_millis(500))
//!     .connect_lazy()?;
//! # drop(store);
//! # Ok(())
//! # }
//! # built().unwrap();
//! ```
//!
//! [`RedisStore`] is both a [`SessionStore`](tower_bearer::SessionStore) and a [`RevocationLog`](tower_bearer::RevocationLog). The README has a service in five
//! minutes, how a server should be set up, the rights that its user needs, and what is in Redis for how long.
//!
//! # What each operation costs
//!
//! One script does it in one step on the server, by the server's clock: one round trip.
//!
//! | operation | on the server |
//! |---|---|
//! | `create`, `rotate`, `revoke` | one hash and two sorted sets are written; O(log n) in the number of sessions |
//! | `find`, and `rotate` for a token that comes again | one hash is read |
//! | `list`, `revoke_subject` | each session of the subject is read |
//! | `purge` | 500 sessions for each round trip |
//! | `append` | 500 entries for each round trip; what is new, or lasts longer than before, is published |
//! | `snapshot` | 1000 entries for each round trip: others are answered between them |
//! | `subscribe` | one round trip |
//!
//! # What counts as time
//!
//! The server's clock decides. The latest time that was told is kept, so that what has ended stays so. If the clock was ahead for a while, the time of the store
//! stands still until the clock gets there: the [check-up](RedisStore::doctor) says so, and what to do.
//!
//! Keys go by themselves, also if nobody calls `purge`.
//!
//! # Features
//!
//! | feature | default | what it adds |
//! |---|---|---|
//! | `rustls` | no | TLS for `rediss://`, by aws-lc-rs unless the program has installed another provider of rustls before |

#![cfg_attr(docsrs, feature(doc_cfg))]
#![warn(clippy::arithmetic_side_effects)]

mod builder;
mod doctor;
mod ears;
mod entry;
mod fault;
mod keys;
mod line;
mod log;
mod row;
mod scripts;
mod sessions;
mod store;

pub use redis;

pub use crate::{builder::RedisStoreBuilder, store::RedisStore};

/// What is shared between threads and cloned for each request can be.
const _: () = {
    const fn shared<T: Clone + Send + Sync + 'static>() {}

    shared::<RedisStore>();
    shared::<RedisStoreBuilder>();
};

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
