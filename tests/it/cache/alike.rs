//! Tokens that are nearly one that is remembered.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use tower_bearer::{
    Algorithm,
    TokenErrorKind::{InvalidSignature, Malformed, TokenTooLong},
};

use super::*;
use crate::support::KeyPair;

fn encode(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

/// What a thief makes of a good token, and why it is refused. All but a few end as the good one does.
fn forgeries(good: &str) -> Vec<(&'static str, String, TokenErrorKind)> {
    let [header, payload, signature] = good.split('.').collect::<Vec<_>>().try_into().unwrap();
    let claims = |changes: &Value| encode(crate::support::claims(changes).to_string().as_bytes());
    let other_claims = claims(&json!({ "sub": "mallory" }));
    let other_header = encode(br#"{"alg":"ES256","typ":"at+jwt","kid":"a","x":1}"#);
    let mut start = URL_SAFE_NO_PAD.decode(signature).unwrap();
    start[0] ^= 1;
    let mut end = URL_SAFE_NO_PAD.decode(signature).unwrap();
    end[63] ^= 1;
    let bytes = [vec![7; 52], URL_SAFE_NO_PAD.decode(signature).unwrap()[52..].to_vec()].concat();
    vec![
        ("other claims", format!("{header}.{other_claims}.{signature}"), InvalidSignature),
        ("another header", format!("{other_header}.{payload}.{signature}"), InvalidSignature),
        (
            "the start of the signature",
            format!("{header}.{payload}.{}", encode(&start)),
            InvalidSignature,
        ),
        (
            "the end of the signature",
            format!("{header}.{payload}.{}", encode(&end)),
            InvalidSignature,
        ),
        (
            "alike in the last 16 bytes",
            format!("{header}.{payload}.{}", encode(&bytes)),
            InvalidSignature,
        ),
        (
            "claims and no more than 16 bytes",
            format!("{header}.{other_claims}.{}", encode(&bytes)),
            InvalidSignature,
        ),
        ("a byte more", format!("{good}A"), InvalidSignature),
        ("a byte less", good[..good.len() - 1].to_owned(), Malformed),
        ("a byte before", format!("A{good}"), Malformed),
        ("the first byte gone", good[1..].to_owned(), Malformed),
        ("padded", format!("{good}=="), Malformed),
        ("a space behind", format!("{good} "), Malformed),
        ("a dot behind", format!("{good}."), Malformed),
        ("without a signature", format!("{header}.{payload}."), Malformed),
        ("the signature alone", signature.to_owned(), Malformed),
        ("the last 16 bytes alone", good[good.len() - 16..].to_owned(), Malformed),
        ("nothing", String::new(), Malformed),
        ("very long", format!("{}{good}", "A".repeat(16 * 1024)), TokenTooLong),
    ]
}

#[test]
fn no_neighbour_of_a_remembered_token_is_taken_for_it() {
    for (memory, remember) in MEMORIES {
        let world = World::new(remember);
        let good = about("ada");
        assert_eq!(world.ask(&good), (Ok(()), 1), "{memory}");
        for (name, forged, reason) in forgeries(&good) {
            for _ in 0..2 {
                let (answer, signatures) = world.ask(&forged);
                assert_eq!(answer, Err(reason), "{memory}, {name}");
                let checked = usize::from(reason == InvalidSignature);
                assert_eq!(signatures, checked, "{memory}, {name}");
            }
            assert_eq!(world.ask(&good), (Ok(()), 0), "{memory}, {name}: it is still there");
            assert_eq!(remembered(&world.verifier), 1, "{memory}, {name}");
        }
    }
}

/// Two signatures of one content are two tokens, each with its own check.
#[test]
fn tokens_alike_but_for_the_signature_are_checked_each() {
    for (memory, remember) in MEMORIES {
        for algorithm in [ES256, Algorithm::PS256] {
            let counting = Counting::new(key(algorithm).verifying());
            let issuer = standard(Ring::of(counting.verifying()));
            let verifier = remember(Verifier::new(issuer).unwrap());
            let token = json_token(algorithm, &json!({ "kid": "a" }), &json!({}));
            let (one, other) = (token.compact(), token.compact());
            assert_ne!(one, other, "{algorithm} signs with a random number");
            for expected in [2, 2, 2] {
                assert_eq!(at_once(&verifier, &one), Ok(()), "{memory}, {algorithm}");
                assert_eq!(at_once(&verifier, &other), Ok(()), "{memory}, {algorithm}");
                assert_eq!(counting.count(), expected, "{memory}, {algorithm}");
            }
            assert_eq!(remembered(&verifier), 2, "{memory}, {algorithm}");
            let stranger = token.signed_by(&KeyPair::stranger(algorithm));
            assert_eq!(at_once(&verifier, &stranger), Err(InvalidSignature), "{algorithm}");
        }
    }
}

/// What is not a success leaves no trace, however often it comes.
#[test]
fn failures_take_no_room_and_push_nobody_out() {
    for (memory, remember) in MEMORIES {
        let world = World::new(remember);
        let good: Vec<String> = (0..16).map(about).collect();
        for token in &good {
            assert_eq!(world.ask(token), (Ok(()), 1), "{memory}");
        }
        let expired = |n: u64| with(&json!({ "exp": 1, "sub": n.to_string() }));
        let elsewhere = |n: u64| with(&json!({ "aud": n.to_string() }));
        let unsigned = |n: u64| {
            let claims = json!({ "sub": n.to_string() });
            json_token(ES256, &json!({ "kid": "a" }), &claims).with_signature(&[7; 64])
        };
        let nobodys =
            |n: u64| json_token(ES256, &json!({ "kid": n.to_string() }), &json!({})).compact();
        for n in 0..200 {
            for bad in [expired(n), elsewhere(n), unsigned(n), nobodys(n), n.to_string()] {
                assert!(world.ask(&bad).0.is_err(), "{memory}");
            }
        }
        assert_eq!(remembered(&world.verifier), 16, "{memory}");
        for token in &good {
            assert_eq!(world.ask(token), (Ok(()), 0), "{memory}: all are still there");
        }
    }
}

/// Or whoever may sign tokens would decide how much memory those of all others have.
#[test]
fn a_token_of_more_than_4_kib_is_good_and_not_remembered() {
    for (memory, remember) in MEMORIES {
        let world = World::new(remember);
        let mut sizes = Vec::new();
        for filler in (2_600..3_000).step_by(3) {
            let token = with(&json!({ "filler": "x".repeat(filler) }));
            let again = usize::from(token.len() > 4 * 1024);
            assert_eq!(world.ask(&token), (Ok(()), 1), "{memory}, {}", token.len());
            assert_eq!(world.ask(&token), (Ok(()), again), "{memory}, {}", token.len());
            sizes.push(token.len());
        }
        assert!(sizes[0] < 4 * 1024 && sizes[sizes.len() - 1] > 4 * 1024, "{sizes:?}");
    }
}

#[test]
fn the_longest_token_is_good_twice_and_a_longer_one_never() {
    for (memory, remember) in MEMORIES {
        let world = World::new(remember);
        for (filler, expected) in [(11_900, Ok(())), (12_300, Err(TokenTooLong))] {
            let token = with(&json!({ "filler": "x".repeat(filler) }));
            for _ in 0..2 {
                assert_eq!(world.ask(&token).0, expected, "{memory}, {}", token.len());
            }
        }
    }
}
