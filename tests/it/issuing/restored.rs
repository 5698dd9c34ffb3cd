//! What a store has lost that was restored from before: the nodes know better.

use std::time::Duration;

use tower_bearer::{
    Algorithm, Issuer, RefreshKeys, Revocations, SessionStore as _, Sessions, SigningKeys,
};

use super::{
    AUDIENCE, Hand, ISSUER, SECRET, Service, SessionErrorKind as Kind,
    following::{Mute, after},
    logout::Fragile,
};

struct Node {
    service: Service<Fragile>,
    store: Fragile,
    log: Mute,
}

/// One whose log is read.
async fn node() -> Node {
    let (hand, log) = (Hand::default(), Mute::default());
    let store = Fragile::new(hand.clone());
    let revocations = Revocations::builder(ISSUER, Duration::from_secs(900));
    let revocations = revocations.clock(hand.clone()).log(log.clone()).build().unwrap();
    let keys = SigningKeys::builder(Algorithm::ES256).clock(hand.clone()).build().unwrap();
    let issuer = Issuer::builder(ISSUER, AUDIENCE, "web", keys).revocations(revocations);
    let issuer = issuer.build().unwrap();
    let keys = RefreshKeys::new(SECRET).unwrap();
    let sessions = Sessions::new(issuer.clone(), store.clone(), keys).unwrap();
    let verifier = issuer.verifier().unwrap();
    after(1).await;
    Node { service: Service { hand, issuer, sessions, verifier }, store, log }
}

#[tokio::test(start_paused = true)]
async fn sessions_that_had_ended_end_once_more() {
    let Node { service, store, log } = node().await;
    let (here, there, eve) =
        (service.login("ada").await, service.login("ada").await, service.login("eve").await);
    let stolen = service.login("mallory").await;
    service.sessions.end(here.session().id).await.unwrap();
    service.sessions.end_all("ada").await.unwrap();
    let second = service.renew(stolen.refresh_token()).await.unwrap();
    let third = service.renew(second.refresh_token()).await.unwrap();
    service.renew(stolen.refresh_token()).await.unwrap_err();
    store.restore().await;
    log.lose_all();
    for pair in [&here, &there, &stolen] {
        assert!(service.lives(pair).await, "the store knows nothing of it");
    }
    after(5).await;
    for pair in [&here, &there, &stolen] {
        assert!(!service.lives(pair).await);
    }
    // Long after the last access token has expired, and with it what is known of its session here.
    service.hand.set(86_400);
    after(5).await;
    for pair in [&here, &there, &third] {
        assert_eq!(service.renew(pair.refresh_token()).await.unwrap_err(), Kind::Ended);
    }
    service.renew(eve.refresh_token()).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn what_could_not_be_ended_is_ended_once_the_log_is_there_again() {
    let Node { service, store, log } = node().await;
    let (ada, eve) = (service.login("ada").await, service.login("eve").await);
    store.cut_off(true);
    log.cut_off(true);
    assert_eq!(service.sessions.end(ada.session().id).await.unwrap_err().kind(), Kind::Unavailable);
    after(5).await;
    store.cut_off(false);
    log.cut_off(false);
    assert!(service.lives(&ada).await);
    after(5).await;
    assert!(!service.lives(&ada).await && service.lives(&eve).await);
}

#[tokio::test(start_paused = true)]
async fn a_store_that_is_away_for_longer_than_the_log_is_told_later() {
    let Node { service, store, .. } = node().await;
    let ada = service.login("ada").await;
    store.cut_off(true);
    service.sessions.end(ada.session().id).await.unwrap_err();
    after(5).await;
    after(5).await;
    store.cut_off(false);
    after(5).await;
    assert!(!service.lives(&ada).await);
}

#[tokio::test(start_paused = true)]
async fn sessions_are_ended_before_the_log_is_made_good() {
    let Node { service, store, log } = node().await;
    let ada = service.login("ada").await;
    service.sessions.end(ada.session().id).await.unwrap();
    store.restore().await;
    log.lose_all();
    log.is_read_only(true);
    after(5).await;
    assert!(!service.lives(&ada).await);
    log.is_read_only(false);
    after(5).await;
    assert_eq!(log.appended(), 2);
}

#[tokio::test(start_paused = true)]
async fn what_is_over_by_its_age_is_no_loss() {
    let Node { service, log, .. } = node().await;
    let ada = service.login("ada").await;
    service.hand.set(7 * 86_400);
    assert_eq!(service.renew(ada.refresh_token()).await.unwrap_err(), Kind::Ended);
    after(5).await;
    assert_eq!(log.appended(), 0);
}

#[tokio::test(start_paused = true)]
async fn whoever_was_ended_elsewhere_is_written_down_here() {
    let Node { service, store, log } = node().await;
    let ada = service.login("ada").await;
    // By a node that has ended before it came to the log.
    assert!(store.revoke(ada.session().id).await.unwrap());
    assert_eq!(service.call(&ada).await, Ok(()));
    assert_eq!(service.renew(ada.refresh_token()).await.unwrap_err(), Kind::Ended);
    assert!(service.call(&ada).await.is_err());
    assert_eq!(log.appended(), 1);
    assert_eq!(service.renew(ada.refresh_token()).await.unwrap_err(), Kind::Ended);
    after(5).await;
    assert_eq!(log.appended(), 1, "once");
}

#[tokio::test(start_paused = true)]
async fn nobody_settles_for_sessions_that_are_gone() {
    let Node { service, store, log } = node().await;
    let ada = service.login("ada").await;
    service.sessions.end(ada.session().id).await.unwrap();
    let Service { issuer, sessions, .. } = service;
    drop(sessions);
    store.restore().await;
    log.lose_all();
    after(5).await;
    // Others of the same issuer do it for their store.
    let keys = RefreshKeys::new(SECRET).unwrap();
    let sessions = Sessions::new(issuer, store.clone(), keys).unwrap();
    assert_eq!(sessions.list("ada").await.unwrap().len(), 1);
    log.lose_all();
    after(5).await;
    assert_eq!(sessions.list("ada").await.unwrap().len(), 0);
}
