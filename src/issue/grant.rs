//! [`Grant`]: what an access token says of its subject.

use std::fmt;

use serde::Serialize;
use serde_json::{Map, Value};

use crate::error::ConfigError;

/// What somebody may do, as it will stand in an access token: scopes, roles, and claims of your own.
///
/// ```
/// use serde::Serialize;
/// use tower_bearer::Grant;
///
/// #[derive(Serialize)]
/// struct Tenant { tenant: u32 }
///
/// let grant = Grant::new()
///     .scopes(["orders:read", "orders:write"])?
///     .roles(["clerk"])?
///     .claims(&Tenant { tenant: 7 })?;
/// # drop(grant);
/// # Ok::<(), tower_bearer::ConfigError>(())
/// ```
///
/// Who it is, when, by whom and for how long are the issuer's to say: claims of those names are refused.
///
/// `Debug` shows nothing of it.
#[derive(Clone, Default)]
pub struct Grant {
    pub(super) claims: Map<String, Value>,
}

/// Claims that an [`Issuer`](crate::Issuer) sets itself.
const OWN: [&str; 11] =
    ["acr", "aud", "auth_time", "client_id", "cnf", "exp", "iat", "iss", "jti", "nbf", "sid"];

impl Grant {
    /// Nothing but who it is.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// These scopes: the claim `scope` ([RFC 9068 §2.2.3](https://www.rfc-editor.org/rfc/rfc9068#section-2.2.3)).
    ///
    /// # Errors
    ///
    /// One is empty, or holds a space, a quotation mark, a backslash or what is not ASCII
    /// ([RFC 6749 §3.3](https://www.rfc-editor.org/rfc/rfc6749#section-3.3)); or the claim is there already.
    pub fn scopes<S: AsRef<str>>(
        self,
        scopes: impl IntoIterator<Item = S>,
    ) -> Result<Self, ConfigError> {
        let mut joined = String::new();
        for scope in scopes {
            let scope = scope.as_ref();
            let fits = |byte: u8| byte.is_ascii_graphic() && byte != b'"' && byte != b'\\';
            if scope.is_empty() || !scope.bytes().all(fits) {
                return Err(ConfigError::new(
                    "a scope is one or more visible ASCII characters without quotation mark and backslash",
                ));
            }
            if !joined.is_empty() {
                joined.push(' ');
            }
            joined.push_str(scope);
        }
        self.with("scope", joined.into())
    }

    /// These roles: the claim `roles`, an array ([RFC 9068 §2.2.3.1](https://www.rfc-editor.org/rfc/rfc9068#section-2.2.3.1)).
    ///
    /// # Errors
    ///
    /// The claim is there already.
    pub fn roles<S: Into<String>>(
        self,
        roles: impl IntoIterator<Item = S>,
    ) -> Result<Self, ConfigError> {
        let roles: Vec<Value> = roles.into_iter().map(|role| Value::String(role.into())).collect();
        self.with("roles", roles.into())
    }

    /// All members of a type of yours, each a claim.
    ///
    /// # Errors
    ///
    /// It is no JSON object; or one of its names is there already, or one that the issuer sets itself.
    pub fn claims(mut self, claims: &impl Serialize) -> Result<Self, ConfigError> {
        let Ok(Value::Object(members)) = serde_json::to_value(claims) else {
            return Err(ConfigError::new(
                "claims are the members of a JSON object: give a struct or a map",
            ));
        };
        for (name, value) in members {
            self = self.with(&name, value)?;
        }
        Ok(self)
    }

    /// One claim.
    ///
    /// # Errors
    ///
    /// The value is no JSON; or the name is there already, or one that the issuer sets itself.
    pub fn claim(self, name: &str, value: impl Serialize) -> Result<Self, ConfigError> {
        let value = serde_json::to_value(value).map_err(|error| {
            ConfigError::because(format!("the claim {name:?} cannot be JSON"), error)
        })?;
        self.with(name, value)
    }

    fn with(mut self, name: &str, value: Value) -> Result<Self, ConfigError> {
        if OWN.contains(&name) || name == "sub" {
            return Err(ConfigError::new(format!(
                "the claim {name:?} is set by the issuer itself"
            )));
        }
        if self.claims.insert(name.to_owned(), value).is_some() {
            return Err(ConfigError::new(format!("the claim {name:?} is given twice")));
        }
        Ok(self)
    }
}

impl fmt::Debug for Grant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Grant").finish_non_exhaustive()
    }
}
