//! Which 32 bytes are an Ed25519 public key ([RFC 8032 §5.1.3], [RFC 8037 §2]).
//!
//! aws-lc loads any 32 bytes. With a point of small order as the key, a signature can be made to
//! verify without anybody's secret; two spellings of one point would make two keys of one.
//!
//! [RFC 8032 §5.1.3]: https://www.rfc-editor.org/rfc/rfc8032#section-5.1.3
//! [RFC 8037 §2]: https://www.rfc-editor.org/rfc/rfc8037#section-2

use crate::error::KeyError;

/// The y-coordinates of the eight points whose order divides 8, little-endian. Each stands for two
/// encodings, which differ in the sign bit alone.
const SMALL_ORDER: [[u8; 32]; 5] = [
    // Order 4: y = 0.
    [0; 32],
    // Order 1: y = 1.
    with_ends(0x01, 0x00, 0x00),
    // Order 2: y = p - 1.
    with_ends(0xec, 0xff, 0x7f),
    // Order 8.
    [
        0x26, 0xe8, 0x95, 0x8f, 0xc2, 0xb2, 0x27, 0xb0, 0x45, 0xc3, 0xf4, 0x89, 0xf2, 0xef, 0x98,
        0xf0, 0xd5, 0xdf, 0xac, 0x05, 0xd3, 0xc6, 0x33, 0x39, 0xb1, 0x38, 0x02, 0x88, 0x6d, 0x53,
        0xfc, 0x05,
    ],
    [
        0xc7, 0x17, 0x6a, 0x70, 0x3d, 0x4d, 0xd8, 0x4f, 0xba, 0x3c, 0x0b, 0x76, 0x0d, 0x10, 0x67,
        0x0f, 0x2a, 0x20, 0x53, 0xfa, 0x2c, 0x39, 0xcc, 0xc6, 0x4e, 0xc7, 0xfd, 0x77, 0x92, 0xac,
        0x03, 0x7a,
    ],
];

/// The field's prime, p = 2²⁵⁵ − 19, little-endian.
const P: [u8; 32] = with_ends(0xed, 0xff, 0x7f);

const fn with_ends(first: u8, between: u8, last: u8) -> [u8; 32] {
    let mut bytes = [between; 32];
    bytes[0] = first;
    bytes[31] = last;
    bytes
}

/// Refuses keys of small order and those not in canonical form.
pub(super) fn check(key: &[u8; 32]) -> Result<(), KeyError> {
    let mut y = *key;
    if let Some(last) = y.last_mut() {
        *last &= 0x7f;
    }
    if !y.iter().rev().lt(P.iter().rev()) {
        return Err(KeyError::invalid("the Ed25519 key is not in canonical form"));
    }
    if SMALL_ORDER.contains(&y) {
        return Err(KeyError::invalid("the Ed25519 key is a point of small order"));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_edge_of_the_field() {
        assert!(check(&with_ends(0xeb, 0xff, 0x7f)).is_ok(), "p - 2");
        for (name, key) in [
            ("p - 1 has order 2", with_ends(0xec, 0xff, 0x7f)),
            ("p is 0 in another spelling", with_ends(0xed, 0xff, 0x7f)),
            ("p + 1", with_ends(0xee, 0xff, 0x7f)),
            ("all bits set", [0xff; 32]),
            ("identity with the sign set", with_ends(0x01, 0x00, 0x80)),
        ] {
            assert!(check(&key).is_err(), "{name}");
        }
    }
}
