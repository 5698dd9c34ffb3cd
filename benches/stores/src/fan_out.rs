//! How long it takes until many have heard of one revocation.

use std::time::{Duration, Instant};

use tower_bearer::Grant;
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
    for _ in 0..10 {
        let token = nodes.first().unwrap().issuer.issue("ada", &Grant::new()).unwrap();
        let began = Instant::now();
        nodes.first().unwrap().revocations.revoke_token(token.jwt_id()).await.unwrap();
        let (mut heard, mut missing) = (0, nodes.iter().collect::<Vec<_>>());
        while !missing.is_empty() {
            let before = missing.len();
            let mut rest = Vec::new();
            for node in missing {
                if !node.refuses(&token).await {
                    rest.push(node);
                }
            }
            missing = rest;
            heard += before - missing.len();
            if heard * 2 >= count && half.len() == all.len() {
                half.push(began.elapsed());
            }
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        all.push(began.elapsed());
    }
    half.sort();
    all.sort();
    let median = |times: &[Duration]| millis(*times.get(times.len() / 2).unwrap());
    println!("| {name}, {count} | {} | {} |", median(&half), median(&all));
}
