//! [`SessionCookies`]: the tokens of a session in two cookies.

use std::{fmt, time::Duration};

use http::{
    HeaderMap, HeaderValue,
    header::{CACHE_CONTROL, SET_COOKIE},
};

use super::{issuer::IssueError, session::TokenPair};
use crate::{
    error::{ConfigError, TokenError},
    web::source::TokenCookie,
};

/// The tokens of a session in two cookies, out of reach of a page's scripts
/// ([RFC 6265bis](https://www.ietf.org/archive/id/draft-ietf-httpbis-rfc6265bis-22.html)).
///
/// ```text
/// Set-Cookie: __Host-access_token=eyJ..; Path=/; Secure; HttpOnly; SameSite=Strict; Max-Age=900
/// Set-Cookie: __Host-refresh_token=AaZ..; Path=/; Secure; HttpOnly; SameSite=Strict; Max-Age=2592000
/// ```
///
/// ```
/// use tower_bearer::{AuthorizationHeader, IssueError, JwtLayer, SessionCookies, TokenPair, TokenSource, Verifier};
/// # use http::{HeaderMap, Response};
///
/// # fn layer(verifier: Verifier) {
/// let cookies = SessionCookies::browser_app();
/// // What reads the access token, under the same name:
/// let layer = JwtLayer::new(verifier).source(AuthorizationHeader.or(cookies.source()));
/// # drop(layer);
/// # }
///
/// // The answer to a login. With axum: `(cookies.set(&pair)?, Json(..))`.
/// fn logged_in(cookies: &SessionCookies, pair: &TokenPair) -> Result<Response<()>, IssueError> {
///     let mut response = Response::new(());
///     cookies.set(pair)?.append_to(response.headers_mut());
///     Ok(response)
/// }
/// # drop(logged_in);
/// ```
///
/// | preset | `SameSite` | for |
/// |---|---|---|
/// | [`browser_app`](Self::browser_app) | `Strict` | a page whose scripts call the API: the page itself is the same for everybody |
/// | [`server_rendered`](Self::server_rendered) | `Lax` | pages that a server renders for their user: who follows a link from another site is still logged in |
///
/// A cookie lives as long as what is in it: that of the access token as long as the token, that of the refresh token until the
/// session ends.
///
/// The refresh token is sent with every request and not only to the route that needs it, since `__Host-` demands `Path=/`. A narrower
/// path would protect nothing: a page of the same origin reaches every path. The prefix does: without it, any other host
/// of the domain could plant a cookie of its own, and log the user in as somebody else.
///
/// All else that has to be kept in mind with cookies stands at [`TokenCookie`].
#[derive(Clone, Debug)]
pub struct SessionCookies {
    access: TokenCookie,
    refresh: TokenCookie,
    same_site: &'static str,
}

/// Name and value of a cookie together: browsers drop longer ones without a word (RFC 6265bis §5.6).
const LONGEST: usize = 4096;

impl SessionCookies {
    /// For a page whose scripts call the API: `SameSite=Strict`. The cookies are `__Host-access_token` and `__Host-refresh_token`.
    #[must_use]
    pub fn browser_app() -> Self {
        Self::preset("Strict")
    }

    /// For pages that a server renders for their user: `SameSite=Lax`. The cookies have the same names.
    #[must_use]
    pub fn server_rendered() -> Self {
        Self::preset("Lax")
    }

    fn preset(same_site: &'static str) -> Self {
        let access = TokenCookie::known("__Host-access_token");
        let refresh = TokenCookie::known("__Host-refresh_token");
        Self { access, refresh, same_site }
    }

    /// Cookies of these names, which begin with `__Host-`: first that of the access token.
    ///
    /// # Errors
    ///
    /// One begins otherwise, or has a character that no cookie's name may have; or both are the same.
    pub fn names(
        self,
        access: impl AsRef<str>,
        refresh: impl AsRef<str>,
    ) -> Result<Self, ConfigError> {
        let (access, refresh) = (TokenCookie::new(access)?, TokenCookie::new(refresh)?);
        if access.name() == refresh.name() {
            return Err(ConfigError::new(format!(
                "both tokens would be in the cookie {:?}: give each a name of its own",
                access.name()
            )));
        }
        Ok(Self { access, refresh, ..self })
    }

    /// Where a [`JwtLayer`](crate::JwtLayer) finds the access token.
    pub fn source(&self) -> TokenCookie {
        self.access.clone()
    }

    /// The refresh token of a request with these headers.
    ///
    /// # Errors
    ///
    /// The cookie stands there twice, or has anything but a token as its value: the answer is 400.
    pub fn refresh_token<'r>(&self, headers: &'r HeaderMap) -> Result<Option<&'r str>, TokenError> {
        self.refresh.read(headers)
    }

    /// What has the browser keep these tokens.
    ///
    /// # Errors
    ///
    /// The access token is longer than the 4,096 bytes that browsers keep: there is too much in its grant.
    pub fn set(&self, pair: &TokenPair) -> Result<SetCookies, IssueError> {
        let access = pair.access_token();
        Ok(SetCookies(vec![
            self.kept(&self.access, access.as_str(), access.expires_in())?,
            self.kept(&self.refresh, pair.refresh_token(), pair.session_lasts())?,
        ]))
    }

    /// What has the browser drop both.
    pub fn clear(&self) -> SetCookies {
        let cookies = [&self.access, &self.refresh];
        // None is an error: a name has been checked, and there is no value.
        SetCookies(cookies.iter().filter_map(|it| self.kept(it, "", Duration::ZERO).ok()).collect())
    }

    /// How long an access token can be, in bytes.
    #[cfg(feature = "routes")]
    pub(super) fn longest(&self) -> usize {
        LONGEST.saturating_sub(self.access.name().len())
    }

    fn kept(
        &self,
        cookie: &TokenCookie,
        value: &str,
        lasts: Duration,
    ) -> Result<HeaderValue, IssueError> {
        let (name, seconds) = (cookie.name(), lasts.as_secs());
        let length = name.len().saturating_add(value.len());
        if length > LONGEST {
            return Err(IssueError::new(format!(
                "the cookie {name:?} would have {length} bytes, and browsers keep {LONGEST}: put less into the grant"
            )));
        }
        let same_site = self.same_site;
        let text = format!(
            "{name}={value}; Path=/; Secure; HttpOnly; SameSite={same_site}; Max-Age={seconds}"
        );
        let mut header = HeaderValue::try_from(text)
            .map_err(|_| IssueError::new("a token has a character that no header may have"))?;
        header.set_sensitive(true);
        Ok(header)
    }
}

/// The `Set-Cookie` headers of an answer, with `Cache-Control: no-store` beside them. With the feature `axum` it is a part of a response.
///
/// They are marked as sensitive, so that nothing that logs headers prints the tokens; neither does `Debug`.
#[derive(Clone)]
#[must_use = "the browser does as it is told by headers of the answer"]
pub struct SetCookies(Vec<HeaderValue>);

impl SetCookies {
    /// Adds them to what an answer has. Other cookies stay.
    pub fn append_to(self, headers: &mut HeaderMap) {
        for cookie in self.0 {
            headers.append(SET_COOKIE, cookie);
        }
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    }
}

#[cfg(feature = "axum")]
impl axum_core::response::IntoResponseParts for SetCookies {
    type Error = std::convert::Infallible;

    fn into_response_parts(
        self,
        mut response: axum_core::response::ResponseParts,
    ) -> Result<axum_core::response::ResponseParts, Self::Error> {
        self.append_to(response.headers_mut());
        Ok(response)
    }
}

impl fmt::Debug for SetCookies {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SetCookies").field("count", &self.0.len()).finish()
    }
}
