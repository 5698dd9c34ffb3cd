use std::fmt;

use serde::de::Deserialize;

use crate::{
    error::ConfigError,
    jose::json::find_at,
    token::{ClaimsError, VerifiedToken},
};

/// Where in a token a claim stands.
///
/// | written as | is |
/// |---|---|
/// | `"roles"`, `"cognito:groups"`, `"https://example/roles"` | the claim of that name, slashes and dots included |
/// | `"/realm_access/roles"` | a JSON Pointer ([RFC 6901](https://www.rfc-editor.org/rfc/rfc6901)): a member of a member; `~1` is a slash in a name, `~0` a tilde |
/// | `["resource_access", client, "roles"]` | the same, name by name, whatever they hold |
///
/// It leads through objects alone, not into arrays.
#[derive(Clone, PartialEq, Eq)]
pub struct ClaimPath {
    text: String,
    names: Result<Vec<Box<str>>, &'static str>,
}

impl ClaimPath {
    /// As it was written.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The same, if it is a path at all.
    pub(super) fn checked(self) -> Result<Self, ConfigError> {
        match &self.names {
            Ok(_) => Ok(self),
            Err(fault) => {
                Err(ConfigError::new(format!("{:?} is no path of a claim: {fault}", self.text)))
            }
        }
    }

    /// The claim itself; `None` if it is not there. Another type is an error, not an absence: neither a requirement
    /// nor its opposite then holds.
    pub(super) fn find<'t, T: Deserialize<'t>>(
        &self,
        token: &'t VerifiedToken,
    ) -> Result<Option<T>, ClaimsError> {
        let names = self.names.as_deref().unwrap_or_default();
        find_at(token.payload(), names).map_err(|_| ClaimsError::in_field(&self.text))
    }

    fn of_names(text: String, names: Vec<Box<str>>) -> Self {
        let names = if names.iter().any(|name| name.is_empty()) || names.is_empty() {
            Err("a name in it is empty")
        } else {
            Ok(names)
        };
        Self { text, names }
    }
}

impl From<&str> for ClaimPath {
    fn from(text: &str) -> Self {
        let Some(pointer) = text.strip_prefix('/') else {
            return Self::of_names(text.to_owned(), vec![text.into()]);
        };
        let names: Option<_> = pointer.split('/').map(unescape).collect();
        match names {
            Some(names) => Self::of_names(text.to_owned(), names),
            None => Self { text: text.to_owned(), names: Err("`~` is followed by `0` or `1`") },
        }
    }
}

/// A name of a JSON Pointer; `None` if a tilde begins nothing that is known.
fn unescape(name: &str) -> Option<Box<str>> {
    let mut parts = name.split('~');
    let mut unescaped = parts.next()?.to_owned();
    for part in parts {
        let (mark, rest) = part.split_at_checked(1)?;
        unescaped.push(match mark {
            "0" => '~',
            "1" => '/',
            _ => return None,
        });
        unescaped.push_str(rest);
    }
    Some(unescaped.into())
}

impl From<String> for ClaimPath {
    fn from(text: String) -> Self {
        text.as_str().into()
    }
}

impl<const N: usize> From<[&str; N]> for ClaimPath {
    fn from(names: [&str; N]) -> Self {
        let escaped = names.map(|name| format!("/{}", name.replace('~', "~0").replace('/', "~1")));
        Self::of_names(escaped.concat(), names.map(Into::into).to_vec())
    }
}

impl fmt::Debug for ClaimPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.text.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_pointers() {
        let cases: [(&str, &str, Option<&[&str]>); 12] = [
            ("name", "roles", Some(&["roles"])),
            ("namespaced", "https://a.example/roles", Some(&["https://a.example/roles"])),
            ("with a tilde", "a~b", Some(&["a~b"])),
            ("pointer", "/realm_access/roles", Some(&["realm_access", "roles"])),
            ("pointer to one", "/roles", Some(&["roles"])),
            ("slash within", "/a~1b/c", Some(&["a/b", "c"])),
            ("tilde within", "/a~0b~01", Some(&["a~b~1"])),
            ("tilde before nothing", "/a~", None),
            ("tilde before another", "/a~2", None),
            ("tilde before no boundary", "/a~ä", None),
            ("empty", "", None),
            ("empty name within", "/a//b", None),
        ];
        for (name, text, expected) in cases {
            let path = ClaimPath::from(text);
            let names = path.names.as_deref().ok();
            let names = names.map(|names| names.iter().map(|name| &**name).collect::<Vec<_>>());
            assert_eq!(names.as_deref(), expected, "{name}");
            assert_eq!(path.checked().is_ok(), expected.is_some(), "{name}");
        }
    }

    #[test]
    fn names_one_by_one_may_hold_anything() {
        let path = ClaimPath::from(["resource_access", "a/b~c", "roles"]);
        assert_eq!(path.as_str(), "/resource_access/a~1b~0c/roles");
        assert_eq!(path, ClaimPath::from(path.as_str()));
        assert!(ClaimPath::from(["a", ""]).checked().is_err());
        assert!(ClaimPath::from([]).checked().is_err());
    }
}
