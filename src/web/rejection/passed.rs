use super::{Cause, Rejection};
use crate::{telemetry::record::Latency, token::VerifiedToken};

/// What is remembered of a request that went on.
pub(crate) struct Passed {
    token: Option<VerifiedToken>,
    latency: Latency,
}

impl Passed {
    pub(crate) fn new(token: Option<VerifiedToken>, latency: Latency) -> Self {
        Self { token, latency }
    }
}

impl Rejection {
    /// The same, of a request that had got this far: what the refusal does not know of it, as a handler's own does not,
    /// is filled in.
    pub(crate) fn within(mut self, passed: &Passed) -> Self {
        if !matches!(self.0.cause, Cause::Token(_)) {
            self.0.token = self.0.token.or_else(|| passed.token.clone());
        }
        self.0.latency = self.0.latency.max(passed.latency);
        self
    }
}
