use http::{
    HeaderMap, HeaderName, HeaderValue, Method, StatusCode,
    header::{CACHE_CONTROL, Entry, SEC_WEBSOCKET_PROTOCOL},
};

use crate::head::RequestHead;

/// What an answer has to bear because of where on the request a token stands.
///
/// ```
/// use tower_bearer::AnswerHeaders;
///
/// let plain = AnswerHeaders::default();                // nothing
/// let secret = AnswerHeaders::default().no_store();    // `Cache-Control: no-store`
/// # drop((plain, secret));
/// ```
#[derive(Clone, Copy, Debug, Default)]
pub struct AnswerHeaders {
    no_store: bool,
    echo: Option<Echo>,
}

/// The word `bearer` in the letters of the client, and the status that says that a socket is open.
#[derive(Clone, Copy, Debug)]
struct Echo {
    word: [u8; 6],
    opened: StatusCode,
}

impl AnswerHeaders {
    /// No cache may keep the answer: it has `Cache-Control: no-store`, in the place of what a handler says
    /// ([RFC 6750 §2.3](https://www.rfc-editor.org/rfc/rfc6750#section-2.3)), be it to some caches alone by
    /// `CDN-Cache-Control` and its like ([RFC 9213](https://www.rfc-editor.org/rfc/rfc9213)).
    #[must_use]
    pub fn no_store(self) -> Self {
        Self { no_store: true, ..self }
    }

    /// Chooses the subprotocol `bearer` where the handler opens the socket and chooses none.
    pub(super) fn echo(word: [u8; 6], head: RequestHead<'_>) -> Self {
        // Over HTTP/2, a socket is opened by `CONNECT` and 200 (RFC 8441 §5).
        let connect = head.method() == Method::CONNECT;
        let opened = if connect { StatusCode::OK } else { StatusCode::SWITCHING_PROTOCOLS };
        Self { no_store: false, echo: Some(Echo { word, opened }) }
    }

    /// What both ask for.
    pub(super) fn and(self, other: Self) -> Self {
        Self { no_store: self.no_store || other.no_store, echo: self.echo.or(other.echo) }
    }

    /// Puts them on an answer.
    pub(crate) fn put(self, status: StatusCode, headers: &mut HeaderMap) {
        if self.no_store {
            headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
            remove_targeted(headers);
        }
        if let Some(Echo { word, opened }) = self.echo
            && status == opened
            && let Entry::Vacant(entry) = headers.entry(SEC_WEBSOCKET_PROTOCOL)
            && let Ok(word) = HeaderValue::from_bytes(&word)
        {
            entry.insert(word);
        }
    }
}

/// What some caches read in the place of `Cache-Control` (RFC 9213 §2.1).
fn remove_targeted(headers: &mut HeaderMap) {
    let is_targeted = |name: &&HeaderName| {
        name.as_str().ends_with("-cache-control") || *name == "surrogate-control"
    };
    let targeted: Vec<_> = headers.keys().filter(is_targeted).cloned().collect();
    for name in targeted {
        headers.remove(name);
    }
}
