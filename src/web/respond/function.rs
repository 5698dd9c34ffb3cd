//! [`RespondFn`]: a closure as a responder.

use std::fmt;

use http::Response;

use super::Respond;
use crate::web::rejection::Rejection;

/// What [`JwtLayer::respond_with`](crate::JwtLayer::respond_with) and
/// [`Negotiated::otherwise_with`](crate::Negotiated::otherwise_with) make of a closure.
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
