//! What time does: the cases that need a clock in hand.

use std::{future::Future, time::Duration};

use super::{
    clock::{TestClock, in_millis},
    given::{ABSOLUTE, GRACE, Given, IDLE, TICK, unchanged},
    verdict::{Suite, Verdict, cases, same},
};
use crate::issue::store::{Rotation, SessionStore};

pub(super) async fn run<S, R>(suite: &mut Suite, make: &impl Fn(TestClock) -> R)
where
    S: SessionStore,
    R: Future<Output = S>,
{
    cases!(
        suite,
        Given::new(make).await,
        [
            times_are_the_clocks,
            the_grace_has_an_edge,
            the_grace_does_not_slide,
            idle_sessions_end,
            a_rotation_puts_off_the_idle_end,
            a_replay_puts_off_nothing,
            no_rotation_extends_a_life,
            what_has_ended_is_said_first,
            a_clock_set_back_brings_nothing_to_life,
            a_clock_set_back_renews_no_grace,
            purge_drops_what_time_has_ended,
        ]
    );
}

async fn times_are_the_clocks<S: SessionStore>(given: Given<S>) -> Verdict {
    let id = given.begin("ada").await?;
    let began = given.clock.millis();
    given.clock.forward(Duration::from_millis(1234));
    given.goes_on(id, 0).await?;
    let found = given.read(id).await?;
    same("when it began", &found.created_at, &began)?;
    same("when it was rotated", &found.rotated_at, &(began + 1234))?;
    same("the end if it is idle", &found.idle_until, &(began + 1234 + in_millis(IDLE)))?;
    same("the end in any case", &found.expires_at, &(began + in_millis(ABSOLUTE)))
}

async fn the_grace_has_an_edge<S: SessionStore>(given: Given<S>) -> Verdict {
    let id = given.begin("ada").await?;
    given.goes_on(id, 0).await?;
    given.clock.forward(GRACE);
    given.rotates(id, 0, Rotation::Replayed { counter: 1 }).await?;
    given.clock.forward(TICK);
    given.rotates(id, 0, Rotation::Reused).await?;
    given.is_over(id, 1).await
}

async fn the_grace_does_not_slide<S: SessionStore>(given: Given<S>) -> Verdict {
    let id = given.begin("ada").await?;
    given.goes_on(id, 0).await?;
    let was = given.read(id).await?;
    for _ in 0..2 {
        given.clock.forward(GRACE / 2);
        given.rotates(id, 0, Rotation::Replayed { counter: 1 }).await?;
        unchanged(&given.read(id).await?, &was)?;
    }
    given.clock.forward(TICK);
    given.rotates(id, 0, Rotation::Reused).await
}

async fn idle_sessions_end<S: SessionStore>(given: Given<S>) -> Verdict {
    let (one, other) = (given.begin("ada").await?, given.begin("ada").await?);
    given.clock.forward(IDLE - TICK);
    given.lists("ada", &[one, other]).await?;
    given.goes_on(other, 0).await?;
    given.clock.forward(TICK);
    given.lists("ada", &[other]).await?;
    given.is_over(one, 0).await?;
    given.goes_on(other, 1).await
}

async fn a_rotation_puts_off_the_idle_end<S: SessionStore>(given: Given<S>) -> Verdict {
    let id = given.begin("ada").await?;
    for counter in 0..3 {
        given.clock.forward(IDLE - TICK);
        given.goes_on(id, counter).await?;
    }
    given.clock.forward(IDLE);
    given.is_over(id, 3).await
}

async fn a_replay_puts_off_nothing<S: SessionStore>(given: Given<S>) -> Verdict {
    let id = given.begin("ada").await?;
    given.goes_on(id, 0).await?;
    given.clock.forward(GRACE);
    given.rotates(id, 0, Rotation::Replayed { counter: 1 }).await?;
    given.clock.forward(IDLE - GRACE);
    given.is_over(id, 1).await
}

async fn no_rotation_extends_a_life<S: SessionStore>(given: Given<S>) -> Verdict {
    let id = given.begin("ada").await?;
    let end = given.clock.millis() + in_millis(ABSOLUTE);
    let mut counter = 0;
    while given.clock.millis() + in_millis(IDLE) <= end {
        given.clock.forward(IDLE - TICK);
        given.goes_on(id, counter).await?;
        counter += 1;
        let found = given.read(id).await?;
        same("the end in any case", &found.expires_at, &end)?;
        same("the end if it is idle", &(found.idle_until <= end), &true)?;
    }
    given.clock.set(end - 1);
    given.goes_on(id, counter).await?;
    given.clock.set(end);
    given.is_over(id, counter + 1).await
}

async fn what_has_ended_is_said_first<S: SessionStore>(given: Given<S>) -> Verdict {
    // Each with the first answer after its time: an old token, the last one, the next, a newer.
    let mut ids = Vec::new();
    for presented in 0..4 {
        let id = given.begin("ada").await?;
        given.goes_on(id, 0).await?;
        given.goes_on(id, 1).await?;
        ids.push((presented, id));
    }
    given.clock.forward(IDLE);
    for (presented, id) in ids {
        given.rotates(id, presented, Rotation::Ended).await?;
        given.is_over(id, 2).await?;
    }
    Ok(())
}

async fn a_clock_set_back_brings_nothing_to_life<S: SessionStore>(given: Given<S>) -> Verdict {
    let mut ids = Vec::new();
    for _ in 0..6 {
        ids.push(given.begin("ada").await?);
    }
    given.clock.forward(IDLE);
    // Each way to learn of an end counts, of whichever session.
    match ids.first() {
        Some(first) => given.has_ended(*first, true).await?,
        None => return Ok(()),
    }
    given.clock.back(IDLE);
    given.lists("ada", &[]).await?;
    same("those that ended", &given.store.revoke_subject("ada", None).await?, &vec![])?;
    for id in &ids {
        given.is_over(*id, 0).await?;
        same("revoking it", &given.store.revoke(*id).await?, &false)?;
    }
    same("how many were dropped", &given.store.purge(10).await?, &ids.len())
}

async fn a_clock_set_back_renews_no_grace<S: SessionStore>(given: Given<S>) -> Verdict {
    let (id, other) = (given.begin("ada").await?, given.begin("ada").await?);
    given.goes_on(id, 0).await?;
    given.clock.forward(GRACE + TICK);
    given.goes_on(other, 0).await?;
    given.clock.back(GRACE);
    given.rotates(id, 0, Rotation::Reused).await?;
    given.is_over(id, 1).await
}

async fn purge_drops_what_time_has_ended<S: SessionStore>(given: Given<S>) -> Verdict {
    for _ in 0..3 {
        given.begin("ada").await?;
    }
    let renewed = given.begin("ada").await?;
    given.clock.forward(IDLE - TICK);
    given.goes_on(renewed, 0).await?;
    same("too early", &given.store.purge(10).await?, &0)?;
    given.clock.forward(TICK);
    same("some", &given.store.purge(2).await?, &2)?;
    same("the last", &given.store.purge(10).await?, &1)?;
    given.lists("ada", &[renewed]).await?;
    given.goes_on(renewed, 1).await
}
