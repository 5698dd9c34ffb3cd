//! What any [`SessionStore`](crate::SessionStore) and any [`RevocationLog`](crate::RevocationLog) has to keep to, as suites that their authors run.

#![cfg_attr(
    not(test),
    expect(
        clippy::arithmetic_side_effects,
        reason = "numbers of the suite's own choice, far from any end"
    )
)]
#![expect(clippy::unchecked_time_subtraction, reason = "durations of the suite's own choice")]

mod age;
mod clock;
mod given;
mod log;
mod parallel;
mod rotation;
mod sessions;
mod verdict;

use std::future::Future;

use self::verdict::Suite;
pub use self::{clock::TestClock, log::revocation_log};
use crate::issue::store::SessionStore;

/// Holds a [`SessionStore`] against everything that is asked of one: about 30 cases, of which each begins with a store of
/// its own, without sessions, as `make` hands it out. `make` gets the clock that store has to go by.
///
/// ```
/// use tower_bearer::{MemoryStore, testing};
///
/// # #[tokio::main(flavor = "multi_thread", worker_threads = 2)] async fn main() {
/// testing::session_store(|clock| async { MemoryStore::with_clock(clock) }).await;
/// # }
/// ```
///
/// One of the cases renews a session 200 times by 50 tasks at once. A store whose clock cannot be set is held against what needs none by
/// [`session_store_by_own_clock`].
///
/// # Panics
///
/// The store fails in some of the cases: all of them are named, each with what was found. Or the tokio runtime has one thread only, on
/// which little happens at once.
pub async fn session_store<S, R>(make: impl Fn(TestClock) -> R)
where
    S: SessionStore,
    R: Future<Output = S>,
{
    let mut suite = Suite::new("session_store");
    without_a_clock(&mut suite, &make).await;
    age::run(&mut suite, &make).await;
    suite.end();
}

/// [`session_store`] for stores with a clock of their own, such as a server's: without the cases in which time passes.
///
/// What a store makes of time is the larger half of what can be wrong with it. Where a test can shift its clock, by an offset
/// that is added in its queries, run the whole suite.
///
/// # Panics
///
/// As [`session_store`].
pub async fn session_store_by_own_clock<S, R>(make: impl Fn() -> R)
where
    S: SessionStore,
    R: Future<Output = S>,
{
    let mut suite = Suite::new("session_store_by_own_clock");
    without_a_clock(&mut suite, &|_| make()).await;
    suite.end();
}

async fn without_a_clock<S, R>(suite: &mut Suite, make: &impl Fn(TestClock) -> R)
where
    S: SessionStore,
    R: Future<Output = S>,
{
    sessions::run(suite, make).await;
    rotation::run(suite, make).await;
    parallel::run(suite, make).await;
}
