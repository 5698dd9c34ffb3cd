//! [`JwtLayer`]: what wraps a router or any other service.

use std::{fmt, sync::Arc};

use http::Response;
use serde::de::DeserializeOwned;
use tower_layer::Layer;

use super::{
    csrf::Origins,
    gate::{Gate, Mode, Typed},
    rejection::Rejection,
    respond::{BearerResponder, RespondFn},
    service::JwtService,
    source::{AuthorizationHeader, TokenSource},
};
use crate::{error::ConfigError, policy::Policy, token::Claims, verifier::Verifier};

/// Verifies the bearer token of every request and hands its claims on in the extensions.
///
/// ```
/// # #[cfg(feature = "axum")] {
/// use axum::{Router, routing::get};
/// use tower_bearer::{JwtLayer, StaticKeys, TrustedIssuer, VerifiedToken, Verifier};
///
/// # fn app() -> Result<Router, tower_bearer::ConfigError> {
/// let keys = StaticKeys::hs256([7; 32])?;
/// let verifier = Verifier::new(TrustedIssuer::new("https://issuer.example", "https://api.example", keys))?;
/// let app = Router::new()
///     .route("/me", get(|token: VerifiedToken| async move { token.subject().map(str::to_owned) .unwrap_or_default() }))
///     .route_layer(JwtLayer::new(verifier));
/// # Ok(app)
/// # }
/// # }
/// ```
///
/// On a router, `route_layer` protects the routes that were added **before** it; those added after it are public.
/// In a `ServiceBuilder` it protects what comes after it.
///
/// What becomes of a request:
///
/// | the token is | required (default) | [`optional`](Self::optional) | [`best_effort`](Self::best_effort) |
/// |---|---|---|---|
/// | good | passes | passes | passes |
/// | not there | 401 | passes | passes |
/// | bad | 400, 401 | 400, 401 | passes |
/// | in a [cookie](crate::TokenCookie), and the request perhaps another page's | 403 | 403 | passes |
/// | beyond judging now | 503 | 503 | passes |
///
/// A [policy](Self::require) lets none pass without a good token, in any of the three.
///
/// A request that passes carries its [`Outcome`](crate::Outcome); whatever outcome came in with it
/// is gone.
#[derive(Clone)]
#[must_use = "a layer does nothing until it wraps a service"]
pub struct JwtLayer<T = AuthorizationHeader, R = BearerResponder> {
    /// Shared with the services made of it: routers clone layers, and wrap services, for each connection or even request.
    gate: Arc<Gate<T, R>>,
}

impl JwtLayer {
    /// A layer that lets only requests with a good token pass.
    pub fn new(verifier: Verifier) -> Self {
        Self {
            gate: Arc::new(Gate {
                verifier,
                mode: Mode::Required,
                source: AuthorizationHeader,
                origins: Origins::default(),
                responder: BearerResponder,
                params: Arc::default(),
                pass_preflight: false,
                typed: None,
                policy: None,
            }),
        }
    }
}

impl<T: Clone, R: Clone> JwtLayer<T, R> {
    /// Lets requests without credentials pass, too. A request with a bad token is still refused: it
    /// never becomes an anonymous one.
    pub fn optional(mut self) -> Self {
        self.told().mode = Mode::Optional;
        self
    }

    /// Lets every request pass, and says in its [`Outcome`](crate::Outcome) what is wrong with its token.
    ///
    /// Extractors still refuse a failed token; a handler without one serves everybody. For services that
    /// decide by themselves.
    pub fn best_effort(mut self) -> Self {
        self.told().mode = Mode::BestEffort;
        self
    }

    /// Lets CORS preflights pass without a token: `OPTIONS` with `Origin` and
    /// `Access-Control-Request-Method`. Browsers send them without credentials.
    ///
    /// Not needed if the CORS layer lies outside of this one, as it should. With it, a handler that
    /// answers any method must not take an `OPTIONS` for an authenticated request. A policy that this layer
    /// [requires](Self::require) is not asked; an [`AuthorizeLayer`](crate::AuthorizeLayer) further in refuses
    /// preflights that reach it.
    pub fn allow_cors_preflight(mut self) -> Self {
        self.told().pass_preflight = true;
        self
    }

    /// The `realm` of challenges; `api` unless it is set.
    ///
    /// # Errors
    ///
    /// It holds something else than visible ASCII characters and spaces.
    pub fn realm(mut self, realm: impl AsRef<str>) -> Result<Self, ConfigError> {
        Arc::make_mut(&mut self.told().params).set_realm(realm.as_ref())?;
        Ok(self)
    }

    /// Where clients read about this API ([RFC 9728 §5.1](https://www.rfc-editor.org/rfc/rfc9728#section-5.1)): stands in
    /// every challenge as `resource_metadata`. It is the
    /// [`metadata_url`](crate::ProtectedResource::metadata_url) of a [`ProtectedResource`](crate::ProtectedResource).
    ///
    /// # Errors
    ///
    /// It is no absolute URL, or has a fragment.
    pub fn resource_metadata(mut self, url: impl AsRef<str>) -> Result<Self, ConfigError> {
        Arc::make_mut(&mut self.told().params).set_resource_metadata(url.as_ref())?;
        Ok(self)
    }

    /// Lets only requests pass that this policy permits as well, whatever the mode: without a good token nothing is
    /// permitted. Called several times, all of them have to.
    ///
    /// The challenge to a request without a token then names the scopes that are needed, which an
    /// [`AuthorizeLayer`](crate::AuthorizeLayer) further in could not tell.
    ///
    /// ```
    /// use tower_bearer::{JwtLayer, RequireScope, Verifier};
    ///
    /// # fn layer(verifier: Verifier) -> Result<JwtLayer, tower_bearer::ConfigError> {
    /// let layer = JwtLayer::new(verifier).require(RequireScope::all(["notes:read"])?);
    /// # Ok(layer)
    /// # }
    /// ```
    pub fn require(mut self, policy: impl Policy) -> Self {
        let told = self.told();
        told.policy = Some(match told.policy.take() {
            Some(first) => Arc::new(first.and(policy)),
            None => Arc::new(policy),
        });
        self
    }

    /// Decodes the claims at the layer: a token whose claims do not fit `C` is refused here with 403, and
    /// handlers find [`Claims<C>`](Claims) in the extensions. A best-effort layer lets it pass without them.
    pub fn claims<C>(mut self) -> Self
    where
        C: DeserializeOwned + Send + Sync + 'static,
    {
        self.told().typed = Some(Typed {
            insert: |token, extensions| {
                extensions.insert(Claims::<C>(token.claims()?));
                Ok(())
            },
            remove: |extensions| drop(extensions.remove::<Claims<C>>()),
        });
        self
    }

    /// Takes tokens from elsewhere than the `Authorization` header, or from elsewhere as well.
    ///
    /// ```
    /// use tower_bearer::{AuthorizationHeader, JwtLayer, QueryParameter, TokenSource, Verifier};
    ///
    /// # fn layer(verifier: Verifier) {
    /// let layer = JwtLayer::new(verifier).source(AuthorizationHeader.or(QueryParameter::access_token()));
    /// # drop(layer);
    /// # }
    /// ```
    ///
    /// A token in a cookie counts only where no page of another origin can have sent the request, as
    /// [`TokenCookie`](crate::TokenCookie) says. Without the feature `cookies` nobody can tell: it then counts for `GET`, `HEAD` and
    /// `OPTIONS` alone, and opens no socket. `source` called again replaces the source; [`or`](TokenSource::or) adds one.
    pub fn source<S: TokenSource>(self, source: S) -> JwtLayer<S, R> {
        self.with(|_, responder| (source, responder))
    }

    /// Lets the pages of one more origin use the tokens that browsers keep in cookies, as `https://app.example`; the origin of the
    /// service itself may always.
    ///
    /// Such a page can do all that the user can, and each page of that origin is one. For a page to read the answers, the CORS
    /// layer has to name the origin, too. Behind a proxy that does not keep `Host` it is the service's own origin, as browsers see it.
    ///
    /// ```
    /// use tower_bearer::{ConfigError, JwtLayer, TokenCookie, Verifier};
    ///
    /// # fn layer(verifier: Verifier) -> Result<(), ConfigError> {
    /// let layer = JwtLayer::new(verifier)
    ///     .source(TokenCookie::new("__Host-token")?)
    ///     .trusted_origin("https://app.example")?;
    /// # drop(layer);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// It is no origin as browsers send it: a scheme, a host in small letters, and a port if it is not the scheme's own.
    #[cfg(feature = "cookies")]
    pub fn trusted_origin(mut self, origin: impl AsRef<str>) -> Result<Self, ConfigError> {
        self.told().origins.trust(origin.as_ref())?;
        Ok(self)
    }

    /// Makes the response to every refusal; see [`Respond`](crate::Respond).
    pub fn responder<S>(self, responder: S) -> JwtLayer<T, S> {
        self.with(|source, _| (source, responder))
    }

    /// Makes the response to every refusal with a closure.
    ///
    /// ```
    /// # #[cfg(feature = "axum")] {
    /// use axum::{Json, response::IntoResponse};
    /// # fn layer(verifier: tower_bearer::Verifier) {
    /// let layer = tower_bearer::JwtLayer::new(verifier).respond_with(|rejection| {
    ///     let body = serde_json::json!({ "code": rejection.kind().code() });
    ///     (rejection.status(), Json(body)).into_response()
    /// });
    /// # drop(layer);
    /// # }
    /// # }
    /// ```
    pub fn respond_with<F, B>(self, respond: F) -> JwtLayer<T, RespondFn<F>>
    where
        F: Fn(&Rejection) -> Response<B> + Clone + Send + Sync + 'static,
    {
        self.responder(RespondFn(respond))
    }

    fn told(&mut self) -> &mut Gate<T, R> {
        Arc::make_mut(&mut self.gate)
    }

    fn with<S, Q>(self, change: impl FnOnce(T, R) -> (S, Q)) -> JwtLayer<S, Q> {
        JwtLayer { gate: Arc::new(Arc::unwrap_or_clone(self.gate).with(change)) }
    }
}

impl<S, T, R> Layer<S> for JwtLayer<T, R> {
    type Service = JwtService<S, T, R>;

    fn layer(&self, inner: S) -> Self::Service {
        JwtService::new(inner, Arc::clone(&self.gate))
    }
}

impl<T, R> fmt::Debug for JwtLayer<T, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("JwtLayer")
            .field("verifier", &self.gate.verifier)
            .field("mode", &self.gate.mode)
            .finish_non_exhaustive()
    }
}
