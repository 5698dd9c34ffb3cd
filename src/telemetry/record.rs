//! What is written down of each decision about a request.

use std::sync::Arc;

use super::{TARGET, count};
use crate::error::TokenError;

/// One decision. It holds names of the set-up, words of ours, and nothing that a token brings.
#[derive(Clone, Copy)]
pub(crate) struct Record<'a> {
    /// Why, in one stable word.
    pub(crate) reason: &'static str,
    /// Which claim it is about, as the set-up spells it.
    pub(crate) claim: Option<&'a str>,
    pub(crate) signer: Signer<'a>,
    pub(crate) latency: Latency,
}

/// Who signed a token.
#[derive(Clone, Copy, Default)]
pub(crate) struct Signer<'a> {
    /// The algorithm, once the header was read.
    pub(crate) alg: Option<&'static str>,
    /// The issuer as it was configured, once the signature held.
    pub(crate) issuer: Option<&'a Arc<str>>,
    /// The key as its set spells it, once the signature held.
    pub(crate) kid: Option<&'a str>,
}

/// Whether anything was waited for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Latency {
    /// All that was needed was at hand.
    #[default]
    Ready,
    /// A key, an issuer or a policy was waited for.
    Waited,
}

impl Latency {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Ready => "ready",
            Self::Waited => "waited",
        }
    }
}

/// Stands for an issuer and a key that nobody has vouched for.
pub(super) const UNVERIFIED: &str = "unverified";

impl<'a> Signer<'a> {
    /// Of a token that was refused.
    pub(crate) fn of(error: &'a TokenError) -> Self {
        let (issuer, kid) = error.signer().unzip();
        Self { alg: error.algorithm(), issuer, kid: kid.flatten() }
    }

    pub(super) fn alg(&self) -> &'static str {
        self.alg.unwrap_or("unknown")
    }

    fn issuer(&self) -> &str {
        self.issuer.map_or(UNVERIFIED, |issuer| issuer)
    }

    /// A key without a name has none, however well its signature held.
    fn kid(&self) -> Option<&str> {
        if self.issuer.is_some() { self.kid } else { Some(UNVERIFIED) }
    }
}

impl Record<'_> {
    /// The request goes on.
    pub(crate) fn passes(&self, outcome: &'static str) {
        let Self { reason, claim, signer, latency } = self;
        let (alg, issuer, kid) = (signer.alg(), signer.issuer(), signer.kid());
        let latency = latency.name();
        tracing::debug!(target: TARGET, outcome, reason, claim, alg, issuer, kid, latency, "request passes");
        count::decision(outcome, self);
    }

    /// The request is answered here.
    pub(crate) fn refused(&self, status: u16) {
        let Self { reason, claim, signer, latency } = self;
        let (alg, issuer, kid) = (signer.alg(), signer.issuer(), signer.kid());
        let (outcome, latency) = ("refused", latency.name());
        tracing::debug!(target: TARGET, outcome, reason, claim, status, alg, issuer, kid, latency, "request refused");
        count::decision(outcome, self);
    }
}
