use std::{
    env, fmt, fs,
    path::{Path, PathBuf},
    sync::Arc,
};

use serde::{
    Deserialize, Deserializer,
    de::{MapAccess, Visitor, value::MapAccessDeserializer},
};
use zeroize::Zeroizing;

use super::wrong;
use crate::{
    error::ConfigError,
    jose::algorithm::Algorithm,
    keys::{KeyResolver, StaticKeys},
};

/// Where an issuer's keys are.
#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields, remote = "Self")]
pub(super) struct KeysConfig {
    jwks_file: Option<PathBuf>,
    pem_file: Option<PathBuf>,
    secret_env: Option<String>,
    algorithm: Option<String>,
}

/// The same, once it is sure that there is exactly one.
enum Source<'a> {
    JwksFile(&'a Path),
    PemFile(&'a Path, Algorithm),
    SecretEnv(&'a str, Algorithm),
}

impl KeysConfig {
    /// The keys, from files in this folder. An error begins with the setting.
    pub(super) fn build(&self, folder: &Path) -> Result<Arc<dyn KeyResolver>, ConfigError> {
        Ok(match self.source()? {
            Source::JwksFile(file) => Arc::new(jwks_file(folder, file)?),
            Source::PemFile(file, algorithm) => Arc::new(pem_file(folder, file, algorithm)?),
            Source::SecretEnv(name, algorithm) => Arc::new(secret_env(name, algorithm)?),
        })
    }

    fn source(&self) -> Result<Source<'_>, ConfigError> {
        let Self { jwks_file, pem_file, secret_env, algorithm: _ } = self;
        let kinds = [
            ("jwks_file", jwks_file.is_some()),
            ("pem_file", pem_file.is_some()),
            ("secret_env", secret_env.is_some()),
        ];
        let named: Vec<_> =
            kinds.iter().filter(|(_, there)| *there).map(|(name, _)| *name).collect();
        match (jwks_file, pem_file, secret_env, &*named) {
            (Some(file), .., [_]) => self.without_algorithm().map(|()| Source::JwksFile(file)),
            (_, Some(file), _, [_]) => {
                let algorithm = self.algorithm("the public key is for")?;
                if algorithm.is_symmetric() {
                    let message = format!("{algorithm} takes a secret: name it by `secret_env`");
                    return Err(wrong("keys.algorithm", message));
                }
                Ok(Source::PemFile(file, algorithm))
            }
            (_, _, Some(name), [_]) => {
                let algorithm = self.algorithm("the secret is for")?;
                if !algorithm.is_symmetric() {
                    let message = format!("{algorithm} takes a public key: name it by `pem_file`");
                    return Err(wrong("keys.algorithm", message));
                }
                Ok(Source::SecretEnv(name, algorithm))
            }
            (.., []) => {
                let all = kinds.map(|(name, _)| name).join("`, `");
                Err(wrong("keys", format!("they are nowhere: name one of `{all}`")))
            }
            (.., named) => {
                let named = named.join("` and `");
                Err(wrong("keys", format!("`{named}` exclude each other: leave one")))
            }
        }
    }

    fn algorithm(&self, what_for: &str) -> Result<Algorithm, ConfigError> {
        match &self.algorithm {
            Some(name) => algorithm_named("keys.algorithm", name),
            None => Err(wrong("keys.algorithm", format!("missing: name the one that {what_for}"))),
        }
    }

    fn without_algorithm(&self) -> Result<(), ConfigError> {
        match self.algorithm {
            None => Ok(()),
            Some(_) => Err(wrong(
                "keys.algorithm",
                "a JWK Set says it of each key: leave it out, or name those to take in `algorithms`",
            )),
        }
    }
}

fn jwks_file(folder: &Path, file: &Path) -> Result<StaticKeys, ConfigError> {
    let setting = "keys.jwks_file";
    let path = path(setting, folder, file)?;
    StaticKeys::from_jwks_file(path).map_err(|error| error.within(format_args!("{setting}: ")))
}

fn pem_file(folder: &Path, file: &Path, algorithm: Algorithm) -> Result<StaticKeys, ConfigError> {
    let setting = "keys.pem_file";
    let path = path(setting, folder, file)?;
    // What was written by mistake may be a private key.
    let pem = fs::read(&path).map(Zeroizing::new).map_err(|error| {
        let message = format!("{setting}: cannot read {}: {error}", path.display());
        ConfigError::because(message, error)
    })?;
    if !contains(&pem, PEM) {
        return Err(wrong(
            setting,
            "the file is no PEM; `openssl pkey -pubin -inform DER -outform PEM` makes one of DER",
        ));
    }
    StaticKeys::from_pem(algorithm, &*pem)
        .map_err(|error| error.within(format_args!("{setting}: ")))
}

/// The bytes of the variable count as they are. Neither they nor the name are ever printed: the
/// name may be a secret that was put in its place.
fn secret_env(name: &str, algorithm: Algorithm) -> Result<StaticKeys, ConfigError> {
    let setting = "keys.secret_env";
    let secret = env::var_os(name)
        .map(|secret| Zeroizing::new(secret.into_encoded_bytes()))
        .ok_or_else(|| wrong(setting, "the environment variable of this name is not set"))?;
    StaticKeys::from_secret(algorithm, &*secret)
        .map_err(|error| error.within(format_args!("{setting}: ")))
}

/// How a PEM block begins.
const PEM: &[u8] = b"-----BEGIN";

/// The file, unless its content stands there instead: that is never printed.
fn path(setting: &str, folder: &Path, file: &Path) -> Result<PathBuf, ConfigError> {
    let text = file.as_os_str().as_encoded_bytes();
    if text.is_empty() || text.contains(&b'\n') || text.starts_with(b"{") || contains(text, PEM) {
        return Err(wrong(setting, "put the path of a file here, and not what is in it"));
    }
    Ok(folder.join(file))
}

fn contains(text: &[u8], part: &[u8]) -> bool {
    text.windows(part.len()).any(|window| window == part)
}

/// The algorithm of this name, which this setting gave.
pub(super) fn algorithm_named(setting: &str, name: &str) -> Result<Algorithm, ConfigError> {
    Algorithm::named(name).ok_or_else(|| {
        let names = Algorithm::ALL.map(Algorithm::name).join(", ");
        wrong(setting, format!("no such algorithm: there are {names}, and case counts"))
    })
}

impl<'de> Deserialize<'de> for KeysConfig {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(Table)
    }
}

/// Takes a table only. A derived struct would print a string that stands there instead, which may be
/// a secret.
struct Table;

impl<'de> Visitor<'de> for Table {
    type Value = KeysConfig;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a table such as `{ discover = true }`")
    }

    fn visit_str<E: serde::de::Error>(self, _: &str) -> Result<KeysConfig, E> {
        Err(E::invalid_type(serde::de::Unexpected::Other("a string"), &self))
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<KeysConfig, A::Error> {
        KeysConfig::deserialize(MapAccessDeserializer::new(map))
    }
}

/// Only which settings there are.
impl fmt::Debug for KeysConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { jwks_file, pem_file, secret_env, algorithm } = self;
        let settings = [
            ("jwks_file", jwks_file.is_some()),
            ("pem_file", pem_file.is_some()),
            ("secret_env", secret_env.is_some()),
            ("algorithm", algorithm.is_some()),
        ];
        f.debug_set()
            .entries(settings.iter().filter(|(_, there)| *there).map(|(name, _)| name))
            .finish()
    }
}
