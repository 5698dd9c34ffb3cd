use http::header::AUTHORIZATION;

use super::{
    Presented, TokenSource,
    token68::{is_tchar, token68},
};
use crate::{
    error::{TokenError, TokenErrorKind},
    head::RequestHead,
    token::TokenOrigin,
};

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
pub struct AuthorizationHeader;

impl TokenSource for AuthorizationHeader {
    fn token<'r>(&self, head: RequestHead<'r>) -> Result<Option<Presented<'r>>, TokenError> {
        let Some(credentials) = credentials(head)? else { return Ok(None) };
        let token = token68(credentials)?;
        Ok(Some(Presented::new(token, TokenOrigin::Header)))
    }
}

/// What stands behind `Bearer`; `None` if the scheme is another one. Whether it is a `token68` is not looked at.
pub(crate) fn credentials(head: RequestHead<'_>) -> Result<Option<&[u8]>, TokenErrorKind> {
    let mut values = head.headers().get_all(AUTHORIZATION).iter();
    let Some(value) = values.next() else { return Ok(None) };
    if values.next().is_some() {
        return Err(TokenErrorKind::SeveralCredentials);
    }
    bearer(value.as_bytes())
}

/// What stands behind `Bearer 1*SP`.
fn bearer(value: &[u8]) -> Result<Option<&[u8]>, TokenErrorKind> {
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
    if spaces == 0 || token.is_empty() {
        return Err(TokenErrorKind::InvalidCredentials);
    }
    Ok(Some(token))
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
            let token = bearer(value).and_then(|found| found.map(token68).transpose());
            assert_eq!(token, expected, "{name}");
        }
    }
}
