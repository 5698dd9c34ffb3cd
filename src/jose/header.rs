//! The protected header ([RFC 7515 §4](https://www.rfc-editor.org/rfc/rfc7515#section-4)).

use std::fmt;

use serde::de::{self, MapAccess};

use super::{
    algorithm::Algorithm,
    json::{Members, Text, read_object},
};
use crate::error::TokenErrorKind;

/// The header of a token that nobody has verified yet: what a [`KeyResolver`](crate::KeyResolver)
/// chooses a key by.
///
/// Of the header nothing else is ever used. `jku`, `x5u`, `x5c` and `jwk` are not read: a token
/// must not say where its own key is found.
///
/// `Debug` shows the algorithm alone.
pub struct Header<'t> {
    algorithm: Algorithm,
    key_id: Option<Text<'t>>,
    typ: Option<Text<'t>>,
}

impl<'t> Header<'t> {
    /// The algorithm the token claims to be signed with (`alg`).
    pub fn algorithm(&self) -> Algorithm {
        self.algorithm
    }

    /// The name of the key the token claims to be signed with (`kid`). It is the sender's word:
    /// bound and compare it before it goes anywhere.
    pub fn kid(&self) -> Option<&str> {
        self.key_id.as_ref().map(|Text(kid)| &**kid)
    }

    /// The media type of the token (`typ`), as it stands there.
    pub fn typ(&self) -> Option<&str> {
        self.typ.as_ref().map(|Text(typ)| &**typ)
    }

    /// The same, kept for longer than the token.
    pub(crate) fn to_static(&self) -> Header<'static> {
        let Self { algorithm, key_id, typ } = self;
        let owned = |text: &Option<Text<'_>>| {
            text.as_ref().map(|Text(text)| Text(text.clone().into_owned().into()))
        };
        Header { algorithm: *algorithm, key_id: owned(key_id), typ: owned(typ) }
    }

    /// Reads a decoded header.
    pub(crate) fn read(json: &'t [u8]) -> Result<Self, TokenErrorKind> {
        let json = std::str::from_utf8(json).map_err(|_| TokenErrorKind::Malformed)?;
        let Parameters { alg, kid, typ, critical } =
            read_object(json).map_err(|_| TokenErrorKind::Malformed)?;
        if critical {
            return Err(TokenErrorKind::CriticalHeader);
        }
        let Text(name) = alg.ok_or(TokenErrorKind::Malformed)?;
        let algorithm = Algorithm::named(&name).ok_or(TokenErrorKind::AlgorithmNotAllowed)?;
        Ok(Self { algorithm, key_id: kid, typ })
    }
}

impl fmt::Debug for Header<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Header").field("alg", &self.algorithm).finish_non_exhaustive()
    }
}

#[derive(Default)]
struct Parameters<'t> {
    alg: Option<Text<'t>>,
    kid: Option<Text<'t>>,
    typ: Option<Text<'t>>,
    /// The token demands an extension.
    critical: bool,
}

impl<'t> Members<'t> for Parameters<'t> {
    fn member<A: MapAccess<'t>>(&mut self, name: &str, map: &mut A) -> Result<(), A::Error> {
        match name {
            "alg" => self.alg = Some(map.next_value()?),
            "kid" => self.kid = Some(map.next_value()?),
            "typ" => self.typ = Some(map.next_value()?),
            "b64" => self.critical |= !map.next_value::<bool>()?,
            "crit" => {
                map.next_value::<de::IgnoredAny>()?;
                self.critical = true;
            }
            _ => drop(map.next_value::<de::IgnoredAny>()?),
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(json: &str) -> Result<(Algorithm, Option<String>), TokenErrorKind> {
        let header = Header::read(json.as_bytes())?;
        Ok((header.algorithm(), header.kid().map(str::to_owned)))
    }

    #[test]
    fn reads_what_it_knows_and_ignores_the_rest() {
        let cases = [
            ("alone", r#"{"alg":"ES256"}"#, Ok((Algorithm::ES256, None))),
            ("kid", r#"{"alg":"ES256","kid":"a"}"#, Ok((Algorithm::ES256, Some("a")))),
            ("escapes", r#"{"\u0061lg":"E\u0053256"}"#, Ok((Algorithm::ES256, None))),
            ("EdDSA", r#"{"alg":"EdDSA"}"#, Ok((Algorithm::Ed25519, None))),
            (
                "keys of its own",
                r#"{"alg":"ES256","jwk":{},"jku":1,"x5c":null}"#,
                Ok((Algorithm::ES256, None)),
            ),
            ("b64 true", r#"{"alg":"ES256","b64":true}"#, Ok((Algorithm::ES256, None))),
            ("b64 false", r#"{"alg":"ES256","b64":false}"#, Err(TokenErrorKind::CriticalHeader)),
            ("b64 null", r#"{"alg":"ES256","b64":null}"#, Err(TokenErrorKind::Malformed)),
            ("crit", r#"{"alg":"ES256","crit":["exp"]}"#, Err(TokenErrorKind::CriticalHeader)),
            ("empty crit", r#"{"alg":"ES256","crit":[]}"#, Err(TokenErrorKind::CriticalHeader)),
            ("null crit", r#"{"alg":"ES256","crit":null}"#, Err(TokenErrorKind::CriticalHeader)),
            ("no alg", "{}", Err(TokenErrorKind::Malformed)),
            ("null alg", r#"{"alg":null}"#, Err(TokenErrorKind::Malformed)),
            ("array alg", r#"{"alg":["ES256"]}"#, Err(TokenErrorKind::Malformed)),
            ("none", r#"{"alg":"none"}"#, Err(TokenErrorKind::AlgorithmNotAllowed)),
            ("null kid", r#"{"alg":"ES256","kid":null}"#, Err(TokenErrorKind::Malformed)),
            ("number typ", r#"{"alg":"ES256","typ":1}"#, Err(TokenErrorKind::Malformed)),
            ("twice", r#"{"alg":"ES256","x":1,"x":2}"#, Err(TokenErrorKind::Malformed)),
        ];
        for (name, json, expected) in cases {
            let expected = expected.map(|(algorithm, kid)| (algorithm, kid.map(str::to_owned)));
            assert_eq!(read(json), expected, "{name}");
        }
        assert_eq!(
            Header::read(b"{\"alg\":\"ES256\",\"x\":\"\xff\"}").map(drop),
            Err(TokenErrorKind::Malformed),
            "invalid UTF-8 in a member nobody reads"
        );
    }
}
