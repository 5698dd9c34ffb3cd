//! Rows that somebody else has written: an error each, and no panic.

use tower_bearer::{RevocationLog as _, SessionStore as _};

use crate::scene::{LIMITS, run, session, store, token};

#[tokio::test]
async fn sessions_that_are_none_are_errors() {
    let free = "ALTER TABLE {s}.sessions DROP CONSTRAINT sessions_nonce_check, DROP CONSTRAINT sessions_counter_check,
        DROP CONSTRAINT sessions_created_at_check, DROP CONSTRAINT sessions_id_check;";
    let cases = [
        ("a short nonce", "UPDATE {s}.sessions SET nonce = 'abc'"),
        ("a long nonce", "UPDATE {s}.sessions SET nonce = repeat('a', 1000)::bytea"),
        ("a negative counter", "UPDATE {s}.sessions SET counter = -5"),
        ("a negative time", "UPDATE {s}.sessions SET created_at = -5"),
        ("a subject that is no text", "UPDATE {s}.sessions SET subject = '\\xff'"),
        ("a device that is no text", "UPDATE {s}.sessions SET device = '\\xff'"),
        ("an acr that is no text", "UPDATE {s}.sessions SET acr = '\\xff'"),
        ("a column of another type", "ALTER TABLE {s}.sessions ALTER nonce TYPE text USING 'a'"),
        ("a column too few", "ALTER TABLE {s}.sessions DROP nonce"),
        ("no clock", "DELETE FROM {s}.clock"),
        ("a negative clock", "UPDATE {s}.clock SET latest = -1"),
        ("no table", "DROP TABLE {s}.sessions"),
    ];
    for (name, text) in cases {
        let (store, schema) = store().await;
        let new = session(1, "ada");
        store.create(new.clone()).await.unwrap();
        run(&schema, &format!("{free} {text}")).await;
        let found = store.find(new.id).await;
        let error = found.expect_err(name);
        let source = std::error::Error::source(&error).unwrap().to_string();
        assert!(!source.contains("abc") && !source.contains("ada"), "{name}: {source}");
        assert!(store.rotate(new.id, 5, LIMITS).await.is_err(), "{name}");
    }
}

/// Whoever logs out has then done so, and is not told that all is well.
#[tokio::test]
async fn sessions_end_also_without_a_clock() {
    let (store, schema) = store().await;
    let (first, second) = (session(1, "ada"), session(2, "ada"));
    for new in [&first, &second] {
        store.create(new.clone()).await.unwrap();
    }
    run(&schema, "DELETE FROM {s}.clock").await;
    assert!(store.revoke(first.id).await.is_err());
    assert!(store.revoke_subject("ada", None).await.is_err());
    run(&schema, "INSERT INTO {s}.clock (latest) VALUES (0)").await;
    for new in [first, second] {
        assert!(store.find(new.id).await.unwrap().unwrap().ended);
    }
}

#[tokio::test]
async fn entries_that_are_none_are_errors() {
    let cases = [
        ("another kind", "UPDATE {s}.revoked SET kind = 77"),
        ("a kind too large", "UPDATE {s}.revoked SET kind = 3000"),
        ("a negative kind", "UPDATE {s}.revoked SET kind = -1"),
        ("a negative mark", "UPDATE {s}.revoked SET before = -1"),
        ("a name that is no text", "UPDATE {s}.revoked SET name = '\\xff'"),
        ("an issuer that is no text", "UPDATE {s}.revoked SET issuer = '\\xff'"),
        ("no table", "DROP TABLE {s}.revoked"),
    ];
    for (name, text) in cases {
        let (store, schema) = store().await;
        store.append(vec![token("a")]).await.unwrap();
        run(&schema, text).await;
        assert!(store.snapshot().await.is_err(), "{name}");
    }
}
