//! Refresh tokens: version ‖ key id ‖ session id ‖ counter ‖ HMAC-SHA256 over those and the session's nonce.

use std::{fmt, sync::Arc};

use aws_lc_rs::hmac;
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use zeroize::Zeroizing;

use super::store::{SessionId, SessionNonce};
use crate::error::ConfigError;

/// The keys that refresh tokens are made with: one that makes new ones, and those before it, whose tokens are still taken.
///
/// A key alone makes no token: each is made with its session's nonce as well, which is in the store alone. The keys of one secret differ by issuer and client:
/// a token of one is none of another, even if both have the same secret and store.
///
/// ```
/// use tower_bearer::RefreshKeys;
///
/// # let (new, old) = ([1; 32], [2; 32]);
/// let keys = RefreshKeys::new(new)?.and_accept(old)?;     // while the tokens of the old one are around: 30 days
/// # drop(keys);
/// # Ok::<(), tower_bearer::ConfigError>(())
/// ```
///
/// `Debug` shows no key.
#[derive(Clone)]
pub struct RefreshKeys(Arc<[Key]>);

#[derive(Clone)]
pub(super) struct Key {
    id: [u8; ID],
    hmac: hmac::Key,
}

const VERSION: u8 = 1;
const ID: usize = 8;
/// What is signed of a token.
const HEAD: usize = 1 + ID + 16 + 8;
const TAG: usize = 32;
/// A whole one, in characters.
const LENGTH: usize = ((HEAD + TAG) * 4).div_ceil(3);

impl RefreshKeys {
    /// A secret of at least 32 bytes, which count as they are. The same on all nodes, and kept where other secrets are.
    ///
    /// # Errors
    ///
    /// The secret is too short.
    pub fn new(secret: impl AsRef<[u8]>) -> Result<Self, ConfigError> {
        Ok(Self(Arc::new([Key::new(secret.as_ref())?])))
    }

    /// Tokens made with this secret are still taken; those that renew them are made with the first.
    ///
    /// # Errors
    ///
    /// As [`new`](Self::new), or the secret is there already.
    pub fn and_accept(self, secret: impl AsRef<[u8]>) -> Result<Self, ConfigError> {
        let key = Key::new(secret.as_ref())?;
        if self.0.iter().any(|other| other.id == key.id) {
            return Err(ConfigError::new("the secret for refresh tokens is given twice"));
        }
        Ok(Self(self.0.iter().cloned().chain([key]).collect()))
    }

    /// Keys of the same secrets for the tokens of this issuer and client alone.
    pub(super) fn bound_to(&self, names: [&str; 2]) -> Self {
        let mut context = b"tower-bearer: the key for refresh tokens of ".to_vec();
        for name in names {
            context.extend(name.len().to_be_bytes());
            context.extend(name.as_bytes());
        }
        Self(self.0.iter().map(|key| Key::of(hmac::sign(&key.hmac, &context).as_ref())).collect())
    }

    /// The key that a token says it was made with.
    pub(super) fn named_by(&self, presented: &Presented) -> Option<&Key> {
        self.0.iter().find(|key| key.id == presented.key)
    }

    /// The token of this session with this number.
    pub(super) fn make(
        &self,
        session: SessionId,
        counter: u64,
        nonce: &SessionNonce,
    ) -> Zeroizing<String> {
        let [key, ..] = &*self.0 else { return Zeroizing::default() };
        let mut token = Zeroizing::new(Vec::with_capacity(HEAD.saturating_add(TAG)));
        token.push(VERSION);
        token.extend(key.id);
        token.extend(session.to_bytes());
        token.extend(counter.to_be_bytes());
        let tag = key.tag(&token, nonce);
        token.extend(tag.as_ref());
        Zeroizing::new(URL_SAFE_NO_PAD.encode(&*token))
    }
}

impl Key {
    fn new(secret: &[u8]) -> Result<Self, ConfigError> {
        if secret.len() < 32 {
            return Err(ConfigError::new(format!(
                "the secret for refresh tokens has {} bytes and needs at least 32",
                secret.len()
            )));
        }
        Ok(Self::of(secret))
    }

    fn of(secret: &[u8]) -> Self {
        let hmac = hmac::Key::new(hmac::HMAC_SHA256, secret);
        let mut id = [0; ID];
        let named = hmac::sign(&hmac, b"tower-bearer: the name of this key for refresh tokens");
        id.iter_mut().zip(named.as_ref()).for_each(|(id, byte)| *id = *byte);
        Self { id, hmac }
    }

    fn tag(&self, head: &[u8], nonce: &SessionNonce) -> hmac::Tag {
        let mut context = hmac::Context::with_key(&self.hmac);
        context.update(head);
        context.update(nonce.as_bytes());
        context.sign()
    }
}

/// A refresh token that was read and not yet checked.
pub(super) struct Presented {
    head: [u8; HEAD],
    tag: [u8; TAG],
    key: [u8; ID],
    pub(super) session: SessionId,
    pub(super) counter: u64,
}

impl Presented {
    /// `None` if it is none, or of another version.
    pub(super) fn read(token: &str) -> Option<Self> {
        if token.len() != LENGTH {
            return None;
        }
        let mut bytes = Zeroizing::new([0; HEAD + TAG]);
        let read = URL_SAFE_NO_PAD.decode_slice(token, &mut bytes[..]).ok()?;
        let (head, tag) = bytes.get(..read)?.split_first_chunk::<HEAD>()?;
        let tag = <[u8; TAG]>::try_from(tag).ok()?;
        let (version, rest) = head.split_first()?;
        let (key, rest) = rest.split_first_chunk::<ID>()?;
        let (session, counter) = rest.split_first_chunk::<16>()?;
        let (session, counter) =
            (SessionId::from_bytes(*session), u64::from_be_bytes(counter.try_into().ok()?));
        (*version == VERSION && counter < u64::MAX).then_some(Self {
            head: *head,
            tag,
            key: *key,
            session,
            counter,
        })
    }

    /// Whether it was made with this key for the session of this nonce. In constant time.
    pub(super) fn is_authentic(&self, key: &Key, nonce: &SessionNonce) -> bool {
        let message = Zeroizing::new([&self.head[..], nonce.as_bytes()].concat());
        hmac::verify(&key.hmac, &message, &self.tag).is_ok()
    }
}

impl fmt::Debug for RefreshKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RefreshKeys").field("count", &self.0.len()).finish_non_exhaustive()
    }
}
