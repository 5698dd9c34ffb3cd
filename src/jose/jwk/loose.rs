//! JSON of any shape, read without an error, so that an odd value costs only the key it is in.
//!
//! `RawValue` would do the same with less. It needs a feature of `serde_json` that changes how every
//! program that builds us reads a `Value`: an object with one certain name becomes whatever the
//! string in it says.

use std::{borrow::Cow, fmt, marker::PhantomData};

use serde::de::{self, DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};

use crate::jose::json::{Members, ObjectVisitor, Text};

/// What is made of a value of each kind; by default, nothing.
pub(super) trait Shape<'j>: Sized {
    /// A value of a kind that is not wanted.
    const ODD: Self;

    fn text(_: Text<'j>) -> Self {
        Self::ODD
    }

    fn array<A: SeqAccess<'j>>(mut array: A) -> Result<Self, A::Error> {
        // Skipping does not recurse, however deep the values are.
        while array.next_element::<IgnoredAny>()?.is_some() {}
        Ok(Self::ODD)
    }

    fn object<A: MapAccess<'j>>(mut object: A) -> Result<Self, A::Error> {
        while object.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(Self::ODD)
    }
}

/// Reads any value as this shape.
pub(super) struct Any<S>(PhantomData<S>);

impl<S> Default for Any<S> {
    fn default() -> Self {
        Self(PhantomData)
    }
}

/// A string, or `None`.
impl<'j> Shape<'j> for Option<Text<'j>> {
    const ODD: Self = None;

    fn text(text: Text<'j>) -> Self {
        Some(text)
    }
}

/// An array of strings, or `None`.
impl<'j> Shape<'j> for Option<Vec<Text<'j>>> {
    const ODD: Self = None;

    fn array<A: SeqAccess<'j>>(array: A) -> Result<Self, A::Error> {
        let elements: Vec<Option<Text<'j>>> = elements(array)?;
        Ok(elements.into_iter().collect())
    }
}

/// An object; the flag says whether it is one.
pub(super) struct Object<M>(pub(super) Option<M>);

impl<'j, M: Members<'j>> Shape<'j> for Object<M> {
    const ODD: Self = Self(None);

    fn object<A: MapAccess<'j>>(object: A) -> Result<Self, A::Error> {
        ObjectVisitor::default().visit_map(object).map(|members| Self(Some(members)))
    }
}

/// An array of objects, some of which may be something else.
pub(super) struct Objects<M>(pub(super) Option<Vec<Object<M>>>);

impl<'j, M: Members<'j>> Shape<'j> for Objects<M> {
    const ODD: Self = Self(None);

    fn array<A: SeqAccess<'j>>(array: A) -> Result<Self, A::Error> {
        elements(array).map(|objects| Self(Some(objects)))
    }
}

fn elements<'j, S: Shape<'j>, A: SeqAccess<'j>>(mut array: A) -> Result<Vec<S>, A::Error> {
    let mut elements = Vec::new();
    while let Some(element) = array.next_element_seed(Any::default())? {
        elements.push(element);
    }
    Ok(elements)
}

impl<'j, S: Shape<'j>> DeserializeSeed<'j> for Any<S> {
    type Value = S;

    fn deserialize<D: Deserializer<'j>>(self, deserializer: D) -> Result<S, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'j, S: Shape<'j>> Visitor<'j> for Any<S> {
    type Value = S;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any JSON value")
    }

    fn visit_bool<E: de::Error>(self, _: bool) -> Result<S, E> {
        Ok(S::ODD)
    }

    fn visit_f64<E: de::Error>(self, _: f64) -> Result<S, E> {
        Ok(S::ODD)
    }

    fn visit_i64<E: de::Error>(self, _: i64) -> Result<S, E> {
        Ok(S::ODD)
    }

    fn visit_u64<E: de::Error>(self, _: u64) -> Result<S, E> {
        Ok(S::ODD)
    }

    fn visit_unit<E: de::Error>(self) -> Result<S, E> {
        Ok(S::ODD)
    }

    fn visit_borrowed_str<E: de::Error>(self, text: &'j str) -> Result<S, E> {
        Ok(S::text(Text(Cow::Borrowed(text))))
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<S, E> {
        Ok(S::text(Text(Cow::Owned(text.to_owned()))))
    }

    fn visit_seq<A: SeqAccess<'j>>(self, array: A) -> Result<S, A::Error> {
        S::array(array)
    }

    fn visit_map<A: MapAccess<'j>>(self, object: A) -> Result<S, A::Error> {
        S::object(object)
    }
}
