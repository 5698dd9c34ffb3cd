use std::{
    fmt,
    future::Future,
    pin::Pin,
    task::{Context, Poll, ready},
};

use http::{
    HeaderMap, HeaderValue, Request, Response, StatusCode,
    header::{CONTENT_LENGTH, CONTENT_TYPE},
};
use http_body::Body;
use pin_project_lite::pin_project;
use tower_layer::Layer;
use tower_service::Service;

use super::{Lifetime, LifetimeBody, body::Ending};
use crate::{
    token::{Outcome, VerifiedToken},
    web::{rejection::Rejection, respond::handed_out, wanted::is_grpc_type},
};

/// Ends streaming responses when the token of their request does.
///
/// ```
/// # #[cfg(feature = "axum")] {
/// use axum::{Router, routing::get};
/// use tower_bearer::{JwtLayer, LifetimeLayer, Verifier};
///
/// # fn app(verifier: Verifier) -> Router {
/// Router::new()
///     .route("/events", get(|| async { "a stream" }))
///     .route_layer(LifetimeLayer::new())
///     .route_layer(JwtLayer::new(verifier))
/// # }
/// # }
/// ```
///
/// It stands inside of a [`JwtLayer`](crate::JwtLayer), and answers 500 where there is none.
///
/// | the response | ends with the token |
/// |---|---|
/// | `text/event-stream` | as if it were complete: the client comes again, with another token |
/// | `application/grpc` | by trailers with the status of gRPC: 16, or 14 where nobody can say any more whether the token is revoked |
/// | any other whose length is not known | by an error, so that the connection is cut and no part passes for the whole |
/// | whose length is known, or 101 | not at all: a socket has its [`Lifetime`](crate::Lifetime) |
/// | to a request without a good token | not at all |
///
/// What comes in is not looked at: a handler that goes on reading a request, before its answer or beside it, asks a
/// [`Lifetime`](crate::Lifetime). To a client of HTTP/1.0 every end looks like that of the whole.
///
/// What a [`Lifetime`](crate::Lifetime) says of the end is counted from when the request came. A layer that compresses stands outside of
/// this one, for it hides a length that was known.
#[derive(Clone, Copy, Debug, Default)]
#[must_use = "a layer does nothing until it wraps a service"]
pub struct LifetimeLayer(());

impl LifetimeLayer {
    /// A layer that ends streaming responses with their token.
    pub const fn new() -> Self {
        Self(())
    }
}

impl<S> Layer<S> for LifetimeLayer {
    type Service = LifetimeService<S>;

    fn layer(&self, inner: S) -> LifetimeService<S> {
        LifetimeService { inner }
    }
}

/// A service behind a [`LifetimeLayer`].
#[derive(Clone, Debug)]
pub struct LifetimeService<S> {
    inner: S,
}

impl<S> LifetimeService<S> {
    /// The service whose responses end.
    pub fn get_ref(&self) -> &S {
        &self.inner
    }
}

impl<S, ReqBody, ResBody> Service<Request<ReqBody>> for LifetimeService<S>
where
    S: Service<Request<ReqBody>, Response = Response<ResBody>>,
    ResBody: Body + Default,
{
    type Response = Response<LifetimeBody<ResBody>>;
    type Error = S::Error;
    type Future = LifetimeFuture<S::Future, ResBody>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: Request<ReqBody>) -> Self::Future {
        let Some(outcome) = Outcome::of(&request) else {
            let response = handed_out(Rejection::misconfigured()).map(LifetimeBody::unbound);
            return LifetimeFuture { state: State::Refused { response: Some(response) } };
        };
        // What failed and was let pass all the same is judged by whoever asks for a token.
        let lifetime = outcome.verified().map(VerifiedToken::lifetime);
        LifetimeFuture { state: State::Passed { inner: self.inner.call(request), lifetime } }
    }
}

pin_project! {
    /// The future of a [`LifetimeService`].
    #[must_use = "futures do nothing unless they are polled"]
    pub struct LifetimeFuture<F, B> {
        #[pin]
        state: State<F, B>,
    }
}

pin_project! {
    #[project = StateProjection]
    enum State<F, B> {
        Passed { #[pin] inner: F, lifetime: Option<Lifetime> },
        Refused { response: Option<Response<LifetimeBody<B>>> },
    }
}

impl<F, B, E> Future for LifetimeFuture<F, B>
where
    F: Future<Output = Result<Response<B>, E>>,
    B: Body,
{
    type Output = Result<Response<LifetimeBody<B>>, E>;

    #[expect(clippy::expect_used, reason = "polled after completion: a bug of the caller")]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        Poll::Ready(Ok(match self.project().state.project() {
            StateProjection::Passed { inner, lifetime } => {
                bound(ready!(inner.poll(cx))?, lifetime.take())
            }
            StateProjection::Refused { response } => {
                response.take().expect("polled after it answered")
            }
        }))
    }
}

/// The response, ending with the token if it may last longer.
fn bound<B: Body>(response: Response<B>, lifetime: Option<Lifetime>) -> Response<LifetimeBody<B>> {
    let known = response.status() == StatusCode::SWITCHING_PROTOCOLS
        || response.headers().contains_key(CONTENT_LENGTH)
        || response.body().size_hint().exact().is_some();
    let Some(lifetime) = lifetime.filter(|_| !known) else {
        return response.map(LifetimeBody::unbound);
    };
    let ending = ending(response.headers());
    response.map(|body| LifetimeBody::bound(body, lifetime, ending))
}

/// How a response of this kind ends.
fn ending(headers: &HeaderMap) -> Ending {
    let content_type = headers.get(CONTENT_TYPE).map(HeaderValue::as_bytes).unwrap_or_default();
    if is_event_stream(content_type) {
        Ending::Clean
    } else if is_grpc_type(content_type) {
        Ending::Grpc
    } else {
        Ending::Cut
    }
}

/// Server-sent events (<https://html.spec.whatwg.org/multipage/server-sent-events.html>).
fn is_event_stream(content_type: &[u8]) -> bool {
    const EVENTS: &[u8] = b"text/event-stream";
    let media_type = content_type.split(|byte| *byte == b';').next().unwrap_or_default();
    media_type.trim_ascii().eq_ignore_ascii_case(EVENTS)
}

impl<F, B> fmt::Debug for LifetimeFuture<F, B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("LifetimeFuture(..)")
    }
}
