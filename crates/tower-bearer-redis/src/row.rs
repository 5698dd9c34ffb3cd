//! A session as its script answers with it.

use std::str::{self, FromStr};

use redis::Value;
use tower_bearer::{NewSession, SessionId, SessionNonce, StoredSession};

use crate::fault::Fault;

const DAMAGED: Fault = Fault::Damaged("a session");

/// One that may have ended.
pub(crate) fn found(value: &Value) -> Result<Option<StoredSession>, Fault> {
    match value {
        Value::Nil => Ok(None),
        Value::Array(parts) => match &**parts {
            [row, ended] => {
                let mut session = session(row).ok_or(DAMAGED)?;
                session.ended = *ended == Value::Int(1);
                Ok(Some(session))
            }
            _ => Err(DAMAGED),
        },
        _ => Err(DAMAGED),
    }
}

/// Those that have not ended. One that cannot be read cannot be renewed either: it costs only itself.
pub(crate) fn live(value: &Value) -> Result<Vec<StoredSession>, Fault> {
    let Value::Array(rows) = value else { return Err(Fault::Damaged("a list of sessions")) };
    Ok(rows.iter().filter_map(session).collect())
}

pub(crate) fn ids(value: &Value) -> Result<Vec<SessionId>, Fault> {
    let Value::Array(ids) = value else { return Err(Fault::Damaged("a list of ids")) };
    let ids = ids.iter().map(|id| SessionId::from_str(text(id)?).ok());
    ids.collect::<Option<_>>().ok_or(Fault::Damaged("an id"))
}

fn session(row: &Value) -> Option<StoredSession> {
    let Value::Array(fields) = row else { return None };
    let [subject, nonce, device, acr, counter, created, rotated, idle, expires, id] = &**fields
    else {
        return None;
    };
    let Value::BulkString(nonce) = nonce else { return None };
    let nonce = SessionNonce::from_bytes(nonce.as_slice().try_into().ok()?);
    let mut new = NewSession::new(SessionId::from_str(text(id)?).ok()?, text(subject)?, nonce);
    text(device)?.clone_into(&mut new.device);
    new.acr = match acr {
        Value::Nil => None,
        acr => Some(text(acr)?.to_owned()),
    };
    let mut session = StoredSession::begin(new, number(created)?);
    session.counter = number(counter)?;
    session.rotated_at = number(rotated)?;
    session.idle_until = number(idle)?;
    session.expires_at = number(expires)?;
    Some(session)
}

pub(crate) fn text(value: &Value) -> Option<&str> {
    match value {
        Value::BulkString(bytes) => str::from_utf8(bytes).ok(),
        _ => None,
    }
}

pub(crate) fn number(value: &Value) -> Option<u64> {
    text(value)?.parse().ok()
}
