//! JSON objects of a token, read strictly: an object and nothing else, no member twice.
//!
//! A derived struct is not enough here. It takes an array for an object, `null` for an absence,
//! and does not see an unknown member that appears twice (RFC 7515 §4, RFC 7519 §4). With `serde_json`'s
//! `arbitrary_precision` turned on elsewhere in the tree it must still read numbers.

use std::{borrow::Cow, collections::BTreeSet, fmt, marker::PhantomData};

use serde::de::{self, Deserialize, DeserializeSeed, Deserializer, MapAccess, Visitor};

/// An object that is only looked at for being one.
#[derive(Default)]
pub(crate) struct AnyObject;

impl<'de> Members<'de> for AnyObject {
    fn member<A: MapAccess<'de>>(&mut self, _: &str, map: &mut A) -> Result<(), A::Error> {
        map.next_value::<de::IgnoredAny>().map(drop)
    }
}

/// Takes the members of an object one by one.
pub(crate) trait Members<'de>: Default {
    /// Takes the value of the member with this name from `map`, which stands right before it.
    fn member<A: MapAccess<'de>>(&mut self, name: &str, map: &mut A) -> Result<(), A::Error>;
}

/// Reads a whole JSON text that must be one object.
pub(crate) fn read_object<'de, M: Members<'de>>(json: &'de str) -> Result<M, serde_json::Error> {
    let mut members = M::default();
    read_members(json, &mut members)?;
    Ok(members)
}

/// The same, where it matters how far one came.
pub(crate) fn read_members<'de, M: Members<'de>>(
    json: &'de str,
    members: &mut M,
) -> Result<(), serde_json::Error> {
    let mut deserializer = serde_json::Deserializer::from_str(json);
    deserializer.deserialize_map(ObjectVisitor(members))?;
    deserializer.end()
}

struct ObjectVisitor<'m, M>(&'m mut M);

impl<'de, M: Members<'de>> Visitor<'de> for ObjectVisitor<'_, M> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let mut seen = Names::default();
        while let Some(Text(name)) = map.next_key()? {
            self.0.member(&name, &mut map)?;
            if !seen.insert(name) {
                return Err(de::Error::custom("a member appears twice"));
            }
        }
        Ok(())
    }
}

/// The names seen so far: a few on the stack, and a tree once there are many, so that neither
/// the usual token pays for an allocation nor a hostile one for a quadratic search.
#[derive(Default)]
struct Names<'de> {
    /// One bit for each kind of name that was seen: of most names it says at once that they are new.
    kinds: u64,
    few: [&'de str; FEW],
    count: usize,
    /// Those beyond the few, and those whose escapes had to be resolved.
    many: BTreeSet<Cow<'de, str>>,
}

const FEW: usize = 24;

impl<'de> Names<'de> {
    /// Whether the name is new.
    fn insert(&mut self, name: Cow<'de, str>) -> bool {
        let kind = kind(&name);
        let seen = self.few.get(..self.count).unwrap_or_default();
        if self.kinds & kind != 0 && (seen.contains(&&*name) || self.many.contains(&name)) {
            return false;
        }
        self.kinds |= kind;
        match (name, self.few.get_mut(self.count)) {
            (Cow::Borrowed(name), Some(free)) => {
                *free = name;
                self.count = self.count.saturating_add(1);
            }
            (name, _) => drop(self.many.insert(name)),
        }
        true
    }
}

/// One of 64 bits, by the ends and the length of a name.
fn kind(name: &str) -> u64 {
    let bytes = name.as_bytes();
    let first = bytes.first().map_or(0, |byte| u32::from(*byte));
    let last = bytes.last().map_or(0, |byte| u32::from(*byte));
    let length = u32::try_from(bytes.len()).unwrap_or(u32::MAX);
    1_u64.rotate_left(first ^ last.wrapping_mul(5) ^ length.wrapping_mul(11))
}

/// A JSON string, borrowed unless it holds escapes. `null` is no string.
#[derive(Debug, Default)]
pub(crate) struct Text<'de>(pub(crate) Cow<'de, str>);

impl<'de> Deserialize<'de> for Text<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_str(TextVisitor)
    }
}

struct TextVisitor;

impl<'de> Visitor<'de> for TextVisitor {
    type Value = Text<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a string")
    }

    fn visit_borrowed_str<E: de::Error>(self, text: &'de str) -> Result<Text<'de>, E> {
        Ok(Text(Cow::Borrowed(text)))
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Text<'de>, E> {
        Ok(Text(Cow::Owned(text.to_owned())))
    }
}

/// One member of an object, or `None` if there is none of that name.
pub(crate) fn find_member<'de, T: Deserialize<'de>>(
    json: &'de str,
    name: &str,
) -> Result<Option<T>, serde_json::Error> {
    find_at(json, &[name])
}

/// The value at the end of this path of member names, or `None` if a name on the way is not there.
/// What is walked through has to be objects, in which that name stands once.
pub(crate) fn find_at<'de, T: Deserialize<'de>>(
    json: &'de str,
    path: &[impl AsRef<str>],
) -> Result<Option<T>, serde_json::Error> {
    Walk { path, value: PhantomData }.deserialize(&mut serde_json::Deserializer::from_str(json))
}

struct Walk<'p, S, T> {
    path: &'p [S],
    value: PhantomData<T>,
}

impl<'de, S: AsRef<str>, T: Deserialize<'de>> DeserializeSeed<'de> for Walk<'_, S, T> {
    type Value = Option<T>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Option<T>, D::Error> {
        if self.path.is_empty() {
            return T::deserialize(deserializer).map(Some);
        }
        deserializer.deserialize_map(self)
    }
}

impl<'de, S: AsRef<str>, T: Deserialize<'de>> Visitor<'de> for Walk<'_, S, T> {
    type Value = Option<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Option<T>, A::Error> {
        let Some((wanted, path)) = self.path.split_first() else { return Ok(None) };
        let mut found = None;
        while let Some(Text(name)) = map.next_key()? {
            if name != wanted.as_ref() {
                map.next_value::<de::IgnoredAny>()?;
            } else if found.is_some() {
                return Err(de::Error::custom("a member appears twice"));
            } else {
                found = Some(map.next_value_seed(Walk { path, value: PhantomData })?);
            }
        }
        Ok(found.flatten())
    }
}

/// Whether a string, name or value, starts like those that `serde_json` keeps for itself.
///
/// With its features `raw_value` (axum turns it on) or `arbitrary_precision`, an object with such a
/// name is read as whatever the string in it says: an object passes for a string, and depth begins anew.
pub(crate) fn has_reserved_strings(json: &str) -> bool {
    // Spelling one takes a `$`, or an escape for it.
    let (bytes, mut at) = (json.as_bytes(), 0);
    if memchr::memchr2(b'$', b'\\', bytes).is_none() {
        return false;
    }
    while let Some(string) = next_string(json, &mut at) {
        let text = serde_json::from_str::<Text<'_>>(string);
        if text.is_ok_and(|Text(text)| text.starts_with(RESERVED)) {
            return true;
        }
    }
    false
}

const RESERVED: &str = "$serde_json::";

/// The next string of a JSON text, with its quotation marks.
fn next_string<'j>(json: &'j str, at: &mut usize) -> Option<&'j str> {
    let rest = json.get(*at..)?;
    let start = rest.find('"')?;
    let mut escaped = true;
    let length = rest.bytes().skip(start).position(|byte| {
        let ends = byte == b'"' && !escaped;
        // The mark that begins the string is passed over as if it were escaped.
        escaped = byte == b'\\' && !escaped;
        ends
    })?;
    let end = start.checked_add(length)?;
    *at = at.checked_add(end)?.checked_add(1)?;
    rest.get(start..=end)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Counts its members and reads none.
    #[derive(Default)]
    struct Count(usize);

    impl<'de> Members<'de> for Count {
        fn member<A: MapAccess<'de>>(&mut self, _: &str, map: &mut A) -> Result<(), A::Error> {
            self.0 += 1;
            map.next_value::<de::IgnoredAny>().map(drop)
        }
    }

    fn count(json: &str) -> Option<usize> {
        read_object::<Count>(json).ok().map(|Count(members)| members)
    }

    #[test]
    fn takes_one_object_and_nothing_else() {
        let cases = [
            ("empty", "{}", Some(0)),
            ("members", r#"{"a":1,"b":null}"#, Some(2)),
            ("white space around", " {\"a\":1}\r\n", Some(1)),
            ("names that differ by case", r#"{"a":1,"A":1}"#, Some(2)),
            ("twice", r#"{"a":1,"a":1}"#, None),
            ("twice, once escaped", r#"{"iss":1,"\u0069ss":1}"#, None),
            ("array", "[1]", None),
            ("string", "\"a\"", None),
            ("null", "null", None),
            ("nothing", "", None),
            ("two objects", "{}{}", None),
            ("trailing comma", r#"{"a":1,}"#, None),
            ("byte order mark", "\u{feff}{}", None),
            ("comment", "{/**/}", None),
        ];
        for (name, json, expected) in cases {
            assert_eq!(count(json), expected, "{name}");
        }
    }

    #[test]
    fn finds_a_name_that_stands_twice_among_many() {
        let many = |extra: &str| {
            let members: Vec<String> = (0..500).map(|n| format!("\"m{n}\":{n}")).collect();
            format!("{{{},{extra}}}", members.join(","))
        };
        assert_eq!(count(&many("\"last\":1")), Some(501));
        for twice in [0, FEW - 1, FEW, 499] {
            assert_eq!(count(&many(&format!("\"m{twice}\":1"))), None, "m{twice}");
        }
    }

    #[test]
    fn paths_lead_through_objects_only() {
        let json = r#"{"a":{"b":{"c":1,"n":null},"l":[{"c":2}]},"a/b":3,"d":{"c":1,"c":2},"x":5}"#;
        let cases: [(_, &[&str], _); 10] = [
            ("one name", &["x"], Ok(Some(5))),
            ("a name with a slash", &["a/b"], Ok(Some(3))),
            ("three names", &["a", "b", "c"], Ok(Some(1))),
            ("no such name", &["y"], Ok(None)),
            ("no such name within", &["a", "y", "c"], Ok(None)),
            ("through a number", &["x", "c"], Err(())),
            ("through an array", &["a", "l", "c"], Err(())),
            ("another type at the end", &["a", "b"], Err(())),
            ("null", &["a", "b", "n"], Err(())),
            ("a name that stands twice", &["d", "c"], Err(())),
        ];
        for (name, path, expected) in cases {
            assert_eq!(find_at::<u8>(json, path).map_err(drop), expected, "{name}");
        }
    }

    #[test]
    fn reserved_strings_are_found_in_every_spelling_and_place() {
        let cases = [
            ("nothing of the kind", r#"{"a":"b"}"#, false),
            ("a dollar", r#"{"$a":"$b","c":"\\u0024"}"#, false),
            ("a name", r#"{"$serde_json::private::RawValue":1}"#, true),
            ("a name within", r#"{"a":[{"$serde_json::private::Number":1}]}"#, true),
            ("a value", r#"{"a":"$serde_json::private::Number"}"#, true),
            ("escaped dollar", r#"{"\u0024serde_json::private::Number":1}"#, true),
            ("escaped within", r#"{"$\u0073erde_json::private::Number":1}"#, true),
            ("behind an escaped mark", r#"{"a\"":"\\","$serde_json::x":1}"#, true),
            ("in the middle of a string", r#"{"a":"see $serde_json::private"}"#, false),
            ("a backslash before it", r#"{"\\$serde_json::private::Number":1}"#, false),
        ];
        for (name, json, expected) in cases {
            assert!(serde_json::from_str::<de::IgnoredAny>(json).is_ok(), "{name}");
            assert_eq!(has_reserved_strings(json), expected, "{name}");
        }
    }

    #[test]
    fn skips_a_deep_value_that_nobody_reads_without_recursion() {
        let deep = format!("{{\"x\":{}{}}}", "[".repeat(5000), "]".repeat(5000));
        assert_eq!(count(&deep), Some(1));
        assert!(find_member::<serde_json::Value>(&deep, "x").is_err(), "but refuses to read it");
    }
}
