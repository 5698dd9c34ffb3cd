//! `iss`, RFC 7519 §4.1.1: exact, and never guessed.

use serde_json::json;
use tower_bearer::{Algorithm, Lookup, StaticKeys, TokenErrorKind as Kind, TrustedIssuer};

use super::{Judge, keys, spelt, trusted, with};
use crate::support::{AUDIENCE, ISSUER, KeyPair, Log, clock, key, token, verifiers};

fn named(issuer: &str) -> TrustedIssuer {
    TrustedIssuer::new(issuer, AUDIENCE, keys()).clock(clock)
}

#[tokio::test]
async fn iss_is_matched_to_the_letter() {
    let judge = Judge::of(trusted()).await;
    judge.accepts("as it is configured", &with(&json!({}))).await;
    judge
        .accepts("escapes are spelling", &spelt("iss", r#""https:\/\/\u0069ssuer.example""#))
        .await;
    let cases = [
        ("a trailing slash", "https://issuer.example/"),
        ("two trailing slashes", "https://issuer.example//"),
        ("upper-case host", "https://ISSUER.example"),
        ("upper-case scheme", "HTTPS://issuer.example"),
        ("another scheme", "http://issuer.example"),
        ("no scheme", "issuer.example"),
        ("the default port", "https://issuer.example:443"),
        ("percent-encoding", "https://issuer%2Eexample"),
        ("a query", "https://issuer.example?"),
        ("a fragment", "https://issuer.example#"),
        ("a space behind", "https://issuer.example "),
        ("a space before", " https://issuer.example"),
        ("a line break behind", "https://issuer.example\n"),
        ("a zero byte behind", "https://issuer.example\0"),
        ("a zero-width space", "https://issuer.\u{200b}example"),
        ("a letter of another alphabet", "https://i\u{455}suer.example"),
        ("shorter", "https://issuer.exampl"),
        ("longer", "https://issuer.example.evil.example"),
        ("the audience", AUDIENCE),
        ("empty", ""),
    ];
    for (case, iss) in cases {
        judge.refuses(case, &with(&json!({ "iss": iss })), Kind::UnknownIssuer).await;
    }
}

#[tokio::test]
async fn iss_is_not_normalised() {
    let cases = [
        ("composed", "https://caf\u{e9}.example", "https://cafe\u{301}.example"),
        ("decomposed", "https://cafe\u{301}.example", "https://caf\u{e9}.example"),
        ("ligature", "https://of\u{fb01}ce.example", "https://office.example"),
        ("percent-encoded", "https://issuer.example/a%2Fb", "https://issuer.example/a/b"),
        (
            "lower-case percent-encoding",
            "https://issuer.example/a%2Fb",
            "https://issuer.example/a%2fb",
        ),
        ("percent-encoded tilde", "https://issuer.example/~a", "https://issuer.example/%7Ea"),
        ("dot segments", "https://issuer.example/b", "https://issuer.example/a/../b"),
        ("terminating slash", "https://issuer.example/", "https://issuer.example"),
        ("punycode", "https://b\u{fc}cher.example", "https://xn--bcher-kva.example"),
    ];
    for (case, configured, sent) in cases {
        let judge = Judge::of(named(configured)).await;
        judge.accepts(case, &with(&json!({ "iss": configured }))).await;
        judge.refuses(case, &with(&json!({ "iss": sent })), Kind::UnknownIssuer).await;
    }
}

#[tokio::test]
async fn iss_is_one_string_and_must_be_there() {
    let judge = Judge::of(trusted()).await;
    let cases = [
        ("an array", r#"["https://issuer.example"]"#),
        ("a number", "1"),
        ("null", "null"),
        ("a bool", "true"),
        ("an object", r#"{"https://issuer.example":1}"#),
    ];
    for (case, iss) in cases {
        judge.refuses(case, &spelt("iss", iss), Kind::InvalidClaim).await;
    }
    judge.refuses("missing", &with(&json!({ "iss": null })), Kind::MissingClaim).await;
    let upper = token().payload(format!(r#"{{"ISS":"{ISSUER}","aud":"{AUDIENCE}","exp":9e9}}"#));
    judge.refuses("names of claims have a case", &upper.compact(), Kind::MissingClaim).await;
}

#[tokio::test]
async fn no_issuer_answers_for_another() {
    let (one, other) = (key(Algorithm::ES256), KeyPair::generate(Algorithm::ES256));
    let of = |name: &str, audience: &str, pair: &KeyPair| {
        let keys = StaticKeys::new([pair.verifying().with_kid("the same")]).unwrap();
        TrustedIssuer::new(name, audience, keys).clock(clock)
    };
    let judge = Judge::any_of([
        of("https://one.example", "one", one),
        of("https://other.example", "other", &other),
    ])
    .await;
    let token = |iss: &str, aud: &str, pair: &KeyPair| {
        let payload = json!({ "iss": iss, "aud": aud, "exp": 9_000_000_000_u64 }).to_string();
        let header = r#"{"alg":"ES256","kid":"the same"}"#;
        token().header(header).payload(payload).signed_by(pair)
    };
    judge.accepts("one", &token("https://one.example", "one", one)).await;
    judge.accepts("other", &token("https://other.example", "other", &other)).await;
    let crossed = token("https://one.example", "one", &other);
    judge.refuses("the key of the other", &crossed, Kind::InvalidSignature).await;
    let crossed = token("https://one.example", "other", one);
    judge.refuses("the audience of the other", &crossed, Kind::AudienceMismatch).await;
    let third = token("https://third.example", "one", one);
    judge.refuses("neither", &third, Kind::UnknownIssuer).await;
}

#[test]
fn a_verifier_without_issuers_or_with_one_twice_is_not_built() {
    assert!(verifiers::any_of([]).is_err(), "none");
    assert!(verifiers::new(named("")).is_err(), "without a name");
    assert!(verifiers::any_of([named(ISSUER), named(ISSUER)]).is_err(), "twice");
    let slash = named(&format!("{ISSUER}/"));
    assert!(verifiers::any_of([named(ISSUER), slash]).is_ok(), "a slash makes another name");
}

#[test]
fn a_near_miss_is_logged_with_the_configured_issuer_and_nothing_of_the_token() {
    let line = |trusted: &str| {
        format!(
            "WARN tower_bearer: unknown issuer is nearly a trusted one \
             trusted=\"{trusted}\" difference=\"differs by a trailing slash\""
        )
    };
    let cases = [
        ("a slash too many", ISSUER, "https://issuer.example/", Some(line(ISSUER))),
        (
            "a slash too few",
            "https://issuer.example/",
            ISSUER,
            Some(line("https://issuer.example/")),
        ),
        ("two slashes too many", ISSUER, "https://issuer.example//", None),
        ("another case", ISSUER, "https://ISSUER.example", None),
        ("another issuer", ISSUER, "https://evil.example/", None),
        ("as it is configured", ISSUER, ISSUER, None),
    ];
    for (case, configured, sent, expected) in cases {
        let verifier = verifiers::new(named(configured)).unwrap();
        let token = with(&json!({ "iss": sent, "sub": "SUBJECT" }));
        let log = Log::capture();
        for time in ["first", "second"] {
            let Lookup::Ready(answer) = verifier.verify(&token) else {
                panic!("{case}: static keys never wait");
            };
            assert_eq!(answer.is_ok(), sent == configured, "{case}, {time} time");
        }
        // Once and no more: whoever sends the tokens may be a stranger.
        let text = log.text();
        let logged: Vec<_> =
            text.lines().map(|line| line.split_once(' ').unwrap().1.trim()).collect();
        assert_eq!(logged, expected.iter().collect::<Vec<_>>(), "{case}");
    }
}
