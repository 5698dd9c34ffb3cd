//! How long it takes until many have heard of one revocation.

use std::time::{Duration, Instant};

use tower_bearer_stores::{Engine, Shared};

use crate::millis;

/// So many nodes with a connection of their own each; ten revocations.
pub(crate) async fn print<E: Engine>(name: &str, port: u16, count: usize) {
    let shared = Shared::new();
    let mut nodes = Vec::new();
    for _ in 0..count {
        let store = E::connect(port).await;
        nodes.push(shared.node(store.clone(), store));
    }
    for node in &nodes {
        node.is_ready().await;
    }
    let (mut half, mut all) = (Vec::new(), Vec::new());
    let first = nodes.first().unwrap();
    for number in 0..10 {
        // Looked at and not verified with: a signature for each node would take longer.
        let known: Vec<_> = nodes.iter().map(|node| node.revocations.len()).collect();
        let began = Instant::now();
        first.revocations.revoke_token(&format!("token {number}")).await.unwrap();
        let mut half_at = None;
        loop {
            let new =
                nodes.iter().zip(&known).filter(|(node, known)| node.revocations.len() > **known);
            let heard = new.count();
            if heard * 2 >= count {
                half_at.get_or_insert(began.elapsed());
            }
            if heard == count {
                break;
            }
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        half.extend(half_at);
        all.push(began.elapsed());
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    half.sort();
    all.sort();
    let median = |times: &[Duration]| millis(*times.get(times.len() / 2).unwrap());
    println!("| {name}, {count} | {} | {} |", median(&half), median(&all));
}
