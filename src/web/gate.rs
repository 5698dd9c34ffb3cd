//! The gate: what a layer was told, and what it therefore does with a request. The decision, apart
//! from the futures around it.

use std::{mem, sync::Arc};

use futures_util::future::BoxFuture;
use http::{
    Extensions, HeaderMap, Method, Request, Response,
    header::{
        ACCESS_CONTROL_REQUEST_METHOD, AUTHORIZATION, CONTENT_DISPOSITION, CONTENT_ENCODING,
        CONTENT_LANGUAGE, CONTENT_LENGTH, CONTENT_LOCATION, CONTENT_RANGE, CONTENT_TYPE, Entry,
        HeaderName, ORIGIN, RETRY_AFTER, TRANSFER_ENCODING, WWW_AUTHENTICATE,
    },
};

use super::{
    challenge::ChallengeParams,
    rejection::Rejection,
    respond::{Respond, complete},
    source::TokenSource,
};
use crate::{
    error::TokenError,
    head::RequestHead,
    lookup::Lookup,
    telemetry::TARGET,
    token::{ClaimsError, Outcome, TokenOrigin, VerifiedToken},
    verifier::Verifier,
};

/// Everything a layer was told.
#[derive(Clone)]
pub(crate) struct Gate<T, R> {
    pub(crate) verifier: Verifier,
    pub(crate) mode: Mode,
    pub(crate) source: T,
    pub(crate) responder: R,
    pub(crate) params: Arc<ChallengeParams>,
    pub(crate) pass_preflight: bool,
    pub(crate) typed: Option<Typed>,
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

/// What is to be done with a request.
pub(crate) enum Step {
    Pass,
    Refuse(Rejection),
    Wait(Verifying, TokenOrigin),
}

impl From<Result<(), Rejection>> for Step {
    fn from(concluded: Result<(), Rejection>) -> Self {
        concluded.map_or_else(Self::Refuse, |()| Self::Pass)
    }
}

pub(crate) type Verifying = BoxFuture<'static, Result<VerifiedToken, TokenError>>;

impl<T: TokenSource, R> Gate<T, R> {
    /// Judges a request as far as that goes without waiting.
    pub(crate) fn judge<B>(&self, request: &mut Request<B>) -> Step {
        mark_sensitive(request.headers_mut());
        self.remove_typed(request.extensions_mut());
        if self.pass_preflight && is_preflight(request) {
            return self.conclude(request, Ok(None)).into();
        }
        let presented = match self.source.token(RequestHead::of(request)) {
            Err(error) => return self.conclude(request, Err(error)).into(),
            Ok(None) if self.mode == Mode::Required => return Step::Refuse(Rejection::missing()),
            Ok(None) => return self.conclude(request, Ok(None)).into(),
            Ok(Some(presented)) => presented,
        };
        let origin = presented.origin;
        match self.verifier.verify(presented.token) {
            Lookup::Ready(verified) => {
                self.conclude(request, verified.map(|token| Some((token, origin)))).into()
            }
            Lookup::Pending(verifying) => Step::Wait(verifying, origin),
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

    /// Lets a request pass with its outcome, or not.
    pub(crate) fn conclude<B>(
        &self,
        request: &mut Request<B>,
        verified: Result<Option<(VerifiedToken, TokenOrigin)>, TokenError>,
    ) -> Result<(), Rejection> {
        let outcome = match verified {
            Ok(Some((token, origin))) => {
                if let Err(error) = self.insert_typed(&token, request.extensions_mut())
                    && self.mode != Mode::BestEffort
                {
                    return Err(error.into());
                }
                Outcome::Verified { token, origin }
            }
            Ok(None) => Outcome::Absent,
            Err(error) if self.mode == Mode::BestEffort => {
                let reason = error.kind().code();
                tracing::debug!(target: TARGET, reason, "token failed, request passes");
                Outcome::Failed(error)
            }
            Err(error) => return Err(error.into()),
        };
        outcome.replace_in(request.extensions_mut());
        Ok(())
    }
}

impl<T, R> Gate<T, R> {
    /// The response to a refusal, whoever refused.
    pub(crate) fn respond<B>(&self, rejection: Rejection) -> Response<B>
    where
        R: Respond<B>,
    {
        let rejection = rejection.with_params(&self.params);
        rejection.log();
        let mut response = self.responder.respond(&rejection);
        complete(&mut response, &rejection);
        // A responder may have used our own `IntoResponse`: a layer further out is not to answer again.
        response.extensions_mut().remove::<Rejection>();
        response
    }

    /// Renders the refusal of an extractor or an inner layer, if this response is one.
    pub(crate) fn render_inner<B>(&self, mut response: Response<B>) -> Response<B>
    where
        R: Respond<B>,
    {
        let Some(rejection) = response.extensions_mut().remove::<Rejection>() else {
            return response;
        };
        let mut rendered = self.respond(rejection);
        keep_headers(response.headers(), rendered.headers_mut());
        let own = mem::replace(rendered.extensions_mut(), mem::take(response.extensions_mut()));
        rendered.extensions_mut().extend(own);
        rendered
    }
}

/// Takes over what layers in between have added, but nothing that speaks of the old answer.
fn keep_headers(from: &HeaderMap, to: &mut HeaderMap) {
    const OF_THE_ANSWER: [HeaderName; 10] = [
        CONTENT_DISPOSITION,
        CONTENT_ENCODING,
        CONTENT_LANGUAGE,
        CONTENT_LENGTH,
        CONTENT_LOCATION,
        CONTENT_RANGE,
        CONTENT_TYPE,
        RETRY_AFTER,
        TRANSFER_ENCODING,
        WWW_AUTHENTICATE,
    ];
    for name in from.keys() {
        if !OF_THE_ANSWER.contains(name) && !to.contains_key(name) {
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
