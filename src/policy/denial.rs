use std::{borrow::Cow, error::Error, fmt, sync::Arc, time::Duration};

use super::{
    held::Held,
    lacking::{Lacking, Ways},
};
use crate::token::ClaimsError;

/// Why a verified token may not do what a request asks for.
///
/// A [`Policy`](crate::Policy) answers with one of these; the choice decides what the client is told:
///
/// | made by | means | the client sees |
/// |---|---|---|
/// | [`Denial::forbidden`], [`Denial::unless`] | no new token would help | 403 |
/// | [`RequireScope::denial`](crate::RequireScope::denial) | a token with these scopes would help | 403 `insufficient_scope` |
/// | [`RequireAcr::denial`](crate::RequireAcr::denial), [`RequireFreshAuth::denial`](crate::RequireFreshAuth::denial) | another login would help | 401 `insufficient_user_authentication` |
/// | [`Denial::unavailable`] | nobody can say now | 503 with `Retry-After` |
/// | `?` on a [`ClaimsError`] | the claims are not of the type they should be | 403 |
///
/// Neither `Debug` nor `Display` show anything of the token.
#[derive(Clone)]
pub struct Denial {
    why: Why,
    /// It is known that the answer is no: the opposite may then be permitted.
    decided: bool,
    reason: Option<&'static str>,
    claim: Option<Cow<'static, str>>,
}

/// What sort of [`Denial`] it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum DenialKind {
    /// The claims do not fit the type that a policy asks for.
    ClaimsMismatch,
    /// No new token would help.
    Forbidden,
    /// A token with other scopes would help.
    InsufficientScope,
    /// A stronger or more recent login would help, perhaps with other scopes as well.
    InsufficientUserAuthentication,
    /// Nobody can say now whether it is permitted.
    Unavailable,
}

#[derive(Clone)]
enum Why {
    Claims(ClaimsError),
    Forbidden,
    Lacking(Box<Ways>),
    Unavailable { retry_after: Option<Duration>, source: Arc<dyn Error + Send + Sync> },
}

impl Denial {
    /// It is not permitted, and no new token would change that: 403 without a challenge.
    #[must_use]
    pub fn forbidden() -> Self {
        Self::of(Why::Forbidden)
    }

    /// Permitted if this holds, and else [forbidden](Self::forbidden).
    ///
    /// # Errors
    ///
    /// It does not hold.
    pub fn unless(permitted: bool) -> Result<(), Self> {
        if permitted { Ok(()) } else { Err(Self::forbidden()) }
    }

    /// Nobody can say now: the request is answered with 503, and with `Retry-After`.
    ///
    /// The source is logged at `warn`, so it should hold no secret.
    #[must_use]
    pub fn unavailable(source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        let source: Box<dyn Error + Send + Sync> = source.into();
        Self::of(Why::Unavailable { retry_after: None, source: Arc::from(source) })
    }

    /// When it is worth asking again: the `Retry-After` of an [unavailable](Self::unavailable) answer, in whole
    /// seconds, rounded up. 5 seconds unless it is set; of no effect on any other denial.
    #[must_use]
    pub fn with_retry_after(mut self, after: Duration) -> Self {
        if let Why::Unavailable { retry_after, .. } = &mut self.why {
            *retry_after = Some(after);
        }
        self
    }

    /// A name of your own for it in logs and metrics, such as `not_the_owner`. Clients do not see it.
    #[must_use]
    pub fn with_reason(mut self, reason: &'static str) -> Self {
        self.reason = Some(reason);
        self
    }

    /// What sort of denial it is.
    pub fn kind(&self) -> DenialKind {
        match &self.why {
            Why::Claims(_) => DenialKind::ClaimsMismatch,
            Why::Forbidden => DenialKind::Forbidden,
            Why::Lacking(ways) if ways.choice().lacks_login() => {
                DenialKind::InsufficientUserAuthentication
            }
            Why::Lacking(_) => DenialKind::InsufficientScope,
            Why::Unavailable { .. } => DenialKind::Unavailable,
        }
    }

    /// The name that was [given](Self::with_reason) to it.
    pub fn reason(&self) -> Option<&'static str> {
        self.reason
    }

    /// The path of the claim that it is about, as it was configured.
    pub fn claim(&self) -> Option<&str> {
        self.claim.as_deref()
    }

    /// The scopes that a token would need.
    pub fn scopes(&self) -> impl ExactSizeIterator<Item = &str> {
        let scopes = self.lacking().map(Lacking::scopes).unwrap_or_default();
        scopes.iter().map(|scope| &**scope)
    }

    /// When it is worth asking again, where a policy said so.
    pub fn retry_after(&self) -> Option<Duration> {
        match &self.why {
            Why::Unavailable { retry_after, .. } => *retry_after,
            Why::Claims(_) | Why::Forbidden | Why::Lacking(_) => None,
        }
    }

    /// The token lacks something that another one could have.
    pub(super) fn lacks(lacking: Lacking) -> Self {
        Self::of(Why::lacking(Ways::one(lacking)))
    }

    /// The same, about the claim at this path.
    pub(super) fn about(mut self, claim: impl Into<Cow<'static, str>>) -> Self {
        self.claim = Some(claim.into());
        self
    }

    /// The same, where the claims are not such that anything can be said: neither it nor its opposite is permitted.
    pub(super) fn undecided(mut self) -> Self {
        self.decided = false;
        self
    }

    pub(super) fn is_decided(&self) -> bool {
        self.decided
    }

    /// Whatever else denies it, the answer will be this one.
    pub(super) fn is_final(&self) -> bool {
        self.decided && matches!(self.why, Why::Forbidden)
    }

    /// What a new token would have to bring, if one would help.
    pub(crate) fn lacking(&self) -> Option<&Lacking> {
        match &self.why {
            Why::Lacking(ways) => Some(ways.choice()),
            Why::Claims(_) | Why::Forbidden | Why::Unavailable { .. } => None,
        }
    }

    /// The same, with the scopes that were needed and are held: those to name before its own, and those after them.
    pub(crate) fn completed(mut self, before: &Held, after: &Held) -> Self {
        self.why = match self.why {
            Why::Lacking(ways) => Why::lacking(ways.completed(before, after)),
            why => why,
        };
        self
    }

    /// The same for the opposite, which what is lacking here would not help.
    pub(super) fn without_challenge(mut self) -> Self {
        if matches!(self.why, Why::Lacking(_)) {
            self.why = Why::Forbidden;
        }
        self
    }

    /// Two policies that are both asked for deny it.
    pub(super) fn and(self, other: Self) -> Self {
        let decided = self.decided || other.decided;
        let denial = match (&self.why, &other.why) {
            (Why::Lacking(ways), Why::Lacking(more)) => {
                Self { why: ways.and(more).map_or(Why::Forbidden, Why::lacking), ..self }
            }
            (one, two) if one.finality() >= two.finality() => self,
            _ => other,
        };
        Self { decided, ..denial }
    }

    /// Two policies of which one is enough deny it.
    pub(super) fn or(self, other: Self) -> Self {
        let decided = self.decided && other.decided;
        let denial = match (self.why, other.why) {
            (Why::Lacking(ways), Why::Lacking(more)) => {
                Self { why: Why::lacking(ways.or(*more)), ..self }
            }
            (one, two) if one.finality() <= two.finality() => Self { why: one, ..self },
            (_, two) => Self { why: two, ..other },
        };
        Self { decided, ..denial }
    }

    pub(crate) fn claims_error(&self) -> Option<&ClaimsError> {
        match &self.why {
            Why::Claims(error) => Some(error),
            Why::Forbidden | Why::Lacking(_) | Why::Unavailable { .. } => None,
        }
    }

    fn of(why: Why) -> Self {
        let decided = matches!(why, Why::Forbidden | Why::Lacking(_));
        Self { why, decided, reason: None, claim: None }
    }
}

impl Why {
    fn lacking(ways: Ways) -> Self {
        Self::Lacking(Box::new(ways))
    }

    /// How little can be done about it.
    fn finality(&self) -> u8 {
        match self {
            Self::Forbidden => 3,
            Self::Claims(_) => 2,
            Self::Lacking(_) => 1,
            Self::Unavailable { .. } => 0,
        }
    }
}

impl From<ClaimsError> for Denial {
    fn from(error: ClaimsError) -> Self {
        Self::of(Why::Claims(error))
    }
}

impl fmt::Display for Denial {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.kind() {
            DenialKind::ClaimsMismatch => "the claims are not of the type that a policy asks for",
            DenialKind::Forbidden => "the token does not permit this",
            DenialKind::InsufficientScope => "the token lacks a scope",
            DenialKind::InsufficientUserAuthentication => {
                "the login is not strong or recent enough"
            }
            DenialKind::Unavailable => "nobody can say now whether this is permitted",
        })
    }
}

impl fmt::Debug for Denial {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { why: _, decided: _, reason, claim } = self;
        f.debug_struct("Denial")
            .field("kind", &self.kind())
            .field("reason", reason)
            .field("claim", claim)
            .finish_non_exhaustive()
    }
}

impl Error for Denial {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match &self.why {
            Why::Claims(error) => Some(error),
            Why::Unavailable { source, .. } => Some(&**source),
            Why::Forbidden | Why::Lacking(_) => None,
        }
    }
}
