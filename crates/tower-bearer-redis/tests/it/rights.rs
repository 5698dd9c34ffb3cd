//! A user who may do what the documentation lists, and one who may not.

use tower_bearer::testing;
use tower_bearer_redis::RedisStoreBuilder;
use tower_bearer_stores::{Redis, Server as _};

use crate::support::{self, Asked, said};

/// The command of the README, word by word.
fn listed() -> Vec<&'static str> {
    let readme = include_str!("../../README.md");
    let line = readme.lines().find(|line| line.starts_with("ACL SETUSER")).unwrap();
    line.split_whitespace().collect()
}

/// A store of this user's.
fn at(server: &Redis, prefix: &str) -> RedisStoreBuilder {
    let url = format!("redis://login:secret@127.0.0.1:{}/", server.port());
    support::at(&url).prefix(prefix)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_rights_of_the_readme_are_enough() {
    let server = Redis::start();
    let mut asked = Asked::of(&server.url()).await;
    asked.ask::<()>(&listed()).await;
    // The keys of one prefix are all that this user may touch: each case begins anew.
    let checkup = at(&server, "tower-bearer").connect().await.unwrap().doctor().await;
    assert!(checkup.is_sound(), "{checkup}");
    assert!(!checkup.to_string().contains("doubt"), "{checkup}");
    testing::session_store(|clock| {
        let mut asked = Asked::clone(&asked);
        let store = at(&server, "tower-bearer").clock(clock).connect_lazy().unwrap();
        async move {
            asked.ask::<()>(&["FLUSHALL"]).await;
            store
        }
    })
    .await;
    testing::revocation_log(|| {
        let mut asked = Asked::clone(&asked);
        let store = at(&server, "tower-bearer").connect_lazy().unwrap();
        async move {
            asked.ask::<()>(&["FLUSHALL"]).await;
            store
        }
    })
    .await;
    let error = at(&server, "another").connect().await.unwrap_err();
    assert!(said(&error).contains("NOPERM"), "{}", said(&error));
}

/// None of them is there for nothing, and none is missed only once somebody logs in.
#[tokio::test]
async fn each_of_the_rights_is_needed() {
    let server = Redis::start();
    let mut asked = Asked::of(&server.url()).await;
    let listed = listed();
    let rights: Vec<_> = listed.iter().filter(|word| word.starts_with('+')).collect();
    assert!(rights.len() > 10);
    for right in rights {
        let mut others = listed.clone();
        others.retain(|word| word != right);
        asked.ask::<()>(&["ACL", "DELUSER", "login"]).await;
        asked.ask::<()>(&others).await;
        let connected = at(&server, "tower-bearer").connect().await;
        match *right {
            "+info" | "+config|get" => {
                let checkup = connected.unwrap().doctor().await;
                assert!(checkup.is_sound(), "{checkup}");
                assert!(checkup.to_string().contains("  doubt  "), "{checkup}");
            }
            _ => {
                let error = said(&connected.expect_err(right));
                assert!(error.contains("NOPERM"), "{right}: {error}");
            }
        }
    }
    asked.ask::<()>(&["ACL", "SETUSER", "login", ">another", "<secret"]).await;
    let error = said(&at(&server, "tower-bearer").connect().await.unwrap_err());
    assert!(error.contains("WRONGPASS"), "{error}");
    assert!(!error.contains("secret"), "{error}");
}
