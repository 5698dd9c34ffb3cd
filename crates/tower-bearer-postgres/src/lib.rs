//! Sessions and revocations of tower-bearer in PostgreSQL.

#![cfg_attr(docsrs, feature(doc_cfg))]
#![cfg_attr(not(test), warn(clippy::arithmetic_side_effects))]

mod builder;
mod checkup;
mod ear;
mod fault;
mod lease;
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
