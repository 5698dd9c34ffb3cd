//! The compact form: three segments of strict base64url with dots between them
//! ([RFC 7515 §7.1](https://www.rfc-editor.org/rfc/rfc7515#section-7.1)).

use base64::{Engine as _, engine::general_purpose::NO_PAD};

use crate::error::TokenErrorKind;

/// The longest token that is looked at, in bytes (16 KiB).
pub const MAX_TOKEN_LEN: usize = 16 * 1024;

/// A token, cut at its dots and not yet believed.
pub(crate) struct Compact<'t> {
    pub(crate) signing_input: &'t [u8],
    pub(crate) header: &'t [u8],
    pub(crate) payload: &'t [u8],
    pub(crate) signature: &'t [u8],
}

impl<'t> Compact<'t> {
    /// Cuts a token that is not too long into exactly three segments, none of them empty.
    pub(crate) fn split(token: &'t [u8]) -> Result<Self, TokenErrorKind> {
        if token.len() > MAX_TOKEN_LEN {
            return Err(TokenErrorKind::TokenTooLong);
        }
        Self::cut(token).ok_or(TokenErrorKind::Malformed)
    }

    fn cut(token: &'t [u8]) -> Option<Self> {
        let mut dots = memchr::memchr_iter(b'.', token);
        let (first, second) = (dots.next()?, dots.next()?);
        if dots.next().is_some() {
            return None;
        }
        let (signing_input, signature) = token.split_at_checked(second)?;
        let (header, payload) = signing_input.split_at_checked(first)?;
        let ([_, payload @ ..], [_, signature @ ..]) = (payload, signature) else { return None };
        let parts = Self { signing_input, header, payload, signature };
        let empty = [header, payload, signature].iter().any(|segment| segment.is_empty());
        (!empty).then_some(parts)
    }
}

/// Decodes strict base64url: no padding, no white space, no bits left over.
pub(crate) fn decode(encoded: &[u8]) -> Option<Vec<u8>> {
    ENGINE.decode(encoded).ok()
}

/// Like [`decode`], but into `stack` when it fits there.
pub(crate) fn decode_into<'b>(
    encoded: &[u8],
    stack: &'b mut [u8],
    heap: &'b mut Vec<u8>,
) -> Option<&'b [u8]> {
    if base64::decoded_len_estimate(encoded.len()) <= stack.len() {
        let length = ENGINE.decode_slice(encoded, stack).ok()?;
        return stack.get(..length);
    }
    *heap = decode(encoded)?;
    Some(heap)
}

#[cfg(any(target_arch = "x86_64", target_arch = "aarch64"))]
static ENGINE: std::sync::LazyLock<base64::engine::Simd> =
    std::sync::LazyLock::new(|| base64::engine::Simd::url_safe(NO_PAD));

#[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
static ENGINE: base64::engine::GeneralPurpose =
    base64::engine::GeneralPurpose::new(&base64::alphabet::URL_SAFE, NO_PAD);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exactly_three_segments_that_are_not_empty() {
        let long = "a".repeat(MAX_TOKEN_LEN);
        let dots = ".".repeat(MAX_TOKEN_LEN);
        let cases = [
            ("three", "a.b.c", Ok(())),
            ("none", "abc", Err(TokenErrorKind::Malformed)),
            ("two", "a.b", Err(TokenErrorKind::Malformed)),
            ("four", "a.b.c.d", Err(TokenErrorKind::Malformed)),
            ("five, a JWE", "a.b.c.d.e", Err(TokenErrorKind::Malformed)),
            ("empty header", ".b.c", Err(TokenErrorKind::Malformed)),
            ("empty payload", "a..c", Err(TokenErrorKind::Malformed)),
            ("empty signature", "a.b.", Err(TokenErrorKind::Malformed)),
            ("empty", "", Err(TokenErrorKind::Malformed)),
            ("dots only", &dots, Err(TokenErrorKind::Malformed)),
            ("as long as may be", &long, Err(TokenErrorKind::Malformed)),
            ("a byte longer", &format!("{long}a"), Err(TokenErrorKind::TokenTooLong)),
        ];
        for (name, token, expected) in cases {
            assert_eq!(Compact::split(token.as_bytes()).map(drop), expected, "{name}");
        }
    }

    #[test]
    fn base64url_is_strict_on_stack_and_heap() {
        let cases: [(&str, &str, Option<&[u8]>); 9] = [
            ("whole groups", "Zm9v", Some(b"foo")),
            ("two bytes", "Zm8", Some(b"fo")),
            ("url alphabet", "-_-_", Some(b"\xfb\xff\xbf")),
            ("padding", "Zm8=", None),
            ("standard alphabet", "+/+/", None),
            ("left-over bits", "Zm9", None),
            ("a lone character", "Zm9vY", None),
            ("white space", "Zm 9v", None),
            ("line break", "Zm9v\n", None),
        ];
        for (name, encoded, expected) in cases {
            assert_eq!(decode(encoded.as_bytes()).as_deref(), expected, "{name}");
            for size in [0, 64] {
                let (mut stack, mut heap) = (vec![0; size], Vec::new());
                let decoded = decode_into(encoded.as_bytes(), &mut stack, &mut heap);
                assert_eq!(decoded, expected, "{name}, {size} bytes of stack");
            }
        }
    }

    #[test]
    fn long_texts_are_decoded_as_strictly_as_short_ones() {
        // The wide kernel and its scalar tail must agree at every place of a wrong byte.
        let good = "QUJD".repeat(40);
        assert_eq!(decode(good.as_bytes()), Some(b"ABC".repeat(40)));
        for at in 0..good.len() {
            for wrong in [b'=', b'+', b' ', b'\n', 0x80, 0xff] {
                let mut text = good.clone().into_bytes();
                text[at] = wrong;
                assert_eq!(decode(&text), None, "byte {wrong:#x} at {at}");
            }
        }
    }
}
