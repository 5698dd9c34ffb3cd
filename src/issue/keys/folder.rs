//! Keys in a folder, each in a file of its own.

mod disk;

use std::{
    ffi::OsStr,
    fs, io,
    path::{Path, PathBuf},
    time::Duration,
};

use aws_lc_rs::digest::{SHA256, digest};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use super::state::Dated;
use crate::{
    clock::NumericDate,
    error::ConfigError,
    jose::{algorithm::Algorithm, signing::SigningKey},
};

/// No key is longer, in bytes: RSA of 8192 bits has less than half of it.
const MAX_FILE: u64 = 16 * 1024;

/// No folder holds more keys.
const MAX_KEYS: usize = 256;

/// A file that was not finished is nobody's by then.
const ABANDONED: Duration = Duration::from_secs(60 * 60);

/// Where keys are.
pub(super) struct Folder {
    path: PathBuf,
    algorithm: Algorithm,
}

/// What is in a folder.
pub(super) struct Listing {
    pub(super) keys: Vec<Dated>,
    pub(super) damaged: Vec<Damaged>,
}

/// A file that holds no key that may be used.
pub(super) struct Damaged {
    file: String,
    error: ConfigError,
}

impl Damaged {
    /// Whether the key of this name belongs into this file.
    pub(super) fn is_of(&self, kid: &str) -> bool {
        self.file == file_name(kid)
    }
}

impl From<Damaged> for ConfigError {
    fn from(damaged: Damaged) -> Self {
        damaged.error
    }
}

/// A file.
#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct Content {
    kid: String,
    alg: String,
    signs_from: u64,
    key: Zeroed,
}

#[derive(Deserialize, Serialize)]
#[serde(from = "String", into = "String")]
#[derive(Clone)]
struct Zeroed(Zeroizing<String>);

impl From<String> for Zeroed {
    fn from(text: String) -> Self {
        Self(Zeroizing::new(text))
    }
}

impl From<Zeroed> for String {
    fn from(Zeroed(mut text): Zeroed) -> Self {
        std::mem::take(&mut text)
    }
}

impl Folder {
    /// The folder at this path, made if it is not there.
    pub(super) fn open(path: PathBuf, algorithm: Algorithm) -> Result<Self, ConfigError> {
        let folder = Self { path, algorithm };
        disk::create_folder(&folder.path)
            .map_err(|error| folder.failed("cannot be made", error))?;
        Ok(folder)
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// The keys that are there now.
    pub(super) fn read(&self, now: u64) -> Result<Listing, ConfigError> {
        let mut listing = Listing { keys: Vec::new(), damaged: Vec::new() };
        let unreadable = |error| self.failed("cannot be read", error);
        for entry in fs::read_dir(&self.path).map_err(unreadable)? {
            let entry = entry.map_err(unreadable)?;
            let path = entry.path();
            match path.extension().and_then(OsStr::to_str) {
                Some("json") => {}
                Some("tmp") => {
                    remove_abandoned(&path, now);
                    continue;
                }
                _ => continue,
            }
            let file = entry.file_name().to_string_lossy().into_owned();
            match self.read_key(&path, &file) {
                Ok(key) => listing.keys.push(key),
                // Removed while the folder was read.
                Err(Unread::Gone) => {}
                Err(Unread::Damaged(why)) => {
                    let error = ConfigError::new(format!("{}: {why}", path.display()));
                    listing.damaged.push(Damaged { file, error });
                }
            }
            if listing.keys.len().saturating_add(listing.damaged.len()) > MAX_KEYS {
                return Err(ConfigError::new(format!(
                    "the folder {} holds more than {MAX_KEYS} keys",
                    self.path.display()
                )));
            }
        }
        Ok(listing)
    }

    fn read_key(&self, path: &Path, file: &str) -> Result<Dated, Unread> {
        let bytes = disk::read_private(path, MAX_FILE)?;
        // What serde says of a value may quote it.
        let content = serde_json::from_slice::<Content>(&bytes).map_err(|_| {
            "it is no JSON object of `kid`, `alg`, `signs_from` and `key`".to_owned()
        })?;
        let Content { kid, alg, signs_from, key: Zeroed(key) } = content;
        if Algorithm::named(&alg) != Some(self.algorithm) {
            return Err(format!("its key is not one for {}", self.algorithm).into());
        }
        if file != file_name(&kid) {
            return Err("it is not named as its key".to_owned().into());
        }
        let key = SigningKey::from_text(self.algorithm, &key).map_err(|error| error.to_string())?;
        Ok(Dated { key: key.with_kid(kid), signs_from })
    }

    /// All of it or nothing is seen, whenever the machine stops.
    pub(super) fn write(&self, dated: &Dated) -> Result<(), ConfigError> {
        let content = Content {
            kid: dated.kid().to_owned(),
            alg: self.algorithm.name().to_owned(),
            signs_from: dated.signs_from,
            key: Zeroed(dated.key.to_text()?),
        };
        let bytes = serde_json::to_vec_pretty(&content).map(Zeroizing::new);
        let written = bytes
            .map_err(io::Error::from)
            .and_then(|bytes| disk::write_private(&self.path, &file_name(dated.kid()), &bytes));
        written.map_err(|error| self.failed("cannot be written to", error))
    }

    /// Removes the file of this key, if it is there.
    pub(super) fn remove(&self, kid: &str) -> Result<(), ConfigError> {
        let removed = disk::remove(&self.path.join(file_name(kid)));
        removed
            .and_then(|()| disk::sync_folder(&self.path))
            .map_err(|error| self.failed("cannot be written to", error))
    }

    /// Removes the files of all other keys, damaged ones included.
    pub(super) fn remove_all_but(&self, kid: &str) -> Result<(), ConfigError> {
        let kept = file_name(kid);
        let remove = || {
            for entry in fs::read_dir(&self.path)? {
                let path = entry?.path();
                let is_key = path.extension().is_some_and(|extension| extension == "json");
                if is_key && path.file_name() != Some(OsStr::new(&kept)) {
                    disk::remove(&path)?;
                }
            }
            disk::sync_folder(&self.path)
        };
        remove().map_err(|error| self.failed("cannot be written to", error))
    }

    pub(super) fn is_empty(&self) -> ConfigError {
        ConfigError::new(format!("the folder {} holds no key any more", self.path.display()))
    }

    fn failed(&self, what: &str, error: io::Error) -> ConfigError {
        let folder = self.path.display();
        ConfigError::because(format!("the folder of keys {folder} {what}: {error}"), error)
    }
}

/// Why a file gave no key.
enum Unread {
    Damaged(String),
    Gone,
}

impl From<String> for Unread {
    fn from(why: String) -> Self {
        Self::Damaged(why)
    }
}

impl From<io::Error> for Unread {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::NotFound => Self::Gone,
            _ => Self::Damaged(error.to_string()),
        }
    }
}

/// The name of the key, where it can be that of a file; else one that is made of it.
fn file_name(kid: &str) -> String {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
    if (1..=64).contains(&kid.len()) && kid.bytes().all(is_plain) {
        return format!("{kid}.json");
    }
    format!("{}.json", URL_SAFE_NO_PAD.encode(digest(&SHA256, kid.as_bytes())))
}

/// Whoever wrote it has stopped in the midst of it.
fn remove_abandoned(path: &Path, now: u64) {
    let modified = fs::metadata(path).and_then(|metadata| metadata.modified());
    let written = modified.map_or(now, |time| NumericDate::from(time).as_secs());
    if now.saturating_sub(written) >= ABANDONED.as_secs() {
        // It is in nobody's way: the next reading tries again.
        drop(fs::remove_file(path));
    }
}
