//! [`SessionRoutes`] and [`well_known`]: ready routes for axum (feature `routes`).

mod answer;
mod carrier;
mod logout;
mod own;
mod renew;
mod well_known;

use std::{fmt, sync::Arc};

use axum::{
    Router,
    routing::{delete, get, post},
};
use futures_util::future::BoxFuture;
use tower_http::csrf::CsrfLayer;

use self::carrier::Carrier;
pub use self::well_known::well_known;
use super::{
    cookies::SessionCookies,
    grant::Grant,
    session::{GrantError, Session},
    sessions::Sessions,
    store::SessionStore,
};
use crate::{
    error::ConfigError,
    web::{
        layer::JwtLayer,
        source::{AuthorizationHeader, TokenSource},
    },
};

/// Ready routes for axum: renewing, logging out, and the list of one's sessions.
///
/// ```
/// use axum::{Router, routing::post};
/// use tower_bearer::{ConfigError, Grant, MemoryStore, SessionCookies, SessionRoutes, Sessions, well_known};
/// # async fn login() {}
///
/// fn app(sessions: Sessions<MemoryStore>) -> Result<Router, ConfigError> {
///     // What a subject may do by now: asked at each renewal.
///     // One that asks a database is `move |session: Session| { let db = db.clone(); async move { .. } }`.
///     let grant = async |_session| Ok(Grant::new().roles(["clerk"])?);
///     let routes = SessionRoutes::with_cookies(SessionCookies::browser_app(), sessions.clone(), grant);
///     Ok(Router::new()
///         .route("/login", post(login))          // yours: it calls `Sessions::start`
///         .merge(routes.router()?)
///         .merge(well_known(sessions.issuer())?))
/// }
/// # drop(app);
/// ```
///
/// | route | who may | the answer |
/// |---|---|---|
/// | `POST /refresh` | who has the refresh token | the next tokens |
/// | `POST /logout` | anybody | 204. The session of the refresh token has ended, and that of the access token. 204 also if neither was there or good |
/// | `POST /logout/everywhere` | who has one of the two tokens | 200, `{"ended":3}`: all sessions of the subject |
/// | `POST /logout/others` | likewise | 200, `{"ended":2}`: all but this one |
/// | `GET /sessions` | who has the access token | 200, `{"sessions":[..]}`: each a [`Session`], with `current` |
/// | `DELETE /sessions/{id}` | likewise | 204, or 404 if it is no session of one's own |
///
/// The paths are fixed: who needs two sets, for browsers and for apps, or has such a path already, nests one (`Router::nest`).
///
/// An access token that has expired is no obstacle to logging out: the refresh token does as well.
///
/// # Where the tokens are
///
/// | | [`with_cookies`](Self::with_cookies) | [`with_json`](Self::with_json) |
/// |---|---|---|
/// | the access token | its cookie, or `Authorization` | `Authorization` |
/// | the refresh token | its cookie | the request's body: `{"refresh_token":".."}`, or the form of [RFC 6749 §6](https://www.rfc-editor.org/rfc/rfc6749#section-6), 16 KiB at most |
/// | the next tokens | `Set-Cookie`; the body is `{"expires_in":900}`, so that the page knows when to renew | the body ([RFC 6749 §5.1](https://www.rfc-editor.org/rfc/rfc6749#section-5.1)) |
/// | a request of another origin's page | 403 for each of these routes that changes something | is no danger: no browser adds the token by itself |
///
/// # What is said of errors
///
/// The body is that of [RFC 6749 §5.2](https://www.rfc-editor.org/rfc/rfc6749#section-5.2), `{"error":"invalid_grant"}`.
///
/// | what | renewing | logging out |
/// |---|---|---|
/// | no refresh token, two of them, or a body that cannot be read | 400 `invalid_request`; cookies stay | 400 if there are two or it cannot be read |
/// | a refresh token that is not good, whatever the reason | 400 `invalid_grant`; cookies are cleared | is none |
/// | the store cannot be reached | 503 and `Retry-After`; cookies stay, for the session may be good | 503; cookies are cleared, for the user wants to be gone |
///
/// It is 400 and not 401: that is what the RFC says, a 401 would have to name a scheme by which to authenticate, and scripts that renew upon
/// a 401 would go round in circles.
///
/// Logging in is the application's: it calls [`Sessions::start`] and answers with [`SessionCookies::set`] or the [`TokenPair`](crate::TokenPair) as JSON.
/// Its route needs a `CsrfLayer` of `tower-http` of its own if it sets cookies.
#[must_use = "routes do nothing until they are part of a router"]
pub struct SessionRoutes<S> {
    desk: Desk<S>,
    trusted: Vec<String>,
}

type GrantFn = dyn Fn(Session) -> BoxFuture<'static, Result<Grant, GrantError>> + Send + Sync;

/// What the routes have in common.
struct Desk<S> {
    sessions: Sessions<S>,
    grant: Arc<GrantFn>,
    carrier: Carrier,
}

impl<S: SessionStore> SessionRoutes<S> {
    /// Tokens in cookies, for browsers. `grant` is asked what the subject may do by now, at each renewal.
    pub fn with_cookies<F, R>(cookies: SessionCookies, sessions: Sessions<S>, grant: F) -> Self
    where
        F: Fn(Session) -> R + Send + Sync + 'static,
        R: Future<Output = Result<Grant, GrantError>> + Send + 'static,
    {
        Self::new(Carrier::Cookies(cookies), sessions, grant)
    }

    /// Tokens in bodies, for clients that keep them themselves. `grant` is asked what the subject may do by now, at each renewal.
    pub fn with_json<F, R>(sessions: Sessions<S>, grant: F) -> Self
    where
        F: Fn(Session) -> R + Send + Sync + 'static,
        R: Future<Output = Result<Grant, GrantError>> + Send + 'static,
    {
        Self::new(Carrier::Body, sessions, grant)
    }

    fn new<F, R>(carrier: Carrier, sessions: Sessions<S>, grant: F) -> Self
    where
        F: Fn(Session) -> R + Send + Sync + 'static,
        R: Future<Output = Result<Grant, GrantError>> + Send + 'static,
    {
        let grant: Arc<GrantFn> = Arc::new(move |session| Box::pin(grant(session)));
        Self { desk: Desk { sessions, grant, carrier }, trusted: Vec::new() }
    }

    /// Pages of this origin may use the cookies as well, as with [`JwtLayer::trusted_origin`](crate::JwtLayer::trusted_origin).
    ///
    /// # Errors
    ///
    /// There are no cookies, or it is no origin as browsers send it.
    pub fn trusted_origin(mut self, origin: impl AsRef<str>) -> Result<Self, ConfigError> {
        let origin = origin.as_ref();
        if matches!(self.desk.carrier, Carrier::Body) {
            return Err(ConfigError::new(
                "origins are trusted with cookies, and these routes have none: leave it out",
            ));
        }
        drop(self.layer()?.trusted_origin(origin)?);
        self.trusted.push(origin.to_owned());
        Ok(self)
    }

    /// The routes, to be merged into a router of yours or nested in one.
    ///
    /// # Errors
    ///
    /// None that built [`Sessions`] have; the set-up is checked once more.
    pub fn router<T: Clone + Send + Sync + 'static>(self) -> Result<Router<T>, ConfigError> {
        let layer = self.layer()?;
        let own = Router::new()
            .route("/sessions", get(own::list::<S>))
            .route("/sessions/{id}", delete(own::end::<S>));
        let leaving = Router::new()
            .route("/logout", post(logout::here::<S>))
            .route("/logout/everywhere", post(logout::everywhere::<S>))
            .route("/logout/others", post(logout::others::<S>));
        let Self { desk, trusted } = self;
        let router = match &desk.carrier {
            Carrier::Body => {
                own.route_layer(layer.clone()).merge(leaving.route_layer(layer.best_effort()))
            }
            Carrier::Cookies(cookies) => {
                let source = AuthorizationHeader.or(cookies.source());
                let layer = layer.source(source);
                own.route_layer(layer.clone()).merge(leaving.route_layer(layer.best_effort()))
            }
        };
        let router = router.route("/refresh", post(renew::renew::<S>));
        let router = match &desk.carrier {
            Carrier::Body => router,
            Carrier::Cookies(_) => router.route_layer(csrf(&trusted)?),
        };
        Ok(router.with_state(Arc::new(desk)))
    }

    /// Finds tokens in `Authorization`.
    fn layer(&self) -> Result<JwtLayer, ConfigError> {
        let layer = JwtLayer::new(self.desk.sessions.issuer().verifier()?);
        self.trusted.iter().try_fold(layer, JwtLayer::trusted_origin)
    }
}

fn csrf(trusted: &[String]) -> Result<CsrfLayer, ConfigError> {
    trusted.iter().try_fold(CsrfLayer::new(), |layer, origin| {
        layer
            .add_trusted_origin(origin)
            .map_err(|error| ConfigError::because("an origin cannot be trusted", error))
    })
}

impl<S> fmt::Debug for SessionRoutes<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Desk { sessions, grant: _, carrier } = &self.desk;
        f.debug_struct("SessionRoutes")
            .field("sessions", sessions)
            .field("carrier", carrier)
            .field("trusted", &self.trusted)
            .finish_non_exhaustive()
    }
}
