use std::{fmt, sync::Arc};

use super::{Policy, denial::Denial, held::is_scope, lacking::Lacking};
use crate::{error::ConfigError, head::RequestHead, lookup::Lookup, token::VerifiedToken};

/// Asks for scopes ([RFC 6749 §3.3](https://www.rfc-editor.org/rfc/rfc6749#section-3.3)): what the user allowed the
/// client to do.
///
/// A token has the scopes of its claims `scope` and `scp`; see [`Scopes`](crate::Scopes). One that lacks a scope gets
/// 403, and a challenge with all that are asked for, not only those that are lacking
/// ([RFC 6750 §3](https://www.rfc-editor.org/rfc/rfc6750#section-3)):
///
/// ```text
/// WWW-Authenticate: Bearer realm="api", error="insufficient_scope", error_description="…", scope="notes:read notes:write"
/// ```
///
/// ```
/// use tower_bearer::{AuthorizeLayer, RequireScope};
///
/// let layer = AuthorizeLayer::new(RequireScope::all(["notes:read", "notes:write"])?);
/// # drop(layer);
/// assert!(RequireScope::all(["notes read"]).is_err(), "a scope holds no space");
/// # Ok::<(), tower_bearer::ConfigError>(())
/// ```
///
/// Where one of these claims is of another type, it is not known which scopes were meant. The token is then denied as one without
/// scopes is, and by the opposite of this policy as well.
///
/// With a [`ScopeCatalog`](crate::ScopeCatalog), a scope that was misspelt fails when the program starts.
#[derive(Clone)]
pub struct RequireScope {
    scopes: Vec<Arc<str>>,
    all: bool,
}

impl RequireScope {
    /// All of these scopes.
    ///
    /// # Errors
    ///
    /// There is none, one is named twice, or one is no scope: visible ASCII characters but `"` and `\`
    /// ([RFC 6749 §3.3](https://www.rfc-editor.org/rfc/rfc6749#section-3.3)).
    pub fn all<I>(scopes: I) -> Result<Self, ConfigError>
    where
        I: IntoIterator<Item: AsRef<str>>,
    {
        Ok(Self { scopes: read_scopes(scopes)?, all: true })
    }

    /// At least one of these scopes. The challenge names all of them.
    ///
    /// # Errors
    ///
    /// As [`all`](Self::all).
    pub fn any<I>(scopes: I) -> Result<Self, ConfigError>
    where
        I: IntoIterator<Item: AsRef<str>>,
    {
        Ok(Self { scopes: read_scopes(scopes)?, all: false })
    }

    /// Whether the token has them: for closures that choose among requirements, and for handlers, which know more of
    /// a request than a policy does. A handler that answers with `Result<_, Rejection>` can say `check(&token)?`.
    ///
    /// # Errors
    ///
    /// It has them not.
    pub fn check(&self, token: &VerifiedToken) -> Result<(), Denial> {
        let scopes = token.scopes();
        let mut wanted = self.scopes.iter();
        let has = |scope: &Arc<str>| scopes.contains(scope);
        let permitted = if self.all { wanted.all(has) } else { wanted.any(has) };
        if permitted {
            Ok(())
        } else if scopes.is_malformed() {
            Err(self.denial().about("scope").undecided())
        } else {
            Err(self.denial())
        }
    }

    /// What a token without them is told.
    #[must_use]
    pub fn denial(&self) -> Denial {
        Denial::lacks(Lacking::of_scopes(self.scopes.clone()))
    }

    pub(crate) fn iter(&self) -> impl ExactSizeIterator<Item = &str> {
        self.scopes.iter().map(|scope| &**scope)
    }
}

impl Policy for RequireScope {
    fn authorize(&self, token: &VerifiedToken, _: RequestHead<'_>) -> Lookup<Result<(), Denial>> {
        Lookup::Ready(self.check(token))
    }

    fn scopes(&self) -> Vec<&str> {
        self.iter().collect()
    }
}

/// The names of scopes, checked.
pub(super) fn read_scopes<I>(scopes: I) -> Result<Vec<Arc<str>>, ConfigError>
where
    I: IntoIterator<Item: AsRef<str>>,
{
    let mut read: Vec<Arc<str>> = Vec::new();
    for scope in scopes {
        let scope = scope.as_ref();
        if !is_scope(scope) {
            return Err(ConfigError::new(format!(
                "{scope:?} is no scope: it has to be made of visible ASCII characters other than `\"` and \
                 `\\`, one name for each item (RFC 6749 §3.3)"
            )));
        }
        if read.iter().any(|other| **other == *scope) {
            return Err(ConfigError::new(format!("the scope {scope:?} is named twice")));
        }
        read.push(scope.into());
    }
    if read.is_empty() {
        return Err(ConfigError::new("there is no scope: name at least one"));
    }
    Ok(read)
}

impl fmt::Debug for RequireScope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = if self.all { "RequireScope::all" } else { "RequireScope::any" };
        f.debug_tuple(name).field(&self.scopes).finish()
    }
}
