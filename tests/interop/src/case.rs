//! One token, and the key that verifies it.

use std::path::PathBuf;

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use serde::Deserialize;
use serde_json::{Value, json};
use tower_bearer::{Algorithm, StaticKeys};

use crate::server::Error;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Case {
    pub(crate) minter: String,
    pub(crate) alg: String,
    pub(crate) token: String,
    key: Key,
}

#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum Key {
    SecretFile(PathBuf),
    PemFile(PathBuf),
    Jwk(Value),
}

/// One case a line.
pub(crate) fn read(lines: &str) -> Result<Vec<Case>, Error> {
    lines.lines().map(|line| Ok(serde_json::from_str(line)?)).collect()
}

impl Case {
    pub(crate) fn keys(&self) -> Result<StaticKeys, Error> {
        let algorithm: Algorithm = self.alg.parse()?;
        Ok(match &self.key {
            Key::SecretFile(path) => StaticKeys::from_secret(algorithm, std::fs::read(path)?)?,
            Key::PemFile(path) => StaticKeys::from_pem(algorithm, std::fs::read(path)?)?,
            Key::Jwk(jwk) => StaticKeys::from_jwks(json!({ "keys": [jwk] }).to_string())?,
        })
    }

    /// The claims, once it is sure that the token is what the case says it is.
    pub(crate) fn claims(&self) -> Result<Value, Error> {
        let (header, claims, _) = self.parts()?;
        let header: Value = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(header)?)?;
        let claims: Value = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(claims)?)?;
        let said = |json: &Value, name: &str| json.get(name).cloned();
        if said(&header, "alg") != Some(json!(self.alg))
            || said(&claims, "minter") != Some(json!(self.minter))
        {
            return Err("the token is of another algorithm or minter".into());
        }
        Ok(claims)
    }

    /// Copies that differ from the token in one bit of the signature: the first, one in the middle,
    /// the last.
    pub(crate) fn flipped(&self) -> Result<Vec<String>, Error> {
        let (header, claims, signature) = self.parts()?;
        let signature = URL_SAFE_NO_PAD.decode(signature)?;
        let last = signature.len().checked_sub(1).ok_or("there is no signature")?;
        let flip = |(at, bit): (usize, u8)| {
            let mut signature = signature.clone();
            if let Some(byte) = signature.get_mut(at) {
                *byte ^= bit;
            }
            format!("{header}.{claims}.{}", URL_SAFE_NO_PAD.encode(signature))
        };
        Ok([(0, 0x80), (last / 2, 0x10), (last, 0x01)].map(flip).to_vec())
    }

    fn parts(&self) -> Result<(&str, &str, &str), Error> {
        let mut parts = self.token.split('.');
        match (parts.next(), parts.next(), parts.next(), parts.next()) {
            (Some(header), Some(claims), Some(signature), None) => Ok((header, claims, signature)),
            _ => Err("the token has not three parts".into()),
        }
    }
}
