//! What begins, is found and is ended.

use std::{future::Future, time::Duration};

use super::{
    clock::{TestClock, in_millis},
    given::{ABSOLUTE, Given, IDLE, new_session, sorted, unchanged},
    verdict::{Fault, Suite, Verdict, cases, same},
};
use crate::issue::store::{NewSession, Rotation, SessionId, SessionStore, StoredSession};

pub(super) async fn run<S, R>(suite: &mut Suite, make: &impl Fn(TestClock) -> R)
where
    S: SessionStore,
    R: Future<Output = S>,
{
    cases!(
        suite,
        Given::new(make).await,
        [
            all_of_a_session_is_kept,
            an_id_is_taken_once,
            unknown_sessions_have_ended,
            no_time_to_live_is_an_end,
            revoke_ends_one_session,
            revoke_subject_ends_all_but_one,
            lists_are_of_one_subject,
            purge_drops_what_has_ended,
            purge_keeps_to_its_limit,
            subjects_are_told_apart,
        ]
    );
}

async fn all_of_a_session_is_kept<S: SessionStore>(given: Given<S>) -> Verdict {
    let long = "é".repeat(128);
    for (device, acr) in [("", None), ("Müller's \u{1f4f1}", Some("")), (&*long, Some("urn:mfa"))]
    {
        let acr = acr.map(str::to_owned);
        let new = NewSession { device: device.to_owned(), acr, ..new_session("ada")? };
        let id = new.id;
        given.store.create(new.clone()).await?;
        let found = given.read(id).await?;
        unchanged(&found, &StoredSession::begin(new, found.created_at))?;
        same("the end if it is idle", &found.idle_until, &(found.created_at + in_millis(IDLE)))?;
        given.goes_on(id, 0).await?;
    }
    Ok(())
}

async fn an_id_is_taken_once<S: SessionStore>(given: Given<S>) -> Verdict {
    let id = given.begin("ada").await?;
    given.goes_on(id, 0).await?;
    let was = given.read(id).await?;
    let again = || new_session("eve").map(|new| NewSession { id, ..new });
    if given.store.create(again()?).await.is_ok() {
        return Err(Fault::new("a second session of the same id was made"));
    }
    unchanged(&given.read(id).await?, &was)?;
    given.lists("eve", &[]).await?;
    given.store.revoke(id).await?;
    if given.store.create(again()?).await.is_ok() {
        return Err(Fault::new("a session of the id of one that has ended was made"));
    }
    given.is_over(id, 1).await
}

async fn unknown_sessions_have_ended<S: SessionStore>(given: Given<S>) -> Verdict {
    let (known, unknown) = (given.begin("ada").await?, SessionId::random()?);
    given.rotates(unknown, 0, Rotation::Ended).await?;
    same("revoking it", &given.store.revoke(unknown).await?, &false)?;
    same("revoking those of nobody", &given.store.revoke_subject("eve", None).await?, &vec![])?;
    same("whether it is found", &given.store.find(unknown).await?.is_some(), &false)?;
    same("how many were dropped", &given.store.purge(10).await?, &0)?;
    given.goes_on(known, 0).await
}

async fn no_time_to_live_is_an_end<S: SessionStore>(given: Given<S>) -> Verdict {
    for (idle, absolute) in [(Duration::ZERO, ABSOLUTE), (IDLE, Duration::ZERO)] {
        let new = NewSession { idle, absolute, ..new_session("ada")? };
        let id = new.id;
        given.store.create(new).await?;
        given.lists("ada", &[]).await?;
        same("revoking it", &given.store.revoke(id).await?, &false)?;
        given.is_over(id, 0).await?;
    }
    same("how many were dropped", &given.store.purge(10).await?, &2)
}

async fn revoke_ends_one_session<S: SessionStore>(given: Given<S>) -> Verdict {
    let (one, other) = (given.begin("ada").await?, given.begin("ada").await?);
    given.goes_on(one, 0).await?;
    given.goes_on(one, 1).await?;
    same("the first time", &given.store.revoke(one).await?, &true)?;
    same("the second time", &given.store.revoke(one).await?, &false)?;
    // The token that comes next, the last one, an older and a newer: what has ended is said first.
    given.is_over(one, 2).await?;
    same("after it was asked", &given.store.revoke(one).await?, &false)?;
    given.lists("ada", &[other]).await?;
    given.goes_on(other, 0).await
}

async fn revoke_subject_ends_all_but_one<S: SessionStore>(given: Given<S>) -> Verdict {
    let mut ids = Vec::new();
    for _ in 0..4 {
        ids.push(given.begin("ada").await?);
    }
    let [kept, over, one, two] = ids[..] else { return Err(Fault::new("four were begun")) };
    let other = given.begin("eve").await?;
    given.store.revoke(over).await?;
    let ended = given.store.revoke_subject("ada", Some(kept)).await?;
    same("those that ended", &sorted(ended), &sorted(vec![one, two]))?;
    given.is_over(one, 0).await?;
    given.is_over(two, 0).await?;
    given.lists("ada", &[kept]).await?;
    // One of somebody else saves none.
    same("the last one", &given.store.revoke_subject("ada", Some(other)).await?, &vec![kept])?;
    given.is_over(kept, 0).await?;
    same("none is left", &given.store.revoke_subject("ada", None).await?, &vec![])?;
    given.goes_on(other, 0).await
}

async fn lists_are_of_one_subject<S: SessionStore>(given: Given<S>) -> Verdict {
    let (one, two, eve) =
        (given.begin("ada").await?, given.begin("ada").await?, given.begin("eve").await?);
    given.goes_on(two, 0).await?;
    given.lists("ada", &[one, two]).await?;
    given.lists("eve", &[eve]).await?;
    given.lists("mallory", &[]).await?;
    for session in given.store.list("ada").await? {
        unchanged(&session, &given.read(session.id).await?)?;
    }
    Ok(())
}

async fn purge_drops_what_has_ended<S: SessionStore>(given: Given<S>) -> Verdict {
    let (revoked, reused, live) =
        (given.begin("ada").await?, given.begin("ada").await?, given.begin("ada").await?);
    given.store.revoke(revoked).await?;
    given.goes_on(reused, 0).await?;
    given.goes_on(reused, 1).await?;
    given.rotates(reused, 0, Rotation::Reused).await?;
    given.goes_on(live, 0).await?;
    same("how many were dropped", &given.store.purge(10).await?, &2)?;
    for id in [revoked, reused] {
        same("whether it is found", &given.store.find(id).await?.is_some(), &false)?;
        given.rotates(id, 0, Rotation::Ended).await?;
    }
    given.lists("ada", &[live]).await?;
    given.goes_on(live, 1).await
}

async fn purge_keeps_to_its_limit<S: SessionStore>(given: Given<S>) -> Verdict {
    let live = given.begin("ada").await?;
    for _ in 0..5 {
        let id = given.begin("ada").await?;
        given.store.revoke(id).await?;
    }
    for (limit, wanted) in [(0, 0), (2, 2), (2, 2), (10, 1), (usize::MAX, 0)] {
        same("how many were dropped", &given.store.purge(limit).await?, &wanted)?;
    }
    given.goes_on(live, 0).await
}

/// Subjects that are easily taken for another, or for a part of a query.
const SUBJECTS: [&str; 24] = [
    "",
    " ",
    "a",
    "A",
    "a ",
    " a",
    "ab",
    "a\0",
    "a\0b",
    "\0",
    "a:b",
    "a/b",
    "a%",
    "%",
    "_",
    "*",
    "a'b",
    "a\"b",
    "a\\b",
    "a\nb",
    "\u{e4}",
    "a\u{308}",
    "\u{1f9d1}\u{200d}\u{1f680}",
    "{a}",
];

async fn subjects_are_told_apart<S: SessionStore>(given: Given<S>) -> Verdict {
    let long = ["x".repeat(4096), format!("{}y", "x".repeat(4095))];
    let subjects: Vec<_> = SUBJECTS.into_iter().chain(long.iter().map(|long| &**long)).collect();
    let mut sessions = Vec::new();
    for subject in &subjects {
        sessions.push((*subject, given.begin(subject).await?));
    }
    for (subject, id) in &sessions {
        given.lists(subject, &[*id]).await?;
        same("the subject", &&*given.read(*id).await?.subject, subject)?;
    }
    for (subject, id) in sessions {
        same("those that ended", &given.store.revoke_subject(subject, None).await?, &vec![id])?;
    }
    same("how many were dropped", &given.store.purge(1000).await?, &subjects.len())
}
