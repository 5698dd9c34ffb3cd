//! What holds for every input: nothing panics, no mutation is accepted, and what is accepted comes
//! out as it went in.

mod mutations;
mod objects;
mod panics;
#[cfg(feature = "cookies")]
mod sources;
mod times;

use proptest::prelude::*;
use serde_json::Value;
use tower_bearer::{Algorithm, StaticKeys, TokenErrorKind as Kind, VerifiedToken, Verifier};

use crate::support::{key, standard, verifiers};

/// So many cases; nothing is written to files.
fn cases(cases: u32) -> ProptestConfig {
    ProptestConfig { cases, failure_persistence: None, ..ProptestConfig::default() }
}

/// A verifier of all algorithms, each with its key.
fn verifier() -> Verifier {
    let keys = Algorithm::ALL.map(|algorithm| key(algorithm).verifying());
    verifiers::new(standard(StaticKeys::new(keys).unwrap())).unwrap()
}

fn verify(verifier: &Verifier, token: &str) -> Result<VerifiedToken, Kind> {
    verifiers::verify_at_once(verifier, token).map_err(|error| error.kind())
}

/// Any JSON; numbers among it are such that they can be printed and read back exactly.
fn json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        any::<i32>().prop_map(|number| Value::from(f64::from(number) / 8.0)),
        text().prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 10, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::btree_map(text(), inner, 0..4)
                .prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    })
}

/// Any short text, quotes, control characters and astral planes included.
fn text() -> impl Strategy<Value = String> {
    prop::collection::vec(any::<char>(), 0..8).prop_map(String::from_iter)
}
