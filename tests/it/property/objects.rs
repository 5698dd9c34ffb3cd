//! Claims come out as they went in, and no member may stand twice.

use std::collections::BTreeMap;

use proptest::{prelude::*, sample::Index};
use serde_json::{Map, Value, json};
use tower_bearer::{Algorithm, MAX_TOKEN_LEN, NumericDate, TokenErrorKind as Kind};

use super::{cases, json, text, verifier, verify};
use crate::support::{AUDIENCE, ISSUER, NOW, json_token, token};

const REGISTERED: [&str; 9] = ["iss", "sub", "aud", "exp", "nbf", "iat", "jti", "client_id", "cnf"];

/// The members of claims that are valid, in any order.
fn claims() -> impl Strategy<Value = Vec<(String, Value)>> {
    let aud = prop_oneof![
        Just(json!(AUDIENCE)),
        (prop::collection::vec(text(), 0..3), any::<Index>()).prop_map(|(mut names, at)| {
            names.insert(at.index(names.len() + 1), AUDIENCE.to_owned());
            json!(names)
        }),
    ];
    let texts = prop::collection::btree_map(
        prop::sample::select(vec!["sub", "jti", "client_id"]),
        text().prop_map(Value::from),
        0..3,
    );
    let exp = prop_oneof![
        (NOW - 59..NOW + 1_000_000).prop_map(Value::from),
        (NOW..u64::MAX).prop_map(Value::from),
    ];
    let nbf = prop::option::of((0..NOW + 60).prop_map(Value::from));
    let iat = prop::option::of(any::<u64>().prop_map(Value::from));
    let others = prop::collection::btree_map(text(), json(), 0..5);
    (aud, texts, exp, nbf, iat, others)
        .prop_map(|(aud, texts, exp, nbf, iat, others)| {
            let mut all: BTreeMap<String, Value> = others;
            all.retain(|name, _| !REGISTERED.contains(&&**name));
            all.extend(texts.into_iter().map(|(name, value)| (name.to_owned(), value)));
            all.extend([("iss".into(), json!(ISSUER)), ("aud".into(), aud), ("exp".into(), exp)]);
            all.extend(nbf.map(|nbf| ("nbf".into(), nbf)));
            all.extend(iat.map(|iat| ("iat".into(), iat)));
            all.into_iter().collect::<Vec<_>>()
        })
        .prop_shuffle()
}

/// How an object is printed.
#[derive(Clone, Copy, Debug)]
enum Style {
    Compact,
    /// Every character of every string as an escape.
    Escaped,
    /// White space wherever it may be.
    Spacious,
}

fn style() -> impl Strategy<Value = Style> {
    prop_oneof![Just(Style::Compact), Just(Style::Escaped), Just(Style::Spacious)]
}

impl Style {
    fn print(self, value: &Value) -> String {
        match (self, value) {
            (Self::Compact, value) => value.to_string(),
            (Self::Escaped, Value::String(text)) => {
                let units = text.encode_utf16().map(|unit| format!("\\u{unit:04x}"));
                format!("\"{}\"", units.collect::<String>())
            }
            (_, Value::Array(values)) => {
                let values: Vec<_> = values.iter().map(|value| self.print(value)).collect();
                self.spaced(&format!("[{}]", values.join(",")))
            }
            (_, Value::Object(members)) => {
                let members = members.iter().map(|(name, value)| self.member(name, value));
                self.object(&members.collect::<Vec<_>>())
            }
            (_, value) => self.spaced(&value.to_string()),
        }
    }

    fn member(self, name: &str, value: &Value) -> String {
        format!("{}:{}", self.print(&name.into()), self.print(value))
    }

    fn object(self, members: &[String]) -> String {
        self.spaced(&format!("{{{}}}", members.join(",")))
    }

    fn spaced(self, text: &str) -> String {
        match self {
            Self::Compact | Self::Escaped => text.to_owned(),
            Self::Spacious => format!(" \r\n\t{text} "),
        }
    }
}

proptest! {
    #![proptest_config(cases(256))]

    #[test]
    fn valid_claims_are_accepted_and_come_out_as_they_went_in(claims in claims(), style in style()) {
        let members: Vec<_> = claims.iter().map(|(name, value)| style.member(name, value)).collect();
        let text = style.object(&members);
        let token = token().payload(&text).compact();
        prop_assume!(token.len() <= MAX_TOKEN_LEN);
        let verified = verify(&verifier(), &token);
        prop_assert!(verified.is_ok(), "{:?}: {text}", verified.err());
        let verified = verified.unwrap();

        let sent: Map<String, Value> = claims.into_iter().collect();
        prop_assert_eq!(verified.payload(), text);
        prop_assert_eq!(&*verified.claims::<Value>().unwrap(), &Value::Object(sent.clone()));
        for (name, value) in &sent {
            prop_assert_eq!(verified.claim::<Value>(name), Ok(Some(value.clone())));
        }
        let sent_text = |name: &str| sent.get(name).and_then(Value::as_str);
        prop_assert_eq!(verified.issuer(), ISSUER);
        prop_assert_eq!(verified.subject(), sent_text("sub"));
        prop_assert_eq!(verified.jwt_id(), sent_text("jti"));
        prop_assert_eq!(verified.client_id(), sent_text("client_id"));
        let audience: Vec<_> = verified.audience().collect();
        match &sent["aud"] {
            Value::String(name) => prop_assert_eq!(audience, [name]),
            names => prop_assert_eq!(json!(audience), names.clone()),
        }
        let date = |name: &str| sent.get(name).and_then(Value::as_f64);
        prop_assert_eq!(verified.expires_at().map(NumericDate::as_secs_f64), date("exp"));
        prop_assert_eq!(verified.not_before().map(NumericDate::as_secs_f64), date("nbf"));
        prop_assert_eq!(verified.issued_at().map(NumericDate::as_secs_f64), date("iat"));
    }

    #[test]
    fn no_claim_may_stand_twice(
        claims in claims(), many in 0..60_u32, which in any::<Index>(), at in any::<Index>(),
        style in style(), again in style(), same in any::<bool>(), other in json(),
    ) {
        let mut claims = claims;
        claims.extend((0..many).map(|n| (format!("one of many, {n}"), json!(n))));
        let mut members: Vec<_> =
            claims.iter().map(|(name, value)| style.member(name, value)).collect();
        let good = token().payload(style.object(&members)).compact();
        let (name, value) = which.get(&claims);
        let twin = again.member(name, if same { value } else { &other });
        members.insert(at.index(members.len() + 1), twin);
        let text = style.object(&members);
        let twice = token().payload(&text).compact();
        prop_assume!(twice.len() <= MAX_TOKEN_LEN);
        prop_assert!(verify(&verifier(), &good).is_ok(), "good without its twin");
        prop_assert_eq!(verify(&verifier(), &twice).err(), Some(Kind::InvalidClaim), "{}", text);
    }

    #[test]
    fn no_header_parameter_may_stand_twice(
        others in prop::collection::btree_map(text(), json(), 0..4), which in any::<Index>(),
        at in any::<Index>(), style in style(), again in style(), same in any::<bool>(), other in json(),
    ) {
        let mut header: Map<String, Value> = others.into_iter().collect();
        for name in ["b64", "crit", "kid"] {
            header.remove(name);
        }
        header.extend([("alg".to_owned(), json!("ES256")), ("typ".to_owned(), json!("JWT"))]);
        let mut members: Vec<_> = header.iter().map(|(name, value)| style.member(name, value)).collect();
        let good = json_token(Algorithm::ES256, &json!({}), &json!({}));
        let once = good.clone().header(style.object(&members)).compact();
        let names: Vec<_> = header.keys().collect();
        let name = *which.get(&names);
        let twin = again.member(name, if same { &header[name] } else { &other });
        members.insert(at.index(members.len() + 1), twin);
        let twice = good.header(style.object(&members)).compact();
        prop_assert!(verify(&verifier(), &once).is_ok(), "good without its twin");
        prop_assert_eq!(verify(&verifier(), &twice).err(), Some(Kind::Malformed));
    }
}
