//! What is asked of sessions.

use redb::ReadTransaction;

use super::{
    RedbStore,
    pages::{Fault, OF_SUBJECTS, Pages, SESSIONS, ids_of, session},
};
use crate::{
    error::StoreError,
    issue::store::{NewSession, Rotation, RotationLimits, SessionId, SessionStore, StoredSession},
};

impl RedbStore {
    /// Says of sessions whether they have ended by now. That one has is said once it cannot be taken back.
    async fn seen(
        &self,
        mut sessions: Vec<StoredSession>,
        now: u64,
    ) -> Result<Vec<StoredSession>, StoreError> {
        let mut is_news = false;
        for session in &mut sessions {
            let by_time = !session.ended && session.has_ended(now);
            is_news |= by_time && !session.has_ended(self.0.time.written());
            session.ended |= by_time;
        }
        if is_news {
            self.write(|pages| {
                pages.is_changed = true;
                Ok(())
            })
            .await?;
        }
        Ok(sessions)
    }
}

impl SessionStore for RedbStore {
    async fn create(&self, session: NewSession) -> Result<(), StoreError> {
        self.write(move |pages| {
            let session = StoredSession::begin(session, pages.now);
            match pages.session(session.id)? {
                Some(_) => Err(Fault::Known),
                None => pages.put(None, &session),
            }
        })
        .await
    }

    async fn find(&self, id: SessionId) -> Result<Option<StoredSession>, StoreError> {
        let now = self.0.time.now();
        let read = move |file: &ReadTransaction| session(&file.open_table(SESSIONS)?, id);
        let found = self.read(read).await?;
        Ok(self.seen(found.into_iter().collect(), now).await?.pop())
    }

    async fn rotate(
        &self,
        id: SessionId,
        presented: u64,
        limits: RotationLimits,
    ) -> Result<Rotation, StoreError> {
        self.write(move |pages| {
            let Some(was) = pages.session(id)? else { return Ok(Rotation::Ended) };
            let mut session = was.clone();
            let rotation = session.rotate(presented, limits, pages.now);
            let is_told_again = was.ended && rotation == Rotation::Ended;
            if rotation.is_written() && !is_told_again {
                pages.put(Some(&was), &session)?;
            }
            Ok(rotation)
        })
        .await
    }

    async fn revoke(&self, id: SessionId) -> Result<bool, StoreError> {
        self.write(move |pages| {
            let session = pages.session(id)?;
            Ok(!end(pages, session.as_slice())?.is_empty())
        })
        .await
    }

    async fn revoke_subject(
        &self,
        subject: &str,
        except: Option<SessionId>,
    ) -> Result<Vec<SessionId>, StoreError> {
        let subject = subject.to_owned();
        self.write(move |pages| {
            let ids = pages.ids_of(&subject)?.into_iter().filter(|id| Some(*id) != except);
            let sessions = ids.filter_map(|id| pages.session(id).transpose());
            let sessions: Vec<_> = sessions.collect::<Result<_, _>>()?;
            end(pages, &sessions)
        })
        .await
    }

    async fn list(&self, subject: &str) -> Result<Vec<StoredSession>, StoreError> {
        let now = self.0.time.now();
        let subject = subject.to_owned();
        let read = move |file: &ReadTransaction| {
            let sessions = file.open_table(SESSIONS)?;
            let ids = ids_of(&file.open_table(OF_SUBJECTS)?, &subject)?;
            ids.into_iter().filter_map(|id| session(&sessions, id).transpose()).collect()
        };
        let mut listed = self.seen(self.read(read).await?, now).await?;
        listed.retain(|session| !session.ended);
        Ok(listed)
    }

    async fn purge(&self, limit: usize) -> Result<usize, StoreError> {
        self.write(move |pages| pages.purge(limit)).await
    }
}

/// Ends them, and says which of them had not ended.
fn end(pages: &mut Pages<'_>, sessions: &[StoredSession]) -> Result<Vec<SessionId>, Fault> {
    let mut ended = Vec::new();
    for session in sessions.iter().filter(|session| !session.ended) {
        if !session.has_ended(pages.now) {
            ended.push(session.id);
        }
        pages.put(Some(session), &StoredSession { ended: true, ..session.clone() })?;
    }
    Ok(ended)
}
