//! [`BearerResponder`]: no more than the RFCs demand.

use http::Response;

use super::{Respond, complete};
use crate::{
    head::RequestHead,
    web::{rejection::Rejection, wanted::Wanted},
};

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
