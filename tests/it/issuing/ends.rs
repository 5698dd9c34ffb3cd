//! When sessions end by themselves, and that no clock brings them back.

use tower_bearer::SessionId;

use super::{Service, SessionErrorKind as Kind};

const DAY: i64 = 24 * 60 * 60;

#[tokio::test]
async fn a_session_that_is_not_renewed_ends_after_seven_days() {
    let service = Service::new();
    let (renewed, idle) = (service.login("ada").await, service.login("ada").await);
    service.hand.set(7 * DAY - 1);
    let renewed = service.renew(renewed.refresh_token()).await.unwrap();
    service.hand.set(7 * DAY);
    assert_eq!(service.renew(idle.refresh_token()).await.unwrap_err(), Kind::Ended);
    service.renew(renewed.refresh_token()).await.unwrap();
    assert_eq!(service.sessions.list("ada").await.unwrap().len(), 1);
}

#[tokio::test]
async fn no_renewal_makes_a_session_live_longer_than_thirty_days() {
    let service = Service::new();
    let mut pair = service.login("ada").await;
    for day in (5..30).step_by(5) {
        service.hand.set(day * DAY);
        pair = service.renew(pair.refresh_token()).await.unwrap();
        assert_eq!(pair.session().expires_at - pair.session().created_at, 30 * 86_400_000);
    }
    service.hand.set(30 * DAY - 1);
    pair = service.renew(pair.refresh_token()).await.unwrap();
    service.hand.set(30 * DAY);
    assert_eq!(service.renew(pair.refresh_token()).await.unwrap_err(), Kind::Ended);
}

#[tokio::test]
async fn no_access_token_outlives_its_session() {
    let service = Service::new();
    let mut pair = service.login("ada").await;
    for day in (5..30).step_by(5) {
        service.hand.set(day * DAY);
        pair = service.renew(pair.refresh_token()).await.unwrap();
    }
    service.hand.set(30 * DAY - 60);
    pair = service.renew(pair.refresh_token()).await.unwrap();
    assert_eq!(pair.access_token().expires_in().as_secs(), 60);
}

#[tokio::test]
async fn a_clock_that_is_set_back_brings_nothing_to_life() {
    let service = Service::new();
    let pair = service.login("ada").await;
    service.hand.set(7 * DAY);
    // Somebody else was here, and nobody asked for this session.
    service.login("eve").await;
    service.hand.set(0);
    assert_eq!(service.renew(pair.refresh_token()).await.unwrap_err(), Kind::Ended);
    assert!(!service.lives(&pair).await);
}

#[tokio::test]
async fn a_clock_that_is_set_back_opens_no_grace() {
    let service = Service::new();
    service.hand.set(100);
    let first = service.login("ada").await;
    service.renew(first.refresh_token()).await.unwrap();
    service.hand.set(131);
    service.login("eve").await;
    service.hand.set(100);
    assert_eq!(service.renew(first.refresh_token()).await.unwrap_err(), Kind::Reused);
}

#[tokio::test]
async fn the_grace_revives_no_session_that_was_ended() {
    let service = Service::new();
    let first = service.login("ada").await;
    let second = service.renew(first.refresh_token()).await.unwrap();
    assert!(service.sessions.end(first.session().id).await.unwrap());
    for pair in [&first, &second] {
        assert_eq!(service.renew(pair.refresh_token()).await.unwrap_err(), Kind::Ended);
        assert!(service.call(pair).await.is_err());
    }
    assert!(!service.sessions.end(first.session().id).await.unwrap(), "it had ended");
}

#[tokio::test]
async fn what_has_ended_is_purged() {
    let service = Service::new();
    let (ended, lives) = (service.login("ada").await, service.login("ada").await);
    service.sessions.end(ended.session().id).await.unwrap();
    assert_eq!(service.sessions.purge(0).await.unwrap(), 0);
    assert_eq!(service.sessions.purge(10).await.unwrap(), 1);
    assert_eq!(service.sessions.purge(10).await.unwrap(), 0);
    assert_eq!(service.renew(ended.refresh_token()).await.unwrap_err(), Kind::Invalid);
    service.renew(lives.refresh_token()).await.unwrap();
}

#[test]
fn ids_are_read_as_they_are_written() {
    let id = SessionId::from_bytes([0xfb; 16]);
    assert_eq!(id.to_string().parse::<SessionId>().unwrap(), id);
    for bad in ["", "A", "not an id of a session", &"A".repeat(23), &"-".repeat(22)] {
        assert!(bad.parse::<SessionId>().is_err(), "{bad}");
    }
}
