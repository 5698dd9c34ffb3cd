use std::{fmt, future::Future};

use super::KeyResolver;
use crate::{
    error::KeyError,
    jose::{header::Header, key::VerifyingKey},
    lookup::Lookup,
};

/// A resolver from a function that returns a future, for keys that live in a database or behind a
/// service.
///
/// The function sees the [`Header`], which ends with the call: copy what you need out of it before the
/// `async move`. An `async fn` or `async` closure would borrow it and does not compile.
///
/// ```
/// use tower_bearer::{Algorithm, KeyError, VerifyingKey, resolver_fn};
///
/// # #[derive(Clone)] struct Database;
/// # impl Database { async fn secret(&self, kid: &str) -> Result<Option<Vec<u8>>, std::io::Error> { Ok(None) } }
/// # let database = Database;
/// let keys = resolver_fn(move |header| {
///     let database = database.clone();
///     let kid = header.kid().map(str::to_owned);
///     async move {
///         let kid = kid.ok_or_else(KeyError::not_found)?;
///         let secret = database.secret(&kid).await.map_err(KeyError::unavailable)?;
///         VerifyingKey::from_secret(Algorithm::HS256, secret.ok_or_else(KeyError::not_found)?)
///     }
/// });
/// # drop(keys);
/// ```
///
/// It is called for each token, before its signature is checked: whoever knows the names of issuer and
/// audience can cause a look-up of any `kid`. Bound the `kid`, cache what is expensive, and set a
/// timeout of your own that gives [`KeyError::unavailable`]; none is set here. When the keys are in
/// memory, [`resolver_fn_sync`] spares the box.
pub fn resolver_fn<F, Fut>(function: F) -> ResolverFn<F>
where
    F: Fn(&Header<'_>) -> Fut + Send + Sync + 'static,
    Fut: Future<Output = Result<VerifyingKey, KeyError>> + Send + 'static,
{
    ResolverFn(function)
}

/// A resolver from a function that answers at once.
///
/// ```
/// use std::collections::HashMap;
/// use tower_bearer::{KeyError, VerifyingKey, resolver_fn_sync};
///
/// let keys: HashMap<String, VerifyingKey> = HashMap::new();
/// let keys = resolver_fn_sync(move |header| {
///     header.kid().and_then(|kid| keys.get(kid)).cloned().ok_or_else(KeyError::not_found)
/// });
/// # drop(keys);
/// ```
pub fn resolver_fn_sync<F>(function: F) -> ResolverFnSync<F>
where
    F: Fn(&Header<'_>) -> Result<VerifyingKey, KeyError> + Send + Sync + 'static,
{
    ResolverFnSync(function)
}

/// What [`resolver_fn`] makes.
#[derive(Clone)]
pub struct ResolverFn<F>(F);

impl<F, Fut> KeyResolver for ResolverFn<F>
where
    F: Fn(&Header<'_>) -> Fut + Send + Sync + 'static,
    Fut: Future<Output = Result<VerifyingKey, KeyError>> + Send + 'static,
{
    fn resolve(&self, header: &Header<'_>) -> Lookup<Result<VerifyingKey, KeyError>> {
        Lookup::pending(self.0(header))
    }
}

impl<F> fmt::Debug for ResolverFn<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ResolverFn(..)")
    }
}

/// What [`resolver_fn_sync`] makes.
#[derive(Clone)]
pub struct ResolverFnSync<F>(F);

impl<F> KeyResolver for ResolverFnSync<F>
where
    F: Fn(&Header<'_>) -> Result<VerifyingKey, KeyError> + Send + Sync + 'static,
{
    fn resolve(&self, header: &Header<'_>) -> Lookup<Result<VerifyingKey, KeyError>> {
        Lookup::Ready(self.0(header))
    }
}

impl<F> fmt::Debug for ResolverFnSync<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ResolverFnSync(..)")
    }
}
