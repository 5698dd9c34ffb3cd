//! What goes wrong between us and the server, in words that may be logged.

use std::{error::Error, fmt};

use tower_bearer::StoreError;

/// Why something was not done. It holds no value of a row and no URL, unlike the errors of sqlx, whose `Debug` may.
#[derive(Debug)]
pub(crate) enum Fault {
    /// The connection cannot be used any more.
    Broken(String),
    /// Another came between: it is tried again.
    Conflict,
    /// A row is none that this crate writes.
    Damaged(&'static str),
    /// What the server or the client says.
    Said(String),
    /// The server has not answered in time.
    Slow,
}

/// What a server may say is cut here, in characters.
const LONGEST: usize = 200;

impl From<sqlx::Error> for Fault {
    fn from(error: sqlx::Error) -> Self {
        match &error {
            sqlx::Error::Database(database) => {
                let code = database.code().unwrap_or_default();
                if matches!(&*code, "40001" | "40P01") {
                    return Self::Conflict;
                }
                let text = clean(&format!("{} ({code})", database.message()));
                // The server goes away, or has become a replica, or has forgotten what was prepared there: another connection may do.
                let is_over = code.starts_with("08") || code.starts_with("57P0");
                if is_over || matches!(&*code, "0A000" | "25006" | "26000") {
                    return Self::Broken(text);
                }
                Self::Said(text)
            }
            sqlx::Error::PoolTimedOut => Self::Slow,
            sqlx::Error::ColumnDecode { .. } | sqlx::Error::Decode(_) => {
                Self::Damaged("a column is of another type")
            }
            sqlx::Error::Configuration(_) => {
                Self::Broken("the options of the connection are wrong".to_owned())
            }
            sqlx::Error::RowNotFound => Self::Damaged("it is missing"),
            _ => Self::Broken(clean(&error.to_string())),
        }
    }
}

/// One line, of what can be shown.
fn clean(text: &str) -> String {
    let shown = |letter: char| if letter.is_control() { ' ' } else { letter };
    text.chars().take(LONGEST).map(shown).collect()
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Broken(text) | Self::Said(text) => f.write_str(text),
            Self::Conflict => f.write_str("others came between too often"),
            Self::Damaged(what) => write!(f, "a row is none of ours: {what}"),
            Self::Slow => f.write_str("there was no answer in time"),
        }
    }
}

impl Error for Fault {}

impl From<Fault> for StoreError {
    fn from(fault: Fault) -> Self {
        Self::unavailable(fault)
    }
}
