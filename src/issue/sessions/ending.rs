//! How sessions end before their time: here at once, in the store and in the log as soon as these can be reached.

use std::{
    collections::HashSet,
    error::Error as _,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
};

use super::{Kind, SessionError, SessionId, SessionStore, Sessions, StoredSession};
use crate::{error::StoreError, telemetry::TARGET};

/// Sessions that were ended here and perhaps not in the store: it could not be reached, or nobody waited for it.
#[derive(Default)]
pub(super) struct Owed {
    ids: Mutex<HashSet<SessionId>>,
    turn: AtomicUsize,
}

/// So many are settled after a reading of the log.
const AT_ONCE: usize = 10_000;

/// A store that fails so often in a row is away.
const AWAY: u8 = 3;

/// So many are remembered, of which each was logged in and has logged out.
const MOST: usize = 100_000;

impl Owed {
    fn ids(&self) -> MutexGuard<'_, HashSet<SessionId>> {
        self.ids.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn add(&self, ended: &[SessionId]) {
        let mut ids = self.ids();
        let room = MOST.saturating_sub(ids.len());
        if room < ended.len() {
            tracing::warn!(target: TARGET, "too many sessions have ended while the store is away: some may go on");
        }
        ids.extend(ended.iter().take(room));
    }

    /// Others each time, for some may never be settled.
    fn some(&self, limit: usize) -> Vec<SessionId> {
        let ids = self.ids();
        let turn = self.turn.fetch_add(limit.min(ids.len()), Ordering::Relaxed);
        let from = turn.checked_rem(ids.len()).unwrap_or_default();
        ids.iter().cycle().skip(from).take(limit.min(ids.len())).copied().collect()
    }

    fn settle(&self, ended: &[SessionId]) {
        let mut ids = self.ids();
        for id in ended {
            ids.remove(id);
        }
    }
}

impl<S: SessionStore> Sessions<S> {
    /// Logs out here: the session ends, and its access tokens are refused from now on. `false` if it had ended before.
    ///
    /// Whose session it is, is not asked: see [`end_of`](Self::end_of) for ids that come from a client.
    ///
    /// # Errors
    ///
    /// The store cannot be reached, or the log of what is revoked. This node refuses the session and its access tokens nonetheless, and ends it in the store as
    /// soon as the log can be read again, somebody comes with a token of it, or by [`purge`](Self::purge).
    pub async fn end(&self, id: SessionId) -> Result<bool, SessionError> {
        self.note(&[id]);
        let ended = self.0.store.revoke(id).await;
        if ended.is_ok() {
            self.0.owed.settle(&[id]);
        }
        // Once more, for what was renewed meanwhile.
        self.revoke_tokens_of(&[id]).await?;
        Ok(ended?)
    }

    /// The same for a session of this subject alone: for the buttons in a list of sessions. `false` if it has no such session.
    ///
    /// # Errors
    ///
    /// As [`end`](Self::end); or the store cannot be reached and it is not known whose it is: then nothing was ended.
    pub async fn end_of(&self, subject: &str, id: SessionId) -> Result<bool, SessionError> {
        match self.0.store.find(id).await? {
            Some(session) if session.subject == subject => self.end(id).await,
            _ => Ok(false),
        }
    }

    /// The same by a refresh token of it, for whoever has lost the access token or let it expire. A token that is none of ours ends nothing.
    ///
    /// # Errors
    ///
    /// As [`end`](Self::end); or it is no refresh token of a session that is known; or the store cannot be reached, and it is not known whose it is: then nothing
    /// was ended.
    pub async fn end_by_token(&self, refresh_token: &str) -> Result<bool, SessionError> {
        let (presented, _) = self.authentic(refresh_token).await?;
        self.end(presented.session).await
    }

    /// Logs out everywhere: all sessions of the subject end, and all of its access tokens are refused from now on, those without a session included.
    /// The answer is how many sessions there were.
    ///
    /// # Errors
    ///
    /// The store cannot be reached, or the log of what is revoked. Access tokens are refused on this node nonetheless; sessions may go on, so that it has to be called again.
    pub async fn end_all(&self, subject: &str) -> Result<usize, SessionError> {
        let marked = self.0.issuer.revocations().revoke_subject(subject);
        let ended = self.end_those(subject, None).await;
        marked.await?;
        ended
    }

    /// Logs out everywhere but here. The answer is how many sessions there were beside this one.
    ///
    /// # Errors
    ///
    /// The store cannot be reached, or the session to keep has ended or is not this subject's: then nothing was ended. Or the log of what is revoked cannot be reached.
    pub async fn end_others(&self, subject: &str, keep: SessionId) -> Result<usize, SessionError> {
        self.end_those(subject, Some(keep)).await
    }

    /// Drops sessions that have ended from the store, so many at most: to be called now and then. The answer is how many those were.
    ///
    /// # Errors
    ///
    /// The store cannot be reached.
    pub async fn purge(&self, limit: usize) -> Result<usize, SessionError> {
        let settled = self.settle(limit).await;
        let purged = self.0.store.purge(limit).await?;
        settled?;
        Ok(purged)
    }

    /// Ends in the store what was ended here while it was away, or what it has forgotten since, so many at most.
    async fn settle(&self, limit: usize) -> Result<(), StoreError> {
        let (mut failed, mut in_a_row) = (Ok(()), 0_u8);
        for id in self.0.owed.some(limit) {
            match self.0.store.revoke(id).await {
                Ok(_) => {
                    self.0.owed.settle(&[id]);
                    in_a_row = 0;
                }
                // One that cannot be read is no reason to let the others live.
                Err(error) => {
                    failed = Err(error);
                    in_a_row = in_a_row.saturating_add(1);
                }
            }
            if in_a_row >= AWAY {
                break;
            }
        }
        failed
    }

    /// Settles what is owed whenever the log was read, for as long as somebody has these sessions. With the revocations that the log had lost the store may have lost
    /// the ends of their sessions.
    pub(super) fn settle_when_read(&self) {
        let sessions = Arc::downgrade(&self.0);
        self.0.issuer.revocations().when_read(move |lost| {
            let sessions = Self(sessions.upgrade()?);
            let lost: Vec<_> = lost.iter().filter_map(|id| id.parse().ok()).collect();
            sessions.0.owed.add(&lost);
            Some(Box::pin(async move {
                // If the store is away, so it was said of the log.
                let _ = sessions.settle(AT_ONCE).await;
            }))
        });
    }

    async fn end_those(
        &self,
        subject: &str,
        keep: Option<SessionId>,
    ) -> Result<usize, SessionError> {
        let listed = self.0.store.list(subject).await;
        let mut ids: Vec<_> = listed.iter().flatten().map(|session| session.id).collect();
        if let Some(keep) = keep {
            if !listed?.iter().any(|session| session.id == keep) {
                return Err(Kind::Invalid.into());
            }
            ids.retain(|id| *id != keep);
        }
        // A list that is too long to be had is no reason not to end what is on it.
        // Before the store has ended them: if its answer is lost, so is which they were.
        self.note(&ids);
        let ended = self.0.store.revoke_subject(subject, keep).await?;
        self.0.owed.settle(&ids);
        // Once more, for what was renewed or begun meanwhile.
        ids.extend(&ended);
        self.revoke_tokens_of(&ids).await?;
        Ok(ended.len())
    }

    /// Whether the session has ended: in the store, or here.
    pub(super) async fn refuse_ended(&self, session: &StoredSession) -> Result<(), SessionError> {
        let StoredSession { id, ended, idle_until, expires_at, .. } = *session;
        if ended {
            // Its access tokens are older than that.
            let is_over = self.0.issuer.now() >= idle_until.min(expires_at);
            // Whoever has ended it before its time may not have come to say so.
            if !is_over && !self.0.issuer.revocations().has_session(&id.to_string()) {
                self.write_down(&[id]).await;
            }
            return Err(Kind::Ended.into());
        }
        self.refuse_ended_here(id).await
    }

    /// Whether it has ended here, whatever the store says.
    pub(super) async fn refuse_ended_here(&self, id: SessionId) -> Result<(), SessionError> {
        let is_owed = self.0.owed.ids().contains(&id);
        if !is_owed && !self.0.issuer.revocations().has_session(&id.to_string()) {
            return Ok(());
        }
        // What was ended here stays so when nobody here remembers it.
        if self.0.store.revoke(id).await.is_ok() {
            self.0.owed.settle(&[id]);
        }
        Err(Kind::Ended.into())
    }

    /// Here, before anything is waited for.
    fn note(&self, ids: &[SessionId]) {
        self.0.owed.add(ids);
        self.0.issuer.revocations().note_sessions(ids);
    }

    async fn revoke_tokens_of(&self, ids: &[SessionId]) -> Result<(), StoreError> {
        self.0.issuer.revocations().revoke_sessions(ids).await
    }

    /// The session has ended in the store: that its access tokens are refused elsewhere, too, can wait.
    pub(super) async fn write_down(&self, ids: &[SessionId]) {
        if let Err(error) = self.revoke_tokens_of(ids).await {
            let source = error.source().map(tracing::field::display);
            tracing::warn!(target: TARGET, error = %error, source, "a revocation was not written down");
        }
    }
}
