//! Signatures that are almost one (RFC 7518 §3, RFC 8032 §5.1.7).

use serde_json::json;
use tower_bearer::{Algorithm, TokenErrorKind::InvalidSignature};

use super::{judge_with, resigned, signature_of};
use crate::support::{json_token, key};

const ECDSA: [Algorithm; 3] = [Algorithm::ES256, Algorithm::ES384, Algorithm::ES512];

/// The order of an ECDSA algorithm's curve, big-endian (SEC 2 §2).
fn order(algorithm: Algorithm) -> Vec<u8> {
    hex(match algorithm {
        Algorithm::ES256 => "ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551",
        Algorithm::ES384 => {
            "ffffffffffffffffffffffffffffffffffffffffffffffffc7634d81f4372ddf581a0db248b0a77aecec196accc52973"
        }
        _ => {
            "01fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffa51868783bf2f966b7fcc0148f709a5d03bb5c9b8899c47aebb6fb71e91386409"
        }
    })
}

/// The order of Ed25519's base point, little-endian (RFC 8032 §5.1).
fn ed25519_order() -> Vec<u8> {
    hex("edd3f55c1a631258d69cf7a2def9de1400000000000000000000000000000010")
}

fn hex(text: &str) -> Vec<u8> {
    (0..text.len())
        .step_by(2)
        .map(|at| u8::from_str_radix(&text[at..at + 2], 16).unwrap())
        .collect()
}

/// `a - b` of big-endian numbers of the same length, where `a` is not smaller.
fn minus(a: &[u8], b: &[u8]) -> Vec<u8> {
    assert_eq!(a.len(), b.len());
    let mut borrow = 0;
    let mut digits: Vec<u8> = a
        .iter()
        .zip(b)
        .rev()
        .map(|(a, b)| {
            let digit = i16::from(*a) - i16::from(*b) - borrow;
            borrow = i16::from(digit < 0);
            digit.rem_euclid(256).to_le_bytes()[0]
        })
        .collect();
    assert_eq!(borrow, 0, "the result would be negative");
    digits.reverse();
    digits
}

/// `a + b` of little-endian numbers of the same length, if it fits.
fn plus(a: &[u8], b: &[u8]) -> Option<Vec<u8>> {
    assert_eq!(a.len(), b.len());
    let mut carry = 0;
    let digits = a
        .iter()
        .zip(b)
        .map(|(a, b)| {
            let digit = u16::from(*a) + u16::from(*b) + carry;
            carry = digit >> 8;
            digit.to_le_bytes()[0]
        })
        .collect();
    (carry == 0).then_some(digits)
}

fn good(algorithm: Algorithm) -> String {
    json_token(algorithm, &json!({}), &json!({})).compact()
}

#[test]
fn the_arithmetic_of_these_tests_is_right() {
    assert_eq!(minus(&[1, 0, 0], &[0, 0, 1]), [0, 0xff, 0xff]);
    assert_eq!(minus(&[5, 5], &[5, 4]), [0, 1]);
    assert_eq!(plus(&[0xff, 0xff, 0], &[1, 0, 0]), Some(vec![0, 0, 1]));
    assert_eq!(plus(&[0, 0xff], &[0, 1]), None);
    assert_eq!(ECDSA.map(|it| order(it).len()), [32, 48, 66]);
    assert_eq!(ed25519_order().len(), 32);
}

/// CVE-2022-21449 and its kin: numbers that satisfy a careless equation for every message.
#[tokio::test]
async fn psychic_signatures_are_refused() {
    for algorithm in ECDSA {
        let judge = judge_with(key(algorithm).verifying()).await;
        let token = good(algorithm);
        judge.accepts(format!("{algorithm}, control"), &token).await;
        let n = order(algorithm);
        let mut one = vec![0; n.len()];
        one[n.len() - 1] = 1;
        let mut above = n.clone();
        *above.last_mut().unwrap() += 1;
        let signature = signature_of(&token);
        let (r, s) = signature.split_at(n.len());
        let numbers = [
            ("0", vec![0; n.len()]),
            ("1", one.clone()),
            ("n - 1", minus(&n, &one)),
            ("n", n.clone()),
            ("n + 1", above),
            ("all bits", vec![0xff; n.len()]),
        ];
        for (left, first) in &numbers {
            for (right, second) in &numbers {
                let forged = resigned(&token, &[&first[..], second].concat());
                let case = format!("{algorithm}, r = {left}, s = {right}");
                judge.refuses(case, &forged, InvalidSignature).await;
            }
            let forged = resigned(&token, &[first, s].concat());
            judge.refuses(format!("{algorithm}, r = {left}"), &forged, InvalidSignature).await;
            let forged = resigned(&token, &[r, first].concat());
            judge.refuses(format!("{algorithm}, s = {left}"), &forged, InvalidSignature).await;
        }
    }
}

/// RFC 7518 §3.4 asks for R‖S: the DER of X.509 and TLS is another signature format.
#[tokio::test]
async fn an_ecdsa_signature_in_der_is_refused() {
    for algorithm in ECDSA {
        let judge = judge_with(key(algorithm).verifying()).await;
        let token = good(algorithm);
        let signature = signature_of(&token);
        let (r, s) = signature.split_at(signature.len() / 2);
        let body = [der_integer(r), der_integer(s)].concat();
        let mut der = vec![0x30];
        if body.len() > 127 {
            der.push(0x81);
        }
        der.push(u8::try_from(body.len()).unwrap());
        der.extend(body);
        judge.refuses(algorithm, &resigned(&token, &der), InvalidSignature).await;
    }
}

fn der_integer(number: &[u8]) -> Vec<u8> {
    let zeros = number.iter().take_while(|byte| **byte == 0).count();
    let mut digits = number[zeros..].to_vec();
    if digits[0] > 127 {
        digits.insert(0, 0);
    }
    [&[2, u8::try_from(digits.len()).unwrap()], &digits[..]].concat()
}

#[tokio::test]
async fn an_ecdsa_signature_has_exactly_the_length_of_its_curve() {
    let lengths: [(_, &[usize]); 3] = [
        (Algorithm::ES256, &[1, 32, 62, 63, 65, 66, 70, 72, 96, 128, 132]),
        (Algorithm::ES384, &[1, 48, 64, 94, 95, 97, 98, 104, 132, 192]),
        (Algorithm::ES512, &[1, 64, 66, 96, 128, 130, 131, 133, 134, 139, 264]),
    ];
    for (algorithm, lengths) in lengths {
        let judge = judge_with(key(algorithm).verifying()).await;
        let token = good(algorithm);
        let signature = signature_of(&token);
        for length in lengths {
            let at_the_end: Vec<_> =
                signature.iter().copied().chain([0; 264]).take(*length).collect();
            let forged = resigned(&token, &at_the_end);
            judge.refuses(format!("{algorithm}, {length} bytes"), &forged, InvalidSignature).await;
        }
        // The numbers are right; the form has another width.
        let (r, s) = signature.split_at(signature.len() / 2);
        let wide = [&[0], r, &[0], s].concat();
        judge
            .refuses(
                format!("{algorithm}, a zero before each"),
                &resigned(&token, &wide),
                InvalidSignature,
            )
            .await;
        let wide = [&[0; 8], r, &[0; 8], s].concat();
        judge
            .refuses(
                format!("{algorithm}, eight zeros before each"),
                &resigned(&token, &wide),
                InvalidSignature,
            )
            .await;
        let swapped = [s, r].concat();
        judge
            .refuses(
                format!("{algorithm}, S before R"),
                &resigned(&token, &swapped),
                InvalidSignature,
            )
            .await;
    }
}

/// A number with a leading zero byte must not be given without it.
#[tokio::test]
async fn an_ecdsa_signature_keeps_its_leading_zeros() {
    let judge = judge_with(key(Algorithm::ES256).verifying()).await;
    let token = (0..100_000)
        .map(|_| good(Algorithm::ES256))
        .find(|token| signature_of(token)[0] == 0)
        .unwrap();
    judge.accepts("control", &token).await;
    let signature = signature_of(&token);
    judge.refuses("without it", &resigned(&token, &signature[1..]), InvalidSignature).await;
}

/// ECDSA gives each signature a twin: (r, s) and (r, n − s). RFC 7518 does not forbid either, and
/// issuers sign both, so a token has two spellings and its bytes are no name for it.
#[tokio::test]
async fn the_high_s_twin_of_an_ecdsa_signature_is_accepted() {
    for algorithm in ECDSA {
        let judge = judge_with(key(algorithm).verifying()).await;
        let token = good(algorithm);
        let signature = signature_of(&token);
        let (r, s) = signature.split_at(signature.len() / 2);
        let twin = resigned(&token, &[r, &minus(&order(algorithm), s)].concat());
        assert_ne!(twin, token);
        judge.accepts(format!("{algorithm}, as signed"), &token).await;
        judge.accepts(format!("{algorithm}, its twin"), &twin).await;
        let negative_r = [&minus(&order(algorithm), r), s].concat();
        let forged = resigned(&token, &negative_r);
        judge.refuses(format!("{algorithm}, n - r"), &forged, InvalidSignature).await;
    }
}

/// RFC 8032 §5.1.7: S is below L, so that a signature has no twins.
#[tokio::test]
async fn an_ed25519_signature_has_no_twin() {
    let judge = judge_with(key(Algorithm::Ed25519).verifying()).await;
    let token = good(Algorithm::Ed25519);
    judge.accepts("control", &token).await;
    let signature = signature_of(&token);
    let (r, s) = signature.split_at(32);
    let mut s = s.to_vec();
    let mut twins = 0;
    while let Some(larger) = plus(&s, &ed25519_order()) {
        s = larger;
        twins += 1;
        let forged = resigned(&token, &[r, &s].concat());
        judge.refuses(format!("S + {twins} L"), &forged, InvalidSignature).await;
    }
    assert!(twins >= 14, "{twins} multiples of L fit into 256 bits");
    for bit in 253..256 {
        let mut high = signature.clone();
        high[32 + bit / 8] |= 1 << (bit % 8);
        judge.refuses(format!("bit {bit} of S"), &resigned(&token, &high), InvalidSignature).await;
    }
}

#[tokio::test]
async fn an_ed25519_signature_of_nobody_is_refused() {
    let judge = judge_with(key(Algorithm::Ed25519).verifying()).await;
    let token = good(Algorithm::Ed25519);
    let identity = [&[1][..], &[0; 31]].concat();
    let not_canonical = [&[0xee][..], &[0xff; 30], &[0x7f]].concat();
    for (name, r) in [
        ("zeros", vec![0; 32]),
        ("the identity", identity),
        ("the identity in another spelling", not_canonical),
        ("all bits", vec![0xff; 32]),
    ] {
        for (other, s) in [("0", vec![0; 32]), ("L", ed25519_order()), ("all bits", vec![0xff; 32])]
        {
            let forged = resigned(&token, &[&r[..], &s].concat());
            judge.refuses(format!("R = {name}, S = {other}"), &forged, InvalidSignature).await;
        }
    }
}

#[tokio::test]
async fn truncated_and_extended_signatures_are_refused_for_every_algorithm() {
    for algorithm in Algorithm::ALL {
        let judge = judge_with(key(algorithm).verifying()).await;
        let token = good(algorithm);
        judge.accepts(algorithm, &token).await;
        let signature = signature_of(&token);
        let (length, half) = (signature.len(), signature.len() / 2);
        let cases = [
            ("without its last byte", signature[..length - 1].to_vec()),
            ("without its first byte", signature[1..].to_vec()),
            ("its first half", signature[..half].to_vec()),
            ("its second half", signature[half..].to_vec()),
            ("its first byte", signature[..1].to_vec()),
            ("its first 16 bytes", signature[..16].to_vec()),
            ("a zero behind", [&signature[..], &[0]].concat()),
            ("a zero before", [&[0], &signature[..]].concat()),
            ("twice", [&signature[..], &signature].concat()),
            ("zeros of that length", vec![0; length]),
            ("ones of that length", vec![0xff; length]),
            ("backwards", signature.iter().rev().copied().collect()),
            ("one zero byte", vec![0]),
        ];
        for (name, forged) in cases {
            let case = format!("{algorithm}, {name}");
            judge.refuses(case, &resigned(&token, &forged), InvalidSignature).await;
        }
    }
}

/// RFC 8017 §8: an RSA signature is as long as the modulus, leading zeros and all.
#[tokio::test]
async fn an_rsa_signature_keeps_its_leading_zeros() {
    for algorithm in [Algorithm::RS256, Algorithm::PS256] {
        let judge = judge_with(key(algorithm).verifying()).await;
        let token = (0..100_000)
            .map(|n| json_token(algorithm, &json!({}), &json!({ "jti": n.to_string() })).compact())
            .find(|token| signature_of(token)[0] == 0)
            .unwrap();
        judge.accepts(format!("{algorithm}, control"), &token).await;
        let signature = signature_of(&token);
        let forged = resigned(&token, &signature[1..]);
        judge.refuses(format!("{algorithm}, without it"), &forged, InvalidSignature).await;
    }
}

/// 0, 1 and n − 1 are their own roots: a padding check that is not strict would take them.
#[tokio::test]
async fn trivial_rsa_signatures_are_refused() {
    for algorithm in Algorithm::ALL.into_iter().filter(|it| it.name().ends_with("256")) {
        if !algorithm.name().starts_with(['R', 'P']) {
            continue;
        }
        let judge = judge_with(key(algorithm).verifying()).await;
        let spki = key(algorithm).spki();
        // The modulus ends five bytes, `02 03 01 00 01`, before the end.
        let n = spki[spki.len() - 5 - 256..spki.len() - 5].to_vec();
        let mut one = vec![0; 256];
        one[255] = 1;
        let token = good(algorithm);
        let mut above = n.clone();
        above[255] |= 2;
        for (name, number) in [
            ("0", vec![0; 256]),
            ("1", one.clone()),
            ("n - 1", minus(&n, &one)),
            ("n", n.clone()),
            ("above", above),
        ] {
            let forged = resigned(&token, &number);
            judge.refuses(format!("{algorithm}, {name}"), &forged, InvalidSignature).await;
        }
    }
}
