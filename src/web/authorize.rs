//! [`AuthorizeLayer`]: a policy further in than the layer that verifies.

use std::{
    fmt,
    sync::Arc,
    task::{Context, Poll},
};

use http::{Request, Response};
use tower_layer::Layer;
use tower_service::Service;

use super::{
    future::ResponseFuture,
    judge::{Done, Judge, Shared, Step, ask, decided},
    rejection::{Passed, Rejection},
    respond::handed_out,
    service::go_on,
    wanted::Asked,
};
use crate::{policy::Policy, telemetry::record::Latency};

/// Asks more of some routes than the [`JwtLayer`](crate::JwtLayer) around them does.
///
/// ```
/// # #[cfg(feature = "axum")] {
/// use axum::{Router, routing::{get, post}};
/// use tower_bearer::{AuthorizeLayer, JwtLayer, RequireRole, RequireScope, Verifier};
///
/// # fn app(verifier: Verifier) -> Result<Router, tower_bearer::ConfigError> {
/// let admin = Router::new()
///     .route("/users", get(|| async { "all users" }))
///     .route_layer(AuthorizeLayer::new(RequireRole::any("roles", ["admin"])?));
/// let app = Router::new()
///     .route("/notes", post(|| async { "a new note" })
///         .route_layer(AuthorizeLayer::new(RequireScope::all(["notes:write"])?))    // on what stands before it
///         .get(|| async { "all notes" }))
///     .merge(admin)
///     .route_layer(JwtLayer::new(verifier));
/// # Ok(app)
/// # }
/// # }
/// ```
///
/// It reads what that layer left, and so has to stand inside of it; without one it answers 500. What becomes of a
/// request, in every mode of that layer:
///
/// | the request | is answered with |
/// |---|---|
/// | has a good token that the policy permits | what the inner service says |
/// | has a good token that it denies | 403, 401 or 503, as the [`Denial`](crate::Denial) says |
/// | has no token (optional layer) | 401, with the policy's scopes |
/// | has a bad token (best-effort layer) | as that token's error says |
///
/// Refusals are rendered by the responder of the [`JwtLayer`](crate::JwtLayer) around it. Any body will do that has a `Default`.
#[derive(Clone)]
#[must_use = "a layer does nothing until it wraps a service"]
pub struct AuthorizeLayer {
    gate: Arc<Authorize>,
}

struct Authorize {
    policy: Arc<dyn Policy>,
}

impl AuthorizeLayer {
    /// A layer that lets only requests pass that this policy permits.
    pub fn new(policy: impl Policy) -> Self {
        Self { gate: Arc::new(Authorize { policy: Arc::new(policy) }) }
    }
}

impl<S> Layer<S> for AuthorizeLayer {
    type Service = AuthorizeService<S>;

    fn layer(&self, inner: S) -> AuthorizeService<S> {
        AuthorizeService { inner, gate: Arc::new(Shared(Arc::clone(&self.gate))) }
    }
}

/// A service behind an [`AuthorizeLayer`].
///
/// While it waits for a policy, and only then, it puts a clone in the place of the service that was polled ready.
#[derive(Clone)]
pub struct AuthorizeService<S> {
    inner: S,
    gate: Arc<Shared<Authorize>>,
}

impl<S> AuthorizeService<S> {
    /// The service that is protected.
    pub fn get_ref(&self) -> &S {
        &self.inner
    }
}

impl<S, ReqBody, ResBody> Service<Request<ReqBody>> for AuthorizeService<S>
where
    S: Service<Request<ReqBody>, Response = Response<ResBody>> + Clone,
    ResBody: Default,
{
    type Response = Response<ResBody>;
    type Error = S::Error;
    type Future = ResponseFuture<S, ReqBody, ResBody>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: Request<ReqBody>) -> Self::Future {
        let step = ask(&*self.gate.0.policy, &request, Latency::Ready);
        let gate = Arc::clone(&self.gate);
        // What is wanted is known to the layer that will render it.
        go_on(&mut self.inner, request, step, gate, Asked::default())
    }
}

impl<ReqBody, ResBody: Default> Judge<ReqBody, ResBody> for Authorize {
    fn resume(&self, request: &mut Request<ReqBody>, done: Done) -> Step {
        match done {
            Done::Authorized(decision) => decided(decision, request, Latency::Waited),
            // It waits for nothing but its policy, so this is never what has come.
            Done::Verified(..) => ask(&*self.policy, request, Latency::Waited),
        }
    }

    fn refuse(&self, rejection: Rejection, _: Asked) -> Response<ResBody> {
        handed_out(rejection)
    }

    fn answered(
        &self,
        mut response: Response<ResBody>,
        passed: &Passed,
        _: Asked,
    ) -> Response<ResBody> {
        if let Some(rejection) = response.extensions_mut().remove::<Rejection>() {
            let rejection = rejection.within(passed).completed(&*self.policy);
            response.extensions_mut().insert(rejection);
        }
        response
    }
}

impl fmt::Debug for AuthorizeLayer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("AuthorizeLayer(..)")
    }
}

impl<S: fmt::Debug> fmt::Debug for AuthorizeService<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AuthorizeService").field("inner", &self.inner).finish_non_exhaustive()
    }
}
