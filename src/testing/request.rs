use std::sync::LazyLock;

use http::{HeaderValue, Request, header::AUTHORIZATION};
use serde::Serialize;

use super::{issuer::TestIssuer, misuse, token::to_object};
use crate::{
    error::TokenErrorKind,
    token::{Outcome, TokenOrigin},
};

/// Requests for tests, with a token or with what a layer would have made of one.
///
/// [`with_bearer`](Self::with_bearer) is for routers behind a [`JwtLayer`](crate::JwtLayer). The others are for
/// handlers **without** one: they set the [`Outcome`] that a layer would leave. A layer takes it out again and puts its own in.
///
/// ```
/// use serde_json::json;
/// use tower_bearer::{VerifiedToken, http::Request, testing::RequestExt};
///
/// let request = Request::new(()).with_claims(json!({ "sub": "ada", "scope": "read" }));
///
/// let token = VerifiedToken::of(&request).unwrap();
/// assert!(token.subject() == Some("ada") && token.scopes().contains("read"));
/// ```
pub trait RequestExt: sealed::Sealed + Sized {
    /// With `Authorization: Bearer` and this token, in the place of any that is there.
    ///
    /// # Panics
    ///
    /// The token cannot stand in a header.
    #[must_use]
    #[track_caller]
    fn with_bearer(self, token: impl AsRef<str>) -> Self;

    /// As if it had come with a good token with these claims, in its header: the members of a JSON object, a map or a struct.
    ///
    /// The token is really minted and verified, so the claims must be those of a good token. `iss` and `exp` are put
    /// in where they are missing; nothing else is, and no audience is asked for.
    ///
    /// # Panics
    ///
    /// The claims are no JSON object, or no token with them would be good: one has a wrong type, or `exp`
    /// has passed.
    #[must_use]
    #[track_caller]
    fn with_claims(self, claims: impl Serialize) -> Self;

    /// As if it had come without credentials through an [optional](crate::JwtLayer::optional) layer.
    #[must_use]
    fn without_credentials(self) -> Self;

    /// As if it had come with a token that is bad for this reason through a
    /// [best-effort](crate::JwtLayer::best_effort) layer.
    #[must_use]
    fn with_failed_token(self, reason: TokenErrorKind) -> Self;
}

impl<B> RequestExt for Request<B> {
    #[track_caller]
    fn with_bearer(mut self, token: impl AsRef<str>) -> Self {
        let Ok(value) = HeaderValue::try_from(format!("Bearer {}", token.as_ref())) else {
            misuse("this token cannot stand in a header")
        };
        self.headers_mut().insert(AUTHORIZATION, value);
        self
    }

    #[track_caller]
    fn with_claims(self, claims: impl Serialize) -> Self {
        /// Keys are made once for all tests of a process.
        static ISSUER: LazyLock<TestIssuer> = LazyLock::new(TestIssuer::new);
        let mut token = ISSUER.token();
        for claim in ["sub", "client_id", "iat", "jti"] {
            token = token.without(claim);
        }
        let token = token.claims(to_object(claims)).verified();
        with_outcome(self, Outcome::Verified { token, origin: TokenOrigin::Header })
    }

    fn without_credentials(self) -> Self {
        with_outcome(self, Outcome::Absent)
    }

    fn with_failed_token(self, reason: TokenErrorKind) -> Self {
        with_outcome(self, Outcome::Failed(reason.into()))
    }
}

fn with_outcome<B>(mut request: Request<B>, outcome: Outcome) -> Request<B> {
    outcome.replace_in(request.extensions_mut());
    request
}

mod sealed {
    /// Keeps others from implementing the trait, so that it can grow.
    #[expect(unnameable_types, reason = "that nobody can name it is what it is for")]
    pub trait Sealed {}

    impl<B> Sealed for http::Request<B> {}
}
