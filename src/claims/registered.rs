//! The registered claims, read once and without copying.

use std::{borrow::Cow, ops::Range};

use serde::{
    Deserialize, Deserializer,
    de::{self, MapAccess, SeqAccess, Visitor},
};

use crate::{
    clock::NumericDate,
    error::{TokenError, TokenErrorKind},
    jose::json::{Members, Text, read_members},
};

/// The registered claims of a token, borrowed from its decoded payload.
#[derive(Default)]
pub(crate) struct Registered<'p> {
    pub(crate) issuer: Option<Text<'p>>,
    pub(crate) subject: Option<Text<'p>>,
    pub(crate) jwt_id: Option<Text<'p>>,
    pub(crate) client_id: Option<Text<'p>>,
    pub(crate) session_id: Option<Text<'p>>,
    /// `None`: there is no `aud`.
    pub(crate) audience: Option<OneOrMany<'p>>,
    pub(crate) dates: Dates,
    /// There is a `cnf`.
    pub(crate) bound: bool,
    /// Which of these was read last, unless another one was: if reading fails, it is at fault.
    last: Option<&'static str>,
}

impl<'p> Registered<'p> {
    /// Reads them from the payload of a token.
    pub(crate) fn read(payload: &'p str) -> Result<Self, TokenError> {
        let mut claims = Self::default();
        match read_members(payload, &mut claims) {
            Ok(()) => Ok(claims),
            Err(error) if !error.is_data() => Err(TokenErrorKind::Malformed.into()),
            Err(_) => {
                Err(claims.last.map_or(TokenErrorKind::InvalidClaim.into(), TokenError::invalid))
            }
        }
    }

    /// The value that stands in `map` under this name, which is spelt by us and not by the token.
    fn value<T, A>(&mut self, name: &'static str, map: &mut A) -> Result<T, A::Error>
    where
        T: Deserialize<'p>,
        A: MapAccess<'p>,
    {
        self.last = Some(name);
        map.next_value()
    }
}

/// The dates of a token.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Dates {
    pub(crate) expires_at: Option<NumericDate>,
    pub(crate) not_before: Option<NumericDate>,
    pub(crate) issued_at: Option<NumericDate>,
}

impl<'p> Members<'p> for Registered<'p> {
    fn member<A: MapAccess<'p>>(&mut self, name: &str, map: &mut A) -> Result<(), A::Error> {
        match name {
            "iss" => self.issuer = Some(self.value("iss", map)?),
            "sub" => self.subject = Some(self.value("sub", map)?),
            "aud" => self.audience = Some(self.value("aud", map)?),
            "exp" => self.dates.expires_at = Some(self.value("exp", map)?),
            "nbf" => self.dates.not_before = Some(self.value("nbf", map)?),
            "iat" => self.dates.issued_at = Some(self.value("iat", map)?),
            "jti" => self.jwt_id = Some(self.value("jti", map)?),
            "client_id" => self.client_id = Some(self.value("client_id", map)?),
            "sid" => self.session_id = Some(self.value("sid", map)?),
            "cnf" => {
                self.value::<de::IgnoredAny, A>("cnf", map)?;
                self.bound = true;
            }
            _ => {
                self.last = None;
                map.next_value::<de::IgnoredAny>()?;
            }
        }
        Ok(())
    }
}

/// A string or an array of strings.
pub(crate) enum OneOrMany<'p> {
    One(Text<'p>),
    Many(Vec<Text<'p>>),
}

impl<'p> OneOrMany<'p> {
    pub(crate) fn iter(&self) -> impl Iterator<Item = &str> {
        self.texts().iter().map(|Text(text)| &**text)
    }

    fn texts(&self) -> &[Text<'p>] {
        match self {
            Self::One(text) => std::slice::from_ref(text),
            Self::Many(texts) => texts,
        }
    }
}

impl<'de> Deserialize<'de> for OneOrMany<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct StringOrArray;

        impl<'de> Visitor<'de> for StringOrArray {
            type Value = OneOrMany<'de>;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("a string or an array of strings")
            }

            fn visit_borrowed_str<E: de::Error>(self, text: &'de str) -> Result<Self::Value, E> {
                Ok(OneOrMany::One(Text(Cow::Borrowed(text))))
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<Self::Value, E> {
                Ok(OneOrMany::One(Text(Cow::Owned(text.to_owned()))))
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
                let mut texts = Vec::new();
                while let Some(text) = seq.next_element()? {
                    texts.push(text);
                }
                Ok(OneOrMany::Many(texts))
            }
        }

        deserializer.deserialize_any(StringOrArray)
    }
}

/// A string of the payload: where it stands, or its own copy where escapes had to be resolved.
pub(crate) enum Span {
    At(Range<usize>),
    Owned(Box<str>),
}

impl Span {
    /// Where `text`, which was read from `payload`, stands in it.
    pub(crate) fn of(text: Text<'_>, payload: &str) -> Self {
        match text.0 {
            Cow::Owned(text) => Self::Owned(text.into_boxed_str()),
            Cow::Borrowed(text) => {
                let start = text.as_ptr().addr().wrapping_sub(payload.as_ptr().addr());
                Self::At(start..start.wrapping_add(text.len()))
            }
        }
    }

    /// The string itself.
    pub(crate) fn within<'a>(&'a self, payload: &'a str) -> &'a str {
        match self {
            Self::Owned(text) => text,
            Self::At(range) => payload.get(range.clone()).unwrap_or_default(),
        }
    }
}

/// [`Registered`], cut loose from the payload's borrow, so that both can be kept together.
pub(crate) struct RegisteredSpans {
    pub(crate) subject: Option<Span>,
    pub(crate) jwt_id: Option<Span>,
    pub(crate) client_id: Option<Span>,
    pub(crate) session_id: Option<Span>,
    pub(crate) audience: Vec<Span>,
    pub(crate) dates: Dates,
}

impl RegisteredSpans {
    pub(crate) fn of(registered: Registered<'_>, payload: &str) -> Self {
        let Registered {
            issuer: _,
            subject,
            jwt_id,
            client_id,
            session_id,
            audience,
            dates,
            bound: _,
            last: _,
        } = registered;
        let span = |text: Option<Text<'_>>| text.map(|text| Span::of(text, payload));
        let audience = match audience {
            None => Vec::new(),
            Some(OneOrMany::One(text)) => vec![Span::of(text, payload)],
            Some(OneOrMany::Many(texts)) => {
                texts.into_iter().map(|text| Span::of(text, payload)).collect()
            }
        };
        Self {
            subject: span(subject),
            jwt_id: span(jwt_id),
            client_id: span(client_id),
            session_id: span(session_id),
            audience,
            dates,
        }
    }
}
