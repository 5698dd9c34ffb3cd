//! [`SessionStore`]: where sessions are kept, as a trait of operations.

mod id;

use std::{fmt, future::Future, sync::Arc, time::Duration};

pub(super) use self::id::random;
pub use self::id::{SessionId, SessionNonce};
use crate::error::StoreError;

/// Keeps sessions: for each its counter and its nonce, and no token.
///
/// A refresh token names a session and a number; the store knows the number that comes next. Whoever has the store alone has no
/// token, for the tokens are made with a key that is not in it; whoever has the key alone has none either, for they are made
/// with the session's nonce, which is nowhere else.
///
/// Subjects are those of one issuer: give each issuer a store of its own, or a part of one that the others do not see.
///
/// It is a trait of operations and not of reads and writes: each is one decision, taken by the store at once and for all
/// nodes, with its own clock. The store's clock never goes back: what has ended stays so.
///
/// Any error means that nobody knows whether it was done. All of these can be asked again.
///
/// [`MemoryStore`](crate::MemoryStore) is one, and with the feature `redb` so is `RedbStore`. Whoever writes another runs
/// `testing::session_store` over it.
pub trait SessionStore: Send + Sync + 'static {
    /// Keeps a session that begins now, with the counter 0.
    ///
    /// # Errors
    ///
    /// The store cannot be reached, or there is a session of this id.
    fn create(&self, session: NewSession) -> impl Future<Output = Result<(), StoreError>> + Send;

    /// The session of this id, if there is one, ended or not.
    ///
    /// # Errors
    ///
    /// The store cannot be reached.
    fn find(
        &self,
        id: SessionId,
    ) -> impl Future<Output = Result<Option<StoredSession>, StoreError>> + Send;

    /// Decides what becomes of a refresh token whose counter is `presented`, and writes that down, in one step that no
    /// other can come between. In this order:
    ///
    /// | the session | the answer | what is written |
    /// |---|---|---|
    /// | is unknown, revoked, or has been idle or alive for too long | [`Ended`](Rotation::Ended) | nothing, or that it has ended |
    /// | has this counter | [`Rotated`](Rotation::Rotated) | the counter, one higher; now as the time of the rotation; now + `idle` as its end, if that is not after the end it was made with |
    /// | has the next one, and was rotated no longer than `grace` ago | [`Replayed`](Rotation::Replayed) | nothing |
    /// | has a higher one | [`Reused`](Rotation::Reused) | that it is revoked |
    /// | has a lower one: writes were lost | [`Forwarded`](Rotation::Forwarded) | as for a rotation, but the counter is one above `presented` |
    ///
    /// # Errors
    ///
    /// The store cannot be reached.
    fn rotate(
        &self,
        id: SessionId,
        presented: u64,
        limits: RotationLimits,
    ) -> impl Future<Output = Result<Rotation, StoreError>> + Send;

    /// Ends a session for good; `false` if it had ended, or is unknown.
    ///
    /// # Errors
    ///
    /// The store cannot be reached.
    fn revoke(&self, id: SessionId) -> impl Future<Output = Result<bool, StoreError>> + Send;

    /// Ends all sessions of a subject but this one, and says which.
    ///
    /// # Errors
    ///
    /// The store cannot be reached.
    fn revoke_subject(
        &self,
        subject: &str,
        except: Option<SessionId>,
    ) -> impl Future<Output = Result<Vec<SessionId>, StoreError>> + Send;

    /// The sessions of a subject that have not ended, in any order.
    ///
    /// # Errors
    ///
    /// The store cannot be reached.
    fn list(
        &self,
        subject: &str,
    ) -> impl Future<Output = Result<Vec<StoredSession>, StoreError>> + Send;

    /// Drops sessions that have ended, so many at most, and says how many those were.
    ///
    /// # Errors
    ///
    /// The store cannot be reached.
    fn purge(&self, limit: usize) -> impl Future<Output = Result<usize, StoreError>> + Send;
}

impl<S: SessionStore> SessionStore for Arc<S> {
    fn create(&self, session: NewSession) -> impl Future<Output = Result<(), StoreError>> + Send {
        (**self).create(session)
    }

    fn find(
        &self,
        id: SessionId,
    ) -> impl Future<Output = Result<Option<StoredSession>, StoreError>> + Send {
        (**self).find(id)
    }

    fn rotate(
        &self,
        id: SessionId,
        presented: u64,
        limits: RotationLimits,
    ) -> impl Future<Output = Result<Rotation, StoreError>> + Send {
        (**self).rotate(id, presented, limits)
    }

    fn revoke(&self, id: SessionId) -> impl Future<Output = Result<bool, StoreError>> + Send {
        (**self).revoke(id)
    }

    fn revoke_subject(
        &self,
        subject: &str,
        except: Option<SessionId>,
    ) -> impl Future<Output = Result<Vec<SessionId>, StoreError>> + Send {
        (**self).revoke_subject(subject, except)
    }

    fn list(
        &self,
        subject: &str,
    ) -> impl Future<Output = Result<Vec<StoredSession>, StoreError>> + Send {
        (**self).list(subject)
    }

    fn purge(&self, limit: usize) -> impl Future<Output = Result<usize, StoreError>> + Send {
        (**self).purge(limit)
    }
}

/// A session that begins.
#[derive(Clone)]
#[non_exhaustive]
pub struct NewSession {
    /// Which it is.
    pub id: SessionId,
    /// Whose.
    pub subject: String,
    /// What its tokens are made with.
    pub nonce: SessionNonce,
    /// On what device, as the application calls it; at most 256 bytes.
    pub device: String,
    /// How it was logged in (`acr`), if that is known.
    pub acr: Option<String>,
    /// It ends if it was not renewed for so long.
    pub idle: Duration,
    /// It ends after so long, renewed or not.
    pub absolute: Duration,
}

impl NewSession {
    /// A session of this subject, on no device that is known; the other fields can be set. For stores that keep a session in columns: with
    /// [`StoredSession::begin`] it makes a row again.
    ///
    /// ```
    /// use std::time::Duration;
    /// use tower_bearer::{NewSession, SessionId, SessionNonce, StoredSession};
    ///
    /// # struct Row { id: [u8; 16], subject: String, nonce: [u8; 32], created_at: u64, counter: u64, idle_until: u64 }
    /// fn restored(row: Row) -> StoredSession {
    ///     let (id, nonce) = (SessionId::from_bytes(row.id), SessionNonce::from_bytes(row.nonce));
    ///     let new = NewSession::new(id, row.subject, nonce);
    ///     let mut session = StoredSession::begin(new, row.created_at);
    ///     session.counter = row.counter;
    ///     session.idle_until = row.idle_until;
    ///     // ... and so on with each column
    ///     session
    /// }
    /// # drop(restored);
    /// ```
    pub fn new(id: SessionId, subject: impl Into<String>, nonce: SessionNonce) -> Self {
        Self {
            id,
            subject: subject.into(),
            nonce,
            device: String::new(),
            acr: None,
            idle: Duration::ZERO,
            absolute: Duration::ZERO,
        }
    }
}

/// A session as a store has it: what it is made of stands at [`NewSession::new`]. All times are in milliseconds since 1970, by the store's clock.
#[derive(Clone)]
#[non_exhaustive]
pub struct StoredSession {
    /// Which it is.
    pub id: SessionId,
    /// Whose.
    pub subject: String,
    /// What its tokens are made with.
    pub nonce: SessionNonce,
    /// On what device.
    pub device: String,
    /// How it was logged in (`acr`).
    pub acr: Option<String>,
    /// The number of the token that renews it next.
    pub counter: u64,
    /// When it began.
    pub created_at: u64,
    /// When its counter was last raised, or when it began.
    pub rotated_at: u64,
    /// When it ends unless it is renewed.
    pub idle_until: u64,
    /// When it ends, renewed or not.
    pub expires_at: u64,
    /// It was revoked, or has ended by the store's clock.
    pub ended: bool,
}

impl StoredSession {
    /// What a store keeps of a session that begins now.
    pub fn begin(session: NewSession, now: u64) -> Self {
        let NewSession { id, subject, nonce, device, acr, idle, absolute } = session;
        let expires_at = after(now, absolute);
        Self {
            id,
            subject,
            nonce,
            device,
            acr,
            counter: 0,
            created_at: now,
            rotated_at: now,
            idle_until: after(now, idle).min(expires_at),
            expires_at,
            ended: false,
        }
    }

    /// Whether it has ended by now.
    pub fn has_ended(&self, now: u64) -> bool {
        self.ended || now >= self.idle_until || now >= self.expires_at
    }

    /// The decision of [`SessionStore::rotate`], for stores that hold a session in hand while they decide. What it changes has to be
    /// written before it is answered; [`Rotation::is_written`] says whether anything is.
    pub fn rotate(&mut self, presented: u64, limits: RotationLimits, now: u64) -> Rotation {
        if self.has_ended(now) {
            // So that a clock that is set back does not bring it to life.
            self.ended = true;
            return Rotation::Ended;
        }
        if presented < self.counter {
            let is_last = presented.checked_add(1) == Some(self.counter);
            if is_last && now <= after(self.rotated_at, limits.grace) {
                return Rotation::Replayed { counter: self.counter };
            }
            self.ended = true;
            return Rotation::Reused;
        }
        let is_forward = presented > self.counter;
        self.counter = presented.saturating_add(1);
        self.rotated_at = now;
        self.idle_until = after(now, limits.idle).min(self.expires_at);
        let counter = self.counter;
        if is_forward { Rotation::Forwarded { counter } } else { Rotation::Rotated { counter } }
    }
}

/// Names nobody: whose it is, is a claim.
impl fmt::Debug for NewSession {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NewSession").field("id", &self.id).finish_non_exhaustive()
    }
}

/// Names nobody: whose it is, is a claim.
impl fmt::Debug for StoredSession {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { id, counter, ended, .. } = self;
        f.debug_struct("StoredSession")
            .field("id", id)
            .field("counter", counter)
            .field("ended", ended)
            .finish_non_exhaustive()
    }
}

/// A time so long after another, in milliseconds.
fn after(time: u64, duration: Duration) -> u64 {
    time.saturating_add(u64::try_from(duration.as_millis()).unwrap_or(u64::MAX))
}

/// What a rotation is held against.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct RotationLimits {
    /// A session ends if it was not renewed for so long.
    pub idle: Duration,
    /// The last token may come once more for so long.
    pub grace: Duration,
}

impl RotationLimits {
    /// For stores that are asked without [`Sessions`](crate::Sessions).
    pub const fn new(idle: Duration, grace: Duration) -> Self {
        Self { idle, grace }
    }
}

/// What became of a refresh token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Rotation {
    /// The session is unknown or has ended.
    Ended,
    /// It is newer than the store knew: the store has lost writes.
    Forwarded {
        /// The number of the next one.
        counter: u64,
    },
    /// It has come again within the grace.
    Replayed {
        /// The number of the next one, as it was the first time.
        counter: u64,
    },
    /// It has come again too late: it was stolen, or the one after it. The session is revoked.
    Reused,
    /// It was the next one.
    Rotated {
        /// The number of the next one.
        counter: u64,
    },
}

impl Rotation {
    /// Whether the session was changed.
    pub const fn is_written(self) -> bool {
        !matches!(self, Self::Replayed { .. })
    }
}
