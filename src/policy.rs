//! What verified tokens may do: [`Policy`], the requirements that come with it, and how they are combined
//! ([RFC 6750 §3.1], [RFC 9470]).
//!
//! [RFC 6750 §3.1]: https://www.rfc-editor.org/rfc/rfc6750#section-3.1
//! [RFC 9470]: https://www.rfc-editor.org/rfc/rfc9470

pub(crate) mod catalog;
pub(crate) mod claim;
pub(crate) mod combine;
pub(crate) mod denial;
pub(crate) mod function;
pub(crate) mod held;
pub(crate) mod lacking;
pub(crate) mod path;
pub(crate) mod role;
pub(crate) mod scope;
pub(crate) mod step_up;

use std::sync::Arc;

use self::{
    combine::{And, Not, Or},
    denial::Denial,
};
use crate::{head::RequestHead, lookup::Lookup, token::VerifiedToken};

/// Judges whether a verified token may do what a request asks for.
///
/// | a policy | asks for |
/// |---|---|
/// | [`RequireScope`](crate::RequireScope) | scopes, all or any |
/// | [`RequireRole`](crate::RequireRole) | roles at any path, all or any |
/// | [`RequireClaim`](crate::RequireClaim) | a claim that is there, or has a value |
/// | [`RequireAcr`](crate::RequireAcr), [`RequireFreshAuth`](crate::RequireFreshAuth) | a stronger or more recent login (RFC 9470) |
/// | [`policy_fn`](crate::policy_fn), [`policy_fn_async`](crate::policy_fn_async) | whatever you say |
///
/// They are combined by [`and`](Self::and), [`or`](Self::or) and [`not`](Self::not), and put before services
/// by [`JwtLayer::require`](crate::JwtLayer::require) and [`AuthorizeLayer`](crate::AuthorizeLayer):
///
/// ```
/// use tower_bearer::{AuthorizeLayer, Policy, RequireRole, RequireScope, policy_fn, Denial};
///
/// let owner = policy_fn(|token, head| {
///     let user = head.uri().path().strip_prefix("/users/");
///     Denial::unless(user.is_some() && user == token.subject())
/// });
/// let admin = RequireRole::any("roles", ["admin"])?;
/// let layer = AuthorizeLayer::new(RequireScope::all(["users:write"])?.and(owner.or(admin)));
/// # drop(layer);
/// # Ok::<(), tower_bearer::ConfigError>(())
/// ```
///
/// It is asked only about tokens that were verified: a request without one, or with a bad one, is refused
/// before it.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a `Policy`",
    note = "give a requirement such as `RequireScope::all([..])?` (mind the `?`), a closure by `policy_fn(..)`, or implement `tower_bearer::Policy`"
)]
pub trait Policy: Send + Sync + 'static {
    /// Whether this token may do this. [`Lookup::Ready`] unless it has to wait for I/O.
    ///
    /// # Errors
    ///
    /// Why not: see [`Denial`], which decides what the client is told.
    fn authorize(&self, token: &VerifiedToken, head: RequestHead<'_>)
    -> Lookup<Result<(), Denial>>;

    /// The scopes that this policy may ask for. A request without credentials is told of them in the
    /// challenge, and a [`ScopeCatalog`](crate::ScopeCatalog) checks that it knows them. What is no scope by
    /// [RFC 6749 §3.3](https://www.rfc-editor.org/rfc/rfc6749#section-3.3) is left out of the challenge.
    fn scopes(&self) -> Vec<&str> {
        Vec::new()
    }

    /// The classes of login of which this policy may ask for one (RFC 9470 §3). Where the login of a token is of one of them, and too
    /// old, the challenge names them again, so that it is not followed by a weaker one.
    fn acr_values(&self) -> Vec<&str> {
        Vec::new()
    }

    /// Both have to permit it.
    ///
    /// The challenge names what both lack, and where it names a scope, those that are needed and held as well: a client asks
    /// for its next token with what it is told. So it is with the class of a login that is only too old. If one denies what no new token could change, such as a role, or
    /// if both ask for logins that exclude each other, there is none.
    ///
    /// What has to be waited for is not waited for once the other one has said no, so it is not in the challenge either. Nor is
    /// the second one asked at all once the first one has said that no new token would help.
    fn and<P: Policy>(self, other: P) -> And<Self, P>
    where
        Self: Sized,
    {
        And(self, other)
    }

    /// One of the two has to permit it.
    ///
    /// The challenge names what would help: the scopes of both if both lack scopes, the wider of two logins that differ in
    /// class or age alone, and else what the first one lacks that a new token could bring. Up to 32 logins that
    /// cannot be made one are told apart. If one of the two is unavailable and the other one denies, the answer is 503.
    ///
    /// What has to be waited for is not waited for once the answer is yes, and the second one is not asked if the first one has
    /// said yes at once.
    fn or<P: Policy>(self, other: P) -> Or<Self, P>
    where
        Self: Sized,
    {
        Or(self, other)
    }

    /// Permits what this one denies, and denies what it permits. What it cannot know remains unknown and is denied: where
    /// it is unavailable, and where a claim is of another type than it should be.
    ///
    /// There is no challenge: a token with less in it is not what a client should ask for.
    fn not(self) -> Not<Self>
    where
        Self: Sized,
    {
        Not(self)
    }
}

/// What points to a policy is that policy, in all it says.
macro_rules! forward {
    ($($pointer:ident)*) => {$(
        impl<P: Policy + ?Sized> Policy for $pointer<P> {
            fn authorize(
                &self,
                token: &VerifiedToken,
                head: RequestHead<'_>,
            ) -> Lookup<Result<(), Denial>> {
                (**self).authorize(token, head)
            }

            fn scopes(&self) -> Vec<&str> {
                (**self).scopes()
            }

            fn acr_values(&self) -> Vec<&str> {
                (**self).acr_values()
            }
        }
    )*};
}

forward!(Arc Box);
