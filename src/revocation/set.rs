use std::mem;

use foldhash::HashMap;

use super::entry::{Revoked, RevokedEntry};

/// What tells tokens apart here.
#[derive(Clone, Copy, Default)]
pub(super) struct Identity<'a> {
    pub(super) jwt_id: Option<&'a str>,
    pub(super) session_id: Option<&'a str>,
    pub(super) subject: Option<&'a str>,
    pub(super) client_id: Option<&'a str>,
}

/// All entries of one issuer: those of late, and those before them, which all leave at once. Nothing is looked for to be dropped,
/// and no entry needs a place in a queue.
#[derive(Default)]
pub(super) struct Set {
    young: Generation,
    old: Generation,
}

#[derive(Default)]
pub(super) struct Generation {
    tokens: Names,
    sessions: Names,
    subjects: HashMap<Box<str>, Mark>,
    clients: HashMap<Box<str>, Mark>,
    everyone: Option<Mark>,
    latest_mark: u64,
    /// The same without those of subjects.
    latest_shared: u64,
    /// When the first of them may be forgotten, and when the last.
    first: u64,
    last: u64,
}

/// Each with when it may be forgotten.
type Names = HashMap<Box<str>, u64>;

#[derive(Clone, Copy)]
struct Mark {
    before: u64,
    until: u64,
}

impl Set {
    /// Begins a new generation, if all of the old one may be forgotten and some of the young one. What is forgotten is handed out.
    pub(super) fn turn(&mut self, now: u64) -> Option<Generation> {
        if self.old.last > now || self.young.len() == 0 || self.young.first > now {
            return None;
        }
        Some(mem::replace(&mut self.old, mem::take(&mut self.young)))
    }

    pub(super) fn insert(&mut self, entry: RevokedEntry) {
        self.young.insert(entry);
    }

    /// Whether it was revoked by its name or that of its session.
    pub(super) fn has(&self, identity: &Identity<'_>) -> bool {
        let within = |names: fn(&Generation) -> &Names, name: Option<&str>| {
            name.is_some_and(|name| {
                names(&self.young).contains_key(name) || names(&self.old).contains_key(name)
            })
        };
        within(|set| &set.sessions, identity.session_id)
            || within(|set| &set.tokens, identity.jwt_id)
    }

    /// The latest of the marks that concern it.
    pub(super) fn watermark(&self, identity: &Identity<'_>) -> Option<u64> {
        let of = |set: &Generation| {
            let subject = identity.subject.and_then(|name| set.subjects.get(name));
            let client = identity.client_id.and_then(|name| set.clients.get(name));
            let marks = [subject, client, set.everyone.as_ref()].into_iter().flatten();
            marks.map(|mark| mark.before).max()
        };
        of(&self.young).max(of(&self.old))
    }

    /// The latest of the marks that may concern a subject's tokens; 0 if there is none.
    pub(super) fn subject_mark(&self, subject: &str) -> u64 {
        let of = |set: &Generation| {
            let own = set.subjects.get(subject).map_or(0, |mark| mark.before);
            own.max(set.latest_shared)
        };
        of(&self.young).max(of(&self.old))
    }

    /// The latest of all marks; 0 if there is none.
    pub(super) fn latest_mark(&self) -> u64 {
        self.young.latest_mark.max(self.old.latest_mark)
    }

    pub(super) fn len(&self) -> usize {
        self.young.len().saturating_add(self.old.len())
    }

    /// All entries that may not yet be forgotten.
    pub(super) fn entries<'a>(
        &'a self,
        issuer: &'a str,
        now: u64,
    ) -> impl Iterator<Item = RevokedEntry> + 'a {
        let entries = [&self.young, &self.old].into_iter().flat_map(|set| set.entries(issuer));
        entries.filter(move |entry| entry.until > now)
    }

    /// Whether it would change nothing to add this entry.
    pub(super) fn covers(&self, entry: &RevokedEntry) -> bool {
        self.young.covers(entry) || self.old.covers(entry)
    }
}

impl Generation {
    fn insert(&mut self, entry: RevokedEntry) {
        let RevokedEntry { issuer: _, what, until } = entry;
        self.first = if self.last == 0 { until } else { self.first.min(until) };
        self.last = self.last.max(until);
        let before = what.before().unwrap_or_default();
        self.latest_mark = self.latest_mark.max(before);
        if !matches!(what, Revoked::Subject { .. }) {
            self.latest_shared = self.latest_shared.max(before);
        }
        match what {
            Revoked::Token { jti } => name(&mut self.tokens, jti, until),
            Revoked::Session { sid } => name(&mut self.sessions, sid, until),
            Revoked::Subject { sub, before } => {
                let mark = self.subjects.entry(sub.into()).or_insert(Mark { before, until });
                *mark = mark.later(Mark { before, until });
            }
            Revoked::Client { client_id, before } => {
                let mark = self.clients.entry(client_id.into()).or_insert(Mark { before, until });
                *mark = mark.later(Mark { before, until });
            }
            Revoked::Everyone { before } => {
                let mark = Mark { before, until };
                self.everyone = Some(self.everyone.map_or(mark, |known| known.later(mark)));
            }
        }
    }

    fn covers(&self, entry: &RevokedEntry) -> bool {
        let RevokedEntry { issuer: _, what, until } = entry;
        let named = |names: &Names, name: &str| names.get(name).is_some_and(|known| known >= until);
        let marked = |mark: Option<&Mark>, before: u64| {
            mark.is_some_and(|mark| mark.before >= before && mark.until >= *until)
        };
        match what {
            Revoked::Token { jti } => named(&self.tokens, jti),
            Revoked::Session { sid } => named(&self.sessions, sid),
            Revoked::Subject { sub, before } => marked(self.subjects.get(&**sub), *before),
            Revoked::Client { client_id, before } => {
                marked(self.clients.get(&**client_id), *before)
            }
            Revoked::Everyone { before } => marked(self.everyone.as_ref(), *before),
        }
    }

    fn len(&self) -> usize {
        let Self { tokens, sessions, subjects, clients, everyone, .. } = self;
        [
            tokens.len(),
            sessions.len(),
            subjects.len(),
            clients.len(),
            usize::from(everyone.is_some()),
        ]
        .into_iter()
        .fold(0, usize::saturating_add)
    }

    fn entries<'a>(&'a self, issuer: &'a str) -> impl Iterator<Item = RevokedEntry> + 'a {
        let Self { tokens, sessions, subjects, clients, everyone, .. } = self;
        let text = |name: &str| name.to_owned();
        let tokens =
            tokens.iter().map(move |(jti, until)| (Revoked::Token { jti: text(jti) }, *until));
        let sessions =
            sessions.iter().map(move |(sid, until)| (Revoked::Session { sid: text(sid) }, *until));
        let subjects = subjects.iter().map(move |(sub, Mark { before, until })| {
            (Revoked::Subject { sub: text(sub), before: *before }, *until)
        });
        let clients = clients.iter().map(move |(client, Mark { before, until })| {
            (Revoked::Client { client_id: text(client), before: *before }, *until)
        });
        let everyone = everyone
            .iter()
            .map(|Mark { before, until }| (Revoked::Everyone { before: *before }, *until));
        let all = tokens.chain(sessions).chain(subjects).chain(clients).chain(everyone);
        all.map(move |(what, until)| RevokedEntry::new(issuer, what, until))
    }
}

impl Mark {
    /// What both say together.
    fn later(self, other: Self) -> Self {
        Self { before: self.before.max(other.before), until: self.until.max(other.until) }
    }
}

fn name(names: &mut Names, name: String, until: u64) {
    let known = names.entry(name.into()).or_insert(until);
    *known = until.max(*known);
}
