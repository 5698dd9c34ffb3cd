//! The gate: what a layer was told, and what it therefore does with a request. The decision, apart
//! from the futures around it.

use std::{any::TypeId, mem, sync::Arc};

use http::{
    Extensions, Method, Request, Response,
    header::{ACCESS_CONTROL_REQUEST_METHOD, AUTHORIZATION, ORIGIN},
};

use super::{
    challenge::ChallengeParams,
    csrf::Origins,
    judge::{Done, Judge, Step, Wait, anonymous, ask, decided, granted},
    rejection::{Passed, Rejection},
    respond::{Respond, complete, keep_headers},
    source::{
        AuthorizationHeader, Presented, TokenSource, credentials, is_token68, mark_sensitive,
    },
    wanted::Asked,
};
use crate::{
    error::{TokenError, TokenErrorKind},
    head::RequestHead,
    lookup::Lookup,
    policy::Policy,
    telemetry::record::{Latency, Record, Signer},
    token::{ClaimsError, Outcome, TokenOrigin, VerifiedToken},
    verifier::Verifier,
};

/// Everything a [`JwtLayer`](crate::JwtLayer) was told.
#[derive(Clone)]
pub(crate) struct Gate<T, R> {
    pub(crate) verifier: Verifier,
    pub(crate) mode: Mode,
    pub(crate) source: T,
    pub(crate) origins: Origins,
    pub(crate) responder: R,
    pub(crate) params: Arc<ChallengeParams>,
    pub(crate) pass_preflight: bool,
    pub(crate) typed: Option<Typed>,
    pub(crate) policy: Option<Arc<dyn Policy>>,
}

type Verifying = Lookup<Result<VerifiedToken, TokenError>>;

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

impl<T, R> Gate<T, R> {
    /// The same with another source or responder.
    pub(crate) fn with<S, Q>(self, change: impl FnOnce(T, R) -> (S, Q)) -> Gate<S, Q> {
        let (source, responder) = change(self.source, self.responder);
        Gate {
            verifier: self.verifier,
            mode: self.mode,
            source,
            origins: self.origins,
            responder,
            params: self.params,
            pass_preflight: self.pass_preflight,
            typed: self.typed,
            policy: self.policy,
        }
    }
}

impl<T: TokenSource, R> Gate<T, R> {
    /// Judges a request as far as that goes without waiting.
    pub(crate) fn judge<B>(&self, request: &mut Request<B>) -> Step {
        // So that nothing that logs headers further in prints the credentials.
        mark_sensitive(request.headers_mut(), &AUTHORIZATION);
        let presented = if self.pass_preflight && is_preflight(request) {
            None
        } else {
            Some(self.present(RequestHead::of(request)))
        };
        self.source.conceal(request.headers_mut());
        match presented {
            None => self.anonymous(request, "preflight"),
            Some(Err(error)) => self.failed(request, error, Latency::Ready),
            Some(Ok(None)) => self.absent(request),
            Some(Ok(Some((Lookup::Ready(verified), origin)))) => {
                self.verified(request, verified, origin, Latency::Ready)
            }
            Some(Ok(Some((Lookup::Pending(verifying), origin)))) => {
                Step::Wait(Wait::Verifying(verifying, origin))
            }
        }
    }

    /// Has the token verified, if there is one.
    fn present(
        &self,
        head: RequestHead<'_>,
    ) -> Result<Option<(Verifying, TokenOrigin)>, TokenError> {
        if TypeId::of::<T>() == TypeId::of::<AuthorizationHeader>() {
            let verifying = self.of_header(head)?;
            return Ok(verifying.map(|verifying| (verifying, TokenOrigin::Header)));
        }
        let Some(Presented { token, origin }) = self.source.token(head)? else { return Ok(None) };
        if origin == TokenOrigin::Cookie {
            self.origins.check(head)?;
        }
        Ok(Some((self.verifier.verify(token), origin)))
    }

    /// The same as by [`AuthorizationHeader::token`], where no other place is looked into. A token that is good is of the right
    /// characters anyway: they are looked at only if it is not.
    fn of_header(&self, head: RequestHead<'_>) -> Result<Option<Verifying>, TokenError> {
        let Some(token) = credentials(head)? else { return Ok(None) };
        let verifying = self.verifier.verify_bytes(token);
        if !matches!(verifying, Lookup::Ready(Ok(_))) && !is_token68(token) {
            return Err(TokenErrorKind::InvalidCredentials.into());
        }
        Ok(Some(verifying))
    }

    /// There is no token.
    fn absent<B>(&self, request: &mut Request<B>) -> Step {
        match &self.policy {
            Some(policy) => Step::Refuse(Rejection::missing_for(&**policy)),
            None if self.mode == Mode::Required => Step::Refuse(Rejection::missing()),
            None => self.anonymous(request, "absent"),
        }
    }

    fn anonymous<B>(&self, request: &mut Request<B>, reason: &'static str) -> Step {
        self.put(Outcome::Absent, request.extensions_mut());
        anonymous(reason)
    }

    /// There is a token, and it is bad or cannot be judged.
    fn failed<B>(&self, request: &mut Request<B>, error: TokenError, latency: Latency) -> Step {
        if self.mode != Mode::BestEffort || self.policy.is_some() {
            return Step::Refuse(Rejection::from(error).after(latency));
        }
        let (reason, claim, signer) = (error.kind().code(), error.claim(), Signer::of(&error));
        Record { reason, claim, signer, latency }.passes("failed");
        self.put(Outcome::Failed(error), request.extensions_mut());
        Step::Pass(Passed::new(None, latency))
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
            Ok(token) => token.found_at(origin),
            Err(error) => return self.failed(request, error, latency),
        };
        let extensions = request.extensions_mut();
        self.put(Outcome::Verified { token: token.clone(), origin }, extensions);
        if let Err(error) = self.insert_typed(&token, extensions)
            && self.mode != Mode::BestEffort
        {
            return Step::Refuse(Rejection::from(error).of_token(&token).after(latency));
        }
        match &self.policy {
            Some(policy) => ask(&**policy, request, latency),
            None => granted(Some(token), latency),
        }
    }

    /// Says what became of the token, and takes out what an earlier layer or anybody else has said.
    fn put(&self, outcome: Outcome, extensions: &mut Extensions) {
        outcome.replace_in(extensions);
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
        asked.answer.put(response.status(), response.headers_mut());
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
            asked.answer.put(response.status(), response.headers_mut());
            return response;
        };
        let mut rejection = rejection.within(passed);
        if let Some(policy) = &self.policy {
            rejection = rejection.completed(&**policy);
        }
        let mut rendered: Response<ResBody> = self.render(rejection, asked);
        keep_headers(response.headers(), rendered.headers_mut());
        // Once more, for what has just come from a layer in between.
        asked.answer.put(rendered.status(), rendered.headers_mut());
        let own = mem::replace(rendered.extensions_mut(), mem::take(response.extensions_mut()));
        rendered.extensions_mut().extend(own);
        rendered
    }
}

/// A CORS preflight (<https://fetch.spec.whatwg.org/#cors-preflight-request>).
fn is_preflight<B>(request: &Request<B>) -> bool {
    request.method() == Method::OPTIONS
        && request.headers().contains_key(ORIGIN)
        && request.headers().contains_key(ACCESS_CONTROL_REQUEST_METHOD)
}
