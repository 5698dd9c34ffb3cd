//! Vectors that others made: the examples of the standards, and Tink's tests of claims.
//!
//! A row that we answer in another way than its author is listed by name, with the reason.

use std::{
    collections::BTreeMap,
    path::Path,
    time::{Duration, UNIX_EPOCH},
};

use aws_lc_rs::hmac;
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use serde::Deserialize;
use serde_json::{Value, json};
use tower_bearer::{
    Algorithm, Audience, ConfigError, StaticKeys, TokenErrorKind as Kind, TrustedIssuer, Verifier,
    VerifyingKey, jsonwebtoken::jwk::Jwk,
};

use crate::support::{clock, verifiers};

/// One line of a file.
#[derive(Deserialize)]
struct Row<C> {
    id: String,
    comment: String,
    layer: Layer,
    token: String,
    jwks: Value,
    expect: Expect,
    config: C,
}

#[derive(Clone, Copy, Deserialize, PartialEq)]
#[serde(rename_all = "lowercase")]
enum Layer {
    /// Only the signature means something.
    Jws,
    Jwt,
}

#[derive(Clone, Copy, Debug, Deserialize, PartialEq)]
#[serde(rename_all = "lowercase")]
enum Expect {
    Accept,
    Reject,
}

/// What became of a row.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Answer {
    Accepted,
    /// The verifier could not be built.
    NotBuilt,
    Refused(Kind),
}

impl From<Result<(), Kind>> for Answer {
    fn from(verified: Result<(), Kind>) -> Self {
        verified.map_or_else(Self::Refused, |()| Self::Accepted)
    }
}

fn rows<C: for<'de> Deserialize<'de>>(lines: &str) -> Vec<Row<C>> {
    lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// Holds the answers against what the rows expect, and against the list of those that differ.
fn compare<C>(rows: &[Row<C>], differ: &[(&str, &str)], answer: impl Fn(&Row<C>) -> Answer) {
    let mut faults = Vec::new();
    for row in rows {
        let answer = answer(row);
        let as_expected = (row.expect == Expect::Accept) == (answer == Answer::Accepted);
        let listed = differ.iter().any(|(id, _)| *id == row.id);
        if as_expected == listed {
            let Row { id, comment, expect, .. } = row;
            faults.push(format!("{id} ({comment}): {expect:?}, {answer:?}, listed: {listed}"));
        }
    }
    for (id, reason) in differ {
        if !rows.iter().any(|row| row.id == *id) {
            faults.push(format!("{id} is listed ({reason}) and is no row"));
        }
    }
    assert!(faults.is_empty(), "{faults:#?}");
}

fn keys<C>(row: &Row<C>) -> StaticKeys {
    StaticKeys::from_jwks(row.jwks.to_string()).unwrap()
}

fn verify(verifier: &Verifier, token: &str) -> Result<(), Kind> {
    verifiers::verify_at_once(verifier, token).map(drop).map_err(|error| error.kind())
}

/// The three segments of a token, if it has three and none of them is empty.
fn segments(token: &str) -> Option<[&str; 3]> {
    let segments: [&str; 3] = token.split('.').collect::<Vec<_>>().try_into().ok()?;
    segments.iter().all(|segment| !segment.is_empty()).then_some(segments)
}

fn decoded(segment: &str) -> Vec<u8> {
    URL_SAFE_NO_PAD.decode(segment).unwrap()
}

/// The row's own key, for the algorithm that its header names.
fn key<C>(row: &Row<C>) -> VerifyingKey {
    let header: Value =
        serde_json::from_slice(&decoded(row.token.split('.').next().unwrap())).unwrap();
    let algorithm: Algorithm = header["alg"].as_str().unwrap().parse().unwrap();
    let jwk: Jwk = serde_json::from_value(row.jwks["keys"][0].clone()).unwrap();
    VerifyingKey::from_jwk(algorithm, &jwk).unwrap()
}

// ------------------------------------------------------------------ the examples of the standards

const RFC_EXAMPLES: &str = include_str!("../vectors/rfc_examples.jsonl");

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RfcConfig {
    now: u64,
    issuer: String,
    /// Always `null`: the examples have no `aud`.
    audience: (),
    /// Always empty: some have no `exp`.
    required: [(); 0],
}

/// Examples of the standards that we answer in another way: none.
const RFC_DIFFER: [(&str, &str); 0] = [];

fn rfc_rows() -> Vec<Row<RfcConfig>> {
    rows(RFC_EXAMPLES)
}

/// No leeway: one example is used in the very second in which it expires.
fn rfc_verifier(row: &Row<RfcConfig>) -> Verifier {
    let RfcConfig { now, issuer, audience: (), required: [] } = &row.config;
    let now = UNIX_EPOCH + Duration::from_secs(*now);
    let issuer = TrustedIssuer::new(issuer.as_str(), Audience::danger_any(), keys(row))
        .danger_no_expiry()
        .leeway(Duration::ZERO)
        .clock(move || now);
    verifiers::new(issuer).unwrap()
}

fn rfc_answer(row: &Row<RfcConfig>) -> Answer {
    match (row.layer, segments(&row.token)) {
        (Layer::Jws, Some([header, payload, signature])) => key(row)
            .verify(format!("{header}.{payload}").as_bytes(), &decoded(signature))
            .map_err(|_| Kind::InvalidSignature)
            .into(),
        (Layer::Jws, None) | (Layer::Jwt, _) => verify(&rfc_verifier(row), &row.token).into(),
    }
}

#[test]
fn the_examples_of_the_standards_are_answered_as_they_say() {
    let rows = rfc_rows();
    assert_eq!(rows.len(), 31);
    compare(&rows, &RFC_DIFFER, rfc_answer);
}

#[test]
fn the_examples_are_refused_for_the_right_reason() {
    for row in rfc_rows().iter().filter(|row| row.expect == Expect::Reject) {
        let expected = match &*row.id {
            "rfc7519-3.1-expired" => Kind::Expired,
            // No signature, JSON serialisations, payloads that are detached or not encoded.
            _ => Kind::Malformed,
        };
        assert_eq!(rfc_answer(row), Answer::Refused(expected), "{}", row.id);
    }
}

#[test]
fn the_unsecured_example_is_refused_with_a_signature_too() {
    let rows = rfc_rows();
    let row = rows.iter().find(|row| row.id == "rfc7515-A.5").unwrap();
    let input = row.token.strip_suffix('.').unwrap();
    let token = signed(row, input);
    assert_eq!(verify(&rfc_verifier(row), &token), Err(Kind::AlgorithmNotAllowed));
}

#[test]
fn an_example_that_is_no_set_of_claims_is_no_token() {
    let mut seen = 0;
    for row in rfc_rows().iter().filter(|row| row.layer == Layer::Jws) {
        seen += 1;
        assert_eq!(verify(&rfc_verifier(row), &row.token), Err(Kind::Malformed), "{}", row.id);
    }
    assert_eq!(seen, 26);
}

#[test]
fn the_signature_of_an_example_is_good_for_no_other_bytes() {
    let mut seen = 0;
    for row in rfc_rows().iter().filter(|row| row.expect == Expect::Accept) {
        seen += 1;
        let [header, payload, signature] = segments(&row.token).unwrap();
        let (input, signature) = (format!("{header}.{payload}"), decoded(signature));
        assert!(key(row).verify(input.as_bytes(), &signature).is_ok(), "{}", row.id);
        assert!(key(row).verify(header.as_bytes(), &signature).is_err(), "{}", row.id);
        let (_, shorter) = signature.split_first().unwrap();
        assert!(key(row).verify(input.as_bytes(), shorter).is_err(), "{}", row.id);
        for at in [0, signature.len() / 2, signature.len() - 1] {
            let mut flipped = signature.clone();
            flipped[at] ^= 1;
            assert!(key(row).verify(input.as_bytes(), &flipped).is_err(), "{}: {at}", row.id);
        }
    }
    assert_eq!(seen, 9);
}

/// The signatures of these are good: what refuses them is their form, and `crit`.
#[test]
fn a_detached_or_plain_payload_is_refused_though_its_signature_is_good() {
    let rows = rfc_rows();
    let row = |id: &str| rows.iter().find(|row| row.id == id).unwrap();
    let signature = |id: &str| decoded(row(id).token.rsplit('.').next().unwrap());
    let header = |id: &str| row(id).token.split('.').next().unwrap().to_owned();

    let [_, payload, _] = segments(&row("rfc7520-4.4").token).unwrap();
    let input = format!("{}.{payload}", header("rfc7520-4.5"));
    assert_eq!(key(row("rfc7520-4.5")).verify(input.as_bytes(), &signature("rfc7520-4.5")), Ok(()));

    for id in ["rfc7797-b64false-detached", "rfc7797-b64false-inline-$.02"] {
        let input = format!("{}.$.02", header(id));
        assert_eq!(key(row(id)).verify(input.as_bytes(), &signature(id)), Ok(()), "{id}");
        // The same header over claims that nothing else speaks against.
        let claims = URL_SAFE_NO_PAD.encode(json!({ "iss": "joe" }).to_string());
        let token = signed(row(id), &format!("{}.{claims}", header(id)));
        assert_eq!(verify(&rfc_verifier(row(id)), &token), Err(Kind::CriticalHeader), "{id}");
    }
}

/// The signing input and its signature by the row's own secret.
fn signed<C>(row: &Row<C>, input: &str) -> String {
    let jwk = &row.jwks["keys"][0];
    assert_eq!(jwk["kty"], "oct", "{}", row.id);
    let secret = hmac::Key::new(hmac::HMAC_SHA256, &decoded(jwk["k"].as_str().unwrap()));
    let signature = hmac::sign(&secret, input.as_bytes());
    format!("{input}.{}", URL_SAFE_NO_PAD.encode(signature))
}

// ------------------------------------------------------------------------- Tink's tests of claims

/// RFC 9449 prints proofs, a token bound to a key, and an opaque token. The signatures of the proofs are
/// good; none of the five is a bearer token. Thumbprints and `ath` are not computed here: nobody
/// verifies proofs in this version.
#[test]
fn the_proofs_and_bound_tokens_of_rfc_9449_are_no_bearer_tokens() {
    let examples: Value = serde_json::from_str(include_str!("../vectors/rfc9449.json")).unwrap();
    let items = examples["items"].as_array().unwrap();
    assert_eq!(items.len(), 4);
    let jwk = items[0]["header"]["jwk"].clone();
    let keys = StaticKeys::from_jwks(json!({ "keys": [jwk] }).to_string()).unwrap();
    let jwk: Jwk = serde_json::from_value(jwk).unwrap();
    let key = VerifyingKey::from_jwk(Algorithm::ES256, &jwk).unwrap();
    let verifier = |issuer: &str| {
        let issuer = TrustedIssuer::new(issuer, Audience::danger_any(), keys.clone());
        let at = UNIX_EPOCH + Duration::from_secs(1_562_262_610);
        verifiers::new(issuer.clock(move || at).danger_no_expiry()).unwrap()
    };
    for item in items {
        let token = item["token"].as_str().unwrap();
        let [header, payload, signature] = segments(token).unwrap();
        let Some(valid) = item["signature_valid"].as_bool() else {
            // The bound token: its key is not printed, and `cnf` alone refuses it.
            let issuer = item["payload"]["iss"].as_str().unwrap();
            assert_eq!(verify(&verifier(issuer), token), Err(Kind::BoundToken));
            continue;
        };
        let checked = key.verify(format!("{header}.{payload}").as_bytes(), &decoded(signature));
        assert_eq!(checked.is_ok(), valid);
        assert_eq!(verify(&verifier("https://server.example.com"), token), Err(Kind::MissingClaim));
        let refused = verify(&verifier("https://server.example.com"), &with_server(item));
        assert_eq!(refused, Err(Kind::TypeNotAllowed), "by its type, if it had an issuer");
    }
    let opaque = examples["access_token_7_1"].as_str().unwrap();
    assert_eq!(verify(&verifier("https://server.example.com"), opaque), Err(Kind::Malformed));
}

/// The proof with an `iss` put in. Its signature no longer matters: the type is judged first.
fn with_server(proof: &Value) -> String {
    let mut payload = proof["payload"].clone();
    payload["iss"] = json!("https://server.example.com");
    let encode = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    format!("{}.{}.AAAA", encode(&proof["header"]), encode(&payload))
}

/// Where the file may be. It is not part of this project.
const TINK: &str = "../shared/vectors/tink_claims.jsonl";

/// Tink's settings.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
#[expect(clippy::struct_excessive_bools, reason = "so are the settings in its file")]
struct TinkConfig {
    allow_missing_expiration: bool,
    clock_skew: f64,
    expect_issued_in_the_past: bool,
    expected_audience: Option<String>,
    expected_issuer: Option<String>,
    expected_type_header: Option<String>,
    fixed_now: Option<f64>,
    ignore_audiences: bool,
    ignore_issuer: bool,
    ignore_type_header: bool,
}

/// Rows of Tink that we answer in another way.
const TINK_DIFFER: [(&str, &str); 4] = [
    ("tink-6", "exp may be any finite number: the year 10000 is no limit here"),
    ("tink-17", "an issuer without a name is a mistake of the set-up, found when it is built"),
    ("tink-51", "no setting takes tokens of every `typ`: a foreign type is refused"),
    ("tink-59", "exp may be any finite number: 1e30 is far away, and no error"),
];

/// What refuses the rows of each of Tink's tests.
const TINK_REASONS: [(&str, Kind); 19] = [
    ("test_duplicated_issuer", Kind::InvalidClaim),
    ("test_infinity_expiration_is_invalid", Kind::Malformed),
    ("test_non_string_typ_header_is_rejected", Kind::Malformed),
    ("test_verify_audience", Kind::AudienceMismatch),
    ("test_verify_audience_string", Kind::AudienceMismatch),
    ("test_verify_audiences_with_wrong_type", Kind::InvalidClaim),
    ("test_verify_empty_crit_header_invalid", Kind::CriticalHeader),
    ("test_verify_expiration", Kind::Expired),
    ("test_verify_float_expiration", Kind::Expired),
    ("test_verify_float_not_before", Kind::NotYetValid),
    ("test_verify_invalid_utf8_in_header", Kind::Malformed),
    ("test_verify_invalid_utf8_in_payload", Kind::Malformed),
    ("test_verify_issued_at", Kind::NotYetValid),
    ("test_verify_issuer", Kind::UnknownIssuer),
    ("test_verify_issuer_with_wrong_type", Kind::InvalidClaim),
    ("test_verify_nonempty_crit_header_invalid", Kind::CriticalHeader),
    ("test_verify_not_before", Kind::NotYetValid),
    ("test_verify_token_with_empty_audiences", Kind::AudienceMismatch),
    ("test_verify_typ_header", Kind::TypeNotAllowed),
];

/// More of them, which are no JSON.
const TINK_NO_JSON: [&str; 4] = [
    "test_verify_token_with_utf_16_encoded_payload_fails",
    "test_verify_token_with_utf_32_encoded_payload_fails",
    "test_verify_with_invalid_json_escaped_utf16_in_claim_name",
    "test_verify_with_invalid_json_escaped_utf16_in_payload",
];

/// The issuer where Tink expects none.
const NOBODY: &str = "https://nobody.example";

/// Tink's settings as ours.
///
/// - Tink takes a token without `iss` and refuses one with `iss` where it expects none. We always
///   demand `iss`: the issuer is then [`NOBODY`], whom no row names, and [`with_issuer`] puts it
///   into tokens that have none. Where Tink ignores `iss`, the row's own is trusted.
/// - Tink takes a token without `aud` and refuses one with `aud` where it expects none. We demand
///   `aud` unless any will do: so any will do for a token without, and nobody's for one with it.
/// - `expect_issued_in_the_past` is the lesser half of `max_age`, which is set to very long.
/// - `ignore_type_header` has no counterpart.
fn tink_verifier(row: &Row<TinkConfig>) -> Result<Verifier, ConfigError> {
    let TinkConfig {
        allow_missing_expiration,
        clock_skew,
        expect_issued_in_the_past,
        expected_audience,
        expected_issuer,
        expected_type_header,
        fixed_now,
        ignore_audiences,
        ignore_issuer,
        ignore_type_header: _,
    } = &row.config;
    let issuer = match expected_issuer {
        Some(issuer) => issuer,
        None if *ignore_issuer => "joe",
        None => NOBODY,
    };
    let audience = match expected_audience {
        Some(audience) => Audience::new(audience.as_str()),
        None if *ignore_audiences || !names(row, "aud") => Audience::danger_any(),
        None => Audience::new("https://nobody.example/api"),
    };
    let now = fixed_now.map_or_else(clock, |now| UNIX_EPOCH + Duration::from_secs_f64(now));
    let mut trusted = TrustedIssuer::new(issuer, audience, keys(row))
        .leeway(Duration::from_secs_f64(*clock_skew))
        .clock(move || now);
    if *allow_missing_expiration {
        trusted = trusted.danger_no_expiry();
    }
    if *expect_issued_in_the_past {
        trusted = trusted.max_age(Duration::from_secs(1 << 40));
    }
    if let Some(typ) = expected_type_header {
        trusted = trusted.typ(typ.as_str());
    }
    verifiers::new(trusted)
}

/// Whether the payload, which may be no JSON, names this claim.
fn names<C>(row: &Row<C>, claim: &str) -> bool {
    let [_, payload, _] = segments(&row.token).unwrap();
    String::from_utf8_lossy(&decoded(payload)).contains(&format!("\"{claim}\""))
}

/// The row's token with the issuer [`NOBODY`] as its first claim, if it has no issuer of its own.
fn with_issuer<C>(row: &Row<C>) -> Option<String> {
    let [header, payload, _] = segments(&row.token).unwrap();
    let payload = decoded(payload);
    let members = payload.strip_prefix(b"{").filter(|_| !names(row, "iss"))?;
    let spliced = [format!("{{\"iss\":\"{NOBODY}\",").as_bytes(), members].concat();
    Some(signed(row, &format!("{header}.{}", URL_SAFE_NO_PAD.encode(spliced))))
}

fn tink_answer(row: &Row<TinkConfig>) -> Answer {
    let Ok(verifier) = tink_verifier(row) else { return Answer::NotBuilt };
    let token = with_issuer(row).unwrap_or_else(|| row.token.clone());
    verify(&verifier, &token).into()
}

/// Tink's rows, where the file is present.
fn tink_rows() -> Option<Vec<Row<TinkConfig>>> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(TINK);
    let lines = std::fs::read_to_string(path);
    if lines.is_err() {
        eprintln!("{TINK} is not here: nothing is tested");
    }
    Some(rows(&lines.ok()?))
}

#[test]
fn tinks_tests_of_claims_are_answered_as_they_say_but_for_those_listed() {
    let Some(rows) = tink_rows() else { return };
    assert_eq!(rows.len(), 59);
    compare(&rows, &TINK_DIFFER, tink_answer);
}

#[test]
fn tinks_tokens_are_refused_for_the_right_reason() {
    let Some(rows) = tink_rows() else { return };
    let mut reasons: BTreeMap<&str, Kind> = TINK_REASONS.into();
    reasons.extend(TINK_NO_JSON.map(|test| (test, Kind::Malformed)));
    for row in rows.iter().filter(|row| row.expect == Expect::Reject) {
        if TINK_DIFFER.iter().all(|(id, _)| *id != row.id) {
            let expected = Answer::Refused(reasons[&*row.comment]);
            assert_eq!(tink_answer(row), expected, "{}: {}", row.id, row.comment);
        }
    }
}

#[test]
fn tinks_tokens_without_an_issuer_are_refused_as_they_stand() {
    let Some(rows) = tink_rows() else { return };
    let mut seen = 0;
    for row in rows.iter().filter(|row| with_issuer(row).is_some()) {
        seen += 1;
        let verifier = tink_verifier(row).unwrap();
        let kind = verify(&verifier, &row.token).expect_err(&row.id);
        if tink_answer(row) == Answer::Accepted {
            assert_eq!(kind, Kind::MissingClaim, "{}: {}", row.id, row.comment);
        }
    }
    assert_eq!(seen, 48);
}
