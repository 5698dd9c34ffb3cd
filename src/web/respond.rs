//! [`Respond`]: what a refusal looks like on the wire.
//!
//! | responder | a refusal is |
//! |---|---|
//! | [`BearerResponder`], the default | the status and its headers |
//! | [`ProblemJson`] | the same with a body of `application/problem+json` |
//! | [`Grpc`] | for gRPC, HTTP 200 and a `grpc-status`; else that of `BearerResponder` |
//! | [`Negotiated`] | whichever of the three the request's headers ask for |
//! | a closure, or a type of one's own | whatever it makes |

mod bearer;
mod function;
mod grpc;
mod headers;
mod negotiated;
mod problem;

use http::Response;

pub(crate) use self::headers::{complete, keep_headers};
pub use self::{
    bearer::BearerResponder, function::RespondFn, grpc::Grpc, negotiated::Negotiated,
    problem::ProblemJson,
};
use super::{challenge::RejectionKind, rejection::Rejection, wanted::Wanted};
use crate::head::RequestHead;

/// Makes the response to a request that is refused.
///
/// One responder renders every refusal of a layer: its own, and those of the extractors behind it.
/// Where one [`JwtLayer`](crate::JwtLayer) stands inside another, the inner one's refusals are
/// rendered by the inner one.
///
/// There are [`BearerResponder`] (the default), [`ProblemJson`], [`Grpc`] and [`Negotiated`]; closures are
/// responders by [`JwtLayer::respond_with`](crate::JwtLayer::respond_with).
///
/// What the RFCs demand is added by the layer if the responder leaves it out: `WWW-Authenticate` to
/// every 401 (RFC 9110 §11.6.1) and to a refusal that has a challenge, `Retry-After` to a 503.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot make a response with the body `{B}`",
    note = "the default responder needs a body type with `Default`, `ProblemJson` one with `From<String>`, `Negotiated` both (tonic's own body has no `From<String>`: use `Grpc`, or layer the axum router); for others use `.respond_with(|rejection| ..)`, or place layers that change the body outside of `JwtLayer`"
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

/// The response to a refusal that has no responder at hand: the refusal travels in its extensions, where the layer around
/// finds it and answers in its place.
pub(crate) fn handed_out<B: Default>(mut rejection: Rejection) -> Response<B> {
    if rejection.kind() == RejectionKind::Misconfigured {
        // There may be no layer around that would.
        rejection.log();
    }
    let mut response = BearerResponder.respond(&rejection);
    response.extensions_mut().insert(rejection);
    response
}
