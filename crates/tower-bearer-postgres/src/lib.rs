//! Sessions and revocations of [tower-bearer](https://docs.rs/tower-bearer) in PostgreSQL, 15 or later, for services on several machines.
//!
//! ```no_run
//! use std::time::Duration;
//! use tower_bearer::{Algorithm, Issuer, RefreshKeys, Revocations, Sessions, SigningKeys};
//! use tower_bearer_postgres::{PostgresStore, sqlx::PgPool};
//!
//! # async fn login() -> Result<(), Box<dyn std::error::Error>> {
//! # let secret = [7; 32];
//! let pool = PgPool::connect("postgres://login@db.example/login").await?;
//! let store = PostgresStore::builder(pool).migrate().await?.connect().await?;
//!
//! let revocations = Revocations::builder("https://login.example", Duration::from_secs(15 * 60))
//!     .log(store.clone())
//!     .build()?;
//! let keys = SigningKeys::open("/etc/login/keys", Algorithm::ES256)?;
//! let issuer = Issuer::builder("https://login.example", "https://api.example", "web", keys)
//!     .revocations(revocations)
//!     .build()?;
//! let sessions = Sessions::new(issuer, store, RefreshKeys::new(secret)?)?;
//! # drop(sessions);
//! # Ok(())
//! # }
//! ```
//!
//! # What is asked
//!
//! Each is one statement and one transaction, with one round trip; sqlx adds one before, to see whether a connection of the pool is well, and one after.
//! Where a time has to be written down there is one more, about once a second over all nodes, and one when a connection is new.
//!
//! | operation | statements | what it costs the server |
//! |---|---|---|
//! | `create` | `INSERT` | a row and three entries of indexes |
//! | `find` | `SELECT` | a row by its key |
//! | `rotate`, the next token | `UPDATE … WHERE counter = …` | a row by its key, locked and written in the same page (HOT), and no index; every six hours the index of ends as well |
//! | `rotate`, any other | that one, `SELECT`, and for a reuse, an end or a newer token `UPDATE … WHERE counter = …` | nothing is written for a replay |
//! | `revoke` | `UPDATE` | a row and its indexes |
//! | `revoke_subject` | `UPDATE` for each 2,000 sessions | by the index of subjects, in the order of ids |
//! | `list` | `SELECT` for each 5,000 sessions | by the index of subjects |
//! | `purge` | `DELETE` for each 1,000 sessions | by the index of ends: what lives is read if it would end within the present six hours; rows that another purge has in hand are passed over |
//! | `append` | `INSERT … ON CONFLICT` for each 4,096 entries, with what is told; later, if any was news, `DELETE` for each 256 that have passed by five minutes | what is known is read and not written; nobody waits for what leaves, which is found by index |
//! | `snapshot` | `SELECT pg_is_in_recovery()`, `SELECT` | the whole table in the order in which it lies, sent as it is read |
//! | `subscribe`, the first of a store | `LISTEN` on a connection of its own, and `pg_notify` by the pool | a message that says nothing to all who listen |
//!
//! The decision of a renewal is taken by the `UPDATE` itself, whose condition PostgreSQL holds against the newest row after it has waited for another. Where that row is not
//! the next token's, it is read, decided upon, and written only if it is still the same; if not, it is decided anew. This is right at any
//! `default_transaction_isolation`: what the server refuses because others came between is asked again.
//!
//! # Time
//!
//! Sessions live by the server's clock in milliseconds, which does not go back: the latest time that was seen stands in a table of one row. It is written at most
//! once a second, by whoever finds it free, and always before it is said that a session has ended by time. So a clock that is set back brings back no session that was said
//! to have ended. What was not said can go back by one second at most: a grace or an idle session may last a second longer.
//!
//! # Crashes and outages
//!
//! - Any question about sessions is answered within [`timeout`](PostgresStoreBuilder::timeout), 1 s, whatever the server does; only `purge` may take 10 s. A connection that did not
//!   answer in time, nor within a second more, is cut: a pool would wait for it, and would soon have none left.
//! - A server that waits for a lock would not see that. So each connection of the pool on which nobody has prepared a statement yet is told to look every second (`SET client_connection_check_interval`); for others
//!   set it for the role. Once three were
//!   cut within 2 s for each that the pool may have, the next questions are refused until it is less: a server sees five times the pool at most, if it can look.
//! - Ends of sessions and revocations are on disk once they are answered, also where `synchronous_commit` is off. Renewals and logins keep to the setting.
//! - After a crash, a restart or a failover nothing has to be done: connections that are cut, or lead to what is now a replica, are not used again. What a replica says is an
//!   error, for it may be behind.
//! - `LISTEN` and `NOTIFY` tell revocations to other nodes, on the channel of the schema's name, by one connection of each store beside its pool. It has to
//!   hear a message before anybody listens to it, and is asked after 3 s of silence whether it is well. An entry that is too long to be told (7900 bytes, in hex), or more than 1,024 at once, are read by all nodes instead.
//!
//! # Who may do what
//!
//! The tables name subjects and devices. With the nonces in them and the [`RefreshKeys`](tower_bearer::RefreshKeys) together, and not with one alone, refresh tokens can be made. A service needs
//! `USAGE` of the schema, and `SELECT`, `INSERT`, `UPDATE`, `DELETE` on its tables; [`migrate`](PostgresStoreBuilder::migrate) needs `CREATE` on the database.
//! Anybody who may connect to a database may `NOTIFY` in it: who is not to end sessions must not be let into this one.
//!
//! Set-ups are looked at by [`PostgresStore::doctor`].

#![cfg_attr(docsrs, feature(doc_cfg))]
#![cfg_attr(not(test), warn(clippy::arithmetic_side_effects))]

/// The README's examples are tests.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;

mod builder;
mod checkup;
mod ear;
mod fault;
mod lease;
mod listener;
mod log;
mod message;
mod row;
mod schema;
mod sessions;
mod statements;
mod store;
mod time;

/// For the [`PgPool`](sqlx::PgPool) in our signatures. No TLS is turned on: a program whose server asks for it turns on a feature of `sqlx`, such as `tls-rustls-aws-lc-rs`.
pub use sqlx;

pub use crate::{builder::PostgresStoreBuilder, store::PostgresStore};

/// What is shared between threads and cloned for each request can be.
const _: () = {
    const fn shared<T: Clone + Send + Sync + 'static>() {}
    const fn sent<T: Send + Sync + 'static>() {}

    shared::<PostgresStore>();
    sent::<PostgresStoreBuilder>();
};
