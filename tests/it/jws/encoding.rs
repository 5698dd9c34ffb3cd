//! Three segments of strict base64url (RFC 7515 §2, §7.1). Each token here is signed as it is
//! spelled, so that the spelling alone is at fault.

use std::fmt::Write as _;

use serde_json::json;
use tower_bearer::{Algorithm, TokenErrorKind::Malformed, TokenErrorKind::TokenTooLong};

use super::{Judge, cut, encode, es256, judge_with, seal};
use crate::support::{claims, json_token, key, token};

const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/// A header of so many bytes that `spare` characters of its last group are left over.
fn header_with_spare(spare: usize) -> String {
    padded(r#"{"alg":"ES256","x":"~~~~~~~?????????>>>>>>>>"}"#, spare)
}

fn payload_with_spare(spare: usize) -> String {
    padded(&claims(&json!({ "x": "~~~~~~~?????????>>>>>>>>" })).to_string(), spare)
}

/// White space behind JSON means nothing, and decides how base64 ends.
fn padded(json: &str, spare: usize) -> String {
    let mut json = json.to_owned();
    while encode(&json).len() % 4 != spare {
        json.push(' ');
    }
    encode(json)
}

/// The same bytes to a decoder that ignores the bits left over at the end.
fn with_trailing_bits(segment: &str) -> Vec<String> {
    let bits = match segment.len() % 4 {
        2 => 4,
        3 => 2,
        _ => panic!("no bits are left over"),
    };
    let (rest, last) = segment.split_at(segment.len() - 1);
    let value = ALPHABET.iter().position(|it| *it == last.as_bytes()[0]).unwrap();
    (1..1 << bits).map(|extra| format!("{rest}{}", ALPHABET[value | extra] as char)).collect()
}

/// What a lenient decoder would read as the same bytes.
fn sloppy(segment: &str) -> Vec<(&'static str, String)> {
    let mut all = vec![("standard alphabet", segment.replace('-', "+").replace('_', "/"))];
    match segment.len() % 4 {
        0 => {
            all.push(("a lone character behind", format!("{segment}A")));
            all.push(("padding that nothing needs", format!("{segment}=")));
            all.push(("a group of padding", format!("{segment}====")));
        }
        spare => {
            all.push(("padding", format!("{segment}{}", "=".repeat(4 - spare))));
            all.push(("half the padding", format!("{segment}=")));
            all.extend(with_trailing_bits(segment).into_iter().map(|it| ("trailing bits", it)));
        }
    }
    let (left, right) = segment.split_at(8);
    for (name, blank) in
        [("space", " "), ("tab", "\t"), ("percent", "%20"), ("tilde", "~"), ("equals", "=")]
    {
        all.push((name, format!("{left}{blank}{right}")));
    }
    all
}

/// What an HTTP header cannot carry, but a cookie, a query or a queue could.
fn unspeakable(segment: &str) -> Vec<(&'static str, String)> {
    let (left, right) = segment.split_at(8);
    ["\n", "\r\n", "\0", "\u{7f}", "\u{a0}", "\u{feff}", "ｅ"]
        .into_iter()
        .flat_map(|odd| {
            [
                ("inside", format!("{left}{odd}{right}")),
                ("before", format!("{odd}{segment}")),
                ("behind", format!("{segment}{odd}")),
            ]
        })
        .collect()
}

async fn refuse_all(
    judge: &Judge,
    part: &str,
    segments: &[String],
    token: impl Fn(&str) -> String,
) {
    for segment in segments {
        assert!(segment.contains(['-', '_']), "{part}: the alphabets differ only there");
        judge.accepts(format!("{part}, strict"), &token(segment)).await;
        for (name, sloppy) in sloppy(segment) {
            let spare = segment.len() % 4;
            judge
                .refuses(format!("{part}, {name}, {spare} spare"), &token(&sloppy), Malformed)
                .await;
        }
        for (name, odd) in unspeakable(segment) {
            let reason = judge.reason(&token(&odd)).await;
            assert_eq!(reason, Some(Malformed), "{part}, {name}: {odd:?}");
        }
    }
}

#[tokio::test]
async fn the_header_is_strict_base64url() {
    let payload = payload_with_spare(0);
    let headers = [0, 2, 3].map(header_with_spare);
    refuse_all(&es256().await, "header", &headers, |header| {
        seal(Algorithm::ES256, header, &payload)
    })
    .await;
}

#[tokio::test]
async fn the_payload_is_strict_base64url() {
    let header = header_with_spare(0);
    let payloads = [0, 2, 3].map(payload_with_spare);
    refuse_all(&es256().await, "payload", &payloads, |payload| {
        seal(Algorithm::ES256, &header, payload)
    })
    .await;
}

/// Signatures of 64 bytes leave 4 bits over, those of 32 bytes 2, those of 48 bytes none.
#[tokio::test]
async fn the_signature_is_strict_base64url() {
    for algorithm in
        [Algorithm::ES256, Algorithm::Ed25519, Algorithm::RS256, Algorithm::HS256, Algorithm::HS384]
    {
        let judge = judge_with(key(algorithm).verifying()).await;
        let good = (0..1_000)
            .map(|n| json_token(algorithm, &json!({}), &json!({ "jti": n.to_string() })).compact())
            .find(|good| cut(good)[2].contains(['-', '_']))
            .unwrap();
        let [header, payload, signature] = cut(&good);
        refuse_all(&judge, algorithm.name(), &[signature.to_owned()], |signature| {
            format!("{header}.{payload}.{signature}")
        })
        .await;
    }
}

#[tokio::test]
async fn exactly_three_segments() {
    let (judge, good) = (es256().await, token().compact());
    let [header, payload, signature] = cut(&good);
    let cases = [
        ("one", header.to_owned()),
        ("two", format!("{header}.{payload}")),
        ("four", format!("{good}.{signature}")),
        ("four, the last one empty", format!("{good}.")),
        ("four, the first one empty", format!(".{good}")),
        ("four, one empty inside", format!("{header}..{payload}.{signature}")),
        ("five, a JWE", format!("{good}.{payload}.{signature}")),
        ("a JWE with the empty key of `dir`", format!("{header}..{payload}.{payload}.{signature}")),
        ("two tokens", format!("{good}.{good}")),
        ("empty header", format!(".{payload}.{signature}")),
        ("empty payload", format!("{header}..{signature}")),
        ("empty signature", format!("{header}.{payload}.")),
        ("empty payload and signature", format!("{header}..")),
        ("nothing but dots", "..".to_owned()),
        ("one dot", ".".to_owned()),
        ("padding for a signature", format!("{header}.{payload}.=")),
        ("another sign for the dot", format!("{header}~{payload}~{signature}")),
    ];
    judge.accepts("three", &good).await;
    for (name, token) in cases {
        judge.refuses(name, &token, Malformed).await;
    }
}

#[tokio::test]
async fn empty_segments_are_refused_though_they_are_signed() {
    let judge = es256().await;
    let header = encode(r#"{"alg":"ES256"}"#);
    judge.refuses("empty payload", &seal(Algorithm::ES256, &header, ""), Malformed).await;
    let payload = payload_with_spare(0);
    judge.refuses("empty header", &seal(Algorithm::ES256, "", &payload), Malformed).await;
}

#[tokio::test]
async fn the_json_serialization_is_no_token() {
    let (judge, good) = (es256().await, token().compact());
    let [protected, payload, signature] = cut(&good);
    let flat = json!({ "protected": protected, "payload": payload, "signature": signature });
    let general = json!({
        "payload": payload,
        "signatures": [{ "protected": protected, "signature": signature }],
    });
    for (name, json) in [("flattened", flat), ("general", general)] {
        judge.refuses(name, &json.to_string(), Malformed).await;
        judge.refuses(name, &encode(json.to_string()), Malformed).await;
    }
}

#[tokio::test]
async fn tens_of_thousands_of_dots_are_refused_before_they_are_counted() {
    let (judge, good) = (es256().await, token().compact());
    judge.refuses("64,000 dots", &".".repeat(64_000), TokenTooLong).await;
    judge
        .refuses("a token and 64,000 dots", &(good.clone() + &".".repeat(64_000)), TokenTooLong)
        .await;
    judge.refuses("16,000 dots", &".".repeat(16_000), Malformed).await;
    let segments = (0..9_000).fold(good, |mut token, n| {
        write!(token, ".{}", n % 10).unwrap();
        token
    });
    judge.refuses("8,000 segments and more", &segments[..16_384], Malformed).await;
}

/// The wide decoder and its tail: trailing bits are seen at every length.
#[tokio::test]
async fn trailing_bits_are_seen_at_every_length() {
    let judge = es256().await;
    let payload = payload_with_spare(0);
    for length in 0..200 {
        let json = format!(r#"{{"alg":"ES256","x":"{}"}}"#, "a".repeat(length));
        let header = encode(json);
        if header.len() % 4 == 0 {
            continue;
        }
        let good = seal(Algorithm::ES256, &header, &payload);
        assert_eq!(judge.reason(&good).await, None, "{length}");
        for loose in with_trailing_bits(&header) {
            let token = seal(Algorithm::ES256, &loose, &payload);
            assert_eq!(judge.reason(&token).await, Some(Malformed), "{length}: {loose}");
        }
    }
}
