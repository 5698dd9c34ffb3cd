//! [`Respond`]: what a refusal looks like on the wire.

use std::fmt;

use http::{
    HeaderValue, Response, StatusCode,
    header::{RETRY_AFTER, WWW_AUTHENTICATE},
};

use super::{rejection::Rejection, wanted::Wanted};
use crate::head::RequestHead;

/// Makes the response to a request that is refused.
///
/// One responder renders every refusal of a layer: its own, and those of the extractors behind it.
/// Where one [`JwtLayer`](crate::JwtLayer) stands inside another, the inner one's refusals are
/// rendered by the inner one.
///
/// What the RFCs demand is added by the layer if the responder leaves it out: `WWW-Authenticate` to
/// every 401 (RFC 9110 §11.6.1) and to a refusal that has a challenge, `Retry-After` to a 503.
///
/// Closures are responders by [`JwtLayer::respond_with`](crate::JwtLayer::respond_with).
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot make a response with the body `{B}`",
    note = "the default responder needs a body type with `Default`; for others use `.respond_with(|rejection| ..)`, or place layers that change the body outside of `JwtLayer`"
)]
pub trait Respond<B>: Clone + Send + Sync + 'static {
    /// The whole response.
    fn respond(&self, rejection: &Rejection) -> Response<B>;

    /// What this request wants of an answer, should it be refused: [`Rejection::wanted`] then says so. It is asked before
    /// the request is judged, so a responder that does not care spares each request the look at its headers.
    fn wanted(&self, head: RequestHead<'_>) -> Wanted {
        Wanted::of(head)
    }
}

/// The default: the status, `WWW-Authenticate`, `Retry-After`, and an empty body of any type that has
/// a `Default`, such as `axum::body::Body` or `http_body_util::Full`.
///
/// ```text
/// HTTP/1.1 401 Unauthorized
/// www-authenticate: Bearer realm="api", error="invalid_token", error_description="the token has expired"
/// ```
#[derive(Clone, Copy, Debug, Default)]
#[non_exhaustive]
pub struct BearerResponder;

// Lets the note of `Respond` be shown instead of "`Default` is not satisfied".
#[diagnostic::do_not_recommend]
impl<B: Default> Respond<B> for BearerResponder {
    fn respond(&self, rejection: &Rejection) -> Response<B> {
        let mut response = Response::new(B::default());
        *response.status_mut() = rejection.status();
        complete(&mut response, rejection);
        response
    }

    fn wanted(&self, _: RequestHead<'_>) -> Wanted {
        Wanted::Plain
    }
}

/// Adds the headers of a refusal that the response lacks.
pub(crate) fn complete<B>(response: &mut Response<B>, rejection: &Rejection) {
    let challenge = match response.status() {
        // A responder may make a 401 of any refusal.
        StatusCode::UNAUTHORIZED => Some(rejection.any_challenge()),
        status if status == rejection.status() => rejection.challenge(),
        _ => None,
    };
    if let Some(challenge) = challenge {
        response.headers_mut().entry(WWW_AUTHENTICATE).or_insert(challenge);
    }
    if response.status() == StatusCode::SERVICE_UNAVAILABLE
        && let Some(retry_after) = rejection.retry_after()
    {
        let seconds = retry_after.as_nanos().div_ceil(1_000_000_000);
        let value = HeaderValue::from(u64::try_from(seconds).unwrap_or(u64::MAX));
        response.headers_mut().entry(RETRY_AFTER).or_insert(value);
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
