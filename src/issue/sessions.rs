//! [`Sessions`]: logins that last, by refresh tokens that are used once.

mod ending;

use std::{fmt, future::Future, sync::Arc, time::Duration};

use self::ending::Owed;
use super::{
    grant::Grant,
    issuer::{AccessToken, Issuer, SessionClaims},
    refresh::{Presented, RefreshKeys},
    session::{GrantError, Login, Session, SessionError, SessionErrorKind as Kind, TokenPair},
    store::{
        NewSession, Rotation, RotationLimits, SessionId, SessionNonce, SessionStore, StoredSession,
    },
};
use crate::{
    error::ConfigError,
    jose::compact::MAX_TOKEN_LEN,
    telemetry::{TARGET, count},
};

/// Logins that last: each has a session, whose access tokens are short and whose refresh token is used once.
///
/// ```
/// use tower_bearer::{Algorithm, Grant, Issuer, MemoryStore, RefreshKeys, Sessions, SigningKeys};
///
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let secret = [7; 32];
/// let keys = SigningKeys::generate(Algorithm::ES256)?;
/// let issuer = Issuer::new("https://login.example", "https://api.example", "web", keys)?;
/// let sessions = Sessions::new(issuer, MemoryStore::new(), RefreshKeys::new(secret)?)?;
///
/// // Once the password was found to be right:
/// let pair = sessions.start("ada", &Grant::new().roles(["admin"])?).await?;
/// // Before the access token expires. Roles are asked for again:
/// let next = sessions.renew(pair.refresh_token(), async |_session| Ok(Grant::new())).await?;
/// assert_ne!(next.refresh_token(), pair.refresh_token());
///
/// sessions.end_all("ada").await?;
/// # Ok(())
/// # }
/// ```
///
/// # What becomes of a refresh token
///
/// | it is | the answer |
/// |---|---|
/// | the next one of its session | a new pair |
/// | the last one, and was used at most 30 s ago | the same refresh token as then, and a fresh access token: the answer was lost, or several requests renew at once |
/// | an older one | [`Reused`](Kind::Reused): it was stolen, or the one after it was. The session ends |
/// | newer than the store knows | a new pair, and a warning: the store has lost writes |
/// | of a session that has ended | [`Ended`](Kind::Ended) |
/// | anything else | [`Invalid`](Kind::Invalid) |
///
/// A session ends after 7 days without a renewal, and after 30 days in any case.
///
/// A clone is one reference count. `Debug` shows no key.
pub struct Sessions<S>(Arc<Inner<S>>);

struct Inner<S> {
    issuer: Issuer,
    store: S,
    keys: RefreshKeys,
    limits: RotationLimits,
    absolute: Duration,
    owed: Owed,
}

/// Settings of [`Sessions`].
#[must_use = "settings do nothing until they are built"]
pub struct SessionsBuilder<S> {
    issuer: Issuer,
    store: S,
    keys: RefreshKeys,
    idle: Duration,
    absolute: Duration,
    grace: Duration,
}

impl<S: SessionStore> Sessions<S> {
    /// Sessions in this store, whose access tokens are this issuer's.
    ///
    /// # Errors
    ///
    /// As [`SessionsBuilder::build`].
    pub fn new(issuer: Issuer, store: S, keys: RefreshKeys) -> Result<Self, ConfigError> {
        Self::builder(issuer, store, keys).build()
    }

    /// The same with settings to be made.
    pub fn builder(issuer: Issuer, store: S, keys: RefreshKeys) -> SessionsBuilder<S> {
        SessionsBuilder {
            issuer,
            store,
            keys,
            idle: Duration::from_secs(7 * 24 * 60 * 60),
            absolute: Duration::from_secs(30 * 24 * 60 * 60),
            grace: Duration::from_secs(30),
        }
    }

    /// Begins a session for whoever has just logged in.
    ///
    /// # Errors
    ///
    /// The store cannot be reached, or no token can be issued.
    pub async fn start(
        &self,
        login: impl Into<Login>,
        grant: &Grant,
    ) -> Result<TokenPair, SessionError> {
        let Inner { store, keys, limits, absolute, .. } = &*self.0;
        let Login { subject, device, acr } = login.into();
        let (id, nonce) = (SessionId::random()?, SessionNonce::random()?);
        let now = self.0.issuer.now();
        let new =
            NewSession { id, subject, nonce, device, acr, idle: limits.idle, absolute: *absolute };
        // What the client is told of it; the store's own clock decides.
        let stored = StoredSession::begin(new.clone(), now);
        let refresh = keys.make(id, 0, &stored.nonce);
        let session = Session::of(stored);
        let access = self.mint(&session, grant)?;
        store.create(new).await?;
        Ok(TokenPair { lasts: self.left(&session), access, refresh, session })
    }

    /// A new pair for a refresh token. `grant` is asked what the subject may do by now, each time.
    ///
    /// # Errors
    ///
    /// [`SessionError`] says why, and [`SessionErrorKind::error`](Kind::error) what the client is told.
    pub async fn renew<F, R>(
        &self,
        refresh_token: &str,
        grant: F,
    ) -> Result<TokenPair, SessionError>
    where
        F: FnOnce(Session) -> R,
        R: Future<Output = Result<Grant, GrantError>>,
    {
        self.renew_within(MAX_TOKEN_LEN, refresh_token, grant).await
    }

    /// The same, where the client can take access tokens of so many bytes.
    pub(super) async fn renew_within<F, R>(
        &self,
        longest: usize,
        refresh_token: &str,
        grant: F,
    ) -> Result<TokenPair, SessionError>
    where
        F: FnOnce(Session) -> R,
        R: Future<Output = Result<Grant, GrantError>>,
    {
        let renewed = self.try_renew(longest, refresh_token, grant).await;
        count::renewal(match &renewed {
            Ok((_, outcome)) => outcome,
            Err(error) => error.kind().code(),
        });
        renewed.map(|(pair, _)| pair)
    }

    async fn try_renew<F, R>(
        &self,
        longest: usize,
        refresh_token: &str,
        grant: F,
    ) -> Result<(TokenPair, &'static str), SessionError>
    where
        F: FnOnce(Session) -> R,
        R: Future<Output = Result<Grant, GrantError>>,
    {
        let (presented, stored) = self.authentic(refresh_token).await?;
        let (id, nonce) = (stored.id, stored.nonce.clone());
        self.refuse_ended(&stored).await?;
        let session = Session::of(stored);
        let grant = match grant(session.clone()).await {
            Ok(grant) => grant,
            Err(GrantError(error)) => {
                if error.kind() == Kind::Denied {
                    self.end(id).await?;
                }
                return Err(error);
            }
        };
        // Before anything is written: a fault of ours uses up no token.
        let access = self.mint(&session, &grant)?.within(longest)?;
        // It may have been ended while `grant` was waited for, and the store may have lost that.
        self.refuse_ended_here(id).await?;
        let (counter, outcome) = self.rotate(id, presented.counter).await?;
        let refresh = self.0.keys.make(id, counter, &nonce);
        let session = Session { renewed_at: self.0.issuer.now(), ..session };
        Ok((TokenPair { lasts: self.left(&session), access, refresh, session }, outcome))
    }

    /// The number of the next token, and how it came to that.
    async fn rotate(
        &self,
        id: SessionId,
        presented: u64,
    ) -> Result<(u64, &'static str), SessionError> {
        match self.0.store.rotate(id, presented, self.0.limits).await? {
            Rotation::Rotated { counter } => Ok((counter, "rotated")),
            Rotation::Replayed { counter } => Ok((counter, "replayed")),
            Rotation::Forwarded { counter } => {
                tracing::warn!(target: TARGET, session = %id, "the store has lost renewals of a session");
                Ok((counter, "forwarded"))
            }
            Rotation::Ended => Err(Kind::Ended.into()),
            Rotation::Reused => {
                warn_of_reuse(id);
                self.write_down(&[id]).await;
                Err(Kind::Reused.into())
            }
        }
    }

    /// How long a session may still go on.
    fn left(&self, session: &Session) -> Duration {
        Duration::from_millis(session.expires_at.saturating_sub(self.0.issuer.now()))
    }

    /// The session of a refresh token, unless it has ended. A token that is older than the last was stolen, or the one after it: its session ends.
    #[cfg(feature = "routes")]
    pub(super) async fn find_by_token(&self, refresh_token: &str) -> Result<Session, SessionError> {
        let (presented, stored) = self.authentic(refresh_token).await?;
        self.refuse_ended(&stored).await?;
        if presented.counter.saturating_add(1) < stored.counter {
            warn_of_reuse(stored.id);
            self.end(stored.id).await?;
            return Err(Kind::Reused.into());
        }
        Ok(Session::of(stored))
    }

    /// The session of a refresh token that was made here.
    async fn authentic(
        &self,
        refresh_token: &str,
    ) -> Result<(Presented, StoredSession), SessionError> {
        let presented = Presented::read(refresh_token).ok_or(Kind::Invalid)?;
        // What was made elsewhere costs no question to the store.
        let key = self.0.keys.named_by(&presented).ok_or(Kind::Invalid)?;
        let stored = self.0.store.find(presented.session).await?.ok_or(Kind::Invalid)?;
        if !presented.is_authentic(key, &stored.nonce) {
            return Err(Kind::Invalid.into());
        }
        Ok((presented, stored))
    }

    /// The sessions of a subject that have not ended, the latest renewed first.
    ///
    /// # Errors
    ///
    /// The store cannot be reached.
    pub async fn list(&self, subject: &str) -> Result<Vec<Session>, SessionError> {
        let stored = self.0.store.list(subject).await?;
        let mut sessions: Vec<_> = stored.into_iter().map(Session::of).collect();
        sessions.sort_by_key(|session| (std::cmp::Reverse(session.renewed_at), session.id));
        Ok(sessions)
    }

    /// Who issues the access tokens.
    pub fn issuer(&self) -> &Issuer {
        &self.0.issuer
    }

    fn mint(&self, session: &Session, grant: &Grant) -> Result<AccessToken, SessionError> {
        let Session { id, subject, acr, created_at, expires_at, .. } = session;
        let (auth_time, until) = (created_at / 1000, expires_at / 1000);
        let claims = SessionClaims { sid: *id, auth_time, acr: acr.as_deref(), until };
        Ok(self.0.issuer.mint(subject, grant, Some(claims))?)
    }
}

fn warn_of_reuse(id: SessionId) {
    tracing::warn!(target: TARGET, session = %id, "a refresh token was used again: its session was ended");
}

impl<S: SessionStore> SessionsBuilder<S> {
    /// A session ends if it was not renewed for so long, in place of 7 days.
    pub fn idle(mut self, idle: Duration) -> Self {
        self.idle = idle;
        self
    }

    /// A session ends after so long, renewed or not, in place of 30 days.
    pub fn absolute(mut self, absolute: Duration) -> Self {
        self.absolute = absolute;
        self
    }

    /// The last refresh token may come once more for so long, in place of 30 s: long enough for a request that was lost to be sent again. Whoever
    /// steals a token can use it for so long after it was used.
    pub fn grace(mut self, grace: Duration) -> Self {
        self.grace = grace;
        self
    }

    /// The sessions.
    ///
    /// # Errors
    ///
    /// A session would end before its access token, or have been idle for longer than it may live; or the grace is longer than 5 minutes.
    pub fn build(self) -> Result<Sessions<S>, ConfigError> {
        let Self { issuer, store, keys, idle, absolute, grace } = self;
        if idle <= issuer.lifetime() {
            return Err(ConfigError::new(
                "a session would end before its access token: let it be idle for longer than that lives",
            ));
        }
        if idle > absolute {
            return Err(ConfigError::new(
                "a session cannot be idle for longer than it lives: raise `absolute` or lower `idle`",
            ));
        }
        if grace > Duration::from_secs(300) {
            return Err(ConfigError::new(
                "a grace of more than 5 minutes lets stolen tokens pass: it is there for answers that were lost",
            ));
        }
        let (limits, owed) = (RotationLimits::new(idle, grace), Owed::default());
        let keys = keys.bound_to([issuer.name(), issuer.client_id()]);
        let sessions = Sessions(Arc::new(Inner { issuer, store, keys, limits, absolute, owed }));
        sessions.settle_when_read();
        Ok(sessions)
    }
}

impl<S> Clone for Sessions<S> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<S> fmt::Debug for Sessions<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sessions").field("issuer", &self.0.issuer).finish_non_exhaustive()
    }
}

impl<S> fmt::Debug for SessionsBuilder<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SessionsBuilder").field("issuer", &self.issuer).finish_non_exhaustive()
    }
}
