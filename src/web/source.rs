//! Where on a request the token is ([RFC 6750 §2](https://www.rfc-editor.org/rfc/rfc6750#section-2)).

use std::fmt;

use http::header::AUTHORIZATION;

use crate::{
    error::{TokenError, TokenErrorKind},
    head::RequestHead,
    token::TokenOrigin,
};

/// Takes the token off a request.
///
/// ```
/// use tower_bearer::{Presented, RequestHead, TokenError, TokenErrorKind, TokenOrigin, TokenSource};
///
/// /// A gateway in front of us hands the token on in a header of its own.
/// #[derive(Clone, Debug)]
/// struct Forwarded;
///
/// impl TokenSource for Forwarded {
///     fn token<'r>(&self, head: RequestHead<'r>) -> Result<Option<Presented<'r>>, TokenError> {
///         let Some(value) = head.headers().get("x-forwarded-access-token") else { return Ok(None) };
///         let token = value.to_str().map_err(|_| TokenErrorKind::InvalidCredentials)?;
///         Ok(Some(Presented::new(token, TokenOrigin::Header)))
///     }
/// }
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` does not take tokens off requests",
    note = "implement `tower_bearer::TokenSource`, and `Clone` for it"
)]
pub trait TokenSource: Clone + Send + Sync + 'static {
    /// The token of this request, or `None` if it brings no credentials.
    ///
    /// # Errors
    ///
    /// The request is malformed: [`TokenErrorKind::InvalidCredentials`] or
    /// [`TokenErrorKind::SeveralCredentials`], which make the answer 400.
    fn token<'r>(&self, head: RequestHead<'r>) -> Result<Option<Presented<'r>>, TokenError>;
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

impl fmt::Debug for Presented<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Presented").field("origin", &self.origin).finish_non_exhaustive()
    }
}

/// The `Authorization` header and nothing else: the default.
///
/// ```text
/// Authorization: Bearer mF_9.B5f-4.1JqM
/// ```
///
/// | the header | gives |
/// |---|---|
/// | is not there, is empty, or has another scheme (`Basic …`) | no credentials |
/// | `Bearer`, in any case, spaces, one `token68` | the token |
/// | `Bearer` and anything else, or white space before it | 400 |
/// | stands twice | 400 |
///
/// `token68` is `A-Z a-z 0-9 - . _ ~ + /` and trailing `=`
/// ([RFC 9110 §11.2](https://www.rfc-editor.org/rfc/rfc9110#section-11.2)).
#[derive(Clone, Copy, Debug, Default)]
#[non_exhaustive]
pub struct AuthorizationHeader;

impl TokenSource for AuthorizationHeader {
    fn token<'r>(&self, head: RequestHead<'r>) -> Result<Option<Presented<'r>>, TokenError> {
        let mut values = head.headers().get_all(AUTHORIZATION).iter();
        let Some(value) = values.next() else { return Ok(None) };
        if values.next().is_some() {
            return Err(TokenErrorKind::SeveralCredentials.into());
        }
        let token = bearer(value.as_bytes())?;
        Ok(token.map(|token| Presented::new(token, TokenOrigin::Header)))
    }
}

/// The token of `Bearer 1*SP token68`, or `None` if the scheme is another one.
fn bearer(value: &[u8]) -> Result<Option<&str>, TokenErrorKind> {
    const SCHEME: &[u8] = b"bearer";
    // HTTP/1 takes white space away, HTTP/2 forbids it (RFC 9113 §8.2.1): it must not hide the scheme.
    if value.starts_with(b" ") || value.starts_with(b"\t") {
        return Err(TokenErrorKind::InvalidCredentials);
    }
    let (scheme, rest) = value.split_at_checked(SCHEME.len()).unwrap_or((value, b""));
    if !scheme.eq_ignore_ascii_case(SCHEME) || rest.first().is_some_and(|byte| is_tchar(*byte)) {
        return Ok(None);
    }
    let spaces = rest.iter().take_while(|byte| **byte == b' ').count();
    let token = rest.get(spaces..).unwrap_or_default();
    if spaces == 0 || !is_token68(token) {
        return Err(TokenErrorKind::InvalidCredentials);
    }
    std::str::from_utf8(token).map(Some).map_err(|_| TokenErrorKind::InvalidCredentials)
}

fn is_token68(token: &[u8]) -> bool {
    let padding = token.iter().rev().take_while(|byte| **byte == b'=').count();
    let body = token.split_at(token.len().saturating_sub(padding)).0;
    let allowed = |byte: &u8| byte.is_ascii_alphanumeric() || b"-._~+/".contains(byte);
    !body.is_empty() && body.iter().all(allowed)
}

/// What the name of a scheme is made of (RFC 9110 §5.6.2).
fn is_tchar(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_scheme_spaces_and_one_token68() {
        let bad = Err(TokenErrorKind::InvalidCredentials);
        let cases: [(&str, &[u8], _); 24] = [
            ("space before it", b" Bearer a", bad),
            ("tab before it", b"\tBearer a", bad),
            ("plain", b"Bearer a.b.c", Ok(Some("a.b.c"))),
            ("lower case", b"bearer a", Ok(Some("a"))),
            ("mixed case", b"bEaReR a", Ok(Some("a"))),
            ("several spaces", b"Bearer    a", Ok(Some("a"))),
            ("all of token68", b"Bearer aZ09-._~+/==", Ok(Some("aZ09-._~+/=="))),
            ("empty", b"", Ok(None)),
            ("basic", b"Basic dTpw", Ok(None)),
            ("shorter scheme", b"Bear a", Ok(None)),
            ("longer scheme", b"Bearers a", Ok(None)),
            ("no scheme", b"a.b.c", Ok(None)),
            ("nothing behind it", b"Bearer", bad),
            ("only a space behind it", b"Bearer ", bad),
            ("two words", b"Bearer a b", bad),
            ("a list", b"Bearer a, Bearer b", bad),
            ("parameter", b"Bearer token=\"a\"", bad),
            ("trailing space", b"Bearer a ", bad),
            ("tab", b"Bearer\ta", bad),
            ("tab behind the space", b"Bearer \ta", bad),
            ("only padding", b"Bearer ==", bad),
            ("padding inside", b"Bearer a=b", bad),
            ("not ASCII", b"Bearer \xc3\xa4", bad),
            ("not UTF-8 behind the scheme", b"Bearer\xff a", bad),
        ];
        for (name, value, expected) in cases {
            assert_eq!(bearer(value), expected, "{name}");
        }
    }
}
