use std::{error::Error, fmt};

use redis::{ErrorKind, RedisError, ServerErrorKind};
use tower_bearer::StoreError;

/// Why Redis did not do what it was asked for.
///
/// What a server or the client says in words is not handed on: it may repeat keys and arguments, and so a subject or a nonce.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// What came cannot be what was written.
    Damaged(&'static str),
    /// The server cannot be reached, or went away.
    Gone(String),
    /// It was not even asked.
    Refused(&'static str),
    /// The server refuses, with this code.
    Said(String),
    /// No answer within the time.
    Slow,
}

/// What a server says where the name of the store's server may lead to another by now.
const ELSEWHERE: [&str; 8] =
    ["ASK", "CLUSTERDOWN", "LOADING", "MASTERDOWN", "MOVED", "NOAUTH", "NOREPLICAS", "READONLY"];

/// So much of a code is shown.
const CODE: usize = 24;

impl Fault {
    /// Whether another connection may do better.
    pub(crate) fn is_of_the_connection(&self) -> bool {
        match self {
            Self::Gone(_) | Self::Slow => true,
            // Not TRYAGAIN, which is over in a moment, nor what is wrong with the server's disk or memory.
            Self::Said(code) => ELSEWHERE.contains(&&**code),
            Self::Damaged(_) | Self::Refused(_) => false,
        }
    }

    /// Whether the server has said this.
    pub(crate) fn has_code(&self, wanted: &str) -> bool {
        matches!(self, Self::Said(code) if code == wanted)
    }
}

/// What a code means for whoever looks after it.
fn meaning(code: &str) -> &'static str {
    match code {
        "ASK" | "TRYAGAIN" => {
            "in this cluster the keys of this prefix are on their way to another node"
        }
        "CLUSTERDOWN" => "the cluster does not serve all of its slots",
        "DAMAGED" => "what is kept there is not what this store has written",
        "LOADING" => "the server has just started and reads its data",
        "MASTERDOWN" => "a replica whose master is gone",
        "MISCONF" => "the server cannot write to its disk",
        "MOVED" => "in this cluster another node has the keys of this prefix",
        "NOAUTH" => "a password is needed",
        "NOPROTO" => "it does not speak RESP3: 7.0 is the oldest Redis that will do",
        "NOPERM" => {
            "this user lacks a right: the README of tower-bearer-redis has the line of ACL SETUSER"
        }
        "NOREPLICAS" => "a master without the replicas that it should have: min-replicas-to-write",
        "OOM" => "the memory of the server is full",
        "READONLY" => "a replica, which takes no writes: connect to its master",
        "WRONGPASS" => "user and password do not fit",
        "WRONGTYPE" => "something else uses keys of this prefix",
        _ => "the server refuses",
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Damaged(what) => write!(f, "Redis: {what} cannot be read"),
            Self::Gone(why) => write!(f, "Redis cannot be reached: {why}"),
            Self::Refused(why) => f.write_str(why),
            Self::Said(code) => write!(f, "Redis: {code}: {}", meaning(code)),
            Self::Slow => f.write_str("Redis does not answer in time"),
        }
    }
}

impl Error for Fault {}

const SCRIPT_MAY_NOT: &str = "The user executing the script can't";

impl From<RedisError> for Fault {
    fn from(error: RedisError) -> Self {
        if error.is_timeout() {
            return Self::Slow;
        }
        match error.kind() {
            ErrorKind::Io => Self::Gone(error.to_string()),
            ErrorKind::AuthenticationFailed => Self::Said("WRONGPASS".to_owned()),
            // Within scripts Redis 7.0 has no code of its own for this.
            ErrorKind::Server(ServerErrorKind::ResponseError)
                if error.detail().is_some_and(|text| text.starts_with(SCRIPT_MAY_NOT)) =>
            {
                Self::Said("NOPERM".to_owned())
            }
            ErrorKind::Server(ServerErrorKind::ResponseError) => Self::Said("ERR".to_owned()),
            ErrorKind::InvalidClientConfig => {
                Self::Refused("the client of Redis takes no such settings")
            }
            ErrorKind::Parse => Self::Gone("it does not speak as Redis does".to_owned()),
            ErrorKind::RESP3NotSupported => Self::Said("NOPROTO".to_owned()),
            kind => Self::Said(error.code().map_or_else(|| format!("{kind:?}"), shown)),
        }
    }
}

fn shown(code: &str) -> String {
    code.chars().filter(char::is_ascii_alphanumeric).take(CODE).collect()
}

impl From<Fault> for StoreError {
    fn from(fault: Fault) -> Self {
        Self::unavailable(fault)
    }
}
