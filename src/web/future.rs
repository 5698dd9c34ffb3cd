//! [`ResponseFuture`]: the way of one request through the layer.

use std::{
    fmt,
    future::Future,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
};

use http::{Request, Response};
use pin_project_lite::pin_project;
use tower_service::Service;

use super::{
    gate::{Gate, Verifying},
    respond::Respond,
    source::TokenSource,
};
use crate::token::TokenOrigin;

pin_project! {
    /// The future of a [`JwtService`](crate::JwtService).
    #[must_use = "futures do nothing unless they are polled"]
    pub struct ResponseFuture<S, T, R, ReqBody, ResBody>
    where
        S: Service<Request<ReqBody>>,
    {
        #[pin]
        state: State<S, T, R, ReqBody, ResBody, S::Future>,
    }
}

pin_project! {
    #[project = StateProjection]
    enum State<S, T, R, ReqBody, ResBody, F> {
        /// The request has passed.
        Passed { #[pin] inner: F, gate: Arc<Gate<T, R>> },
        /// The request goes no further.
        Refused { response: Option<Response<ResBody>> },
        /// A key is being fetched: the cold path, in a box.
        Waiting { waiting: Option<Box<Waiting<S, T, R, ReqBody>>> },
    }
}

struct Waiting<S, T, R, ReqBody> {
    verifying: Verifying,
    origin: TokenOrigin,
    request: Request<ReqBody>,
    /// The service that was polled ready.
    ready: S,
    gate: Arc<Gate<T, R>>,
}

impl<S, T, R, ReqBody, ResBody> ResponseFuture<S, T, R, ReqBody, ResBody>
where
    S: Service<Request<ReqBody>>,
{
    pub(crate) fn passed(inner: S::Future, gate: Arc<Gate<T, R>>) -> Self {
        Self { state: State::Passed { inner, gate } }
    }

    pub(crate) fn refused(response: Response<ResBody>) -> Self {
        Self { state: State::Refused { response: Some(response) } }
    }

    pub(crate) fn waiting(
        verifying: Verifying,
        origin: TokenOrigin,
        request: Request<ReqBody>,
        ready: S,
        gate: Arc<Gate<T, R>>,
    ) -> Self {
        let waiting = Box::new(Waiting { verifying, origin, request, ready, gate });
        Self { state: State::Waiting { waiting: Some(waiting) } }
    }
}

impl<S, T, R, ReqBody, ResBody> Future for ResponseFuture<S, T, R, ReqBody, ResBody>
where
    S: Service<Request<ReqBody>, Response = Response<ResBody>>,
    T: TokenSource,
    R: Respond<ResBody>,
{
    type Output = Result<Response<ResBody>, S::Error>;

    #[expect(clippy::expect_used, reason = "polled after completion: a bug of the caller")]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        const AGAIN: &str = "polled after it answered";
        let mut state = self.project().state;
        loop {
            let next = match state.as_mut().project() {
                StateProjection::Passed { inner, gate } => {
                    let response = ready!(inner.poll(cx))?;
                    return Poll::Ready(Ok(gate.render_inner(response)));
                }
                StateProjection::Refused { response } => {
                    return Poll::Ready(Ok(response.take().expect(AGAIN)));
                }
                StateProjection::Waiting { waiting } => {
                    let pending = waiting.as_mut().expect(AGAIN);
                    let verified = ready!(pending.verifying.as_mut().poll(cx));
                    let done = *waiting.take().expect(AGAIN);
                    let Waiting { verifying: _, origin, mut request, mut ready, gate } = done;
                    let verified = verified.map(|token| Some((token, origin)));
                    match gate.conclude(&mut request, verified) {
                        Ok(()) => State::Passed { inner: ready.call(request), gate },
                        Err(rejection) => {
                            State::Refused { response: Some(gate.respond(rejection)) }
                        }
                    }
                }
            };
            state.set(next);
        }
    }
}

impl<S, T, R, ReqBody, ResBody> fmt::Debug for ResponseFuture<S, T, R, ReqBody, ResBody>
where
    S: Service<Request<ReqBody>>,
{
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ResponseFuture(..)")
    }
}
