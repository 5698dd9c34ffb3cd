//! [`Audience`]: who a token must be meant for.

use std::fmt;

use crate::error::ConfigError;

/// Who a token must be meant for: one of these names must stand in its `aud`
/// ([RFC 7519 §4.1.3](https://www.rfc-editor.org/rfc/rfc7519#section-4.1.3)).
///
/// A string, an array or a `Vec` of strings turn into it. A token without `aud` is refused, unless
/// another claim is named that says the same:
///
/// ```
/// use tower_bearer::Audience;
///
/// let one: Audience = "https://api.example".into();
/// let several = Audience::new(["https://api.example", "https://www.example"]);
/// // Cognito's access tokens have no `aud` and name the client instead.
/// let cognito = Audience::new("https://api.example").or_claim("client_id", ["4f6q9example"]);
/// # drop((one, several, cognito));
/// ```
#[derive(Clone)]
pub struct Audience(Rule);

#[derive(Clone)]
enum Rule {
    Any,
    OneOf { names: Vec<String>, or_claim: Option<(String, Vec<String>)> },
}

/// A list of names, from a string, an array, a slice or a `Vec`.
#[derive(Clone)]
pub struct Names(Vec<String>);

impl Audience {
    /// One of these names must stand in `aud`. Names are compared code point by code point.
    pub fn new(names: impl Into<Names>) -> Self {
        let Names(names) = names.into();
        Self(Rule::OneOf { names, or_claim: None })
    }

    /// In a token **without** `aud`, this claim must be there instead, and be one of these strings.
    ///
    /// For providers whose access tokens carry no `aud`: `client_id` for Amazon Cognito, `azp` for Clerk.
    #[must_use]
    pub fn or_claim(self, claim: impl Into<String>, values: impl Into<Names>) -> Self {
        let Names(values) = values.into();
        Self(match self.0 {
            Rule::Any => Rule::Any,
            Rule::OneOf { names, .. } => {
                Rule::OneOf { names, or_claim: Some((claim.into(), values)) }
            }
        })
    }

    /// Any audience, and none.
    ///
    /// A token that another service was given can then be used at this one: every service that
    /// shares the issuer can act as its users here. `aud`, when present, must still be a string or an array of strings.
    pub fn danger_any() -> Self {
        Self(Rule::Any)
    }

    /// Whether one of the names a token carries is ours.
    pub(crate) fn contains<'a>(&self, mut names: impl Iterator<Item = &'a str>) -> bool {
        match &self.0 {
            Rule::Any => true,
            Rule::OneOf { names: ours, .. } => names.any(|name| ours.iter().any(|our| our == name)),
        }
    }

    /// What a token without `aud` must carry instead.
    pub(crate) fn without_aud(&self) -> WithoutAud<'_> {
        match &self.0 {
            Rule::Any => WithoutAud::Accept,
            Rule::OneOf { or_claim: None, .. } => WithoutAud::Refuse,
            Rule::OneOf { or_claim: Some((claim, values)), .. } => {
                WithoutAud::Claim { claim, values }
            }
        }
    }

    pub(crate) fn check(&self) -> Result<(), ConfigError> {
        let Rule::OneOf { names, or_claim } = &self.0 else { return Ok(()) };
        let bad = |names: &[String]| names.is_empty() || names.iter().any(String::is_empty);
        if bad(names) {
            return Err(ConfigError::new(
                "the audience is empty: name this service as its tokens do in `aud`",
            ));
        }
        if or_claim.as_ref().is_some_and(|(claim, values)| claim.is_empty() || bad(values)) {
            return Err(ConfigError::new("`or_claim` needs the name of a claim and its values"));
        }
        Ok(())
    }
}

#[cfg(feature = "issue")]
impl Names {
    pub(crate) fn into_vec(self) -> Vec<String> {
        self.0
    }
}

/// What to do with a token that has no `aud`.
pub(crate) enum WithoutAud<'a> {
    Accept,
    Claim { claim: &'a str, values: &'a [String] },
    Refuse,
}

impl<T: Into<Names>> From<T> for Audience {
    fn from(names: T) -> Self {
        Self::new(names)
    }
}

impl fmt::Debug for Audience {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Rule::Any => f.write_str("Audience::danger_any()"),
            Rule::OneOf { names, .. } => f.debug_tuple("Audience").field(names).finish(),
        }
    }
}

impl fmt::Debug for Names {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(&self.0).finish()
    }
}

impl From<&str> for Names {
    fn from(name: &str) -> Self {
        Self(vec![name.to_owned()])
    }
}

impl From<String> for Names {
    fn from(name: String) -> Self {
        Self(vec![name])
    }
}

impl<S: Into<String>, const N: usize> From<[S; N]> for Names {
    fn from(names: [S; N]) -> Self {
        Self(names.into_iter().map(Into::into).collect())
    }
}

impl<S: Into<String>> From<Vec<S>> for Names {
    fn from(names: Vec<S>) -> Self {
        Self(names.into_iter().map(Into::into).collect())
    }
}

impl<S: AsRef<str>> From<&[S]> for Names {
    fn from(names: &[S]) -> Self {
        Self(names.iter().map(|name| name.as_ref().to_owned()).collect())
    }
}
