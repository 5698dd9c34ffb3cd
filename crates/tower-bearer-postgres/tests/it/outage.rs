//! Servers that are paused, killed and started again.

use std::{path::Path, sync::Arc, time::Duration};

use futures_util::StreamExt as _;
use tokio::{
    runtime::Handle,
    sync::Barrier,
    time::{Instant, timeout},
};
use tower_bearer::{RevocationLog as _, SessionStore as _, StoreError, Told};
use tower_bearer_postgres::{
    PostgresStore,
    sqlx::{PgPool, postgres::PgPoolOptions, query, query_scalar},
};
use tower_bearer_stores::{Postgres, Proxy, Server as _};

use crate::scene::{LIMITS, SOON, hears_again, session, token};

/// One that is not over because a machine has much else to do.
const TIMEOUT: Duration = Duration::from_secs(4);

async fn served(settings: &[&str]) -> (Postgres, PostgresStore, PgPool) {
    let postgres = Postgres::with(settings);
    let (store, pool) = store_of(&postgres, TIMEOUT).await;
    (postgres, store, pool)
}

async fn store_of(postgres: &Postgres, timeout: Duration) -> (PostgresStore, PgPool) {
    let pool = PgPoolOptions::new().max_connections(4).connect_lazy(&postgres.url()).unwrap();
    let builder = PostgresStore::builder(pool.clone()).timeout(SOON).migrate().await.unwrap();
    (builder.timeout(timeout).connect().await.unwrap(), pool)
}

/// Tries until it is answered: a server that has come back takes a moment.
async fn works_again(store: &PostgresStore) {
    let began = Instant::now();
    while store.find(session(1, "ada").id).await.is_err() {
        assert!(began.elapsed() < SOON, "it works again");
    }
}

async fn ends(told: &mut Told) {
    let ended = timeout(SOON, told.next()).await.expect("it ends");
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
                assert!(took < SOON, "an answer within the timeout, more or less: {took:?}");
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
    let began = Instant::now();
    assert!(store.find(session(1, "ada").id).await.is_err());
    assert!(store.list("ada").await.is_err());
    assert!(began.elapsed() < SOON);
    ends(&mut told).await;
    // Whoever asked has let go, though nothing was answered.
    assert_eq!(pool.size(), 0, "no connection waits for the server");
    postgres.resume();
    works_again(&store).await;
    drop(hears_again(&store).await);
}

/// Asks four at once until the time is over, while somebody holds a lock on the table: the most connections that the server had.
async fn most_behind_a_lock(store: &PostgresStore, other: &PgPool, time: Duration) -> i64 {
    let mut holder = other.begin().await.unwrap();
    let lock = "LOCK TABLE tower_bearer.sessions IN ACCESS EXCLUSIVE MODE";
    query(lock).execute(&mut *holder).await.unwrap();
    let (began, mut most) = (Instant::now(), 0);
    while began.elapsed() < time {
        let find = |_| {
            let store = store.clone();
            tokio::spawn(async move { assert!(store.find(session(1, "ada").id).await.is_err()) })
        };
        for task in (0..4).map(find).collect::<Vec<_>>() {
            task.await.unwrap();
        }
        let all = "SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend'";
        let all: i64 = query_scalar(all).fetch_one(other).await.unwrap();
        most = most.max(all);
    }
    holder.rollback().await.unwrap();
    most
}

/// The server lets go of those who have gone, and those who are impatient wait until it has.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_lock_uses_no_server_up() {
    let postgres = Postgres::with(&["max_connections=120"]);
    let other = PgPoolOptions::new().max_connections(2).connect(&postgres.url()).await.unwrap();
    let (patient, _) = store_of(&postgres, TIMEOUT).await;
    // On a machine that is slow enough, the second gets no connection at all in its time.
    for (millis, secs, least) in [(500, 12, 7), (40, 6, 0)] {
        let (store, _) = store_of(&postgres, Duration::from_millis(millis)).await;
        let most = most_behind_a_lock(&store, &other, Duration::from_secs(secs)).await;
        assert!(most >= least, "they wait at the server, too");
        assert!(most <= 40, "{most} connections of those who wait for {millis} ms");
        works_again(&patient).await;
    }
}

/// Starts it again as one that follows another, which is not there.
async fn demote(postgres: &mut Postgres, pool: &PgPool) {
    let folder: String = query_scalar("SHOW data_directory").fetch_one(pool).await.unwrap();
    postgres.kill();
    std::fs::write(Path::new(&folder).join("standby.signal"), "").unwrap();
    postgres.restart();
}

/// What a replica says may be old. A name that leads to another server is followed.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_replica_is_not_believed() {
    let (mut replica, old, pool) = served(&[]).await;
    let (primary, new, _) = served(&[]).await;
    let known = session(1, "ada");
    for store in [&old, &new] {
        store.create(known.clone()).await.unwrap();
        store.rotate(known.id, 0, LIMITS).await.unwrap();
    }
    new.revoke(known.id).await.unwrap();
    new.append(vec![token("a")]).await.unwrap();
    demote(&mut replica, &pool).await;
    let proxy = Proxy::before(replica.port()).await;
    let url = format!("postgres://postgres@127.0.0.1:{}/postgres", proxy.port());
    let pool = PgPoolOptions::new().max_connections(2).connect_lazy(&url).unwrap();
    let store = PostgresStore::builder(pool).timeout(SOON).connect_lazy().unwrap();
    let why = |error: StoreError| std::error::Error::source(&error).unwrap().to_string();
    for said in [
        why(store.find(known.id).await.unwrap_err()),
        why(store.list("ada").await.unwrap_err()),
        why(store.list("eve").await.unwrap_err()),
        why(store.snapshot().await.unwrap_err()),
    ] {
        assert!(said.contains("replica"), "{said}");
    }
    for presented in 0..3 {
        assert!(store.rotate(known.id, presented, LIMITS).await.is_err());
    }
    assert!(store.revoke(known.id).await.is_err());
    assert!(store.append(vec![token("b")]).await.is_err());
    assert!(store.subscribe().await.is_err());
    proxy.lead_to(primary.port());
    works_again(&store).await;
    assert!(store.find(known.id).await.unwrap().unwrap().ended);
    assert!(store.list("ada").await.unwrap().is_empty());
    assert!(store.snapshot().await.unwrap() == [token("a")]);
    drop(hears_again(&store).await);
}

/// A machine that has vanished does not answer a farewell, either.
#[tokio::test]
async fn nobody_takes_leave_of_a_server_that_is_gone() {
    let postgres = Postgres::start();
    let proxy = Proxy::before(postgres.port()).await;
    let url = |port| format!("postgres://postgres@127.0.0.1:{port}/postgres");
    let pool = PgPoolOptions::new().max_connections(1).connect_lazy(&url(postgres.port())).unwrap();
    let store = PostgresStore::builder(pool.clone()).timeout(SOON);
    let store = store.listen_with(url(proxy.port()).parse().unwrap()).connect_lazy().unwrap();
    let mut told = store.subscribe().await.unwrap().unwrap();
    // Until all that it took has ended.
    let began = Instant::now();
    while pool.num_idle() == 0 {
        assert!(began.elapsed() < SOON, "it has asked by the pool");
        tokio::task::yield_now().await;
    }
    pool.close().await;
    let tasks = || Handle::current().metrics().num_alive_tasks();
    proxy.swallow();
    ends(&mut told).await;
    let began = Instant::now();
    // The proxy has one, and one for the connection that it swallows.
    while tasks() > 2 {
        assert!(began.elapsed() < SOON, "{} tasks", tasks());
        tokio::task::yield_now().await;
    }
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
    assert!(timeout(SOON, store.subscribe()).await.is_ok_and(|told| told.is_err()));
    postgres.restart();
    works_again(&store).await;
    assert!(store.find(session(1, "ada").id).await.unwrap().is_some());
    assert!(store.snapshot().await.unwrap() == [token("a")]);
    let mut told = hears_again(&store).await;
    store.append(vec![token("c")]).await.unwrap();
    let heard = timeout(SOON, told.next()).await.expect("it is told");
    assert!(heard == Some(token("c")));
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
    query(cut).execute(&other).await.unwrap();
    ends(&mut told).await;
    works_again(&store).await;
    drop(hears_again(&store).await);
}

/// Clients hang up when they like. The server is well, and all others go on.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_hangs_up_harms_nobody() {
    let (_postgres, store, _) = served(&[]).await;
    store.create(session(1, "ada")).await.unwrap();
    let mut hung_up = 0;
    for micros in (0..2_000).step_by(2) {
        let asked = store.find(session(1, "ada").id);
        hung_up += usize::from(timeout(Duration::from_micros(micros), asked).await.is_err());
        if micros % 100 == 0 {
            assert!(store.find(session(1, "ada").id).await.is_ok(), "after {hung_up}");
        }
    }
    assert!(hung_up > 100, "{hung_up}");
}
