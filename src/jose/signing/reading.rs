//! Private keys from PEM and JWK.

use std::sync::Arc;

use aws_lc_rs::{
    rsa::{KeyPairComponents, PublicKeyComponents},
    signature::{EcdsaKeyPair, Ed25519KeyPair, RsaKeyPair},
};
use serde::de::{self, MapAccess};
use zeroize::Zeroizing;

use super::{
    pair::{Curve, Pair},
    unfit,
};
use crate::{
    error::KeyError,
    jose::{
        algorithm::{Algorithm, Family},
        compact,
        json::{Members, Text, read_object},
    },
};

pub(super) fn pem(algorithm: Algorithm, pem: &[u8]) -> Result<Pair, KeyError> {
    let blocks = pem::parse_many(pem).map_err(|_| {
        KeyError::invalid("the PEM file is damaged; are its line breaks written as `\\n`?")
    })?;
    // `openssl ecparam -genkey` writes the name of the curve before the key.
    let mut blocks: Vec<_> =
        blocks.into_iter().filter(|block| block.tag() != "EC PARAMETERS").collect();
    let (Some(block), true) = (blocks.pop(), blocks.is_empty()) else {
        return Err(KeyError::invalid(
            "the file must hold exactly one private key: give the content of the file, not its path",
        ));
    };
    let fits = match block.tag() {
        "PRIVATE KEY" => true,
        "RSA PRIVATE KEY" => algorithm.family() == Family::Rsa,
        "EC PRIVATE KEY" => algorithm.family() == Family::Ec,
        "ENCRYPTED PRIVATE KEY" => {
            return Err(KeyError::invalid(
                "the private key is encrypted: `openssl pkey` takes the password off",
            ));
        }
        _ => false,
    };
    let der = Zeroizing::new(block.into_contents());
    if fits { Pair::from_der(algorithm, &der) } else { Err(unfit(algorithm)) }
}

/// The key, and the name it has.
pub(super) fn jwk(algorithm: Algorithm, json: &[u8]) -> Result<(Pair, Option<String>), KeyError> {
    let jwk = str::from_utf8(json).ok().and_then(|json| read_object::<Jwk<'_>>(json).ok());
    let jwk = jwk.ok_or_else(|| {
        KeyError::invalid(
            "this is no JWK: a member has a wrong type or appears twice, or it is no object",
        )
    })?;
    if jwk.alg.as_ref().is_some_and(|Text(alg)| Algorithm::named(alg) != Some(algorithm)) {
        return Err(KeyError::invalid("`alg` of the JWK names another algorithm"));
    }
    if jwk.usage.as_ref().is_some_and(|Text(usage)| usage != "sig") {
        return Err(KeyError::invalid("`use` of the JWK is not `sig`"));
    }
    let pair = jwk.pair(algorithm)?;
    Ok((pair, jwk.kid.map(|Text(kid)| kid.into_owned())))
}

#[derive(Default)]
struct Jwk<'j> {
    kty: Option<Text<'j>>,
    crv: Option<Text<'j>>,
    usage: Option<Text<'j>>,
    alg: Option<Text<'j>>,
    kid: Option<Text<'j>>,
    /// The numbers of the key, by their names of one or two letters.
    numbers: Vec<(&'static str, Text<'j>)>,
}

/// Those of RFC 7518 §6 and RFC 8037 §2.
const NUMBERS: [&str; 11] = ["d", "dp", "dq", "e", "k", "n", "p", "q", "qi", "x", "y"];

impl<'j> Members<'j> for Jwk<'j> {
    fn member<A: MapAccess<'j>>(&mut self, name: &str, map: &mut A) -> Result<(), A::Error> {
        let slot = match name {
            "kty" => &mut self.kty,
            "crv" => &mut self.crv,
            "use" => &mut self.usage,
            "alg" => &mut self.alg,
            "kid" => &mut self.kid,
            name => {
                match NUMBERS.into_iter().find(|number| *number == name) {
                    Some(number) => self.numbers.push((number, map.next_value()?)),
                    None => drop(map.next_value::<de::IgnoredAny>()?),
                }
                return Ok(());
            }
        };
        *slot = Some(map.next_value()?);
        Ok(())
    }
}

impl Jwk<'_> {
    fn pair(&self, algorithm: Algorithm) -> Result<Pair, KeyError> {
        let has = |member: &Option<Text<'_>>, value: &str| {
            member.as_ref().is_some_and(|Text(text)| text == value)
        };
        let unfit = || unfit(algorithm);
        match algorithm.family() {
            Family::Ec => {
                let curve = Curve::of(algorithm).ok_or_else(unfit)?;
                if !has(&self.kty, "EC") || !has(&self.crv, curve.name) {
                    return Err(unfit());
                }
                let point = [&[4], &*self.number("x")?, &*self.number("y")?].concat();
                let d = self.number("d")?;
                let pair = EcdsaKeyPair::from_private_key_and_public_key(curve.signing, &d, &point);
                Ok(Pair::Ec(Arc::new(pair.map_err(|_| unfit())?), curve))
            }
            Family::Ed => {
                if !has(&self.kty, "OKP") || !has(&self.crv, "Ed25519") {
                    return Err(unfit());
                }
                let (seed, public) = (self.number("d")?, self.number("x")?);
                let pair = Ed25519KeyPair::from_seed_and_public_key(&seed, &public);
                Ok(Pair::Ed(Arc::new(pair.map_err(|_| unfit())?)))
            }
            Family::Hmac if has(&self.kty, "oct") => {
                Pair::from_secret(algorithm, &self.number("k")?)
            }
            Family::Rsa if has(&self.kty, "RSA") => self.rsa(algorithm),
            Family::Hmac | Family::Rsa => Err(unfit()),
        }
    }

    fn rsa(&self, algorithm: Algorithm) -> Result<Pair, KeyError> {
        let components = KeyPairComponents {
            public_key: PublicKeyComponents { n: self.number("n")?, e: self.number("e")? },
            d: self.number("d")?,
            p: self.number("p")?,
            q: self.number("q")?,
            dP: self.number("dp")?,
            dQ: self.number("dq")?,
            qInv: self.number("qi")?,
        };
        let pair = RsaKeyPair::from_components(&components).map_err(|_| unfit(algorithm))?;
        Pair::rsa(algorithm, Arc::new(pair))
    }

    fn number(&self, name: &str) -> Result<Number, KeyError> {
        let found = self.numbers.iter().find(|(other, _)| *other == name);
        let (_, Text(encoded)) = found.ok_or_else(|| {
            KeyError::invalid(format!("the JWK has no `{name}`: is it the public half?"))
        })?;
        let decoded =
            compact::decode(encoded.as_bytes()).map(|bytes| Number(Zeroizing::new(bytes)));
        decoded.ok_or_else(|| {
            KeyError::invalid(format!("`{name}` of the JWK is not base64url without padding"))
        })
    }
}

/// The bytes of a number, most significant first.
struct Number(Zeroizing<Vec<u8>>);

impl AsRef<[u8]> for Number {
    fn as_ref(&self) -> &[u8] {
        &self.0
    }
}

impl std::ops::Deref for Number {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.0
    }
}
