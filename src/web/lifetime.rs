//! Connections that live longer than the request that opened them, and end with its token.

mod body;
mod layer;

use std::{
    fmt,
    future::Future,
    pin::Pin,
    task::{Context, Poll, ready},
    time::Duration,
};

use tokio::time::{Instant, Sleep, sleep_until};

pub use self::{
    body::LifetimeBody,
    layer::{LifetimeFuture, LifetimeLayer, LifetimeService},
};
use crate::{
    clock::NumericDate,
    token::{Revocation, VerifiedToken},
};

/// How often a clock that was set and a token that was revoked are looked for.
const TICK: Duration = Duration::from_secs(1);

/// A future that resolves when a token ends: for sockets, and for all else that goes on after its request.
///
/// ```
/// use tower_bearer::VerifiedToken;
/// # struct Socket;
/// # impl Socket { async fn next(&mut self) -> Option<String> { None } async fn close(self, _: &str) {} }
///
/// async fn serve(mut socket: Socket, token: VerifiedToken) {
///     let mut lifetime = token.lifetime();
///     loop {
///         tokio::select! {
///             end = &mut lifetime => return socket.close(end.code()).await,
///             message = socket.next() => match message {
///                 Some(message) => println!("{message}"),
///                 None => return,
///             },
///         }
///     }
/// }
/// # drop(serve);
/// ```
///
/// A stream of items ends with it by [`take_until`](futures_util::StreamExt::take_until).
///
/// | the token | resolves |
/// |---|---|
/// | has an `exp` ahead | at `exp`, without leeway: who knows beforehand needs none |
/// | was taken after its `exp`, within the leeway | when the leeway is over |
/// | has no `exp` | never, unless it is revoked |
/// | is [revoked](crate::TrustedIssuer::revocation) | within a second |
///
/// Its issuer's [`Clock`](crate::Clock) decides, and is looked at each second; a clock that is set back does not make the token live
/// longer. Nothing runs while nobody polls.
///
/// # Panics
///
/// When it is polled outside of a tokio runtime with time.
#[must_use = "futures do nothing unless they are polled"]
pub struct Lifetime {
    token: VerifiedToken,
    watch: Option<Watch>,
}

/// What is known from the first poll on.
struct Watch {
    /// When it ends, by the clock.
    until: Option<NumericDate>,
    /// The same as it was foreseen, by a clock that nobody sets.
    deadline: Option<Instant>,
    tick: Pin<Box<Sleep>>,
}

/// Why a token no longer counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum TokenEnd {
    /// Its time is over.
    Expired,
    /// It was revoked.
    Revoked,
    /// Nobody can say any more whether it was revoked.
    Unknown,
}

impl TokenEnd {
    /// A stable name in `snake_case`, for logs and for the last words to a client.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Expired => "expired",
            Self::Revoked => "revoked",
            Self::Unknown => "revocation_unavailable",
        }
    }
}

impl VerifiedToken {
    /// Resolves when this token expires or is revoked: see [`Lifetime`].
    pub fn lifetime(&self) -> Lifetime {
        Lifetime { token: self.clone(), watch: None }
    }

    /// When its time is over, seen from now: the leeway is for those alone that have come late.
    fn ends_at(&self, now: NumericDate) -> Option<NumericDate> {
        let expires_at = self.expires_at()?;
        Some(if expires_at > now { expires_at } else { expires_at.plus(self.terms().leeway) })
    }
}

impl Watch {
    fn begin(token: &VerifiedToken) -> Self {
        let (now, instant) = (token.terms().now(), Instant::now());
        let until = token.ends_at(now);
        let left =
            until.and_then(|until| Duration::try_from_secs_f64(until.seconds_since(now)).ok());
        let deadline = left.and_then(|left| instant.checked_add(left));
        Self { until, deadline, tick: Box::pin(sleep_until(instant)) }
    }

    /// Why the token no longer counts, if it does not.
    fn ended(&self, token: &VerifiedToken, instant: Instant) -> Option<TokenEnd> {
        let foreseen = self.deadline.is_some_and(|deadline| instant >= deadline);
        if foreseen || self.until.is_some_and(|until| token.terms().now() >= until) {
            return Some(TokenEnd::Expired);
        }
        match token.revocation() {
            Revocation::Good => None,
            Revocation::Revoked => Some(TokenEnd::Revoked),
            Revocation::Unknown => Some(TokenEnd::Unknown),
        }
    }

    /// When to look again.
    fn next(&self, instant: Instant) -> Instant {
        let tick = instant.checked_add(TICK).unwrap_or(instant);
        self.deadline.map_or(tick, |deadline| deadline.min(tick))
    }
}

impl Future for Lifetime {
    type Output = TokenEnd;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<TokenEnd> {
        let Self { token, watch } = self.get_mut();
        let watch = watch.get_or_insert_with(|| Watch::begin(token));
        loop {
            let instant = Instant::now();
            if let Some(end) = watch.ended(token, instant) {
                return Poll::Ready(end);
            }
            ready!(watch.tick.as_mut().poll(cx));
            let next = watch.next(instant);
            watch.tick.as_mut().reset(next);
        }
    }
}

impl fmt::Display for TokenEnd {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Expired => "the token has expired",
            Self::Revoked => "the token has been revoked",
            Self::Unknown => "nobody can say any more whether the token has been revoked",
        })
    }
}

impl std::error::Error for TokenEnd {}

impl fmt::Debug for Lifetime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Lifetime").field("token", &self.token).finish_non_exhaustive()
    }
}
