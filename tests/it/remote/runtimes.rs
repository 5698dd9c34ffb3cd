//! Promises 13 and 20: one resolver on several runtimes, on one that has ended, and on none.

use std::{
    sync::{LazyLock, mpsc},
    thread,
};

use futures_util::{FutureExt, stream};
use http_body_util::StreamBody;
use hyper::body::Frame;
use tokio::runtime::{Builder, Runtime};
use tower_bearer::FetchBody;

use super::*;
use crate::support::Gate;

fn current_thread() -> Runtime {
    Builder::new_current_thread().enable_all().build().unwrap()
}

/// One whose time passes as fast as it likes.
fn paused() -> Runtime {
    Builder::new_current_thread().enable_all().start_paused(true).build().unwrap()
}

fn multi_thread() -> Runtime {
    Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap()
}

/// Fresh for so short a time that tests need not wait for long.
fn hasty() -> World {
    World::with(|builder| {
        let ms = Duration::from_millis;
        builder.fresh_for(ms(50)).backoff(ms(10)..=ms(20))
    })
}

/// Runs the runtime until this is so.
#[track_caller]
fn eventually(runtime: &Runtime, so: impl Fn() -> bool) {
    let done = runtime.block_on(async {
        let deadline = Instant::now() + 10 * SECOND;
        while !so() && Instant::now() < deadline {
            pass(Duration::from_millis(5)).await;
        }
        so()
    });
    assert!(done, "not within ten seconds");
}

/// The outcome of a closure that must not hang.
#[track_caller]
fn in_time<T: Send + 'static>(run: impl FnOnce() -> T + Send + 'static) -> T {
    let (done, outcome) = mpsc::channel();
    thread::spawn(move || done.send(run()));
    outcome.recv_timeout(10 * SECOND).expect("it hangs or panics")
}

#[test]
fn the_set_is_kept_fresh_on_the_runtime_that_is_left() {
    let makes: [fn() -> Runtime; 2] = [current_thread, multi_thread];
    for first in makes {
        for second in makes {
            let (key, world) = (Key::new("a"), hasty());
            world.publish([&key]);
            let (ends, stays) = (first(), second());
            assert_eq!(ends.block_on(world.status(&key.token())), 200);
            eventually(&ends, || world.network.count() > 2);
            assert_eq!(stays.block_on(world.status(&key.token())), 200);
            drop(ends);
            let before = world.network.count();
            assert_eq!(stays.block_on(world.status(&key.token())), 200);
            eventually(&stays, || world.network.count() > before + 2);
        }
    }
}

#[test]
fn a_resolver_in_a_static_outlives_runtimes() {
    static KEY: LazyLock<Key> = LazyLock::new(|| Key::new("a"));
    static WORLD: LazyLock<World> = LazyLock::new(|| {
        let world = hasty();
        world.publish([&*KEY]);
        world
    });
    for make in [current_thread, multi_thread, current_thread] {
        let runtime = make();
        assert_eq!(runtime.block_on(WORLD.status(&KEY.token())), 200);
        let before = WORLD.network.count();
        eventually(&runtime, || WORLD.network.count() > before + 2);
    }
}

#[test]
fn a_runtime_that_ends_takes_no_waiting_request_of_another_one_with_it() {
    let makes: [fn() -> Runtime; 2] = [current_thread, multi_thread];
    for first in makes {
        let (key, world, gate) = (Key::new("a"), World::new(), Gate::new());
        let set = || Page::keys([key.jwk()]);
        world.network.script(URL, [set().behind(&gate), set()]);
        let (ends, stays) = (first(), multi_thread());
        let (verifier, good) = (world.verifier.clone(), key.token());
        ends.block_on(async {
            assert_eq!(world.status(&good).now_or_never(), None);
            while world.network.count() == 0 {
                tokio::task::yield_now().await;
            }
        });
        let waiting = stays.spawn(async move { verifier.verify(&good).await.is_ok() });
        stays.block_on(async { pass(Duration::from_millis(20)).await });
        assert!(!waiting.is_finished(), "it waits for the other one's fetch");
        drop(ends);
        let waited = stays.block_on(async { tokio::time::timeout(SECOND * 4, waiting).await });
        assert!(waited.unwrap().unwrap());
        assert_eq!(world.network.count(), 2, "and fetched itself");
        assert_eq!(world.last_error(), None, "which says nothing of the source");
    }
}

#[test]
fn on_many_threads_at_once_one_fetch_is_made_and_nobody_is_refused() {
    let (key, world, gate) = (Key::new("a"), hasty(), Gate::new());
    let set = || Page::keys([key.jwk()]);
    world.network.script(URL, [set().behind(&gate), set()]);
    let runtime = Builder::new_multi_thread().worker_threads(8).enable_all().build().unwrap();
    runtime.block_on(async {
        let ask = || {
            let (verifier, good) = (world.verifier.clone(), key.token());
            tokio::spawn(async move { verifier.verify(&good).await.is_ok() })
        };
        let first: Vec<_> = (0..1000).map(|_| ask()).collect();
        pass(Duration::from_millis(20)).await;
        assert_eq!(world.network.count(), 1);
        gate.open();
        for request in first {
            assert!(request.await.unwrap());
        }
        // While strangers ask, and the set is refreshed again and again.
        for number in 0..50 {
            let asked: Vec<_> = (0..20).map(|_| ask()).collect();
            let verifier = world.verifier.clone();
            let stranger = tokio::spawn(async move {
                let refused = verifier.verify(&strange(&number.to_string())).await;
                refused.unwrap_err().kind()
            });
            for request in asked {
                assert!(request.await.unwrap());
            }
            assert_eq!(stranger.await.unwrap(), TokenErrorKind::UnknownKey);
        }
    });
    assert!(world.network.count_past_caches() <= 2);
}

#[test]
fn a_runtime_that_stands_still_keeps_no_set_from_being_refreshed() {
    let (key, world) = (Key::new("a"), World::new());
    world.publish([&key]);
    let good = key.token();
    let (still, moves) = (current_thread(), paused());
    assert_eq!(still.block_on(world.status(&good)), 200);
    still.block_on(pass(Duration::from_millis(20)));
    moves.block_on(async {
        for _ in 0..120 {
            pass(MINUTE).await;
            assert_eq!(world.status(&good).await, 200);
        }
        assert!(world.network.count() > 120 / 5, "{} fetches", world.network.count());
        assert!(world.keys.status().unwrap().age.unwrap() < 6 * MINUTE);
        // The keeper of the runtime that stands still must not be told in place of this one's.
        assert_eq!(tokio::runtime::Handle::current().metrics().num_alive_tasks(), 1);
        drop((world.keys, world.verifier));
        pass(Duration::from_millis(1)).await;
        assert_eq!(tokio::runtime::Handle::current().metrics().num_alive_tasks(), 0);
    });
    drop(still);
}

#[test]
fn a_fetch_on_a_runtime_that_stands_still_is_given_up() {
    let (key, world) = (Key::new("a"), World::new());
    world.publish([&key]);
    let good = key.token();
    let (still, moves) = (current_thread(), paused());
    still.block_on(async { assert_eq!(world.status(&good).now_or_never(), None) });
    moves.block_on(async {
        let asked = Instant::now();
        assert_eq!(world.status(&good).await, 200);
        // Three times the time a question may take, and a second.
        assert!(asked.elapsed() <= 17 * SECOND, "{:?}", asked.elapsed());
        pass(30 * MINUTE).await;
        assert!(world.network.count() >= 6, "and kept fresh here");
    });
}

#[test]
fn a_strangers_fetch_on_a_runtime_that_stands_still_holds_up_no_refresh() {
    let (key, world) = (Key::new("a"), World::new());
    world.publish([&key]);
    let good = key.token();
    let (still, moves) = (current_thread(), paused());
    still.block_on(async {
        world.keys.preload().await.unwrap();
        assert_eq!(world.status(&strange("x")).now_or_never(), None);
    });
    moves.block_on(async {
        for _ in 0..30 {
            pass(MINUTE).await;
            assert_eq!(world.status(&good).await, 200);
        }
        assert!(world.keys.status().unwrap().age.unwrap() < 6 * MINUTE);
    });
}

#[test]
fn a_request_on_a_runtime_that_has_ended_is_answered() {
    // With a good answer of a moment ago we know that there is no such key.
    for (warm, expected) in
        [(false, TokenErrorKind::KeysUnavailable), (true, TokenErrorKind::UnknownKey)]
    {
        let answer = in_time(move || {
            let (key, world) = (Key::new("a"), World::new());
            world.publish([&key]);
            let runtime = current_thread();
            if warm {
                runtime.block_on(async { world.keys.preload().await.unwrap() });
            }
            let handle = runtime.handle().clone();
            drop(runtime);
            let _entered = handle.enter();
            let verified = world.verifier.verify(&strange("x"));
            // There is no time on it, either.
            let verified = verified.into_future().now_or_never();
            verified.map(|verified| verified.unwrap_err().kind())
        });
        assert_eq!(answer, Some(expected), "warm: {warm}");
    }
}

#[test]
fn without_a_runtime_what_is_not_at_hand_is_out_of_reach() {
    let (key, world) = (Key::new("a"), World::new());
    world.publish([&key]);
    let good = key.token();
    let refused = in_time({
        let (verifier, good) = (world.verifier.clone(), good.clone());
        move || futures_executor::block_on(verifier.verify(&good).into_future()).unwrap_err().kind()
    });
    assert_eq!(refused, TokenErrorKind::KeysUnavailable);
    assert!(futures_executor::block_on(world.keys.preload().into_future()).is_err());
    assert!(futures_executor::block_on(world.keys.refresh_now().into_future()).is_err());
    assert_eq!(world.network.count(), 0);
    // It says nothing of the source: nothing is backed off from.
    assert_eq!(multi_thread().block_on(world.status(&good)), 200);
    assert!(world.at_once(&good).is_ok(), "once it is there no runtime is needed");
}

#[test]
fn without_a_runtime_another_ones_fetch_can_be_waited_for() {
    let (key, world, gate) = (Key::new("a"), World::new(), Gate::new());
    world.network.serve(URL, Page::keys([key.jwk()]).behind(&gate));
    let runtime = multi_thread();
    let good = key.token();
    runtime.block_on(async { assert_eq!(world.status(&good).now_or_never(), None) });
    let verifier = world.verifier.clone();
    let waiting = verifier.verify(&good).into_future();
    gate.open();
    assert!(in_time(move || futures_executor::block_on(waiting).is_ok()));
}

#[test]
fn a_look_up_may_be_made_in_one_place_and_awaited_in_another() {
    let (key, world) = (Key::new("a"), World::new());
    world.publish([&key]);
    let verifying = world.verifier.verify(&key.token());
    assert!(multi_thread().block_on(verifying.into_future()).is_ok());
}

/// It is always ready and never says anything: it must not keep its own clock from being looked at.
#[test]
fn a_body_of_empty_frames_is_given_up_in_time() {
    let nothing = |_: Request<()>| async {
        let frames = stream::repeat_with(|| Ok::<_, Infallible>(Frame::data(Bytes::new())));
        Ok(Response::new(FetchBody::new(StreamBody::new(frames))))
    };
    for make in [current_thread, multi_thread] {
        let failed = in_time(move || {
            let builder = RemoteJwks::builder(URL).timeout(SECOND / 10);
            let keys = builder.fetch(nothing).build().unwrap();
            make().block_on(keys.preload().into_future()).is_err()
        });
        assert!(failed);
    }
}
