use crate::error::TokenErrorKind;

/// The text of a `token68` ([RFC 9110 §11.2]), which all tokens in compact form are.
///
/// [RFC 9110 §11.2]: https://www.rfc-editor.org/rfc/rfc9110#section-11.2
pub(super) fn token68(token: &[u8]) -> Result<&str, TokenErrorKind> {
    let text = std::str::from_utf8(token).ok().filter(|_| is_token68(token));
    text.ok_or(TokenErrorKind::InvalidCredentials)
}

/// Whether it is one.
pub(crate) fn is_token68(token: &[u8]) -> bool {
    let padding = token.iter().rev().take_while(|byte| **byte == b'=').count();
    let body = token.split_at(token.len().saturating_sub(padding)).0;
    !body.is_empty() && all_of_token(body)
}

/// What the names of schemes, cookies and subprotocols are made of (RFC 9110 §5.6.2).
pub(super) fn is_tchar(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte)
}

/// `A-Z a-z 0-9 - . _ ~ + /`, looked at without a branch, so that the compiler takes many at once.
#[expect(clippy::needless_bitwise_bool, reason = "`||` is a branch for each byte")]
fn all_of_token(bytes: &[u8]) -> bool {
    let within =
        |byte: u8, first: u8, last: u8| byte.wrapping_sub(first) <= last.wrapping_sub(first);
    let wrong = bytes.iter().fold(0, |wrong, &byte| {
        let right = within(byte | 0x20, b'a', b'z')
            // `-`, `.`, `/` and the digits follow each other.
            | within(byte, b'-', b'9')
            | (byte == b'_')
            | (byte == b'~')
            | (byte == b'+');
        wrong | u8::from(!right)
    });
    wrong == 0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_byte_is_of_a_token_or_is_not() {
        let allowed = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~+/";
        for byte in 0..=u8::MAX {
            // At each place of a vector, and behind the last one.
            for place in 0..70 {
                let mut token = [b'a'; 70];
                token[place] = byte;
                let right = token68(&token).is_ok();
                let padding = byte == b'=' && place == 69;
                assert_eq!(right, allowed.contains(&byte) || padding, "{byte:#x} at {place}");
            }
        }
    }
}
