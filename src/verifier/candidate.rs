use std::sync::Arc;

use super::issuer::Trusted;
use crate::{
    claims::registered::RegisteredSpans,
    error::{TokenError, TokenErrorKind},
    jose::{
        algorithm::Algorithm,
        compact::{self, Compact},
        key::{SignatureError, VerifyingKey},
    },
    token::{Revocation, VerifiedToken},
};

/// A token that passed every check but that of its signature.
pub(super) struct Candidate {
    pub(super) trusted: Arc<Trusted>,
    pub(super) algorithm: Algorithm,
    pub(super) payload: String,
    pub(super) claims: RegisteredSpans,
    /// That this very token was verified before, by which key.
    pub(super) proof: Option<VerifiedToken>,
    /// Of which generation the issuer's keys were before this one was asked for.
    pub(super) generation: Option<u64>,
}

impl Candidate {
    pub(super) fn check_times_again(&self) -> Result<(), TokenError> {
        self.trusted.rules.times.check(self.claims.dates, self.trusted.now())
    }

    /// The signature, at last: the only way to a [`VerifiedToken`].
    pub(super) fn verify(
        self,
        key: VerifyingKey,
        parts: &Compact<'_>,
    ) -> Result<VerifiedToken, TokenError> {
        self.check_key(&key)?;
        self.check_signature(&key, parts)?;
        let required = self.trusted.rules.check_required(&self.payload);
        required.map_err(|error| error.signed_by(self.trusted.name(), key.kid()))?;
        let Self { trusted, payload, claims, .. } = self;
        not_revoked(VerifiedToken::new(Arc::clone(&trusted.terms), key, payload, claims))
    }

    fn check_signature(
        &self,
        key: &VerifyingKey,
        parts: &Compact<'_>,
    ) -> Result<(), TokenErrorKind> {
        if self.proof.as_ref().is_some_and(|proof| proof.key().is_equivalent(key)) {
            return Ok(());
        }
        let (mut stack, mut heap) = ([0; 1024], Vec::new());
        let signature = compact::decode_into(parts.signature, &mut stack, &mut heap)
            .ok_or(TokenErrorKind::Malformed)?;
        key.verify(parts.signing_input, signature).map_err(|error| match error {
            SignatureError::Invalid => TokenErrorKind::InvalidSignature,
            SignatureError::Unavailable => TokenErrorKind::KeysUnavailable,
        })
    }

    /// The key's one algorithm is the token's, and somebody meant the key for it (RFC 8725 §3.1).
    fn check_key(&self, key: &VerifyingKey) -> Result<(), TokenErrorKind> {
        let default = matches!(self.algorithm, Algorithm::RS256 | Algorithm::HS256);
        let meant = key.is_declared() || self.trusted.names_algorithms || default;
        if key.algorithm() == self.algorithm && meant {
            Ok(())
        } else {
            Err(TokenErrorKind::AlgorithmNotAllowed)
        }
    }
}

/// The token, unless it has been taken back or nobody knows.
pub(super) fn not_revoked(token: VerifiedToken) -> Result<VerifiedToken, TokenError> {
    let kind = match token.revocation() {
        Revocation::Good => return Ok(token),
        Revocation::Revoked => TokenErrorKind::Revoked,
        Revocation::Unknown => TokenErrorKind::RevocationUnavailable,
    };
    Err(TokenError::from(kind).signed_by(&token.terms().issuer, token.key_id()))
}
