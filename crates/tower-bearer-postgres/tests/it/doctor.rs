//! What is said of servers that are set up well and badly.

use std::time::Duration;

use tower_bearer_postgres::{
    PostgresStore,
    sqlx::postgres::{PgConnectOptions, PgPoolOptions},
};
use tower_bearer_stores::{Postgres, Server as _};

use crate::scene::{SOON, pool, run, schema, store, url};

#[tokio::test]
async fn a_plain_server_is_sound() {
    let postgres = Postgres::start();
    let pool = PgPoolOptions::new().max_connections(2).connect_lazy(&postgres.url()).unwrap();
    let builder = PostgresStore::builder(pool).timeout(SOON).migrate().await.unwrap();
    let store = builder.connect().await.unwrap();
    let checkup = store.doctor().await;
    assert!(checkup.is_sound(), "{checkup}");
    for text in [
        "takes changes",
        "on disk",
        "this machine's",
        "autovacuum is on",
        "wait to be dropped",
        "sees when a question was given up",
        "told to other nodes",
    ] {
        assert!(checkup.to_string().contains(text), "{text}: {checkup}");
    }
}

#[tokio::test]
async fn a_server_that_is_set_up_badly() {
    let postgres = Postgres::with(&[
        "max_connections=20",
        "fsync=off",
        "autovacuum=off",
        "default_transaction_isolation=serializable",
    ]);
    let options = PgPoolOptions::new().max_connections(50);
    let pool = options.connect_lazy(&postgres.url()).unwrap();
    let builder = PostgresStore::builder(pool).timeout(SOON).migrate().await.unwrap();
    let store = builder.connect().await.unwrap();
    let checkup = store.doctor().await.to_string();
    for text in [
        "WRONG  `fsync`",
        "WRONG  autovacuum",
        "WRONG  this node may open 51",
        "doubt  `default_transaction",
    ] {
        assert!(checkup.contains(text), "{text}: {checkup}");
    }
}

/// Who may connect, and not use the tables.
#[tokio::test]
async fn a_user_without_rights_is_told() {
    let (store, schema) = store().await;
    let role = format!("role_{schema}");
    let make = format!("CREATE ROLE {role} LOGIN PASSWORD 'a-password-to-look-for'");
    run(&schema, &make).await;
    let options: PgConnectOptions = url().parse().unwrap();
    let options = options.username(&role).password("a-password-to-look-for");
    let theirs = PgPoolOptions::new().max_connections(2).connect_lazy_with(options);
    let builder = || PostgresStore::builder(theirs.clone()).schema(&schema).timeout(SOON);
    let some =
        ["USAGE ON SCHEMA {s}", "SELECT ON {s}.version", "SELECT ON ALL TABLES IN SCHEMA {s}"];
    for more in some {
        let error = builder().connect().await.unwrap_err().to_string();
        assert!(error.contains("GRANT USAGE ON SCHEMA"), "before {more}: {error}");
        let checkup = builder().connect_lazy().unwrap().doctor().await.to_string();
        assert!(checkup.contains("GRANT USAGE ON SCHEMA"), "before {more}: {checkup}");
        run(&schema, &format!("GRANT {more} TO {role}")).await;
    }
    let error = builder().connect().await.unwrap_err().to_string();
    assert!(error.contains("GRANT USAGE ON SCHEMA"), "{error}");
    let grant = "GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA {s} TO ";
    run(&schema, &format!("{grant}{role}")).await;
    builder().connect().await.unwrap();
    run(&schema, &format!("DROP OWNED BY {role}; DROP ROLE {role}")).await;
    drop(store);
}

#[tokio::test]
async fn a_server_that_is_not_there_is_a_finding() {
    let options: PgConnectOptions = url().parse().unwrap();
    let options = options.port(1).password("a-password-to-look-for");
    let pool = PgPoolOptions::new().connect_lazy_with(options);
    let builder = || PostgresStore::builder(pool.clone()).timeout(Duration::from_millis(200));
    let store = builder().connect_lazy().unwrap();
    let checkup = store.doctor().await;
    assert!(!checkup.is_sound(), "{checkup}");
    let error = builder().connect().await.unwrap_err();
    for said in [checkup.to_string(), error.to_string(), format!("{error:?} {store:?}")] {
        assert!(!said.contains("password-to-look"), "{said}");
    }
    assert!(error.to_string().contains("refused"), "{error}");
    assert!(error.to_string().contains("Look at host, port"), "{error}");
    let error = builder().migrate().await.unwrap_err();
    assert!(error.to_string().contains("refused"), "{error}");
}

#[tokio::test]
async fn a_user_who_only_reads_is_refused() {
    let (store, schema) = (store().await.0, schema());
    drop(store);
    let options: PgConnectOptions = url().parse().unwrap();
    let options = options.options([("default_transaction_read_only", "on")]);
    let reading = PgPoolOptions::new().max_connections(1).connect_lazy_with(options);
    let builder = |pool| PostgresStore::builder(pool).schema(&schema).timeout(SOON);
    drop(builder(pool(1)).migrate().await.unwrap());
    let error = builder(reading).connect().await.unwrap_err();
    assert!(error.to_string().contains("default_transaction_read_only"), "{error}");
}
