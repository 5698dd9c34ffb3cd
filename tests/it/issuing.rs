//! Tokens that are issued, renewed and taken back.

#[cfg(feature = "testing")]
mod conformance;
mod ends;
mod following;
mod hostile;
mod joined_log;
mod keys;
mod logout;
mod marks;
mod race;
#[cfg(feature = "redb")]
mod redb;
mod renewal;
mod restored;
mod rights;
#[cfg(feature = "routes")]
mod routes;
mod tokens;

use std::future::ready;

use tower_bearer::{
    Algorithm, Clock, Grant, Issuer, MemoryStore, RefreshKeys, Session, SessionErrorKind,
    SessionStore, Sessions, SigningKeys, StaticKeys, TokenErrorKind, TokenPair, Verifier,
};

use crate::support::{AUDIENCE, Hand, ISSUER, key};

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

    /// What is known of the session of this pair: it is in the list, or not.
    async fn lives(&self, pair: &TokenPair) -> bool {
        let sessions = self.sessions.list(&pair.session().subject).await.unwrap();
        sessions.iter().any(|session| session.id == pair.session().id)
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

/// What verifies the tokens of an issuer elsewhere.
fn keys() -> StaticKeys {
    StaticKeys::new([key(Algorithm::ES256).verifying()]).unwrap()
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
