use std::{
    error::Error,
    fmt,
    future::Future,
    pin::Pin,
    task::{Context, Poll},
};

use http_body::{Body, Frame, SizeHint};
use pin_project_lite::pin_project;

use super::Lifetime;
use crate::{telemetry::TARGET, token::VerifiedToken};

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
    /// It ends with an error, so that the server cuts the connection and nobody takes a part for the whole; by
    /// [`ending_cleanly`](Self::ending_cleanly) as if it were complete. Either way the body inside is dropped at once.
    ///
    /// [`LifetimeLayer`](crate::LifetimeLayer) puts it around every response that needs it.
    #[must_use = "a body does nothing until it is sent"]
    pub struct LifetimeBody<B> {
        #[pin]
        inner: Option<B>,
        bound: Option<Bound>,
    }
}

struct Bound {
    lifetime: Lifetime,
    cleanly: bool,
}

impl<B> LifetimeBody<B> {
    /// This body, for as long as this token counts.
    pub fn new(body: B, token: &VerifiedToken) -> Self {
        Self {
            inner: Some(body),
            bound: Some(Bound { lifetime: token.lifetime(), cleanly: false }),
        }
    }

    /// Ends as if the body were complete: for formats in which each part stands for itself, such as server-sent events.
    pub fn ending_cleanly(mut self) -> Self {
        if let Some(bound) = &mut self.bound {
            bound.cleanly = true;
        }
        self
    }

    /// This body as it is.
    pub(super) fn unbound(body: B) -> Self {
        Self { inner: Some(body), bound: None }
    }
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
        if let Some(Bound { lifetime, cleanly }) = this.bound
            && let Poll::Ready(end) = Pin::new(lifetime).poll(cx)
        {
            this.inner.set(None);
            tracing::debug!(target: TARGET, reason = end.code(), "response ends with its token");
            return Poll::Ready(if *cleanly { None } else { Some(Err(end.into())) });
        }
        inner.poll_frame(cx).map_err(Into::into)
    }

    fn is_end_stream(&self) -> bool {
        self.inner.as_ref().is_none_or(Body::is_end_stream)
    }

    fn size_hint(&self) -> SizeHint {
        match (&self.inner, &self.bound) {
            (Some(inner), None) => inner.size_hint(),
            // Nobody knows how much of it there will be time for.
            _ => SizeHint::default(),
        }
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
