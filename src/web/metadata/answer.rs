use http::{
    HeaderValue, Method, Response, StatusCode,
    header::{
        ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS, ACCESS_CONTROL_ALLOW_ORIGIN,
        ACCESS_CONTROL_MAX_AGE, ALLOW, CACHE_CONTROL, CONTENT_LENGTH, CONTENT_TYPE,
    },
};

const METHODS: HeaderValue = HeaderValue::from_static("GET, HEAD, OPTIONS");

/// The answer where the document is.
pub(super) fn served(
    method: &Method,
    document: &str,
    cache_control: &HeaderValue,
) -> Response<String> {
    let found = |body: &str| {
        let mut response = public(StatusCode::OK, body);
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        headers.insert(CONTENT_LENGTH, HeaderValue::from(document.len()));
        headers.insert(CACHE_CONTROL, cache_control.clone());
        response
    };
    match *method {
        Method::GET => found(document),
        Method::HEAD => found(""),
        Method::OPTIONS => preflight(),
        _ => {
            let mut response = public(StatusCode::METHOD_NOT_ALLOWED, "");
            response.headers_mut().insert(ALLOW, METHODS);
            response
        }
    }
}

/// The answer elsewhere.
pub(super) fn missing() -> Response<String> {
    public(StatusCode::NOT_FOUND, "")
}

/// A response that scripts of any origin may read: it is the same for everybody.
fn public(status: StatusCode, body: &str) -> Response<String> {
    let mut response = Response::new(body.to_owned());
    *response.status_mut() = status;
    response.headers_mut().insert(ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
    response
}

/// Browsers ask before they send a header such as `MCP-Protocol-Version`
/// (<https://fetch.spec.whatwg.org/#cors-preflight-request>).
fn preflight() -> Response<String> {
    let mut response = public(StatusCode::NO_CONTENT, "");
    for (name, value) in [
        (ALLOW, METHODS),
        (ACCESS_CONTROL_ALLOW_METHODS, METHODS),
        // The asterisk stands for every name but this one.
        (ACCESS_CONTROL_ALLOW_HEADERS, HeaderValue::from_static("*, authorization")),
        (ACCESS_CONTROL_MAX_AGE, HeaderValue::from_static("86400")),
    ] {
        response.headers_mut().insert(name, value);
    }
    response
}
