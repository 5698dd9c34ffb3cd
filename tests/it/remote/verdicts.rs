//! Promise 9: 401 if we know, 503 if we cannot know.

use super::*;

#[derive(Clone, Copy, Debug)]
enum Kid {
    /// It names a key of the set.
    Known,
    /// There is none, and the set has one key.
    Only,
    /// There is none, and the set has two keys.
    Several,
    /// It names no key of the set.
    Unknown,
}

/// When the last good answer was asked for.
#[derive(Clone, Copy, Debug)]
enum Last {
    /// So long ago that the set counts no longer.
    Expired,
    Never,
    /// More than 30 s ago.
    Old,
    /// Less than 30 s ago.
    Recent,
}

#[derive(Clone, Copy, Debug)]
enum Source {
    Answers,
    Fails,
}

#[derive(Clone, Copy, Debug)]
enum Bucket {
    Empty,
    Full,
}

use self::{Bucket::*, Kid::*, Last::*, Source::*};

/// The status, and how many fetches that takes.
#[expect(clippy::match_same_arms, reason = "it is a table")]
fn contract(kid: Kid, last: Last, source: Source, bucket: Bucket) -> (u16, usize) {
    match (kid, last, source, bucket) {
        // A usable set that answers by itself.
        (Known | Only, Old | Recent, _, _) => (200, 0),
        (Several, Old | Recent, _, _) => (401, 0),
        // No usable set: it is waited for.
        (_, Expired | Never, Fails, _) => (503, 1),
        (Known | Only, Expired | Never, Answers, _) => (200, 1),
        (Several, Expired | Never, Answers, _) => (401, 1),
        // What came may have been a cache's, and is asked for again past caches if that is allowed.
        (Unknown, Expired | Never, Answers, Full) => (401, 2),
        (Unknown, Expired | Never, Answers, Empty) => (401, 1),
        // A usable set without the key.
        (Unknown, Old | Recent, Answers, Full) => (401, 1),
        (Unknown, Recent, Fails, Full) => (401, 1),
        (Unknown, Old, Fails, Full) => (503, 1),
        (Unknown, Recent, _, Empty) => (401, 0),
        (Unknown, Old, _, Empty) => (503, 0),
    }
}

/// A world in this state, and how many fetches it has seen.
async fn world(keys: &[&Key], last: Last, source: Source, bucket: Bucket) -> (World, usize) {
    let once_a_day = (1.try_into().unwrap(), 24 * HOUR);
    let world = World::with(|builder| {
        let idle = if matches!(last, Never) { HOUR } else { 24 * HOUR };
        builder.forced_fetches(once_a_day.0, once_a_day.1).idle_after(idle)
    });
    world.publish(keys.iter().copied());
    if matches!(bucket, Empty) || !matches!(last, Never) {
        world.keys.preload().await.unwrap();
    }
    if matches!(bucket, Empty) {
        assert_eq!(world.status(&strange("drop")).await, 401);
    }
    if matches!((last, bucket), (Never, Empty)) {
        // Forgotten, as nobody asked for an hour.
        pass(2 * HOUR).await;
        assert_eq!(world.keys.status().unwrap().keys, 0);
    }
    match last {
        Expired | Never => (),
        Recent => pass(29 * SECOND).await,
        Old => pass(31 * SECOND).await,
    }
    let fetches = world.network.count();
    if matches!(source, Fails) {
        world.network.serve(URL, Page::refused());
    }
    if matches!(last, Expired) {
        tokio::time::advance(HOUR + 5 * MINUTE).await;
    }
    (world, fetches)
}

#[tokio::test(start_paused = true)]
async fn we_know_or_cannot_know() {
    let (a, b) = (Key::new("a"), Key::new("b"));
    for kid in [Known, Only, Several, Unknown] {
        let (keys, token): (&[&Key], String) = match kid {
            Known => (&[&a, &b], a.token()),
            Only => (&[&a], a.token_without_kid()),
            Several => (&[&a, &b], a.token_without_kid()),
            Unknown => (&[&a], b.token()),
        };
        for last in [Expired, Never, Old, Recent] {
            for source in [Answers, Fails] {
                for bucket in [Empty, Full] {
                    let (world, before) = world(keys, last, source, bucket).await;
                    let status = world.status(&token).await;
                    let seen = (status, world.network.count() - before);
                    let expected = contract(kid, last, source, bucket);
                    assert_eq!(seen, expected, "{kid:?}, {last:?}, {source:?}, {bucket:?}");
                }
            }
        }
    }
}

/// While a failure is backed off from nothing is fetched, whatever the bucket holds.
#[tokio::test(start_paused = true)]
async fn while_backing_off_nothing_is_fetched() {
    let key = Key::new("a");
    for (age, status) in [(5, 401), (29, 401), (31, 503), (200, 503)] {
        let world = World::with(|builder| builder.backoff(HOUR..=HOUR));
        world.publish([&key]);
        world.keys.preload().await.unwrap();
        pass(age * SECOND).await;
        world.network.serve(URL, Page::refused());
        assert!(world.keys.refresh_now().await.is_err());
        let before = world.network.count();
        for number in 0..10 {
            let asked = Instant::now();
            let (said, retry_after) = world.reply(&strange(&number.to_string())).await;
            assert_eq!((said, asked.elapsed()), (status, Duration::ZERO), "after {age} s");
            let hour = (3240..=3600).contains(&retry_after.unwrap_or(3600));
            assert!(hour, "{retry_after:?} is when it is worth asking again");
        }
        assert_eq!(world.network.count(), before, "after {age} s");
        assert_eq!(world.status(&key.token()).await, 200, "after {age} s");
    }
}
