use std::sync::Arc;

use super::{Policy, denial::Denial, path::ClaimPath};
use crate::{
    claims::registered::OneOrMany, error::ConfigError, head::RequestHead, lookup::Lookup,
    token::VerifiedToken,
};

/// Asks for roles, wherever the issuer puts them.
///
/// The claim at the [path](ClaimPath) is one role, as a string, or an array of them. Roles are compared to the letter.
/// A token without the role gets 403 and no challenge: asking the user for consent again would not help. So does one whose claim has
/// another type, and a warning names the path.
///
/// ```
/// use tower_bearer::RequireRole;
///
/// let plain = RequireRole::any("roles", ["admin", "editor"])?;
/// let keycloak_realm = RequireRole::any("/realm_access/roles", ["admin"])?;
/// let keycloak_client = RequireRole::all(["resource_access", "my-api", "roles"], ["reader"])?;
/// let auth0 = RequireRole::any("https://api.example/roles", ["admin"])?;
/// # Ok::<(), tower_bearer::ConfigError>(())
/// ```
#[derive(Clone, Debug)]
pub struct RequireRole {
    path: ClaimPath,
    roles: Arc<[Arc<str>]>,
    all: bool,
}

impl RequireRole {
    /// At least one of these roles.
    ///
    /// # Errors
    ///
    /// There is none, one is empty, or the path is none.
    pub fn any<I>(path: impl Into<ClaimPath>, roles: I) -> Result<Self, ConfigError>
    where
        I: IntoIterator<Item: AsRef<str>>,
    {
        Self::new(path.into(), roles, false)
    }

    /// All of these roles.
    ///
    /// # Errors
    ///
    /// As [`any`](Self::any).
    pub fn all<I>(path: impl Into<ClaimPath>, roles: I) -> Result<Self, ConfigError>
    where
        I: IntoIterator<Item: AsRef<str>>,
    {
        Self::new(path.into(), roles, true)
    }

    /// Whether the token has them: for closures that choose among requirements.
    ///
    /// # Errors
    ///
    /// It has them not.
    pub fn check(&self, token: &VerifiedToken) -> Result<(), Denial> {
        let claim: Option<OneOrMany<'_>> = self.path.find(token)?;
        let has =
            |role: &Arc<str>| claim.iter().flat_map(OneOrMany::iter).any(|own| own == &**role);
        let mut wanted = self.roles.iter();
        let permitted = if self.all { wanted.all(has) } else { wanted.any(has) };
        if permitted {
            Ok(())
        } else {
            Err(Denial::forbidden().about(self.path.as_str().to_owned()))
        }
    }

    fn new<I>(path: ClaimPath, roles: I, all: bool) -> Result<Self, ConfigError>
    where
        I: IntoIterator<Item: AsRef<str>>,
    {
        let path = path.checked()?;
        let roles: Arc<[Arc<str>]> = roles.into_iter().map(|role| role.as_ref().into()).collect();
        if roles.is_empty() || roles.iter().any(|role| role.is_empty()) {
            return Err(ConfigError::new(
                "`RequireRole` needs at least one role, and no empty one",
            ));
        }
        Ok(Self { path, roles, all })
    }
}

impl Policy for RequireRole {
    fn authorize(&self, token: &VerifiedToken, _: RequestHead<'_>) -> Lookup<Result<(), Denial>> {
        Lookup::Ready(self.check(token))
    }
}
