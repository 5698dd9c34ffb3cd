use std::time::Duration;

use redis::{Script, ScriptInvocation, Value};
use tower_bearer::{
    NewSession, Rotation, RotationLimits, SessionId, SessionStore, StoreError, StoredSession,
};

use crate::{fault::Fault, row, store::RedisStore};

/// What has ended is kept for so long, so that it can be said that it has.
pub(crate) const KEEP: Duration = Duration::from_secs(24 * 60 * 60);

/// Numbers in scripts are doubles, which count so far.
const MOST: u64 = 1 << 53;

/// Whatever is said to last longer, in milliseconds: some thousand years.
const LONGEST: u64 = 1 << 45;

/// A script goes through so many sessions at most.
const PAGE: usize = 500;

impl SessionStore for RedisStore {
    async fn create(&self, session: NewSession) -> Result<(), StoreError> {
        let NewSession { id, subject, nonce, device, acr, idle, absolute, .. } = session;
        let mut asking = self.about_sessions(&self.scripts().create);
        asking.key(self.keys().session(id)).key(self.keys().subject(&subject));
        asking.arg(id.to_string()).arg(millis(idle)).arg(millis(absolute));
        asking.arg(subject).arg(nonce.as_bytes().as_slice()).arg(device);
        asking.arg(acr);
        match self.decide(&asking).await? {
            Value::Int(1) => Ok(()),
            Value::Int(0) => Err(StoreError::unavailable("there is a session of this id")),
            _ => Err(STRANGE.into()),
        }
    }

    async fn find(&self, id: SessionId) -> Result<Option<StoredSession>, StoreError> {
        let mut asking = self.about_sessions(&self.scripts().find);
        asking.arg(id.to_string());
        Ok(row::found(&self.decide(&asking).await?)?)
    }

    async fn rotate(
        &self,
        id: SessionId,
        presented: u64,
        limits: RotationLimits,
    ) -> Result<Rotation, StoreError> {
        if presented.saturating_add(1) >= MOST {
            return Err(Fault::Refused("a counter is beyond what Redis can count").into());
        }
        let mut asking = self.about_sessions(&self.scripts().rotate);
        asking.arg(id.to_string()).arg(presented);
        asking.arg(millis(limits.idle)).arg(millis(limits.grace));
        Ok(rotation(&self.decide(&asking).await?).ok_or(STRANGE)?)
    }

    async fn revoke(&self, id: SessionId) -> Result<bool, StoreError> {
        let mut asking = self.about_sessions(&self.scripts().revoke);
        asking.arg(id.to_string());
        match self.decide(&asking).await? {
            Value::Int(ended @ (0 | 1)) => Ok(ended == 1),
            _ => Err(STRANGE.into()),
        }
    }

    async fn revoke_subject(
        &self,
        subject: &str,
        except: Option<SessionId>,
    ) -> Result<Vec<SessionId>, StoreError> {
        let mut asking = self.about_sessions(&self.scripts().revoke_subject);
        asking.key(self.keys().subject(subject));
        asking.arg(except.map(|id| id.to_string()));
        Ok(row::ids(&self.decide(&asking).await?)?)
    }

    async fn list(&self, subject: &str) -> Result<Vec<StoredSession>, StoreError> {
        let mut asking = self.about_sessions(&self.scripts().list);
        asking.key(self.keys().subject(subject));
        Ok(row::live(&self.decide(&asking).await?)?)
    }

    async fn purge(&self, limit: usize) -> Result<usize, StoreError> {
        let mut all = 0_usize;
        loop {
            let page = limit.saturating_sub(all).min(PAGE);
            let mut asking = self.about_sessions(&self.scripts().purge);
            asking.arg(page);
            let (seen, dropped) = counts(&self.decide(&asking).await?).ok_or(STRANGE)?;
            all = all.saturating_add(dropped.min(page));
            if seen < page || all >= limit {
                return Ok(all);
            }
        }
    }
}

const STRANGE: Fault = Fault::Damaged("the answer of a script");

impl RedisStore {
    /// What every script about sessions is told.
    fn about_sessions<'s>(&self, script: &'s Script) -> ScriptInvocation<'s> {
        let mut asking = script.prepare_invoke();
        asking.key(&self.keys().clock).key(&self.keys().ends);
        asking.arg(self.time()).arg(self.keys().tag()).arg(millis(KEEP));
        asking
    }

    async fn decide(&self, asking: &ScriptInvocation<'_>) -> Result<Value, Fault> {
        let decided = self.line().ask(|mut connection| async move {
            asking.invoke_async(&mut connection.redis).await.map_err(Fault::from)
        });
        let decided = decided.await;
        if decided.is_ok() {
            self.look_over();
        }
        decided
    }
}

fn rotation(value: &Value) -> Option<Rotation> {
    let Value::Array(parts) = value else { return None };
    let [word, counter] = &**parts else { return None };
    let counter = row::number(counter)?;
    Some(match row::text(word)? {
        "ended" => Rotation::Ended,
        "forwarded" => Rotation::Forwarded { counter },
        "replayed" => Rotation::Replayed { counter },
        "reused" => Rotation::Reused,
        "rotated" => Rotation::Rotated { counter },
        _ => return None,
    })
}

fn counts(value: &Value) -> Option<(usize, usize)> {
    let Value::Array(counts) = value else { return None };
    let [Value::Int(seen), Value::Int(dropped)] = &**counts else { return None };
    Some((usize::try_from(*seen).ok()?, usize::try_from(*dropped).ok()?))
}

/// In milliseconds, as scripts can count them.
pub(crate) fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX).min(LONGEST)
}
