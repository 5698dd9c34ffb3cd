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
///             biased;    // what comes after the end is not read
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
/// | was past its `exp` already, within the leeway | when the leeway is over |
/// | may only be [so old](crate::TrustedIssuer::max_age) | at `iat` + `max_age`, if that is sooner; late comers as above |
/// | has no end | never, unless it is revoked |
/// | is [revoked](crate::TrustedIssuer::revocation), or nobody can say any more | within a second |
///
/// What is ahead and what is past is seen from the call of [`VerifiedToken::lifetime`]. The issuer's [`Clock`](crate::Clock)
/// decides, and is looked at each second; a clock that is set back does not make the token live longer. Nothing runs while nobody
/// polls. Polled once more, it says the same again.
///
/// # Panics
///
/// When it is polled outside of a tokio runtime with time.
#[must_use = "futures do nothing unless they are polled"]
pub struct Lifetime {
    token: VerifiedToken,
    /// When it ends, by the issuer's clock.
    until: Option<NumericDate>,
    /// The same as it was foreseen, by a clock that nobody sets.
    deadline: Option<Instant>,
    /// When to look.
    due: Instant,
    /// Rings when it is due. Made by the first poll, since it takes a runtime.
    alarm: Option<Pin<Box<Sleep>>>,
    end: Option<TokenEnd>,
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
        let (now, instant) = (self.terms().now(), Instant::now());
        let until = self.ends_at(now);
        let left =
            until.and_then(|until| Duration::try_from_secs_f64(until.seconds_since(now)).ok());
        let deadline = left.and_then(|left| instant.checked_add(left));
        Lifetime { token: self.clone(), until, deadline, due: instant, alarm: None, end: None }
    }

    /// When its time is over, seen from now: the leeway is for those alone that have come late.
    fn ends_at(&self, now: NumericDate) -> Option<NumericDate> {
        let terms = self.terms();
        let too_old = terms.max_age.and_then(|max_age| Some(self.issued_at()?.plus(max_age)));
        let ends = [self.expires_at(), too_old].into_iter().flatten();
        let ends = ends.map(|end| if end > now { end } else { end.plus(terms.leeway) });
        ends.reduce(|one, other| if other < one { other } else { one })
    }
}

impl Lifetime {
    /// Why the token no longer counts, if it is time to look and it does not.
    fn look(&mut self) -> Option<TokenEnd> {
        let instant = Instant::now();
        if self.end.is_none() && instant >= self.due {
            self.end = self.ended(instant);
            self.due = self.next(instant);
        }
        self.end
    }

    fn ended(&self, instant: Instant) -> Option<TokenEnd> {
        let foreseen = self.deadline.is_some_and(|deadline| instant >= deadline);
        if foreseen || self.until.is_some_and(|until| self.token.terms().now() >= until) {
            return Some(TokenEnd::Expired);
        }
        match self.token.revocation() {
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

    /// Waits until it is due.
    fn wait(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let due = self.due;
        let alarm = self.alarm.get_or_insert_with(|| Box::pin(sleep_until(due)));
        if alarm.deadline() != due {
            alarm.as_mut().reset(due);
        }
        alarm.as_mut().poll(cx)
    }
}

impl Future for Lifetime {
    type Output = TokenEnd;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<TokenEnd> {
        let this = self.get_mut();
        loop {
            if let Some(end) = this.look() {
                this.alarm = None;
                return Poll::Ready(end);
            }
            ready!(this.wait(cx));
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
