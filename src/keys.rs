//! Where keys come from: [`KeyResolver`], and the resolvers that hold their keys themselves.

#[cfg(feature = "jwks")]
pub(crate) mod discovery;
#[cfg(feature = "jwks")]
pub(crate) mod fetch;
#[cfg(feature = "jwks")]
pub(crate) mod file;
mod fixed;
mod function;
#[cfg(feature = "jwks")]
pub(crate) mod remote;
#[cfg(feature = "jwks")]
pub(crate) mod seat;
#[cfg(feature = "jwks")]
mod set;
mod status;

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

pub use self::{
    fixed::StaticKeys,
    function::{ResolverFn, ResolverFnSync, resolver_fn, resolver_fn_sync},
    status::KeysStatus,
};
use crate::{
    error::KeyError,
    jose::{algorithm::Algorithms, header::Header, key::VerifyingKey},
    lookup::Lookup,
};

/// Finds the key that verifies a token with this header.
///
/// | keys | resolver |
/// |---|---|
/// | a shared secret | [`StaticKeys::hs256`] |
/// | a PEM file | [`StaticKeys::from_pem`] |
/// | a JWK Set behind a URL, or an issuer that says where | [`RemoteJwks`](crate::RemoteJwks), [`TrustedIssuer::discover`](crate::TrustedIssuer::discover) |
/// | a JWK Set, as text or file | [`StaticKeys::from_jwks`], [`StaticKeys::from_jwks_file`] |
/// | a JWK Set in a file that changes | [`JwksFile`](crate::JwksFile) |
/// | several keys of any kind | [`StaticKeys::new`] |
/// | anything else | [`resolver_fn`], [`resolver_fn_sync`] or an implementation of your own |
///
/// It is asked only for tokens that have passed every check that needs no key: size, form, issuer, type,
/// dates, audience and `cnf`. The signature has not been checked yet: the token may be a stranger's. It need not look at [`Header::algorithm`]: a key of another
/// algorithm is refused by the verifier.
#[diagnostic::on_unimplemented(
    message = "`{Self}` does not find keys",
    note = "use `StaticKeys`, wrap a closure in `tower_bearer::resolver_fn`, or implement `KeyResolver`"
)]
pub trait KeyResolver: Send + Sync + 'static {
    /// The key for a token with this header: [`Lookup::Ready`] if it is in memory.
    ///
    /// [`KeyError::not_found`] makes the answer 401, [`KeyError::unavailable`] makes it 503.
    fn resolve(&self, header: &Header<'_>) -> Lookup<Result<VerifyingKey, KeyError>>;

    /// `Some(n)` while what was resolved still stands, with a new number when keys change, and never that of another
    /// resolver; `None` if that is not known, so that nothing may be kept that was verified by these keys.
    ///
    /// It has to change with the keys or after them, never before: a key counts for the number that stood when it was
    /// asked for.
    fn generation(&self) -> Option<u64> {
        None
    }

    /// The algorithms there can be keys of; `None` if any. With it, a set-up that can never verify
    /// a token is refused when it is built, and tokens of other algorithms without a look-up.
    fn algorithms(&self) -> Option<Algorithms> {
        None
    }

    /// Fetches what a first request would wait for.
    fn preload(&self) -> Lookup<Result<(), KeyError>> {
        Lookup::Ready(Ok(()))
    }

    /// Fetches the keys anew, whatever their age. Nothing to do where keys are not fetched.
    fn refresh_now(&self) -> Lookup<Result<(), KeyError>> {
        Lookup::Ready(Ok(()))
    }

    /// Never answers with a key of this name again, even if its source still lists it. `false` if this
    /// resolver cannot do that.
    fn forget_key(&self, kid: &str) -> bool {
        let _ = kid;
        false
    }

    /// How the keys are, if this resolver knows.
    fn status(&self) -> Option<KeysStatus> {
        None
    }
}

/// A number that no other set of keys in this program has: whoever compares generations compares sets, even if the
/// resolver itself was replaced.
pub(crate) fn next_generation() -> u64 {
    static LAST: AtomicU64 = AtomicU64::new(0);
    LAST.fetch_add(1, Ordering::Relaxed)
}

impl<R: KeyResolver + ?Sized> KeyResolver for Arc<R> {
    fn resolve(&self, header: &Header<'_>) -> Lookup<Result<VerifyingKey, KeyError>> {
        (**self).resolve(header)
    }

    fn generation(&self) -> Option<u64> {
        (**self).generation()
    }

    fn algorithms(&self) -> Option<Algorithms> {
        (**self).algorithms()
    }

    fn preload(&self) -> Lookup<Result<(), KeyError>> {
        (**self).preload()
    }

    fn refresh_now(&self) -> Lookup<Result<(), KeyError>> {
        (**self).refresh_now()
    }

    fn forget_key(&self, kid: &str) -> bool {
        (**self).forget_key(kid)
    }

    fn status(&self) -> Option<KeysStatus> {
        (**self).status()
    }
}
