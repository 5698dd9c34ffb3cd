//! One odd key never costs the others (RFC 7517 §5).

use std::borrow::Borrow;

use serde_json::{Value, json};
use tower_bearer::{
    Algorithm::{self, ES256, ES384, Ed25519, HS256, RS256},
    StaticKeys,
};

use super::{modulus, read, weak_ed25519_keys};
use crate::{
    jws::{encode, judge},
    support::{KeyPair, json_token, key, standard},
};

/// A key that must be left out, and a word of the reason.
type Odd = (String, Value, &'static str);

fn odd(name: impl Into<String>, jwk: Value, reason: &'static str) -> Odd {
    (name.into(), jwk, reason)
}

fn changed(algorithm: Algorithm, changes: impl Borrow<Value>) -> Value {
    key(algorithm).jwk_with(changes.borrow())
}

/// Types, curves and algorithms that nobody here verifies.
fn unknown() -> Vec<Odd> {
    let x = encode([7; 32]);
    let ec = |crv: &str| json!({ "kty": "EC", "crv": crv, "x": x, "y": x });
    let okp = |crv: &str, length: usize| json!({ "kty": "OKP", "crv": crv, "x": encode(vec![7; length]) });
    let mut all = vec![
        odd("unknown kty", json!({ "kty": "XYZ", "kid": "x" }), "`kty`"),
        odd("another case of kty", changed(ES256, json!({ "kty": "ec" })), "`kty`"),
        odd(
            "ML-DSA",
            json!({ "kty": "AKP", "alg": "ML-DSA-65", "pub": encode([7; 1952]) }),
            "`alg`",
        ),
        odd("AKP without alg", json!({ "kty": "AKP", "pub": encode([7; 1952]) }), "`kty`"),
        odd("Ed448", okp("Ed448", 57), "`crv`"),
        odd("X25519", okp("X25519", 32), "`crv`"),
        odd(
            "X25519 for ECDH",
            json!({ "kty": "OKP", "crv": "X25519", "x": x, "alg": "ECDH-ES" }),
            "`alg`",
        ),
        odd("secp256k1", ec("secp256k1"), "`crv`"),
        odd(
            "ES256K",
            json!({ "kty": "EC", "crv": "secp256k1", "alg": "ES256K", "x": x, "y": x }),
            "`alg`",
        ),
        odd("P-192", ec("P-192"), "`crv`"),
        odd("another case of crv", ec("p-256"), "`crv`"),
        odd("EC on an Edwards curve", ec("Ed25519"), "`crv`"),
        odd("OKP on P-256", okp("P-256", 32), "`crv`"),
    ];
    for alg in ["none", "", "FOO", "es256", "ECDH-ES+A256KW", "HS256 "] {
        all.push(odd(format!("alg {alg:?}"), changed(ES256, json!({ "alg": alg })), "`alg` is no"));
    }
    for alg in ["RSA-OAEP", "RSA-OAEP-256", "RSA1_5"] {
        all.push(odd(alg, changed(RS256, json!({ "alg": alg })), "`alg` is no"));
    }
    all
}

/// Members that contradict each other.
fn contradictions() -> Vec<Odd> {
    let mut all = vec![
        odd("P-256 declared ES384", changed(ES256, json!({ "alg": "ES384" })), "does not fit"),
        odd("EC declared RS256", changed(ES256, json!({ "alg": "RS256" })), "does not fit"),
        odd("EC declared HS256", changed(ES256, json!({ "alg": "HS256" })), "does not fit"),
        odd("RSA declared HS256", changed(RS256, json!({ "alg": "HS256" })), "does not fit"),
        odd("RSA declared ES256", changed(RS256, json!({ "alg": "ES256" })), "does not fit"),
        odd("OKP declared ES256", changed(Ed25519, json!({ "alg": "ES256" })), "does not fit"),
        odd("oct declared RS256", changed(HS256, json!({ "alg": "RS256" })), "does not fit"),
        odd(
            "P-256 point said to be P-384",
            changed(ES256, json!({ "crv": "P-384", "alg": "ES384" })),
            "full length",
        ),
        odd(
            "P-384 point said to be P-256",
            changed(ES384, json!({ "crv": "P-256", "alg": "ES256" })),
            "full length",
        ),
        odd("use enc", changed(ES256, json!({ "use": "enc" })), "`use`"),
        odd("use in another case", changed(ES256, json!({ "use": "SIG" })), "`use`"),
        odd("use empty", changed(ES256, json!({ "use": "" })), "`use`"),
    ];
    for ops in [json!([]), json!(["sign"]), json!(["encrypt", "wrapKey"]), json!(["Verify"])] {
        all.push(odd(
            format!("key_ops {ops}"),
            changed(ES256, json!({ "key_ops": ops })),
            "`key_ops`",
        ));
    }
    all
}

/// Each member that matters, missing, of each wrong type, and not base64url.
fn broken_members() -> Vec<Odd> {
    let members = [
        (ES256, &["kty", "crv", "x", "y"][..]),
        (Ed25519, &["kty", "crv", "x"]),
        (RS256, &["kty", "n", "e"]),
        (HS256, &["kty", "k"]),
    ];
    let mut all = Vec::new();
    for (algorithm, members) in members {
        for member in members {
            let name = |what: &str| format!("{algorithm}, {member} {what}");
            all.push(odd(name("missing"), changed(algorithm, json!({ *member: null })), "`"));
            for wrong in [json!(1), json!(true), json!([]), json!({}), json!(["AQAB"])] {
                let jwk = changed(algorithm, json!({ *member: wrong }));
                all.push(odd(name(&format!("is {wrong}")), jwk, "wrong type"));
            }
            let mut null = key(algorithm).jwk();
            null[*member] = Value::Null;
            all.push(odd(name("is null"), null, "wrong type"));
            all.push(odd(name("is empty"), changed(algorithm, json!({ *member: "" })), ""));
            if !["kty", "crv"].contains(member) {
                let good = key(algorithm).jwk()[*member].as_str().unwrap().to_owned();
                for (what, bad) in [
                    ("is padded", format!("{good}=")),
                    ("has a line break", format!("{good}\n")),
                    ("has a space", format!(" {good}")),
                    ("is of the standard alphabet", format!("+/{}", &good[2..])),
                    ("is cut", good[..good.len() - 1].to_owned()),
                ] {
                    let jwk = changed(algorithm, json!({ *member: bad }));
                    // A group that loses its last character may still be base64, but no key.
                    all.push(odd(name(what), jwk, if what == "is cut" { "" } else { "base64url" }));
                }
            }
        }
    }
    for member in ["kid", "alg", "use", "key_ops"] {
        for wrong in [json!(null), json!(1), json!(false), json!({}), json!([1]), json!([null])] {
            let mut jwk = key(ES256).jwk();
            jwk[member] = wrong.clone();
            all.push(odd(format!("{member} is {wrong}"), jwk, "wrong type"));
        }
    }
    all.push(odd(
        "key_ops is a string",
        changed(ES256, json!({ "key_ops": "verify" })),
        "wrong type",
    ));
    all
}

/// Keys of the right form and the wrong value.
fn weak() -> Vec<Odd> {
    let rsa = |n: &[u8], e: &[u8]| changed(RS256, json!({ "n": encode(n), "e": encode(e) }));
    let (f4, good) = ([1, 0, 1], modulus(2048));
    let even = [&good[..255], &[0xfe]].concat();
    let mut all = vec![
        odd("RSA of 512 bits", rsa(&modulus(512), &f4), "2048 to 8192"),
        odd("RSA of 1024 bits", rsa(&modulus(1024), &f4), "2048 to 8192"),
        odd(
            "RSA of 1024 bits behind zeros",
            rsa(&[vec![0; 128], modulus(1024)].concat(), &f4),
            "2048 to 8192",
        ),
        odd("RSA of 2047 bits", rsa(&modulus(2047), &f4), "2048 to 8192"),
        odd("RSA of 8193 bits", rsa(&modulus(8193), &f4), "2048 to 8192"),
        odd("RSA of 8200 bits", rsa(&modulus(8200), &f4), "2048 to 8192"),
        odd("RSA of 16384 bits", rsa(&modulus(16384), &f4), "2048 to 8192"),
        odd("RSA with an even modulus", rsa(&even, &f4), "even"),
        odd("RSA with a modulus of zeros", rsa(&[0; 256], &f4), "2048 to 8192"),
        odd("RSA with e = 0", rsa(&good, &[0]), "exponent"),
        odd("RSA with e = 1", rsa(&good, &[1]), "exponent"),
        odd("RSA with e = 1 behind zeros", rsa(&good, &[0, 0, 1]), "exponent"),
        odd("RSA with e = 2", rsa(&good, &[2]), "exponent"),
        odd("RSA with e = 65536", rsa(&good, &[1, 0, 0]), "exponent"),
        odd("RSA with e = 2^33 + 1", rsa(&good, &[2, 0, 0, 0, 1]), "exponent"),
        odd("RSA with e as long as n", rsa(&good, &good), "exponent"),
        odd("a secret of 31 bytes", changed(HS256, json!({ "k": encode([7; 31]) })), "at least 32"),
        odd(
            "an undeclared secret of 31 bytes",
            changed(HS256, json!({ "alg": null, "k": encode([7; 31]) })),
            "at least 32",
        ),
        odd(
            "a PEM file as a secret",
            changed(HS256, json!({ "k": encode(key(RS256).pem()) })),
            "PEM",
        ),
        odd("Ed25519 of 31 bytes", changed(Ed25519, json!({ "x": encode([9; 31]) })), "32 bytes"),
        odd("Ed25519 of 33 bytes", changed(Ed25519, json!({ "x": encode([9; 33]) })), "32 bytes"),
    ];
    for (name, bytes) in weak_ed25519_keys() {
        all.push(odd(
            format!("Ed25519, {name}"),
            changed(Ed25519, json!({ "x": encode(bytes) })),
            "Ed25519 key",
        ));
    }
    for (algorithm, length) in [(ES256, 32), (ES384, 48), (Algorithm::ES512, 66)] {
        let point =
            |x: &[u8], y: &[u8]| changed(algorithm, json!({ "x": encode(x), "y": encode(y) }));
        let (ones, zeros) = (vec![1; length], vec![0; length]);
        let name = |what: &str| format!("{algorithm}, {what}");
        let full = "full length";
        all.extend([
            odd(name("off the curve"), point(&ones, &ones), "curve"),
            odd(name("0, 0"), point(&zeros, &zeros), "curve"),
            odd(name("beyond the field"), point(&vec![0xff; length], &vec![0xff; length]), "curve"),
            odd(name("short x"), point(&ones[1..], &ones), full),
            odd(name("short y"), point(&ones, &ones[1..]), full),
            odd(name("a zero before x"), point(&[&[0], &ones[..]].concat(), &ones), full),
            odd(name("all in x"), point(&[&ones[..], &ones].concat(), &[]), full),
            odd(name("a compressed point for x"), point(&[&[2], &ones[..]].concat(), &ones), full),
            odd(
                name("an uncompressed point for x"),
                point(&[&[4], &ones[..], &ones].concat(), &ones),
                full,
            ),
        ]);
    }
    all
}

/// A good key with one coordinate that begins with a zero, given without it.
fn short_coordinate() -> Odd {
    let jwk = (0..100_000)
        .map(|_| KeyPair::generate(ES256).jwk())
        .find(|jwk| jwk["x"].as_str().unwrap().starts_with("AA"))
        .map(|mut jwk| {
            let x = jwk["x"].as_str().unwrap().to_owned();
            let bytes =
                base64::Engine::decode(&base64::engine::general_purpose::URL_SAFE_NO_PAD, x);
            jwk["x"] = json!(encode(&bytes.unwrap()[1..]));
            jwk
        });
    odd("a coordinate without its leading zero", jwk.unwrap(), "full length")
}

/// What is no JWK at all.
fn no_jwks() -> Vec<Odd> {
    let mut deep = json!([]);
    for _ in 0..100 {
        deep = json!([{ "a": deep }]);
    }
    vec![
        odd("null", json!(null), ""),
        odd("a number", json!(7), ""),
        odd("a string", json!("RSA"), ""),
        odd("an array", json!(["RSA", "AQAB"]), ""),
        odd("a key in an array", json!([key(ES256).jwk()]), ""),
        odd("an empty object", json!({}), "no `kty`"),
        odd("an empty array", json!([]), ""),
        odd("200 deep", deep.clone(), ""),
        odd("200 deep where a kid should be", changed(ES256, json!({ "kid": deep })), "wrong type"),
        odd("a set in a set", json!({ "keys": [key(ES256).jwk()] }), "no `kty`"),
    ]
}

/// Nothing of a key's members may stand in what is said of it.
#[track_caller]
fn assert_discreet(name: &str, jwk: &Value, said: &str) {
    let texts = jwk.as_object().into_iter().flatten().filter_map(|(_, value)| value.as_str());
    for text in texts.filter(|text| text.len() > 8) {
        assert!(!said.contains(text), "{name}: {said}");
    }
}

/// The odd key alone is refused, with its reason; beside a good one it is left out, and the good
/// one works.
async fn assert_left_out(odd: Vec<Odd>) {
    let good = KeyPair::generate(ES256);
    let good_jwk = good.jwk_with(&json!({ "kid": "good" }));
    let header = json!({ "kid": "good" });
    let token = json_token(ES256, &header, &json!({})).signed_by(&good);
    for (name, jwk, reason) in odd {
        let alone = read(std::slice::from_ref(&jwk)).unwrap_err().to_string();
        assert!(alone.contains("no key of the set can be used: key 0: "), "{name}: {alone}");
        assert_discreet(&name, &jwk, &alone);
        for (index, keys) in
            [(0, [jwk.clone(), good_jwk.clone()]), (1, [good_jwk.clone(), jwk.clone()])]
        {
            let keys = read(&keys).unwrap();
            let [skipped] = keys.skipped() else { panic!("{name}: {:?}", keys.skipped()) };
            assert_eq!(skipped.index(), index, "{name}");
            assert!(skipped.reason().contains(reason), "{name}: {skipped}");
            assert_discreet(&name, &jwk, &format!("{skipped} {skipped:?} {keys:?}"));
            judge(standard(keys)).await.accepts(&name, &token).await;
        }
    }
}

#[tokio::test]
async fn keys_of_unknown_types_curves_and_algorithms_are_left_out() {
    assert_left_out(unknown()).await;
}

#[tokio::test]
async fn keys_that_contradict_themselves_or_are_for_other_uses_are_left_out() {
    assert_left_out(contradictions()).await;
}

#[tokio::test]
async fn keys_with_broken_members_are_left_out() {
    assert_left_out(broken_members()).await;
}

/// Texts that the grammar of JSON allows and that no parser can make a value of.
#[tokio::test]
async fn keys_that_can_be_spelt_but_not_read_are_left_out() {
    let good = KeyPair::generate(ES256);
    let good_jwk = good.jwk_with(&json!({ "kid": "good" })).to_string();
    let header = json!({ "kid": "good" });
    let token = json_token(ES256, &header, &json!({})).signed_by(&good);
    let with = |member: &str| {
        let jwk = key(ES256).jwk().to_string();
        format!("{{{member},{}", jwk.strip_prefix('{').unwrap())
    };
    for odd in [
        with(r#""kid":1e400"#),
        with(r#""key_ops":[1e400]"#),
        with(r#""kid":"\ud800""#),
        with(r#""kid":{"\ud800":1}"#),
        with(r#""\ud800":1"#),
        "1e400".to_owned(),
        r#""\udc00""#.to_owned(),
        r#"{"\udc00":1}"#.to_owned(),
        format!("{}{}", "[".repeat(5_000), "]".repeat(5_000)),
        with(&format!("\"kid\":{}{}", "[".repeat(200), "]".repeat(200))),
    ] {
        let case = odd.get(..20).unwrap_or(&odd);
        for set in [format!("[{odd},{good_jwk}]"), format!("[ {good_jwk} , {odd} ]")] {
            let keys = StaticKeys::from_jwks(format!(r#"{{"keys":{set}}}"#)).expect(case);
            assert_eq!(keys.skipped().len(), 1, "{case}");
            judge(standard(keys)).await.accepts(case, &token).await;
        }
    }
}

#[tokio::test]
async fn weak_keys_are_left_out() {
    assert_left_out(weak()).await;
}

#[tokio::test]
async fn a_coordinate_keeps_its_leading_zero() {
    assert_left_out(vec![short_coordinate()]).await;
}

#[tokio::test]
async fn what_is_no_key_at_all_is_left_out() {
    assert_left_out(no_jwks()).await;
}

/// `serde_json::Value` cannot hold a member twice, so these are texts.
#[tokio::test]
async fn keys_with_a_member_twice_are_left_out() {
    let good = key(ES256).jwk_with(&json!({ "kid": "good" })).to_string();
    let token = json_token(ES256, &json!({ "kid": "good" }), &json!({})).compact();
    for member in [
        r#""kty":"EC""#,
        r#""\u006bty":"RSA""#,
        r#""alg":"ES256""#,
        r#""kid":"other""#,
        r#""x":"AA""#,
        r#""z":1,"z":1"#,
        r#""z":1,"\u007a":"1""#,
    ] {
        let twice = key(ES256).jwk_with(&json!({ "kid": "twice" })).to_string();
        let twice = twice.replacen('{', &format!("{{{member},"), 1);
        let text = format!(r#"{{"keys":[{twice},{good}]}}"#);
        let keys = tower_bearer::StaticKeys::from_jwks(text).unwrap();
        let [skipped] = keys.skipped() else { panic!("{member}: {:?}", keys.skipped()) };
        assert!(skipped.index() == 0 && skipped.reason().contains("twice"), "{member}: {skipped}");
        judge(standard(keys)).await.accepts(member, &token).await;
    }
}

#[tokio::test]
async fn many_odd_keys_cost_no_good_one() {
    let every = [unknown(), contradictions(), broken_members(), weak(), no_jwks()].concat();
    let (count, good) = (every.len(), key(ES256).jwk_with(&json!({ "kid": "good" })));
    let keys: Vec<_> = every.into_iter().map(|(_, jwk, _)| jwk).chain([good]).collect();
    let keys = read(&keys).unwrap();
    let indices: Vec<_> = keys.skipped().iter().map(tower_bearer::SkippedKey::index).collect();
    assert_eq!(indices, (0..count).collect::<Vec<_>>());
    let token = json_token(ES256, &json!({ "kid": "good" }), &json!({})).compact();
    judge(standard(keys)).await.accepts("the good one", &token).await;
}

/// What issuers add to their keys is no reason to leave one out.
#[tokio::test]
async fn unknown_and_private_members_are_ignored() {
    for changes in [
        json!({ "use": "sig" }),
        json!({ "key_ops": ["verify"] }),
        json!({ "key_ops": ["sign", "verify"] }),
        json!({ "x5c": ["AAAA"], "x5t": "AA", "x5u": "http://127.0.0.1:1/" }),
        json!({ "iat": 1, "exp": 1, "status": {"a": [1]}, "issuer": "x" }),
        json!({ "ext": true, "oth": [{ "r": 1 }] }),
    ] {
        for algorithm in [ES256, Ed25519, RS256, HS256] {
            let keys = read(&[changed(algorithm, &changes)]).unwrap();
            assert!(keys.skipped().is_empty(), "{algorithm} {changes}: {:?}", keys.skipped());
            let token = json_token(algorithm, &json!({}), &json!({})).compact();
            judge(standard(keys)).await.accepts(format!("{algorithm} {changes}"), &token).await;
        }
    }
}

/// The private half is neither needed, nor kept, nor shown; not even looked at.
#[tokio::test]
async fn a_private_jwk_is_taken_as_its_public_half() {
    let secret = encode(b"this is the private half");
    for algorithm in [ES256, Ed25519, RS256] {
        for private in [json!(secret), json!(null), json!({ "not": "base64" })] {
            let mut jwk = key(algorithm).jwk();
            for member in ["d", "p", "q", "dp", "dq", "qi"] {
                jwk[member] = private.clone();
            }
            let keys = read(&[jwk]).unwrap();
            assert!(!format!("{keys:?}").contains(&secret), "{algorithm}");
            let token = json_token(algorithm, &json!({}), &json!({})).compact();
            judge(standard(keys))
                .await
                .accepts(format!("{algorithm}, d is {private}"), &token)
                .await;
        }
    }
}
