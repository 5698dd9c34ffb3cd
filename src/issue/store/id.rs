use std::{fmt, str::FromStr};

use aws_lc_rs::rand::fill;
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use zeroize::Zeroize as _;

use crate::error::{ConfigError, StoreError};

/// Which session it is: 16 random bytes, and base64url of them in `sid` of its access tokens.
///
/// It is no secret: it opens nothing.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SessionId([u8; 16]);

impl SessionId {
    /// An id that nobody else has.
    pub(crate) fn random() -> Result<Self, StoreError> {
        random().map(Self)
    }

    /// The id of these bytes, for stores.
    pub const fn from_bytes(bytes: [u8; 16]) -> Self {
        Self(bytes)
    }

    /// Its bytes, for stores.
    pub const fn to_bytes(self) -> [u8; 16] {
        self.0
    }
}

pub(in crate::issue) fn random<const N: usize>() -> Result<[u8; N], StoreError> {
    let mut bytes = [0; N];
    fill(&mut bytes).map_err(|_| StoreError::unavailable("there is no randomness"))?;
    Ok(bytes)
}

impl fmt::Display for SessionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&URL_SAFE_NO_PAD.encode(self.0))
    }
}

impl fmt::Debug for SessionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SessionId({self})")
    }
}

impl FromStr for SessionId {
    type Err = ConfigError;

    fn from_str(text: &str) -> Result<Self, ConfigError> {
        let mut bytes = [0; 16];
        match URL_SAFE_NO_PAD.decode_slice(text, &mut bytes) {
            Ok(16) => Ok(Self(bytes)),
            _ => Err(ConfigError::new("a session id is 16 bytes in base64url: 22 characters")),
        }
    }
}

/// What the tokens of one session are made with, beside the server's key. It belongs into the store, and nowhere else.
///
/// `Debug` does not show it.
#[derive(Clone)]
pub struct SessionNonce([u8; 32]);

impl SessionNonce {
    pub(crate) fn random() -> Result<Self, StoreError> {
        random().map(Self)
    }

    /// The nonce of these bytes, for stores.
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// Its bytes, for stores.
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl Drop for SessionNonce {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}

impl fmt::Debug for SessionNonce {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SessionNonce(..)")
    }
}
