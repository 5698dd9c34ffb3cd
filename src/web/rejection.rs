//! [`Rejection`]: why a request goes no further.

use std::{fmt, sync::Arc, time::Duration};

use http::{Extensions, HeaderValue, StatusCode};

use super::challenge::{self, ChallengeParams, RejectionKind};
use crate::{
    error::{TokenError, TokenErrorKind},
    telemetry::TARGET,
    token::{ClaimsError, Outcome, VerifiedToken},
};

/// Why a request goes no further, and all that an answer may say about it.
///
/// A [responder](crate::Respond) turns it into a response. It holds nothing of the token.
#[derive(Clone)]
pub struct Rejection {
    kind: RejectionKind,
    cause: Cause,
    params: Arc<ChallengeParams>,
}

#[derive(Clone)]
enum Cause {
    Claims(ClaimsError),
    None,
    Token(TokenError),
}

impl Rejection {
    /// Which row of the table it is.
    pub fn kind(&self) -> RejectionKind {
        self.kind
    }

    /// The status of the answer.
    pub fn status(&self) -> StatusCode {
        challenge::row(self.kind).status
    }

    /// The `error` code of RFC 6750 §3.1, if the answer has one.
    pub fn error_code(&self) -> Option<&'static str> {
        challenge::row(self.kind).error
    }

    /// One fixed sentence for the client. It tells nothing of the token, nor, but for
    /// [`Misconfigured`](RejectionKind::Misconfigured), of the set-up.
    pub fn description(&self) -> &'static str {
        challenge::row(self.kind).description
    }

    /// The value of `WWW-Authenticate`, if the answer has one.
    pub fn challenge(&self) -> Option<HeaderValue> {
        challenge::row(self.kind).challenge.then(|| self.challenge_of(self.kind))
    }

    /// When it is worth asking again: for [`Unavailable`](RejectionKind::Unavailable) alone,
    /// 5 seconds unless the resolver knew better.
    pub fn retry_after(&self) -> Option<Duration> {
        const DEFAULT: Duration = Duration::from_secs(5);
        (self.kind == RejectionKind::Unavailable)
            .then(|| self.token_error().and_then(TokenError::retry_after).unwrap_or(DEFAULT))
    }

    /// What was wrong with the token, for logs of your own. A client should not be told.
    pub fn token_error(&self) -> Option<&TokenError> {
        match &self.cause {
            Cause::Token(error) => Some(error),
            Cause::Claims(_) | Cause::None => None,
        }
    }

    /// Which claim did not fit, for logs of your own.
    pub fn claims_error(&self) -> Option<&ClaimsError> {
        match &self.cause {
            Cause::Claims(error) => Some(error),
            Cause::None | Cause::Token(_) => None,
        }
    }

    /// The request brings no credentials.
    pub(crate) fn missing() -> Self {
        Self::of(RejectionKind::MissingCredentials, Cause::None)
    }

    /// No layer looked for a token.
    pub(crate) fn misconfigured() -> Self {
        Self::of(RejectionKind::Misconfigured, Cause::None)
    }

    /// The same refusal, in the name of this layer.
    pub(crate) fn with_params(mut self, params: &Arc<ChallengeParams>) -> Self {
        self.params = Arc::clone(params);
        self
    }

    /// A challenge for a 401 that a responder made of a refusal that has none.
    pub(crate) fn any_challenge(&self) -> HeaderValue {
        let own = self.challenge();
        own.unwrap_or_else(|| self.challenge_of(RejectionKind::MissingCredentials))
    }

    /// The reason's stable name: the token error's own where there is one.
    pub(crate) fn reason(&self) -> &'static str {
        self.token_error().map_or(self.kind.code(), |error| error.kind().code())
    }

    /// One event for each refusal, from where it is answered.
    pub(crate) fn log(&self) {
        let (reason, status) = (self.reason(), self.status().as_u16());
        match &self.cause {
            Cause::Claims(error) => {
                let field = error.field();
                tracing::warn!(target: TARGET, field, "claims do not fit the type a handler asks for");
            }
            Cause::None if self.kind == RejectionKind::Misconfigured => {
                tracing::error!(target: TARGET, "no JwtLayer has run before this handler");
            }
            Cause::None | Cause::Token(_) => {
                let claim = self.token_error().and_then(TokenError::claim);
                tracing::debug!(target: TARGET, reason, claim, status, "request refused");
            }
        }
    }

    fn challenge_of(&self, kind: RejectionKind) -> HeaderValue {
        self.params.render(&challenge::row(kind))
    }

    fn of(kind: RejectionKind, cause: Cause) -> Self {
        Self { kind, cause, params: Arc::default() }
    }
}

/// The verified token that these extensions of a request speak of; `None` if there were no credentials.
#[cfg_attr(
    not(feature = "axum"),
    expect(dead_code, reason = "extractors ask; others will come on floor 5")
)]
pub(crate) fn verified(extensions: &Extensions) -> Result<Option<&VerifiedToken>, Rejection> {
    match extensions.get::<Outcome>() {
        Some(Outcome::Absent) => Ok(None),
        Some(Outcome::Failed(error)) => Err(error.clone().into()),
        Some(Outcome::Verified { token, .. }) => Ok(Some(token)),
        None => Err(Rejection::misconfigured()),
    }
}

impl From<TokenError> for Rejection {
    fn from(error: TokenError) -> Self {
        let kind = match error.kind() {
            TokenErrorKind::InvalidCredentials
            | TokenErrorKind::SeveralCredentials
            | TokenErrorKind::TokenTooLong => RejectionKind::InvalidRequest,
            TokenErrorKind::IssuerUnavailable | TokenErrorKind::KeysUnavailable => {
                RejectionKind::Unavailable
            }
            TokenErrorKind::Expired => RejectionKind::ExpiredToken,
            TokenErrorKind::AlgorithmNotAllowed
            | TokenErrorKind::AudienceMismatch
            | TokenErrorKind::BoundToken
            | TokenErrorKind::CriticalHeader
            | TokenErrorKind::InvalidClaim
            | TokenErrorKind::InvalidSignature
            | TokenErrorKind::LifetimeTooLong
            | TokenErrorKind::Malformed
            | TokenErrorKind::MissingClaim
            | TokenErrorKind::NotYetValid
            | TokenErrorKind::TooOld
            | TokenErrorKind::TypeNotAllowed
            | TokenErrorKind::UnknownIssuer
            | TokenErrorKind::UnknownKey => RejectionKind::InvalidToken,
        };
        Self::of(kind, Cause::Token(error))
    }
}

impl From<ClaimsError> for Rejection {
    fn from(error: ClaimsError) -> Self {
        Self::of(RejectionKind::ClaimsMismatch, Cause::Claims(error))
    }
}

impl fmt::Display for Rejection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.description())
    }
}

impl fmt::Debug for Rejection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Rejection")
            .field("kind", &self.kind)
            .field("reason", &self.reason())
            .finish_non_exhaustive()
    }
}

impl std::error::Error for Rejection {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match &self.cause {
            Cause::Claims(error) => Some(error),
            Cause::None => None,
            Cause::Token(error) => Some(error),
        }
    }
}
