//! What outlives a process, and what does not depend on anybody waiting for it.

use futures_util::FutureExt as _;
use tower_bearer::{
    RedbStore, RevocationLog as _, Revoked, RevokedEntry, RotationLimits, SessionId,
    SessionStore as _,
};

use super::{
    super::{Hand, SECRET, Service, SessionErrorKind as Kind},
    Folder,
};

use crate::support::NOW;

const IDLE: i64 = 7 * 24 * 60 * 60;

#[tokio::test]
async fn sessions_go_on_after_a_restart() {
    let (folder, hand) = (Folder::new(), Hand::default());
    let service = Service::open(&folder, &hand);
    let first = service.login("ada").await;
    let second = service.renew(first.refresh_token()).await.unwrap();
    let over = service.login("ada").await;
    service.sessions.end(over.session().id).await.unwrap();
    drop(service);

    let service = Service::open(&folder, &hand);
    let again = service.renew(first.refresh_token()).await.unwrap();
    assert_eq!(again.refresh_token(), second.refresh_token());
    service.renew(second.refresh_token()).await.unwrap();
    assert_eq!(service.renew(over.refresh_token()).await.unwrap_err(), Kind::Ended);
    assert_eq!(service.sessions.list("ada").await.unwrap().len(), 1);
}

#[tokio::test]
async fn a_clock_that_was_ahead_for_a_moment_loses_no_revocation() {
    let (folder, hand) = (Folder::new(), Hand::default());
    let open = || RedbStore::open_with_clock(folder.file(), hand.clone()).unwrap();
    let entry =
        RevokedEntry::new("https://a.example", Revoked::Token { jti: "t".to_owned() }, NOW + 900);
    let store = open();
    hand.set(86_400);
    store.revoke(SessionId::from_bytes([1; 16])).await.unwrap();
    hand.set(0);
    store.append(vec![entry.clone()]).await.unwrap();
    assert_eq!(store.snapshot().await.unwrap(), std::slice::from_ref(&entry));
    drop(store);
    assert_eq!(open().snapshot().await.unwrap(), [entry]);
}

#[tokio::test]
async fn revocations_go_on_after_a_restart() {
    let (folder, hand) = (Folder::new(), Hand::default());
    let open = || RedbStore::open_with_clock(folder.file(), hand.clone()).unwrap();
    let entry = |jti: &str, until| {
        RevokedEntry::new("https://a.example", Revoked::Token { jti: jti.to_owned() }, until)
    };
    let (short, long) = (entry("short", NOW + 10), entry("long", NOW + 100));
    open().append(vec![short, long.clone()]).await.unwrap();
    assert_eq!(open().snapshot().await.unwrap().len(), 2);
    hand.set(10);
    let store = open();
    assert_eq!(store.snapshot().await.unwrap(), std::slice::from_ref(&long));
    // It has left with the next that came, and cannot come back with the clock.
    store.append(vec![entry("next", NOW + 100)]).await.unwrap();
    drop(store);
    assert_eq!(rows(&folder, "revoked"), 2);
    hand.set(0);
    assert!(open().snapshot().await.unwrap().contains(&long));
}

/// How many revocations stand in the file.
fn rows(folder: &Folder, name: &str) -> u64 {
    use ::redb::{Database, ReadableDatabase as _, ReadableTableMetadata as _, TableDefinition};
    let revoked: TableDefinition<(&str, u8, &str), (u64, u64)> = TableDefinition::new(name);
    let file = Database::open(folder.file()).unwrap();
    file.begin_read().unwrap().open_table(revoked).unwrap().len().unwrap()
}

/// Each way to learn that a session has ended: once said, it stays so.
#[tokio::test]
async fn a_clock_set_back_over_a_restart_brings_nothing_to_life() {
    for asked in ["find", "list", "renew", "end", "purge"] {
        let (folder, hand) = (Folder::new(), Hand::default());
        let service = Service::open(&folder, &hand);
        let pair = service.login("ada").await;
        let id = pair.session().id;
        drop(service);

        hand.set(IDLE);
        let store = RedbStore::open_with_clock(folder.file(), hand.clone()).unwrap();
        let service = Service::with(hand.clone(), store.clone());
        match asked {
            "find" => assert!(store.find(id).await.unwrap().unwrap().ended),
            "list" => assert!(store.list("ada").await.unwrap().is_empty()),
            "renew" => drop(service.renew(pair.refresh_token()).await.unwrap_err()),
            "end" => assert!(!store.revoke(id).await.unwrap()),
            _ => assert_eq!(store.purge(1).await.unwrap(), 1),
        }
        drop((service, store));

        hand.set(0);
        let service = Service::open(&folder, &hand);
        assert!(service.renew(pair.refresh_token()).await.is_err(), "{asked}");
        assert!(service.sessions.list("ada").await.unwrap().is_empty(), "{asked}");
    }
}

/// Whoever goes away does not take the write along, nor half of it.
#[tokio::test]
async fn a_dropped_future_leaves_a_whole_change() {
    let (folder, hand) = (Folder::new(), Hand::default());
    let store = RedbStore::open_with_clock(folder.file(), hand.clone()).unwrap();
    let service = Service::with(hand.clone(), store.clone());
    let id = service.login("ada").await.session().id;
    let limits = RotationLimits::new(std::time::Duration::from_secs(60), std::time::Duration::ZERO);
    for counter in 0..20 {
        // Handed in, and given up.
        assert!(store.rotate(id, counter, limits).now_or_never().is_none());
    }
    // Done in order, before what comes after it.
    assert_eq!(store.purge(0).await.unwrap(), 0);
    drop((service, store));
    let store = RedbStore::open_with_clock(folder.file(), hand).unwrap();
    assert_eq!(store.find(id).await.unwrap().unwrap().counter, 20);
}

#[tokio::test]
async fn a_damaged_session_costs_only_itself() {
    use ::redb::{Database, TableDefinition};
    let (folder, hand) = (Folder::new(), Hand::default());
    let service = Service::open(&folder, &hand);
    let (spoilt, other) = (service.login("ada").await, service.login("eve").await);
    drop(service);
    let sessions: TableDefinition<&[u8; 16], &[u8]> = TableDefinition::new("sessions");
    let file = Database::open(folder.file()).unwrap();
    let transaction = file.begin_write().unwrap();
    let id = spoilt.session().id;
    transaction.open_table(sessions).unwrap().insert(&id.to_bytes(), &[1, 2][..]).unwrap();
    transaction.commit().unwrap();
    drop(file);

    let store = RedbStore::open_with_clock(folder.file(), hand.clone()).unwrap();
    let service = Service::with(hand.clone(), store.clone());
    let refused = service.renew(spoilt.refresh_token()).await.unwrap_err();
    assert_eq!(refused, Kind::Unavailable);
    assert!(store.revoke(id).await.is_err());
    let other = service.renew(other.refresh_token()).await.unwrap();
    hand.set(IDLE - 1);
    service.renew(other.refresh_token()).await.unwrap();
    hand.set(IDLE);
    assert_eq!(store.purge(10).await.unwrap(), 1);
    assert!(store.find(id).await.unwrap().is_none());
    assert!(store.list("ada").await.unwrap().is_empty());
    assert_eq!(store.list("eve").await.unwrap().len(), 1);
}

#[tokio::test]
async fn nothing_of_it_is_shown() {
    let folder = Folder::new();
    let service = Service::open(&folder, &Hand::default());
    let shown = format!("{:?} {:?}", service.sessions, RedbStore::open(folder.file()));
    assert!(shown.contains("open already"), "{shown}");
    assert!(!shown.contains(&format!("{SECRET:?}")), "{shown}");
}
