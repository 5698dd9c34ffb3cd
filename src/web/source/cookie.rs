use std::{fmt, sync::Arc};

use http::{HeaderMap, header::COOKIE};

use super::{
    Presented, TokenSource, mark_sensitive,
    token68::{is_tchar, token68},
};
use crate::{
    error::{ConfigError, TokenError, TokenErrorKind},
    head::RequestHead,
    token::TokenOrigin,
};

/// A cookie, for browsers: out of reach of a page's scripts if it is `HttpOnly`
/// ([RFC 6265 §4.2](https://www.rfc-editor.org/rfc/rfc6265#section-4.2)).
///
/// ```text
/// Cookie: theme=dark; __Host-token=mF_9.B5f-4.1JqM
/// ```
///
/// ```
/// use tower_bearer::{AuthorizationHeader, JwtLayer, TokenCookie, TokenSource, Verifier};
///
/// # fn layer(verifier: Verifier) -> Result<(), tower_bearer::ConfigError> {
/// let layer = JwtLayer::new(verifier).source(AuthorizationHeader.or(TokenCookie::new("__Host-token")?));
/// # drop(layer);
/// # Ok(())
/// # }
/// ```
///
/// | the cookie | gives |
/// |---|---|
/// | is not there | no credentials |
/// | has a token as its value | the token |
/// | is empty, or has anything else as its value | 400 |
/// | stands twice | 400 |
///
/// A browser sends cookies with requests that another site has made. So the layer looks at where a request comes from:
///
/// | a request with a cookie's token | passes if |
/// |---|---|
/// | `GET`, `HEAD`, `OPTIONS` | always: such handlers must not change anything |
/// | any other method | its `Sec-Fetch-Site` or its `Origin` says that it is of the same origin or of a [trusted one](crate::JwtLayer::trusted_origin), or it has neither and so is no browser's |
/// | that opens a WebSocket | its `Origin` says so; without one it does not pass |
///
/// and answers 403 otherwise. This is what [`tower_http::csrf`](https://docs.rs/tower-http/0.7/tower_http/csrf/) does, which
/// it asks. A proxy in front has to leave `Host` and `Origin` as they are, or the origin that browsers see is named as a
/// [trusted one](crate::JwtLayer::trusted_origin). `SameSite` is no substitute: other hosts of the domain and other ports of this host are
/// of the same *site*.
///
/// Shared caches may keep what is answered to a cookie, unlike what is answered to an `Authorization` (RFC 9111 §3.5): a handler says
/// `Cache-Control: private` where that matters.
#[derive(Clone)]
pub struct TokenCookie {
    name: Arc<str>,
}

impl TokenCookie {
    /// The cookie of this name, which begins with `__Host-`: browsers take such a cookie from this very host alone, over TLS, and for
    /// all its paths ([RFC 6265bis §4.1.3.2](https://www.ietf.org/archive/id/draft-ietf-httpbis-rfc6265bis-22.html#section-4.1.3.2)).
    ///
    /// # Errors
    ///
    /// It begins otherwise, or has a character that no cookie's name may have.
    pub fn new(name: impl AsRef<str>) -> Result<Self, ConfigError> {
        let name = name.as_ref();
        if !name.starts_with("__Host-") {
            let bare = without_prefix(name);
            return Err(ConfigError::new(format!(
                "the cookie {name:?} could be planted by any host of the domain: call it `__Host-{bare}`, or \
                 read it by `TokenCookie::danger_insecure_cookies` where somebody else has named it"
            )));
        }
        Self::danger_insecure_cookies(name)
    }

    /// A cookie of any name. Other hosts of the same domain, and whoever can change what is sent without TLS, can set one
    /// that has no `__Host-` before its name: a browser then acts in the name of their user.
    ///
    /// # Errors
    ///
    /// The name is empty, or has a character that no cookie's name may have.
    pub fn danger_insecure_cookies(name: impl AsRef<str>) -> Result<Self, ConfigError> {
        let name = name.as_ref();
        if name.is_empty() || !name.bytes().all(is_tchar) {
            return Err(ConfigError::new(format!(
                "{name:?} is no name of a cookie: write one of letters, digits and the likes of `-_.` (RFC 6265 §4.1.1)"
            )));
        }
        Ok(Self { name: name.into() })
    }

    /// A name that is known to begin with `__Host-`.
    #[cfg(feature = "issue")]
    pub(crate) fn known(name: &'static str) -> Self {
        Self { name: name.into() }
    }

    #[cfg(feature = "issue")]
    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// Its value, if it is there and is a token.
    pub(crate) fn read<'r>(&self, headers: &'r HeaderMap) -> Result<Option<&'r str>, TokenError> {
        let mut values = self.values(headers);
        let Some(value) = values.next() else { return Ok(None) };
        let token = match values.next() {
            Some(_) => Err(TokenErrorKind::SeveralCredentials),
            None => token68(value),
        };
        token.map(Some).map_err(|kind| TokenError::from(kind).in_cookie())
    }

    /// The values of all cookies of our name.
    fn values<'r>(&self, headers: &'r HeaderMap) -> impl Iterator<Item = &'r [u8]> {
        let lines = headers.get_all(COOKIE).into_iter();
        let pairs = lines.flat_map(|line| line.as_bytes().split(|byte| *byte == b';'));
        pairs.filter_map(|pair| {
            let (name, value) =
                pair.split_at_checked(pair.iter().position(|byte| *byte == b'=')?)?;
            let ours = name.trim_ascii() == self.name.as_bytes();
            ours.then(|| value.strip_prefix(b"=").unwrap_or_default().trim_ascii())
        })
    }
}

impl TokenSource for TokenCookie {
    fn token<'r>(&self, head: RequestHead<'r>) -> Result<Option<Presented<'r>>, TokenError> {
        let token = self.read(head.headers())?;
        Ok(token.map(|token| Presented::new(token, TokenOrigin::Cookie)))
    }

    /// So that nothing that logs headers further in prints the token.
    fn conceal(&self, headers: &mut HeaderMap) {
        mark_sensitive(headers, &COOKIE);
    }
}

impl fmt::Debug for TokenCookie {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("TokenCookie").field(&self.name).finish()
    }
}

/// The name behind a prefix that is no `__Host-`, though it is meant to be one or is one of another kind.
fn without_prefix(name: &str) -> &str {
    let prefixes = ["__host-", "__secure-"].into_iter();
    let mut rests = prefixes.filter_map(|prefix| {
        let (start, rest) = name.split_at_checked(prefix.len())?;
        start.eq_ignore_ascii_case(prefix).then_some(rest)
    });
    rests.next().unwrap_or(name)
}
