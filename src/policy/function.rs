use std::{fmt, future::Future};

use super::{Policy, denial::Denial};
use crate::{head::RequestHead, lookup::Lookup, token::VerifiedToken};

/// A policy from a function that answers at once.
///
/// It sees the token and the request's method, URI, headers and extensions.
///
/// ```
/// use tower_bearer::{Denial, RequireScope, http::Method, policy_fn};
///
/// let (read, write) = (RequireScope::all(["notes:read"])?, RequireScope::all(["notes:write"])?);
/// let by_method = policy_fn(move |token, head| match *head.method() {
///     Method::GET | Method::HEAD => read.check(token),
///     _ => write.check(token),
/// });
///
/// let reachable = policy_fn(|token, _| {
///     let verified: bool = token.claim("email_verified")?.unwrap_or(false);
///     Denial::unless(verified)
/// });
/// # drop((by_method, reachable));
/// # Ok::<(), tower_bearer::ConfigError>(())
/// ```
///
/// In axum, a layer on a `Router` sees the URI as the request has it; inside `Router::nest`, and on a route of a nested router, what
/// is left of it. `axum::extract::OriginalUri` and `MatchedPath` are among the extensions.
///
/// Write the closure in the call. In a variable it needs the types of its arguments, `|token: &VerifiedToken, head: RequestHead<'_>|`, or
/// the compiler finds its lifetimes not general enough.
pub fn policy_fn<F>(function: F) -> PolicyFn<F>
where
    F: Fn(&VerifiedToken, RequestHead<'_>) -> Result<(), Denial> + Send + Sync + 'static,
{
    PolicyFn(function)
}

/// A policy from a function that returns a future, for what has to be looked up.
///
/// The function sees token and request, which end with the call: copy what you need before the `async move`. A token is
/// cloned for one reference count. An `async` closure would borrow them and does not compile.
///
/// ```
/// use tower_bearer::{Denial, policy_fn_async};
///
/// # #[derive(Clone)] struct Database;
/// # impl Database { async fn owner_of(&self, path: &str) -> Result<Option<String>, std::io::Error> { Ok(None) } }
/// # let database = Database;
/// let owner = policy_fn_async(move |token, head| {
///     let (database, token, path) = (database.clone(), token.clone(), head.uri().path().to_owned());
///     async move {
///         let owner = database.owner_of(&path).await.map_err(Denial::unavailable)?;
///         Denial::unless(owner.is_some() && owner.as_deref() == token.subject())
///     }
/// });
/// # drop(owner);
/// ```
///
/// No timeout is set here: set one of your own that gives [`Denial::unavailable`].
pub fn policy_fn_async<F, Fut>(function: F) -> PolicyFnAsync<F>
where
    F: Fn(&VerifiedToken, RequestHead<'_>) -> Fut + Send + Sync + 'static,
    Fut: Future<Output = Result<(), Denial>> + Send + 'static,
{
    PolicyFnAsync(function)
}

/// What [`policy_fn`] makes.
#[derive(Clone)]
pub struct PolicyFn<F>(F);

impl<F> Policy for PolicyFn<F>
where
    F: Fn(&VerifiedToken, RequestHead<'_>) -> Result<(), Denial> + Send + Sync + 'static,
{
    fn authorize(
        &self,
        token: &VerifiedToken,
        head: RequestHead<'_>,
    ) -> Lookup<Result<(), Denial>> {
        Lookup::Ready(self.0(token, head))
    }
}

impl<F> fmt::Debug for PolicyFn<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PolicyFn(..)")
    }
}

/// What [`policy_fn_async`] makes.
#[derive(Clone)]
pub struct PolicyFnAsync<F>(F);

impl<F, Fut> Policy for PolicyFnAsync<F>
where
    F: Fn(&VerifiedToken, RequestHead<'_>) -> Fut + Send + Sync + 'static,
    Fut: Future<Output = Result<(), Denial>> + Send + 'static,
{
    fn authorize(
        &self,
        token: &VerifiedToken,
        head: RequestHead<'_>,
    ) -> Lookup<Result<(), Denial>> {
        Lookup::pending(self.0(token, head))
    }
}

impl<F> fmt::Debug for PolicyFnAsync<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PolicyFnAsync(..)")
    }
}
