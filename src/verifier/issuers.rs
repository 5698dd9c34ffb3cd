use std::{fmt, ops::Deref, sync::Arc};

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
    /// These, in the order of their names, and no other.
    Fixed(Arc<[Arc<Trusted>]>),
}

/// An issuer, shared only where its place could be taken by another.
pub(super) enum Held<'i> {
    Borrowed(&'i Trusted),
    Shared(Arc<Trusted>),
}

impl Deref for Held<'_> {
    type Target = Trusted;

    fn deref(&self) -> &Trusted {
        match self {
            Self::Borrowed(trusted) => trusted,
            Self::Shared(trusted) => trusted,
        }
    }
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
        let all: Result<Vec<_>, _> =
            issuers.into_iter().map(|issuer| issuer.build().map(Arc::new)).collect();
        let mut all = all?;
        all.sort_by(|one, other| one.name().cmp(other.name()));
        let alike =
            |pair: &&[Arc<Trusted>]| matches!(pair, [one, other] if one.name() == other.name());
        if let Some([twice, ..]) = all.windows(2).find(alike) {
            let name = twice.name();
            return Err(ConfigError::new(format!(
                "the issuer {name:?} is configured twice: give it all its audiences and keys at once"
            )));
        }
        if all.is_empty() {
            return Err(ConfigError::new("a verifier needs at least one trusted issuer"));
        }
        Ok(Self::Fixed(all.into()))
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
    pub(super) fn get(&self, name: &str) -> Option<Held<'_>> {
        match self {
            Self::Dynamic(issuers) => issuers.get(name).map(Held::Shared),
            Self::Fixed(issuers) => by_name(issuers, name).map(|trusted| Held::Borrowed(trusted)),
        }
    }

    /// All that are known now, by name.
    pub(super) fn all(&self) -> Vec<Arc<Trusted>> {
        match self {
            Self::Dynamic(issuers) => {
                let mut all = issuers.all();
                all.sort_unstable_by(|one, other| one.name().cmp(other.name()));
                all
            }
            Self::Fixed(issuers) => issuers.to_vec(),
        }
    }
}

fn by_name<'i>(issuers: &'i [Arc<Trusted>], name: &str) -> Option<&'i Arc<Trusted>> {
    let place = issuers.binary_search_by(|trusted| (**trusted.name()).cmp(name)).ok()?;
    issuers.get(place)
}

fn find_fixed(issuers: &[Arc<Trusted>], claims: &Registered<'_>) -> Found {
    let Text(name) = claims.issuer.as_ref().ok_or_else(|| TokenError::missing("iss"))?;
    if let Some(trusted) = by_name(issuers, name) {
        return Ok(Arc::clone(trusted));
    }
    let near = match name.strip_suffix('/') {
        Some(shorter) => by_name(issuers, shorter),
        None => by_name(issuers, &format!("{name}/")),
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
