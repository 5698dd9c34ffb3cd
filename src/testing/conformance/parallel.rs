//! What happens at once.

use std::{future::Future, sync::Arc};

use tokio::sync::Barrier;

use super::{
    clock::TestClock,
    given::{Given, LIMITS, new_session},
    verdict::{Fault, Suite, Verdict, cases, same},
};
use crate::{
    error::StoreError,
    issue::store::{NewSession, Rotation, SessionStore},
};

pub(super) async fn run<S, R>(suite: &mut Suite, make: &impl Fn(TestClock) -> R)
where
    S: SessionStore,
    R: Future<Output = S>,
{
    cases!(
        suite,
        Given::new(make).await,
        [
            parallel_renewals_rotate_once,
            parallel_creations_make_one,
            parallel_revocations_end_once,
            revocations_beat_renewals,
        ]
    );
}

const ROUNDS: u64 = 200;
const TASKS: usize = 50;

/// What each task is told, all of which begin at once.
async fn at_once<S, R, T>(
    store: &Arc<S>,
    tasks: usize,
    ask: impl Fn(Arc<S>, usize) -> R,
) -> Result<Vec<T>, Fault>
where
    R: Future<Output = Result<T, StoreError>> + Send + 'static,
    T: Send + 'static,
{
    let barrier = Arc::new(Barrier::new(tasks));
    let begin = |number| {
        let (barrier, asking) = (Arc::clone(&barrier), ask(Arc::clone(store), number));
        tokio::spawn(async move {
            barrier.wait().await;
            asking.await
        })
    };
    let mut told = Vec::new();
    for task in (0..tasks).map(begin).collect::<Vec<_>>() {
        told.push(task.await.map_err(|_| Fault::new("a task panics"))??);
    }
    Ok(told)
}

async fn parallel_renewals_rotate_once<S: SessionStore>(given: Given<S>) -> Verdict {
    let id = given.begin("ada").await?;
    for presented in 0..ROUNDS {
        let counter = presented + 1;
        let renew =
            move |store: Arc<S>, _| async move { store.rotate(id, presented, LIMITS).await };
        let told = at_once(&given.store, TASKS, renew).await?;
        let count = |wanted| told.iter().filter(|found| **found == wanted).count();
        same("how many rotated", &count(Rotation::Rotated { counter }), &1)?;
        same("how many were replayed", &count(Rotation::Replayed { counter }), &(TASKS - 1))?;
    }
    given.goes_on(id, ROUNDS).await
}

async fn parallel_creations_make_one<S: SessionStore>(given: Given<S>) -> Verdict {
    for _ in 0..20 {
        let NewSession { id, .. } = new_session("ada")?;
        let create = move |store: Arc<S>, number: usize| async move {
            let new = NewSession { id, ..new_session(&format!("ada {number}"))? };
            Ok(store.create(new).await.is_ok())
        };
        let made = at_once(&given.store, 8, create).await?;
        same("how many were made", &made.iter().filter(|made| **made).count(), &1)?;
        for (number, made) in made.into_iter().enumerate() {
            let wanted = if made { vec![id] } else { Vec::new() };
            given.lists(&format!("ada {number}"), &wanted).await?;
        }
        given.store.revoke(id).await?;
    }
    Ok(())
}

async fn parallel_revocations_end_once<S: SessionStore>(given: Given<S>) -> Verdict {
    for _ in 0..20 {
        let id = given.begin("ada").await?;
        let revoke = move |store: Arc<S>, number: usize| async move {
            if number.is_multiple_of(2) {
                return store.revoke(id).await;
            }
            Ok(store.revoke_subject("ada", None).await? == [id])
        };
        let ended = at_once(&given.store, 8, revoke).await?;
        same("how many ended it", &ended.into_iter().filter(|ended| *ended).count(), &1)?;
        given.is_over(id, 0).await?;
    }
    Ok(())
}

async fn revocations_beat_renewals<S: SessionStore>(given: Given<S>) -> Verdict {
    for _ in 0..50 {
        let id = given.begin("ada").await?;
        let mix = move |store: Arc<S>, number: usize| async move {
            if number == 0 {
                return store.revoke(id).await;
            }
            store.rotate(id, 0, LIMITS).await?;
            Ok(false)
        };
        let ended = at_once(&given.store, 8, mix).await?;
        same("how many ended it", &ended.into_iter().filter(|ended| *ended).count(), &1)?;
        given.is_over(id, 1).await?;
        given.lists("ada", &[]).await?;
    }
    Ok(())
}
