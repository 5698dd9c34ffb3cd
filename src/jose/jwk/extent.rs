//! Where the values of a JSON text begin and end.
//!
//! Each key of a set is read on its own, from its own text: whatever is wrong with it cannot cost
//! the others. `RawValue` would give the same texts. It needs a feature of `serde_json` that
//! changes how every program that builds us reads a `Value`: an object with one certain name
//! becomes whatever the string in it says.

use serde::de::IgnoredAny;

use crate::jose::json::Text;

/// The texts of the elements of an array, one by one.
pub(super) struct Elements<'j> {
    cursor: Cursor<'j>,
    state: Place,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    First,
    Later,
    Ended,
    Broken,
}

impl<'j> Elements<'j> {
    /// `None` if the text does not begin as an array does.
    pub(super) fn of(json: &'j str) -> Option<Self> {
        let mut cursor = Cursor(json);
        cursor.take('[')?;
        Some(Self { cursor, state: Place::First })
    }

    /// Whether the array was read to its end.
    pub(super) fn ended(&self) -> bool {
        self.state == Place::Ended
    }
}

impl<'j> Iterator for Elements<'j> {
    type Item = &'j str;

    fn next(&mut self) -> Option<&'j str> {
        let Self { cursor, state } = self;
        if matches!(state, Place::Ended | Place::Broken) {
            return None;
        }
        if cursor.take(']').is_some() {
            *state = Place::Ended;
            return None;
        }
        let comma = *state == Place::First || cursor.take(',').is_some();
        let value = if comma { cursor.value() } else { None };
        *state = if value.is_some() { Place::Later } else { Place::Broken };
        value
    }
}

/// The text of a member of an object; `None` if there is none of that name.
pub(super) fn member<'j>(json: &'j str, name: &str) -> Option<&'j str> {
    let mut cursor = Cursor(json);
    cursor.take('{')?;
    loop {
        let Text(found) = serde_json::from_str(cursor.value()?).ok()?;
        cursor.take(':')?;
        let value = cursor.value()?;
        if found == name {
            return Some(value);
        }
        cursor.take(',')?;
    }
}

/// What is left of a text.
struct Cursor<'j>(&'j str);

impl<'j> Cursor<'j> {
    /// Goes past this mark, if it is the next.
    fn take(&mut self, mark: char) -> Option<()> {
        let rest = self.0.trim_start_matches([' ', '\t', '\r', '\n']);
        self.0 = rest.strip_prefix(mark)?;
        Some(())
    }

    /// Goes past the next value, which is not looked into: however deep it is, and whatever its
    /// strings and numbers say.
    fn value(&mut self) -> Option<&'j str> {
        let rest = self.0.trim_start_matches([' ', '\t', '\r', '\n']);
        let mut values = serde_json::Deserializer::from_str(rest).into_iter::<IgnoredAny>();
        values.next()?.ok()?;
        let (value, rest) = rest.split_at_checked(values.byte_offset())?;
        self.0 = rest;
        Some(value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arrays_fall_into_their_elements() {
        let cases: [(&str, &str, Option<&[&str]>); 9] = [
            ("empty", " [ ] ", Some(&[])),
            ("one", "[1]", Some(&["1"])),
            (
                "all kinds",
                r#"[1.5e3,"a\"]",[1,[2]], {"a":[]} ,null,true]"#,
                Some(&["1.5e3", r#""a\"]""#, "[1,[2]]", r#"{"a":[]}"#, "null", "true"]),
            ),
            ("beyond a double", "[1e400,2]", Some(&["1e400", "2"])),
            (
                "half a surrogate",
                r#"["\ud800",{"\ud800":1}]"#,
                Some(&[r#""\ud800""#, r#"{"\ud800":1}"#]),
            ),
            ("not closed", "[1", None),
            ("trailing comma", "[1,]", None),
            ("an object", "{}", None),
            ("nothing", "", None),
        ];
        for (name, json, expected) in cases {
            assert_eq!(elements(json).as_deref(), expected, "{name}");
        }
        let deep = format!("[{}{}, 1]", "[".repeat(5000), "]".repeat(5000));
        assert_eq!(elements(&deep).map(|elements| elements.len()), Some(2));
    }

    fn elements(json: &str) -> Option<Vec<&str>> {
        let mut elements = Elements::of(json)?;
        let all = elements.by_ref().collect();
        elements.ended().then_some(all)
    }

    #[test]
    fn members_are_found_by_their_names() {
        let json = r#" {"a": 1, "\u006beys": [ 2 ] , "b":{}} "#;
        assert_eq!(member(json, "keys"), Some("[ 2 ]"));
        assert_eq!(member(json, "b"), Some("{}"));
        assert_eq!(member(json, "c"), None);
        assert_eq!(member("[]", "a"), None);
        assert_eq!(member("{}", "a"), None);
    }
}
