//! Tables: how they are made, and that those of one schema are not another's.

use std::{path::Path, process::Command};

use tower_bearer::{RevocationLog as _, SessionStore as _};
use tower_bearer_postgres::{
    PostgresStore,
    sqlx::{
        postgres::{PgConnectOptions, PgPoolOptions},
        query_scalar,
    },
};

use crate::scene::{SOON, count, made_in, pool, run, schema, session, store, token, url};

/// All that there is in a schema, in words.
async fn described(schema: &str) -> String {
    let text = "SELECT string_agg(line, E'\\n' ORDER BY line) FROM (
        SELECT format('%s.%s %s %s %s %s', c.relname, a.attname, format_type(a.atttypid, a.atttypmod), a.attnotnull,
            a.attgenerated, pg_get_expr(d.adbin, d.adrelid)) AS line
        FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0
            LEFT JOIN pg_attrdef d ON d.adrelid = c.oid AND d.adnum = a.attnum WHERE c.relnamespace = to_regnamespace($1)
        UNION ALL SELECT format('%s %s', c.relname, c.reloptions) FROM pg_class c WHERE c.relnamespace = to_regnamespace($1)
        UNION ALL SELECT pg_get_indexdef(i.indexrelid) FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid WHERE c.relnamespace = to_regnamespace($1)
        UNION ALL SELECT format('%s %s', conname, pg_get_constraintdef(oid)) FROM pg_constraint WHERE connamespace = to_regnamespace($1)) AS lines";
    let described: String = query_scalar(text).bind(schema).fetch_one(&pool(1)).await.unwrap();
    assert!(described.contains("nonce"), "{described}");
    described.replace(schema, "it")
}

#[tokio::test]
async fn who_may_not_make_tables_is_told_what_to_do() {
    let schema = schema();
    let role = format!("maker_{schema}");
    run(&schema, &format!("CREATE ROLE {role} LOGIN PASSWORD 'a-password'")).await;
    let options: PgConnectOptions = url().parse().unwrap();
    let theirs = options.username(&role).password("a-password");
    let theirs = PgPoolOptions::new().max_connections(1).connect_lazy_with(theirs);
    let builder = PostgresStore::builder(theirs.clone()).schema(&schema);
    let error = builder.migrate().await.unwrap_err().to_string();
    assert!(error.contains("GRANT CREATE ON DATABASE"), "{error}");
    theirs.close().await;
    run(&schema, &format!("DROP ROLE {role}")).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn tables_are_made_by_eight_at_once() {
    let schema = schema();
    let make = |_| {
        let schema = schema.clone();
        tokio::spawn(async move { made_in(&schema).await.connect().await.unwrap() })
    };
    for store in (0..8).map(make).collect::<Vec<_>>() {
        store.await.unwrap();
    }
    assert_eq!(count(&schema, "SELECT count(*) FROM {s}.version").await, 1);
    assert_eq!(count(&schema, "SELECT count(*) FROM {s}.clock").await, 1);
}

#[tokio::test]
async fn tables_are_made_by_hand() {
    let (by_us, by_hand) = (store().await.1, schema());
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("sql/001_tables.sql");
    // As the head of the file says, in one line of a shell.
    let line = "sed \"s/tower_bearer/\\\"$1\\\"/g\" \"$2\" | psql -q -v ON_ERROR_STOP=1 \"$3\"";
    let mut shell = Command::new("sh");
    let done = shell.args(["-c", line, "sh", &by_hand]).arg(file).arg(url()).output().unwrap();
    assert!(done.status.success(), "psql: {}", String::from_utf8_lossy(&done.stderr));
    assert_eq!(described(&by_hand).await, described(&by_us).await);
    let store = PostgresStore::builder(pool(2)).schema(by_hand).timeout(SOON);
    let store = store.connect().await.unwrap();
    store.create(session(1, "ada")).await.unwrap();
}

#[tokio::test]
async fn schemas_do_not_see_each_other() {
    let (one, other) = (store().await.0, store().await.0);
    let mut told = other.subscribe().await.unwrap().unwrap();
    let new = session(1, "ada");
    one.create(new.clone()).await.unwrap();
    one.append(vec![token("a")]).await.unwrap();
    assert!(other.find(new.id).await.unwrap().is_none());
    assert!(other.list("ada").await.unwrap().is_empty());
    assert!(other.snapshot().await.unwrap().is_empty());
    other.create(new).await.unwrap();
    other.append(vec![token("b")]).await.unwrap();
    let first = futures_util::StreamExt::next(&mut told).await;
    assert!(first == Some(token("b")), "what the first was told has not come here");
}

#[tokio::test]
async fn wrong_tables_are_refused_with_what_to_do() {
    let complaint = async |schema: &str| {
        let builder = PostgresStore::builder(pool(1)).schema(schema).timeout(SOON);
        builder.connect().await.unwrap_err().to_string()
    };
    let schema = schema();
    assert!(complaint(&schema).await.contains("call `migrate` before `connect`"));
    assert!(complaint(&schema).await.contains("sql/001_tables.sql"));
    drop(made_in(&schema).await);
    run(&schema, "INSERT INTO {s}.version (number) VALUES (99)").await;
    let newer = complaint(&schema).await;
    assert!(newer.contains("version 99") && newer.contains("a newer release"), "{newer}");
    run(&schema, "DELETE FROM {s}.version").await;
    assert!(complaint(&schema).await.contains("sql/001_tables.sql"));
    for name in ["", "a b", "Ada", "a\";DROP"] {
        assert!(complaint(name).await.contains("a schema's name"), "{name}");
    }
}

/// Those who start without tables begin to work once there are some.
#[tokio::test]
async fn a_lazy_store_waits_for_its_tables() {
    let schema = schema();
    let asked = pool(1);
    let store = PostgresStore::builder(asked.clone()).schema(&schema).timeout(SOON);
    let store = store.connect_lazy().unwrap();
    let error = store.create(session(1, "ada")).await.unwrap_err();
    let source = std::error::Error::source(&error).unwrap().to_string();
    assert!(source.contains("migrate"), "{source}");
    // Whoever asks again does so by the same connection.
    let pid = || query_scalar::<_, i32>("SELECT pg_backend_pid()").fetch_one(&asked);
    let before = pid().await.unwrap();
    for _ in 0..5 {
        assert!(store.create(session(1, "ada")).await.is_err());
    }
    assert_eq!(pid().await.unwrap(), before);
    assert!(store.snapshot().await.is_err());
    drop(made_in(&schema).await);
    store.create(session(1, "ada")).await.unwrap();
    assert!(store.snapshot().await.unwrap().is_empty());
}
