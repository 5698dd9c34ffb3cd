//! [`Grpc`]: refusals as clients of gRPC read them
//! ([gRPC over HTTP/2](https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md#responses)).

use http::{
    HeaderName, HeaderValue, Response,
    header::{CONTENT_TYPE, RETRY_AFTER, WWW_AUTHENTICATE},
};

use super::{BearerResponder, Respond, headers::seconds_to_wait};
use crate::{
    head::RequestHead,
    web::{
        rejection::Rejection,
        wanted::{Wanted, is_grpc},
    },
};

/// Answers calls of gRPC in gRPC, and all other requests as [`BearerResponder`] does.
///
/// A refused call gets HTTP 200 with the status of gRPC in a header and an empty body ("Trailers-Only"). The challenge
/// and `Retry-After` are metadata:
///
/// ```text
/// HTTP/2 200
/// content-type: application/grpc
/// grpc-status: 16
/// grpc-message: the token has expired
/// www-authenticate: Bearer realm="api", error="invalid_token", error_description="the token has expired"
/// ```
///
/// Without it, clients make a status of the HTTP status. They read 401, 403 and 503 rightly as `UNAUTHENTICATED`,
/// `PERMISSION_DENIED` and `UNAVAILABLE`, but 400 as `INTERNAL` and 500 as `UNKNOWN`; they have no message, and tonic's learn
/// that a stream is refused only where its first message should be.
///
/// Before all services of a tonic server:
///
/// ```
/// use tower_bearer::{Grpc, JwtLayer, Verifier};
///
/// # fn server(verifier: Verifier) {
/// let server = tonic::transport::Server::builder()
///     .layer(JwtLayer::new(verifier).responder(Grpc::new()));
/// # drop(server);
/// # }
/// ```
///
/// What one service needs is asked for by an [`AuthorizeLayer`](crate::AuthorizeLayer) around that service, whose refusals
/// are rendered here as well. A handler finds the token in the extensions:
///
/// ```
/// use tonic::{Request, service::{LayerExt, Layered}};
/// use tower_bearer::{AuthorizeLayer, AuthorizeService, ConfigError, RequireScope, VerifiedToken};
///
/// // For `add_service`; `S` is the likes of `GreeterServer<Greeter>`.
/// fn for_writers<S>(service: S) -> Result<Layered<AuthorizeService<S>, S>, ConfigError> {
///     Ok(AuthorizeLayer::new(RequireScope::all(["greetings:write"])?).named_layer(service))
/// }
///
/// fn subject<T>(request: &Request<T>) -> Option<&str> {
///     request.extensions().get::<VerifiedToken>()?.subject()
/// }
/// ```
#[derive(Clone, Copy, Debug, Default)]
#[non_exhaustive]
#[must_use = "a responder does nothing until a layer has it"]
pub struct Grpc;

impl Grpc {
    /// There is nothing to be set.
    pub const fn new() -> Self {
        Self
    }
}

#[diagnostic::do_not_recommend]
impl<B: Default> Respond<B> for Grpc {
    fn respond(&self, rejection: &Rejection) -> Response<B> {
        match rejection.wanted() {
            Wanted::Grpc => trailers_only(rejection),
            Wanted::Plain | Wanted::Problem => BearerResponder.respond(rejection),
        }
    }

    fn wanted(&self, head: RequestHead<'_>) -> Wanted {
        if is_grpc(head) { Wanted::Grpc } else { Wanted::Plain }
    }
}

/// Headers without a body: they are the trailers, too.
fn trailers_only<B: Default>(rejection: &Rejection) -> Response<B> {
    const STATUS: HeaderName = HeaderName::from_static("grpc-status");
    const MESSAGE: HeaderName = HeaderName::from_static("grpc-message");
    let mut response = Response::new(B::default());
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/grpc"));
    headers.insert(STATUS, HeaderValue::from(u16::from(rejection.grpc_status())));
    // Percent-encoding would leave every description as it is: a test of `web/challenge` sees to that.
    headers.insert(MESSAGE, HeaderValue::from_static(rejection.description()));
    let metadata =
        [(WWW_AUTHENTICATE, rejection.challenge()), (RETRY_AFTER, seconds_to_wait(rejection))];
    for (name, value) in metadata {
        value.map(|value| headers.insert(name, value));
    }
    response
}
