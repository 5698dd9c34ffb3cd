//! What is written down of a refusal.

use std::mem;

use super::{Cause, Rejection, RejectionKind};
use crate::{
    policy::denial::DenialKind,
    telemetry::{
        TARGET,
        record::{Record, Signer},
    },
};

impl Rejection {
    /// The reason's stable name: the token error's or the policy's own where there is one.
    pub(super) fn reason(&self) -> &'static str {
        match &self.0.cause {
            Cause::Token(error) => error.kind().code(),
            Cause::Denial(denial) => denial.reason().unwrap_or(self.kind().code()),
            Cause::Claims(_) | Cause::None => self.kind().code(),
        }
    }

    /// One record for each refusal, from where it is answered.
    pub(crate) fn log(&mut self) {
        if mem::replace(&mut self.0.logged, true) {
            return;
        }
        self.warn();
        let claim = match &self.0.cause {
            Cause::Token(error) => error.claim(),
            Cause::Denial(denial) => denial.claim(),
            Cause::Claims(_) | Cause::None => None,
        };
        let (reason, signer, latency) = (self.reason(), self.signer(), self.0.latency);
        Record { reason, claim, signer, latency }.refused(self.status().as_u16());
    }

    /// What an operator has to know of.
    fn warn(&self) {
        if let Some(error) = self.claims_error() {
            let field = error.field();
            tracing::warn!(target: TARGET, field, "claims do not fit the type asked for");
        }
        if self.kind() == RejectionKind::Misconfigured {
            tracing::error!(target: TARGET, "no JwtLayer has run before this handler, AuthorizeLayer or LifetimeLayer");
        }
        if let Some(denial) = self.denial().filter(|d| d.kind() == DenialKind::Unavailable) {
            let reason = denial.reason();
            let error = std::error::Error::source(denial).map(tracing::field::display);
            tracing::warn!(target: TARGET, reason, error, "policy unavailable");
        }
    }

    fn signer(&self) -> Signer<'_> {
        match (&self.0.token, self.token_error()) {
            (Some(token), _) => token.signer(),
            (None, Some(error)) => Signer::of(error),
            (None, None) => Signer::default(),
        }
    }
}
