//! What has been taken back: [`Revocations`], a set in memory that a log makes last and spread.

mod entry;
mod follow;
mod log;
mod set;

use std::{
    fmt,
    future::Future,
    sync::{
        Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

pub use self::{
    entry::{Revoked, RevokedEntry},
    log::{MemoryLog, RevocationLog},
};
use self::{
    follow::Following,
    set::{Identity, Set},
};
use crate::{
    clock::{Clock, NumericDate, SystemClock},
    error::{ConfigError, StoreError},
    token::{Revocation, RevocationCheck, VerifiedToken},
};

/// Tokens of one issuer that have been taken back before they expire: single ones, those of a session, or all of a
/// subject, of a client or of everyone that were issued so far.
///
/// It is a set in memory, and asking it is a look-up: no request waits for a store. An entry stays for as long as the
/// longest token lives that it can concern, and then goes by itself.
///
/// ```
/// use std::time::Duration;
/// use tower_bearer::{Revocations, StaticKeys, TrustedIssuer, Verifier};
///
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let longest = Duration::from_secs(15 * 60);
/// let revocations = Revocations::new("https://issuer.example", longest)?;
/// let keys = StaticKeys::hs256([7; 32])?;
/// let issuer = TrustedIssuer::new("https://issuer.example", "https://api.example", keys)
///     .max_lifetime(longest)
///     .revocation(revocations.clone());
/// let verifier = Verifier::new(issuer)?;
///
/// revocations.revoke_subject("ada").await?;      // logged out everywhere, from the next request on
/// # drop(verifier);
/// # Ok(())
/// # }
/// ```
///
/// | what is revoked | which tokens are refused |
/// |---|---|
/// | [a token](Self::revoke_token) | the one with this `jti` |
/// | [a session](Self::revoke_session) | those with this `sid` |
/// | [a subject](Self::revoke_subject), [a client](Self::revoke_client), [everyone](Self::revoke_everyone) | those whose `iat` lies before the end of this second, or that have none |
///
/// Without a [log](RevocationsBuilder::log) the set is this process's and ends with it. With one it outlives the process, and
/// where the log spreads entries, other nodes learn of them.
///
/// A clone is one reference count and shares everything. `Debug` shows no entry.
#[derive(Clone)]
pub struct Revocations(Arc<Inner>);

struct Inner {
    issuer: Box<str>,
    longest: Duration,
    leeway: Duration,
    clock: Arc<dyn Clock>,
    set: RwLock<Set>,
    /// There was an entry once: until then nobody looks for one.
    used: AtomicBool,
    following: Option<Following>,
}

/// Settings of [`Revocations`].
#[must_use = "settings do nothing until they are built"]
pub struct RevocationsBuilder {
    issuer: String,
    longest: Duration,
    leeway: Duration,
    stale_for: Duration,
    clock: Arc<dyn Clock>,
    log: Option<Arc<dyn RevocationLog>>,
}

impl Revocations {
    /// A set for the tokens of this issuer, none of which lives longer than this, from `iat` to `exp`.
    ///
    /// # Errors
    ///
    /// The issuer is empty, or its tokens live for no time.
    pub fn new(issuer: impl Into<String>, longest: Duration) -> Result<Self, ConfigError> {
        Self::builder(issuer, longest).build()
    }

    /// The same with settings to be made.
    pub fn builder(issuer: impl Into<String>, longest: Duration) -> RevocationsBuilder {
        RevocationsBuilder {
            issuer: issuer.into(),
            longest,
            leeway: Duration::from_secs(60),
            stale_for: Duration::from_secs(30),
            clock: Arc::new(SystemClock),
            log: None,
        }
    }

    /// Refuses the token with this `jti` from now on. It need not have been seen.
    pub fn revoke_token(
        &self,
        jwt_id: &str,
    ) -> impl Future<Output = Result<(), StoreError>> + Send + use<> {
        self.revoke(Revoked::Token { jti: jwt_id.to_owned() })
    }

    /// Refuses all tokens of the session with this `sid` from now on.
    pub fn revoke_session(
        &self,
        session_id: &str,
    ) -> impl Future<Output = Result<(), StoreError>> + Send + use<> {
        self.revoke(Revoked::Session { sid: session_id.to_owned() })
    }

    /// Refuses all tokens that this subject was issued so far. One that is issued from the next second on is good; an
    /// [`Issuer`](crate::Issuer) that has this set dates those of this second accordingly.
    pub fn revoke_subject(
        &self,
        subject: &str,
    ) -> impl Future<Output = Result<(), StoreError>> + Send + use<> {
        let before = self.mark();
        self.revoke(Revoked::Subject { sub: subject.to_owned(), before })
    }

    /// Refuses all tokens that were issued to this client so far.
    pub fn revoke_client(
        &self,
        client_id: &str,
    ) -> impl Future<Output = Result<(), StoreError>> + Send + use<> {
        let before = self.mark();
        self.revoke(Revoked::Client { client_id: client_id.to_owned(), before })
    }

    /// Refuses all tokens that were issued so far.
    pub fn revoke_everyone(&self) -> impl Future<Output = Result<(), StoreError>> + Send + use<> {
        let before = self.mark();
        self.revoke(Revoked::Everyone { before })
    }

    /// Here at once, whether or not the answer is awaited; then in the log, if there is one.
    ///
    /// # Errors
    ///
    /// The log cannot be reached. What was revoked is so on this node, which writes it down as soon as it can.
    fn revoke(&self, what: Revoked) -> impl Future<Output = Result<(), StoreError>> + Send + use<> {
        let entry =
            RevokedEntry { issuer: self.0.issuer.clone().into(), what, until: self.until() };
        self.insert([entry.clone()]);
        let inner = Arc::clone(&self.0);
        async move {
            match &inner.following {
                Some(following) => following.append(vec![entry]).await,
                None => Ok(()),
            }
        }
    }

    /// Whether this session was revoked, as far as is known here.
    pub(crate) fn has_session(&self, session_id: &str) -> bool {
        let session = Identity { session_id: Some(session_id), ..Identity::default() };
        self.0.used.load(Ordering::Acquire) && self.0.read().has(&session)
    }

    /// The earliest second at which a token of this subject and client may be issued, if there is one.
    pub(crate) fn watermark(&self, subject: &str, client_id: &str) -> Option<u64> {
        let whose =
            Identity { subject: Some(subject), client_id: Some(client_id), ..Identity::default() };
        self.0.read().watermark(&whose)
    }

    /// The largest leeway that a verifier with this set may have.
    pub(crate) fn leeway(&self) -> Duration {
        self.0.leeway
    }

    /// How many entries there are.
    pub fn len(&self) -> usize {
        self.0.read().len()
    }

    /// Whether nothing is revoked.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    fn insert(&self, entries: impl IntoIterator<Item = RevokedEntry>) {
        self.0.insert(entries);
    }

    /// What was issued before the next second is refused.
    fn mark(&self) -> u64 {
        self.0.now().as_secs().saturating_add(1)
    }

    /// When the last token that exists now is good for nothing anyhow.
    fn until(&self) -> u64 {
        let Inner { longest, leeway, .. } = &*self.0;
        // A mark lies a second ahead, and so may the token be dated that has just passed it.
        let last = self.0.now().plus(*longest).plus(*leeway).plus(Duration::from_secs(2));
        last.as_secs()
    }
}

impl Inner {
    fn now(&self) -> NumericDate {
        self.clock.now().into()
    }

    fn read(&self) -> RwLockReadGuard<'_, Set> {
        self.set.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, Set> {
        self.set.write().unwrap_or_else(PoisonError::into_inner)
    }

    /// Entries of other issuers may stand in the same log.
    fn insert(&self, entries: impl IntoIterator<Item = RevokedEntry>) {
        let now = self.now().as_secs();
        let ours = |entry: &RevokedEntry| *entry.issuer == *self.issuer && entry.until > now;
        let mut ours = entries.into_iter().filter(ours).peekable();
        if ours.peek().is_none() {
            return;
        }
        let mut set = self.write();
        // What is dropped is dropped once the lock is free.
        let gone = set.turn(now);
        ours.for_each(|entry| set.insert(entry));
        self.used.store(true, Ordering::Release);
        drop(set);
        drop(gone);
    }
}

impl RevocationCheck for Revocations {
    fn check(&self, token: &VerifiedToken) -> Revocation {
        let inner = &*self.0;
        if inner.following.as_ref().is_some_and(|following| !following.is_fresh()) {
            return Revocation::Unknown;
        }
        if !inner.used.load(Ordering::Acquire) {
            return Revocation::Good;
        }
        let identity = Identity {
            jwt_id: token.jwt_id(),
            session_id: token.session_id(),
            subject: token.subject(),
            client_id: token.client_id(),
        };
        let set = inner.read();
        if set.has(&identity) {
            return Revocation::Revoked;
        }
        let Some(before) = set.watermark(&identity) else { return Revocation::Good };
        drop(set);
        // Whole seconds below 2⁵³ are exact.
        #[expect(clippy::cast_precision_loss, reason = "a date of this century")]
        let is_later = |issued_at: NumericDate| issued_at.as_secs_f64() >= before as f64;
        // What is dated ahead of its time would outlive every mark.
        let latest = inner.now().plus(inner.leeway).plus(Duration::from_secs(1));
        let is_good = |issued_at: NumericDate| is_later(issued_at) && issued_at <= latest;
        if token.issued_at().is_some_and(is_good) { Revocation::Good } else { Revocation::Revoked }
    }

    fn fits(
        &self,
        issuer: &str,
        longest: Option<Duration>,
        leeway: Duration,
    ) -> Result<(), ConfigError> {
        let inner = &*self.0;
        if *issuer != *inner.issuer {
            return Err(ConfigError::new(format!(
                "the revocations are those of {:?}, and the issuer is {issuer:?}: each issuer has its own",
                inner.issuer
            )));
        }
        match longest {
            Some(longest) if longest <= inner.longest => {}
            _ => {
                return Err(ConfigError::new(format!(
                    "an entry is forgotten once tokens of {} s have expired: say that none of {issuer:?} lives longer, by `.max_lifetime(..)`",
                    inner.longest.as_secs()
                )));
            }
        }
        if leeway > inner.leeway {
            return Err(ConfigError::new(
                "the leeway of the issuer is larger than that of its revocations, which would forget too early: set both",
            ));
        }
        Ok(())
    }
}

impl RevocationsBuilder {
    /// As the issuer's [leeway](crate::TrustedIssuer::leeway): 60 s. A token is good for so much longer, and entries are kept for it.
    pub fn leeway(mut self, leeway: Duration) -> Self {
        self.leeway = leeway;
        self
    }

    /// Asks this clock for the time.
    pub fn clock(mut self, clock: impl Clock) -> Self {
        self.clock = Arc::new(clock);
        self
    }

    /// Writes entries down here, and reads them from here: at once, every 5 s, and whenever the log says so.
    ///
    /// Until it was read for the first time, and once it was out of reach for 30 s, nobody knows what is revoked: requests are
    /// answered with 503.
    pub fn log(mut self, log: impl RevocationLog) -> Self {
        self.log = Some(Arc::new(log));
        self
    }

    /// For how long what is known is taken for what there is while the log is out of reach, in place of 30 s. A token that was revoked on another node in
    /// the meantime is good here for so long.
    pub fn accept_while_stale(mut self, stale_for: Duration) -> Self {
        self.stale_for = stale_for;
        self
    }

    /// The set. With a log it begins to read it, on the tokio runtime this is called in.
    ///
    /// # Errors
    ///
    /// The issuer is empty, or its tokens live for no time; or there is a log and no runtime.
    pub fn build(self) -> Result<Revocations, ConfigError> {
        let Self { issuer, longest, leeway, stale_for, clock, log } = self;
        if issuer.is_empty() {
            return Err(ConfigError::new("the issuer is empty: name it as its tokens do in `iss`"));
        }
        if longest.is_zero() {
            return Err(ConfigError::new(
                "tokens that live for no time need no revocation: say how long the longest lives",
            ));
        }
        let following = log.map(|log| Following::new(log, stale_for));
        let inner = Arc::new(Inner {
            issuer: issuer.into(),
            longest,
            leeway,
            clock,
            set: RwLock::default(),
            used: AtomicBool::new(false),
            following,
        });
        if inner.following.is_some() {
            follow::begin(&inner)?;
        }
        Ok(Revocations(inner))
    }
}

impl fmt::Debug for Revocations {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Revocations").field("issuer", &self.0.issuer).finish_non_exhaustive()
    }
}

impl fmt::Debug for RevocationsBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RevocationsBuilder").field("issuer", &self.issuer).finish_non_exhaustive()
    }
}
