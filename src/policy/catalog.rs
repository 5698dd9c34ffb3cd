use std::{fmt, sync::Arc};

use super::{
    Policy,
    scope::{RequireScope, read_scopes},
};
use crate::error::ConfigError;

/// All scopes of a service, declared in one place.
///
/// Requirements that are made from it cannot name a scope that does not exist, and
/// [`ProtectedResource::scopes`](crate::ProtectedResource::scopes) publishes the same list as `scopes_supported`
/// ([RFC 9728 §2](https://www.rfc-editor.org/rfc/rfc9728#section-2)). So a challenge never names a scope that a client could not
/// have read about.
///
/// ```
/// use tower_bearer::{AuthorizeLayer, ScopeCatalog};
///
/// let scopes = ScopeCatalog::new(["notes:read", "notes:write"])?;
/// let layer = AuthorizeLayer::new(scopes.all(["notes:read"])?);
/// # drop(layer);
///
/// let error = scopes.all(["notes:raed"]).unwrap_err();
/// assert!(error.to_string().contains("notes:raed"));
/// # Ok::<(), tower_bearer::ConfigError>(())
/// ```
///
/// A clone is one reference count.
#[derive(Clone)]
pub struct ScopeCatalog(Arc<[Arc<str>]>);

impl ScopeCatalog {
    /// These scopes and no others, in the order in which they are to be published.
    ///
    /// # Errors
    ///
    /// As [`RequireScope::all`].
    pub fn new<I>(scopes: I) -> Result<Self, ConfigError>
    where
        I: IntoIterator<Item: AsRef<str>>,
    {
        read_scopes(scopes).map(|scopes| Self(scopes.into()))
    }

    /// A requirement of all of these scopes.
    ///
    /// # Errors
    ///
    /// There is none, one is named twice, or is not in this catalogue.
    pub fn all<I>(&self, scopes: I) -> Result<RequireScope, ConfigError>
    where
        I: IntoIterator<Item: AsRef<str>>,
    {
        self.declared(RequireScope::all(scopes)?)
    }

    /// A requirement of at least one of these scopes.
    ///
    /// # Errors
    ///
    /// As [`all`](Self::all).
    pub fn any<I>(&self, scopes: I) -> Result<RequireScope, ConfigError>
    where
        I: IntoIterator<Item: AsRef<str>>,
    {
        self.declared(RequireScope::any(scopes)?)
    }

    /// The same policy, if it [may ask for](Policy::scopes) no other scopes than these: for policies that were not
    /// made from this catalogue.
    ///
    /// ```
    /// use tower_bearer::{Policy, RequireRole, RequireScope, ScopeCatalog};
    ///
    /// let scopes = ScopeCatalog::new(["notes:read", "notes:write"])?;
    /// let policy = RequireScope::all(["notes:write"])?.or(RequireRole::any("roles", ["admin"])?);
    /// let policy = scopes.declared(policy)?;
    /// # drop(policy);
    /// # Ok::<(), tower_bearer::ConfigError>(())
    /// ```
    ///
    /// What a closure checks cannot be seen from outside: make the requirements that it holds by [`all`](Self::all) and
    /// [`any`](Self::any).
    ///
    /// # Errors
    ///
    /// It may ask for a scope that is not in this catalogue.
    pub fn declared<P: Policy>(&self, policy: P) -> Result<P, ConfigError> {
        if let Some(unknown) = policy.scopes().into_iter().find(|scope| !self.contains(scope)) {
            let known = self.0.join(", ");
            return Err(ConfigError::new(format!(
                "the scope {unknown:?} is not declared: add it to the `ScopeCatalog`, or name one of {known}"
            )));
        }
        Ok(policy)
    }

    /// Whether this scope is declared. Case counts.
    pub fn contains(&self, scope: &str) -> bool {
        self.0.iter().any(|own| **own == *scope)
    }

    /// All scopes, in the order in which they were declared.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = &str> {
        self.0.iter().map(|scope| &**scope)
    }
}

impl fmt::Debug for ScopeCatalog {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("ScopeCatalog").field(&self.0).finish()
    }
}
