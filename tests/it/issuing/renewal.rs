//! What becomes of refresh tokens: SEMANTICS of the table at `Sessions`.

use tower_bearer::{
    Algorithm, Grant, Issuer, MemoryStore, NewSession, RefreshKeys, Rotation, RotationLimits,
    SessionId, SessionStore, Sessions, SigningKeys, StoreError, StoredSession,
};

use super::{SECRET, Service, SessionErrorKind as Kind, issuer};
use crate::support::{Hand, ISSUER};

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
async fn an_older_one_than_the_last_has_no_grace() {
    let service = Service::new();
    let first = service.login("ada").await;
    let second = service.renew(first.refresh_token()).await.unwrap();
    let third = service.renew(second.refresh_token()).await.unwrap();
    assert_eq!(service.renew(first.refresh_token()).await.unwrap_err(), Kind::Reused);
    assert_eq!(service.renew(third.refresh_token()).await.unwrap_err(), Kind::Ended);
}

#[tokio::test]
async fn a_store_that_has_lost_writes_goes_on_with_the_newest_token() {
    let hand = Hand::default();
    let store = MemoryStore::with_clock(hand.clone());
    let service = Service::with(hand.clone(), store.clone());
    let pair = service.login("ada").await;
    // The same session, as it was when somebody has made a copy of the store.
    let id = pair.session().id;
    let copy = store.find(id).await.unwrap().unwrap();
    let second = service.renew(pair.refresh_token()).await.unwrap();
    let third = service.renew(second.refresh_token()).await.unwrap();
    let old = Service::with(hand, Restored(MemoryStore::new(), copy));
    let fourth = old.renew(third.refresh_token()).await.unwrap();
    assert_ne!(fourth.refresh_token(), third.refresh_token());
}

/// A store that has forgotten all but this session, as it was.
struct Restored(MemoryStore, StoredSession);

impl SessionStore for Restored {
    async fn create(&self, session: NewSession) -> Result<(), StoreError> {
        self.0.create(session).await
    }

    async fn find(&self, _: SessionId) -> Result<Option<StoredSession>, StoreError> {
        Ok(Some(self.1.clone()))
    }

    async fn rotate(
        &self,
        _: SessionId,
        presented: u64,
        limits: RotationLimits,
    ) -> Result<Rotation, StoreError> {
        Ok(self.1.clone().rotate(presented, limits, self.1.created_at + 1))
    }

    async fn revoke(&self, id: SessionId) -> Result<bool, StoreError> {
        self.0.revoke(id).await
    }

    async fn revoke_subject(
        &self,
        subject: &str,
        except: Option<SessionId>,
    ) -> Result<Vec<SessionId>, StoreError> {
        self.0.revoke_subject(subject, except).await
    }

    async fn list(&self, subject: &str) -> Result<Vec<StoredSession>, StoreError> {
        self.0.list(subject).await
    }

    async fn purge(&self, limit: usize) -> Result<usize, StoreError> {
        self.0.purge(limit).await
    }
}

#[tokio::test]
async fn tokens_of_one_client_are_none_of_another_of_the_same_store_and_secret() {
    let service = Service::new();
    let store = MemoryStore::with_clock(service.hand.clone());
    let keys = || RefreshKeys::new(SECRET).unwrap();
    let web = Sessions::new(issuer(service.hand.clone()), store.clone(), keys()).unwrap();
    let signing = SigningKeys::generate(Algorithm::ES256).unwrap();
    let admin = Issuer::new(ISSUER, "https://admin.example", "admin", signing).unwrap();
    let admin = Sessions::new(admin, store, keys()).unwrap();
    let pair = web.start("ada", &Grant::new()).await.unwrap();
    let error = admin.renew(pair.refresh_token(), async |_| Ok(Grant::new())).await.unwrap_err();
    assert_eq!(error.kind(), Kind::Invalid);
    web.renew(pair.refresh_token(), async |_| Ok(Grant::new())).await.unwrap();
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
