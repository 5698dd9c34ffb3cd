//! Which keys are taken, from JWK Sets and from everything else: RFC 7517, 7518 §3 and §6, 8037.

mod choice;
mod material;
mod odd;
mod secrets;
mod sets;

use serde_json::{Value, json};
use tower_bearer::{ConfigError, StaticKeys};

/// A JWK Set of these keys.
fn set(keys: &[Value]) -> String {
    json!({ "keys": keys }).to_string()
}

fn read(keys: &[Value]) -> Result<StaticKeys, ConfigError> {
    StaticKeys::from_jwks(set(keys))
}

/// The tag, the length and the content of a DER value.
fn der(tag: u8, content: &[u8]) -> Vec<u8> {
    let [high, low] = u16::try_from(content.len()).unwrap().to_be_bytes();
    let length = match (high, low) {
        (0, 0..128) => vec![low],
        (0, _) => vec![0x81, low],
        _ => vec![0x82, high, low],
    };
    [&[tag], &length[..], content].concat()
}

/// A modulus of so many bits, all of them set: odd, and of nobody.
fn modulus(bits: usize) -> Vec<u8> {
    let mut n = vec![0xff; bits.div_ceil(8)];
    n[0] >>= n.len() * 8 - bits;
    n
}

/// A PKCS#1 `RSAPublicKey` of these numbers.
fn pkcs1(n: &[u8], e: &[u8]) -> Vec<u8> {
    let integer = |number: &[u8]| match number.first() {
        Some(0x80..) => der(2, &[&[0], number].concat()),
        _ => der(2, number),
    };
    der(0x30, &[integer(n), integer(e)].concat())
}

/// The `SubjectPublicKeyInfo` around it.
fn rsa_spki(n: &[u8], e: &[u8]) -> Vec<u8> {
    let algorithm = b"\x30\x0d\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x01\x01\x05\x00";
    let bits = der(3, &[&[0], &pkcs1(n, e)[..]].concat());
    der(0x30, &[&algorithm[..], &bits].concat())
}

/// Every encoding of an Ed25519 point whose order divides 8, canonical or not, and every other
/// encoding that is not canonical but for what lies between.
fn weak_ed25519_keys() -> Vec<(&'static str, [u8; 32])> {
    let ends = |first: u8, between: u8, last: u8| {
        let mut key = [between; 32];
        (key[0], key[31]) = (first, last);
        key
    };
    let order_8 = |last: u8, a: bool| {
        let mut key = if a {
            *b"\x26\xe8\x95\x8f\xc2\xb2\x27\xb0\x45\xc3\xf4\x89\xf2\xef\x98\xf0\xd5\xdf\xac\x05\xd3\xc6\x33\x39\xb1\x38\x02\x88\x6d\x53\xfc\x05"
        } else {
            *b"\xc7\x17\x6a\x70\x3d\x4d\xd8\x4f\xba\x3c\x0b\x76\x0d\x10\x67\x0f\x2a\x20\x53\xfa\x2c\x39\xcc\xc6\x4e\xc7\xfd\x77\x92\xac\x03\x7a"
        };
        key[31] = last;
        key
    };
    vec![
        ("order 1", ends(0x01, 0, 0)),
        ("order 2", ends(0xec, 0xff, 0x7f)),
        ("order 4", ends(0, 0, 0)),
        ("order 4, other sign", ends(0, 0, 0x80)),
        ("order 8, first", order_8(0x05, true)),
        ("order 8, second", order_8(0x85, true)),
        ("order 8, third", order_8(0x7a, false)),
        ("order 8, fourth", order_8(0xfa, false)),
        ("order 1, sign of a zero", ends(0x01, 0, 0x80)),
        ("order 2, sign of a zero", ends(0xec, 0xff, 0xff)),
        ("p for 0", ends(0xed, 0xff, 0x7f)),
        ("p for 0, other sign", ends(0xed, 0xff, 0xff)),
        ("p + 1 for 1", ends(0xee, 0xff, 0x7f)),
        ("p + 1 for 1, other sign", ends(0xee, 0xff, 0xff)),
        ("p + 2", ends(0xef, 0xff, 0x7f)),
        ("p + 3, other sign", ends(0xf0, 0xff, 0xff)),
        ("2^255 - 1", ends(0xff, 0xff, 0x7f)),
        ("all bits", [0xff; 32]),
    ]
}
