//! What handlers of axum answer with that have no tokens to give (RFC 6749 §5.2).

use std::error::Error;

use axum_core::{
    body::Body,
    response::{IntoResponse, Response},
};
use http::{
    HeaderValue,
    header::{CACHE_CONTROL, CONTENT_TYPE, RETRY_AFTER},
};

use super::{
    issuer::IssueError,
    session::{SessionError, SessionErrorKind as Kind},
};
use crate::telemetry::TARGET;

/// `{"error":"invalid_grant"}` with 400, `temporarily_unavailable` with 503 and `Retry-After`, or `server_error` with 500; the log has the reason of the last two.
impl IntoResponse for SessionError {
    fn into_response(self) -> Response {
        let kind = self.kind();
        match kind {
            Kind::Unavailable => {
                let source = self.source().map(tracing::field::display);
                tracing::warn!(target: TARGET, error = %self, source, "sessions unavailable");
            }
            Kind::Misconfigured => {
                let source = self.source().map(tracing::field::display);
                tracing::error!(target: TARGET, error = %self, source, "tokens cannot be issued");
            }
            _ => {}
        }
        let mut response = Response::new(Body::from(format!(r#"{{"error":"{}"}}"#, kind.error())));
        *response.status_mut() = kind.status();
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
        if kind == Kind::Unavailable {
            headers.insert(RETRY_AFTER, HeaderValue::from_static("5"));
        }
        response
    }
}

/// As a [`SessionError`] of that reason: 500, and the log has it.
impl IntoResponse for IssueError {
    fn into_response(self) -> Response {
        SessionError::from(self).into_response()
    }
}
