//! Promise 8: two fetches that come back in the wrong order, and what became of them.

use futures_util::FutureExt;

use super::*;
use crate::support::Gate;

/// Asks anew twice; the second question is answered before the first one.
async fn overtake(world: &World, gate: &Gate) -> [Result<(), tower_bearer::KeyError>; 2] {
    let mut first = world.keys.refresh_now().into_future();
    assert!((&mut first).now_or_never().is_none());
    pass(SECOND).await;
    let second = world.keys.refresh_now().await;
    pass(SECOND).await;
    gate.open();
    [first.await, second]
}

#[tokio::test(start_paused = true)]
async fn the_set_that_was_asked_for_last_stays() {
    let (old, new) = (Key::new("old"), Key::new("new"));
    let world = World::warm([&old]).await;
    let (gate, generation) = (Gate::new(), world.keys.generation());
    let late = Page::keys([old.jwk()]).behind(&gate);
    world.network.script(URL, [late, Page::keys([new.jwk()])]);
    let [first, second] = overtake(&world, &gate).await;
    assert!(first.is_ok() && second.is_ok());
    assert!(world.at_once(&new.token()).is_ok());
    assert_eq!(world.status(&old.token()).await, 401);
    assert_ne!(world.keys.generation(), generation);
    assert_eq!(world.network.count(), 4, "two, and one for the key that is gone");
}

#[tokio::test(start_paused = true)]
async fn a_failure_that_comes_late_sets_no_back_off() {
    let (old, new) = (Key::new("old"), Key::new("new"));
    let world = World::warm([&old]).await;
    let gate = Gate::new();
    world.network.script(URL, [Page::status(500).behind(&gate), Page::keys([new.jwk()])]);
    let [first, second] = overtake(&world, &gate).await;
    assert!(first.is_err() && second.is_ok());
    let status = world.keys.status().unwrap();
    assert_eq!(status.last_error, None);
    assert!(status.next_refresh.unwrap() > 200 * SECOND, "{status:?}");
    assert_eq!(world.status(&strange("x")).await, 401);
    assert_eq!(world.network.count_past_caches(), 3, "no back-off forbids this fetch");
}

#[tokio::test(start_paused = true)]
async fn a_set_that_comes_late_is_better_than_a_failure() {
    let (old, new) = (Key::new("old"), Key::new("new"));
    let world = World::warm([&old]).await;
    let gate = Gate::new();
    world.network.script(URL, [Page::keys([new.jwk()]).behind(&gate), Page::status(500)]);
    let [first, second] = overtake(&world, &gate).await;
    assert!(first.is_ok() && second.is_err());
    assert!(world.at_once(&new.token()).is_ok());
    assert!(world.keys.status().unwrap().next_refresh.is_some());
}

#[tokio::test(start_paused = true)]
async fn not_modified_means_the_set_that_was_held_when_it_was_asked() {
    for first_is_late in [false, true] {
        let (old, new) = (Key::new("old"), Key::new("new"));
        let world = World::new();
        let (early, late) = (Gate::new(), Gate::new());
        let (first, second) = if first_is_late { (&late, &early) } else { (&early, &late) };
        world.network.script(
            URL,
            [
                Page::keys([old.jwk()]).tagged("\"old\""),
                Page::keys([new.jwk()]).tagged("\"new\"").behind(first),
                Page::keys([old.jwk()]).tagged("\"old\"").behind(second),
            ],
        );
        world.keys.preload().await.unwrap();
        let mut refreshes =
            [world.keys.refresh_now(), world.keys.refresh_now()].map(Lookup::into_future);
        for refresh in &mut refreshes {
            assert!(refresh.now_or_never().is_none());
        }
        pass(SECOND).await;
        let asked: Vec<_> = world.network.asked();
        assert!(asked[1..].iter().all(|asked| asked.etag() == Some("\"old\"")), "{asked:?}");
        early.open();
        pass(SECOND).await;
        late.open();
        for refresh in refreshes {
            refresh.await.unwrap();
        }
        // The later question was answered with "what you hold": the old set, not the one in between.
        assert!(world.at_once(&old.token()).is_ok(), "{first_is_late}");
        world.network.serve(URL, Page::keys([old.jwk()]).tagged("\"old\""));
        assert_eq!(world.status(&new.token()).await, 401, "{first_is_late}");
    }
}

#[tokio::test(start_paused = true)]
async fn who_waits_for_an_overtaken_fetch_is_judged_by_the_newer_set() {
    let (old, new) = (Key::new("old"), Key::new("new"));
    let world = World::new();
    let gate = Gate::new();
    let late = Page::keys([old.jwk()]).behind(&gate);
    world.network.script(URL, [late, Page::keys([new.jwk()])]);
    let (by_old, by_new) = (old.token(), new.token());
    let mut waiting = [Box::pin(world.status(&by_old)), Box::pin(world.status(&by_new))];
    for request in &mut waiting {
        assert_eq!(request.now_or_never(), None);
    }
    world.keys.refresh_now().await.unwrap();
    gate.open();
    let [by_old, by_new] = waiting;
    assert_eq!((by_old.await, by_new.await), (401, 200));
}
