use std::collections::BTreeMap;

use serde_json::Value;

use super::{reading::Setting, wrong};
use crate::error::ConfigError;

/// Strings; where there is only one, it may stand without brackets.
#[derive(Clone)]
pub(super) struct List(Vec<String>);

impl List {
    /// The strings, if there are any and none is empty.
    pub(super) fn checked(&self, setting: &str) -> Result<&[String], ConfigError> {
        if self.0.is_empty() {
            return Err(wrong(setting, "the list is empty: put something in it"));
        }
        match self.0.iter().position(String::is_empty) {
            Some(at) => Err(wrong(&format!("{setting}[{at}]"), "it is empty: write a name")),
            None => Ok(&self.0),
        }
    }
}

impl Setting for List {
    const EXPECTED: &'static str = "a string or a list of strings";

    fn of(value: Value) -> Result<Self, Value> {
        match value {
            Value::Array(strings) => strings.into_iter().map(String::of).collect(),
            one => String::of(one).map(|one| vec![one]),
        }
        .map(Self)
    }
}

/// Claims, and the strings that each may be.
impl Setting for BTreeMap<String, List> {
    const EXPECTED: &'static str = "a table of strings or lists of strings";

    fn of(value: Value) -> Result<Self, Value> {
        let claims = BTreeMap::<String, Value>::of(value)?;
        claims.into_iter().map(|(claim, values)| Ok((claim, List::of(values)?))).collect()
    }
}
