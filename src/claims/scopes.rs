//! [`Scopes`]: what the client was allowed to ask for.

use std::fmt;

use serde::de::{self, MapAccess};

use super::registered::OneOrMany;
use crate::jose::json::{Members, Text, read_object};

/// The scopes of a token: the union of `scope` and `scp`, each a string with spaces in it
/// ([RFC 8693 §4.2](https://www.rfc-editor.org/rfc/rfc8693#section-4.2)) or an array of strings.
///
/// Order and repetitions of the token are not kept. A claim of another type gives no scopes.
/// `Debug` shows how many there are.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Scopes {
    sorted: Vec<Box<str>>,
    /// A claim has another type.
    malformed: bool,
}

impl Scopes {
    /// Whether this scope was given. Case counts (RFC 6749 §3.3).
    pub fn contains(&self, scope: &str) -> bool {
        self.sorted.binary_search_by(|own| (**own).cmp(scope)).is_ok()
    }

    /// All scopes, in alphabetical order.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = &str> {
        self.sorted.iter().map(|scope| &**scope)
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.sorted.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.sorted.is_empty()
    }

    /// The scopes of a payload. One claim of a wrong type gives none at all: it is not known what
    /// was meant.
    pub(crate) fn read(payload: &str) -> Self {
        let read = read_object(payload);
        let malformed = read.is_err();
        let Claims { scope, scp } = read.unwrap_or_default();
        let mut scopes: Vec<Box<str>> = Vec::new();
        for claim in [scope, scp].iter().flatten() {
            match claim {
                OneOrMany::One(Text(list)) => scopes.extend(list.split(' ').map(Into::into)),
                OneOrMany::Many(_) => scopes.extend(claim.iter().map(Into::into)),
            }
        }
        scopes.retain(|scope| !scope.is_empty());
        scopes.sort_unstable();
        scopes.dedup();
        Self { sorted: scopes, malformed }
    }

    /// Whether a claim has another type, so that it is not known which scopes were meant.
    pub(crate) fn is_malformed(&self) -> bool {
        self.malformed
    }
}

impl fmt::Debug for Scopes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Scopes({})", self.len())
    }
}

#[derive(Default)]
struct Claims<'p> {
    scope: Option<OneOrMany<'p>>,
    scp: Option<OneOrMany<'p>>,
}

impl<'p> Members<'p> for Claims<'p> {
    fn member<A: MapAccess<'p>>(&mut self, name: &str, map: &mut A) -> Result<(), A::Error> {
        match name {
            "scope" => self.scope = Some(map.next_value()?),
            "scp" => self.scp = Some(map.next_value()?),
            _ => drop(map.next_value::<de::IgnoredAny>()?),
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn union_of_both_claims_in_both_forms() {
        let cases: [(&str, &str, &[&str]); 9] = [
            ("none", "{}", &[]),
            ("string", r#"{"scope":"write read"}"#, &["read", "write"]),
            ("array", r#"{"scp":["write","read"]}"#, &["read", "write"]),
            ("both", r#"{"scope":"a b","scp":["b","c"]}"#, &["a", "b", "c"]),
            ("spaces", r#"{"scope":"  a   b "}"#, &["a", "b"]),
            ("a space in an array is no separator", r#"{"scp":["a b","c"]}"#, &["a b", "c"]),
            ("escapes", r#"{"scope":"\u0061"}"#, &["a"]),
            ("wrong type", r#"{"scope":5,"scp":"a"}"#, &[]),
            ("null", r#"{"scope":null}"#, &[]),
        ];
        for (name, payload, expected) in cases {
            let scopes = Scopes::read(payload);
            assert_eq!(scopes.iter().collect::<Vec<_>>(), expected, "{name}");
            assert!(expected.iter().all(|scope| scopes.contains(scope)), "{name}");
            assert!(!scopes.contains("A") && !scopes.contains(""), "{name}");
        }
    }
}
