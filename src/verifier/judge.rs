//! The way of one token through a verifier.

use std::{error::Error, ptr, sync::Arc};

use super::{
    candidate::{Candidate, not_revoked},
    headers::Headers,
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
    pub(super) headers: Headers,
    pub(super) memory: Memory,
}

impl Court {
    pub(super) fn verify(self: &Arc<Self>, token: &[u8]) -> Lookup<Judged> {
        let proof = match self.recall(token) {
            Some(Ok(judged)) => return Lookup::Ready(judged),
            Some(Err(proof)) => {
                self.memory.count("stale");
                // It is remembered again if it is good.
                self.memory.forget(token);
                Some(proof)
            }
            None => {
                self.memory.count("miss");
                None
            }
        };
        self.verify_anew(token, proof)
    }

    /// Judges a token that was verified before by the time and by what has been revoked; `None` if it is not known. The
    /// old proof is handed out if anything else has changed since.
    fn recall(&self, token: &[u8]) -> Option<Result<Judged, VerifiedToken>> {
        let Remembered { proof, generation } = self.memory.get(token)?;
        let proof = VerifiedToken::proven(proof);
        let trusted = self.issuers.get(proof.issuer());
        let trusted = trusted.filter(|trusted| ptr::eq(&raw const *trusted.terms, proof.terms()));
        let Some(trusted) = trusted else { return Some(Err(proof)) };
        let algorithm = Some(proof.algorithm().name());
        if let Err(error) = trusted.rules.times.check(proof.dates(), trusted.now()) {
            self.memory.count("hit");
            self.memory.forget(token);
            return Some(Ok(counted(Err(error), algorithm)));
        }
        if trusted.keys.generation() != Some(generation) {
            return Some(Err(proof));
        }
        self.memory.count("hit");
        Some(Ok(counted(not_revoked(proof), algorithm)))
    }

    fn verify_anew(self: &Arc<Self>, token: &[u8], proof: Option<VerifiedToken>) -> Lookup<Judged> {
        let mut notes = Notes::default();
        let begun = self.begin(token, proof.as_ref(), &mut notes, |header, claims| {
            self.issuers.find(header, claims)
        });
        match begun {
            Ok(Begun { candidate, key: Lookup::Ready(key), parts }) => {
                let judged = finish(candidate, key, &parts);
                Lookup::Ready(self.conclude(token, judged, notes))
            }
            Ok(Begun { candidate, key: Lookup::Pending(key), .. }) => {
                let (court, token) = (Arc::clone(self), token.to_owned());
                Lookup::pending(async move {
                    let key = key.await;
                    let judged = Compact::split(&token)
                        .map_err(TokenError::from)
                        .and_then(|parts| finish_later(candidate, key, &parts));
                    court.conclude(&token, judged, notes)
                })
            }
            Err(Halt::Refused(error)) => Lookup::Ready(self.conclude(token, Err(error), notes)),
            Err(Halt::Waits(issuer)) => {
                let (court, token) = (Arc::clone(self), token.to_owned());
                Lookup::pending(async move {
                    let judged = court.verify_of(issuer, &token, proof, &mut notes).await;
                    court.conclude(&token, judged, notes)
                })
            }
        }
    }

    /// Verifies a token whose issuer had to be asked for.
    async fn verify_of(
        &self,
        issuer: Lookup<Result<Arc<Trusted>, TokenError>>,
        token: &[u8],
        proof: Option<VerifiedToken>,
        notes: &mut Notes,
    ) -> Judged {
        let trusted = issuer.await?;
        let begun =
            self.begin(token, proof.as_ref(), notes, |_, _| Ok::<_, TokenError>(trusted))?;
        let Begun { candidate, key, parts } = begun;
        finish_later(candidate, key.await, &parts)
    }

    /// All that can be judged without a key, and the question for the key.
    fn begin<'t, E>(
        &self,
        token: &'t [u8],
        proof: Option<&VerifiedToken>,
        notes: &mut Notes,
        issuer: impl FnOnce(&Header<'_>, &Registered<'_>) -> Result<Arc<Trusted>, E>,
    ) -> Result<Begun<'t>, E>
    where
        E: From<TokenError> + From<TokenErrorKind>,
    {
        let parts = Compact::split(token)?;
        let known = self.headers.get(parts.header);
        let (mut stack, mut heap, mut read) = ([0; 1024], Vec::new(), None);
        let header = if let Some(known) = &known {
            &known.header
        } else {
            let json = compact::decode_into(parts.header, &mut stack, &mut heap);
            read.insert(Header::read(json.ok_or(TokenErrorKind::Malformed)?)?)
        };
        (notes.algorithm, notes.unread) = (Some(header.algorithm().name()), known.is_none());
        let (mut stack, mut heap) = ([0; 1024], Vec::new());
        let payload = compact::decode_into(parts.payload, &mut stack, &mut heap)
            .and_then(|payload| str::from_utf8(payload).ok())
            .ok_or(TokenErrorKind::Malformed)?;
        let claims = Registered::read(payload)?;
        if has_reserved_strings(payload) {
            return Err(TokenErrorKind::InvalidClaim.into());
        }
        let trusted = issuer(header, &claims)?;
        let claims = trusted.judge(header, claims, payload)?;
        // Before the key, which may belong to a later set: what is remembered is then doubted once too often.
        notes.generation = self.memory.is_on().then(|| trusted.keys.generation()).flatten();
        let key = trusted.keys.resolve(header);
        let algorithm = header.algorithm();
        let (payload, proof) = (payload.into(), proof.cloned());
        let candidate = Candidate { trusted, algorithm, payload, claims, proof };
        Ok(Begun { candidate, key, parts })
    }

    /// Remembers what is good, and counts everything.
    fn conclude(&self, token: &[u8], judged: Judged, notes: Notes) -> Judged {
        let Notes { algorithm, generation, unread } = notes;
        if let Ok(verified) = &judged {
            if let Some(generation) = generation {
                self.memory.keep(token, Remembered { proof: verified.proof(), generation });
            }
            if unread && self.headers.wants_more() {
                self.learn_header(token);
            }
        }
        counted(judged, algorithm)
    }

    fn learn_header(&self, token: &[u8]) {
        let Ok(parts) = Compact::split(token) else { return };
        let json = compact::decode(parts.header).unwrap_or_default();
        if let Ok(header) = Header::read(&json) {
            self.headers.keep(parts.header, &header);
        }
    }
}

/// What is noted on the way.
#[derive(Clone, Copy, Default)]
struct Notes {
    /// What the header names, for the record of what becomes of the token.
    algorithm: Option<&'static str>,
    /// Of which generation the keys were before one of them was asked for.
    generation: Option<u64>,
    /// The header was not known.
    unread: bool,
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
