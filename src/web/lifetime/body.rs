use std::{
    error::Error,
    fmt,
    future::Future,
    pin::Pin,
    task::{Context, Poll, ready},
};

use http::{HeaderMap, HeaderName, HeaderValue};
use http_body::{Body, Frame, SizeHint};
use pin_project_lite::pin_project;

use super::{Lifetime, TokenEnd};
use crate::{
    telemetry::TARGET,
    token::VerifiedToken,
    web::challenge::{RejectionKind, row},
};

pin_project! {
    /// A body that ends when a token does, whatever the body inside of it still has to say.
    ///
    /// ```
    /// use http_body::Body;
    /// use tower_bearer::{LifetimeBody, VerifiedToken};
    ///
    /// fn events<B: Body>(stream: B, token: &VerifiedToken) -> LifetimeBody<B> {
    ///     LifetimeBody::new(stream, token).ending_cleanly()
    /// }
    /// # drop(events::<String>);
    /// ```
    ///
    /// It ends with an error, which is a [`TokenEnd`](crate::TokenEnd), so that the server cuts the connection and nobody takes a
    /// part for the whole; by [`ending_cleanly`](Self::ending_cleanly) as if it were complete. Either way the body inside is dropped
    /// at once. What is complete already does not end any more.
    ///
    /// [`LifetimeLayer`](crate::LifetimeLayer) puts it around every response that needs it.
    #[must_use = "a body does nothing until it is sent"]
    pub struct LifetimeBody<B> {
        #[pin]
        inner: Option<B>,
        bound: Option<Bound>,
    }
}

/// How long it lasts, and what comes then.
struct Bound {
    lifetime: Lifetime,
    ending: Ending,
}

/// What comes in the place of the rest.
#[derive(Clone, Copy)]
pub(super) enum Ending {
    /// Nothing.
    Clean,
    /// An error.
    Cut,
    /// The status of gRPC, in trailers.
    Grpc,
}

impl<B> LifetimeBody<B> {
    /// This body, for as long as this token counts.
    pub fn new(body: B, token: &VerifiedToken) -> Self {
        Self::bound(body, token.lifetime(), Ending::Cut)
    }

    /// Ends as if the body were complete: for formats in which each part stands for itself, such as server-sent events.
    pub fn ending_cleanly(self) -> Self {
        self.ending(Ending::Clean)
    }

    /// Ends with the trailers of gRPC: status 16, `UNAUTHENTICATED`, or 14, `UNAVAILABLE`, where nobody can say any more whether
    /// the token has been revoked.
    pub fn ending_as_grpc(self) -> Self {
        self.ending(Ending::Grpc)
    }

    pub(super) fn bound(body: B, lifetime: Lifetime, ending: Ending) -> Self {
        Self { inner: Some(body), bound: Some(Bound { lifetime, ending }) }
    }

    /// This body as it is.
    pub(super) fn unbound(body: B) -> Self {
        Self { inner: Some(body), bound: None }
    }

    fn ending(mut self, ending: Ending) -> Self {
        if let Some(bound) = &mut self.bound {
            bound.ending = ending;
        }
        self
    }
}

impl Bound {
    /// Whether it is over, and then what comes.
    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Last> {
        let Self { lifetime, ending } = self;
        Pin::new(lifetime).poll(cx).map(|end| {
            tracing::debug!(target: TARGET, reason = end.code(), "response ends with its token");
            match ending {
                Ending::Clean => None,
                Ending::Cut => Some(Err(end)),
                Ending::Grpc => Some(Ok(trailers(end))),
            }
        })
    }
}

/// What comes in the place of the rest of a body.
type Last = Option<Result<HeaderMap, TokenEnd>>;

/// What a call of gRPC would be refused with.
fn trailers(end: TokenEnd) -> HeaderMap {
    let row = row(match end {
        TokenEnd::Expired => RejectionKind::ExpiredToken,
        TokenEnd::Revoked => RejectionKind::InvalidToken,
        TokenEnd::Unknown => RejectionKind::Unavailable,
    });
    let status = HeaderValue::from(u16::from(row.grpc));
    let message = HeaderValue::from_static(row.description);
    let names = ["grpc-status", "grpc-message"].map(HeaderName::from_static);
    names.into_iter().zip([status, message]).collect()
}

impl<B> Body for LifetimeBody<B>
where
    B: Body,
    B::Error: Into<Box<dyn Error + Send + Sync>>,
{
    type Data = B::Data;
    type Error = Box<dyn Error + Send + Sync>;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<B::Data>, Self::Error>>> {
        let mut this = self.project();
        let Some(inner) = this.inner.as_mut().as_pin_mut() else { return Poll::Ready(None) };
        if !inner.is_end_stream()
            && let Some(bound) = this.bound
            && let Poll::Ready(last) = bound.poll(cx)
        {
            this.inner.set(None);
            return Poll::Ready(last.map(|last| Ok(Frame::trailers(last?))));
        }
        let frame = ready!(inner.poll_frame(cx));
        if frame.is_none() {
            this.inner.set(None);
        }
        Poll::Ready(frame.map(|frame| frame.map_err(Into::into)))
    }

    fn is_end_stream(&self) -> bool {
        self.inner.as_ref().is_none_or(Body::is_end_stream)
    }

    fn size_hint(&self) -> SizeHint {
        let Some(inner) = &self.inner else { return SizeHint::with_exact(0) };
        let whole = inner.size_hint();
        if self.bound.is_none() {
            return whole;
        }
        // Nobody knows how much of it there will be time for.
        let mut hint = SizeHint::new();
        if let Some(most) = whole.upper() {
            hint.set_upper(most);
        }
        hint
    }
}

/// A body that never ends early.
impl<B: Default> Default for LifetimeBody<B> {
    fn default() -> Self {
        Self::unbound(B::default())
    }
}

/// A body that never ends early, for responders that write one.
impl<B: From<String>> From<String> for LifetimeBody<B> {
    fn from(text: String) -> Self {
        Self::unbound(text.into())
    }
}

impl<B> fmt::Debug for LifetimeBody<B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("LifetimeBody(..)")
    }
}
