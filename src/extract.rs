//! Extractors for axum (feature `axum`).
//!
//! All of them read the [`Outcome`](crate::Outcome) that a [`JwtLayer`](crate::JwtLayer) left, and
//! refuse with a [`Rejection`], which that layer's responder renders.

use axum_core::{
    extract::{FromRequestParts, OptionalFromRequestParts},
    response::{IntoResponse, Response},
};
use http::request::Parts;
use serde::de::DeserializeOwned;

use crate::{
    policy::denial::Denial,
    token::{Claims, ClaimsError, Outcome, VerifiedToken},
    web::{
        challenge::RejectionKind,
        rejection::{Rejection, verified},
        respond::handed_out,
    },
};

impl<S: Sync> FromRequestParts<S> for VerifiedToken {
    type Rejection = Rejection;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Rejection> {
        verified(&parts.extensions)?.cloned().ok_or_else(Rejection::missing)
    }
}

impl<S: Sync> OptionalFromRequestParts<S> for VerifiedToken {
    type Rejection = Rejection;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Option<Self>, Rejection> {
        Ok(verified(&parts.extensions)?.cloned())
    }
}

/// What became of the token, whatever that was. The rejection says that no layer looked for one.
impl<S: Sync> FromRequestParts<S> for Outcome {
    type Rejection = Rejection;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Rejection> {
        Self::within(&parts.extensions).ok_or_else(Rejection::misconfigured)
    }
}

impl<S, T> FromRequestParts<S> for Claims<T>
where
    S: Sync,
    T: DeserializeOwned + Send + Sync + 'static,
{
    type Rejection = Rejection;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Rejection> {
        let token = verified(&parts.extensions)?.ok_or_else(Rejection::missing)?;
        typed(token)
    }
}

impl<S, T> OptionalFromRequestParts<S> for Claims<T>
where
    S: Sync,
    T: DeserializeOwned + Send + Sync + 'static,
{
    type Rejection = Rejection;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Option<Self>, Rejection> {
        let Some(token) = verified(&parts.extensions)? else { return Ok(None) };
        typed(token).map(Some)
    }
}

fn typed<T>(token: &VerifiedToken) -> Result<Claims<T>, Rejection>
where
    T: DeserializeOwned + Send + Sync + 'static,
{
    token.claims().map(Claims).map_err(|error| Rejection::from(error).of_token(token))
}

/// The refusal travels in the response's extensions, where the layer around finds it.
///
/// Without a layer around, the response is that of [`BearerResponder`](crate::BearerResponder); a missing layer says so in
/// its body.
impl IntoResponse for Rejection {
    fn into_response(self) -> Response {
        let said = (self.kind() == RejectionKind::Misconfigured).then(|| self.description());
        let response: Response = handed_out(self);
        match said {
            Some(said) => (response.into_parts().0, said).into_response(),
            None => response,
        }
    }
}

/// As its [`Rejection`]: a handler may end with `?` where a claim does not fit.
impl IntoResponse for ClaimsError {
    fn into_response(self) -> Response {
        Rejection::from(self).into_response()
    }
}

/// As its [`Rejection`]: a handler may end with `?` on what a requirement says of a token.
impl IntoResponse for Denial {
    fn into_response(self) -> Response {
        Rejection::from(self).into_response()
    }
}
