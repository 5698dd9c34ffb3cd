//! How a revocation is written down: `kind before length issuer name`, where `length` is that of the issuer. Its end is the score.

use std::str;

use redis::Value;
use tower_bearer::{Revoked, RevokedEntry};

use crate::row;

/// Some time in the year 142,000: larger ends are not exact in Redis.
const LAST: u64 = 1 << 42;

/// An entry as the log has it.
pub(crate) struct Written {
    pub(crate) ends: u64,
    pub(crate) text: Vec<u8>,
}

impl Written {
    pub(crate) fn of(entry: &RevokedEntry) -> Self {
        let (kind, name, before) = entry.what.to_parts();
        let issuer = &entry.issuer;
        let text = format!("{kind} {before} {} {issuer}{name}", issuer.len());
        Self { ends: entry.until.min(LAST), text: text.into_bytes() }
    }
}

/// What was written; `None` if that is none of ours.
pub(crate) fn read(ends: u64, text: &[u8]) -> Option<RevokedEntry> {
    let (kind, rest) = number(text)?;
    let (before, rest) = number(rest)?;
    let (length, rest) = number(rest)?;
    let (issuer, name) = rest.split_at_checked(usize::try_from(length).ok()?)?;
    let (issuer, name) = (str::from_utf8(issuer).ok()?, str::from_utf8(name).ok()?);
    let what = Revoked::from_parts(u8::try_from(kind).ok()?, name.to_owned(), before)?;
    Some(RevokedEntry::new(issuer, what, ends))
}

/// What a message tells: `end length entry`, one after the other. `None` if any of it cannot be read.
pub(crate) fn told(mut message: &[u8]) -> Option<Vec<RevokedEntry>> {
    let mut entries = Vec::new();
    while !message.is_empty() {
        let (ends, rest) = number(message)?;
        let (length, rest) = number(rest)?;
        let (text, rest) = rest.split_at_checked(usize::try_from(length).ok()?)?;
        entries.push(read(ends, text)?);
        message = rest;
    }
    Some(entries)
}

/// A number and the space behind it, and what comes then.
fn number(text: &[u8]) -> Option<(u64, &[u8])> {
    let end = text.iter().position(|byte| *byte == b' ')?;
    let (digits, rest) = text.split_at_checked(end)?;
    let is_plain = !digits.is_empty() && digits.iter().all(u8::is_ascii_digit);
    let number = is_plain.then(|| str::from_utf8(digits).ok()?.parse().ok())??;
    Some((number, rest.get(1..)?))
}

/// The answer to ZSCAN: where the next page begins, and entries. `None` if any of it cannot be read: a log is known as a whole, or not.
pub(crate) fn page(answer: &Value) -> Option<(u64, Vec<RevokedEntry>)> {
    let Value::Array(parts) = answer else { return None };
    let [cursor, Value::Array(flat)] = &**parts else { return None };
    let (pairs, []) = flat.as_chunks::<2>() else { return None };
    let entries = pairs.iter().map(|[text, score]| {
        let Value::BulkString(text) = text else { return None };
        read(row::number(score)?, text)
    });
    Some((row::number(cursor)?, entries.collect::<Option<_>>()?))
}
