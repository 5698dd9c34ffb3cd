//! Sets that are gone through a page at a time.

use std::collections::HashMap;

use redis::{Script, Value};
use tower_bearer::{SessionId, StoredSession};

use crate::{fault::Fault, row, store::RedisStore};

/// The member of a sorted set that was looked at last, and its score, as the server has them. Empty before the first.
#[derive(Default)]
pub(crate) struct Last {
    pub(crate) member: Vec<u8>,
    pub(crate) score: Vec<u8>,
}

/// A script goes through so many sessions of a subject at most: others are answered between two of them.
const PAGE: usize = 200;

/// A subject has so many pages at most.
const PAGES: usize = 5000;

/// So often its sessions are gone through while others begin.
const PASSES: usize = 10;

impl RedisStore {
    /// A session that is renewed meanwhile may come twice: as it was, and as it is.
    pub(crate) async fn sessions_of(&self, subject: &str) -> Result<Vec<StoredSession>, Fault> {
        let mut all = HashMap::new();
        let take = |found: &Value| {
            all.extend(row::live(found)?.into_iter().map(|session| (session.id, session)));
            Ok(())
        };
        self.go_through(&self.scripts().list, subject, "", take).await?;
        Ok(all.into_values().collect())
    }

    pub(crate) async fn end_sessions_of(
        &self,
        subject: &str,
        except: Option<SessionId>,
    ) -> Result<Vec<SessionId>, Fault> {
        let except = except.map(|id| id.to_string()).unwrap_or_default();
        let mut ended = Vec::new();
        for _ in 0..PASSES {
            let before = ended.len();
            let take = |found: &Value| {
                ended.extend(row::ids(found)?);
                Ok(())
            };
            let script = &self.scripts().revoke_subject;
            let pages = self.go_through(script, subject, &except, take).await?;
            // One page is one step. Between two, a session may have come to stand before them.
            if pages == 1 || ended.len() == before {
                return Ok(ended);
            }
        }
        Err(Fault::Refused("sessions of this subject begin as fast as they are ended"))
    }

    /// Says how many pages there were.
    async fn go_through(
        &self,
        script: &Script,
        subject: &str,
        except: &str,
        mut take: impl FnMut(&Value) -> Result<(), Fault> + Send,
    ) -> Result<usize, Fault> {
        let mut last = Last::default();
        for page in 1..=PAGES {
            let mut asking = self.about_sessions(script);
            asking.key(self.keys().subject(subject));
            asking.arg(PAGE).arg(&*last.member).arg(&*last.score).arg(except);
            let answer = self.decide(&asking).await?;
            let Value::Array(parts) = &answer else { return Err(STRANGE) };
            match &**parts {
                [found] => return take(found).map(|()| page),
                [found, Value::BulkString(member), Value::BulkString(score)] => {
                    take(found)?;
                    last = Last { member: member.clone(), score: score.clone() };
                }
                _ => return Err(STRANGE),
            }
        }
        Err(Fault::Refused("one subject has more sessions than can be gone through"))
    }
}

const STRANGE: Fault = Fault::Damaged("the answer of a script");
