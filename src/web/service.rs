//! [`JwtService`]: the layer around one service.

use std::{
    fmt, mem,
    sync::Arc,
    task::{Context, Poll},
};

use http::{Request, Response};
use tower_service::Service;

use super::{
    future::ResponseFuture,
    gate::{Gate, Step},
    respond::Respond,
    source::TokenSource,
};

/// A service behind a [`JwtLayer`](crate::JwtLayer).
///
/// With the key at hand it calls the very service that was polled ready and boxes nothing. Only
/// while it waits for a key does it put a clone in that service's place.
#[derive(Clone)]
pub struct JwtService<S, T, R> {
    inner: S,
    gate: Arc<Gate<T, R>>,
}

impl<S, T, R> JwtService<S, T, R> {
    pub(crate) fn new(inner: S, gate: Arc<Gate<T, R>>) -> Self {
        Self { inner, gate }
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
        match self.gate.judge(&mut request) {
            Step::Pass => ResponseFuture::passed(self.inner.call(request), Arc::clone(&self.gate)),
            Step::Refuse(rejection) => ResponseFuture::refused(self.gate.respond(rejection)),
            Step::Wait(verifying, origin) => {
                let clone = self.inner.clone();
                let ready = mem::replace(&mut self.inner, clone);
                let gate = Arc::clone(&self.gate);
                ResponseFuture::waiting(verifying, origin, request, ready, gate)
            }
        }
    }
}

impl<S: fmt::Debug, T, R> fmt::Debug for JwtService<S, T, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("JwtService").field("inner", &self.inner).finish_non_exhaustive()
    }
}
