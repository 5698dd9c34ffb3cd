//! What becomes of refresh tokens: SEMANTICS of the table at `Sessions`.

use super::{Service, SessionErrorKind as Kind};

#[tokio::test]
async fn a_session_goes_on_from_token_to_token() {
    let service = Service::new();
    let mut pair = service.login("ada").await;
    for _ in 0..5 {
        assert_eq!(service.call(&pair).await, Ok(()));
        let next = service.renew(pair.refresh_token()).await.unwrap();
        assert_ne!(next.refresh_token(), pair.refresh_token());
        assert_eq!(next.session().id, pair.session().id);
        pair = next;
    }
}

#[tokio::test]
async fn the_last_token_gets_the_same_successor_within_the_grace() {
    let service = Service::new();
    let first = service.login("ada").await;
    let second = service.renew(first.refresh_token()).await.unwrap();
    service.hand.set(30);
    let again = service.renew(first.refresh_token()).await.unwrap();
    assert_eq!(again.refresh_token(), second.refresh_token());
    assert_ne!(again.access_token().as_str(), second.access_token().as_str());
}

#[tokio::test]
async fn the_window_does_not_slide() {
    let service = Service::new();
    let first = service.login("ada").await;
    let second = service.renew(first.refresh_token()).await.unwrap();
    service.hand.set(20);
    service.renew(first.refresh_token()).await.unwrap();
    service.hand.set(31);
    assert_eq!(service.renew(first.refresh_token()).await.unwrap_err(), Kind::Reused);
    assert_eq!(service.renew(second.refresh_token()).await.unwrap_err(), Kind::Ended);
}

#[tokio::test]
async fn a_stolen_token_ends_exactly_its_session() {
    let service = Service::new();
    let (theirs, other) = (service.login("ada").await, service.login("ada").await);
    let second = service.renew(theirs.refresh_token()).await.unwrap();
    service.hand.set(31);
    assert_eq!(service.renew(theirs.refresh_token()).await.unwrap_err(), Kind::Reused);
    assert!(service.call(&second).await.is_err());
    assert_eq!(service.call(&other).await, Ok(()));
    service.renew(other.refresh_token()).await.unwrap();
}

#[tokio::test]
async fn logout_everywhere_holds_from_the_next_request_on() {
    let service = Service::new();
    let (one, other) = (service.login("ada").await, service.login("eve").await);
    assert_eq!(service.sessions.end_all("ada").await.unwrap(), 1);
    assert!(service.call(&one).await.is_err());
    assert_eq!(service.call(&other).await, Ok(()));
    // In the same second:
    let again = service.login("ada").await;
    assert_eq!(service.call(&again).await, Ok(()));
}
