use crate::error::TokenErrorKind;

/// The text of a `token68` ([RFC 9110 §11.2]), which all tokens in compact form are.
///
/// [RFC 9110 §11.2]: https://www.rfc-editor.org/rfc/rfc9110#section-11.2
pub(super) fn token68(token: &[u8]) -> Result<&str, TokenErrorKind> {
    let padding = token.iter().rev().take_while(|byte| **byte == b'=').count();
    let body = token.split_at(token.len().saturating_sub(padding)).0;
    let allowed = |byte: &u8| byte.is_ascii_alphanumeric() || b"-._~+/".contains(byte);
    if body.is_empty() || !body.iter().all(allowed) {
        return Err(TokenErrorKind::InvalidCredentials);
    }
    std::str::from_utf8(token).map_err(|_| TokenErrorKind::InvalidCredentials)
}
