use std::{borrow::Cow, fmt};

use serde_json::Value;

/// A JSON object whose members stand in the order in which they were set, whatever features of `serde_json` the
/// rest of a program turns on.
#[derive(Clone, Default)]
pub(super) struct Document(Vec<(Cow<'static, str>, Value)>);

impl Document {
    /// In the place of an older value, else at the end.
    pub(super) fn set(&mut self, name: impl Into<Cow<'static, str>>, value: impl Into<Value>) {
        let (name, value) = (name.into(), value.into());
        match self.0.iter_mut().find(|(own, _)| *own == name) {
            Some((_, own)) => *own = value,
            None => self.0.push((name, value)),
        }
    }

    /// One more item of a list; `false` if it is there.
    pub(super) fn append(&mut self, name: &'static str, item: String) -> bool {
        let item = Value::from(item);
        match self.0.iter_mut().find(|(own, _)| *own == name) {
            Some((_, Value::Array(list))) if list.contains(&item) => return false,
            Some((_, Value::Array(list))) => list.push(item),
            _ => self.set(name, vec![item]),
        }
        true
    }

    pub(super) fn contains(&self, name: &str) -> bool {
        self.0.iter().any(|(own, _)| own == name)
    }

    pub(super) fn remove(&mut self, name: &str) {
        self.0.retain(|(own, _)| own != name);
    }
}

impl fmt::Display for Document {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut between = "{";
        for (name, value) in &self.0 {
            write!(f, "{between}{}:{value}", Value::from(&**name))?;
            between = ",";
        }
        f.write_str("}")
    }
}
