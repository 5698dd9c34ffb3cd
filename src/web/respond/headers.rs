//! The headers that every refusal has, whoever made it.

use http::{
    HeaderMap, HeaderName, HeaderValue, Response, StatusCode,
    header::{
        CONTENT_DISPOSITION, CONTENT_ENCODING, CONTENT_LANGUAGE, CONTENT_LENGTH, CONTENT_LOCATION,
        CONTENT_RANGE, CONTENT_TYPE, ETAG, LAST_MODIFIED, RETRY_AFTER, TRAILER, TRANSFER_ENCODING,
        VARY, WWW_AUTHENTICATE,
    },
};

use crate::web::rejection::Rejection;

/// Adds the headers of a refusal that the response lacks.
///
/// To none that has another status than the refusal: an answer in gRPC is 200 and says for itself what it has to.
pub(crate) fn complete<B>(response: &mut Response<B>, rejection: &Rejection) {
    let challenge = match response.status() {
        _ if response.headers().contains_key(WWW_AUTHENTICATE) => None,
        // A responder may make a 401 of any refusal.
        StatusCode::UNAUTHORIZED => Some(rejection.any_challenge()),
        status if status == rejection.status() => rejection.challenge(),
        _ => None,
    };
    if let Some(challenge) = challenge {
        response.headers_mut().insert(WWW_AUTHENTICATE, challenge);
    }
    if response.status() == StatusCode::SERVICE_UNAVAILABLE
        && let Some(seconds) = seconds_to_wait(rejection)
    {
        response.headers_mut().entry(RETRY_AFTER).or_insert(seconds);
    }
}

/// The value of `Retry-After`, rounded up.
pub(super) fn seconds_to_wait(rejection: &Rejection) -> Option<HeaderValue> {
    let seconds = rejection.retry_after()?.as_nanos().div_ceil(1_000_000_000);
    Some(HeaderValue::from(u64::try_from(seconds).unwrap_or(u64::MAX)))
}

/// Takes over what layers in between have added, but nothing that speaks of the old answer. All of gRPC's headers do.
pub(crate) fn keep_headers(from: &HeaderMap, to: &mut HeaderMap) {
    const OF_THE_ANSWER: [HeaderName; 15] = [
        CONTENT_DISPOSITION,
        CONTENT_ENCODING,
        CONTENT_LANGUAGE,
        CONTENT_LENGTH,
        CONTENT_LOCATION,
        CONTENT_RANGE,
        CONTENT_TYPE,
        ETAG,
        LAST_MODIFIED,
        RETRY_AFTER,
        TRAILER,
        TRANSFER_ENCODING,
        WWW_AUTHENTICATE,
        // RFC 9530.
        HeaderName::from_static("content-digest"),
        HeaderName::from_static("repr-digest"),
    ];
    for name in from.keys() {
        if OF_THE_ANSWER.contains(name) || name.as_str().starts_with("grpc-") {
            continue;
        }
        // What the old answer depended on and what the new one does are a list.
        if name == VARY || !to.contains_key(name) {
            for value in from.get_all(name) {
                to.append(name, value.clone());
            }
        }
    }
}
