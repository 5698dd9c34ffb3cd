//! [`RequestHead`]: a request without its body.

use std::fmt;

use http::{Extensions, HeaderMap, Method, Request, Uri, request::Parts};

/// Method, URI, headers and extensions of a request, borrowed.
///
/// What looks for tokens or judges requests sees this and never the body, so it works with any
/// body type. `Debug` shows the method alone: URIs and headers carry tokens.
#[derive(Clone, Copy)]
pub struct RequestHead<'r> {
    method: &'r Method,
    uri: &'r Uri,
    headers: &'r HeaderMap,
    extensions: &'r Extensions,
}

impl<'r> RequestHead<'r> {
    /// The head of a whole request.
    pub fn of<B>(request: &'r Request<B>) -> Self {
        Self {
            method: request.method(),
            uri: request.uri(),
            headers: request.headers(),
            extensions: request.extensions(),
        }
    }

    /// The request's method.
    pub fn method(self) -> &'r Method {
        self.method
    }

    /// The request's target.
    pub fn uri(self) -> &'r Uri {
        self.uri
    }

    /// The request's headers.
    pub fn headers(self) -> &'r HeaderMap {
        self.headers
    }

    /// The request's extensions.
    pub fn extensions(self) -> &'r Extensions {
        self.extensions
    }
}

impl<'r> From<&'r Parts> for RequestHead<'r> {
    fn from(parts: &'r Parts) -> Self {
        Self {
            method: &parts.method,
            uri: &parts.uri,
            headers: &parts.headers,
            extensions: &parts.extensions,
        }
    }
}

impl fmt::Debug for RequestHead<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RequestHead").field("method", self.method).finish_non_exhaustive()
    }
}
