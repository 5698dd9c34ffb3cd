//! Services elsewhere, which fetch the key set, through a rotation.

use hyper::header::CACHE_CONTROL;
use tokio::time::advance;
use tower_bearer::{RemoteJwks, TrustedIssuer};

use super::*;
use crate::support::{Network, Page};

const JWKS: &str = "https://issuer.example/jwks";

/// What is served at the address of the keys, as a server in front of it would.
fn serve(network: &Network, house: &House) {
    let page = Page::body(house.keys.jwks()).header(CACHE_CONTROL, "public, max-age=600");
    network.serve(JWKS, page);
}

#[tokio::test(start_paused = true)]
async fn no_token_is_refused_while_keys_rotate() {
    let house = House::new();
    let network = Network::new();
    serve(&network, &house);
    let remote = RemoteJwks::builder(JWKS).fetch(network.clone()).build().unwrap();
    let hand = house.hand.clone();
    let trusted = TrustedIssuer::new(ISSUER, AUDIENCE, remote).rfc9068();
    let elsewhere = Verifier::new(trusted.clock(move || tower_bearer::Clock::now(&hand))).unwrap();
    let (mut seen, mut last) = (BTreeSet::new(), Vec::new());
    // Two rotations, a token each half minute; each token is used until it expires.
    for step in 0..400_i64 {
        house.hand.set(step * 30);
        if step == 10 || step == 200 {
            house.keys.rotate().unwrap();
        }
        serve(&network, &house);
        let token = house.token();
        seen.insert(kid_of(&token));
        last.push(token);
        if last.len() > 30 {
            last.remove(0);
        }
        for token in &last {
            let answer = elsewhere.verify(token).await.map(drop).map_err(|error| error.kind());
            assert_eq!(answer, Ok(()), "{step}");
        }
        advance(Duration::from_secs(30)).await;
    }
    assert_eq!(seen.len(), 3);
    // Nobody ever came with a key that was not there: the set was fetched in time.
    assert_eq!(network.count_past_caches(), 0);
}
