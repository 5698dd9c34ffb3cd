//! What renewals, revocations and re-reads cost in each store, as tables for `docs/SCALING.md`:
//!
//! ```sh
//! cargo run --release -p tower-bearer-bench-stores              # all; or one of: renewals, spread, room, reading
//! ```
//!
//! It starts a Redis and a PostgreSQL of its own on this machine, each of which writes a change to disk before it answers. Clients, nodes and servers share
//! the machine's processors.

#![expect(clippy::unwrap_used, reason = "a benchmark ends where something is wrong")]
#![expect(clippy::disallowed_methods, reason = "a benchmark measures time")]

mod engines;
mod fan_out;
mod renewals;
mod snapshots;

use std::time::Duration;

use tower_bearer::{MemoryStore, RedbStore};
use tower_bearer_stores::{Engine, Postgres, Redis, Server, Spread};

use crate::engines::{OnPostgres, OnRedis};

#[tokio::main]
async fn main() {
    if let Some(missing) = Redis::missing().or_else(Postgres::missing) {
        eprintln!("{missing}");
        std::process::exit(1);
    }
    let (redis, postgres) =
        tokio::task::block_in_place(|| (Redis::start(), Postgres::with(&["max_connections=500"])));
    OnPostgres::prepare(postgres.port()).await;

    let asked = std::env::args().nth(1);
    let does = |part| asked.as_deref().is_none_or(|asked| asked == part);
    if does("renewals") {
        println!("| renewals | in flight | a second | p50 | p99 |\n|---|---|---|---|---|");
        renewals::print("memory", MemoryStore::new()).await;
        let file = std::env::temp_dir().join(format!("bench-{}.redb", std::process::id()));
        renewals::print("redb", RedbStore::open(&file).unwrap()).await;
        let _ = std::fs::remove_file(file);
        renewals::print("Redis", OnRedis::connect(redis.port()).await).await;
        renewals::print("PostgreSQL", OnPostgres::connect(postgres.port()).await).await;
    }
    if does("spread") {
        println!("\n| refused on another node after | median | worst |\n|---|---|---|");
        spread::<OnRedis>("Redis", redis.port()).await;
        spread::<OnPostgres>("PostgreSQL", postgres.port()).await;

        println!("\n| followers in one process | heard by half of them | by all |\n|---|---|---|");
        fan_out::print::<OnRedis>("Redis", redis.port(), 1000).await;
        // Each has a pool and one connection more, and each connection is a process of the server.
        fan_out::print::<OnPostgres>("PostgreSQL", postgres.port(), 100).await;
    }
    if does("room") {
        println!("\n| a session of 20,000 | bytes |\n|---|---|");
        snapshots::sessions::<OnRedis>("Redis", redis.port()).await;
        snapshots::sessions::<OnPostgres>("PostgreSQL", postgres.port()).await;
    }
    if does("reading") {
        println!(
            "\n| all revocations read | entries | room for each, bytes | sent, bytes | time |"
        );
        println!("|---|---|---|---|---|");
        snapshots::print::<OnRedis>("Redis", redis.port()).await;
        snapshots::print::<OnPostgres>("PostgreSQL", postgres.port()).await;
    }
}

async fn spread<E: Engine>(name: &str, port: u16) {
    let Spread { told, untold, .. } = Spread::measure::<E>(port, 1000).await;
    for (how, delays) in [("1,000 that are told", told), ("20 that are read", untold)] {
        let (median, worst) = Spread::median_and_worst(&delays);
        println!("| {name}, {how} | {} | {} |", millis(median), millis(worst));
    }
}

fn millis(duration: Duration) -> String {
    let micros = duration.as_micros();
    if micros < 10_000 {
        format!("{}.{:02} ms", micros / 1000, micros % 1000 / 10)
    } else {
        format!("{} ms", micros / 1000)
    }
}
