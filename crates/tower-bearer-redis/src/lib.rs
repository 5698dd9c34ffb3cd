//! Sessions and revocations of [tower-bearer](https://docs.rs/tower-bearer) on a Redis server, for services on several machines.

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
