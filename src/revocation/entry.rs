use std::fmt;

use serde::{Deserialize, Serialize};

/// One thing that was revoked, as a [log](super::RevocationLog) keeps it.
///
/// It names a subject, a session or a token of a user's, and no secret. Two that are equal are one; of two marks of the same
/// kind and name the later one counts.
#[derive(Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[non_exhaustive]
pub struct RevokedEntry {
    /// Whose tokens it concerns (`iss`).
    pub issuer: String,
    /// What was revoked.
    pub what: Revoked,
    /// From when on it may be forgotten, in seconds since 1970.
    pub until: u64,
}

/// What was revoked.
#[derive(Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
#[non_exhaustive]
pub enum Revoked {
    /// All tokens of a client that were issued before this time, in seconds since 1970.
    Client {
        /// Its `client_id`.
        client_id: String,
        /// Those with an `iat` below it, or without one.
        before: u64,
    },
    /// All tokens that were issued before this time.
    Everyone {
        /// Those with an `iat` below it, or without one.
        before: u64,
    },
    /// All tokens of a session.
    Session {
        /// Their `sid`.
        sid: String,
    },
    /// All tokens of a subject that were issued before this time.
    Subject {
        /// Their `sub`.
        sub: String,
        /// Those with an `iat` below it, or without one.
        before: u64,
    },
    /// One token.
    Token {
        /// Its `jti`.
        jti: String,
    },
}

const CLIENT: u8 = 1;
const EVERYONE: u8 = 2;
const SESSION: u8 = 3;
const SUBJECT: u8 = 4;
const TOKEN: u8 = 5;

impl Revoked {
    /// For logs that keep it in columns: a number for its kind that stays the same over versions, its name and its mark, of which some have none (`""`, 0).
    pub fn to_parts(&self) -> (u8, &str, u64) {
        match self {
            Self::Client { client_id, before } => (CLIENT, client_id, *before),
            Self::Everyone { before } => (EVERYONE, "", *before),
            Self::Session { sid } => (SESSION, sid, 0),
            Self::Subject { sub, before } => (SUBJECT, sub, *before),
            Self::Token { jti } => (TOKEN, jti, 0),
        }
    }

    /// What [`to_parts`](Self::to_parts) was made of; `None` for a kind that is not known.
    pub fn from_parts(kind: u8, name: String, before: u64) -> Option<Self> {
        Some(match kind {
            CLIENT => Self::Client { client_id: name, before },
            EVERYONE => Self::Everyone { before },
            SESSION => Self::Session { sid: name },
            SUBJECT => Self::Subject { sub: name, before },
            TOKEN => Self::Token { jti: name },
            _ => return None,
        })
    }

    pub(super) fn session(&self) -> Option<&str> {
        if let Self::Session { sid } = self { Some(sid) } else { None }
    }

    /// Of a mark, its time.
    pub(super) fn before(&self) -> Option<u64> {
        match self {
            Self::Client { before, .. }
            | Self::Everyone { before }
            | Self::Subject { before, .. } => Some(*before),
            Self::Session { .. } | Self::Token { .. } => None,
        }
    }

    fn before_mut(&mut self) -> Option<&mut u64> {
        match self {
            Self::Client { before, .. }
            | Self::Everyone { before }
            | Self::Subject { before, .. } => Some(before),
            Self::Session { .. } | Self::Token { .. } => None,
        }
    }
}

/// What an entry of a node can say whose clock is right.
#[derive(Clone, Copy)]
pub(super) struct Bounds {
    pub(super) before: u64,
    pub(super) until: u64,
}

impl RevokedEntry {
    /// The same, unless whoever wrote it had a clock that is far ahead: what it says must neither lock anybody out nor stay for ever.
    pub(super) fn within(mut self, bounds: Bounds) -> Self {
        self.until = self.until.min(bounds.until);
        if let Some(before) = self.what.before_mut() {
            *before = bounds.before.min(*before);
        }
        self
    }

    /// An entry of this issuer that may be forgotten from `until` on, in seconds since 1970: for logs that keep it in parts.
    pub fn new(issuer: impl Into<String>, what: Revoked, until: u64) -> Self {
        Self { issuer: issuer.into(), what, until }
    }
}

/// Names nobody: whose tokens they are, is a claim.
impl fmt::Debug for RevokedEntry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { issuer, what, until } = self;
        f.debug_struct("RevokedEntry")
            .field("issuer", issuer)
            .field("what", what)
            .field("until", until)
            .finish()
    }
}

impl fmt::Debug for Revoked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Client { .. } => "Client",
            Self::Everyone { .. } => "Everyone",
            Self::Session { .. } => "Session",
            Self::Subject { .. } => "Subject",
            Self::Token { .. } => "Token",
        })
    }
}
