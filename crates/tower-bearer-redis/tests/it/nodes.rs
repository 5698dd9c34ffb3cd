//! What happens to servers: each of these has one of its own, and nodes that go on without a restart.
//!
//! Tests begin in the order of their names, and the longest is first.

use tower_bearer_stores::{faults, spread};

use crate::engine::OnRedis;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_pause_of_60_s() {
    faults::paused_for_60_s::<OnRedis>().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn paused_for_10_s() {
    faults::paused_for_10_s::<OnRedis>().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killed_under_load() {
    faults::killed::<OnRedis>().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn connections_cut_under_load() {
    faults::connections_cut::<OnRedis>().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn machine_vanished() {
    faults::machine_vanished::<OnRedis>().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn writes_lost() {
    faults::writes_lost::<OnRedis>().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn emptied() {
    faults::emptied::<OnRedis>().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn revocations_spread() {
    spread::<OnRedis>().await;
}
