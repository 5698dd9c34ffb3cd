//! Sessions that leave.

use std::{collections::HashSet, time::Duration};

use tokio::time::Instant;
use tower_bearer::{SessionStore as _, testing::TestClock};
use tower_bearer_postgres::{
    PostgresStore,
    sqlx::{postgres::PgPoolOptions, query_as},
};
use tower_bearer_stores::{Postgres, Server as _};

use crate::scene::{LIMITS, SOON, count, pool, rows_read, run, session, store, until};

/// Makes so many sessions of a subject in one statement.
async fn crowd(schema: &str, subject: &str, count: u32, ended: bool) {
    let text = format!(
        "INSERT INTO {{s}}.sessions (id, subject, nonce, device, counter, created_at, rotated_at, idle_until, expires_at, ended)
        SELECT substring(sha256(int4send(n)) FOR 16), '{subject}', sha256(int4send(n)), '', 0, 0, 0, 1 << 52, 1 << 52, {ended} FROM generate_series(1, {count}) n"
    );
    // A number of that size is none of the short kind.
    run(schema, &text.replace("1 << 52", "1::bigint << 52")).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn four_purge_at_once() {
    let (store, schema) = store().await;
    crowd(&schema, "ada", 8_000, true).await;
    store.create(session(1, "eve")).await.unwrap();
    let purge = |_| {
        let store = store.clone();
        tokio::spawn(async move { store.purge(2_500).await.unwrap() })
    };
    let mut dropped = Vec::new();
    for task in (0..4).map(purge).collect::<Vec<_>>() {
        dropped.push(task.await.unwrap());
    }
    let left = count(&schema, "SELECT count(*) FROM {s}.sessions WHERE ended").await;
    let all: usize = dropped.iter().sum();
    assert!(dropped.iter().all(|dropped| *dropped <= 2_500), "{dropped:?}");
    assert_eq!(i64::try_from(all).unwrap() + left, 8_000, "each is counted once: {dropped:?}");
    store.purge(usize::MAX).await.unwrap();
    assert_eq!(count(&schema, "SELECT count(*) FROM {s}.sessions").await, 1);
}

#[tokio::test]
async fn what_lives_is_not_read() {
    let (store, schema) = store().await;
    crowd(&schema, "ada", 20_000, false).await;
    run(&schema, "UPDATE {s}.sessions SET ended = true WHERE id IN (SELECT id FROM {s}.sessions LIMIT 10); ANALYZE {s}.sessions").await;
    drop(store);
    let (before, pool) = (rows_read(&schema, "sessions").await, pool(1));
    let builder = PostgresStore::builder(pool.clone()).schema(&schema).timeout(SOON);
    let store = builder.connect_lazy().unwrap();
    // From the sixth time on the server may keep its plan.
    let mut dropped = 0;
    for _ in 0..8 {
        dropped += store.purge(1_000).await.unwrap();
    }
    assert_eq!(dropped, 10);
    // A connection hands its numbers in when it ends.
    pool.close().await;
    let gone = "SELECT n_tup_del FROM pg_stat_user_tables WHERE schemaname = '{s}' AND relname = 'sessions'";
    assert_eq!(until(&schema, gone, |gone| gone == 10).await, 10);
    let read = rows_read(&schema, "sessions").await - before;
    assert!((10..1_000).contains(&read), "{read} rows are read of 20,000");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_subject_may_have_many() {
    let (store, schema) = store().await;
    crowd(&schema, "ada", 100_000, false).await;
    store.create(session(1, "eve")).await.unwrap();
    let listed = store.list("ada").await.unwrap();
    let ids: HashSet<_> = listed.iter().map(|session| session.id).collect();
    assert_eq!((listed.len(), ids.len()), (100_000, 100_000));
    let kept = listed[50_000].id;
    let ended = store.revoke_subject("ada", Some(kept)).await.unwrap();
    let ended: HashSet<_> = ended.into_iter().collect();
    assert_eq!(ended.len(), 99_999);
    assert!(!ended.contains(&kept));
    assert_eq!(store.list("ada").await.unwrap().len(), 1);
    assert_eq!(store.purge(usize::MAX).await.unwrap(), 99_999);
    assert_eq!(store.list("eve").await.unwrap().len(), 1);
}

/// On a server of its own: a page is not tidied while others may look at what was there.
#[tokio::test]
async fn renewals_are_hot_and_purge_finds_them() {
    let postgres = Postgres::with(&["fsync=off", "autovacuum=off"]);
    let pool = || PgPoolOptions::new().max_connections(1).connect_lazy(&postgres.url()).unwrap();
    let clock = TestClock::new();
    let builder = |pool| PostgresStore::builder(pool).timeout(SOON).clock(clock.clone());
    let first = pool();
    let store = builder(first.clone()).migrate().await.unwrap().connect().await.unwrap();
    let ids: Vec<_> = (0..20).map(|number| session(number, "ada").id).collect();
    for number in 0..20 {
        store.create(session(number, "ada")).await.unwrap();
    }
    for counter in 0..50 {
        for id in &ids {
            store.rotate(*id, counter, LIMITS).await.unwrap();
        }
        clock.forward(Duration::from_mins(15));
    }
    // A connection hands its numbers in when it ends.
    first.close().await;
    let numbers =
        "SELECT n_tup_upd, n_tup_hot_upd FROM pg_stat_user_tables WHERE relname = 'sessions'";
    let (began, other) = (Instant::now(), pool());
    let (mut updates, mut hot): (i64, i64) = (0, 0);
    while updates < 1_000 && began.elapsed() < SOON {
        (updates, hot) = query_as(numbers).fetch_one(&other).await.unwrap();
    }
    assert_eq!(updates, 1_000);
    assert!(hot >= 930, "of {updates} renewals {hot} have left the indexes alone");
    clock.forward(LIMITS.idle.saturating_sub(Duration::from_mins(15)));
    assert_eq!(builder(other).connect_lazy().unwrap().purge(100).await.unwrap(), 20);
}

/// A thousand that were over and not dropped cost no write each when their subject logs out.
#[tokio::test]
async fn those_that_were_over_are_written_down_at_once() {
    let (first, schema) = store().await;
    crowd(&schema, "ada", 1_000, false).await;
    let over = "UPDATE {s}.sessions SET idle_until = (extract(epoch FROM clock_timestamp()) * 1000)::bigint + abs(hashtext(id::text)) % 100; UPDATE {s}.clock SET latest = 1; SELECT pg_sleep(0.2)";
    run(&schema, over).await;
    drop(first);
    let pool = pool(1);
    let store = PostgresStore::builder(pool.clone()).schema(&schema).connect_lazy().unwrap();
    let live = session(1, "ada");
    store.create(live.clone()).await.unwrap();
    let marked = "UPDATE {s}.clock SET latest = 1";
    run(&schema, marked).await;
    assert_eq!(store.revoke_subject("ada", None).await.unwrap(), [live.id]);
    pool.close().await;
    let writes = "SELECT coalesce(sum(n_tup_upd), 0)::bigint FROM pg_stat_user_tables WHERE schemaname = '{s}' AND relname = 'clock'";
    let written = until(&schema, writes, |number| number >= 3).await;
    assert!(written <= 8, "{written} times");
}
