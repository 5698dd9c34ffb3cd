//! [`ResponseFuture`]: the way of one request through a layer.

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
    judge::{Judge, Step, Wait},
    rejection::{Passed, Rejection},
    wanted::Asked,
};

pin_project! {
    /// The future of a [`JwtService`](crate::JwtService) or an [`AuthorizeService`](crate::AuthorizeService).
    #[must_use = "futures do nothing unless they are polled"]
    pub struct ResponseFuture<S, ReqBody, ResBody>
    where
        S: Service<Request<ReqBody>>,
    {
        #[pin]
        state: State<S, ReqBody, ResBody, S::Future>,
        gate: Arc<dyn Judge<ReqBody, ResBody>>,
        asked: Asked,
    }
}

pin_project! {
    #[project = StateProjection]
    enum State<S, ReqBody, ResBody, F> {
        /// The request has passed.
        Passed { #[pin] inner: F, passed: Passed },
        /// The request goes no further.
        Refused { response: Option<Response<ResBody>> },
        /// A key, an issuer or a policy is waited for: the cold path, in a box.
        Waiting { waiting: Option<Box<Waiting<S, ReqBody>>> },
    }
}

struct Waiting<S, ReqBody> {
    wait: Wait,
    request: Request<ReqBody>,
    /// The service that was polled ready.
    ready: S,
}

impl<S, ReqBody, ResBody> ResponseFuture<S, ReqBody, ResBody>
where
    S: Service<Request<ReqBody>>,
{
    pub(crate) fn passed(
        inner: S::Future,
        passed: Passed,
        gate: Arc<dyn Judge<ReqBody, ResBody>>,
        asked: Asked,
    ) -> Self {
        Self { state: State::Passed { inner, passed }, gate, asked }
    }

    pub(crate) fn refused(
        rejection: Rejection,
        gate: Arc<dyn Judge<ReqBody, ResBody>>,
        asked: Asked,
    ) -> Self {
        let response = Some(gate.refuse(rejection, asked));
        Self { state: State::Refused { response }, gate, asked }
    }

    pub(crate) fn waiting(
        wait: Wait,
        request: Request<ReqBody>,
        ready: S,
        gate: Arc<dyn Judge<ReqBody, ResBody>>,
        asked: Asked,
    ) -> Self {
        let waiting = Some(Box::new(Waiting { wait, request, ready }));
        Self { state: State::Waiting { waiting }, gate, asked }
    }
}

impl<S, ReqBody, ResBody> Future for ResponseFuture<S, ReqBody, ResBody>
where
    S: Service<Request<ReqBody>, Response = Response<ResBody>>,
{
    type Output = Result<Response<ResBody>, S::Error>;

    #[expect(clippy::expect_used, reason = "polled after completion: a bug of the caller")]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        const AGAIN: &str = "polled after it answered";
        let this = self.project();
        let (mut state, gate, asked) = (this.state, this.gate, *this.asked);
        loop {
            let next = match state.as_mut().project() {
                StateProjection::Passed { inner, passed } => {
                    let response = ready!(inner.poll(cx))?;
                    return Poll::Ready(Ok(gate.answered(response, passed, asked)));
                }
                StateProjection::Refused { response } => {
                    return Poll::Ready(Ok(response.take().expect(AGAIN)));
                }
                StateProjection::Waiting { waiting } => {
                    let pending = waiting.as_mut().expect(AGAIN);
                    let done = ready!(pending.wait.poll(cx));
                    let mut pending = waiting.take().expect(AGAIN);
                    match gate.resume(&mut pending.request, done) {
                        Step::Pass(passed) => {
                            let Waiting { wait: _, request, mut ready } = *pending;
                            State::Passed { inner: ready.call(request), passed }
                        }
                        Step::Refuse(rejection) => {
                            State::Refused { response: Some(gate.refuse(rejection, asked)) }
                        }
                        Step::Wait(wait) => {
                            pending.wait = wait;
                            State::Waiting { waiting: Some(pending) }
                        }
                    }
                }
            };
            state.set(next);
        }
    }
}

impl<S, ReqBody, ResBody> fmt::Debug for ResponseFuture<S, ReqBody, ResBody>
where
    S: Service<Request<ReqBody>>,
{
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ResponseFuture(..)")
    }
}
