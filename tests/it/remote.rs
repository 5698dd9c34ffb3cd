//! What remote keys promise: outages, storms, rotations and crowds, on a network in memory and in paused time.
//!
//! The wall clock of tests stands still, so that no token expires while hours pass.

#![expect(clippy::unchecked_time_subtraction, reason = "a test says what is wrong by panicking")]

mod bad_answers;
mod caching;
mod crowds;
mod discovery;
mod life;
mod model;
mod operator;
mod order;
mod outages;
mod runtimes;
mod sets;
mod storms;
mod verdicts;

use std::{convert::Infallible, future::ready, time::Duration};

use http_body_util::Empty;
use hyper::{
    Request, Response,
    body::Bytes,
    header::{AUTHORIZATION, RETRY_AFTER},
};
use serde_json::{Value, json};
use tokio::time::{Instant, sleep_until};
use tower::{Layer, ServiceExt, service_fn};
use tower_bearer::{
    Algorithm, JwtLayer, KeyResolver, Lookup, RemoteJwks, RemoteJwksBuilder, TokenErrorKind,
    VerifiedToken, Verifier,
};

use crate::support::{KeyPair, Network, Page, json_token, standard, token, verifiers};

const URL: &str = "https://keys.example/jwks";

const SECOND: Duration = Duration::from_secs(1);
const MINUTE: Duration = Duration::from_secs(60);
const HOUR: Duration = Duration::from_secs(3600);

/// A key of the issuer, with its name.
struct Key {
    kid: &'static str,
    pair: KeyPair,
}

impl Key {
    fn new(kid: &'static str) -> Self {
        Self { kid, pair: KeyPair::generate(Algorithm::ES256) }
    }

    fn jwk(&self) -> Value {
        self.pair.jwk_with(&json!({ "kid": self.kid }))
    }

    /// A good token that names this key.
    fn token(&self) -> String {
        json_token(Algorithm::ES256, &json!({ "kid": self.kid }), &json!({})).signed_by(&self.pair)
    }

    /// A good token of this key that names none.
    fn token_without_kid(&self) -> String {
        token().signed_by(&self.pair)
    }
}

/// A token of nobody that names this key.
fn strange(kid: &str) -> String {
    let header = json!({ "alg": "ES256", "kid": kid }).to_string();
    token().header(header).with_signature(&[1; 64])
}

/// A resolver, the network it asks, and a verifier and a layer that ask it.
struct World {
    network: Network,
    keys: RemoteJwks,
    verifier: Verifier,
}

impl World {
    fn new() -> Self {
        Self::with(|builder| builder)
    }

    fn with(set: impl FnOnce(RemoteJwksBuilder) -> RemoteJwksBuilder) -> Self {
        Self::of(set(RemoteJwks::builder(URL)))
    }

    fn of(builder: RemoteJwksBuilder) -> Self {
        let network = Network::new();
        let keys = builder.fetch(network.clone()).build().unwrap();
        let verifier = verifiers::new(standard(keys.clone())).unwrap();
        Self { network, keys, verifier }
    }

    /// One that serves these keys and has fetched them.
    async fn warm<'k>(keys: impl IntoIterator<Item = &'k Key>) -> Self {
        let world = Self::new();
        world.publish(keys);
        world.keys.preload().await.unwrap();
        world
    }

    fn publish<'k>(&self, keys: impl IntoIterator<Item = &'k Key>) {
        self.network.serve(URL, Page::keys(keys.into_iter().map(Key::jwk)));
    }

    /// What the verifier says if it has not to wait.
    #[track_caller]
    fn at_once(&self, token: &str) -> Result<VerifiedToken, TokenErrorKind> {
        match self.verifier.verify(token) {
            Lookup::Ready(verified) => verified.map_err(|error| error.kind()),
            Lookup::Pending(_) => panic!("it waits"),
        }
    }

    /// The status a client sees. With 503 there is always a `Retry-After`, and with nothing else.
    async fn status(&self, token: &str) -> u16 {
        let (status, retry_after) = self.reply(token).await;
        assert_eq!(status == 503, retry_after.is_some(), "{status} with {retry_after:?}");
        status
    }

    /// The status a client sees, and after how many seconds it should come back.
    async fn reply(&self, token: &str) -> (u16, Option<u64>) {
        let inner =
            service_fn(|_| ready(Ok::<_, Infallible>(Response::new(Empty::<Bytes>::new()))));
        let request = Request::builder().header(AUTHORIZATION, format!("Bearer {token}"));
        let service = JwtLayer::new(self.verifier.clone()).layer(inner);
        let response = service.oneshot(request.body(Empty::<Bytes>::new()).unwrap()).await.unwrap();
        let retry_after = response.headers().get(RETRY_AFTER);
        let retry_after = retry_after.map(|after| after.to_str().unwrap().parse().unwrap());
        (response.status().as_u16(), retry_after)
    }

    /// How long it takes until the status is this; asked every 100 ms.
    async fn until(&self, token: &str, status: u16) -> Duration {
        let began = Instant::now();
        while self.status(token).await != status {
            assert!(began.elapsed() < HOUR, "it is never {status}");
            pass(Duration::from_millis(100)).await;
        }
        began.elapsed()
    }

    fn last_error(&self) -> Option<String> {
        self.keys.status().unwrap().last_error
    }
}

/// Lets so much time pass, and all happen that is due in it.
async fn pass(time: Duration) {
    sleep_until(Instant::now() + time).await;
}
