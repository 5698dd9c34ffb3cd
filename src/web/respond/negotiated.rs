//! [`Negotiated`]: the answer that a request asks for
//! ([RFC 9110 §12](https://www.rfc-editor.org/rfc/rfc9110#section-12)).

use http::{HeaderValue, Response, header::VARY};

use super::{BearerResponder, Grpc, ProblemJson, Respond, RespondFn};
use crate::web::{rejection::Rejection, wanted::Wanted};

/// Answers in the way that the request's headers ask for: see [`Wanted`].
///
/// | a request | is answered by |
/// |---|---|
/// | of gRPC | [`Grpc`] |
/// | that takes JSON, or does not say what it takes | [`ProblemJson`] |
/// | any other | [`BearerResponder`], or another responder |
///
/// ```
/// use tower_bearer::{ConfigError, JwtLayer, Negotiated, ProblemJson, Verifier, http::Response};
///
/// # #[cfg(feature = "axum")]
/// # fn layers(verifier: Verifier) -> Result<(), ConfigError> {
/// let layer = JwtLayer::new(verifier.clone()).responder(Negotiated::new());
///
/// let responder = Negotiated::new()
///     .problem(ProblemJson::new().types_at("https://api.example/problems/")?)
///     .otherwise_with(|rejection| {
///         let mut response = Response::new(axum::body::Body::from(rejection.description()));
///         *response.status_mut() = rejection.status();
///         response
///     });
/// let other = JwtLayer::new(verifier).responder(responder);
/// # fn routed<L: tower::Layer<axum::Router> + Clone>(_: L) {}
/// # routed(layer);
/// # routed(other);
/// # Ok(())
/// # }
/// ```
///
/// Answers to all but gRPC say `Vary: Accept`. No cache keeps a refusal by itself, but one that is told to keep errors
/// must not hand the answer to one client to another ([RFC 9110 §12.5.5]). Calls of gRPC are `POST`s, whose answers
/// are not kept for others.
///
/// The body has to be made from nothing and from a `String`, as `axum::body::Body` and `http_body_util::Full` are. tonic's own
/// cannot: in a `tonic::transport::Server`, use [`Grpc`], or put the layer around the `axum::Router` that its
/// routes are.
///
/// [RFC 9110 §12.5.5]: https://www.rfc-editor.org/rfc/rfc9110#section-12.5.5
#[derive(Clone, Debug)]
#[must_use = "a responder does nothing until a layer has it"]
pub struct Negotiated<R = BearerResponder> {
    problem: ProblemJson,
    otherwise: R,
}

impl Negotiated {
    /// `about:blank` problems for those who take JSON, and no body for those who do not.
    pub const fn new() -> Self {
        Self { problem: ProblemJson::new(), otherwise: BearerResponder }
    }
}

impl Default for Negotiated {
    fn default() -> Self {
        Self::new()
    }
}

impl<R> Negotiated<R> {
    /// What is answered to those who take JSON.
    pub fn problem(mut self, problem: ProblemJson) -> Self {
        self.problem = problem;
        self
    }

    /// What is answered to those who do not: a page for people, say.
    pub fn otherwise<S>(self, responder: S) -> Negotiated<S> {
        Negotiated { problem: self.problem, otherwise: responder }
    }

    /// The same by a closure.
    pub fn otherwise_with<F, B>(self, respond: F) -> Negotiated<RespondFn<F>>
    where
        F: Fn(&Rejection) -> Response<B> + Clone + Send + Sync + 'static,
    {
        self.otherwise(RespondFn(respond))
    }
}

#[diagnostic::do_not_recommend]
impl<B, R> Respond<B> for Negotiated<R>
where
    B: Default + From<String>,
    R: Respond<B>,
{
    fn respond(&self, rejection: &Rejection) -> Response<B> {
        let mut response = match rejection.wanted() {
            Wanted::Grpc => return Grpc.respond(rejection),
            Wanted::Problem => self.problem.respond(rejection),
            Wanted::Plain => self.otherwise.respond(rejection),
        };
        response.headers_mut().append(VARY, HeaderValue::from_static("accept"));
        response
    }
}
