//! Promises 4 and 5: what strangers cannot bring about, and what they cannot hold up.

use std::ops::RangeInclusive;

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use futures_util::future::join_all;

use super::*;

/// How many fetches strangers may cause within so much time.
fn allowance(time: Duration) -> usize {
    2 + usize::try_from(time.as_secs() / 15).unwrap()
}

/// No stretch of time saw more forced fetches than the bucket has for it.
#[track_caller]
pub(super) fn assert_within_the_bucket(network: &Network) {
    let forced: Vec<Duration> =
        network.asked().iter().filter(|asked| asked.is_past_caches()).map(|a| a.at).collect();
    for (from, first) in forced.iter().enumerate() {
        for (to, last) in forced.iter().enumerate().skip(from) {
            let time = *last - *first + Duration::from_millis(1);
            assert!(to - from < allowance(time), "{} fetches in {time:?}", to - from + 1);
        }
    }
}

/// The fetches no stranger caused are this far apart.
#[track_caller]
fn assert_on_schedule(network: &Network, seconds: RangeInclusive<f64>) {
    let times: Vec<f64> = network
        .asked()
        .iter()
        .filter(|asked| !asked.is_past_caches())
        .map(|asked| asked.at.as_secs_f64())
        .collect();
    for pair in times.windows(2) {
        assert!(seconds.contains(&(pair[1] - pair[0])), "{times:?}");
    }
}

/// Tokens that name so many keys that nobody has.
async fn storm(world: &World, numbers: impl IntoIterator<Item = usize>) {
    let template = strange("");
    let (_, rest) = template.split_once('.').unwrap();
    let tokens = numbers.into_iter().map(|number| {
        let header = format!(r#"{{"alg":"ES256","kid":"{number}"}}"#);
        format!("{}.{rest}", URL_SAFE_NO_PAD.encode(header))
    });
    let asked = tokens.map(|token| world.verifier.verify(&token).into_future());
    for verified in join_all(asked).await {
        assert_eq!(verified.unwrap_err().kind(), TokenErrorKind::UnknownKey);
    }
}

#[tokio::test(start_paused = true)]
async fn strangers_cause_few_fetches_and_no_error() {
    let key = Key::new("a");
    let world = World::new();
    world.network.serve(URL, Page::keys([key.jwk()]).after(SECOND / 20));
    world.keys.preload().await.unwrap();
    let good = key.token();
    for request in 0..1000 {
        assert!(world.at_once(&good).is_ok(), "request {request}");
        storm(&world, request * 100..(request + 1) * 100).await;
        pass(SECOND).await;
    }
    assert_within_the_bucket(&world.network);
    assert_on_schedule(&world.network, 216.0..=264.1);
    // The bucket was emptied all the time.
    let (forced, allowed) = (world.network.count_past_caches(), allowance(world.network.elapsed()));
    assert!((allowed * 9 / 10..=allowed).contains(&forced), "{forced} of {allowed}");
    assert!(world.network.count() - forced >= 4);
    // And what they did can be seen through the layer.
    assert_eq!((world.status(&strange("x")).await, world.status(&good).await), (401, 200));
}

#[tokio::test(start_paused = true)]
async fn the_bucket_fills_while_nobody_takes_from_it() {
    let world = World::warm([&Key::new("a")]).await;
    let mut number = 0;
    // After each pause, so many fetches at once.
    for (pause, fetches) in [(0, 2), (14, 0), (2, 1), (15, 1), (30, 2), (600, 2)] {
        pass(pause * SECOND).await;
        let before = world.network.count_past_caches();
        for _ in 0..5 {
            number += 1;
            storm(&world, [number]).await;
        }
        assert_eq!(world.network.count_past_caches() - before, fetches, "after {pause} s");
    }
}

#[tokio::test(start_paused = true)]
async fn forced_fetches_that_fail_do_not_hold_up_the_scheduled_one() {
    // It fails whoever asks past its cache, as a cache does whose origin is down.
    let key = Key::new("a");
    let world = World::warm([&key]).await;
    for minute in 0..30_usize {
        world.network.serve(URL, Page::refused());
        let scheduled = world.network.count() - world.network.count_past_caches();
        let _refused = world.verifier.verify(&strange(&minute.to_string())).await;
        let same = world.network.count() - world.network.count_past_caches();
        assert_eq!(scheduled, same, "a stranger's fetch is past caches");
        world.publish([&key]);
        pass(MINUTE).await;
    }
    assert_on_schedule(&world.network, 216.0..=264.0 + 60.0);
}

#[tokio::test(start_paused = true)]
async fn a_rotation_in_the_middle_of_a_storm_is_seen_within_15_seconds() {
    for start in [0, 3, 7, 11, 14] {
        let (old, new) = (Key::new("old"), Key::new("new"));
        let world = World::warm([&old]).await;
        let mut number = 0;
        let mut rage = |steps: usize| {
            number += steps;
            number - steps..number
        };
        for _ in 0..300 + start * 10 {
            storm(&world, rage(3)).await;
            pass(SECOND / 10).await;
        }
        // Published while its tokens are already about.
        assert_eq!(world.status(&new.token()).await, 401);
        world.publish([&old, &new]);
        let rotated = Instant::now();
        let good = new.token();
        loop {
            storm(&world, rage(3)).await;
            assert!(world.at_once(&old.token()).is_ok());
            match world.status(&good).await {
                200 => break,
                status => assert_eq!(status, 401),
            }
            assert!(rotated.elapsed() < HOUR, "it is never seen");
            pass(SECOND / 10).await;
        }
        let seen = rotated.elapsed();
        assert!(seen <= 15 * SECOND + SECOND / 5, "{seen:?}");
        assert_within_the_bucket(&world.network);
    }
}

#[tokio::test(start_paused = true)]
async fn a_rotation_without_a_storm_is_seen_at_once() {
    let (old, new) = (Key::new("old"), Key::new("new"));
    let world = World::warm([&old]).await;
    pass(MINUTE).await;
    world.publish([&old, &new]);
    assert_eq!(world.status(&new.token()).await, 200);
    assert_eq!((world.network.count(), world.network.count_past_caches()), (2, 1));
    assert!(world.at_once(&old.token()).is_ok());
}

#[tokio::test(start_paused = true)]
async fn the_refresh_comes_at_four_fifths_of_what_the_answer_says() {
    // Header, and the freshness that counts.
    let cases = [
        (None, 300.0),
        (Some(600), 600.0),
        (Some(1), 60.0),
        (Some(0), 60.0),
        (Some(3600), 3600.0),
        (Some(86400), 3600.0),
    ];
    for (said, counts) in cases {
        let key = Key::new("a");
        let page = Page::keys([key.jwk()]);
        let page = said.into_iter().fold(page, Page::max_age);
        let world = World::with(|builder| builder.idle_after(100 * HOUR));
        world.network.serve(URL, page);
        world.keys.preload().await.unwrap();
        pass(10 * HOUR).await;
        assert_on_schedule(&world.network, counts * 0.72..=counts * 0.88 + 0.01);
        let fetches = world.network.count();
        let least = 36000.0 / (counts * 0.88);
        #[expect(clippy::cast_precision_loss, reason = "there are a few hundred")]
        let enough = fetches as f64 >= least;
        assert!(enough, "{said:?}: {fetches} fetches");
    }
}
