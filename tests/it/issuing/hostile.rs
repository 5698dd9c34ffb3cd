//! Refresh tokens that are none: each gets `invalid_grant`, and nothing else changes.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use tower_bearer::{MemoryStore, RefreshKeys, Sessions};

use super::{Hand, SECRET, Service, SessionErrorKind as Kind, issuer};

/// What a token is made of, by its first bytes: version, key id, session id, counter, tag.
const VERSION: usize = 0;
const KEY: usize = 1;
const SESSION: usize = 9;
const COUNTER: usize = 25;
const TAG: usize = 33;
const END: usize = 65;

fn bytes(token: &str) -> Vec<u8> {
    URL_SAFE_NO_PAD.decode(token).unwrap()
}

fn text(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

#[tokio::test]
async fn each_byte_counts() {
    let service = Service::new();
    let pair = service.login("ada").await;
    let good = bytes(pair.refresh_token());
    assert_eq!(good.len(), END);
    for at in 0..END {
        for flip in [1, 0x80] {
            let mut bad = good.clone();
            bad[at] ^= flip;
            let renewed = service.renew(&text(&bad)).await;
            assert_eq!(renewed.unwrap_err(), Kind::Invalid, "byte {at}");
        }
    }
    assert!(service.lives(&pair).await);
    service.renew(pair.refresh_token()).await.unwrap();
}

#[tokio::test]
async fn what_is_no_token_changes_nothing() {
    let service = Service::new();
    let (pair, other) = (service.login("ada").await, service.login("ada").await);
    let (good, others) = (bytes(pair.refresh_token()), bytes(other.refresh_token()));
    let with = |at: usize, part: &[u8]| {
        let mut token = good.clone();
        token[at..at + part.len()].copy_from_slice(part);
        text(&token)
    };
    let cases = [
        ("empty", String::new()),
        ("truncated", pair.refresh_token()[..86].to_owned()),
        ("half", pair.refresh_token()[..40].to_owned()),
        ("longer", format!("{}A", pair.refresh_token())),
        ("oversized", "A".repeat(1_000_000)),
        ("padded", format!("{}=", pair.refresh_token())),
        ("spaces around", format!(" {} ", pair.refresh_token())),
        ("of another alphabet", "+".repeat(87)),
        ("not ASCII", "é".repeat(44)[..86].to_owned() + "A"),
        ("an access token", pair.access_token().as_str().to_owned()),
        ("of another version", with(VERSION, &[2])),
        ("of another key", with(KEY, &[0; 8])),
        ("of no session", with(SESSION, &[0; 16])),
        ("of another session", with(SESSION, &others[SESSION..COUNTER])),
        ("the tag of another session", with(TAG, &others[TAG..])),
        ("the next number", with(COUNTER, &1_u64.to_be_bytes())),
        ("the last number", with(COUNTER, &u64::MAX.to_be_bytes())),
        ("no tag", with(TAG, &[0; 32])),
    ];
    for (name, token) in cases {
        assert_eq!(service.renew(&token).await.unwrap_err(), Kind::Invalid, "{name}");
        let ended = service.sessions.end_by_token(&token).await;
        assert_eq!(ended.unwrap_err().kind(), Kind::Invalid, "{name}");
        assert_eq!(Kind::Invalid.error(), "invalid_grant");
    }
    for pair in [pair, other] {
        assert_eq!(service.call(&pair).await, Ok(()));
        service.renew(pair.refresh_token()).await.unwrap();
    }
}

#[tokio::test]
async fn bits_that_base64_does_not_use_have_to_be_zero() {
    let service = Service::new();
    let pair = service.login("ada").await;
    let (rest, last) = pair.refresh_token().split_at(86);
    // 65 bytes leave two bits in the last letter.
    let alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let at = alphabet.find(last).unwrap();
    for other in (0..64).filter(|other| *other != at) {
        let token = format!("{rest}{}", &alphabet[other..=other]);
        assert_eq!(service.renew(&token).await.unwrap_err(), Kind::Invalid, "{other}");
    }
}

#[tokio::test]
async fn tokens_of_another_server_are_foreign() {
    let service = Service::new();
    let store = MemoryStore::with_clock(service.hand.clone());
    let keys = RefreshKeys::new([8; 32]).unwrap();
    let theirs = Sessions::new(issuer(Hand::default()), store, keys).unwrap();
    let foreign = theirs.start("ada", &tower_bearer::Grant::new()).await.unwrap();
    assert_eq!(service.renew(foreign.refresh_token()).await.unwrap_err(), Kind::Invalid);
}

#[tokio::test]
async fn an_older_key_is_taken_and_no_longer_used() {
    let hand = Hand::default();
    let store = MemoryStore::with_clock(hand.clone());
    let before = Service::with(hand.clone(), store.clone());
    let pair = before.login("ada").await;
    let keys = RefreshKeys::new([8; 32]).unwrap().and_accept(SECRET).unwrap();
    let after = Sessions::new(issuer(hand.clone()), store.clone(), keys).unwrap();
    let grant = async |_| Ok(tower_bearer::Grant::new());
    let next = after.renew(pair.refresh_token(), grant).await.unwrap();
    assert_eq!(before.renew(next.refresh_token()).await.unwrap_err(), Kind::Invalid);
    let grant = async |_| Ok(tower_bearer::Grant::new());
    after.renew(next.refresh_token(), grant).await.unwrap();
}

#[test]
fn weak_secrets_are_refused() {
    let error = RefreshKeys::new([7; 31]).unwrap_err().to_string();
    assert!(error.contains("31 bytes") && error.contains("at least 32"), "{error}");
    let error = RefreshKeys::new(SECRET).unwrap().and_accept(SECRET).unwrap_err().to_string();
    assert!(error.contains("twice"), "{error}");
    assert!(!format!("{:?}", RefreshKeys::new(SECRET).unwrap()).contains('7'));
}
