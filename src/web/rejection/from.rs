//! Which row of the table each reason belongs to.

use super::{Cause, Rejection, RejectionKind};
use crate::{
    error::{TokenError, TokenErrorKind},
    policy::{
        denial::{Denial, DenialKind},
        lacking::Lacking,
    },
    token::ClaimsError,
};

impl From<TokenError> for Rejection {
    fn from(error: TokenError) -> Self {
        let kind = match error.kind() {
            TokenErrorKind::InvalidCredentials
            | TokenErrorKind::SeveralCredentials
            | TokenErrorKind::TokenTooLong => RejectionKind::InvalidRequest,
            TokenErrorKind::IssuerUnavailable
            | TokenErrorKind::KeysUnavailable
            | TokenErrorKind::RevocationUnavailable => RejectionKind::Unavailable,
            TokenErrorKind::CrossOrigin => RejectionKind::CrossOrigin,
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
            | TokenErrorKind::Revoked
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

/// A handler's own denial is answered as a policy's would be.
impl From<Denial> for Rejection {
    fn from(denial: Denial) -> Self {
        let kind = match denial.kind() {
            DenialKind::ClaimsMismatch => RejectionKind::ClaimsMismatch,
            DenialKind::Forbidden => RejectionKind::Forbidden,
            DenialKind::InsufficientScope => RejectionKind::InsufficientScope,
            DenialKind::InsufficientUserAuthentication => {
                RejectionKind::InsufficientUserAuthentication
            }
            DenialKind::Unavailable => RejectionKind::Unavailable,
        };
        let login = denial.lacking().and_then(Lacking::login);
        let mut rejection = Self::of(kind, Cause::Denial(denial));
        rejection.0.login = login;
        rejection
    }
}
