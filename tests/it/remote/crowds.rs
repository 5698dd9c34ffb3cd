//! Promises 6 and 11: many who wait share one fetch, and none of them holds up or ends what others wait for.

use futures_util::{FutureExt, future::join_all};

use super::*;

#[tokio::test(start_paused = true)]
async fn a_thousand_first_requests_share_one_fetch() {
    let key = Key::new("a");
    let world = World::new();
    world.network.serve(URL, Page::keys([key.jwk()]).after(SECOND));
    let good = key.token();
    let statuses = join_all((0..1000).map(|_| world.status(&good))).await;
    assert!(statuses.iter().all(|status| *status == 200));
    assert_eq!((world.network.count(), world.network.elapsed().as_secs()), (1, 1));
}

#[tokio::test(start_paused = true)]
async fn a_thousand_requests_for_a_new_key_share_one_fetch() {
    let (old, new) = (Key::new("old"), Key::new("new"));
    let world = World::warm([&old]).await;
    world.network.serve(URL, Page::keys([old.jwk(), new.jwk()]).after(SECOND));
    let good = new.token();
    let statuses = join_all((0..1000).map(|_| world.status(&good))).await;
    assert!(statuses.iter().all(|status| *status == 200));
    assert_eq!((world.network.count(), world.network.count_past_caches()), (2, 1));
}

#[tokio::test(start_paused = true)]
async fn beyond_1024_who_wait_the_rest_is_told_at_once() {
    let key = Key::new("a");
    let world = World::new();
    world.network.serve(URL, Page::keys([key.jwk()]).after(SECOND));
    let good = key.token();
    for round in 0..2 {
        let asked = (0..1100).map(|_| async {
            let asked = Instant::now();
            (world.status(&good).await, asked.elapsed().as_secs())
        });
        let answers = join_all(asked).await;
        let count = |answer| answers.iter().filter(|other| **other == answer).count();
        // In the second round the key is there.
        let expected = if round == 0 { (1024, 76) } else { (0, 0) };
        assert_eq!((count((200, 1)), count((503, 0))), expected, "round {round}");
    }
    assert_eq!(world.network.count(), 1);
}

#[tokio::test(start_paused = true)]
async fn how_many_may_wait_can_be_set_and_places_are_given_back() {
    let key = Key::new("a");
    let world = World::with(|builder| builder.max_waiting(3));
    world.network.serve(URL, Page::hang());
    let good = key.token();
    for round in 0..3 {
        let mut waiting: Vec<_> = (0..3).map(|_| Box::pin(world.status(&good))).collect();
        for place in &mut waiting {
            assert_eq!(place.now_or_never(), None, "round {round}");
        }
        assert_eq!(world.status(&good).now_or_never(), Some(503), "round {round}: no place");
        // Two leave, and two others find a place.
        waiting.truncate(1);
        let mut others: Vec<_> = (0..2).map(|_| Box::pin(world.status(&good))).collect();
        for place in &mut others {
            assert_eq!(place.now_or_never(), None, "round {round}: another");
        }
        assert_eq!(world.status(&good).now_or_never(), Some(503), "round {round}: again no place");
    }
}

#[tokio::test(start_paused = true)]
async fn who_leaves_cancels_nothing_for_the_others() {
    let key = Key::new("a");
    let world = World::new();
    world.network.serve(URL, Page::keys([key.jwk()]).after(SECOND));
    let good = key.token();
    let mut first = Box::pin(world.status(&good));
    assert_eq!((&mut first).now_or_never(), None);
    let mut second = Box::pin(world.status(&good));
    assert_eq!((&mut second).now_or_never(), None);
    pass(SECOND / 2).await;
    drop(first);
    assert_eq!(second.await, 200);
    assert_eq!((world.network.count(), world.network.elapsed().as_secs()), (1, 1));
}

#[tokio::test(start_paused = true)]
async fn a_fetch_lands_when_all_who_waited_have_left() {
    let (old, new) = (Key::new("old"), Key::new("new"));
    let world = World::new();
    world.network.serve(URL, Page::keys([old.jwk()]).after(SECOND));
    assert_eq!(world.status(&old.token()).now_or_never(), None);
    pass(2 * SECOND).await;
    assert!(world.at_once(&old.token()).is_ok(), "the first fetch");

    // A client that hangs up after each request cannot make a fetch of each.
    world.network.serve(URL, Page::keys([old.jwk(), new.jwk()]).after(SECOND));
    for _ in 0..100 {
        assert_eq!(world.status(&new.token()).now_or_never(), None);
    }
    pass(2 * SECOND).await;
    assert!(world.at_once(&new.token()).is_ok(), "a forced fetch");
    assert_eq!((world.network.count(), world.network.count_past_caches()), (2, 1));
}

#[tokio::test(start_paused = true)]
async fn a_panic_of_the_client_hangs_nobody() {
    let key = Key::new("a");
    let world = World::new();
    world.network.serve(URL, Page::panic());
    let good = key.token();
    let statuses = join_all((0..100).map(|_| world.status(&good))).await;
    assert!(statuses.iter().all(|status| *status == 503));
    assert_eq!(world.network.count(), 1, "it backs off");
    assert_eq!(world.status(&good).now_or_never(), Some(503), "nobody waits while it does");
    pass(10 * MINUTE).await;
    assert!(world.network.count() <= 16, "{}", world.network.count());
    world.publish([&key]);
    assert!(world.until(&good, 200).await <= 61 * SECOND);
}
