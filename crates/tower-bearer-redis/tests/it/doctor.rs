//! Servers that are set up well, and badly.

use tower_bearer_redis::RedisStore;
use tower_bearer_stores::{Redis, Server as _};

use crate::support::{Asked, at, said};

#[tokio::test]
async fn a_good_server_is_said_to_be_good() {
    let server = Redis::start();
    let store = RedisStore::connect(&server.url()).await.unwrap();
    let checkup = store.doctor().await;
    let text = checkup.to_string();
    assert!(checkup.is_sound(), "{text}");
    for line in [
        "Redis at 127.0.0.1:",
        "  good   a round trip takes ",
        "  good   its clock and ours are 0 s apart",
        "  good   the version is 7.",
        "  good   it drops nothing when its memory is full",
        "  good   a crash loses nothing that was answered",
        "  good   it takes writes",
        "  good   it tells of revocations",
    ] {
        assert!(text.contains(line), "{line}\n{text}");
    }
    assert!(!text.contains("doubt") && !text.contains("WRONG"), "{text}");
    // It leaves nothing behind.
    let keys: Vec<String> = Asked::of(&server.url()).await.ask(&["KEYS", "*"]).await;
    assert!(keys.is_empty(), "{keys:?}");
}

#[tokio::test]
async fn what_is_wrong_is_said() {
    for (settings, wanted) in [
        (
            &["--maxmemory", "100mb", "--maxmemory-policy", "allkeys-lru"][..],
            "WRONG  maxmemory-policy is allkeys-lru: ",
        ),
        (
            &["--maxmemory", "100mb", "--maxmemory-policy", "volatile-ttl"],
            "WRONG  maxmemory-policy is volatile-ttl: ",
        ),
        (
            &["--maxmemory-policy", "allkeys-lru"],
            "doubt  maxmemory-policy is allkeys-lru: with the first",
        ),
        (
            &["--appendfsync", "everysec"],
            "doubt  a crash of the machine loses what was written within the last second or two",
        ),
        (
            &["--appendfsync", "no"],
            "WRONG  a crash of the machine loses what the system had not written yet",
        ),
        (&["--appendonly", "no"], "WRONG  a restart loses all that came after the last snapshot"),
    ] {
        let server = Redis::with(settings);
        let store = RedisStore::connect(&server.url()).await.unwrap();
        let checkup = store.doctor().await;
        assert!(checkup.to_string().contains(wanted), "{settings:?}\n{checkup}");
        assert_eq!(checkup.is_sound(), wanted.starts_with("doubt"), "{checkup}");
    }
}

#[tokio::test]
async fn masters_and_replicas_are_told_apart() {
    let (master, replica) = (Redis::start(), Redis::start());
    let mut asked = Asked::of(&replica.url()).await;
    asked.ask::<()>(&["REPLICAOF", "127.0.0.1", &master.port().to_string()]).await;
    let mut asked = Asked::of(&master.url()).await;
    while !asked.ask::<String>(&["INFO", "replication"]).await.contains("connected_slaves:1") {
        tokio::task::yield_now().await;
    }
    let checkup = RedisStore::connect(&master.url()).await.unwrap().doctor().await;
    assert!(checkup.is_sound(), "{checkup}");
    assert!(checkup.to_string().contains("doubt  it has replicas"), "{checkup}");
    let error = said(&RedisStore::connect(&replica.url()).await.unwrap_err());
    assert!(error.contains("READONLY"), "{error}");
    let checkup = at(&replica.url()).connect_lazy().unwrap().doctor().await;
    assert!(checkup.to_string().contains("WRONG  it is a replica"), "{checkup}");
}

/// A node of a cluster that has other slots than ours.
#[tokio::test]
async fn a_node_without_our_keys_is_refused() {
    let server = Redis::with(&["--cluster-enabled", "yes"]);
    let error = said(&RedisStore::connect(&server.url()).await.unwrap_err());
    assert!(error.contains("CLUSTERDOWN") || error.contains("MOVED"), "{error}");
}
