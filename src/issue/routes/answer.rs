//! Answers as token endpoints give them (RFC 6749 §5).

use std::error::Error as _;

use axum::{
    body::Body,
    response::{IntoResponse, Response},
};
use http::{
    HeaderValue, StatusCode,
    header::{CACHE_CONTROL, CONTENT_TYPE, RETRY_AFTER},
};
use serde::Serialize;
use serde_json::json;

use crate::{
    issue::session::{SessionError, SessionErrorKind},
    telemetry::TARGET,
};

/// An answer for this client alone.
pub(super) fn json(status: StatusCode, body: &impl Serialize) -> Response {
    let Ok(body) = serde_json::to_vec(body) else {
        return StatusCode::INTERNAL_SERVER_ERROR.into_response();
    };
    let mut response = Response::new(Body::from(body));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

/// A request that cannot be understood.
#[derive(Clone, Copy, Debug)]
pub(super) enum Fault {
    InvalidRequest,
    UnsupportedGrantType,
}

impl IntoResponse for Fault {
    fn into_response(self) -> Response {
        let error = match self {
            Self::InvalidRequest => "invalid_request",
            Self::UnsupportedGrantType => "unsupported_grant_type",
        };
        json(StatusCode::BAD_REQUEST, &json!({ "error": error }))
    }
}

/// What a client is told of an error, and what the log is.
pub(super) fn refused(error: &SessionError) -> Response {
    let kind = error.kind();
    let source = error.source().map(tracing::field::display);
    match kind {
        SessionErrorKind::Unavailable => {
            tracing::warn!(target: TARGET, error = %error, source, "sessions unavailable");
        }
        SessionErrorKind::Misconfigured => {
            tracing::error!(target: TARGET, error = %error, source, "tokens cannot be issued");
        }
        _ => {}
    }
    let mut response = json(kind.status(), &json!({ "error": kind.error() }));
    if kind == SessionErrorKind::Unavailable {
        response.headers_mut().insert(RETRY_AFTER, HeaderValue::from_static("5"));
    }
    response
}
