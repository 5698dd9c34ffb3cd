use std::time::{Duration, Instant};

use tower_bearer::SessionErrorKind as Kind;

use super::RECOVERY;
use crate::{
    Engine,
    load::Load,
    node::{Site, patiently, rest},
};

/// Connections are cut in the middle of a reply, or all at once, two hundred times under load: what was answered is so, and clients go on with what they hold.
pub async fn connections_cut<E: Engine>() {
    let site = Site::<E>::start(2).await;
    let load = Load::begin(&site.nodes, 8);
    for round in 0..200 {
        let proxy = site.proxies.get(round % 2).expect("a proxy");
        if round % 10 < 8 {
            proxy.cut_after(round * 7 % 97);
        } else {
            proxy.cut();
        }
        rest(35).await;
    }
    for proxy in &site.proxies {
        // One order may not have been carried out yet.
        proxy.cut();
    }
    let took = site.recovers(RECOVERY).await;
    let heard = load.end().await;
    println!(
        "cut: {} renewals, {} times 503; all goes on after {} ms",
        heard.renewals,
        heard.unavailable,
        took.as_millis()
    );
    assert!(heard.unavailable > 0, "nobody has noticed");
    heard.holds(&site.nodes).await;
}

/// The server's machine vanishes for one of two nodes: connections stay and nobody answers. That node says so in time, the other goes on; and once there
/// is a machine again, so does the first, by new connections.
pub async fn machine_vanished<E: Engine>() {
    let site = Site::<E>::start(2).await;
    let [alone, other] = &*site.nodes else { unreachable!("two nodes") };
    let pair = patiently(async || alone.login("ada").await).await.expect("a login");
    let proxy = site.proxies.first().expect("a proxy");
    proxy.swallow();
    for _ in 0..3 {
        let began = Instant::now();
        assert_eq!(alone.renew(&pair).await.map(drop), Err(Kind::Unavailable));
        let took = began.elapsed();
        assert!(took < Duration::from_millis(2500), "it took {took:?} to say that nobody answers");
        assert_eq!(alone.call(pair.access_token()).await, Ok(()), "verification needs no store");
    }
    let pair = patiently(async || other.renew(&pair).await).await;
    let pair = pair.expect("the other node has its server");
    proxy.pass();
    let took = site.recovers(RECOVERY).await;
    println!("vanished: all goes on {} ms after the machine is back", took.as_millis());
    let renewed = patiently(async || alone.renew(&pair).await).await;
    renewed.expect("it goes on with what the other has given");
}
