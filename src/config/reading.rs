//! How settings are read, so that no error repeats what stands in one: it may be a secret in the wrong place.
//!
//! The errors of type that serde and its formats make print the value. So everything is taken as whatever
//! it is, and judged then.

use std::{collections::BTreeMap, fmt, marker::PhantomData};

use serde::{
    Deserialize, Deserializer,
    de::{Error, MapAccess, SeqAccess, Unexpected, Visitor},
};
use serde_json::Value;

/// What a setting of one value can be.
pub(super) trait Setting: Sized {
    const EXPECTED: &'static str;

    /// It, or else what there is in its place.
    fn of(value: Value) -> Result<Self, Value>;
}

/// The setting of this name; `null` is as good as nothing.
pub(super) fn setting<'de, T: Setting, D: Deserializer<'de>>(
    name: &str,
    deserializer: D,
) -> Result<Option<T>, D::Error> {
    let wrong = |value: Value| {
        let expected = format!("{} for `{name}`", T::EXPECTED);
        D::Error::invalid_type(Unexpected::Other(kind(&value)), &expected.as_str())
    };
    Option::<Value>::deserialize(deserializer)?.map(T::of).transpose().map_err(wrong)
}

/// For each setting a function of its name, for `deserialize_with`.
macro_rules! settings {
    ($($name:ident: $type:ty),+ $(,)?) => {$(
        pub(in crate::config) fn $name<'de, D: serde::Deserializer<'de>>(
            deserializer: D,
        ) -> Result<Option<$type>, D::Error> {
            $crate::config::reading::setting(stringify!($name), deserializer)
        }
    )+};
}
pub(super) use settings;

fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "no value",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "a string",
        Value::Array(_) => "a list",
        Value::Object(_) => "a table",
    }
}

impl Setting for bool {
    const EXPECTED: &'static str = "a boolean";

    fn of(value: Value) -> Result<Self, Value> {
        value.as_bool().ok_or(value)
    }
}

impl Setting for u64 {
    const EXPECTED: &'static str = "a whole number from 0";

    fn of(value: Value) -> Result<Self, Value> {
        value.as_u64().ok_or(value)
    }
}

impl Setting for String {
    const EXPECTED: &'static str = "a string";

    fn of(value: Value) -> Result<Self, Value> {
        match value {
            Value::String(text) => Ok(text),
            other => Err(other),
        }
    }
}

/// Claims of any values.
impl Setting for BTreeMap<String, Value> {
    const EXPECTED: &'static str = "a table of claims";

    fn of(value: Value) -> Result<Self, Value> {
        match value {
            Value::Object(claims) => Ok(claims.into_iter().collect()),
            other => Err(other),
        }
    }
}

/// What has parts that are read one by one: a table or a list.
pub(super) trait Parts<'de>: Sized {
    const EXPECTED: &'static str;

    fn of_list<A: SeqAccess<'de>>(_: A) -> Result<Self, A::Error> {
        Err(A::Error::invalid_type(Unexpected::Other("a list"), &Self::EXPECTED))
    }

    fn of_table<A: MapAccess<'de>>(_: A) -> Result<Self, A::Error> {
        Err(A::Error::invalid_type(Unexpected::Other("a table"), &Self::EXPECTED))
    }
}

/// Reads what has parts, and nothing else.
#[derive(Clone)]
pub(super) struct Whole<T>(pub(super) T);

impl<'de, T: Parts<'de>> Deserialize<'de> for Whole<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        // Asked for a map, a format that has none would print what it has.
        deserializer.deserialize_any(PartsVisitor(PhantomData)).map(Self)
    }
}

struct PartsVisitor<T>(PhantomData<T>);

/// Methods for values that have no parts.
macro_rules! refuse {
    ($($visit:ident($type:ty): $kind:literal),+ $(,)?) => {$(
        fn $visit<E: Error>(self, _: $type) -> Result<T, E> {
            Err(E::invalid_type(Unexpected::Other($kind), &self))
        }
    )+};
}

impl<'de, T: Parts<'de>> Visitor<'de> for PartsVisitor<T> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(T::EXPECTED)
    }

    refuse! {
        visit_bool(bool): "a boolean",
        visit_i64(i64): "a number",
        visit_i128(i128): "a number",
        visit_u64(u64): "a number",
        visit_u128(u128): "a number",
        visit_f64(f64): "a number",
        visit_str(&str): "a string",
    }

    fn visit_seq<A: SeqAccess<'de>>(self, list: A) -> Result<T, A::Error> {
        T::of_list(list)
    }

    fn visit_map<A: MapAccess<'de>>(self, table: A) -> Result<T, A::Error> {
        T::of_table(table)
    }
}
