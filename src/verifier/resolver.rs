use std::{fmt, future::Future, sync::Arc, time::SystemTime};

use super::issuer::TrustedIssuer;
use crate::{
    clock::{Clock, SystemClock},
    error::IssuerError,
    lookup::Lookup,
};

/// Finds the issuer of a token among tenants that are not known at the start: in a database, say. Given to
/// [`Verifier::dynamic`](crate::Verifier::dynamic).
///
/// [`issuer_fn`] makes one of a closure. An answer is kept for five minutes, so an issuer that has
/// `RemoteJwks` is built anew now and then: keep the keys of each tenant and hand out clones, which share
/// what they have fetched.
///
/// ```
/// # #[cfg(feature = "jwks")] mod example {
/// use std::{collections::HashMap, sync::Mutex};
/// use tower_bearer::{ConfigError, IssuerError, RemoteJwks, TrustedIssuer, Verifier, issuer_fn};
/// # struct Tenant { issuer: String, audience: String, jwks_url: String }
/// # #[derive(Clone)] struct Database;
/// # impl Database {
/// #     async fn tenant(&self, iss: &str) -> Result<Option<Tenant>, std::io::Error> { Ok(None) }
/// # }
///
/// struct Tenants {
///     database: Database,
///     keys: Mutex<HashMap<String, RemoteJwks>>,   // by URL
/// }
///
/// impl Tenants {
///     async fn find(&self, iss: &str) -> Result<Option<TrustedIssuer>, IssuerError> {
///         let tenant = self.database.tenant(iss).await.map_err(IssuerError::unavailable)?;
///         let Some(tenant) = tenant else { return Ok(None) };
///         let keys = self.keys(&tenant.jwks_url)?;
///         Ok(Some(TrustedIssuer::new(tenant.issuer, tenant.audience, keys)))
///     }
///
///     fn keys(&self, url: &str) -> Result<RemoteJwks, ConfigError> {
///         let mut all = self.keys.lock().unwrap();
///         if let Some(keys) = all.get(url) {
///             return Ok(keys.clone());
///         }
///         let keys = RemoteJwks::new(url)?;
///         all.insert(url.to_owned(), keys.clone());
///         Ok(keys)
///     }
/// }
///
/// fn verifier(tenants: std::sync::Arc<Tenants>) -> Verifier {
///     Verifier::dynamic(issuer_fn(move |iss| {
///         let (tenants, iss) = (tenants.clone(), iss.to_owned());
///         async move { tenants.find(&iss).await }
///     }))
/// }
/// # }
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` does not find issuers",
    note = "wrap a closure in `tower_bearer::issuer_fn`, or implement `IssuerResolver`"
)]
pub trait IssuerResolver: Send + Sync + 'static {
    /// The issuer whose name is exactly `iss`: its audience, its keys and its settings; `Ok(None)` if that
    /// is nobody we trust.
    ///
    /// `iss` is what an unverified token says, so it may be a stranger's word: hand it to the database as a
    /// parameter, never as part of a query's text or of a URL. It is neither empty nor longer than 1 KiB;
    /// whatever else it says is not known. Set a timeout of your own that gives
    /// [`IssuerError::unavailable`]; none is set here. A panic counts as that, too. The future is polled by one
    /// of the requests that wait for it, and dropped when none does any more.
    fn resolve(&self, iss: &str) -> Lookup<Result<Option<TrustedIssuer>, IssuerError>>;

    /// What time it is, by which a token is judged before its issuer is known, and by which answers grow old.
    /// For tests that decide what time it is: they give the same [`clock`](TrustedIssuer::clock) to the issuers.
    /// It must not verify a token itself.
    fn now(&self) -> SystemTime {
        SystemClock.now()
    }
}

impl<R: IssuerResolver + ?Sized> IssuerResolver for Arc<R> {
    fn resolve(&self, iss: &str) -> Lookup<Result<Option<TrustedIssuer>, IssuerError>> {
        (**self).resolve(iss)
    }

    fn now(&self) -> SystemTime {
        (**self).now()
    }
}

/// Issuers from a function that returns a future.
///
/// The `iss` it sees ends with the call: make it your own before the `async move`.
///
/// ```
/// use tower_bearer::{IssuerError, StaticKeys, TrustedIssuer, Verifier, issuer_fn};
///
/// # #[derive(Clone)] struct Database;
/// # impl Database { async fn secret_of(&self, iss: &str) -> Result<Option<Vec<u8>>, std::io::Error> { Ok(None) } }
/// # let database = Database;
/// let verifier = Verifier::dynamic(issuer_fn(move |iss| {
///     let (database, iss) = (database.clone(), iss.to_owned());
///     async move {
///         let secret = database.secret_of(&iss).await.map_err(IssuerError::unavailable)?;
///         let Some(secret) = secret else { return Ok(None) };
///         let keys = StaticKeys::hs256(secret)?;
///         Ok(Some(TrustedIssuer::new(iss, "https://api.example", keys)))
///     }
/// }));
/// # drop(verifier);
/// ```
///
/// When the tenants are in memory, [`issuer_fn_sync`] asks for less.
pub fn issuer_fn<F, Fut>(function: F) -> IssuerFn<F>
where
    F: Fn(&str) -> Fut + Send + Sync + 'static,
    Fut: Future<Output = Result<Option<TrustedIssuer>, IssuerError>> + Send + 'static,
{
    IssuerFn(function)
}

/// Issuers from a function that answers at once.
///
/// ```
/// use std::collections::HashMap;
/// use tower_bearer::{StaticKeys, TrustedIssuer, Verifier, issuer_fn_sync};
///
/// let tenants = HashMap::from([("https://acme.example".to_owned(), StaticKeys::hs256([7; 32])?)]);
/// let verifier = Verifier::dynamic(issuer_fn_sync(move |iss| {
///     let keys = tenants.get(iss);
///     Ok(keys.map(|keys| TrustedIssuer::new(iss, "https://api.example", keys.clone())))
/// }));
/// # drop(verifier);
/// # Ok::<(), tower_bearer::ConfigError>(())
/// ```
pub fn issuer_fn_sync<F>(function: F) -> IssuerFnSync<F>
where
    F: Fn(&str) -> Result<Option<TrustedIssuer>, IssuerError> + Send + Sync + 'static,
{
    IssuerFnSync(function)
}

/// What [`issuer_fn`] makes.
#[derive(Clone)]
pub struct IssuerFn<F>(F);

impl<F, Fut> IssuerResolver for IssuerFn<F>
where
    F: Fn(&str) -> Fut + Send + Sync + 'static,
    Fut: Future<Output = Result<Option<TrustedIssuer>, IssuerError>> + Send + 'static,
{
    fn resolve(&self, iss: &str) -> Lookup<Result<Option<TrustedIssuer>, IssuerError>> {
        Lookup::pending(self.0(iss))
    }
}

impl<F> fmt::Debug for IssuerFn<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("IssuerFn(..)")
    }
}

/// What [`issuer_fn_sync`] makes.
#[derive(Clone)]
pub struct IssuerFnSync<F>(F);

impl<F> IssuerResolver for IssuerFnSync<F>
where
    F: Fn(&str) -> Result<Option<TrustedIssuer>, IssuerError> + Send + Sync + 'static,
{
    fn resolve(&self, iss: &str) -> Lookup<Result<Option<TrustedIssuer>, IssuerError>> {
        Lookup::Ready(self.0(iss))
    }
}

impl<F> fmt::Debug for IssuerFnSync<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("IssuerFnSync(..)")
    }
}
