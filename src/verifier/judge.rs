//! The way of one token through a verifier.

use std::{error::Error, ptr, sync::Arc};

use super::{
    candidate::{Candidate, not_revoked},
    issuer::Trusted,
    issuers::{Halt, Issuers},
    memory::{Memory, Remembered},
};
use crate::{
    claims::registered::Registered,
    error::{KeyError, KeyErrorKind, TokenError, TokenErrorKind},
    jose::{
        compact::{self, Compact},
        header::Header,
        json::has_reserved_strings,
        key::VerifyingKey,
    },
    lookup::Lookup,
    telemetry::{TARGET, count},
    token::VerifiedToken,
};

pub(super) type Judged = Result<VerifiedToken, TokenError>;

/// Who judges, and what was learnt.
pub(super) struct Court {
    pub(super) issuers: Issuers,
    pub(super) memory: Memory,
}

impl Court {
    pub(super) fn verify(self: &Arc<Self>, token: &str) -> Lookup<Judged> {
        let Some(known) = self.memory.get(token) else { return self.verify_anew(token, None) };
        let algorithm = known.token.algorithm().name();
        match self.recall(token, known) {
            Ok(judged) => Lookup::Ready(counted(judged, Some(algorithm))),
            Err(proof) => {
                // It is remembered again if it is good.
                self.memory.forget(token);
                self.verify_anew(token, Some(proof))
            }
        }
    }

    /// Judges a token that was verified before by the time and by what has been revoked. The old proof is handed out
    /// if anything else has changed since.
    fn recall(&self, token: &str, known: Remembered) -> Result<Judged, VerifiedToken> {
        let Remembered { token: proof, generation } = known;
        let Some(trusted) = self.issuers.get(proof.issuer()) else { return Err(proof) };
        if !ptr::eq(&raw const *trusted.terms, proof.terms()) {
            return Err(proof);
        }
        if let Err(error) = trusted.rules.times.check(proof.dates(), trusted.now()) {
            self.memory.forget(token);
            return Ok(Err(error));
        }
        if trusted.keys.generation() == Some(generation) {
            Ok(not_revoked(proof))
        } else {
            Err(proof)
        }
    }

    fn verify_anew(self: &Arc<Self>, token: &str, proof: Option<VerifiedToken>) -> Lookup<Judged> {
        let mut algorithm = None;
        let begun = self.begin(token, proof, &mut algorithm, |header, claims| {
            self.issuers.find(header, claims)
        });
        match begun {
            Ok(Begun { candidate, key: Lookup::Ready(key), parts }) => {
                let generation = candidate.generation;
                let judged = finish(candidate, key, &parts);
                Lookup::Ready(self.conclude(token, judged, generation, algorithm))
            }
            Ok(Begun { candidate, key: Lookup::Pending(key), .. }) => {
                let (court, token) = (Arc::clone(self), token.to_owned());
                Lookup::pending(async move {
                    let key = key.await;
                    let generation = candidate.generation;
                    let judged = Compact::split(&token)
                        .map_err(TokenError::from)
                        .and_then(|parts| finish_later(candidate, key, &parts));
                    court.conclude(&token, judged, generation, algorithm)
                })
            }
            Err(Halt::Refused(error)) => Lookup::Ready(counted(Err(error), algorithm)),
            Err(Halt::Waits(issuer)) => {
                let (court, token) = (Arc::clone(self), token.to_owned());
                Lookup::pending(async move {
                    let judged = court.verify_of(issuer, &token).await;
                    counted(judged, algorithm)
                })
            }
        }
    }

    /// Verifies a token whose issuer had to be asked for.
    async fn verify_of(
        &self,
        issuer: Lookup<Result<Arc<Trusted>, TokenError>>,
        token: &str,
    ) -> Judged {
        let trusted = issuer.await?;
        let begun = self.begin(token, None, &mut None, |_, _| Ok::<_, TokenError>(trusted))?;
        let Begun { candidate, key, parts } = begun;
        finish_later(candidate, key.await, &parts)
    }

    /// All that can be judged without a key, and the question for the key.
    ///
    /// It notes the algorithm that the header names, for the record of what becomes of the token.
    fn begin<'t, E>(
        &self,
        token: &'t str,
        proof: Option<VerifiedToken>,
        algorithm: &mut Option<&'static str>,
        issuer: impl FnOnce(&Header<'_>, &Registered<'_>) -> Result<Arc<Trusted>, E>,
    ) -> Result<Begun<'t>, E>
    where
        E: From<TokenError> + From<TokenErrorKind>,
    {
        let parts = Compact::split(token)?;
        let (mut stack, mut heap) = ([0; 1024], Vec::new());
        let header = compact::decode_into(parts.header, &mut stack, &mut heap)
            .ok_or(TokenErrorKind::Malformed)?;
        let header = Header::read(header)?;
        *algorithm = Some(header.algorithm().name());
        let payload = compact::decode(parts.payload)
            .and_then(|payload| String::from_utf8(payload).ok())
            .ok_or(TokenErrorKind::Malformed)?;
        let claims = Registered::read(&payload)?;
        if has_reserved_strings(&payload) {
            return Err(TokenErrorKind::InvalidClaim.into());
        }
        let trusted = issuer(&header, &claims)?;
        let claims = trusted.judge(&header, claims, &payload)?;
        // Before the key, which may belong to a later set: what is remembered is then doubted once too often.
        let generation = self.memory.is_on().then(|| trusted.keys.generation()).flatten();
        let key = trusted.keys.resolve(&header);
        let algorithm = header.algorithm();
        let candidate = Candidate { trusted, algorithm, payload, claims, proof, generation };
        Ok(Begun { candidate, key, parts })
    }

    /// Remembers a token that is good.
    fn conclude(
        &self,
        token: &str,
        judged: Judged,
        generation: Option<u64>,
        algorithm: Option<&'static str>,
    ) -> Judged {
        if let (Ok(verified), Some(generation)) = (&judged, generation) {
            self.memory.keep(token, Remembered { token: verified.clone(), generation });
        }
        counted(judged, algorithm)
    }
}

/// A token that wants only its signature checked.
struct Begun<'t> {
    candidate: Candidate,
    key: Lookup<Result<VerifyingKey, KeyError>>,
    parts: Compact<'t>,
}

fn finish(
    candidate: Candidate,
    key: Result<VerifyingKey, KeyError>,
    parts: &Compact<'_>,
) -> Judged {
    let key = key.inspect_err(|error| {
        if error.kind() != KeyErrorKind::NotFound {
            let source = error.source().map(tracing::field::display);
            let issuer = &**candidate.trusted.name();
            if error.is_told() {
                tracing::debug!(target: TARGET, issuer, error = %error, source, "keys unavailable");
            } else {
                tracing::warn!(target: TARGET, issuer, error = %error, source, "keys unavailable");
            }
        }
    })?;
    candidate.verify(key, parts)
}

/// The same once the key has been waited for: the dates were judged before.
fn finish_later(
    candidate: Candidate,
    key: Result<VerifyingKey, KeyError>,
    parts: &Compact<'_>,
) -> Judged {
    candidate.check_times_again()?;
    finish(candidate, key, parts)
}

/// The same, once it is counted. An error knows the algorithm, where it was read.
fn counted(judged: Judged, algorithm: Option<&'static str>) -> Judged {
    count::token(judged.as_ref().map(drop).map_err(|error| error.kind().code()));
    judged.map_err(|error| error.with_algorithm(algorithm))
}
