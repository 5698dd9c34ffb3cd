//! Keys on this machine. A JWK Set is read again when its file changes; all else is read once, when
//! the verifier is built.

use std::{
    env, fs,
    path::{Path, PathBuf},
};

use zeroize::Zeroizing;

use super::super::wrong;
use crate::{
    error::ConfigError,
    jose::algorithm::Algorithm,
    keys::{StaticKeys, file::JwksFile},
};

/// How a PEM block begins.
const PEM: &[u8] = b"-----BEGIN";

pub(super) fn jwks_file(folder: &Path, file: &Path) -> Result<JwksFile, ConfigError> {
    let setting = "keys.jwks_file";
    let path = path(setting, folder, file)?;
    JwksFile::watch(path).map_err(|error| error.within(format_args!("{setting}: ")))
}

pub(super) fn pem_file(
    folder: &Path,
    file: &Path,
    algorithm: Algorithm,
) -> Result<StaticKeys, ConfigError> {
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
pub(super) fn secret_env(name: &str, algorithm: Algorithm) -> Result<StaticKeys, ConfigError> {
    let setting = "keys.secret_env";
    let secret = env::var_os(name)
        .map(|secret| Zeroizing::new(secret.into_encoded_bytes()))
        .ok_or_else(|| wrong(setting, "the environment variable of this name is not set"))?;
    StaticKeys::from_secret(algorithm, &*secret)
        .map_err(|error| error.within(format_args!("{setting}: ")))
}

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
