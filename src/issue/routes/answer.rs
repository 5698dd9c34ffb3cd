//! Answers as token endpoints give them (RFC 6749 §5).

use axum::{
    body::Body,
    response::{IntoResponse, Response},
};
use http::{
    HeaderValue, StatusCode,
    header::{CACHE_CONTROL, CONTENT_TYPE},
};
use serde::Serialize;
use serde_json::json;

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
