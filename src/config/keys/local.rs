//! Keys on this machine. A JWK Set is read again when its file changes; all else is read once, when
//! the verifier is built.

use std::{env, error::Error as _, fs, path::Path};

use zeroize::Zeroizing;

use super::{super::wrong, path::Written};
use crate::{
    error::ConfigError,
    jose::{algorithm::Algorithm, key::looks_like_a_key},
    keys::{StaticKeys, file::JwksFile},
};

/// How a PEM block begins.
const PEM: &[u8] = b"-----BEGIN";

pub(super) fn jwks_file(folder: &Path, file: &str) -> Result<JwksFile, ConfigError> {
    let setting = "keys.jwks_file";
    let written = Written::of(setting, folder, file)?;
    // An error with a cause is one of reading and names a path, of which nobody knows that it is one.
    JwksFile::watch(written.path()).map_err(|error| match error.source().map(ToString::to_string) {
        Some(cause) => {
            error.reworded(format!("{setting}: cannot read {}: {cause}", written.shown()))
        }
        None => error.within(format_args!("{setting}: ")),
    })
}

pub(super) fn pem_file(
    folder: &Path,
    file: &str,
    algorithm: Algorithm,
) -> Result<StaticKeys, ConfigError> {
    let setting = "keys.pem_file";
    let written = Written::of(setting, folder, file)?;
    // What was written by mistake may be a private key.
    let pem = fs::read(written.path()).map(Zeroizing::new).map_err(|error| {
        let message = format!("{setting}: cannot read {}: {error}", written.shown());
        ConfigError::because(message, error)
    })?;
    if !contains(&pem, PEM) {
        return Err(wrong(
            setting,
            "the file is no PEM; `openssl pkey -pubin -inform DER -outform PEM` makes one of DER",
        ));
    }
    if pem::parse_many(&*pem).is_ok_and(|blocks| blocks.is_empty()) {
        return Err(wrong(
            setting,
            "the PEM block in the file has no end: it is cut short, or damaged",
        ));
    }
    StaticKeys::from_pem(algorithm, &*pem)
        .map_err(|error| error.within(format_args!("{setting}: ")))
}

/// The bytes of the variable count as they are. Neither they nor the name are ever printed: the
/// name may be a secret that was put in its place.
pub(super) fn secret_env(name: &str, algorithm: Algorithm) -> Result<StaticKeys, ConfigError> {
    let setting = "keys.secret_env";
    let secret = env::var_os(name)
        .map(|secret| Zeroizing::new(secret.into_encoded_bytes()))
        .ok_or_else(|| wrong(setting, "the environment variable of this name is not set"))?;
    if looks_like_a_key(&secret) {
        return Err(wrong(
            setting,
            "the variable holds no secret but a key of another kind: a public key stands in a file that `pem_file` or `jwks_file` names",
        ));
    }
    StaticKeys::from_secret(algorithm, &*secret)
        .map_err(|error| error.within(format_args!("{setting}: ")))
}

fn contains(text: &[u8], part: &[u8]) -> bool {
    text.windows(part.len()).any(|window| window == part)
}
