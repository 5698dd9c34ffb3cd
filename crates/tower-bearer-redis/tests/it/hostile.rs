//! Keys that somebody else has written, and servers that are none.

use redis::Value;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpListener,
};
use tower_bearer::{RevocationLog as _, SessionStore as _};

use crate::support::{Asked, LIMITS, at, begin, prefix, said, shared, token};

#[tokio::test]
async fn a_damaged_session_costs_only_itself() {
    for (field, value) in [
        ("c", "x"),
        ("c", "-1"),
        ("c", "1e3"),
        ("c", "99999999999999999"),
        ("r", ""),
        ("i", "nan"),
        ("x", "inf"),
        ("n", "short"),
        ("b", "0x10"),
    ] {
        let prefix = prefix();
        let store = at(&shared()).prefix(&prefix).connect_lazy().unwrap();
        let (bad, good) = (begin(&store, 1, "ada").await, begin(&store, 2, "ada").await);
        let key = format!("{{{prefix}}}:s:{bad}");
        let mut asked = Asked::of(&shared()).await;
        asked.ask::<Value>(&["HSET", &key, field, value]).await;
        let name = format!("{field}={value}");
        let error = said(&store.find(bad).await.unwrap_err());
        assert!(error.contains("Redis: "), "{name}: {error}");
        assert!(!error.contains(value) || value.len() < 3, "{name}: {error}");
        let listed = store.list("ada").await.unwrap();
        assert_eq!(listed.iter().map(|session| session.id).collect::<Vec<_>>(), [good], "{name}");
        if !matches!(field, "n" | "b") {
            assert!(store.rotate(bad, 0, LIMITS).await.is_err(), "{name}");
            assert!(store.revoke(bad).await.is_err(), "{name}");
        }
        assert!(store.revoke_subject("ada", None).await.unwrap().contains(&good), "{name}");
        store.purge(10).await.unwrap();
    }
}

/// What stands in the session counts, whatever a set says of it.
#[tokio::test]
async fn a_session_that_has_ended_is_not_listed() {
    let prefix = prefix();
    let store = at(&shared()).prefix(&prefix).connect_lazy().unwrap();
    let (one, two) = (begin(&store, 1, "ada").await, begin(&store, 2, "ada").await);
    let mut asked = Asked::of(&shared()).await;
    asked.ask::<Value>(&["HSET", &format!("{{{prefix}}}:s:{one}"), "e", "1"]).await;
    assert_eq!(store.list("ada").await.unwrap().len(), 1);
    assert_eq!(store.revoke_subject("ada", None).await.unwrap(), [two]);
}

#[tokio::test]
async fn keys_of_others_are_errors() {
    for (key, kind) in
        [("clock", "SADD"), ("ends", "SADD"), ("u:ada", "SADD"), ("log", "SADD"), ("s", "SADD")]
    {
        let prefix = prefix();
        let store = at(&shared()).prefix(&prefix).connect_lazy().unwrap();
        let id = begin(&store, 1, "ada").await;
        let session = format!("s:{id}");
        let name = format!("{{{prefix}}}:{}", if key == "s" { &session } else { key });
        let mut asked = Asked::of(&shared()).await;
        asked.ask::<Value>(&["DEL", &name]).await;
        asked.ask::<Value>(&[kind, &name, "x"]).await;
        let failed = match key {
            "log" => {
                assert!(store.append(vec![token("a")]).await.is_err());
                store.snapshot().await.unwrap_err()
            }
            "u:ada" => {
                assert!(store.list("ada").await.is_err());
                store.revoke_subject("ada", None).await.unwrap_err()
            }
            "s" => {
                assert!(store.find(id).await.is_err());
                assert!(store.revoke(id).await.is_err());
                assert!(store.list("ada").await.unwrap().is_empty());
                store.rotate(id, 0, LIMITS).await.unwrap_err()
            }
            _ => store.rotate(id, 0, LIMITS).await.unwrap_err(),
        };
        let error = said(&failed);
        assert!(error.contains("WRONGTYPE") || error.contains("DAMAGED"), "{key}: {error}");
    }
    // A clock that is none.
    let prefix = prefix();
    let store = at(&shared()).prefix(&prefix).connect_lazy().unwrap();
    let clock = format!("{{{prefix}}}:clock");
    Asked::of(&shared()).await.ask::<()>(&["SET", &clock, "tomorrow"]).await;
    let error = said(&store.list("ada").await.unwrap_err());
    assert_eq!(
        error,
        "the store cannot be reached: Redis: DAMAGED: what is kept there is not what this store has written"
    );
}

/// Whatever it answers to whatever it is asked.
async fn server_that_says(answer: &'static [u8]) -> String {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let url = format!("redis://127.0.0.1:{}/", listener.local_addr().unwrap().port());
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            tokio::spawn(async move {
                let mut asked = [0; 4096];
                while stream.read(&mut asked).await.is_ok_and(|length| length > 0) {
                    if stream.write_all(answer).await.is_err() {
                        return;
                    }
                }
            });
        }
    });
    url
}

#[tokio::test]
async fn a_server_that_is_none_is_an_error() {
    for answer in [
        "",
        "HTTP/1.1 400 Bad Request\r\n\r\n",
        "+OK\r\n",
        "+OK\r\n+OK\r\n+OK\r\n+OK\r\n",
        ":1\r\n:1\r\n:1\r\n:1\r\n",
        "$-1\r\n$-1\r\n$-1\r\n",
        "*0\r\n*0\r\n*0\r\n*0\r\n",
        "*2\r\n*0\r\n:1\r\n*2\r\n*0\r\n:1\r\n*2\r\n*0\r\n:1\r\n*2\r\n*0\r\n:1\r\n",
        "-secret hunter2\r\n",
        "*99999999999\r\n",
        "$-7\r\n",
        ">3\r\n+message\r\n:1\r\n:2\r\n",
        "_\r\n_\r\n_\r\n_\r\n_\r\n",
    ] {
        let url = server_that_says(answer.as_bytes()).await;
        let store = at(&url).timeout(std::time::Duration::from_millis(200)).connect_lazy().unwrap();
        let id = tower_bearer::SessionId::from_bytes([1; 16]);
        let mut errors = Vec::new();
        // "Nothing" is what a server may say of a session that it has not.
        if let Err(error) = store.find(id).await {
            errors.push(said(&error));
        }
        errors.push(said(&store.rotate(id, 0, LIMITS).await.unwrap_err()));
        errors.push(said(&store.snapshot().await.unwrap_err()));
        for error in errors {
            assert!(!error.contains("hunter2"), "{answer:?}: {error}");
        }
        let checkup = store.doctor().await;
        assert!(!checkup.is_sound(), "{answer:?}: {checkup}");
        assert!(!checkup.to_string().contains("hunter2"), "{checkup}");
    }
}
