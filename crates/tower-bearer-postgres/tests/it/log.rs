//! What is revoked: what is told of it, and what is left of it.

use std::collections::HashSet;

use futures_util::StreamExt as _;
use tokio::time::timeout;
use tower_bearer::{RevocationLog as _, Revoked, RevokedEntry, Told, testing::TestClock};
use tower_bearer_postgres::PostgresStore;

use crate::scene::{
    SOON, UNTIL, count, made_in, pool, rows_read, run, schema, store, token, until,
};

async fn next(told: &mut Told) -> Option<RevokedEntry> {
    timeout(SOON, told.next()).await.expect("it is told, or ends")
}

#[tokio::test]
async fn only_news_are_told() {
    let (store, schema) = store().await;
    let mut told = store.subscribe().await.unwrap().unwrap();
    let mark = |before| {
        let what = Revoked::Subject { sub: "a\0\u{e4}".to_owned(), before };
        RevokedEntry::new("https://issuer.example", what, UNTIL)
    };
    store.append(vec![mark(5), mark(7), mark(6), token("a"), token("a")]).await.unwrap();
    store.append(vec![mark(6), token("a")]).await.unwrap();
    store.append(vec![token("b"), mark(7)]).await.unwrap();
    store.append(vec![mark(8)]).await.unwrap();
    let mut heard = vec![next(&mut told).await, next(&mut told).await];
    heard.sort_by_key(|entry| entry.as_ref().map(|entry| entry.what.to_parts().0));
    assert!(heard == [Some(mark(7)), Some(token("a"))], "the first append, merged: {heard:?}");
    assert!(next(&mut told).await == Some(token("b")));
    assert!(next(&mut told).await == Some(mark(8)));
    assert_eq!(count(&schema, "SELECT count(*) FROM {s}.revoked").await, 3);
}

/// What is there already is neither written nor locked.
#[tokio::test]
async fn what_is_known_costs_no_write() {
    let (store, schema) = store().await;
    let entries: Vec<_> = (0..100).map(|number| token(number.to_string())).collect();
    store.append(entries.clone()).await.unwrap();
    let locked = "SELECT count(*) FROM {s}.revoked WHERE xmax <> 0";
    for _ in 0..3 {
        store.append(entries.clone()).await.unwrap();
    }
    assert_eq!(count(&schema, locked).await, 0);
}

#[tokio::test]
async fn what_cannot_be_told_ends_the_stream() {
    let (store, schema) = store().await;
    let notify = |text: &str| format!("SELECT pg_notify('{schema}', '{text}')");
    let many = (0..1_025).map(|number| token(number.to_string())).collect();
    let cases = [
        ("a name too long", None, vec![token("x".repeat(4_096))]),
        ("too many", None, many),
        ("a message of somebody else's", Some(notify("hello")), vec![]),
        ("an empty message", Some(notify("")), vec![]),
        ("a message that is nearly one", Some(notify("1 5 0 7 61 6")), vec![]),
    ];
    for (name, text, entries) in cases {
        let mut told = store.subscribe().await.unwrap().unwrap();
        store.append(entries.clone()).await.unwrap();
        if let Some(text) = text {
            run(&schema, &text).await;
        }
        assert!(next(&mut told).await.is_none(), "{name}");
        let there: HashSet<_> = store.snapshot().await.unwrap().into_iter().collect();
        assert!(entries.iter().all(|entry| there.contains(entry)), "{name}");
        // It is asked for again, and told again.
        let mut told = store.subscribe().await.unwrap().unwrap();
        store.append(vec![token(name)]).await.unwrap();
        assert!(next(&mut told).await == Some(token(name)), "{name}");
    }
}

#[tokio::test]
async fn a_message_of_the_largest_size_is_told() {
    let (store, _) = store().await;
    let mut told = store.subscribe().await.unwrap().unwrap();
    let large = token("x".repeat(3_800));
    store.append(vec![large.clone()]).await.unwrap();
    assert!(next(&mut told).await == Some(large));
}

/// A probe says nothing, and ends nothing.
#[tokio::test]
async fn a_look_at_the_server_ends_no_stream() {
    let (store, _) = store().await;
    let mut told = store.subscribe().await.unwrap().unwrap();
    let checkup = store.doctor().await;
    assert!(checkup.to_string().contains("told to other nodes: a new connection"), "{checkup}");
    store.append(vec![token("a")]).await.unwrap();
    assert!(next(&mut told).await == Some(token("a")));
}

/// How often the server has found two that waited for each other.
async fn deadlocks() -> i64 {
    let text = "SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()";
    count("", text).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn opposite_orders_do_not_lock_each_other() {
    let (schema, pool, before) = (schema(), pool(8), deadlocks().await);
    drop(made_in(&schema).await);
    let builder = PostgresStore::builder(pool.clone()).schema(&schema);
    let store = builder.timeout(SOON).connect().await.unwrap();
    for round in 0..20_u64 {
        // Some of the same, each in an order of its own.
        let append = |task: u64| {
            let mark = |number: u64| {
                let number = if task.is_multiple_of(2) { number } else { 200 - number };
                let what = Revoked::Client { client_id: number.to_string(), before: round };
                RevokedEntry::new("https://issuer.example", what, UNTIL + round)
            };
            let (store, entries) =
                (store.clone(), (10 * task..=200 - 10 * task).map(mark).collect());
            tokio::spawn(async move { store.append(entries).await.unwrap() })
        };
        for task in (0..8).map(append).collect::<Vec<_>>() {
            task.await.unwrap();
        }
    }
    assert_eq!(count(&schema, "SELECT count(*) FROM {s}.revoked").await, 201);
    // A connection hands its numbers in when it ends.
    pool.close().await;
    assert_eq!(deadlocks().await, before);
}

#[tokio::test]
async fn what_has_passed_leaves() {
    let (clock, schema) = (TestClock::new(), schema());
    let store = made_in(&schema).await.clock(clock.clone()).connect().await.unwrap();
    clock.set(1_000_000);
    let ends = |number: u32, until| {
        let mut entry = token(number.to_string());
        entry.until = until;
        entry
    };
    store.append((0..300).map(|number| ends(number, 1_001)).collect()).await.unwrap();
    store.append(vec![ends(300, 1_002), ends(301, 1_000)]).await.unwrap();
    let rows = "SELECT count(*) FROM {s}.revoked";
    assert_eq!(count(&schema, rows).await, 302, "also what has passed");
    clock.set(1_300_000);
    assert_eq!(store.snapshot().await.unwrap().len(), 301, "clocks may be five minutes apart");
    clock.set(1_301_000);
    assert_eq!(store.snapshot().await.unwrap().len(), 1);
    store.append(vec![ends(400, 2_000)]).await.unwrap();
    // All of it leaves, while nobody waits.
    assert_eq!(until(&schema, rows, |left| left == 2).await, 2);
}

/// Whoever logs out does not wait for what leaves.
#[tokio::test]
async fn nobody_waits_for_what_leaves() {
    let (store, schema) = store().await;
    let slow = "CREATE FUNCTION {s}.slow() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN PERFORM pg_sleep(600); RETURN OLD; END';
        CREATE TRIGGER slow BEFORE DELETE ON {s}.revoked FOR EACH ROW EXECUTE FUNCTION {s}.slow();";
    run(&schema, slow).await;
    let mut passed = token("passed");
    passed.until = 1;
    store.append(vec![passed]).await.unwrap();
    let asleep =
        "SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'PgSleep' AND query LIKE '%{s}%'";
    assert_eq!(until(&schema, asleep, |asleep| asleep == 1).await, 1, "it is dropped");
    for name in ["a", "b"] {
        timeout(SOON, store.append(vec![token(name)])).await.expect("it is quick").unwrap();
    }
}

#[tokio::test]
async fn a_change_reads_none_of_the_others() {
    let (store, schema) = store().await;
    run(
        &schema,
        "INSERT INTO {s}.revoked SELECT sha256(int4send(n)), 'i', 5, convert_to(n::text, 'UTF8'), 0, 7258118400 FROM generate_series(1, 20000) n;
        ANALYZE {s}.revoked",
    )
    .await;
    drop(store);
    let (before, pool) = (rows_read(&schema, "revoked").await, pool(2));
    let builder = PostgresStore::builder(pool.clone()).schema(&schema).timeout(SOON);
    let store = builder.connect_lazy().unwrap();
    for number in 0..8 {
        store.append(vec![token(number.to_string())]).await.unwrap();
    }
    // A connection hands its numbers in when it ends.
    pool.close().await;
    let written = "SELECT n_tup_ins FROM pg_stat_user_tables WHERE schemaname = '{s}' AND relname = 'revoked'";
    assert_eq!(until(&schema, written, |written| written == 20_008).await, 20_008);
    let read = rows_read(&schema, "revoked").await - before;
    assert!(read < 1_000, "{read} rows are read of 20,000");
}

#[tokio::test]
async fn a_large_log_is_read() {
    let (store, schema) = store().await;
    run(
        &schema,
        "INSERT INTO {s}.revoked SELECT sha256(int4send(n)), 'i', 5, convert_to(n::text, 'UTF8'), 0, 7258118400 FROM generate_series(1, 25000) n",
    )
    .await;
    let there: HashSet<_> = store.snapshot().await.unwrap().into_iter().collect();
    assert_eq!(there.len(), 25_000);
}
