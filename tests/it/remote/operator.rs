//! Promises 16 and 18: what whoever runs the program can see and do, and what it costs to have the key at hand.

use std::sync::atomic::{AtomicU64, Ordering};

use futures_util::{FutureExt, future::join_all};
use tower_bearer::{Header, KeyError, VerifyingKey};

use super::*;
use crate::support::verifiers;

#[tokio::test(start_paused = true)]
async fn a_forgotten_key_is_refused_at_once_and_for_ever() {
    let (good, leaked) = (Key::new("good"), Key::new("leaked"));
    let world = World::warm([&good, &leaked]).await;
    assert!(world.at_once(&leaked.token()).is_ok());
    let generation = world.keys.generation();
    assert!(world.keys.forget_key("leaked"));
    assert_ne!(world.keys.generation(), generation, "what was verified by it stands no longer");

    let refused = |world: &World| world.at_once(&leaked.token()).unwrap_err();
    assert_eq!(refused(&world), TokenErrorKind::UnknownKey);
    assert!(world.at_once(&good.token()).is_ok());
    // The source still lists it: the same set, another one, and on schedule.
    world.keys.refresh_now().await.unwrap();
    assert_eq!(refused(&world), TokenErrorKind::UnknownKey);
    world.publish([&leaked, &good, &Key::new("another")]);
    world.keys.refresh_now().await.unwrap();
    assert_eq!(refused(&world), TokenErrorKind::UnknownKey);
    for _ in 0..20 {
        pass(MINUTE).await;
        assert_eq!(refused(&world), TokenErrorKind::UnknownKey);
        assert!(world.at_once(&good.token()).is_ok());
    }
    assert_eq!(world.network.count_past_caches(), 2, "its tokens caused no fetch");
}

#[tokio::test(start_paused = true)]
async fn a_key_forgotten_before_the_first_fetch_is_never_taken() {
    let (good, leaked) = (Key::new("good"), Key::new("leaked"));
    let world = World::new();
    world.publish([&good, &leaked]);
    world.keys.forget_key("leaked");
    assert_eq!(world.at_once(&leaked.token()).unwrap_err(), TokenErrorKind::UnknownKey);
    assert_eq!(world.network.count(), 0, "there is nothing to ask");
    assert_eq!(world.status(&good.token()).await, 200);
    assert_eq!(world.status(&leaked.token()).await, 401);
    assert_eq!(world.network.count(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_key_forgotten_while_its_fetch_is_in_the_air_is_not_taken() {
    let leaked = Key::new("leaked");
    let world = World::new();
    world.network.serve(URL, Page::keys([leaked.jwk(), Key::new("b").jwk()]).after(SECOND));
    let token = leaked.token();
    let mut waiting = Box::pin(world.status(&token));
    assert_eq!((&mut waiting).now_or_never(), None);
    world.keys.forget_key("leaked");
    assert_eq!(waiting.await, 401);
}

#[tokio::test(start_paused = true)]
async fn a_forgotten_key_leaves_the_other_one_alone() {
    let (good, leaked) = (Key::new("good"), Key::new("leaked"));
    let world = World::warm([&good, &leaked]).await;
    assert!(world.at_once(&good.token_without_kid()).is_err(), "one of two");
    world.keys.forget_key("leaked");
    assert!(world.at_once(&good.token_without_kid()).is_ok(), "the only one");
    assert!(world.at_once(&leaked.token_without_kid()).is_err());
}

#[tokio::test(start_paused = true)]
async fn status_says_how_the_keys_are() {
    let world = World::new();
    let cold = world.keys.status().unwrap();
    assert!(cold.usable, "nothing is known against it");
    assert!(cold.keys == 0 && cold.skipped.is_empty());
    assert_eq!((cold.age, cold.next_refresh, cold.last_error), (None, None, None));

    world.network.serve(URL, Page::keys([Key::new("a").jwk(), json!({ "kty": "AKP" })]));
    world.keys.preload().await.unwrap();
    pass(41 * SECOND).await;
    let warm = world.keys.status().unwrap();
    assert!(warm.usable);
    assert_eq!((warm.keys, warm.skipped.len(), warm.last_error), (1, 1, None));
    assert_eq!(warm.age.unwrap().as_secs(), 41);
    let next = warm.next_refresh.unwrap().as_secs();
    assert!((216 - 42..=264 - 41).contains(&next), "{next}");

    world.network.serve(URL, Page::status(500));
    assert!(world.keys.refresh_now().await.is_err());
    let failing = world.keys.status().unwrap();
    assert!(failing.usable);
    assert_eq!(failing.keys, 1, "those that are held");
    assert!(failing.last_error.unwrap().contains("500"));
    assert_eq!(failing.age.unwrap().as_secs(), 41, "the failure is no answer");
}

#[tokio::test(start_paused = true)]
async fn preload_waits_for_what_a_first_request_would_wait_for() {
    let key = Key::new("a");
    let world = World::new();
    world.network.serve(URL, Page::keys([key.jwk()]).after(SECOND));
    let loaded = join_all((0..10).map(|_| world.verifier.preload().into_future())).await;
    assert!(loaded.iter().all(Result::is_ok));
    assert_eq!(world.network.count(), 1);
    assert!(world.at_once(&key.token()).is_ok());
    assert!(matches!(world.keys.preload(), Lookup::Ready(Ok(()))), "they are there");
    pass(HOUR / 2).await;
    assert!(world.network.count() >= 6, "and kept fresh, though no request has come");
}

#[tokio::test(start_paused = true)]
async fn preload_says_why_it_failed_and_respects_the_back_off() {
    let world = World::new();
    world.network.serve(URL, Page::refused());
    let error = world.keys.preload().await.unwrap_err();
    let source = std::error::Error::source(&error).unwrap().to_string();
    assert!(source.contains("connection refused"), "{source}");
    let error = world.keys.preload().into_future().now_or_never().unwrap().unwrap_err();
    assert!(error.retry_after().is_some());
    assert_eq!(world.network.count(), 1);
}

#[tokio::test(start_paused = true)]
async fn refresh_now_asks_whatever_is_held_and_whatever_failed() {
    let (a, b) = (Key::new("a"), Key::new("b"));
    let world = World::warm([&a]).await;
    world.publish([&a, &b]);
    world.keys.refresh_now().await.unwrap();
    assert!(world.at_once(&b.token()).is_ok(), "though it was fresh");
    world.network.serve(URL, Page::refused());
    assert!(world.keys.refresh_now().await.is_err());
    world.publish([&a]);
    world.keys.refresh_now().await.unwrap();
    assert_eq!(world.status(&b.token()).await, 401, "though it was backing off");
    assert_eq!(world.last_error(), None);
}

/// Counts what a look-up allocates.
struct Counting {
    keys: RemoteJwks,
    allocations: &'static AtomicU64,
}

impl KeyResolver for Counting {
    fn resolve(&self, header: &Header<'_>) -> Lookup<Result<VerifyingKey, KeyError>> {
        let mut found = None;
        let info = allocation_counter::measure(|| found = Some(self.keys.resolve(header)));
        self.allocations.fetch_add(info.count_total, Ordering::Relaxed);
        found.unwrap()
    }
}

#[tokio::test(start_paused = true)]
async fn with_the_key_at_hand_nothing_is_allocated() {
    static ALLOCATIONS: AtomicU64 = AtomicU64::new(0);
    let World { network, keys, .. } = World::new();
    let key = Key::new("a");
    network.serve(URL, Page::keys([key.jwk()]));
    let counting = Counting { keys, allocations: &ALLOCATIONS };
    let verifier = verifiers::new(standard(counting)).unwrap();
    assert!(verifier.verify(&key.token()).await.is_ok());
    assert!(ALLOCATIONS.swap(0, Ordering::Relaxed) > 0, "the first one waits");
    let tokens = [key.token(), key.token_without_kid(), strange("a")];
    for _ in 0..10 {
        for token in &tokens {
            assert!(matches!(verifier.verify(token), Lookup::Ready(_)));
        }
        assert_eq!(ALLOCATIONS.load(Ordering::Relaxed), 0);
        // A request a second notes its time, too.
        pass(2 * SECOND).await;
    }
}
