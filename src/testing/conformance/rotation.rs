//! What becomes of each token: the rows of the table at [`SessionStore::rotate`].

use std::future::Future;

use super::{
    clock::{TestClock, in_millis},
    given::{Given, IDLE, LIMITS, unchanged},
    verdict::{Suite, Verdict, cases, same},
};
use crate::issue::store::{Rotation, RotationLimits, SessionStore, StoredSession};

pub(super) async fn run<S, R>(suite: &mut Suite, make: &impl Fn(TestClock) -> R)
where
    S: SessionStore,
    R: Future<Output = S>,
{
    cases!(
        suite,
        Given::new(make).await,
        [
            the_next_token_raises_the_counter,
            the_last_token_is_replayed,
            an_older_token_ends_the_session,
            a_newer_token_is_taken_forward,
            limits_are_those_of_the_call,
            tokens_of_one_session_leave_others_alone,
        ]
    );
}

async fn the_next_token_raises_the_counter<S: SessionStore>(given: Given<S>) -> Verdict {
    let id = given.begin("ada").await?;
    let was = given.read(id).await?;
    for counter in 0..10 {
        given.rotates(id, counter, Rotation::Rotated { counter: counter + 1 }).await?;
        let found = given.read(id).await?;
        let rotated_at = found.rotated_at;
        let idle_until = rotated_at + in_millis(IDLE);
        same("whether time has passed", &(rotated_at >= was.created_at), &true)?;
        let now = StoredSession { counter: counter + 1, rotated_at, idle_until, ..was.clone() };
        unchanged(&found, &now)?;
    }
    Ok(())
}

async fn the_last_token_is_replayed<S: SessionStore>(given: Given<S>) -> Verdict {
    let id = given.begin("ada").await?;
    given.goes_on(id, 0).await?;
    let was = given.read(id).await?;
    for _ in 0..3 {
        given.rotates(id, 0, Rotation::Replayed { counter: 1 }).await?;
        unchanged(&given.read(id).await?, &was)?;
    }
    given.goes_on(id, 1).await?;
    given.rotates(id, 1, Rotation::Replayed { counter: 2 }).await?;
    given.goes_on(id, 2).await
}

async fn an_older_token_ends_the_session<S: SessionStore>(given: Given<S>) -> Verdict {
    for presented in [0, 1, 3] {
        let id = given.begin("ada").await?;
        for counter in 0..5 {
            given.goes_on(id, counter).await?;
        }
        given.rotates(id, presented, Rotation::Reused).await?;
        // Nothing of it is left: not the successor that a thief may hold, nor the last token.
        given.is_over(id, 5).await?;
        same("revoking it", &given.store.revoke(id).await?, &false)?;
    }
    given.lists("ada", &[]).await
}

async fn a_newer_token_is_taken_forward<S: SessionStore>(given: Given<S>) -> Verdict {
    let id = given.begin("ada").await?;
    given.goes_on(id, 0).await?;
    for presented in [2, 9, 1 << 40] {
        let counter = presented + 1;
        given.rotates(id, presented, Rotation::Forwarded { counter }).await?;
        same("the counter", &given.read(id).await?.counter, &counter)?;
        given.rotates(id, presented, Rotation::Replayed { counter }).await?;
    }
    given.goes_on(id, (1 << 40) + 1).await?;
    given.rotates(id, 1, Rotation::Reused).await
}

async fn limits_are_those_of_the_call<S: SessionStore>(given: Given<S>) -> Verdict {
    let id = given.begin("ada").await?;
    let idle = IDLE / 2;
    given.store.rotate(id, 0, RotationLimits::new(idle, LIMITS.grace)).await?;
    let found = given.read(id).await?;
    same("the end if it is idle", &found.idle_until, &(found.rotated_at + in_millis(idle)))
}

async fn tokens_of_one_session_leave_others_alone<S: SessionStore>(given: Given<S>) -> Verdict {
    let (one, other) = (given.begin("ada").await?, given.begin("ada").await?);
    given.goes_on(other, 0).await?;
    let was = given.read(other).await?;
    given.goes_on(one, 0).await?;
    given.goes_on(one, 1).await?;
    given.rotates(one, 7, Rotation::Forwarded { counter: 8 }).await?;
    given.rotates(one, 0, Rotation::Reused).await?;
    unchanged(&given.read(other).await?, &was)?;
    given.goes_on(other, 1).await
}
