//! The gate: what a layer was told, and what it therefore does with a request. The decision, apart
//! from the futures around it.

use std::{
    mem,
    sync::Arc,
    task::{Context, Poll},
};

use futures_util::future::BoxFuture;
use http::{
    Extensions, HeaderMap, Method, Request, Response,
    header::{
        ACCESS_CONTROL_REQUEST_METHOD, AUTHORIZATION, CONTENT_DISPOSITION, CONTENT_ENCODING,
        CONTENT_LANGUAGE, CONTENT_LENGTH, CONTENT_LOCATION, CONTENT_RANGE, CONTENT_TYPE, ETAG,
        Entry, HeaderName, LAST_MODIFIED, ORIGIN, RETRY_AFTER, TRAILER, TRANSFER_ENCODING, VARY,
        WWW_AUTHENTICATE,
    },
};

use super::{
    challenge::ChallengeParams,
    rejection::{Passed, Rejection, verified},
    respond::{Respond, complete},
    source::TokenSource,
    wanted::Asked,
};
use crate::{
    error::TokenError,
    head::RequestHead,
    lookup::Lookup,
    policy::{Policy, denial::Denial},
    telemetry::record::{Latency, Record, Signer},
    token::{ClaimsError, Outcome, TokenOrigin, VerifiedToken},
    verifier::Verifier,
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

/// What is to be done with a request.
pub(crate) enum Step {
    Pass(Latency),
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

/// Everything a [`JwtLayer`](crate::JwtLayer) was told.
#[derive(Clone)]
pub(crate) struct Gate<T, R> {
    pub(crate) verifier: Verifier,
    pub(crate) mode: Mode,
    pub(crate) source: T,
    pub(crate) responder: R,
    pub(crate) params: Arc<ChallengeParams>,
    pub(crate) pass_preflight: bool,
    pub(crate) typed: Option<Typed>,
    pub(crate) policy: Option<Arc<dyn Policy>>,
}

/// What is done without a good token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mode {
    BestEffort,
    Optional,
    Required,
}

/// Claims of a type that is decoded at the layer.
#[derive(Clone, Copy)]
pub(crate) struct Typed {
    /// Decodes them into the extensions.
    pub(crate) insert: fn(&VerifiedToken, &mut Extensions) -> Result<(), ClaimsError>,
    /// Takes out those that came in.
    pub(crate) remove: fn(&mut Extensions),
}

/// Stands beside the decoded claims, so that a layer further in, which may not know their type, can
/// take them out.
#[derive(Clone, Copy)]
struct RemoveTyped(fn(&mut Extensions));

impl<T: TokenSource, R> Gate<T, R> {
    /// Judges a request as far as that goes without waiting.
    pub(crate) fn judge<B>(&self, request: &mut Request<B>) -> Step {
        mark_sensitive(request.headers_mut());
        self.remove_typed(request.extensions_mut());
        if self.pass_preflight && is_preflight(request) {
            return anonymous(request, "preflight");
        }
        let presented = match self.source.token(RequestHead::of(request)) {
            Err(error) => return self.failed(request, error, Latency::Ready),
            Ok(None) => return self.absent(request),
            Ok(Some(presented)) => presented,
        };
        let origin = presented.origin;
        match self.verifier.verify(presented.token) {
            Lookup::Ready(verified) => self.verified(request, verified, origin, Latency::Ready),
            Lookup::Pending(verifying) => Step::Wait(Wait::Verifying(verifying, origin)),
        }
    }

    /// There is no token.
    fn absent<B>(&self, request: &mut Request<B>) -> Step {
        match &self.policy {
            Some(policy) => Step::Refuse(Rejection::missing_for(&**policy)),
            None if self.mode == Mode::Required => Step::Refuse(Rejection::missing()),
            None => anonymous(request, "absent"),
        }
    }

    /// There is a token, and it is bad or cannot be judged.
    fn failed<B>(&self, request: &mut Request<B>, error: TokenError, latency: Latency) -> Step {
        if self.mode != Mode::BestEffort || self.policy.is_some() {
            return Step::Refuse(Rejection::from(error).after(latency));
        }
        let (reason, claim, signer) = (error.kind().code(), error.claim(), Signer::of(&error));
        Record { reason, claim, signer, latency }.passes("failed");
        Outcome::Failed(error).replace_in(request.extensions_mut());
        Step::Pass(latency)
    }

    /// There is a token, and it was judged.
    fn verified<B>(
        &self,
        request: &mut Request<B>,
        verified: Result<VerifiedToken, TokenError>,
        origin: TokenOrigin,
        latency: Latency,
    ) -> Step {
        let token = match verified {
            Ok(token) => token,
            Err(error) => return self.failed(request, error, latency),
        };
        if let Err(error) = self.insert_typed(&token, request.extensions_mut())
            && self.mode != Mode::BestEffort
        {
            return Step::Refuse(Rejection::from(error).of_token(&token).after(latency));
        }
        Outcome::Verified { token, origin }.replace_in(request.extensions_mut());
        match &self.policy {
            Some(policy) => ask(&**policy, request, latency),
            None => granted(request, latency),
        }
    }

    /// Takes out decoded claims that came in with the request.
    fn remove_typed(&self, extensions: &mut Extensions) {
        if let Some(RemoveTyped(remove)) = extensions.remove() {
            remove(extensions);
        }
        if let Some(typed) = self.typed {
            (typed.remove)(extensions);
        }
    }

    /// Decodes the claims for handlers that find them in the extensions.
    fn insert_typed(
        &self,
        token: &VerifiedToken,
        extensions: &mut Extensions,
    ) -> Result<(), ClaimsError> {
        let Some(typed) = self.typed else { return Ok(()) };
        (typed.insert)(token, extensions)?;
        extensions.insert(RemoveTyped(typed.remove));
        Ok(())
    }
}

impl<T, R> Gate<T, R> {
    /// The response to a refusal, whoever refused.
    fn render<B>(&self, rejection: Rejection, asked: Asked) -> Response<B>
    where
        R: Respond<B>,
    {
        let mut rejection = rejection.answered_by(&self.params, asked);
        rejection.log();
        let mut response = self.responder.respond(&rejection);
        complete(&mut response, &rejection);
        // A responder may have used our own `IntoResponse`: a layer further out is not to answer again.
        response.extensions_mut().remove::<Rejection>();
        response
    }
}

impl<T, R, ReqBody, ResBody> Judge<ReqBody, ResBody> for Gate<T, R>
where
    T: TokenSource,
    R: Respond<ResBody>,
{
    fn resume(&self, request: &mut Request<ReqBody>, done: Done) -> Step {
        match done {
            Done::Authorized(decision) => decided(decision, request, Latency::Waited),
            Done::Verified(verified, origin) => {
                self.verified(request, verified, origin, Latency::Waited)
            }
        }
    }

    fn refuse(&self, rejection: Rejection, asked: Asked) -> Response<ResBody> {
        self.render(rejection, asked)
    }

    fn answered(
        &self,
        mut response: Response<ResBody>,
        passed: &Passed,
        asked: Asked,
    ) -> Response<ResBody> {
        let Some(rejection) = response.extensions_mut().remove::<Rejection>() else {
            return response;
        };
        let mut rejection = rejection.within(passed);
        if let Some(policy) = &self.policy {
            rejection = rejection.completed(&**policy);
        }
        let mut rendered: Response<ResBody> = self.render(rejection, asked);
        keep_headers(response.headers(), rendered.headers_mut());
        let own = mem::replace(rendered.extensions_mut(), mem::take(response.extensions_mut()));
        rendered.extensions_mut().extend(own);
        rendered
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
        Lookup::Ready(decision) => decided(decision, request, latency),
        Lookup::Pending(decision) => Step::Wait(Wait::Authorizing(decision)),
    }
}

/// A policy has spoken about a request with a good token.
pub(crate) fn decided<B>(
    decision: Result<(), Denial>,
    request: &Request<B>,
    latency: Latency,
) -> Step {
    match (decision, VerifiedToken::of(request)) {
        (Ok(()), _) => granted(request, latency),
        (Err(denial), Some(token)) => {
            Step::Refuse(Rejection::from(denial).of_token(token).after(latency))
        }
        (Err(denial), None) => Step::Refuse(denial.into()),
    }
}

/// There are no credentials, and none are asked for.
fn anonymous<B>(request: &mut Request<B>, reason: &'static str) -> Step {
    Outcome::Absent.replace_in(request.extensions_mut());
    let (signer, latency) = (Signer::default(), Latency::Ready);
    Record { reason, claim: None, signer, latency }.passes("anonymous");
    Step::Pass(latency)
}

fn granted<B>(request: &Request<B>, latency: Latency) -> Step {
    let signer = VerifiedToken::of(request).map(VerifiedToken::signer).unwrap_or_default();
    Record { reason: "granted", claim: None, signer, latency }.passes("granted");
    Step::Pass(latency)
}

/// Takes over what layers in between have added, but nothing that speaks of the old answer. All of gRPC's headers do.
fn keep_headers(from: &HeaderMap, to: &mut HeaderMap) {
    const OF_THE_ANSWER: [HeaderName; 15] = [
        CONTENT_DISPOSITION,
        CONTENT_ENCODING,
        CONTENT_LANGUAGE,
        CONTENT_LENGTH,
        CONTENT_LOCATION,
        CONTENT_RANGE,
        CONTENT_TYPE,
        ETAG,
        LAST_MODIFIED,
        RETRY_AFTER,
        TRAILER,
        TRANSFER_ENCODING,
        WWW_AUTHENTICATE,
        // RFC 9530.
        HeaderName::from_static("content-digest"),
        HeaderName::from_static("repr-digest"),
    ];
    for name in from.keys() {
        if OF_THE_ANSWER.contains(name) || name.as_str().starts_with("grpc-") {
            continue;
        }
        // What the old answer depended on and what the new one does are a list.
        if name == VARY || !to.contains_key(name) {
            for value in from.get_all(name) {
                to.append(name, value.clone());
            }
        }
    }
}

/// So that nothing that logs headers further in prints the credentials.
fn mark_sensitive(headers: &mut HeaderMap) {
    if let Entry::Occupied(mut entry) = headers.entry(AUTHORIZATION) {
        entry.iter_mut().for_each(|value| value.set_sensitive(true));
    }
}

/// A CORS preflight (<https://fetch.spec.whatwg.org/#cors-preflight-request>).
fn is_preflight<B>(request: &Request<B>) -> bool {
    request.method() == Method::OPTIONS
        && request.headers().contains_key(ORIGIN)
        && request.headers().contains_key(ACCESS_CONTROL_REQUEST_METHOD)
}
