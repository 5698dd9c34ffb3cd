//! [`JwtService`]: the layer around one service.

use std::{
    fmt, mem,
    sync::Arc,
    task::{Context, Poll},
};

use http::{Method, Request, Response};
use tower_service::Service;

use super::{
    future::ResponseFuture,
    gate::Gate,
    judge::{Judge, Shared, Step},
    respond::Respond,
    source::TokenSource,
    wanted::Asked,
};
use crate::head::RequestHead;

/// A service behind a [`JwtLayer`](crate::JwtLayer).
///
/// With the key at hand it calls the very service that was polled ready and boxes nothing. Only
/// while it waits for a key, an issuer or a policy does it put a clone in that service's place.
#[derive(Clone)]
pub struct JwtService<S, T, R> {
    inner: S,
    gate: Arc<Shared<Gate<T, R>>>,
}

impl<S, T, R> JwtService<S, T, R> {
    pub(crate) fn new(inner: S, gate: Arc<Gate<T, R>>) -> Self {
        Self { inner, gate: Arc::new(Shared(gate)) }
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
    type Future = ResponseFuture<S, ReqBody, ResBody>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, mut request: Request<ReqBody>) -> Self::Future {
        let Shared(gate) = &*self.gate;
        let head = RequestHead::of(&request);
        let asked = Asked {
            wanted: gate.responder.wanted(head),
            head: request.method() == Method::HEAD,
            answer: gate.source.answer(head),
        };
        let step = gate.judge(&mut request);
        let gate = Arc::clone(&self.gate);
        go_on(&mut self.inner, request, step, gate, asked)
    }
}

/// Does with a request what was decided.
pub(crate) fn go_on<S, ReqBody, ResBody>(
    inner: &mut S,
    request: Request<ReqBody>,
    step: Step,
    gate: Arc<dyn Judge<ReqBody, ResBody>>,
    asked: Asked,
) -> ResponseFuture<S, ReqBody, ResBody>
where
    S: Service<Request<ReqBody>, Response = Response<ResBody>> + Clone,
{
    match step {
        Step::Pass(passed) => ResponseFuture::passed(inner.call(request), passed, gate, asked),
        Step::Refuse(rejection) => ResponseFuture::refused(rejection, gate, asked),
        Step::Wait(wait) => {
            let clone = inner.clone();
            let ready = mem::replace(inner, clone);
            ResponseFuture::waiting(wait, request, ready, gate, asked)
        }
    }
}

impl<S: fmt::Debug, T, R> fmt::Debug for JwtService<S, T, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("JwtService").field("inner", &self.inner).finish_non_exhaustive()
    }
}
