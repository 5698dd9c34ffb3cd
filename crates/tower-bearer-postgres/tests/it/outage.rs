//! Servers that are paused, killed and started again.

use std::{sync::Arc, time::Duration};

use futures_util::StreamExt as _;
use tokio::{
    sync::Barrier,
    time::{Instant, timeout},
};
use tower_bearer::{RevocationLog as _, SessionStore as _, Told};
use tower_bearer_postgres::{
    PostgresStore,
    sqlx::{PgPool, postgres::PgPoolOptions, query_scalar},
};
use tower_bearer_stores::{Postgres, Server as _};

use crate::scene::{session, token};

const TIMEOUT: Duration = Duration::from_millis(500);

async fn served(settings: &[&str]) -> (Postgres, PostgresStore, PgPool) {
    let postgres = Postgres::with(settings);
    let pool = PgPoolOptions::new().max_connections(4).connect_lazy(&postgres.url()).unwrap();
    let builder = PostgresStore::builder(pool.clone()).migrate().await.unwrap();
    let store = builder.timeout(TIMEOUT).connect().await.unwrap();
    (postgres, store, pool)
}

/// Tries until it is answered: a server that has come back takes a moment.
async fn works_again(store: &PostgresStore) {
    let began = Instant::now();
    while store.find(session(1, "ada").id).await.is_err() {
        assert!(began.elapsed() < Duration::from_secs(10), "it works again");
    }
}

async fn ends(told: &mut Told) {
    let ended = timeout(Duration::from_secs(10), told.next()).await.expect("it ends");
    assert!(ended.is_none());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_paused_server_uses_no_pool_up() {
    let (postgres, store, pool) = served(&[]).await;
    store.create(session(1, "ada")).await.unwrap();
    let mut told = store.subscribe().await.unwrap().unwrap();
    // Many are on their way as it stops.
    let barrier = Arc::new(Barrier::new(21));
    let ask = |_| {
        let (store, barrier) = (store.clone(), Arc::clone(&barrier));
        tokio::spawn(async move {
            barrier.wait().await;
            for _ in 0..50 {
                let began = Instant::now();
                let done = store.find(session(1, "ada").id).await;
                let took = began.elapsed();
                assert!(took < 3 * TIMEOUT, "an answer within the timeout, more or less: {took:?}");
                if done.is_err() {
                    return;
                }
            }
        })
    };
    let tasks: Vec<_> = (0..20).map(ask).collect();
    barrier.wait().await;
    postgres.pause();
    // Also what it began as it was listed.
    postgres.pause();
    for task in tasks {
        task.await.unwrap();
    }
    for _ in 0..6 {
        let began = Instant::now();
        assert!(store.find(session(1, "ada").id).await.is_err());
        assert!(store.list("ada").await.is_err());
        assert!(began.elapsed() < 4 * TIMEOUT);
    }
    ends(&mut told).await;
    // Whoever asked has let go, though nothing was answered.
    assert_eq!(pool.size(), 0, "no connection waits for the server");
    postgres.resume();
    works_again(&store).await;
    assert!(store.subscribe().await.is_ok());
}

/// Somebody holds a lock on a table: the server lets go of those who have gone.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_lock_uses_no_server_up() {
    let (postgres, store, _) = served(&["max_connections=60"]).await;
    let other = PgPoolOptions::new().max_connections(2).connect(&postgres.url()).await.unwrap();
    let mut holder = other.begin().await.unwrap();
    let lock = "LOCK TABLE tower_bearer.sessions IN ACCESS EXCLUSIVE MODE";
    tower_bearer_postgres::sqlx::query(lock).execute(&mut *holder).await.unwrap();
    let mut most = 0;
    for _ in 0..20 {
        let find = |_| {
            let store = store.clone();
            tokio::spawn(async move { assert!(store.find(session(1, "ada").id).await.is_err()) })
        };
        for task in (0..4).map(find).collect::<Vec<_>>() {
            task.await.unwrap();
        }
        let all = "SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend'";
        let all: i64 = query_scalar(all).fetch_one(&other).await.unwrap();
        most = most.max(all);
    }
    assert!(most > 4, "they wait at the server, too");
    assert!(most <= 25, "{most} connections after 80 questions");
    holder.rollback().await.unwrap();
    works_again(&store).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_was_killed_is_found_again() {
    let (mut postgres, store, _) = served(&[]).await;
    store.create(session(1, "ada")).await.unwrap();
    store.append(vec![token("a")]).await.unwrap();
    let mut told = store.subscribe().await.unwrap().unwrap();
    let mut other = store.subscribe().await.unwrap().unwrap();
    postgres.kill();
    ends(&mut told).await;
    ends(&mut other).await;
    assert!(store.find(session(1, "ada").id).await.is_err());
    assert!(store.append(vec![token("b")]).await.is_err() || !store.doctor().await.is_sound());
    assert!(
        timeout(Duration::from_secs(5), store.subscribe()).await.is_ok_and(|told| told.is_err())
    );
    postgres.restart();
    works_again(&store).await;
    assert!(store.find(session(1, "ada").id).await.unwrap().is_some());
    assert!(store.snapshot().await.unwrap() == [token("a")]);
    let mut told = store.subscribe().await.unwrap().unwrap();
    store.append(vec![token("c")]).await.unwrap();
    assert!(told.next().await == Some(token("c")));
}

/// A revocation outlives a crash also where other changes do not.
#[tokio::test]
async fn what_is_revoked_is_on_disk() {
    let settings =
        ["synchronous_commit=off", "wal_writer_delay=10000", "wal_writer_flush_after=1GB"];
    let (mut postgres, store, _) = served(&settings).await;
    let (kept, lost) = (session(1, "ada"), session(2, "ada"));
    store.create(kept.clone()).await.unwrap();
    store.append(vec![token("a")]).await.unwrap();
    store.revoke(kept.id).await.unwrap();
    store.create(lost.clone()).await.unwrap();
    postgres.kill();
    postgres.restart();
    works_again(&store).await;
    assert!(store.snapshot().await.unwrap() == [token("a")]);
    assert!(store.find(kept.id).await.unwrap().unwrap().ended);
    assert!(store.find(lost.id).await.unwrap().is_none(), "else this shows nothing");
}

/// Somebody cuts all connections, as a restart of a proxy does.
#[tokio::test]
async fn connections_that_are_cut_are_made_again() {
    let (postgres, store, _) = served(&[]).await;
    store.create(session(1, "ada")).await.unwrap();
    let mut told = store.subscribe().await.unwrap().unwrap();
    let other = PgPoolOptions::new().max_connections(1).connect(&postgres.url()).await.unwrap();
    let cut = "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE pid <> pg_backend_pid() AND backend_type = 'client backend'";
    tower_bearer_postgres::sqlx::query(cut).execute(&other).await.unwrap();
    ends(&mut told).await;
    works_again(&store).await;
    assert!(store.subscribe().await.is_ok());
}
