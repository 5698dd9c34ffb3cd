//! Whole renewals: a token is read and checked, the store decides, an access token is signed (ES256).

use std::time::{Duration, Instant};

use tower_bearer::{
    Algorithm, Grant, Issuer, RefreshKeys, Session, SessionStore, Sessions, SigningKeys,
};

use crate::millis;

/// So long it goes on for each row.
const TIME: Duration = Duration::from_secs(3);

pub(crate) async fn print<S: SessionStore + Clone>(name: &str, store: S) {
    let keys = SigningKeys::generate(Algorithm::ES256).unwrap();
    let issuer = Issuer::new("https://issuer.example", "https://api.example", "web", keys).unwrap();
    let sessions = Sessions::new(issuer, store, RefreshKeys::new([7; 32]).unwrap()).unwrap();
    for in_flight in [1, 50, 200] {
        let began = Instant::now();
        let clients: Vec<_> =
            (0..in_flight).map(|_| tokio::spawn(client(sessions.clone(), began + TIME))).collect();
        let mut times = Vec::new();
        for client in clients {
            times.extend(client.await.unwrap());
        }
        let rate = times.len() as u64 * 1000 / u64::try_from(began.elapsed().as_millis()).unwrap();
        times.sort();
        let at = |percent: usize| millis(*times.get(times.len() * percent / 100).unwrap());
        println!("| {name} | {in_flight} | {rate} | {} | {} |", at(50), at(99));
    }
}

/// Renews a session of its own until then, and says how long each renewal took.
async fn client<S: SessionStore>(sessions: Sessions<S>, until: Instant) -> Vec<Duration> {
    let mut pair = sessions.start("ada", &Grant::new()).await.unwrap();
    let mut times = Vec::new();
    while Instant::now() < until {
        let began = Instant::now();
        let grant = async |_: Session| Ok(Grant::new());
        pair = sessions.renew(pair.refresh_token(), grant).await.unwrap();
        times.push(began.elapsed());
    }
    times
}
