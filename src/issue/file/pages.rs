//! What stands in the file, as tables.

use std::fmt;

use redb::{
    Database, ReadableTable, StorageError, Table, TableDefinition, TableError, WriteTransaction,
};

use super::record;
use crate::{
    error::StoreError,
    issue::store::{SessionId, StoredSession},
};

/// What the file says of itself: `SCHEMA`, and the latest time that was seen (`LATEST`).
const ABOUT: TableDefinition<&str, u64> = TableDefinition::new("about");
const SCHEMA: &str = "tower-bearer schema";
const LATEST: &str = "latest";
/// The schema this code reads and writes.
const VERSION: u64 = 1;

pub(super) const SESSIONS: TableDefinition<&[u8; 16], &[u8]> = TableDefinition::new("sessions");
pub(super) const OF_SUBJECTS: TableDefinition<(&str, &[u8; 16]), ()> =
    TableDefinition::new("of_subjects");
/// Sessions by when they end, in milliseconds; what was revoked, by 0.
const ENDS: TableDefinition<(u64, &[u8; 16]), ()> = TableDefinition::new("ends");
/// Issuer, kind and name, with `before` and `until`.
pub(super) const REVOKED: TableDefinition<(&str, u8, &str), (u64, u64)> =
    TableDefinition::new("revoked");
/// Those by when they may be forgotten, in seconds.
const REVOKED_ENDS: TableDefinition<(u64, &str, u8, &str), ()> =
    TableDefinition::new("revoked_ends");

/// Why the file cannot be used.
#[derive(Debug)]
pub(super) enum Fault {
    /// What stands there is no session. Nothing was written.
    Damaged,
    /// The file belongs to something else.
    Foreign(&'static str),
    /// There is a session of this id. Nothing was written.
    Known,
    /// The file cannot be read or written: nobody knows what of a transaction is done.
    Redb(redb::Error),
    /// A text is longer than 4 GiB. Nothing was written.
    TooLong,
}

impl Fault {
    /// Whether a transaction with it has to be given up.
    pub(super) fn is_final(&self) -> bool {
        matches!(self, Self::Redb(_))
    }
}

impl From<StorageError> for Fault {
    fn from(error: StorageError) -> Self {
        Self::Redb(error.into())
    }
}

impl From<TableError> for Fault {
    fn from(error: TableError) -> Self {
        Self::Redb(error.into())
    }
}

impl From<Fault> for StoreError {
    fn from(fault: Fault) -> Self {
        match fault {
            Fault::Redb(error) => Self::unavailable(error),
            fault => Self::unavailable(fault.to_string()),
        }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Damaged => f.write_str("what stands in the file is no session"),
            Self::Foreign(what) => f.write_str(what),
            Self::Known => f.write_str("there is a session of this id"),
            Self::Redb(error) => error.fmt(f),
            Self::TooLong => f.write_str("a text is too long"),
        }
    }
}

/// All tables, in a transaction that writes.
pub(super) struct Pages<'t> {
    about: Table<'t, &'static str, u64>,
    pub(super) sessions: Table<'t, &'static [u8; 16], &'static [u8]>,
    pub(super) of_subjects: Table<'t, (&'static str, &'static [u8; 16]), ()>,
    ends: Table<'t, (u64, &'static [u8; 16]), ()>,
    pub(super) revoked: Table<'t, (&'static str, u8, &'static str), (u64, u64)>,
    pub(super) revoked_ends: Table<'t, (u64, &'static str, u8, &'static str), ()>,
    /// In milliseconds since 1970.
    pub(super) now: u64,
    pub(super) is_changed: bool,
}

impl<'t> Pages<'t> {
    pub(super) fn open(transaction: &'t WriteTransaction) -> Result<Self, Fault> {
        Ok(Self {
            about: transaction.open_table(ABOUT)?,
            sessions: transaction.open_table(SESSIONS)?,
            of_subjects: transaction.open_table(OF_SUBJECTS)?,
            ends: transaction.open_table(ENDS)?,
            revoked: transaction.open_table(REVOKED)?,
            revoked_ends: transaction.open_table(REVOKED_ENDS)?,
            now: 0,
            is_changed: false,
        })
    }

    /// Makes what is new ready, and refuses what is another's. The answer is the latest time that was seen.
    pub(super) fn prepare(database: &Database) -> Result<u64, Fault> {
        let transaction = database.begin_write().map_err(|error| Fault::Redb(error.into()))?;
        if transaction.list_tables()?.next().is_some() {
            let about = transaction.open_table(ABOUT);
            let about = about.map_err(|_| Fault::Foreign("it is another program's"))?;
            let schema = about.get(SCHEMA)?.map(|schema| schema.value());
            match schema {
                Some(VERSION) => {}
                Some(_) => return Err(Fault::Foreign("it is of another version of this crate")),
                None => return Err(Fault::Foreign("it is another program's")),
            }
        }
        let mut pages = Pages::open(&transaction)?;
        pages.about.insert(SCHEMA, VERSION)?;
        let latest = pages.about.get(LATEST)?.map_or(0, |latest| latest.value());
        drop(pages);
        transaction.commit().map_err(|error| Fault::Redb(error.into()))?;
        Ok(latest)
    }

    /// Writes down what time it is.
    pub(super) fn date(&mut self) -> Result<(), Fault> {
        self.about.insert(LATEST, self.now)?;
        Ok(())
    }

    pub(super) fn session(&self, id: SessionId) -> Result<Option<StoredSession>, Fault> {
        session(&self.sessions, id)
    }

    pub(super) fn ids_of(&self, subject: &str) -> Result<Vec<SessionId>, Fault> {
        ids_of(&self.of_subjects, subject)
    }

    /// Writes a session in the place of what it was, if it was there.
    pub(super) fn put(
        &mut self,
        was: Option<&StoredSession>,
        session: &StoredSession,
    ) -> Result<(), Fault> {
        let id = session.id.to_bytes();
        let bytes = record::write(session)?;
        self.is_changed = true;
        self.sessions.insert(&id, &**bytes)?;
        if was.is_none() {
            self.of_subjects.insert((&*session.subject, &id), ())?;
        }
        let (was, end) = (was.map(end_of), end_of(session));
        if was != Some(end) {
            if let Some(was) = was {
                self.ends.remove((was, &id))?;
            }
            self.ends.insert((end, &id), ())?;
        }
        Ok(())
    }

    /// Drops sessions that have ended, so many at most.
    pub(super) fn purge(&mut self, limit: usize) -> Result<usize, Fault> {
        let mut ended = Vec::new();
        for entry in self.ends.range(..=(self.now, &[u8::MAX; 16]))?.take(limit) {
            let (key, _) = entry?;
            let (end, id) = key.value();
            ended.push((end, *id));
        }
        for (end, id) in &ended {
            let session = match self.session(SessionId::from_bytes(*id)) {
                Err(fault) if fault.is_final() => return Err(fault),
                // One that is damaged leaves as well.
                session => session.ok().flatten(),
            };
            self.is_changed = true;
            self.ends.remove((*end, id))?;
            self.sessions.remove(id)?;
            if let Some(session) = session {
                self.of_subjects.remove((&*session.subject, id))?;
            }
        }
        Ok(ended.len())
    }
}

/// When it ends, or 0 if it has been ended.
fn end_of(session: &StoredSession) -> u64 {
    if session.ended { 0 } else { session.idle_until.min(session.expires_at) }
}

pub(super) fn session(
    sessions: &impl ReadableTable<&'static [u8; 16], &'static [u8]>,
    id: SessionId,
) -> Result<Option<StoredSession>, Fault> {
    let found = sessions.get(&id.to_bytes())?;
    found.map(|bytes| record::read(id, bytes.value())).transpose()
}

pub(super) fn ids_of(
    of_subjects: &impl ReadableTable<(&'static str, &'static [u8; 16]), ()>,
    subject: &str,
) -> Result<Vec<SessionId>, Fault> {
    let ids = of_subjects.range((subject, &[0; 16])..=(subject, &[u8::MAX; 16]))?;
    ids.map(|entry| Ok(SessionId::from_bytes(*entry?.0.value().1))).collect()
}
