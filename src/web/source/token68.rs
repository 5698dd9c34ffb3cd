use crate::error::TokenErrorKind;

/// The text of a `token68` ([RFC 9110 §11.2]), which all tokens in compact form are.
///
/// [RFC 9110 §11.2]: https://www.rfc-editor.org/rfc/rfc9110#section-11.2
pub(super) fn token68(token: &[u8]) -> Result<&str, TokenErrorKind> {
    let padding = token.iter().rev().take_while(|byte| **byte == b'=').count();
    let body = token.split_at(token.len().saturating_sub(padding)).0;
    if body.is_empty() || !body.iter().copied().all(is_of_token) {
        return Err(TokenErrorKind::InvalidCredentials);
    }
    std::str::from_utf8(token).map_err(|_| TokenErrorKind::InvalidCredentials)
}

/// What the names of schemes, cookies and subprotocols are made of (RFC 9110 §5.6.2).
pub(super) fn is_tchar(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte)
}

/// One look at a table for each byte: every request is read by this.
fn is_of_token(byte: u8) -> bool {
    ALLOWED.get(usize::from(byte)).is_some_and(|allowed| *allowed)
}

#[expect(clippy::indexing_slicing, reason = "a constant: it would not compile")]
const ALLOWED: [bool; 256] = {
    let mut allowed = [false; 256];
    let mut rest: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~+/";
    while let [byte, after @ ..] = rest {
        allowed[*byte as usize] = true;
        rest = after;
    }
    allowed
};
