use http::{Extensions, Request};

use super::VerifiedToken;
use crate::error::TokenError;

/// What became of a request's token. The layer puts it into the extensions of every request that
/// it lets pass, in the place of any that came in.
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
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum TokenOrigin {
    /// In a cookie: a browser sends it unasked.
    Cookie,
    /// In a header that only the client's own code sets.
    Header,
    /// Elsewhere.
    Other,
    /// In the query of the URI, and so perhaps in logs.
    Query,
    /// In `Sec-WebSocket-Protocol`.
    WebSocketProtocol,
}

impl Outcome {
    /// The outcome of a request; `None` if it passed no [`JwtLayer`](crate::JwtLayer).
    pub fn of<B>(request: &Request<B>) -> Option<&Self> {
        request.extensions().get()
    }

    /// The token, if it was good.
    pub fn verified(&self) -> Option<&VerifiedToken> {
        match self {
            Self::Verified { token, .. } => Some(token),
            Self::Absent | Self::Failed(_) => None,
        }
    }

    /// Takes the place of whatever outcome stands in these extensions.
    pub(crate) fn replace_in(self, extensions: &mut Extensions) {
        match self.verified() {
            Some(token) => drop(extensions.insert(token.clone())),
            None => drop(extensions.remove::<VerifiedToken>()),
        }
        extensions.insert(self);
    }
}
