use std::{fmt, time::Duration};

use super::VerifiedToken;
use crate::error::ConfigError;

/// Says whether a token that is good by itself has been taken back.
///
/// It is asked for each token once its signature holds, and each second for those whose connections
/// [live on](crate::Lifetime). So it has to look into memory, and to keep that memory up to date by itself; what must be asked over
/// the network is a [policy](crate::policy_fn_async).
///
/// | it says | the answer is |
/// |---|---|
/// | [`Good`](Revocation::Good) | what the handler says |
/// | [`Revoked`](Revocation::Revoked) | 401, as for any token that is not good |
/// | [`Unknown`](Revocation::Unknown) | 503 |
///
/// [`revocation_fn`] makes one of a closure.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a `RevocationCheck`",
    note = "give a closure by `revocation_fn(..)`, or implement `tower_bearer::RevocationCheck`"
)]
pub trait RevocationCheck: Send + Sync + 'static {
    /// Whether this token still counts.
    fn check(&self, token: &VerifiedToken) -> Revocation;

    /// Whether this check can serve an issuer of this name, whose tokens live for so long at most, and for so long beyond that by
    /// its leeway. It is asked when a verifier is built.
    ///
    /// # Errors
    ///
    /// It cannot: the message says what to change.
    fn fits(
        &self,
        issuer: &str,
        max_lifetime: Option<Duration>,
        leeway: Duration,
    ) -> Result<(), ConfigError> {
        let _ = (issuer, max_lifetime, leeway);
        Ok(())
    }
}

/// What is known of a token's revocation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[must_use = "a revoked token must not be used"]
#[non_exhaustive]
pub enum Revocation {
    /// It has not been revoked.
    Good,
    /// It has been revoked.
    Revoked,
    /// Nobody can say: what has been revoked is not known, or too old.
    Unknown,
}

/// A check from a function.
///
/// ```
/// use std::{collections::HashSet, sync::{Arc, RwLock}};
/// use tower_bearer::{Revocation, StaticKeys, TrustedIssuer, revocation_fn};
///
/// let revoked: Arc<RwLock<HashSet<String>>> = Arc::default();    // of `jti`
/// let known = revoked.clone();
/// let keys = StaticKeys::hs256([7; 32])?;
/// let issuer = TrustedIssuer::new("https://issuer.example", "https://api.example", keys).revocation(
///     revocation_fn(move |token| match (token.jwt_id(), known.read()) {
///         (Some(jti), Ok(known)) if !known.contains(jti) => Revocation::Good,
///         (_, Ok(_)) => Revocation::Revoked,
///         (_, Err(_)) => Revocation::Unknown,
///     }),
/// );
/// # drop(issuer);
/// # Ok::<(), tower_bearer::ConfigError>(())
/// ```
pub fn revocation_fn<F>(function: F) -> RevocationFn<F>
where
    F: Fn(&VerifiedToken) -> Revocation + Send + Sync + 'static,
{
    RevocationFn(function)
}

/// The check of [`revocation_fn`].
#[derive(Clone, Copy)]
pub struct RevocationFn<F>(F);

impl<F> RevocationCheck for RevocationFn<F>
where
    F: Fn(&VerifiedToken) -> Revocation + Send + Sync + 'static,
{
    fn check(&self, token: &VerifiedToken) -> Revocation {
        (self.0)(token)
    }
}

impl<F> fmt::Debug for RevocationFn<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RevocationFn(..)")
    }
}
