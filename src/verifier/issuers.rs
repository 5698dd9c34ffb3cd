use std::{collections::HashMap, fmt, sync::Arc};

use super::{
    dynamic::Dynamic,
    issuer::{Trusted, TrustedIssuer},
};
use crate::{
    claims::registered::Registered,
    error::{ConfigError, TokenError, TokenErrorKind},
    jose::{header::Header, json::Text},
    lookup::Lookup,
};

/// The issuer of a token, or why there is none.
pub(super) type Found = Result<Arc<Trusted>, TokenError>;

/// Whose tokens are taken.
#[derive(Clone)]
pub(super) enum Issuers {
    /// Those that a resolver knows.
    Dynamic(Arc<Dynamic>),
    /// These, by name, and no other.
    Fixed(Arc<HashMap<Arc<str>, Arc<Trusted>>>),
}

/// Why there is no issuer at hand.
pub(super) enum Halt {
    /// The token is refused.
    Refused(TokenError),
    /// Somebody has been asked.
    Waits(Lookup<Found>),
}

impl From<TokenError> for Halt {
    fn from(error: TokenError) -> Self {
        Self::Refused(error)
    }
}

impl From<TokenErrorKind> for Halt {
    fn from(kind: TokenErrorKind) -> Self {
        Self::Refused(kind.into())
    }
}

impl Issuers {
    pub(super) fn fixed(
        issuers: impl IntoIterator<Item = TrustedIssuer>,
    ) -> Result<Self, ConfigError> {
        let mut all = HashMap::new();
        for issuer in issuers {
            let trusted = issuer.build()?;
            if let Some(twice) = all.insert(Arc::clone(trusted.name()), Arc::new(trusted)) {
                let name = twice.name();
                return Err(ConfigError::new(format!(
                    "the issuer {name:?} is configured twice: give it all its audiences and keys at once"
                )));
            }
        }
        if all.is_empty() {
            return Err(ConfigError::new("a verifier needs at least one trusted issuer"));
        }
        Ok(Self::Fixed(Arc::new(all)))
    }

    /// The issuer of this token.
    pub(super) fn find(
        &self,
        header: &Header<'_>,
        claims: &Registered<'_>,
    ) -> Result<Arc<Trusted>, Halt> {
        match self {
            Self::Dynamic(issuers) => issuers.find(header, claims),
            Self::Fixed(issuers) => Ok(find_fixed(issuers, claims)?),
        }
    }

    /// The issuer of exactly this name, where it is known now.
    pub(super) fn get(&self, name: &str) -> Option<Arc<Trusted>> {
        match self {
            Self::Dynamic(issuers) => issuers.get(name),
            Self::Fixed(issuers) => issuers.get(name).cloned(),
        }
    }

    /// All that are known now, by name.
    pub(super) fn all(&self) -> Vec<Arc<Trusted>> {
        let mut all = match self {
            Self::Dynamic(issuers) => issuers.all(),
            Self::Fixed(issuers) => issuers.values().cloned().collect(),
        };
        all.sort_unstable_by(|one, other| one.name().cmp(other.name()));
        all
    }
}

fn find_fixed(issuers: &HashMap<Arc<str>, Arc<Trusted>>, claims: &Registered<'_>) -> Found {
    let Text(name) = claims.issuer.as_ref().ok_or_else(|| TokenError::missing("iss"))?;
    if let Some(trusted) = issuers.get(&**name) {
        return Ok(Arc::clone(trusted));
    }
    let near = match name.strip_suffix('/') {
        Some(shorter) => issuers.get(shorter),
        None => issuers.get(&*format!("{name}/")),
    };
    if let Some(trusted) = near {
        trusted.warn_of_near_miss();
    }
    Err(TokenErrorKind::UnknownIssuer.into())
}

impl fmt::Debug for Issuers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<Arc<str>> =
            self.all().iter().map(|trusted| Arc::clone(trusted.name())).collect();
        match self {
            Self::Dynamic(_) => f.debug_struct("Dynamic").field("known", &names).finish(),
            Self::Fixed(_) => names.fmt(f),
        }
    }
}
