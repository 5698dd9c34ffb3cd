//! Where on a request the token is ([RFC 6750 §2](https://www.rfc-editor.org/rfc/rfc6750#section-2)).

mod answer;
#[cfg(feature = "cookies")]
mod cookie;
mod function;
mod header;
mod or;
mod query;
mod token68;
mod websocket;

use std::fmt;

use http::{HeaderMap, HeaderName};

#[cfg(feature = "cookies")]
pub use self::cookie::TokenCookie;
pub use self::{
    answer::AnswerHeaders,
    function::{TokenSourceFn, token_source_fn},
    header::AuthorizationHeader,
    or::OrSource,
    query::QueryParameter,
    websocket::WebSocketProtocol,
};
pub(crate) use self::{header::credentials, token68::is_token68};
use crate::{error::TokenError, head::RequestHead, token::TokenOrigin};

/// Takes the token off a request.
///
/// | a source | reads |
/// |---|---|
/// | [`AuthorizationHeader`] | `Authorization: Bearer …`, the default |
/// | [`TokenCookie`](crate::TokenCookie) | a cookie, for browsers |
/// | [`WebSocketProtocol`] | `Sec-WebSocket-Protocol: bearer, …`, for browsers' sockets |
/// | [`QueryParameter`] | `?access_token=…`, for what can do nothing else |
/// | [`token_source_fn`] | whatever you say |
///
/// Which to choose, and what each costs, stands in
/// [where tokens live](https://github.com/tower-bearer/tower-bearer/blob/main/docs/WHERE_TOKENS_LIVE.md). They are joined by [`or`](Self::or), and given to a layer by [`JwtLayer::source`](crate::JwtLayer::source):
///
/// ```
/// use tower_bearer::{AuthorizationHeader, JwtLayer, TokenSource, Verifier, WebSocketProtocol};
///
/// # fn layer(verifier: Verifier) {
/// let layer = JwtLayer::new(verifier).source(AuthorizationHeader.or(WebSocketProtocol));
/// # drop(layer);
/// # }
/// ```
///
/// One of your own:
///
/// ```
/// use tower_bearer::{
///     Presented, RequestHead, TokenError, TokenErrorKind, TokenOrigin, TokenSource, http::HeaderMap,
/// };
///
/// /// A gateway in front of us hands the token on in a header of its own.
/// #[derive(Clone, Debug)]
/// struct Forwarded;
///
/// impl TokenSource for Forwarded {
///     fn token<'r>(&self, head: RequestHead<'r>) -> Result<Option<Presented<'r>>, TokenError> {
///         let Some(value) = head.headers().get("x-forwarded-access-token") else { return Ok(None) };
///         let token = value.to_str().map_err(|_| TokenErrorKind::InvalidCredentials)?;
///         // A browser logs in to the gateway by a cookie, so forged requests are looked for.
///         Ok(Some(Presented::new(token, TokenOrigin::Cookie)))
///     }
///
///     fn conceal(&self, headers: &mut HeaderMap) {
///         headers.remove("x-forwarded-access-token");
///     }
/// }
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` does not take tokens off requests",
    note = "a `Result`, as of `TokenCookie::new(..)` or `QueryParameter::named(..)`, ends with `?`",
    note = "a closure is given by `token_source_fn(..)`; a type of your own implements `tower_bearer::TokenSource` and `Clone`"
)]
pub trait TokenSource: Clone + Send + Sync + 'static {
    /// The token of this request, or `None` if it brings no credentials.
    ///
    /// A token of [`TokenOrigin::Cookie`] is held to the rules against forged requests, wherever the source has it from:
    /// see [`JwtLayer::source`](crate::JwtLayer::source).
    ///
    /// # Errors
    ///
    /// The request is malformed: [`TokenErrorKind::InvalidCredentials`](crate::TokenErrorKind::InvalidCredentials) or
    /// [`TokenErrorKind::SeveralCredentials`](crate::TokenErrorKind::SeveralCredentials), which make the answer 400.
    fn token<'r>(&self, head: RequestHead<'r>) -> Result<Option<Presented<'r>>, TokenError>;

    /// Takes from the headers what nobody further in should see, or marks it as
    /// [sensitive](http::HeaderValue::set_sensitive).
    ///
    /// Called for each request once its token was read, whatever came of that, before it goes on. Does nothing unless it is
    /// implemented. `Authorization` is marked by the layer, whatever the source.
    fn conceal(&self, headers: &mut HeaderMap) {
        let _ = headers;
    }

    /// What the answer has to bear because of where a token stands on this request, be the token good or bad.
    ///
    /// Called for each request before its token is read. Nothing, unless it is implemented.
    fn answer(&self, head: RequestHead<'_>) -> AnswerHeaders {
        let _ = head;
        AnswerHeaders::default()
    }

    /// Looks into another place as well. One token may come with a request:
    ///
    /// | the request has | is |
    /// |---|---|
    /// | a token in one place | judged by it |
    /// | tokens in two places, be they the same | 400 |
    /// | a header (`Authorization` or `Sec-WebSocket-Protocol`), and a cookie | judged by the header, good or bad |
    ///
    /// A browser sends cookies unasked, so one says nothing about what the client meant where it also says
    /// something else.
    #[must_use]
    fn or<S: TokenSource>(self, other: S) -> OrSource<Self, S> {
        OrSource::new(self, other)
    }
}

/// A source that may be switched off: `None` finds nothing.
impl<T: TokenSource> TokenSource for Option<T> {
    fn token<'r>(&self, head: RequestHead<'r>) -> Result<Option<Presented<'r>>, TokenError> {
        self.as_ref().map_or(Ok(None), |source| source.token(head))
    }

    fn conceal(&self, headers: &mut HeaderMap) {
        if let Some(source) = self {
            source.conceal(headers);
        }
    }

    fn answer(&self, head: RequestHead<'_>) -> AnswerHeaders {
        self.as_ref().map(|source| source.answer(head)).unwrap_or_default()
    }
}

/// A token as a request brought it: unverified, and not yet bounded in length.
///
/// `Debug` does not show the token.
#[derive(Clone, Copy)]
pub struct Presented<'r> {
    /// The token in compact form.
    pub token: &'r str,
    /// Where it stood.
    pub origin: TokenOrigin,
}

impl<'r> Presented<'r> {
    /// A token that stood there.
    pub fn new(token: &'r str, origin: TokenOrigin) -> Self {
        Self { token, origin }
    }
}

/// Marks every line of this name. `HeaderMap::entry` would make room for one more, whether it is there or not.
pub(crate) fn mark_sensitive(headers: &mut HeaderMap, name: &HeaderName) {
    if headers.len() == headers.keys_len() {
        // No name stands twice.
        headers.get_mut(name).into_iter().for_each(|value| value.set_sensitive(true));
    } else {
        let ours = headers.iter_mut().filter(|(of, _)| *of == name);
        ours.for_each(|(_, value)| value.set_sensitive(true));
    }
}

impl fmt::Debug for Presented<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Presented").field("origin", &self.origin).finish_non_exhaustive()
    }
}
