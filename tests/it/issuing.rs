//! Tokens that are issued, renewed and taken back.

#[cfg(feature = "testing")]
mod conformance;
mod joined_log;
mod race;
#[cfg(feature = "redb")]
mod redb;
mod renewal;

use std::future::ready;

use tower_bearer::{
    Algorithm, Clock, Grant, Issuer, MemoryStore, RefreshKeys, Session, SessionErrorKind,
    SessionStore, Sessions, SigningKeys, TokenErrorKind, TokenPair, Verifier,
};

use crate::support::{AUDIENCE, Hand, ISSUER};

/// The secret of all refresh tokens.
const SECRET: [u8; 32] = [7; 32];

/// A service that logs in, with all its clocks in hand.
struct Service<S> {
    hand: Hand,
    issuer: Issuer,
    sessions: Sessions<S>,
    verifier: Verifier,
}

impl Service<MemoryStore> {
    fn new() -> Self {
        let hand = Hand::default();
        let store = MemoryStore::with_clock(hand.clone());
        Self::with(hand, store)
    }
}

impl<S: SessionStore> Service<S> {
    fn with(hand: Hand, store: S) -> Self {
        let issuer = issuer(hand.clone());
        let keys = RefreshKeys::new(SECRET).unwrap();
        let sessions = Sessions::new(issuer.clone(), store, keys).unwrap();
        let verifier = issuer.verifier().unwrap();
        Self { hand, issuer, sessions, verifier }
    }

    async fn login(&self, subject: &str) -> TokenPair {
        self.sessions.start(subject, &Grant::new()).await.unwrap()
    }

    async fn renew(&self, token: &str) -> Result<TokenPair, SessionErrorKind> {
        renew(&self.sessions, token).await
    }

    /// What the API says of an access token.
    async fn call(&self, pair: &TokenPair) -> Result<(), TokenErrorKind> {
        let verified = self.verifier.verify(pair.access_token().as_str()).await;
        verified.map(drop).map_err(|error| error.kind())
    }
}

/// A renewal that the application allows.
async fn renew<S: SessionStore>(
    sessions: &Sessions<S>,
    token: &str,
) -> Result<TokenPair, SessionErrorKind> {
    let grant = |_: Session| ready(Ok(Grant::new()));
    sessions.renew(token, grant).await.map_err(|error| error.kind())
}

fn issuer(clock: impl Clock) -> Issuer {
    let keys = SigningKeys::builder(Algorithm::ES256).clock(clock).build().unwrap();
    Issuer::new(ISSUER, AUDIENCE, "web", keys).unwrap()
}
