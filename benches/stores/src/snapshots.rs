//! What a node reads every 5 s.

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use tower_bearer::{RevocationLog as _, Revoked, RevokedEntry};
use tower_bearer_stores::{Proxy, Shared};

use crate::{engines::Measured, millis};

pub(crate) async fn print<E: Measured>(name: &str, port: u16) {
    let proxy = Proxy::before(port).await;
    let (writer, reader) = (E::connect(port).await, E::connect(proxy.port()).await);
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    let until = (since + Duration::from_secs(1000)).as_secs();
    let empty = E::room(port).await;
    let mut written = 0;
    for count in [10_000, 100_000, 1_000_000] {
        while written < count {
            let some = (written..count.min(written + 1000)).map(|number| {
                let sid =
                    format!("{:022x}", (number as u128).wrapping_mul(0x9e37_79b9_7f4a_7c15_f39c));
                RevokedEntry::new("https://issuer.example", Revoked::Session { sid }, until)
            });
            let some: Vec<_> = some.collect();
            written += some.len();
            writer.append(some).await.unwrap();
        }
        let room = (E::room(port).await - empty) / count as u64;
        let before = proxy.answered();
        let read = reader.snapshot().await.unwrap();
        let sent = proxy.answered() - before;
        drop(read);
        let began = Instant::now();
        let read = writer.snapshot().await.unwrap();
        let took = began.elapsed();
        assert!(read.len() >= count);
        println!("| {name} | {count} | {room} | {sent} | {} |", millis(took));
    }
}

/// What a session takes: it is renewed once.
pub(crate) async fn sessions<E: Measured>(name: &str, port: u16) {
    const COUNT: u64 = 20_000;
    let store = E::connect(port).await;
    let node = Shared::new().node(store.clone(), store);
    let empty = E::room(port).await;
    let many: Vec<_> = (0..100)
        .map(|client| {
            let node = node.clone();
            tokio::spawn(async move {
                for number in 0..COUNT / 100 {
                    let pair = node.login(&format!("user-{client}-{number}")).await.unwrap();
                    node.renew(&pair).await.unwrap();
                }
            })
        })
        .collect();
    for some in many {
        some.await.unwrap();
    }
    println!("| {name} | {} |", (E::room(port).await - empty) / COUNT);
}
