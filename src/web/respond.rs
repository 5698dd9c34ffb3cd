//! [`Respond`]: what a refusal looks like on the wire.

use std::fmt;

use http::{
    HeaderValue, Response,
    header::{RETRY_AFTER, WWW_AUTHENTICATE},
};

use super::rejection::Rejection;

/// Makes the response to a request that is refused.
///
/// One responder renders every refusal of a layer: its own, and those of the extractors behind it.
/// Where one [`JwtLayer`](crate::JwtLayer) stands inside another, the inner one's refusals are
/// rendered by the inner one. A 401 that lacks `WWW-Authenticate` gets it from the layer, since RFC 9110
/// §11.6.1 demands one.
///
/// Closures are responders by [`JwtLayer::respond_with`](crate::JwtLayer::respond_with).
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot make a response with the body `{B}`",
    note = "the default responder needs a body type with `Default`; for others use `.respond_with(|rejection| ..)`"
)]
pub trait Respond<B>: Clone + Send + Sync + 'static {
    /// The whole response.
    fn respond(&self, rejection: &Rejection) -> Response<B>;
}

/// The default: the status, `WWW-Authenticate`, `Retry-After`, and an empty body.
///
/// ```text
/// HTTP/1.1 401 Unauthorized
/// www-authenticate: Bearer realm="api", error="invalid_token", error_description="the token has expired"
/// ```
#[derive(Clone, Copy, Debug, Default)]
#[non_exhaustive]
pub struct BearerResponder;

impl<B: Default> Respond<B> for BearerResponder {
    fn respond(&self, rejection: &Rejection) -> Response<B> {
        let mut response = Response::new(B::default());
        *response.status_mut() = rejection.status();
        if let Some(challenge) = rejection.challenge() {
            response.headers_mut().insert(WWW_AUTHENTICATE, challenge);
        }
        if let Some(retry_after) = rejection.retry_after() {
            let seconds = retry_after.as_nanos().div_ceil(1_000_000_000);
            let value = HeaderValue::from(u64::try_from(seconds).unwrap_or(u64::MAX));
            response.headers_mut().insert(RETRY_AFTER, value);
        }
        response
    }
}

/// What [`JwtLayer::respond_with`](crate::JwtLayer::respond_with) makes of a closure.
#[derive(Clone)]
pub struct RespondFn<F>(pub(crate) F);

impl<F, B> Respond<B> for RespondFn<F>
where
    F: Fn(&Rejection) -> Response<B> + Clone + Send + Sync + 'static,
{
    fn respond(&self, rejection: &Rejection) -> Response<B> {
        self.0(rejection)
    }
}

impl<F> fmt::Debug for RespondFn<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RespondFn(..)")
    }
}
