use std::fmt;

use serde::{
    Deserialize, Deserializer,
    de::{Error, SeqAccess, Visitor},
};

use super::wrong;
use crate::error::ConfigError;

/// Strings; where there is only one, it may stand without brackets.
#[derive(Clone, Debug)]
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

impl<'de> Deserialize<'de> for List {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ListVisitor)
    }
}

struct ListVisitor;

impl<'de> Visitor<'de> for ListVisitor {
    type Value = List;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a string or a list of strings")
    }

    fn visit_str<E: Error>(self, one: &str) -> Result<List, E> {
        Ok(List(vec![one.to_owned()]))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut sequence: A) -> Result<List, A::Error> {
        let mut list = Vec::new();
        while let Some(next) = sequence.next_element()? {
            list.push(next);
        }
        Ok(List(list))
    }
}
