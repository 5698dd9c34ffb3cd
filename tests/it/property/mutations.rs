//! No mutation of a good token is accepted, but for the one twin that ECDSA has.

use std::{collections::HashMap, sync::LazyLock};

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use proptest::{prelude::*, sample::Index};
use serde_json::{Value, json};
use tower_bearer::{Algorithm, Verifier};

use super::{cases, verifier, verify};
use crate::support::{KeyPair, Token, json_token, key};

/// Tokens of one algorithm.
struct Tokens {
    /// Two good ones of the same key.
    good: [String; 2],
    /// One that is as good, but for its key.
    stranger: String,
}

static VERIFIER: LazyLock<Verifier> = LazyLock::new(verifier);

static TOKENS: LazyLock<HashMap<Algorithm, Tokens>> = LazyLock::new(|| {
    let tokens = |algorithm| {
        let token = |sub: &str| json_token(algorithm, &json!({}), &json!({ "sub": sub }));
        Tokens {
            good: [token("ada").compact(), token("eve").compact()],
            stranger: token("mallory").signed_by(&KeyPair::stranger(algorithm)),
        }
    };
    Algorithm::ALL.into_iter().map(|algorithm| (algorithm, tokens(algorithm))).collect()
});

/// One change to a token.
#[derive(Clone, Debug)]
enum Mutation {
    Change(Index, char),
    Delete(Index),
    Duplicate(Index),
    FlipBit(Index, u8),
    /// A bit of what a segment decodes to.
    FlipDecoded(usize, Index, u8),
    /// One more byte at the end of what a segment decodes to, or at its start.
    Grow(usize, u8, bool),
    /// Another name in `alg`.
    Header(Algorithm),
    /// The other of the two values that ECDSA takes for S.
    HighS,
    Insert(Index, char),
    Shrink(usize, bool),
    Swap(Index, Index),
    SwapSegments(usize, usize),
    /// The same segment of the other good token, or of the stranger's.
    Take(usize, bool),
    Truncate(Index),
}

fn mutation() -> impl Strategy<Value = Mutation> {
    let alphabet: Vec<char> = "ABCDabcd0189-_.=+/ \n".chars().collect();
    let letter = || prop_oneof![3 => prop::sample::select(alphabet.clone()), 1 => any::<char>()];
    let at = any::<Index>;
    let segment = || 0..3_usize;
    prop_oneof![
        1 => (at(), letter()).prop_map(|(at, letter)| Mutation::Change(at, letter)),
        1 => at().prop_map(Mutation::Delete),
        1 => at().prop_map(Mutation::Duplicate),
        1 => (at(), 0..7_u8).prop_map(|(at, bit)| Mutation::FlipBit(at, bit)),
        3 => (segment(), at(), 0..8_u8).prop_map(|(of, at, bit)| Mutation::FlipDecoded(of, at, bit)),
        1 => (segment(), any::<u8>(), any::<bool>()).prop_map(|(of, byte, end)| Mutation::Grow(of, byte, end)),
        1 => prop::sample::select(&Algorithm::ALL[..]).prop_map(Mutation::Header),
        1 => Just(Mutation::HighS),
        1 => (at(), letter()).prop_map(|(at, letter)| Mutation::Insert(at, letter)),
        1 => (segment(), any::<bool>()).prop_map(|(of, end)| Mutation::Shrink(of, end)),
        1 => (at(), at()).prop_map(|(one, other)| Mutation::Swap(one, other)),
        1 => (segment(), segment()).prop_map(|(one, other)| Mutation::SwapSegments(one, other)),
        2 => (segment(), any::<bool>()).prop_map(|(of, stranger)| Mutation::Take(of, stranger)),
        1 => at().prop_map(Mutation::Truncate),
    ]
}

impl Mutation {
    /// The changed token; the same where the change cannot be made.
    fn apply(&self, token: &str, algorithm: Algorithm) -> String {
        let mut chars: Vec<char> = token.chars().collect();
        if chars.is_empty() {
            return String::new();
        }
        match self {
            Self::Change(at, letter) => *at.get_mut(&mut chars) = *letter,
            Self::Delete(at) => drop(chars.remove(at.index(chars.len()))),
            Self::Duplicate(at) => chars.insert(at.index(chars.len()), *at.get(&chars)),
            Self::FlipBit(at, bit) => {
                let letter = at.get_mut(&mut chars);
                *letter = char::from_u32(u32::from(*letter) ^ (1 << bit)).unwrap_or(*letter);
            }
            Self::Insert(at, letter) => chars.insert(at.index(chars.len() + 1), *letter),
            Self::Swap(one, other) => {
                let (one, other) = (one.index(chars.len()), other.index(chars.len()));
                chars.swap(one, other);
            }
            Self::Truncate(at) => chars.truncate(at.index(chars.len())),
            _ => return self.of_segments(token, algorithm).unwrap_or_else(|| token.to_owned()),
        }
        chars.into_iter().collect()
    }

    fn of_segments(&self, token: &str, algorithm: Algorithm) -> Option<String> {
        let mut segments = split(token)?;
        let decoded = |at: usize| URL_SAFE_NO_PAD.decode(segments[at]).ok();
        let encoded = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes);
        let replaced = |at: usize, bytes: &[u8]| {
            let mut segments = segments.map(str::to_owned);
            segments[at] = encoded(bytes);
            segments.join(".")
        };
        Some(match self {
            Self::FlipDecoded(of, at, bit) => {
                let mut bytes = decoded(*of).filter(|bytes| !bytes.is_empty())?;
                *at.get_mut(&mut bytes) ^= 1 << bit;
                replaced(*of, &bytes)
            }
            Self::Grow(of, byte, end) => {
                let bytes = decoded(*of)?;
                let grown = if *end { [&*bytes, &[*byte]] } else { [&[*byte], &*bytes] };
                replaced(*of, &grown.concat())
            }
            Self::Shrink(of, end) => {
                let bytes = decoded(*of)?;
                let rest = if *end { bytes.split_last()?.1 } else { bytes.split_first()?.1 };
                replaced(*of, rest)
            }
            Self::Header(name) => {
                let mut header: Value = serde_json::from_slice(&decoded(0)?).ok()?;
                *header.get_mut("alg")? = name.name().into();
                replaced(0, header.to_string().as_bytes())
            }
            Self::HighS => replaced(2, &high_s(algorithm, &decoded(2)?)?),
            Self::SwapSegments(one, other) => {
                segments.swap(*one, *other);
                segments.join(".")
            }
            Self::Take(of, stranger) => {
                let tokens = &TOKENS[&algorithm];
                let other = if *stranger { &tokens.stranger } else { &tokens.good[1] };
                segments[*of] = split(other)?[*of];
                segments.join(".")
            }
            _ => return None,
        })
    }
}

fn split(token: &str) -> Option<[&str; 3]> {
    token.split('.').collect::<Vec<_>>().try_into().ok()
}

/// Whether it is a good token with the other S, and the same in all else.
fn is_high_s_twin(algorithm: Algorithm, token: &str) -> bool {
    let twin = |good: &String| {
        let ([header, payload, signature], [own_header, own_payload, own]) =
            (split(good)?, split(token)?);
        let decode = |segment| URL_SAFE_NO_PAD.decode(segment).ok();
        let same = header == own_header && payload == own_payload;
        Some(same && high_s(algorithm, &decode(signature)?)? == decode(own)?)
    };
    TOKENS[&algorithm].good.iter().any(|good| twin(good) == Some(true))
}

proptest! {
    #![proptest_config(cases(384))]

    #[test]
    fn no_mutation_of_a_token_is_accepted(mutations in prop::collection::vec(mutation(), 1..4)) {
        for algorithm in Algorithm::ALL {
            let good = &TOKENS[&algorithm].good;
            prop_assert!(verify(&VERIFIER, &good[0]).is_ok(), "{algorithm}: its neighbour");
            let mutated = mutations.iter().fold(good[0].clone(), |token, mutation| mutation.apply(&token, algorithm));
            let accepted = verify(&VERIFIER, &mutated).is_ok();
            if good.contains(&mutated) {
                prop_assert!(accepted, "{algorithm}: unchanged");
            } else if accepted {
                prop_assert!(is_high_s_twin(algorithm, &mutated), "{algorithm}: {mutated}");
            }
        }
    }
}

#[test]
fn every_token_that_is_mutated_is_good_and_the_strangers_are_not() {
    for algorithm in Algorithm::ALL {
        let Tokens { good, stranger } = &TOKENS[&algorithm];
        assert!(good.iter().all(|token| verify(&VERIFIER, token).is_ok()), "{algorithm}");
        assert!(verify(&VERIFIER, stranger).is_err(), "{algorithm}");
        assert_ne!(good[0], good[1], "{algorithm}");
    }
}

#[test]
fn no_segments_of_three_tokens_make_another_token() {
    for algorithm in Algorithm::ALL {
        let Tokens { good: [one, other], stranger } = &TOKENS[&algorithm];
        let all = [one, other, stranger].map(|token| split(token).unwrap());
        for (a, b, c) in (0..27).map(|n| (n / 9, n / 3 % 3, n % 3)) {
            let token = [all[a][0], all[b][1], all[c][2]].join(".");
            // All three have the same header.
            let expected = b == c && b != 2;
            assert_eq!(verify(&VERIFIER, &token).is_ok(), expected, "{algorithm}: {a} {b} {c}");
        }
    }
}

/// Flips each bit of each signature, one at a time.
#[test]
fn every_bit_of_a_signature_counts() {
    for algorithm in Algorithm::ALL {
        let good = &TOKENS[&algorithm].good[0];
        assert!(verify(&VERIFIER, good).is_ok(), "{algorithm}");
        let (input, signature) = good.rsplit_once('.').unwrap();
        let signature = URL_SAFE_NO_PAD.decode(signature).unwrap();
        for bit in 0..signature.len() * 8 {
            let mut flipped = signature.clone();
            flipped[bit / 8] ^= 1 << (bit % 8);
            let token = format!("{input}.{}", URL_SAFE_NO_PAD.encode(flipped));
            assert!(verify(&VERIFIER, &token).is_err(), "{algorithm}: bit {bit}");
        }
    }
}

/// Changes each character of each token, one at a time, to its neighbour in the alphabet.
#[test]
fn every_character_of_a_token_counts() {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    for algorithm in Algorithm::ALL {
        let good = &TOKENS[&algorithm].good[0];
        assert!(verify(&VERIFIER, good).is_ok(), "{algorithm}");
        for at in 0..good.len() {
            let mut changed = good.clone().into_bytes();
            let place = ALPHABET.iter().position(|letter| *letter == changed[at]);
            changed[at] = place.map_or(b'A', |place| ALPHABET[place ^ 1]);
            let token = String::from_utf8(changed).unwrap();
            assert!(verify(&VERIFIER, &token).is_err(), "{algorithm}: {at}");
        }
    }
}

// ------------------------------------------------------------- other numbers for the same signature

/// The order of the curve, as long as a coordinate.
fn order(algorithm: Algorithm) -> Option<Vec<u8>> {
    let hex = match algorithm {
        Algorithm::ES256 => "ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551",
        Algorithm::ES384 => {
            "ffffffffffffffffffffffffffffffffffffffffffffffffc7634d81f4372ddf581a0db248b0a77aecec196accc52973"
        }
        Algorithm::ES512 => {
            "01fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffa51868783bf2f966b7fcc0148f709a5d03bb5c9b8899c47aebb6fb71e91386409"
        }
        Algorithm::Ed25519 => "1000000000000000000000000000000014def9dea2f79cd65812631a5cf5d3ed",
        _ => return None,
    };
    let digits = |at| u8::from_str_radix(&hex[at..at + 2], 16).unwrap();
    Some((0..hex.len()).step_by(2).map(digits).collect())
}

/// `a + b` of numbers of one length, big end first, if it is no longer.
fn sum(a: &[u8], b: &[u8]) -> Option<Vec<u8>> {
    let mut carry = 0;
    let mut sum: Vec<u8> = a
        .iter()
        .zip(b)
        .rev()
        .map(|(a, b)| {
            let [byte, over] = (u16::from(*a) + u16::from(*b) + carry).to_le_bytes();
            carry = over.into();
            byte
        })
        .collect();
    sum.reverse();
    (carry == 0).then_some(sum)
}

/// `a − b` of numbers of one length, big end first, if it is not negative.
fn difference(a: &[u8], b: &[u8]) -> Option<Vec<u8>> {
    // a − b is the complement of (the complement of a) + b.
    let complement = |bytes: &[u8]| bytes.iter().map(|byte| !byte).collect::<Vec<u8>>();
    Some(complement(&sum(&complement(a), b)?))
}

/// The same R, and the order less S: the one other signature that ECDSA takes.
fn high_s(algorithm: Algorithm, signature: &[u8]) -> Option<Vec<u8>> {
    let order = order(algorithm).filter(|_| algorithm != Algorithm::Ed25519)?;
    let (r, s) = signature.split_at_checked(order.len()).filter(|(_, s)| s.len() == order.len())?;
    Some([r, &difference(&order, s)?].concat())
}

/// Signatures that are made of the good one by arithmetic, and whether each is accepted.
fn arithmetic(
    algorithm: Algorithm,
    signature: &[u8],
) -> Vec<(&'static str, Option<Vec<u8>>, bool)> {
    let Some(order) = order(algorithm) else {
        let Ok(n) = URL_SAFE_NO_PAD.decode(key(algorithm).jwk()["n"].as_str().unwrap_or("="))
        else {
            return Vec::new();
        };
        return vec![
            ("s + n", sum(signature, &n), false),
            ("n − s", difference(&n, signature), false),
            ("n", Some(n.clone()), false),
            ("0", Some(vec![0; n.len()]), false),
            ("1", sum(&vec![0; n.len()], &[&vec![0; n.len() - 1][..], &[1]].concat()), false),
        ];
    };
    let zero = vec![0; order.len()];
    let (r, s) = signature.split_at(order.len());
    if algorithm == Algorithm::Ed25519 {
        // Little end first.
        let turned = |bytes: &[u8]| bytes.iter().rev().copied().collect::<Vec<u8>>();
        let number = turned(s);
        let with = |s: Option<Vec<u8>>| s.map(|s| [r, &turned(&s)].concat());
        let plus = |s: &Vec<u8>| sum(s, &order);
        return vec![
            ("S + L", with(plus(&number)), false),
            ("S + 2L", with(plus(&number).as_ref().and_then(plus)), false),
            ("L − S", with(difference(&order, &number)), false),
            ("L", with(Some(order.clone())), false),
            ("0", with(Some(zero.clone())), false),
            ("all 0", Some([&*zero, &zero].concat()), false),
        ];
    }
    let with = |r: Option<Vec<u8>>, s: Option<Vec<u8>>| r.zip(s).map(|(r, s)| [r, s].concat());
    let (same_r, same_s) = (|| Some(r.to_vec()), || Some(s.to_vec()));
    let other_s = difference(&order, s);
    let twice = sum(&order, &order).and_then(|twice| difference(&twice, s));
    vec![
        ("the high S", with(same_r(), other_s.clone()), true),
        ("n − R", with(difference(&order, r), same_s()), false),
        ("n − R, n − S", with(difference(&order, r), other_s), false),
        ("R + n", with(sum(r, &order), same_s()), false),
        ("S + n", with(same_r(), sum(s, &order)), false),
        ("2n − S", with(same_r(), twice), false),
        ("S and R", with(same_s(), same_r()), false),
        ("R, 0", with(same_r(), Some(zero.clone())), false),
        ("0, S", with(Some(zero.clone()), same_s()), false),
        ("all 0", with(Some(zero.clone()), Some(zero)), false),
        ("R, n", with(same_r(), Some(order.clone())), false),
        ("n, S", with(Some(order.clone()), same_s()), false),
        ("n, n", with(Some(order.clone()), Some(order)), false),
    ]
}

/// Two spellings of one ECDSA signature: so nothing may ever be keyed by a token's bytes.
#[test]
fn a_signature_has_no_second_spelling_but_the_high_s_of_ecdsa() {
    let mut seen = HashMap::new();
    for algorithm in Algorithm::ALL {
        // Some sums do not fit into every signature.
        for n in 0..12 {
            let token: Token = json_token(algorithm, &json!({}), &json!({ "sub": n.to_string() }));
            let signature = key(algorithm).sign(token.signing_input().as_bytes());
            assert!(verify(&VERIFIER, &token.with_signature(&signature)).is_ok(), "{algorithm}");
            for (name, other, accepted) in arithmetic(algorithm, &signature) {
                let Some(other) = other else { continue };
                *seen.entry((algorithm, name)).or_insert(0) += 1;
                assert_ne!(other, signature, "{algorithm}: {name}");
                let answer = verify(&VERIFIER, &token.with_signature(&other));
                assert_eq!(answer.is_ok(), accepted, "{algorithm}: {name}");
            }
        }
    }
    for case in [
        (Algorithm::ES256, "the high S"),
        (Algorithm::ES384, "the high S"),
        (Algorithm::ES512, "the high S"),
        (Algorithm::ES512, "S + n"),
        (Algorithm::ES512, "R + n"),
        (Algorithm::ES512, "2n − S"),
        (Algorithm::Ed25519, "S + L"),
        (Algorithm::Ed25519, "S + 2L"),
        (Algorithm::PS256, "n − s"),
        (Algorithm::RS256, "n − s"),
    ] {
        assert_eq!(seen.get(&case), Some(&12), "{case:?} was met");
    }
}
