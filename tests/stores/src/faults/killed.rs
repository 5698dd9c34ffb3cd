use std::time::Duration;

use crate::{
    Engine, Server as _,
    load::Load,
    node::{Site, rest},
};

/// Within this everything goes on once the server is back, on each node and without a restart of any.
pub(super) const RECOVERY: Duration = Duration::from_secs(10);

/// `kill -9` under load, and a restart soon after, five times: what was answered is there, clients go on with what they hold, and who has logged out stays so.
pub async fn killed<E: Engine>() {
    let mut site = Site::<E>::start(3).await;
    let load = Load::begin(&site.nodes, 9);
    for _ in 0..5 {
        rest(700).await;
        site.server(E::Server::kill);
        rest(300).await;
        site.server(E::Server::restart);
        let took = site.recovers(RECOVERY).await;
        println!("killed: all goes on {} ms after the restart", took.as_millis());
    }
    let heard = load.end().await;
    println!("killed: {} renewals, {} times 503", heard.renewals, heard.unavailable);
    assert!(heard.unavailable > 0, "nobody has noticed");
    heard.holds(&site.nodes).await;
}
