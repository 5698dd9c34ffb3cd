//! Those who listen.

use std::time::Duration;

use futures_util::StreamExt as _;
use tokio::{runtime::Runtime, time::timeout};
use tower_bearer::RevocationLog as _;
use tower_bearer_postgres::{
    PostgresStore,
    sqlx::{
        postgres::{PgConnectOptions, PgPoolOptions},
        query,
    },
};

use crate::scene::{SOON, hears_again, made_in, pool, schema, store, token, url};

/// Whoever reads the connection may end before those who would listen to it.
#[test]
fn an_ear_ends_with_its_runtime() {
    let (first, schema) = (Runtime::new().unwrap(), schema());
    let (store, told) = first.block_on(async {
        let store = made_in(&schema).await.connect().await.unwrap();
        let told = store.subscribe().await.unwrap().unwrap();
        (store, told)
    });
    drop(first);
    Runtime::new().unwrap().block_on(async {
        let mut told_first = told;
        let ended = timeout(SOON, told_first.next()).await.expect("it ends");
        assert!(ended.is_none());
        // The first connections are those of the runtime that has ended.
        let mut told = hears_again(&store).await;
        let other = made_in(&schema).await.connect().await.unwrap();
        other.append(vec![token("a")]).await.unwrap();
        let heard = timeout(SOON, told.next()).await.expect("it is told");
        assert!(heard == Some(token("a")));
    });
}

/// As behind a proxy that gives the connection to others between transactions: all is well but that nothing comes.
#[tokio::test]
async fn who_hears_nothing_is_told_so() {
    let elsewhere: PgConnectOptions = url().parse().unwrap();
    let elsewhere = elsewhere.database("template1");
    let schema = schema();
    let builder = made_in(&schema).await.timeout(Duration::from_secs(10));
    let builder = builder.listen_with(elsewhere.clone());
    let store = builder.connect().await.unwrap();
    let error = store.subscribe().await.err().unwrap();
    let source = std::error::Error::source(&error).unwrap().to_string();
    assert!(source.contains("has not arrived"), "{source}");
    // What other nodes send to see whether it arrives says nothing of this one.
    let others = PgPoolOptions::new().max_connections(1).connect_with(elsewhere).await.unwrap();
    let channel = schema.clone();
    let sending = tokio::spawn(async move {
        loop {
            let text = "SELECT pg_notify($1, t) FROM unnest(ARRAY['0', '0 1']) t";
            query(text).bind(&channel).execute(&others).await.unwrap();
        }
    });
    assert!(store.subscribe().await.is_err());
    sending.abort();
    let checkup = store.doctor().await;
    assert!(checkup.to_string().contains("`listen_with`"), "{checkup}");
    store.append(vec![token("a")]).await.unwrap();
    assert!(store.snapshot().await.unwrap() == [token("a")]);
}

/// What others have told before it listened is not for it, and what comes after is.
#[tokio::test]
async fn what_comes_after_the_answer_is_heard() {
    let (_, schema) = store().await;
    for number in 0..10_u32 {
        // One each that listens for the first time.
        let store = PostgresStore::builder(pool(2)).schema(&schema).timeout(SOON);
        let store = store.connect_lazy().unwrap();
        let mut told = store.subscribe().await.unwrap().unwrap();
        store.append(vec![token(number.to_string())]).await.unwrap();
        let heard = timeout(SOON, told.next()).await.expect("it is told");
        assert!(heard == Some(token(number.to_string())));
    }
}
