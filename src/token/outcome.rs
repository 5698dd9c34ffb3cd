use http::{Extensions, Request};

use super::VerifiedToken;
use crate::{error::TokenError, head::RequestHead};

/// What became of a request's token. The layer says it in the extensions of every request that
/// it lets pass, in the place of anything that came in: a [`VerifiedToken`] or, if there is none, an `Outcome`.
///
/// In axum it is an extractor, too. A program that wants to drop a login further in inserts an `Outcome` of its own, which counts
/// more than a token.
///
/// Extractors and policies read this one thing. Without axum:
///
/// ```
/// use tower_bearer::{Outcome, http::Request};
///
/// fn greet<B>(request: &Request<B>) -> &'static str {
///     match Outcome::of(request) {
///         Some(Outcome::Verified { .. }) => "hello again",
///         Some(Outcome::Absent) => "hello stranger",
///         Some(Outcome::Failed(_)) => "hello, you should log in again",
///         _ => "there is no JwtLayer around this service",
///     }
/// }
/// # assert!(greet(&Request::new(())).starts_with("there is no"));
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Outcome {
    /// No credentials came with the request, and the layer allows that.
    Absent,
    /// The token is bad, and the layer was told to make its best effort.
    Failed(TokenError),
    /// The token is good.
    #[non_exhaustive]
    Verified {
        /// The proof, and the way to the claims.
        token: VerifiedToken,
        /// Where on the request the token stood.
        origin: TokenOrigin,
    },
}

/// Where on a request a token stood.
///
/// A policy can ask for it:
///
/// ```
/// use tower_bearer::{AuthorizeLayer, Denial, TokenOrigin, policy_fn};
///
/// // What a link can do, anybody can make a user do.
/// let not_by_link = policy_fn(|_, head| Denial::unless(TokenOrigin::of(head) != Some(TokenOrigin::Query)));
/// let layer = AuthorizeLayer::new(not_by_link);
/// # drop(layer);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum TokenOrigin {
    /// In a cookie, which a browser sends unasked: such a token is held to the rules against forged requests.
    Cookie,
    /// In a header that only the client's own code sets.
    Header,
    /// Elsewhere, where a source of your own has found it. No further rules hold for it.
    Other,
    /// In the query of the URI, and so perhaps in logs.
    Query,
    /// In `Sec-WebSocket-Protocol`, which only the client's own code sets.
    WebSocketProtocol,
}

impl TokenOrigin {
    /// Where the verified token of this request stood; `None` if it has none.
    pub fn of(head: RequestHead<'_>) -> Option<Self> {
        VerifiedToken::within(head.extensions()).map(VerifiedToken::origin)
    }
}

impl Outcome {
    /// The outcome of a request; `None` if it passed no [`JwtLayer`](crate::JwtLayer).
    pub fn of<B>(request: &Request<B>) -> Option<Self> {
        Self::within(request.extensions())
    }

    /// The token, if it was good.
    pub fn verified(&self) -> Option<&VerifiedToken> {
        match self {
            Self::Verified { token, .. } => Some(token),
            Self::Absent | Self::Failed(_) => None,
        }
    }

    pub(crate) fn within(extensions: &Extensions) -> Option<Self> {
        let good =
            |token: &VerifiedToken| Self::Verified { token: token.clone(), origin: token.origin() };
        extensions.get::<Self>().cloned().or_else(|| extensions.get().map(good))
    }

    /// Takes the place of whatever outcome stands in these extensions.
    ///
    /// A token that is good stands there by itself: a second entry beside it would cost every request more than to find it.
    pub(crate) fn replace_in(self, extensions: &mut Extensions) {
        match self {
            Self::Verified { token, origin } => {
                extensions.insert(token.found_at(origin));
                extensions.remove::<Self>();
            }
            Self::Absent | Self::Failed(_) => {
                extensions.insert(self);
                extensions.remove::<VerifiedToken>();
            }
        }
    }
}
