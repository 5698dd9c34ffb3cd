//! Promises 1 and 2: what an outage does, and how it ends.

use super::*;

/// Whether the waits between these times double from 1 s to 60 s, give or take a tenth, and are `least` at
/// least.
#[track_caller]
fn assert_backing_off(times: &[Duration], least: Duration) {
    for (n, pair) in times.windows(2).enumerate() {
        let wait = (pair[1] - pair[0]).as_secs_f64();
        let due = 2_f64.powi(i32::try_from(n).unwrap()).min(60.0);
        let (from, to) = ((due * 0.9).max(least.as_secs_f64()), (due * 1.1).min(60.0));
        let bounds = from - 0.01..=to.max(from) + 0.01;
        assert!(bounds.contains(&wait), "wait {n} is {wait} s, not within {bounds:?}");
    }
}

fn times(world: &World) -> Vec<Duration> {
    world.network.asked().into_iter().map(|asked| asked.at).collect()
}

#[tokio::test(start_paused = true)]
async fn an_outage_of_an_hour_is_not_noticed() {
    let key = Key::new("a");
    let world = World::warm([&key]).await;
    world.network.serve(URL, Page::refused());
    let good = key.token();
    for second in 1..=3600 {
        pass(SECOND).await;
        assert!(world.at_once(&good).is_ok(), "after {second} s");
    }
    assert!(world.last_error().unwrap().contains("connection refused"));

    // Five minutes of freshness and an hour of staleness.
    pass(5 * MINUTE - SECOND).await;
    assert_eq!(world.status(&good).await, 200, "at the end of the hour");
    pass(SECOND).await;
    let (status, retry_after) = world.reply(&good).await;
    assert_eq!(status, 503, "beyond the hour");
    assert!((1..=60).contains(&retry_after.unwrap()), "{retry_after:?}");
    assert!(!world.keys.status().unwrap().usable);

    world.publish([&key]);
    let healed = world.until(&good, 200).await;
    assert!(healed <= 61 * SECOND, "{healed:?}");
    assert_eq!(world.last_error(), None);
}

#[tokio::test(start_paused = true)]
async fn an_outage_is_asked_again_in_ever_longer_times() {
    let key = Key::new("a");
    let world = World::warm([&key]).await;
    world.network.serve(URL, Page::status(503));
    pass(30 * MINUTE).await;
    let times = times(&world);
    assert!(times.len() > 25, "{}", times.len());
    assert_backing_off(&times[1..], Duration::ZERO);
}

#[tokio::test(start_paused = true)]
async fn down_at_boot_nobody_waits_while_backing_off() {
    let key = Key::new("a");
    let world = World::new();
    world.network.serve(URL, Page::refused());
    let good = key.token();
    for _ in 0..3000 {
        let asked = Instant::now();
        let (status, retry_after) = world.reply(&good).await;
        assert_eq!((status, asked.elapsed()), (503, Duration::ZERO));
        assert!((1..=60).contains(&retry_after.unwrap()), "{retry_after:?}");
        pass(SECOND / 10).await;
    }
    assert_backing_off(&times(&world), Duration::ZERO);
    assert!((9..=12).contains(&world.network.count()), "{}", world.network.count());

    world.publish([&key]);
    let healed = world.until(&good, 200).await;
    assert!(healed <= 61 * SECOND, "{healed:?}");
    assert!(world.at_once(&good).is_ok());
}

#[tokio::test(start_paused = true)]
async fn the_back_off_counts_from_the_attempt() {
    let world = World::new();
    world.network.serve(URL, Page::hang());
    assert_eq!(world.status(&strange("a")).await, 503);
    let waited = world.network.elapsed();
    assert!((5.0..5.01).contains(&waited.as_secs_f64()), "{waited:?}");
    pass(10 * MINUTE).await;
    assert_backing_off(&times(&world), 5 * SECOND);
}

#[tokio::test(start_paused = true)]
async fn back_offs_of_many_nodes_differ() {
    let mut second = Vec::new();
    for _ in 0..20 {
        let world = World::new();
        world.network.serve(URL, Page::refused());
        assert_eq!(world.status(&strange("a")).await, 503);
        pass(2 * SECOND).await;
        second.push(times(&world)[1]);
    }
    let (first, last) = (second.iter().min().unwrap(), second.iter().max().unwrap());
    assert!(*last - *first > Duration::from_millis(50), "{first:?} to {last:?}");
}

#[tokio::test(start_paused = true)]
async fn after_an_outage_the_next_one_begins_anew() {
    let key = Key::new("a");
    let world = World::warm([&key]).await;
    for round in 0..2 {
        world.network.serve(URL, Page::refused());
        let before = world.network.count();
        pass(20 * MINUTE).await;
        assert_backing_off(&times(&world)[before..], Duration::ZERO);
        world.publish([&key]);
        pass(2 * MINUTE).await;
        assert_eq!(world.last_error(), None, "round {round}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_probe_alone_keeps_a_service_in_rotation_unless_its_keys_cannot_be_had() {
    let world = World::warm([&Key::new("a")]).await;
    for minute in 0..24 * 60 {
        pass(MINUTE).await;
        assert!(world.keys.status().unwrap().usable, "after {minute} min");
    }
    // Down at boot, and asked: out of rotation, and back without a request once there are keys.
    let world = World::new();
    world.network.serve(URL, Page::refused());
    assert!(world.keys.preload().await.is_err());
    pass(10 * MINUTE).await;
    assert!(!world.keys.status().unwrap().usable);
    world.publish([&Key::new("a")]);
    pass(61 * SECOND).await;
    assert!(world.keys.status().unwrap().usable);
}
