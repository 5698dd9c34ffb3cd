//! JWK Sets, read key by key: one odd key never costs the others
//! ([RFC 7517 §5](https://www.rfc-editor.org/rfc/rfc7517#section-5)).

use std::{borrow::Cow, fmt};

use serde::{
    Deserialize,
    de::{self, MapAccess},
};
use serde_json::value::RawValue;
use zeroize::Zeroizing;

use super::{
    algorithm::{Algorithm, Family},
    compact,
    json::{Members, Text, read_object},
    key::{Material, VerifyingKey},
};
use crate::error::KeyError;

/// The keys of a set that can be used, and why the others cannot.
pub(crate) struct JwkSet {
    pub(crate) keys: Vec<VerifyingKey>,
    pub(crate) skipped: Vec<SkippedKey>,
}

/// A key of a JWK Set that was left out, and why.
#[derive(Clone, PartialEq, Eq)]
pub struct SkippedKey {
    index: usize,
    reason: Cow<'static, str>,
}

impl SkippedKey {
    /// Where it stands in the set, from 0.
    pub fn index(&self) -> usize {
        self.index
    }

    /// Why it was left out. Holds nothing of the key.
    pub fn reason(&self) -> &str {
        &self.reason
    }
}

impl fmt::Debug for SkippedKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { index, reason } = self;
        f.debug_struct("SkippedKey").field("index", index).field("reason", reason).finish()
    }
}

impl fmt::Display for SkippedKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { index, reason } = self;
        write!(f, "key {index}: {reason}")
    }
}

/// Reads a set. It fails only if the text as a whole is no JWK Set.
pub(crate) fn read_set(json: &str) -> Result<JwkSet, KeyError> {
    let Set { keys: entries } = read_object(json).ok().ok_or_else(|| {
        KeyError::invalid("this is no JWK Set: a JSON object with an array `keys`")
    })?;
    let entries = entries.ok_or_else(|| KeyError::invalid("the JWK Set has no member `keys`"))?;
    let mut set = JwkSet { keys: Vec::new(), skipped: Vec::new() };
    for (index, entry) in entries.into_iter().enumerate() {
        if let Err(error) = read_key(entry.get()).and_then(|keys| set.add(keys)) {
            set.skipped.push(SkippedKey { index, reason: error.message().clone() });
        }
    }
    Ok(set)
}

impl JwkSet {
    /// Adds the keys of one JWK. Of two with the same name and algorithm the first one stays.
    fn add(&mut self, keys: Vec<VerifyingKey>) -> Result<(), KeyError> {
        let before = self.keys.len();
        for key in keys {
            let same = |other: &VerifyingKey| {
                key.kid().is_some()
                    && other.kid() == key.kid()
                    && other.algorithm() == key.algorithm()
            };
            if !self.keys.iter().any(same) {
                self.keys.push(key);
            }
        }
        if self.keys.len() == before {
            return Err(KeyError::invalid("another key has the same `kid` and algorithm"));
        }
        Ok(())
    }
}

impl VerifyingKey {
    /// A JWK (RFC 7517). Its `kid`, if it has one, becomes the key's.
    ///
    /// For whole key sets there is [`StaticKeys::from_jwks`](crate::StaticKeys::from_jwks).
    ///
    /// # Errors
    ///
    /// The JWK is of another type, declares another `alg` or a `use` that is not `sig`, or is no key.
    pub fn from_jwk(algorithm: Algorithm, jwk: &jsonwebtoken::jwk::Jwk) -> Result<Self, KeyError> {
        let json = Zeroizing::new(
            serde_json::to_string(jwk).map_err(|_| KeyError::invalid("the JWK cannot be read"))?,
        );
        read_key(&json)?
            .into_iter()
            .find(|key| key.algorithm() == algorithm)
            .map(Self::declared)
            .ok_or_else(|| KeyError::invalid(format!("the JWK is not one for {algorithm}")))
    }
}

/// All keys that one JWK stands for: several only if it is RSA or `oct` and declares no `alg`.
fn read_key(json: &str) -> Result<Vec<VerifyingKey>, KeyError> {
    let jwk: Jwk<'_> = read_object(json)
        .map_err(|_| KeyError::invalid("a member of the JWK has a wrong type or stands twice"))?;
    jwk.check_use()?;
    let declared = match &jwk.alg {
        None => None,
        Some(Text(name)) => Some(
            Algorithm::named(name)
                .ok_or_else(|| KeyError::invalid("`alg` is no algorithm we verify"))?,
        ),
    };
    let kid = jwk.kid.as_ref().map(|Text(kid)| &**kid);
    let named = |key: VerifyingKey| match kid {
        Some(kid) => key.with_kid(kid),
        None => key,
    };
    let candidates = jwk.candidates()?;
    if let Some(algorithm) = declared {
        if !candidates.contains(&algorithm) {
            return Err(KeyError::invalid("`alg` does not fit the type of the key"));
        }
        let key = VerifyingKey::from_material(algorithm, &jwk.material(algorithm)?)?;
        return Ok(vec![named(key)]);
    }
    if let &[algorithm] = candidates {
        let key = VerifyingKey::from_material(algorithm, &jwk.material(algorithm)?)?;
        return Ok(vec![named(key)]);
    }
    jwk.undeclared(candidates).map(|keys| keys.into_iter().map(named).collect())
}

/// The members we read. All others, private ones among them, are skipped.
#[derive(Default)]
struct Jwk<'j> {
    kty: Option<Text<'j>>,
    usage: Option<Text<'j>>,
    key_ops: Option<Vec<Text<'j>>>,
    alg: Option<Text<'j>>,
    kid: Option<Text<'j>>,
    crv: Option<Text<'j>>,
    x: Option<Text<'j>>,
    y: Option<Text<'j>>,
    n: Option<Text<'j>>,
    e: Option<Text<'j>>,
    k: Option<Text<'j>>,
}

impl<'j> Members<'j> for Jwk<'j> {
    fn member<A: MapAccess<'j>>(&mut self, name: &str, map: &mut A) -> Result<(), A::Error> {
        let slot = match name {
            "kty" => &mut self.kty,
            "use" => &mut self.usage,
            "alg" => &mut self.alg,
            "kid" => &mut self.kid,
            "crv" => &mut self.crv,
            "x" => &mut self.x,
            "y" => &mut self.y,
            "n" => &mut self.n,
            "e" => &mut self.e,
            "k" => &mut self.k,
            "key_ops" => {
                self.key_ops = Some(map.next_value()?);
                return Ok(());
            }
            _ => return map.next_value::<de::IgnoredAny>().map(drop),
        };
        *slot = Some(map.next_value()?);
        Ok(())
    }
}

impl Jwk<'_> {
    /// `use` is `sig` and `key_ops` has `verify`, where they stand (RFC 7517 §4.2, §4.3).
    fn check_use(&self) -> Result<(), KeyError> {
        if self.usage.as_ref().is_some_and(|Text(usage)| usage != "sig") {
            return Err(KeyError::invalid("`use` is not `sig`"));
        }
        let verifies = |ops: &Vec<Text<'_>>| ops.iter().any(|Text(op)| op == "verify");
        if !self.key_ops.as_ref().is_none_or(verifies) {
            return Err(KeyError::invalid("`key_ops` has no `verify`"));
        }
        Ok(())
    }

    /// The algorithms that a key of this type and curve could be for.
    fn candidates(&self) -> Result<&'static [Algorithm], KeyError> {
        let text = |member: &Option<Text<'_>>| {
            member.as_ref().map_or_else(String::new, |Text(text)| text.to_string())
        };
        match (&*text(&self.kty), &*text(&self.crv)) {
            ("EC", "P-256") => Ok(&[Algorithm::ES256]),
            ("EC", "P-384") => Ok(&[Algorithm::ES384]),
            ("EC", "P-521") => Ok(&[Algorithm::ES512]),
            ("EC", _) => Err(KeyError::invalid("`crv` is no curve we verify on")),
            ("OKP", "Ed25519") => Ok(&[Algorithm::Ed25519]),
            ("OKP", _) => Err(KeyError::invalid("`crv` is not Ed25519")),
            ("RSA", _) => Ok(&[
                Algorithm::RS256,
                Algorithm::RS384,
                Algorithm::RS512,
                Algorithm::PS256,
                Algorithm::PS384,
                Algorithm::PS512,
            ]),
            ("oct", _) => Ok(&[Algorithm::HS256, Algorithm::HS384, Algorithm::HS512]),
            ("", _) => Err(KeyError::invalid("the JWK has no `kty`")),
            _ => Err(KeyError::invalid("`kty` is no type of key we verify with")),
        }
    }

    /// One key for each algorithm it could be for, each marked as not declared.
    fn undeclared(&self, candidates: &[Algorithm]) -> Result<Vec<VerifyingKey>, KeyError> {
        let make = |algorithm: &Algorithm| {
            VerifyingKey::from_material(*algorithm, &self.material(*algorithm)?)
                .map(VerifyingKey::undeclared)
        };
        let (first, rest) = candidates
            .split_first()
            .ok_or_else(|| KeyError::invalid("the key is for no algorithm"))?;
        // A secret may be long enough for the first hash and not for the next.
        let mut keys = vec![make(first)?];
        keys.extend(rest.iter().map_while(|algorithm| make(algorithm).ok()));
        Ok(keys)
    }

    fn material(&self, algorithm: Algorithm) -> Result<Material, KeyError> {
        match algorithm.family() {
            Family::Ec => Material::ec(
                algorithm,
                &bytes("x", self.x.as_ref())?,
                &bytes("y", self.y.as_ref())?,
            ),
            Family::Ed => Material::ed25519(&bytes("x", self.x.as_ref())?),
            Family::Hmac => {
                let secret = Zeroizing::new(bytes("k", self.k.as_ref())?);
                Material::secret(algorithm, &secret)
            }
            Family::Rsa => {
                Material::rsa(&bytes("n", self.n.as_ref())?, &bytes("e", self.e.as_ref())?)
            }
        }
    }
}

fn bytes(name: &str, member: Option<&Text<'_>>) -> Result<Vec<u8>, KeyError> {
    let Text(encoded) =
        member.ok_or_else(|| KeyError::invalid(format!("the JWK has no `{name}`")))?;
    compact::decode(encoded.as_bytes())
        .ok_or_else(|| KeyError::invalid(format!("`{name}` is not base64url without padding")))
}

#[derive(Default)]
struct Set<'j> {
    keys: Option<Vec<Entry<'j>>>,
}

/// One key's text, whatever it is.
#[derive(Deserialize)]
#[serde(transparent)]
struct Entry<'j>(#[serde(borrow)] &'j RawValue);

impl<'j> Entry<'j> {
    fn get(&self) -> &'j str {
        self.0.get()
    }
}

impl<'j> Members<'j> for Set<'j> {
    fn member<A: MapAccess<'j>>(&mut self, name: &str, map: &mut A) -> Result<(), A::Error> {
        if name == "keys" {
            self.keys = Some(map.next_value()?);
        } else {
            map.next_value::<de::IgnoredAny>()?;
        }
        Ok(())
    }
}
