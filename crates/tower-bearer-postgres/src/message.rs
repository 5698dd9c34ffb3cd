//! An entry as it is told: `1 kind before until issuer name`, of which the last two are in hex.

use tower_bearer::{Revoked, RevokedEntry};

/// How many entries are told one by one; of more at once it is told that there are some.
pub(crate) const MOST: i64 = 1024;

/// The longest message that PostgreSQL takes is 7999 bytes.
pub(crate) const LONGEST: i32 = 7900;

/// A message by which somebody looks whether messages come: `0`, and what nobody else sends.
pub(crate) fn is_probe(text: &str) -> bool {
    text.split(' ').next() == Some("0")
}

/// What was told; `None` if it is nothing that can be understood.
pub(crate) fn read(text: &str) -> Option<RevokedEntry> {
    let mut parts = text.split(' ');
    if parts.next()? != "1" {
        return None;
    }
    let kind = parts.next()?.parse().ok()?;
    let (before, until) = (parts.next()?.parse().ok()?, parts.next()?.parse().ok()?);
    let (issuer, name) = (unhex(parts.next()?)?, unhex(parts.next()?)?);
    let what = Revoked::from_parts(kind, name, before)?;
    parts.next().is_none().then(|| RevokedEntry::new(issuer, what, until))
}

fn unhex(text: &str) -> Option<String> {
    let digit =
        |letter: &u8| char::from(*letter).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    let (pairs, []) = text.as_bytes().as_chunks::<2>() else { return None };
    let byte = |[high, low]: &[u8; 2]| Some(digit(high)?.wrapping_mul(16) | digit(low)?);
    String::from_utf8(pairs.iter().map(byte).collect::<Option<_>>()?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_be_understood_is_nothing() {
        let good = "1 5 0 7 61 6200";
        let entry = read(good).unwrap();
        assert!(entry == RevokedEntry::new("a", Revoked::Token { jti: "b\0".to_owned() }, 7));
        let empty = read("1 2 3 7 61 ").unwrap();
        assert!(empty == RevokedEntry::new("a", Revoked::Everyone { before: 3 }, 7));
        let cases = [
            ("nothing", ""),
            ("another version", "2 5 0 7 61 62"),
            ("another kind", "1 9 0 7 61 62"),
            ("a kind that is no number", "1 x 0 7 61 62"),
            ("a kind too large", "1 261 0 7 61 62"),
            ("a negative mark", "1 4 -1 7 61 62"),
            ("an end too large", "1 5 0 18446744073709551616 61 62"),
            ("half a byte", "1 5 0 7 6 62"),
            ("no hex", "1 5 0 7 6g 62"),
            ("no UTF-8", "1 5 0 7 61 ff"),
            ("a part too few", "1 5 0 7 61"),
            ("a part too many", "1 5 0 7 61 62 63"),
            ("another space", "1 5 0 7\t61 62"),
        ];
        for (name, text) in cases {
            assert!(read(text).is_none(), "{name}");
        }
    }
}
