//! Promise 10: what is not sent again, and what is known to be the same.

use hyper::header::ACCEPT;

use super::*;
use crate::support::Asked;

fn age(world: &World) -> u64 {
    world.keys.status().unwrap().age.unwrap().as_secs()
}

#[tokio::test(start_paused = true)]
async fn an_etag_is_sent_back_as_it_came() {
    for etag in ["\"1\"", "W/\"1\"", "\"\"", "1"] {
        let world = World::new();
        world.network.serve(URL, Page::keys([Key::new("a").jwk()]).tagged(etag));
        world.keys.preload().await.unwrap();
        world.keys.refresh_now().await.unwrap();
        let etags: Vec<_> =
            world.network.asked().iter().map(|a| a.etag().map(str::to_owned)).collect();
        assert_eq!(etags, [None, Some(etag.to_owned())]);
    }
}

#[tokio::test(start_paused = true)]
async fn not_modified_counts_as_a_fetch() {
    let key = Key::new("a");
    let world = World::new();
    world.network.serve(URL, Page::keys([key.jwk()]).tagged("\"1\""));
    world.keys.preload().await.unwrap();
    let (pulled, generation) = (world.network.pulled(), world.keys.generation());
    // Nothing but 304 for five hours.
    for _ in 0..300 {
        pass(MINUTE).await;
        assert!(world.at_once(&key.token()).is_ok());
        assert!(age(&world) <= 264);
    }
    assert_eq!(world.network.pulled(), pulled, "no body was sent again");
    assert_eq!(world.keys.generation(), generation);
    assert!(world.network.count() > 300 * 60 / 264);
    assert!(world.network.asked()[1..].iter().all(|asked| asked.etag() == Some("\"1\"")));
}

#[tokio::test(start_paused = true)]
async fn a_forced_fetch_that_finds_nothing_modified_knows() {
    let key = Key::new("a");
    let world = World::new();
    world.network.serve(URL, Page::keys([key.jwk()]).tagged("\"1\"").after(SECOND));
    world.keys.preload().await.unwrap();
    let generation = world.keys.generation();
    pass(MINUTE).await;
    assert_eq!(world.status(&strange("x")).await, 401);
    assert_eq!(age(&world), 1, "its age runs from when it was asked for");
    assert_eq!(world.keys.generation(), generation);
}

#[tokio::test(start_paused = true)]
async fn the_age_runs_from_the_question() {
    let world = World::new();
    world.network.serve(URL, Page::keys([Key::new("a").jwk()]).after(4 * SECOND));
    world.keys.preload().await.unwrap();
    assert_eq!(age(&world), 4);
    let next = world.keys.status().unwrap().next_refresh.unwrap();
    assert!(next <= 260 * SECOND, "{next:?}");
}

#[tokio::test(start_paused = true)]
async fn how_long_it_is_fresh_not_modified_says_itself() {
    let key = Key::new("a");
    let set = || Page::keys([key.jwk()]).tagged("\"1\"");
    // The first answer, the 304, and the freshness that then counts.
    let cases = [
        (set().max_age(3600), set().max_age(120), 120),
        (set(), set().max_age(120), 120),
        (set().max_age(120), set().max_age(3600), 3600),
        (set().max_age(120), set(), 120),
        (set(), set(), 300),
    ];
    for (number, (first, second, fresh)) in cases.into_iter().enumerate() {
        let world = World::new();
        world.network.script(URL, [first, second]);
        world.keys.preload().await.unwrap();
        world.keys.refresh_now().await.unwrap();
        let next = world.keys.status().unwrap().next_refresh.unwrap();
        let bounds = fresh * SECOND * 72 / 100..=fresh * SECOND * 88 / 100;
        assert!(bounds.contains(&next), "case {number}: {next:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_generation_lasts_as_long_as_the_keys_are_the_same() {
    let (a, b) = (Key::new("a"), Key::new("b"));
    let world = World::new();
    assert_eq!(world.keys.generation(), None);
    let both = || Page::keys([a.jwk(), b.jwk()]);
    let steps = [
        ("the first", Page::keys([a.jwk()]), 0),
        ("the same", Page::keys([a.jwk()]), 0),
        ("the same, tagged", Page::keys([a.jwk()]).tagged("\"1\""), 0),
        ("not modified", Page::keys([a.jwk()]).tagged("\"1\""), 0),
        ("the same, with another tag", Page::keys([a.jwk()]).tagged("\"2\""), 0),
        ("the same, for longer", Page::keys([a.jwk()]).max_age(600), 0),
        ("another", both(), 1),
        ("a failure", Page::refused(), 1),
        ("that again", both(), 1),
        ("the first again", Page::keys([a.jwk()]), 2),
    ];
    let mut generations: Vec<u64> = Vec::new();
    for (case, page, generation) in steps {
        world.network.serve(URL, page);
        let _failed = world.keys.refresh_now().await;
        let found = world.keys.generation().unwrap();
        if generation == generations.len() {
            assert!(!generations.contains(&found), "{case}");
            generations.push(found);
        }
        assert_eq!(found, generations[generation], "{case}");
        assert!(world.at_once(&a.token()).is_ok(), "{case}");
    }
}

#[tokio::test(start_paused = true)]
async fn the_tag_is_that_of_the_set_that_is_held() {
    let key = Key::new("a");
    let world = World::new();
    let steps = [
        (Page::keys([key.jwk()]).tagged("\"1\""), None),
        (Page::body("<html>").tagged("\"2\""), Some("\"1\"")),
        (Page::keys([]).tagged("\"3\""), Some("\"1\"")),
        (Page::status(500).tagged("\"4\""), Some("\"1\"")),
        (Page::keys([key.jwk()]).tagged("\"5\""), Some("\"1\"")),
        (Page::keys([Key::new("b").jwk()]), Some("\"5\"")),
        (Page::keys([key.jwk()]), None),
    ];
    for (number, (page, sent)) in steps.into_iter().enumerate() {
        world.network.serve(URL, page);
        let _failed = world.keys.refresh_now().await;
        let asked = world.network.asked();
        assert_eq!(asked.last().unwrap().etag(), sent, "request {number}");
    }
}

#[tokio::test(start_paused = true)]
async fn only_who_must_asks_past_caches() {
    let world = World::new();
    world.publish([&Key::new("a")]);
    world.keys.preload().await.unwrap();
    let kinds = |world: &World| -> Vec<bool> {
        world.network.asked().iter().map(Asked::is_past_caches).collect()
    };
    pass(265 * SECOND).await;
    assert_eq!(kinds(&world), [false, false], "on schedule");
    assert_eq!(world.status(&strange("x")).await, 401);
    assert_eq!(kinds(&world)[2..], [true], "for an unknown key");
    world.keys.refresh_now().await.unwrap();
    assert_eq!(kinds(&world)[3..], [true], "because somebody wants it");
    let asked = world.network.asked();
    assert!(asked.iter().all(|asked| asked.headers[ACCEPT].to_str().unwrap().contains("json")));
}
