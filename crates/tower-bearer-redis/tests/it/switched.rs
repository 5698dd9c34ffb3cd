//! Another server than before, or one that is no master any more.

use std::{collections::HashSet, sync::Arc, time::Duration};

use futures_util::StreamExt as _;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream, tcp::OwnedWriteHalf},
    sync::Mutex,
    time::timeout,
};
use tower_bearer::{RevocationLog as _, SessionId, SessionStore as _};
use tower_bearer_stores::{Proxy, Redis, Server as _};

use crate::support::{Asked, at, begin, behind, said, token, until};

/// A proxy that sends each reading of a page to another of two servers, under one connection.
async fn between(ports: [u16; 2]) -> String {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let url = format!("redis://127.0.0.1:{}/", listener.local_addr().unwrap().port());
    tokio::spawn(async move {
        while let Ok((client, _)) = listener.accept().await {
            tokio::spawn(switch(client, ports));
        }
    });
    url
}

async fn switch(client: TcpStream, ports: [u16; 2]) {
    let (mut from_client, to_client) = client.into_split();
    let to_client = Arc::new(Mutex::new(to_client));
    let mut servers = Vec::new();
    for port in ports {
        servers.push(greeted(port, Arc::clone(&to_client)).await);
    }
    let (mut current, mut asked) = (0, vec![0; 64 * 1024]);
    while let Ok(length @ 1..) = from_client.read(&mut asked).await {
        let asked = asked.get(..length).unwrap();
        let has = |word: &[u8]| asked.windows(word.len()).any(|window| window == word);
        if has(b"EVALSHA") || has(b"ZSCAN") {
            current = 1 - current;
        }
        servers.get_mut(current).unwrap().write_all(asked).await.unwrap();
    }
}

/// A connection that has been told which version of the protocol is spoken, and hands on what is answered from then on.
async fn greeted(port: u16, to_client: Arc<Mutex<OwnedWriteHalf>>) -> OwnedWriteHalf {
    let mut server = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
    server.write_all(b"HELLO 3\r\nPING\r\n").await.unwrap();
    let mut greeting = Vec::new();
    while !greeting.ends_with(b"+PONG\r\n") {
        greeting.push(server.read_u8().await.unwrap());
    }
    let (mut answers, asks) = server.into_split();
    tokio::spawn(async move {
        let mut answer = vec![0; 64 * 1024];
        while let Ok(length @ 1..) = answers.read(&mut answer).await {
            if to_client.lock().await.write_all(answer.get(..length).unwrap()).await.is_err() {
                return;
            }
        }
    });
    asks
}

/// Two servers with the same entries have them in the same order: none is left out, whichever is asked.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_entry_is_missed_between_two_servers() {
    const ALL: usize = 20_000;
    let servers = [Redis::start(), Redis::start()];
    for server in &servers {
        let store = at(&server.url()).connect().await.unwrap();
        let entries = (0..ALL).map(|number| token(&number.to_string()));
        store.append(entries.collect()).await.unwrap();
    }
    let url = between(servers.each_ref().map(Redis::port)).await;
    let read = at(&url).connect_lazy().unwrap().snapshot().await.unwrap();
    assert_eq!(read.into_iter().collect::<HashSet<_>>().len(), ALL);
}

/// What comes after this one changes while the log is read.
#[tokio::test]
async fn an_entry_that_moves_hides_no_other() {
    let store = crate::support::builder().connect_lazy().unwrap();
    let until = |number: u64| crate::support::UNTIL + number % 3;
    let all: Vec<_> = (0..3000)
        .map(|number| crate::support::token_until(&number.to_string(), until(number)))
        .collect();
    store.append(all.clone()).await.unwrap();
    let moving = async {
        for number in 0..3000 {
            let later = crate::support::token_until(&format!("late {number}"), until(number));
            store.append(vec![later]).await.unwrap();
            let moved =
                crate::support::token_until(&number.to_string(), until(number) + 5 + number);
            store.append(vec![moved]).await.unwrap();
        }
    };
    let reading = async {
        for _ in 0..20 {
            let read: HashSet<_> =
                store.snapshot().await.unwrap().into_iter().map(|entry| entry.what).collect();
            assert!(all.iter().all(|entry| read.contains(&entry.what)));
        }
    };
    tokio::join!(moving, reading);
}

/// The log is not read where nothing can be written, which a replica would tell as if it were new; and a name may lead to the new master by then.
#[tokio::test]
async fn a_replica_is_not_read() {
    let (old, new) = (Redis::start(), Redis::start());
    let proxy = Proxy::before(old.port()).await;
    let store = at(&behind(&proxy)).connect().await.unwrap();
    begin(&store, 1, "ada").await;
    let id = SessionId::from_bytes([1; 16]);
    store.append(vec![token("a")]).await.unwrap();
    let mut told = store.subscribe().await.unwrap().unwrap();
    let mut asked = Asked::of(&old.url()).await;
    asked.ask::<()>(&["REPLICAOF", "127.0.0.1", &new.port().to_string()]).await;
    let error = said(&store.snapshot().await.unwrap_err());
    assert!(error.contains("READONLY") || error.contains("MASTERDOWN"), "{error}");
    for failed in [
        store.find(id).await.map(drop),
        store.list("ada").await.map(drop),
        at(&old.url()).connect_lazy().unwrap().subscribe().await.map(drop),
    ] {
        let error = said(&failed.unwrap_err());
        assert!(error.contains("READONLY") || error.contains("MASTERDOWN"), "{error}");
    }
    proxy.lead_to(new.port());
    until("the log has moved", async || store.snapshot().await.is_ok()).await;
    let ended = timeout(Duration::from_secs(20), told.next()).await.expect("it ends");
    assert!(ended.is_none(), "what the replica tells is not listened to");
    let mut told = store.subscribe().await.unwrap().unwrap();
    at(&new.url()).connect().await.unwrap().append(vec![token("b")]).await.unwrap();
    let heard = timeout(Duration::from_secs(20), told.next()).await.unwrap();
    assert_eq!(heard, Some(token("b")));
}

/// It has all there is, and takes no more.
#[tokio::test]
async fn a_master_that_cannot_write_is_read() {
    // A snapshot of this name cannot be written: there is a folder.
    let server = Redis::with(&["--save", "3600 1000000", "--dbfilename", "appendonlydir"]);
    let store = at(&server.url()).connect().await.unwrap();
    store.append(vec![token("a")]).await.unwrap();
    let mut asked = Asked::of(&server.url()).await;
    asked.ask::<()>(&["BGSAVE"]).await;
    until("it has failed", async || store.append(vec![token("b")]).await.is_err()).await;
    let error = said(&store.append(vec![token("b")]).await.unwrap_err());
    assert!(error.contains("MISCONF"), "{error}");
    assert!(store.snapshot().await.unwrap().contains(&token("a")));
    assert!(store.subscribe().await.unwrap().is_some());
    // Whether it is still the master, it cannot say by that.
    asked.ask::<()>(&["CONFIG", "SET", "min-replicas-to-write", "1"]).await;
    let error = said(&store.snapshot().await.unwrap_err());
    assert!(error.contains("MISCONF") || error.contains("NOREPLICAS"), "{error}");
}

/// It may have been cut off from its replicas, of which one is the master now.
#[tokio::test]
async fn a_master_that_has_lost_its_replicas_is_not_read() {
    let server = Redis::start();
    let store = at(&server.url()).connect().await.unwrap();
    store.append(vec![token("a")]).await.unwrap();
    let mut asked = Asked::of(&server.url()).await;
    asked.ask::<()>(&["CONFIG", "SET", "min-replicas-to-write", "1"]).await;
    for failed in [store.snapshot().await.map(drop), store.subscribe().await.map(drop)] {
        let error = said(&failed.unwrap_err());
        assert!(error.contains("NOREPLICAS"), "{error}");
    }
}

/// A node of a cluster that lost our keys while we were connected: the name may lead to the one that has them.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_that_has_lost_our_keys_is_left() {
    let cluster = || Redis::with(&["--cluster-enabled", "yes"]);
    let (old, new) = (cluster(), cluster());
    let mut both = Vec::new();
    for server in [&old, &new] {
        let mut asked = Asked::of(&server.url()).await;
        asked.ask::<()>(&["CLUSTER", "ADDSLOTSRANGE", "0", "16383"]).await;
        is_well(&mut asked).await;
        both.push(asked);
    }
    let slot: u16 = both[0].ask(&["CLUSTER", "KEYSLOT", "{tower-bearer}"]).await;
    let slot = slot.to_string();
    let proxy = Proxy::before(old.port()).await;
    let store = at(&behind(&proxy)).connect().await.unwrap();
    begin(&store, 1, "ada").await;
    both[0].ask::<()>(&["CLUSTER", "DELSLOTS", &slot]).await;
    proxy.lead_to(new.port());
    let error = said(&store.list("ada").await.unwrap_err());
    assert!(error.contains("CLUSTERDOWN"), "{error}");
    until("sessions have moved", async || store.list("ada").await.is_ok()).await;
    until("the log has moved", async || store.snapshot().await.is_ok()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_that_has_given_our_keys_away_is_left() {
    let cluster = || Redis::with(&["--cluster-enabled", "yes"]);
    let (old, new) = (cluster(), cluster());
    let (mut old_asked, mut new_asked) = (Asked::of(&old.url()).await, Asked::of(&new.url()).await);
    old_asked.ask::<()>(&["CLUSTER", "ADDSLOTSRANGE", "0", "16383"]).await;
    old_asked.ask::<()>(&["CLUSTER", "MEET", "127.0.0.1", &new.port().to_string()]).await;
    is_well(&mut old_asked).await;
    is_well(&mut new_asked).await;
    let proxy = Proxy::before(old.port()).await;
    let store = at(&behind(&proxy)).connect().await.unwrap();
    assert!(store.list("ada").await.unwrap().is_empty());
    assert!(store.snapshot().await.unwrap().is_empty());
    let slot: u16 = old_asked.ask(&["CLUSTER", "KEYSLOT", "{tower-bearer}"]).await;
    let name: String = new_asked.ask(&["CLUSTER", "MYID"]).await;
    for asked in [&mut new_asked, &mut old_asked] {
        asked.ask::<()>(&["CLUSTER", "SETSLOT", &slot.to_string(), "NODE", &name]).await;
    }
    proxy.lead_to(new.port());
    let error = said(&store.list("ada").await.unwrap_err());
    assert!(error.contains("MOVED"), "{error}");
    until("sessions have moved", async || store.list("ada").await.is_ok()).await;
    until("the log has moved", async || store.snapshot().await.is_ok()).await;
}

async fn is_well(asked: &mut Asked) {
    let asked = &tokio::sync::Mutex::new(asked);
    until("the cluster is well", async || {
        let info: String = asked.lock().await.ask(&["CLUSTER", "INFO"]).await;
        info.contains("cluster_state:ok") && !info.contains("cluster_slots_assigned:0")
    })
    .await;
}
