//! The path of a file in a setting. What stands there may be what belongs in the file.

use std::path::{Path, PathBuf};

use super::super::wrong;
use crate::error::ConfigError;

/// No path that a system takes is longer, in bytes.
const LONGEST: usize = 4096;

/// Base64 that is longer, in bytes, is rather a key than the name of a file.
const LONGEST_NAME: usize = 60;

/// How files of keys are called. Base64 has no dots.
const ENDINGS: [&str; 9] =
    [".cert", ".crt", ".json", ".jwk", ".jwks", ".key", ".pem", ".pub", ".txt"];

/// A path that was written into a setting.
pub(super) struct Written<'a> {
    text: &'a str,
    path: PathBuf,
}

impl<'a> Written<'a> {
    /// The path, starting at this folder, unless this is rather the content of a file.
    pub(super) fn of(setting: &str, folder: &Path, text: &'a str) -> Result<Self, ConfigError> {
        if is_content(text) {
            return Err(wrong(setting, "put the path of a file here, and not what is in it"));
        }
        Ok(Self { text, path: folder.join(text) })
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// It, if it is beyond doubt that it is a path.
    pub(super) fn shown(&self) -> String {
        if is_plain(self.text) {
            self.path.display().to_string()
        } else {
            "the file of the name that stands here".to_owned()
        }
    }
}

fn is_content(text: &str) -> bool {
    let text = text.trim();
    let is_base64 = |byte: u8| byte.is_ascii_alphanumeric() || b"+-=_".contains(&byte);
    text.is_empty()
        || text.len() > LONGEST
        || text.contains(['\n', '\r', '{', '[', '"'])
        || text.contains("-----BEGIN")
        || (text.len() > LONGEST_NAME && text.bytes().all(is_base64))
}

/// Whether it has the ending of a file of keys, or is an absolute path in small letters, as secrets are mounted.
fn is_plain(text: &str) -> bool {
    let is_small = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "/._-".contains(c);
    let is_usual = |c: char| c.is_alphanumeric() || "/\\._- ".contains(c);
    (text.chars().all(is_usual) && ENDINGS.iter().any(|ending| text.ends_with(ending)))
        || (text.starts_with('/') && text.chars().all(is_small))
}
