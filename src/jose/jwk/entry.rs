//! One JWK ([RFC 7517 §4](https://www.rfc-editor.org/rfc/rfc7517#section-4), RFC 7518 §6, RFC 8037 §2).

use serde::de::{self, MapAccess};
use zeroize::Zeroizing;

use crate::{
    error::KeyError,
    jose::{
        algorithm::{Algorithm, Family},
        compact,
        json::{Members, Text, read_object},
        key::{Material, VerifyingKey},
    },
};

/// All keys that one JWK stands for: several only if it is RSA or `oct` and declares no `alg`.
pub(super) fn read_keys(json: &str) -> Result<Vec<VerifyingKey>, KeyError> {
    if !json.starts_with('{') {
        return Err(KeyError::invalid("this is no JSON object"));
    }
    let jwk: Jwk<'_> = read_object(json).map_err(|_| {
        KeyError::invalid("a member of the JWK has a wrong type, is malformed, or appears twice")
    })?;
    jwk.check_use()?;
    let declared = jwk.declared()?;
    let keys = match (declared, jwk.candidates()?) {
        (Some(algorithm), candidates) if candidates.contains(&algorithm) => {
            vec![jwk.key(algorithm)?]
        }
        (Some(_), _) => return Err(KeyError::invalid("`alg` does not fit the type of the key")),
        (None, &[algorithm]) => vec![jwk.key(algorithm)?],
        (None, candidates) => jwk.undeclared(candidates)?,
    };
    Ok(match &jwk.kid {
        Some(Text(kid)) => keys.into_iter().map(|key| key.with_kid(&**kid)).collect(),
        None => keys,
    })
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

    /// What `alg` says the key is for.
    fn declared(&self) -> Result<Option<Algorithm>, KeyError> {
        let Some(Text(name)) = &self.alg else { return Ok(None) };
        let unknown = || KeyError::invalid("`alg` is no algorithm we verify");
        Algorithm::named(name).ok_or_else(unknown).map(Some)
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
        let make = |algorithm: &Algorithm| self.key(*algorithm).map(VerifyingKey::undeclared);
        let (first, rest) = candidates
            .split_first()
            .ok_or_else(|| KeyError::invalid("the key is for no algorithm"))?;
        // A secret may be long enough for the first hash and not for the next.
        let mut keys = vec![make(first)?];
        keys.extend(rest.iter().map_while(|algorithm| make(algorithm).ok()));
        Ok(keys)
    }

    fn key(&self, algorithm: Algorithm) -> Result<VerifyingKey, KeyError> {
        VerifyingKey::from_material(algorithm, &self.material(algorithm)?)
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
