//! What is decided about a request, and what it then waits for: the ground that both layers share.

use std::{
    sync::Arc,
    task::{Context, Poll},
};

use futures_util::future::BoxFuture;
use http::{Request, Response};

use super::{
    rejection::{Passed, Rejection, verified},
    wanted::Asked,
};
use crate::{
    error::TokenError,
    head::RequestHead,
    lookup::Lookup,
    policy::{Policy, denial::Denial},
    telemetry::record::{Latency, Record, Signer},
    token::{TokenOrigin, VerifiedToken},
};

/// What a future asks of the layer that made it, whatever the layer was told.
pub(crate) trait Judge<ReqBody, ResBody>: Send + Sync {
    /// Goes on with a request, now that what was waited for is here.
    fn resume(&self, request: &mut Request<ReqBody>, done: Done) -> Step;

    /// The response to a refusal of this layer.
    fn refuse(&self, rejection: Rejection, asked: Asked) -> Response<ResBody>;

    /// The response of the inner service, which may be a refusal of an extractor or an inner layer.
    fn answered(
        &self,
        response: Response<ResBody>,
        passed: &Passed,
        asked: Asked,
    ) -> Response<ResBody>;
}

/// What the requests of one service share. Routers make a service for each connection, whose count is then its own: threads
/// do not fight for that of the layer.
pub(crate) struct Shared<J>(pub(crate) Arc<J>);

impl<J, ReqBody, ResBody> Judge<ReqBody, ResBody> for Shared<J>
where
    J: Judge<ReqBody, ResBody>,
{
    fn resume(&self, request: &mut Request<ReqBody>, done: Done) -> Step {
        self.0.resume(request, done)
    }

    fn refuse(&self, rejection: Rejection, asked: Asked) -> Response<ResBody> {
        self.0.refuse(rejection, asked)
    }

    fn answered(
        &self,
        response: Response<ResBody>,
        passed: &Passed,
        asked: Asked,
    ) -> Response<ResBody> {
        self.0.answered(response, passed, asked)
    }
}

/// What is to be done with a request.
pub(crate) enum Step {
    Pass(Passed),
    Refuse(Rejection),
    Wait(Wait),
}

/// What is waited for.
pub(crate) enum Wait {
    Authorizing(BoxFuture<'static, Result<(), Denial>>),
    Verifying(BoxFuture<'static, Result<VerifiedToken, TokenError>>, TokenOrigin),
}

/// What has come of it.
pub(crate) enum Done {
    Authorized(Result<(), Denial>),
    Verified(Result<VerifiedToken, TokenError>, TokenOrigin),
}

impl Wait {
    pub(crate) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Done> {
        match self {
            Self::Authorizing(decision) => decision.as_mut().poll(cx).map(Done::Authorized),
            Self::Verifying(verified, origin) => {
                verified.as_mut().poll(cx).map(|verified| Done::Verified(verified, *origin))
            }
        }
    }
}

/// Asks a policy about a request whose outcome is known.
pub(crate) fn ask<B>(policy: &dyn Policy, request: &Request<B>, latency: Latency) -> Step {
    let token = match verified(request.extensions()) {
        Ok(Some(token)) => token,
        Ok(None) => return Step::Refuse(Rejection::missing_for(policy)),
        Err(rejection) => return Step::Refuse(rejection),
    };
    match policy.authorize(token, RequestHead::of(request)) {
        Lookup::Ready(Ok(())) => granted(Some(token.clone()), latency),
        Lookup::Ready(Err(denial)) => denied(denial, Some(token), latency),
        Lookup::Pending(decision) => Step::Wait(Wait::Authorizing(decision)),
    }
}

/// A policy has spoken about a request with a good token.
pub(crate) fn decided<B>(
    decision: Result<(), Denial>,
    request: &Request<B>,
    latency: Latency,
) -> Step {
    let token = VerifiedToken::of(request);
    match decision {
        Ok(()) => granted(token.cloned(), latency),
        Err(denial) => denied(denial, token, latency),
    }
}

fn denied(denial: Denial, token: Option<&VerifiedToken>, latency: Latency) -> Step {
    let Some(token) = token else { return Step::Refuse(denial.into()) };
    Step::Refuse(Rejection::from(denial).of_token(token).after(latency))
}

/// There are no credentials, and none are asked for.
pub(crate) fn anonymous(reason: &'static str) -> Step {
    let (signer, latency) = (Signer::default(), Latency::Ready);
    Record { reason, claim: None, signer, latency }.passes("anonymous");
    Step::Pass(Passed::new(None, latency))
}

pub(crate) fn granted(token: Option<VerifiedToken>, latency: Latency) -> Step {
    let signer = token.as_ref().map(VerifiedToken::signer).unwrap_or_default();
    Record { reason: "granted", claim: None, signer, latency }.passes("granted");
    Step::Pass(Passed::new(token, latency))
}
