//! Logging out: here, everywhere, everywhere else.

use std::sync::{
    Arc, Mutex,
    atomic::{AtomicBool, Ordering},
};

use tower_bearer::{
    Grant, MemoryStore, NewSession, Rotation, RotationLimits, SessionId, SessionStore, StoreError,
    StoredSession,
};

use super::{Hand, Service, SessionErrorKind as Kind};

#[tokio::test]
async fn here_means_this_session_alone() {
    let service = Service::new();
    let (here, there) = (service.login("ada").await, service.login("ada").await);
    assert!(service.sessions.end(here.session().id).await.unwrap());
    assert!(service.call(&here).await.is_err());
    assert_eq!(service.call(&there).await, Ok(()));
    assert!(service.lives(&there).await && !service.lives(&here).await);
}

#[tokio::test]
async fn a_refresh_token_logs_out_once_the_access_token_has_expired() {
    let service = Service::new();
    let pair = service.login("ada").await;
    service.hand.set(3600);
    assert!(service.call(&pair).await.is_err());
    assert!(service.sessions.end_by_token(pair.refresh_token()).await.unwrap());
    assert!(!service.sessions.end_by_token(pair.refresh_token()).await.unwrap(), "again");
    assert!(!service.lives(&pair).await);
}

#[tokio::test]
async fn an_old_refresh_token_logs_out_as_well() {
    let service = Service::new();
    let first = service.login("ada").await;
    let second = service.renew(first.refresh_token()).await.unwrap();
    assert!(service.sessions.end_by_token(first.refresh_token()).await.unwrap());
    assert_eq!(service.renew(second.refresh_token()).await.unwrap_err(), Kind::Ended);
}

#[tokio::test]
async fn everywhere_else_keeps_this_session() {
    let service = Service::new();
    let (here, there, eve) =
        (service.login("ada").await, service.login("ada").await, service.login("eve").await);
    let ended = service.sessions.end_others("ada", here.session().id).await.unwrap();
    assert_eq!(ended, 1);
    assert!(service.call(&there).await.is_err());
    for pair in [&here, &eve] {
        assert_eq!(service.call(pair).await, Ok(()));
        service.renew(pair.refresh_token()).await.unwrap();
    }
}

#[tokio::test]
async fn the_session_to_keep_has_to_be_ones_own() {
    let service = Service::new();
    let (ada, eve) = (service.login("ada").await, service.login("eve").await);
    for keep in [eve.session().id, SessionId::from_bytes([1; 16])] {
        let ended = service.sessions.end_others("ada", keep).await;
        assert_eq!(ended.unwrap_err().kind(), Kind::Invalid);
    }
    assert!(service.lives(&ada).await);
}

#[tokio::test]
async fn everywhere_includes_tokens_without_a_session() {
    let service = Service::new();
    let token = service.issuer.issue("ada", &Grant::new()).unwrap();
    assert_eq!(service.sessions.end_all("ada").await.unwrap(), 0);
    assert!(service.verifier.verify(token.as_str()).await.is_err());
    let token = service.issuer.issue("ada", &Grant::new()).unwrap();
    service.verifier.verify(token.as_str()).await.unwrap();
}

/// A store that can be cut off, and restored from the time when its sessions had begun.
#[derive(Clone)]
pub(super) struct Fragile {
    hand: Hand,
    store: Arc<Mutex<MemoryStore>>,
    begun: Arc<Mutex<Vec<NewSession>>>,
    is_down: Arc<AtomicBool>,
    /// This one cannot be ended.
    pub(super) damaged: Arc<Mutex<Option<SessionId>>>,
    /// Lists are too long to be had.
    lists_nothing: Arc<AtomicBool>,
}

impl Fragile {
    pub(super) fn new(hand: Hand) -> Self {
        let store = Arc::new(Mutex::new(MemoryStore::with_clock(hand.clone())));
        Self {
            hand,
            store,
            begun: Arc::default(),
            is_down: Arc::default(),
            damaged: Arc::default(),
            lists_nothing: Arc::default(),
        }
    }

    pub(super) fn cut_off(&self, is_down: bool) {
        self.is_down.store(is_down, Ordering::SeqCst);
    }

    pub(super) async fn restore(&self) {
        let restored = MemoryStore::with_clock(self.hand.clone());
        let begun = self.begun.lock().unwrap().clone();
        for session in begun {
            restored.create(session).await.unwrap();
        }
        *self.store.lock().unwrap() = restored;
    }

    fn up(&self) -> Result<MemoryStore, StoreError> {
        if self.is_down.load(Ordering::SeqCst) {
            return Err(StoreError::unavailable("cut off"));
        }
        Ok(self.store.lock().unwrap().clone())
    }
}

impl SessionStore for Fragile {
    async fn create(&self, session: NewSession) -> Result<(), StoreError> {
        self.begun.lock().unwrap().push(session.clone());
        self.up()?.create(session).await
    }

    async fn find(&self, id: SessionId) -> Result<Option<StoredSession>, StoreError> {
        self.up()?.find(id).await
    }

    async fn rotate(
        &self,
        id: SessionId,
        presented: u64,
        limits: RotationLimits,
    ) -> Result<Rotation, StoreError> {
        self.up()?.rotate(id, presented, limits).await
    }

    async fn revoke(&self, id: SessionId) -> Result<bool, StoreError> {
        if *self.damaged.lock().unwrap() == Some(id) {
            return Err(StoreError::unavailable("damaged"));
        }
        self.up()?.revoke(id).await
    }

    async fn revoke_subject(
        &self,
        subject: &str,
        except: Option<SessionId>,
    ) -> Result<Vec<SessionId>, StoreError> {
        self.up()?.revoke_subject(subject, except).await
    }

    async fn list(&self, subject: &str) -> Result<Vec<StoredSession>, StoreError> {
        if self.lists_nothing.load(Ordering::SeqCst) {
            return Err(StoreError::unavailable("too many"));
        }
        self.up()?.list(subject).await
    }

    async fn purge(&self, limit: usize) -> Result<usize, StoreError> {
        self.up()?.purge(limit).await
    }
}

#[tokio::test]
async fn while_the_store_is_down_tokens_are_refused_here_and_the_session_goes_on_later() {
    let hand = Hand::default();
    let store = Fragile::new(hand.clone());
    let service = Service::with(hand, store.clone());
    let (ada, eve) = (service.login("ada").await, service.login("eve").await);
    store.cut_off(true);

    assert_eq!(service.renew(eve.refresh_token()).await.unwrap_err(), Kind::Unavailable);
    let ended = service.sessions.end(ada.session().id).await;
    assert_eq!(ended.unwrap_err().kind(), Kind::Unavailable);
    assert!(service.call(&ada).await.is_err());
    assert_eq!(service.call(&eve).await, Ok(()));
    let ended = service.sessions.end_all("eve").await;
    assert_eq!(ended.unwrap_err().kind(), Kind::Unavailable);
    assert!(service.call(&eve).await.is_err());

    store.cut_off(false);
    // Long after the access tokens are gone it has still ended here, and is ended there.
    service.hand.set(86_400);
    assert!(service.lives(&ada).await);
    assert_eq!(service.renew(ada.refresh_token()).await.unwrap_err(), Kind::Ended);
    assert!(!service.lives(&ada).await);
    service.renew(eve.refresh_token()).await.unwrap();
}

#[tokio::test]
async fn what_a_store_is_owed_it_gets_with_the_next_purge() {
    let hand = Hand::default();
    let store = Fragile::new(hand.clone());
    let service = Service::with(hand, store.clone());
    let ada = service.login("ada").await;
    store.cut_off(true);
    service.sessions.end(ada.session().id).await.unwrap_err();
    store.cut_off(false);
    assert_eq!(service.sessions.purge(10).await.unwrap(), 1);
    assert!(!service.lives(&ada).await);
}

#[tokio::test]
async fn a_session_that_cannot_be_ended_keeps_no_other_alive() {
    let hand = Hand::default();
    let store = Fragile::new(hand.clone());
    let service = Service::with(hand, store.clone());
    let mut pairs = Vec::new();
    for _ in 0..20 {
        pairs.push(service.login("ada").await);
    }
    let damaged = pairs[7].session().id;
    *store.damaged.lock().unwrap() = Some(damaged);
    store.cut_off(true);
    for pair in &pairs {
        service.sessions.end(pair.session().id).await.unwrap_err();
    }
    store.cut_off(false);
    service.sessions.purge(100).await.unwrap_err();
    let left: Vec<_> = service.sessions.list("ada").await.unwrap();
    assert_eq!(left.iter().map(|session| session.id).collect::<Vec<_>>(), [damaged]);
    *store.damaged.lock().unwrap() = None;
    // Even a few at a time each has its turn.
    service.sessions.purge(1).await.unwrap();
    assert!(service.sessions.list("ada").await.unwrap().is_empty());
}

#[tokio::test]
async fn everywhere_needs_no_list() {
    let hand = Hand::default();
    let store = Fragile::new(hand.clone());
    let service = Service::with(hand, store.clone());
    let (here, there) = (service.login("ada").await, service.login("ada").await);
    store.lists_nothing.store(true, Ordering::SeqCst);
    // Which are to go on has to be known.
    service.sessions.end_others("ada", here.session().id).await.unwrap_err();
    assert_eq!(service.sessions.end_all("ada").await.unwrap(), 2);
    for pair in [&here, &there] {
        assert!(service.call(pair).await.is_err());
        assert_eq!(service.renew(pair.refresh_token()).await.unwrap_err(), Kind::Ended);
    }
}

#[tokio::test]
async fn nobody_has_to_wait_for_a_logout_to_count() {
    let service = Service::new();
    let (here, there) = (service.login("ada").await, service.login("ada").await);
    let ending = service.sessions.end_others("ada", here.session().id);
    // Polled once, and dropped wherever it is.
    let _ = futures_util::FutureExt::now_or_never(ending);
    assert!(service.call(&there).await.is_err());
    assert_eq!(service.renew(there.refresh_token()).await.unwrap_err(), Kind::Ended);
}

#[tokio::test]
async fn a_button_ends_ones_own_sessions_alone() {
    let service = Service::new();
    let (ada, eve) = (service.login("ada").await, service.login("eve").await);
    assert!(!service.sessions.end_of("ada", eve.session().id).await.unwrap());
    assert!(!service.sessions.end_of("ada", SessionId::from_bytes([1; 16])).await.unwrap());
    assert_eq!(service.call(&eve).await, Ok(()));
    assert!(service.sessions.end_of("ada", ada.session().id).await.unwrap());
    assert!(service.call(&ada).await.is_err());
}
