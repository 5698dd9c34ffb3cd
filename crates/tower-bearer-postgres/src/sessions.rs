//! What is asked of sessions.

use std::time::Duration;

use sqlx::postgres::PgRow;
use tower_bearer::{
    NewSession, Rotation, RotationLimits, SessionId, SessionStore, StoreError, StoredSession,
};

use crate::{
    fault::Fault,
    lease::Lease,
    row::{Time, bytes, is_full, is_primary, number, session},
    store::{Inner, PostgresStore},
    time::{millis, over_at, signed},
};

/// So many sessions are listed by one statement.
const PAGE: i64 = 5_000;

/// So many are ended by one statement.
const ENDED_AT_ONCE: i64 = 2_000;

/// So many are dropped by one statement.
const DROPPED_AT_ONCE: usize = 1_000;

/// So long that may take, for which nobody waits: where sessions live for less than six hours, it reads all of them.
const DROPPING: Duration = Duration::from_secs(10);

/// A session as it was read.
struct Seen {
    session: Option<StoredSession>,
    time: Time,
}

impl Inner {
    async fn see(&self, lease: &mut Lease, id: SessionId) -> Result<Seen, Fault> {
        let query = self.statements.find.at(self.clock()).bind(id.to_bytes());
        let row = query.fetch_one(lease.connection()?).await?;
        is_primary(&row)?;
        Ok(Seen { session: session(&row)?, time: Time::of(&row)? })
    }

    async fn keep(&self, lease: &mut Lease, new: &NewSession) -> Result<(), Fault> {
        let query = self.statements.create.at(self.clock()).bind(new.id.to_bytes());
        let query = query.bind(new.subject.as_bytes()).bind(new.nonce.as_bytes());
        let query = query.bind(new.device.as_bytes());
        let query = query.bind(new.acr.as_deref().map(str::as_bytes));
        let query = query.bind(millis(new.idle)).bind(millis(new.absolute));
        let Some(row) = query.fetch_optional(lease.connection()?).await? else {
            return Err(Fault::Said("there is a session of this id".to_owned()));
        };
        self.tick(lease, Time::of(&row)?).await
    }

    async fn rotate(
        &self,
        lease: &mut Lease,
        id: SessionId,
        presented: u64,
        limits: RotationLimits,
    ) -> Result<Rotation, Fault> {
        match self.renew(lease, id, presented, limits).await? {
            Some(rotation) => Ok(rotation),
            None => self.decide(lease, id, presented, limits).await,
        }
    }

    /// The next token, in one step; `None` if it is another one, or the session has ended.
    async fn renew(
        &self,
        lease: &mut Lease,
        id: SessionId,
        presented: u64,
        limits: RotationLimits,
    ) -> Result<Option<Rotation>, Fault> {
        let Ok(expected) = i64::try_from(presented) else { return Ok(None) };
        if expected == i64::MAX {
            return Ok(None);
        }
        let query = self.statements.renew.at(self.clock()).bind(id.to_bytes()).bind(expected);
        let renewed = query.bind(millis(limits.idle)).fetch_optional(lease.connection()?).await?;
        let Some(row) = renewed else { return Ok(None) };
        self.tick(lease, Time::of(&row)?).await?;
        Ok(Some(Rotation::Rotated { counter: number(&row, "counter")? }))
    }

    /// Any token of a session that is read first.
    async fn decide(
        &self,
        lease: &mut Lease,
        id: SessionId,
        presented: u64,
        limits: RotationLimits,
    ) -> Result<Rotation, Fault> {
        let Seen { session, time } = self.see(lease, id).await?;
        self.tick(lease, time).await?;
        let Some(mut session) = session else { return Ok(Rotation::Ended) };
        let was = session.clone();
        let rotation = session.rotate(presented, limits, time.now);
        if was.ended || !rotation.is_written() {
            return Ok(rotation);
        }
        self.write(lease, &was, &session).await?;
        if rotation == Rotation::Ended {
            self.tell_end(lease, time, over_at(&was)).await?;
        }
        Ok(rotation)
    }

    /// Writes down what was decided about a session. If that has changed meanwhile, it is to be decided anew.
    async fn write(
        &self,
        lease: &mut Lease,
        was: &StoredSession,
        is: &StoredSession,
    ) -> Result<(), Fault> {
        let query = self.statements.write.at(self.clock()).bind(was.id.to_bytes());
        let query = query.bind(signed(was.counter)?).bind(signed(is.counter)?);
        let query = query.bind(signed(is.rotated_at)?).bind(signed(is.idle_until)?);
        let done = query.bind(is.ended).execute(lease.connection()?).await?;
        if done.rows_affected() == 0 { Err(Fault::Conflict) } else { Ok(()) }
    }

    /// The session, which has ended also if its time is over. What is said of that stays so.
    async fn look(&self, lease: &mut Lease, id: SessionId) -> Result<Option<StoredSession>, Fault> {
        let Seen { session, time } = self.see(lease, id).await?;
        let Some(mut session) = session else { return Ok(None) };
        if !session.ended && session.has_ended(time.now) {
            let was = session.clone();
            session.ended = true;
            self.write(lease, &was, &session).await?;
            self.tell_end(lease, time, over_at(&was)).await?;
        }
        Ok(Some(session))
    }

    /// Those that were alive until they were ended. That others were not is written down, once for all of them.
    async fn alive<'r>(
        &self,
        lease: &mut Lease,
        rows: &'r [PgRow],
    ) -> Result<Vec<&'r PgRow>, Fault> {
        let (mut alive, mut over) = (Vec::new(), None::<(Time, u64)>);
        for row in rows {
            let (time, over_at) = (Time::of(row)?, number(row, "over_at")?);
            if time.now < over_at {
                alive.push(row);
            } else if over.is_none_or(|(_, latest)| latest < over_at) {
                over = Some((time, over_at));
            }
        }
        if let Some((time, over_at)) = over {
            self.tell_end(lease, time, over_at).await?;
        }
        Ok(alive)
    }

    async fn end(&self, lease: &mut Lease, id: SessionId) -> Result<bool, Fault> {
        let query = self.statements.revoke.at(self.clock()).bind(id.to_bytes());
        let rows = query.fetch_all(lease.connection()?).await?;
        Ok(!self.alive(lease, &rows).await?.is_empty())
    }

    /// Ends some of a subject's sessions: those that were alive, and whether there are more.
    async fn end_some(
        &self,
        lease: &mut Lease,
        subject: &str,
        except: Option<SessionId>,
    ) -> Result<(Vec<SessionId>, bool), Fault> {
        let query = self.statements.revoke_subject.at(self.clock()).bind(subject.as_bytes());
        let query = query.bind(except.map(SessionId::to_bytes)).bind(ENDED_AT_ONCE);
        let rows = query.fetch_all(lease.connection()?).await?;
        let alive = self.alive(lease, &rows).await?.into_iter();
        let ended = alive.map(|row| Ok(SessionId::from_bytes(bytes(row, "id")?)));
        Ok((ended.collect::<Result<_, Fault>>()?, is_full(&rows, ENDED_AT_ONCE)))
    }

    /// Some of a subject's sessions, after this id: those that are alive, and the last id if there may be more.
    async fn list_some(
        &self,
        lease: &mut Lease,
        subject: &str,
        after: &[u8],
    ) -> Result<(Vec<StoredSession>, Option<SessionId>), Fault> {
        let query = self.statements.list.at(self.clock()).bind(subject.as_bytes());
        let rows = query.bind(after).bind(PAGE).fetch_all(lease.connection()?).await?;
        let Some(first) = rows.first() else { return Err(Fault::Damaged("the clock is missing")) };
        is_primary(first)?;
        let time = Time::of(first)?;
        let mut listed: Vec<_> =
            rows.iter().filter_map(|row| session(row).transpose()).collect::<Result<_, _>>()?;
        let last = listed.last().map(|session| session.id);
        let over = listed.iter().filter(|session| session.has_ended(time.now)).map(over_at).max();
        if let Some(over) = over {
            self.tell_end(lease, time, over).await?;
        }
        listed.retain(|session| !session.has_ended(time.now));
        Ok((listed, last.filter(|_| is_full(&rows, PAGE))))
    }

    async fn drop_some(&self, lease: &mut Lease, limit: usize) -> Result<usize, Fault> {
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        let query = self.statements.purge.at(self.clock()).bind(limit);
        let dropped = query.execute(lease.connection()?).await?.rows_affected();
        if dropped > 0 {
            // Those that have ended with them and were not dropped must not come back.
            self.raise(lease, 0).await?;
        }
        Ok(usize::try_from(dropped).unwrap_or(usize::MAX))
    }
}

impl SessionStore for PostgresStore {
    async fn create(&self, session: NewSession) -> Result<(), StoreError> {
        let (inner, new) = (&*self.0, &session);
        self.ask(|mut lease| async move {
            let done = inner.keep(&mut lease, new).await;
            (lease, done)
        })
        .await
    }

    async fn find(&self, id: SessionId) -> Result<Option<StoredSession>, StoreError> {
        let inner = &*self.0;
        self.ask(|mut lease| async move {
            let done = inner.look(&mut lease, id).await;
            (lease, done)
        })
        .await
    }

    async fn rotate(
        &self,
        id: SessionId,
        presented: u64,
        limits: RotationLimits,
    ) -> Result<Rotation, StoreError> {
        let inner = &*self.0;
        self.ask(|mut lease| async move {
            let done = inner.rotate(&mut lease, id, presented, limits).await;
            (lease, done)
        })
        .await
    }

    async fn revoke(&self, id: SessionId) -> Result<bool, StoreError> {
        let inner = &*self.0;
        self.ask(|mut lease| async move {
            let done = inner.end(&mut lease, id).await;
            (lease, done)
        })
        .await
    }

    async fn revoke_subject(
        &self,
        subject: &str,
        except: Option<SessionId>,
    ) -> Result<Vec<SessionId>, StoreError> {
        let inner = &*self.0;
        let mut all = Vec::new();
        loop {
            let end = self.ask(|mut lease| async move {
                let done = inner.end_some(&mut lease, subject, except).await;
                (lease, done)
            });
            let (ended, is_more) = end.await?;
            all.extend(ended);
            if !is_more {
                return Ok(all);
            }
        }
    }

    async fn list(&self, subject: &str) -> Result<Vec<StoredSession>, StoreError> {
        let inner = &*self.0;
        let (mut all, mut after) = (Vec::new(), Vec::new());
        loop {
            let from = &after[..];
            let page = self.ask(|mut lease| async move {
                let done = inner.list_some(&mut lease, subject, from).await;
                (lease, done)
            });
            let (listed, last) = page.await?;
            all.extend(listed);
            match last {
                Some(last) => after = last.to_bytes().to_vec(),
                None => return Ok(all),
            }
        }
    }

    async fn purge(&self, limit: usize) -> Result<usize, StoreError> {
        let inner = &*self.0;
        let mut dropped = 0_usize;
        while dropped < limit {
            let some = limit.saturating_sub(dropped).min(DROPPED_AT_ONCE);
            let drop = self.ask_within(inner.timeout.max(DROPPING), |mut lease| async move {
                let done = inner.drop_some(&mut lease, some).await;
                (lease, done)
            });
            let done = drop.await?;
            dropped = dropped.saturating_add(done);
            if done < some {
                break;
            }
        }
        Ok(dropped)
    }
}
