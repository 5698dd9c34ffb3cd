use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use futures_util::future::BoxFuture;
use tower_bearer::{Grant, RevocationLog, RevokedEntry, SessionStore, StoreError};

use crate::{Engine, Node, Server as _, Shared, node::rest};

/// Longer than this nothing that was revoked is taken on any node.
const BOUND: Duration = Duration::from_secs(5);

/// How long it took until another node refused what was revoked.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Spread {
    /// Where the log tells, in order.
    pub told: Vec<Duration>,
    /// Where it does not, in order.
    pub untold: Vec<Duration>,
}

impl Spread {
    /// So many revocations that are told, and 20 that are not.
    pub async fn measure<E: Engine>(port: u16, count: usize) -> Self {
        let (shared, store) = (Shared::new(), E::connect(port).await);
        let first = shared.node(store.clone(), store);
        let store = E::connect(port).await;
        let hears = shared.node(store.clone(), store.clone());
        let reads = shared.node(store.clone(), Untold(Arc::new(store)));
        for node in [&first, &hears, &reads] {
            node.is_ready().await;
        }
        let mut told = Vec::new();
        for _ in 0..count {
            told.push(delay(&first, &hears).await);
        }
        let mut waiting = Vec::new();
        for _ in 0..20 {
            let (first, reads) = (first.clone(), reads.clone());
            waiting.push(tokio::spawn(async move { delay(&first, &reads).await }));
            // Wherever the next reading is.
            rest(270).await;
        }
        let mut untold = Vec::new();
        for delay in waiting {
            untold.push(delay.await.expect("a delay"));
        }
        told.sort();
        untold.sort();
        Self { told, untold }
    }

    /// In the middle, and the worst.
    pub fn median_and_worst(sorted: &[Duration]) -> (Duration, Duration) {
        let middle = sorted.get(sorted.len() / 2).copied().unwrap_or_default();
        (middle, sorted.last().copied().unwrap_or_default())
    }
}

/// What is revoked on one node is refused on another within 5 s, and mostly within a second where the log tells.
pub async fn spread<E: Engine>() {
    let server = tokio::task::block_in_place(E::Server::start);
    E::prepare(server.port()).await;
    let Spread { told, untold } = Spread::measure::<E>(server.port(), 1000).await;
    for (how, delays) in [("told", &told), ("untold", &untold)] {
        let (median, worst) = Spread::median_and_worst(delays);
        println!("spread, {how}: median {median:?}, worst {worst:?}");
        assert!(worst <= BOUND, "{how}: {worst:?}");
    }
    let soon = told.iter().filter(|delay| **delay < Duration::from_secs(1)).count();
    assert!(soon >= 950, "only {soon} of 1000 were told");
}

async fn delay<S: SessionStore>(first: &Node<S>, other: &Node<S>) -> Duration {
    let token = first.issuer.issue("ada", &Grant::new()).expect("a token");
    let mut began = Instant::now();
    // Nothing is promised of what could not be written.
    while first.revocations.revoke_token(token.jwt_id()).await.is_err() {
        began = Instant::now();
    }
    let refuses = async || other.refuses(&token).await;
    while !refuses().await {
        assert!(began.elapsed() < 2 * BOUND, "nobody has heard of it");
        tokio::time::sleep(Duration::from_micros(200)).await;
    }
    began.elapsed()
}

/// A log that tells nothing.
struct Untold<L>(Arc<L>);

impl<L: RevocationLog> RevocationLog for Untold<L> {
    fn append(&self, entries: Vec<RevokedEntry>) -> BoxFuture<'_, Result<(), StoreError>> {
        self.0.append(entries)
    }

    fn snapshot(&self) -> BoxFuture<'_, Result<Vec<RevokedEntry>, StoreError>> {
        self.0.snapshot()
    }
}
