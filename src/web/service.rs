//! [`JwtService`]: the layer around one service.

use std::{
    fmt, mem,
    sync::Arc,
    task::{Context, Poll},
};

use http::{
    HeaderMap, Method, Request, Response, StatusCode,
    header::{self, ACCESS_CONTROL_REQUEST_METHOD, AUTHORIZATION, Entry, ORIGIN, WWW_AUTHENTICATE},
};
use tower_service::Service;

use super::{
    future::ResponseFuture,
    layer::{Config, Mode},
    rejection::Rejection,
    respond::Respond,
    source::TokenSource,
};
use crate::{
    error::TokenError,
    head::RequestHead,
    lookup::Lookup,
    telemetry::TARGET,
    token::{Outcome, TokenOrigin, VerifiedToken},
};

/// A service behind a [`JwtLayer`](crate::JwtLayer).
///
/// With the key at hand it calls the very service that was polled ready and boxes nothing. Only
/// while it waits for a key does it put a clone in that service's place.
#[derive(Clone)]
pub struct JwtService<S, T, R> {
    inner: S,
    config: Arc<Config<T, R>>,
}

impl<S, T, R> JwtService<S, T, R> {
    pub(crate) fn new(inner: S, config: Arc<Config<T, R>>) -> Self {
        Self { inner, config }
    }

    /// The service that is protected.
    pub fn get_ref(&self) -> &S {
        &self.inner
    }
}

impl<S, T, R, ReqBody, ResBody> Service<Request<ReqBody>> for JwtService<S, T, R>
where
    S: Service<Request<ReqBody>, Response = Response<ResBody>> + Clone,
    T: TokenSource,
    R: Respond<ResBody>,
{
    type Response = Response<ResBody>;
    type Error = S::Error;
    type Future = ResponseFuture<S, T, R, ReqBody, ResBody>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, mut request: Request<ReqBody>) -> Self::Future {
        match self.config.judge(&mut request) {
            Step::Pass => {
                ResponseFuture::passed(self.inner.call(request), Arc::clone(&self.config))
            }
            Step::Refuse(rejection) => ResponseFuture::refused(self.config.respond(rejection)),
            Step::Wait(verifying, origin) => {
                let clone = self.inner.clone();
                let ready = mem::replace(&mut self.inner, clone);
                let config = Arc::clone(&self.config);
                ResponseFuture::waiting(verifying, origin, request, ready, config)
            }
        }
    }
}

/// What is to be done with a request.
pub(crate) enum Step {
    Pass,
    Refuse(Rejection),
    Wait(Verifying, TokenOrigin),
}

pub(crate) type Verifying =
    futures_util::future::BoxFuture<'static, Result<VerifiedToken, TokenError>>;

impl<T: TokenSource, R> Config<T, R> {
    /// Judges a request as far as that goes without waiting.
    fn judge<B>(&self, request: &mut Request<B>) -> Step {
        mark_sensitive(request.headers_mut());
        if let Some(typed) = self.typed {
            (typed.remove)(request.extensions_mut());
        }
        if self.pass_preflight && is_preflight(request) {
            return self.conclude(request, Ok(None));
        }
        let presented = match self.source.token(RequestHead::of(request)) {
            Err(error) => return self.conclude(request, Err(error)),
            Ok(None) => return self.absent(request),
            Ok(Some(presented)) => presented,
        };
        let origin = presented.origin;
        match self.verifier.verify(presented.token) {
            Lookup::Ready(verified) => {
                self.conclude(request, verified.map(|token| Some((token, origin))))
            }
            Lookup::Pending(verifying) => Step::Wait(verifying, origin),
        }
    }

    fn absent<B>(&self, request: &mut Request<B>) -> Step {
        match self.mode {
            Mode::Required => Step::Refuse(Rejection::missing()),
            Mode::BestEffort | Mode::Optional => self.conclude(request, Ok(None)),
        }
    }

    /// Lets a request pass with its outcome, or not.
    pub(crate) fn conclude<B>(
        &self,
        request: &mut Request<B>,
        verified: Result<Option<(VerifiedToken, TokenOrigin)>, TokenError>,
    ) -> Step {
        let outcome = match verified {
            Ok(Some((token, origin))) => {
                if let Some(typed) = self.typed
                    && let Err(error) = (typed.insert)(&token, request.extensions_mut())
                {
                    return Step::Refuse(error.into());
                }
                Outcome::Verified { token, origin }
            }
            Ok(None) => Outcome::Absent,
            Err(error) if self.mode == Mode::BestEffort => {
                let reason = error.kind().code();
                tracing::debug!(target: TARGET, reason, "token failed, request passes");
                Outcome::Failed(error)
            }
            Err(error) => return Step::Refuse(error.into()),
        };
        outcome.replace_in(request.extensions_mut());
        Step::Pass
    }
}

impl<T, R> Config<T, R> {
    /// The response to a refusal, whoever refused.
    pub(crate) fn respond<B>(&self, rejection: Rejection) -> Response<B>
    where
        R: Respond<B>,
    {
        let rejection = rejection.with_params(&self.params);
        rejection.log();
        let mut response = self.responder.respond(&rejection);
        if response.status() == StatusCode::UNAUTHORIZED {
            let entry = response.headers_mut().entry(WWW_AUTHENTICATE);
            entry.or_insert_with(|| rejection.any_challenge());
        }
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
        keep_headers(response.headers_mut(), rendered.headers_mut());
        mem::swap(rendered.extensions_mut(), response.extensions_mut());
        rendered
    }
}

/// Takes over what layers in between have added, but nothing that speaks of the old answer.
fn keep_headers(from: &mut HeaderMap, to: &mut HeaderMap) {
    let of_the_answer = |name: &header::HeaderName| {
        *name == WWW_AUTHENTICATE
            || *name == header::RETRY_AFTER
            || name.as_str().starts_with("content-")
    };
    for (name, value) in from.iter() {
        if !of_the_answer(name) && !to.contains_key(name) {
            to.append(name, value.clone());
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

impl<S: fmt::Debug, T, R> fmt::Debug for JwtService<S, T, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("JwtService").field("inner", &self.inner).finish_non_exhaustive()
    }
}
