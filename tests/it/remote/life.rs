//! Promises 12 and 21: when the task begins and ends, and what a jump of time cannot do.

use std::sync::{Arc, Weak};

use futures_util::FutureExt;
use tower_bearer::{BoxError, Fetch, FetchBody, TrustedIssuer, http};

use super::*;
use crate::support::verifiers;

/// A network that shows when it is dropped.
struct Guarded {
    network: Network,
    _guard: Arc<()>,
}

impl Fetch for Guarded {
    fn fetch(
        &self,
        request: http::Request<()>,
    ) -> Lookup<Result<http::Response<FetchBody>, BoxError>> {
        self.network.fetch(request)
    }
}

fn guarded() -> (RemoteJwks, Network, Weak<()>) {
    let (network, guard) = (Network::new(), Arc::new(()));
    let weak = Arc::downgrade(&guard);
    let fetch = Guarded { network: network.clone(), _guard: guard };
    (RemoteJwks::builder(URL).fetch(fetch).build().unwrap(), network, weak)
}

fn tasks() -> usize {
    tokio::runtime::Handle::current().metrics().num_alive_tasks()
}

#[tokio::test(start_paused = true)]
async fn nothing_happens_before_the_first_request() {
    let world = World::new();
    world.publish([&Key::new("a")]);
    drop(TrustedIssuer::discover("https://issuer.example", "https://api.example").unwrap());
    pass(HOUR).await;
    assert_eq!((world.network.count(), tasks()), (0, 0));
    assert_eq!(world.keys.generation(), None);
}

#[tokio::test(start_paused = true)]
async fn all_ends_with_the_last_handle() {
    let key = Key::new("a");
    let (keys, network, alive) = guarded();
    network.serve(URL, Page::keys([key.jwk()]));
    let verifier = verifiers::new(standard(keys.clone())).unwrap();
    assert!(verifier.verify(&key.token()).await.is_ok());
    drop(keys);
    pass(10 * MINUTE).await;
    let before = network.count();
    assert!(before >= 3, "the verifier has a handle");
    assert_eq!(tasks(), 1);

    drop(verifier);
    assert!(alive.upgrade().is_none(), "at once");
    pass(Duration::from_millis(1)).await;
    assert_eq!(tasks(), 0);
    pass(HOUR).await;
    assert_eq!(network.count(), before);
}

#[tokio::test(start_paused = true)]
async fn all_ends_while_a_fetch_is_in_the_air() {
    let key = Key::new("a");
    for warm in [false, true] {
        let (keys, network, alive) = guarded();
        network.serve(URL, Page::keys([key.jwk()]));
        let verifier = verifiers::new(standard(keys.clone())).unwrap();
        if warm {
            keys.preload().await.unwrap();
        }
        network.serve(URL, Page::hang());
        let waiting = verifier.verify(&strange("x"));
        assert!(waiting.into_future().now_or_never().is_none());
        pass(SECOND).await;
        assert!(alive.upgrade().is_some());
        drop((keys, verifier));
        pass(Duration::from_millis(1)).await;
        assert!(alive.upgrade().is_none(), "warm: {warm}");
        assert_eq!(tasks(), 0, "warm: {warm}");
    }
}

#[tokio::test(start_paused = true)]
async fn who_waits_holds_the_resolver() {
    let key = Key::new("a");
    let (keys, network, alive) = guarded();
    network.serve(URL, Page::keys([key.jwk()]).after(SECOND));
    let verifier = verifiers::new(standard(keys)).unwrap();
    let mut waiting = verifier.verify(&key.token()).into_future();
    assert!((&mut waiting).now_or_never().is_none());
    drop(verifier);
    assert!(waiting.await.is_ok());
    pass(Duration::from_millis(1)).await;
    assert!(alive.upgrade().is_none());
}

#[tokio::test(start_paused = true)]
async fn after_an_hour_without_a_request_nobody_is_served() {
    let key = Key::new("a");
    let world = World::warm([&key]).await;
    let good = key.token();
    assert!(world.at_once(&good).is_ok());
    pass(HOUR - 2 * SECOND).await;
    let before = world.network.count();
    assert!(before >= 14, "kept fresh for an hour: {before} fetches");
    pass(3 * SECOND).await;
    assert_eq!(tasks(), 0);
    let before = world.network.count();
    // To look is not to ask.
    for _ in 0..100 {
        pass(MINUTE).await;
        let status = world.keys.status().unwrap();
        assert!(status.usable, "the next request has the keys fetched");
        assert_eq!((status.keys, status.next_refresh, status.last_error), (0, None, None));
        assert_eq!(world.keys.generation(), None);
    }
    assert_eq!(world.network.count(), before);

    // A key that was removed meanwhile is not taken from memory: the next request is a first one.
    let new = Key::new("b");
    world.network.serve(URL, Page::keys([new.jwk()]).after(SECOND));
    assert!(matches!(world.verifier.verify(&good), Lookup::Pending(_)));
    assert_eq!(world.status(&new.token()).await, 200);
    assert_eq!(world.network.count(), before + 1);
    assert_eq!(world.status(&good).await, 401);
    pass(30 * MINUTE).await;
    assert!(world.network.count() >= before + 7, "and kept fresh again");
    assert_eq!(tasks(), 1);
}

#[tokio::test(start_paused = true)]
async fn one_request_in_an_hour_keeps_the_set_fresh() {
    let key = Key::new("a");
    let world = World::warm([&key]).await;
    for _ in 0..10 {
        pass(59 * MINUTE).await;
        assert!(world.at_once(&key.token()).is_ok());
        assert_eq!(tasks(), 1);
    }
}

#[tokio::test(start_paused = true)]
async fn an_outage_does_not_keep_the_task_alive() {
    let world = World::new();
    world.network.serve(URL, Page::refused());
    assert_eq!(world.status(&strange("a")).await, 503);
    pass(2 * HOUR).await;
    assert_eq!(tasks(), 0);
    let before = world.network.count();
    pass(HOUR).await;
    assert_eq!(world.network.count(), before);
}

#[tokio::test(start_paused = true)]
async fn a_jump_of_time_brings_no_key_back_that_is_too_old() {
    let (old, new) = (Key::new("old"), Key::new("new"));
    let limit = HOUR + 5 * MINUTE;
    let second = Duration::from_secs(1);
    for jump in [limit - second, limit, limit + second, 3 * HOUR, 1000 * HOUR] {
        for answers in [true, false] {
            let world = World::with(|builder| builder.idle_after(500 * HOUR));
            world.publish([&old]);
            world.keys.preload().await.unwrap();
            let fetched = Instant::now();
            world.network.serve(URL, if answers { Page::keys([new.jwk()]) } else { Page::hang() });
            tokio::time::advance(jump).await;
            let usable = fetched.elapsed() < limit;
            let status = world.status(&old.token()).await;
            let expected = match (usable, answers) {
                (true, _) => 200,
                (false, true) => 401,
                (false, false) => 503,
            };
            assert_eq!(status, expected, "{jump:?}, answers: {answers}");
        }
    }
}
