use serde::{Deserialize, Serialize};

/// One thing that was revoked, as a [log](super::RevocationLog) keeps it.
///
/// It names a subject, a session or a token of a user's, and no secret. Two that are equal are one; of two marks of the same
/// kind and name the later one counts.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
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
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
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

impl RevokedEntry {
    /// An entry of this issuer that may be forgotten from `until` on, in seconds since 1970: for logs that keep it in parts.
    pub fn new(issuer: impl Into<String>, what: Revoked, until: u64) -> Self {
        Self { issuer: issuer.into(), what, until }
    }
}
