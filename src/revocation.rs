//! What has been taken back: [`Revocations`], a set in memory that a log makes last and spread.

mod builder;
mod check;
mod entry;
mod follow;
mod log;
mod recent;
mod set;

use std::{
    collections::HashSet,
    fmt,
    future::Future,
    sync::{
        Arc, Mutex, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use futures_util::future::BoxFuture;

#[cfg(feature = "redb")]
pub(crate) use self::log::told;
pub use self::{
    builder::RevocationsBuilder,
    entry::{Revoked, RevokedEntry},
    log::{MemoryLog, RevocationLog, Told},
};
use self::{
    entry::Bounds,
    follow::Following,
    recent::{Recent, Writing},
    set::{Identity, Set},
};
use crate::{
    clock::{Clock, NumericDate},
    error::{ConfigError, StoreError},
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
/// revocations.revoke_subject("ada").await?;      // all of her tokens, from the next request on
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
/// These are access tokens. Sessions go on, and get new ones: [`Sessions::end_all`](crate::Sessions::end_all) ends both. A token whose `iat` lies more than the leeway
/// and 5 s ahead is refused in any case, for it could outlive what revokes it.
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
    /// What nodes have said whose clocks were far ahead: it counts once, for the time at which it was heard.
    ahead: Mutex<HashSet<RevokedEntry>>,
    following: Option<Following>,
    recent: Mutex<Recent>,
    readers: Mutex<Vec<Reader>>,
}

/// Is told after each reading of the log which sessions it had lost, and says what there is to do then; `None` once there is nobody any more who would do it.
type Reader = Box<dyn Fn(&[&str]) -> Option<BoxFuture<'static, ()>> + Send + Sync>;

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
        RevocationsBuilder::new(issuer.into(), longest)
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
        let named = self.0.read().subject_mark(subject);
        let before = self.mark(named);
        self.revoke(Revoked::Subject { sub: subject.to_owned(), before })
    }

    /// Refuses all tokens that were issued to this client so far.
    pub fn revoke_client(
        &self,
        client_id: &str,
    ) -> impl Future<Output = Result<(), StoreError>> + Send + use<> {
        let before = self.mark(self.0.read().latest_mark());
        self.revoke(Revoked::Client { client_id: client_id.to_owned(), before })
    }

    /// Refuses all tokens that were issued so far.
    pub fn revoke_everyone(&self) -> impl Future<Output = Result<(), StoreError>> + Send + use<> {
        let before = self.mark(self.0.read().latest_mark());
        self.revoke(Revoked::Everyone { before })
    }

    fn revoke(&self, what: Revoked) -> impl Future<Output = Result<(), StoreError>> + Send + use<> {
        self.revoke_all(vec![self.entry(what)])
    }

    /// Here at once, whether or not the answer is awaited; then in the log, if there is one.
    ///
    /// # Errors
    ///
    /// The log cannot be reached. What was revoked is so on this node, which writes it down as soon as it can.
    fn revoke_all(
        &self,
        entries: Vec<RevokedEntry>,
    ) -> impl Future<Output = Result<(), StoreError>> + Send + use<> {
        self.0.hear(entries.iter().cloned());
        let inner = Arc::clone(&self.0);
        async move {
            match &inner.following {
                Some(following) if !entries.is_empty() => {
                    let writing = Writing::begin(&inner, &entries);
                    following.append(entries).await?;
                    writing.done();
                }
                _ => {}
            }
            Ok(())
        }
    }

    fn entry(&self, what: Revoked) -> RevokedEntry {
        RevokedEntry { issuer: self.0.issuer.clone().into(), what, until: self.until() }
    }

    /// Whenever the log was read, this is asked what there is to do for sessions.
    pub(crate) fn when_read(
        &self,
        reader: impl Fn(&[&str]) -> Option<BoxFuture<'static, ()>> + Send + Sync + 'static,
    ) {
        let mut readers = self.0.readers.lock().unwrap_or_else(PoisonError::into_inner);
        // Those whose sessions are gone have nothing to do.
        readers.retain(|reader| reader(&[]).is_some());
        readers.push(Box::new(reader));
    }

    /// Refuses the tokens of these sessions here, and says so to nobody yet.
    pub(crate) fn note_sessions<S: ToString>(&self, session_ids: &[S]) {
        self.0.hear(self.sessions(session_ids));
    }

    /// Refuses the tokens of these sessions.
    pub(crate) fn revoke_sessions<S: ToString>(
        &self,
        session_ids: &[S],
    ) -> impl Future<Output = Result<(), StoreError>> + Send + use<S> {
        self.revoke_all(self.sessions(session_ids))
    }

    fn sessions<S: ToString>(&self, session_ids: &[S]) -> Vec<RevokedEntry> {
        let named = |id: &S| self.entry(Revoked::Session { sid: id.to_string() });
        session_ids.iter().map(named).collect()
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

    /// How many entries are kept; some may be of no use any more.
    pub fn len(&self) -> usize {
        self.0.read().len()
    }

    /// Whether nothing is revoked.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// What was issued so far is dated before it: by an issuer with this set at the latest mark that concerns it, which may lie a second ahead.
    fn mark(&self, latest: u64) -> u64 {
        let next = self.0.now().as_secs().saturating_add(1);
        // Who logs out again and again within a second does not lock himself out for minutes.
        latest.saturating_add(1).clamp(next, next.saturating_add(AHEAD - 1))
    }

    /// When the last token that exists now is good for nothing anyhow: it may be dated ahead by as much as clocks may differ.
    fn until(&self) -> u64 {
        self.0.bounds().until
    }
}

/// So far may marks lie ahead, in seconds.
const AHEAD: u64 = 5;

/// So many entries are remembered whose writers' clocks were far ahead.
const MOST_AHEAD: usize = 10_000;

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

    /// The latest date that a token can have in good faith.
    fn latest(&self) -> NumericDate {
        self.now().plus(self.leeway).plus(Duration::from_secs(AHEAD))
    }

    /// What an entry can say that is made now.
    fn bounds(&self) -> Bounds {
        let latest = self.latest();
        let until = latest.plus(self.longest).plus(self.leeway);
        Bounds { before: latest.as_secs(), until: until.as_secs().saturating_add(1) }
    }

    /// Whether this is new here, as it would be kept.
    fn is_new(&self, set: &Set, entry: &RevokedEntry) -> bool {
        let bounds = self.bounds();
        if set.covers(&entry.clone().within(bounds)) {
            return false;
        }
        if entry.what.before().is_none_or(|before| before <= bounds.before) {
            return true;
        }
        let mut ahead = self.ahead.lock().unwrap_or_else(PoisonError::into_inner);
        if ahead.len() >= MOST_AHEAD {
            ahead.clear();
        }
        ahead.insert(entry.clone())
    }

    /// Adds what no reading has brought.
    fn hear(&self, entries: impl IntoIterator<Item = RevokedEntry>) {
        let ours = |entry: &RevokedEntry| *entry.issuer == *self.issuer;
        let entries: Vec<_> = entries.into_iter().filter(ours).collect();
        if self.following.is_some() {
            let mut recent = self.recent.lock().unwrap_or_else(PoisonError::into_inner);
            entries.iter().cloned().for_each(|entry| recent.heard(entry));
        }
        self.insert(entries);
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
        let bounds = self.bounds();
        ours.for_each(|entry| set.insert(entry.within(bounds)));
        self.used.store(true, Ordering::Release);
        drop(set);
        drop(gone);
    }
}

impl fmt::Debug for Revocations {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Revocations").field("issuer", &self.0.issuer).finish_non_exhaustive()
    }
}
