//! Requests that a page of another origin makes a browser send, with its cookies
//! ([Fetch metadata](https://www.w3.org/TR/fetch-metadata/)).

#[cfg(not(feature = "cookies"))]
mod disabled;
#[cfg(feature = "cookies")]
mod enabled;

use http::{
    Method,
    header::{ORIGIN, UPGRADE},
};

#[cfg(not(feature = "cookies"))]
pub(crate) use self::disabled::Origins;
#[cfg(feature = "cookies")]
pub(crate) use self::enabled::Origins;
use crate::{error::TokenErrorKind, head::RequestHead};

impl Origins {
    /// Whether a token in a cookie counts for this request.
    pub(crate) fn check(&self, head: RequestHead<'_>) -> Result<(), TokenErrorKind> {
        let passes = if opens_socket(head) {
            // Browsers say where it comes from, and there is no other way to know.
            head.headers().get(ORIGIN).is_some_and(|origin| !origin.is_empty())
                && self.allow(&Method::POST, head)
        } else {
            matches!(*head.method(), Method::GET | Method::HEAD | Method::OPTIONS)
                || self.allow(head.method(), head)
        };
        if passes { Ok(()) } else { Err(TokenErrorKind::CrossOrigin) }
    }
}

/// A WebSocket's handshake, over HTTP/1.1 (RFC 6455 §4.1) or HTTP/2 (RFC 8441 §4).
fn opens_socket(head: RequestHead<'_>) -> bool {
    const WEBSOCKET: &[u8] = b"websocket";
    let upgrades = head.headers().get_all(UPGRADE);
    head.method() == Method::CONNECT
        || upgrades.into_iter().any(|upgrade| {
            let mut parts = upgrade.as_bytes().windows(WEBSOCKET.len());
            parts.any(|part| part.eq_ignore_ascii_case(WEBSOCKET))
        })
}
