//! [`Lookup`]: an answer that is usually at hand.

use std::{
    fmt,
    future::{Future, IntoFuture},
    pin::Pin,
    task::{Context, Poll},
};

use futures_util::future::BoxFuture;

/// The answer of anything that is usually at hand and sometimes is not.
///
/// A key that is in memory should cost no `await`, no box and no task switch; a key that has to be
/// fetched may. `Lookup` says which of the two it is, so that the caller can go on at once.
///
/// It can always be awaited:
///
/// ```
/// # #[tokio::main(flavor = "current_thread")] async fn main() {
/// use tower_bearer::Lookup;
///
/// let ready = Lookup::Ready(1);
/// let pending = Lookup::pending(async { 2 });
/// assert_eq!(ready.await + pending.await, 3);
/// # }
/// ```
#[must_use = "a lookup that waits does nothing unless it is awaited"]
#[expect(clippy::exhaustive_enums, reason = "ready or not: there is no third")]
pub enum Lookup<T> {
    /// Already here: no `await`, no allocation.
    Ready(T),
    /// It has to wait for I/O anyway, so one box is noise.
    Pending(BoxFuture<'static, T>),
}

impl<T> Lookup<T> {
    /// A lookup that waits for this future.
    pub fn pending(future: impl Future<Output = T> + Send + 'static) -> Self {
        Self::Pending(Box::pin(future))
    }

    /// The same lookup with another answer.
    pub fn map<U>(self, f: impl FnOnce(T) -> U + Send + 'static) -> Lookup<U>
    where
        T: 'static,
    {
        match self {
            Self::Ready(answer) => Lookup::Ready(f(answer)),
            Self::Pending(future) => Lookup::pending(async move { f(future.await) }),
        }
    }
}

impl<T> From<T> for Lookup<T> {
    fn from(answer: T) -> Self {
        Self::Ready(answer)
    }
}

impl<T> fmt::Debug for Lookup<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Ready(_) => "Lookup::Ready(..)",
            Self::Pending(_) => "Lookup::Pending(..)",
        })
    }
}

impl<T: Unpin> IntoFuture for Lookup<T> {
    type Output = T;
    type IntoFuture = LookupFuture<T>;

    fn into_future(self) -> LookupFuture<T> {
        LookupFuture(match self {
            Self::Ready(answer) => State::Ready(Some(answer)),
            Self::Pending(future) => State::Pending(future),
        })
    }
}

/// The future of a [`Lookup`]. It must not be polled again once it has answered.
#[must_use = "futures do nothing unless they are polled"]
pub struct LookupFuture<T>(State<T>);

enum State<T> {
    Ready(Option<T>),
    Pending(BoxFuture<'static, T>),
}

impl<T: Unpin> Future for LookupFuture<T> {
    type Output = T;

    #[expect(clippy::expect_used, reason = "polled after completion: a bug of the caller")]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<T> {
        match &mut self.get_mut().0 {
            State::Ready(answer) => Poll::Ready(answer.take().expect("polled after it answered")),
            State::Pending(future) => future.as_mut().poll(cx),
        }
    }
}

impl<T> fmt::Debug for LookupFuture<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("LookupFuture(..)")
    }
}
