use std::fmt;

use super::{Presented, TokenSource};
use crate::{error::TokenError, head::RequestHead};

/// A source from a function, for tokens that stand where no other source looks.
///
/// ```
/// use tower_bearer::{JwtLayer, Presented, TokenErrorKind, TokenOrigin, Verifier, token_source_fn};
///
/// # fn layer(verifier: Verifier) {
/// let forwarded = token_source_fn(|head| {
///     let Some(value) = head.headers().get("x-forwarded-access-token") else { return Ok(None) };
///     let token = value.to_str().map_err(|_| TokenErrorKind::InvalidCredentials)?;
///     // A browser logs in to the gateway by a cookie, so forged requests are looked for.
///     Ok(Some(Presented::new(token, TokenOrigin::Cookie)))
/// });
/// let layer = JwtLayer::new(verifier).source(forwarded);
/// # drop(layer);
/// # }
/// ```
///
/// Say `None` only where there is nothing: an optional layer takes such a request for a stranger's. What is there and
/// cannot be read is an error.
///
/// The closure stands in the call, as above. In a variable of its own its types are not inferred, or not generally enough; a function does as well:
/// `fn forwarded<'r>(head: RequestHead<'r>) -> Result<Option<Presented<'r>>, TokenError>`.
///
/// Such a source [conceals](TokenSource::conceal) nothing: what it reads goes on to handlers as it came.
pub fn token_source_fn<F>(function: F) -> TokenSourceFn<F>
where
    F: for<'r> Fn(RequestHead<'r>) -> Result<Option<Presented<'r>>, TokenError>
        + Clone
        + Send
        + Sync
        + 'static,
{
    TokenSourceFn(function)
}

/// The source of [`token_source_fn`].
#[derive(Clone, Copy)]
pub struct TokenSourceFn<F>(F);

impl<F> TokenSource for TokenSourceFn<F>
where
    F: for<'r> Fn(RequestHead<'r>) -> Result<Option<Presented<'r>>, TokenError>
        + Clone
        + Send
        + Sync
        + 'static,
{
    fn token<'r>(&self, head: RequestHead<'r>) -> Result<Option<Presented<'r>>, TokenError> {
        (self.0)(head)
    }
}

impl<F> fmt::Debug for TokenSourceFn<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TokenSourceFn(..)")
    }
}
