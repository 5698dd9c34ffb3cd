//! A session as a row has it.

use sqlx::{Decode, Postgres, Row as _, Type, postgres::PgRow};
use tower_bearer::{NewSession, SessionId, SessionNonce, StoredSession};

use crate::fault::Fault;

/// What the server's clock said as a row was read, in milliseconds since 1970.
#[derive(Clone, Copy)]
pub(crate) struct Time {
    /// Now: never before `latest`.
    pub(crate) now: u64,
    /// What is written down of it.
    pub(crate) latest: u64,
}

/// A server that follows another may not know yet what has ended: what it says is not taken, and it is not asked again.
pub(crate) fn is_primary(row: &PgRow) -> Result<(), Fault> {
    if column(row, "follows")? {
        return Err(Fault::Broken("the server is a replica, which may be behind".to_owned()));
    }
    Ok(())
}

impl Time {
    pub(crate) fn of(row: &PgRow) -> Result<Self, Fault> {
        Ok(Self { now: number(row, "now")?, latest: number(row, "latest")? })
    }
}

/// A column. The errors of sqlx are not shown, for what they say of a value.
pub(crate) fn column<'r, T>(row: &'r PgRow, name: &'static str) -> Result<T, Fault>
where
    T: Decode<'r, Postgres> + Type<Postgres>,
{
    row.try_get(name).map_err(|_| Fault::Damaged(name))
}

/// Whether there may be more rows than this page of them.
pub(crate) fn is_full(rows: &[PgRow], page: i64) -> bool {
    i64::try_from(rows.len()).is_ok_and(|count| count >= page)
}

/// A number that is not negative.
pub(crate) fn number(row: &PgRow, name: &'static str) -> Result<u64, Fault> {
    u64::try_from(column::<i64>(row, name)?).map_err(|_| Fault::Damaged(name))
}

/// Bytes of which there have to be so many.
pub(crate) fn bytes<const N: usize>(row: &PgRow, name: &'static str) -> Result<[u8; N], Fault> {
    column::<&[u8]>(row, name)?.try_into().map_err(|_| Fault::Damaged(name))
}

/// Text, which is kept as bytes.
pub(crate) fn text(row: &PgRow, name: &'static str) -> Result<String, Fault> {
    column::<&[u8]>(row, name).and_then(|bytes| utf8(bytes, name))
}

fn utf8(bytes: &[u8], name: &'static str) -> Result<String, Fault> {
    std::str::from_utf8(bytes).map(str::to_owned).map_err(|_| Fault::Damaged(name))
}

/// The session of a row, if there is one in it. It has ended only if that is written down.
pub(crate) fn session(row: &PgRow) -> Result<Option<StoredSession>, Fault> {
    if column::<Option<&[u8]>>(row, "id")?.is_none() {
        return Ok(None);
    }
    let id = SessionId::from_bytes(bytes(row, "id")?);
    let nonce = SessionNonce::from_bytes(bytes(row, "nonce")?);
    let mut new = NewSession::new(id, text(row, "subject")?, nonce);
    new.device = text(row, "device")?;
    let acr = column::<Option<&[u8]>>(row, "acr")?;
    new.acr = acr.map(|acr| utf8(acr, "acr")).transpose()?;
    let mut session = StoredSession::begin(new, number(row, "created_at")?);
    session.counter = number(row, "counter")?;
    session.rotated_at = number(row, "rotated_at")?;
    session.idle_until = number(row, "idle_until")?;
    session.expires_at = number(row, "expires_at")?;
    session.ended = column(row, "ended")?;
    Ok(Some(session))
}
