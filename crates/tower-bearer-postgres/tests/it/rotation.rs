//! Renewals of one session that come at once, and what is kept of them.

use std::sync::Arc;

use tokio::sync::Barrier;
use tower_bearer::{Rotation, SessionNonce, SessionStore as _};

use tower_bearer_postgres::sqlx::{AssertSqlSafe, query_scalar};

use crate::scene::{LIMITS, count, pool, session, store, until};

/// Tokens of all kinds, and an end, at the same time: whatever is answered first, the answers fit together.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn any_mix_of_tokens_fits_together() {
    let (store, _) = store().await;
    for round in 0..30 {
        let new = session(round, "ada");
        let id = new.id;
        store.create(new).await.unwrap();
        for counter in 0..3 {
            store.rotate(id, counter, LIMITS).await.unwrap();
        }
        let barrier = Arc::new(Barrier::new(12));
        let ask = |number: u64| {
            let (store, barrier) = (store.clone(), Arc::clone(&barrier));
            tokio::spawn(async move {
                barrier.wait().await;
                // The last token, the next, two that are newer; now and then one that is too old.
                let old = number == 11 && round % 2 == 1;
                let presented = if old { 0 } else { 2 + number % 4 };
                store.rotate(id, presented, LIMITS).await.unwrap()
            })
        };
        let mut told = Vec::new();
        for task in (0..12).map(ask).collect::<Vec<_>>() {
            told.push(task.await.unwrap());
        }
        let counters: Vec<_> = told
            .iter()
            .filter_map(|told| match told {
                Rotation::Rotated { counter } | Rotation::Forwarded { counter } => Some(*counter),
                _ => None,
            })
            .collect();
        let mut once = counters.clone();
        once.sort_unstable();
        once.dedup();
        assert_eq!(once.len(), counters.len(), "no counter is given twice: {told:?}");
        let reused = told.iter().filter(|told| **told == Rotation::Reused).count();
        assert!(reused <= 1, "a session is ended once: {told:?}");
        let found = store.find(id).await.unwrap().unwrap();
        assert_eq!(found.ended, reused == 1, "{told:?}");
        assert_eq!(Some(&found.counter), once.last().or(Some(&3)), "{told:?}");
    }
}

const WALL: &str = "SELECT floor(extract(epoch FROM clock_timestamp()) * 1000)::bigint";

/// Whoever has waited for another's lock has renewed when that is over: by an older time the next try would be a theft.
#[tokio::test]
async fn a_renewal_that_waits_is_of_the_time_after() {
    for (presented, rotation) in
        [(0, Rotation::Rotated { counter: 1 }), (5, Rotation::Forwarded { counter: 6 })]
    {
        let (store, schema) = store().await;
        let new = session(1, "ada");
        store.create(new.clone()).await.unwrap();
        let pool = pool(1);
        let mut other = pool.begin().await.unwrap();
        let lock = format!("SELECT pg_backend_pid() FROM {schema}.sessions FOR UPDATE");
        let pid: i32 = query_scalar(AssertSqlSafe(lock)).fetch_one(&mut *other).await.unwrap();
        let renewal =
            tokio::spawn(async move { store.rotate(new.id, presented, LIMITS).await.unwrap() });
        let waits = format!(
            "SELECT count(*) FROM pg_stat_activity WHERE {pid} = ANY(pg_blocking_pids(pid))"
        );
        assert_eq!(until("", &waits, |waits| waits == 1).await, 1, "it waits");
        let wall = count("", WALL).await + 1;
        until("", WALL, |now| now > wall).await;
        other.commit().await.unwrap();
        assert_eq!(renewal.await.unwrap(), rotation);
        let rotated_at = count(&schema, "SELECT rotated_at FROM {s}.sessions").await;
        assert!(rotated_at > wall, "{} ms before", wall - rotated_at);
        let idle = count(&schema, "SELECT idle_until - rotated_at FROM {s}.sessions").await;
        let longer = u128::try_from(idle).unwrap().abs_diff(LIMITS.idle.as_millis());
        // Both are of the same moment, or nearly.
        assert!(longer < 10_000, "{longer} ms");
    }
}

#[tokio::test]
async fn counters_have_an_end() {
    let (store, _) = store().await;
    let new = session(1, "ada");
    store.create(new.clone()).await.unwrap();
    for presented in [u64::MAX, u64::MAX - 1, 1 << 63, (1 << 63) - 1] {
        assert!(store.rotate(new.id, presented, LIMITS).await.is_err(), "{presented}");
        assert!(!store.find(new.id).await.unwrap().unwrap().ended);
    }
    let last = (1 << 63) - 2;
    let forward = Rotation::Forwarded { counter: last + 1 };
    assert_eq!(store.rotate(new.id, last, LIMITS).await.unwrap(), forward);
}

/// A nonce stands in its column, and what is asked holds no value.
#[tokio::test]
async fn secrets_stay_where_they_belong() {
    let (store, schema) = store().await;
    let nonce: [u8; 32] = std::array::from_fn(|at| u8::try_from(at * 7 + 1).unwrap());
    let mut new = session(1, "a-subject-to-look-for");
    new.nonce = SessionNonce::from_bytes(nonce);
    store.create(new.clone()).await.unwrap();
    store.rotate(new.id, 0, LIMITS).await.unwrap();
    store.list("a-subject-to-look-for").await.unwrap();
    let hex: Vec<_> = nonce.iter().map(|byte| format!("{byte:02x}")).collect();
    let hex = hex.concat();
    // No question holds all of it: it would be found below.
    let (one, two) = hex.split_at(5);
    let rows = format!(
        "SELECT count(*) FROM {{s}}.sessions s WHERE to_jsonb(s)::text LIKE '%{one}' || '{two}%'"
    );
    assert_eq!(count(&schema, &rows).await, 1, "it is there");
    let others = rows.replace("to_jsonb(s)", "(to_jsonb(s) - 'nonce')");
    assert_eq!(count(&schema, &others).await, 0, "and in no other column");
    for table in ["clock", "revoked", "version"] {
        assert_eq!(count(&schema, &rows.replace("sessions s", &format!("{table} s"))).await, 0);
    }
    let asked = "SELECT count(*) FROM pg_stat_activity WHERE query LIKE '%{s}%'";
    assert!(count(&schema, asked).await > 1, "questions are seen");
    for secret in [&hex[..], "a-subject-to-look"] {
        let (one, two) = secret.split_at(5);
        let asked =
            format!("SELECT count(*) FROM pg_stat_activity WHERE query LIKE '%{one}' || '{two}%'");
        assert_eq!(count(&schema, &asked).await, 0, "{secret}");
    }
}
