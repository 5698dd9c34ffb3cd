//! Step-up: what the login behind a token has to be
//! ([RFC 9470](https://www.rfc-editor.org/rfc/rfc9470)).

use std::{sync::Arc, time::Duration};

use super::{
    Policy,
    denial::Denial,
    held::{class, is_class},
    lacking::{Lacking, StepUp},
};
use crate::{
    clock::NumericDate, error::ConfigError, head::RequestHead, jose::json::Text, lookup::Lookup,
    token::VerifiedToken,
};

/// Asks for a login of one of these classes: the claim `acr` is one of them, to the letter
/// ([RFC 9470 §3](https://www.rfc-editor.org/rfc/rfc9470#section-3)).
///
/// A token of another login, or of one that it does not name, gets 401 and a challenge that the client can take to the
/// authorization server. An `acr` that is no string gets 403 and no challenge, and a warning names the claim.
///
/// ```text
/// WWW-Authenticate: Bearer realm="api", error="insufficient_user_authentication", error_description="…", acr_values="phr mfa"
/// ```
///
/// ```
/// use std::time::Duration;
/// use tower_bearer::{Policy, RequireAcr, RequireFreshAuth};
///
/// let payment = RequireAcr::any(["phr", "mfa"])?.and(RequireFreshAuth::within(Duration::from_secs(300)));
/// # drop(payment);
/// # Ok::<(), tower_bearer::ConfigError>(())
/// ```
#[derive(Clone, Debug)]
pub struct RequireAcr {
    acr_values: Vec<Arc<str>>,
}

impl RequireAcr {
    /// One of these classes, the one that is liked best first. What they are called is agreed on with the issuer.
    ///
    /// # Errors
    ///
    /// There is none, one is named twice, or one is empty or holds anything but visible ASCII characters.
    pub fn any<I>(acr_values: I) -> Result<Self, ConfigError>
    where
        I: IntoIterator<Item: AsRef<str>>,
    {
        let acr_values: Vec<Arc<str>> =
            acr_values.into_iter().map(|value| value.as_ref().into()).collect();
        if acr_values.is_empty() || !acr_values.iter().all(|value| is_class(value)) {
            return Err(ConfigError::new(
                "`RequireAcr` needs at least one class, each of visible ASCII characters without a space",
            ));
        }
        let twice =
            |(at, value): (usize, _)| acr_values.iter().take(at).any(|other| other == value);
        if acr_values.iter().enumerate().any(twice) {
            return Err(ConfigError::new("`RequireAcr` names a class twice"));
        }
        Ok(Self { acr_values })
    }

    /// Whether the token is of such a login: for closures that choose among requirements.
    ///
    /// # Errors
    ///
    /// It is not, or does not say.
    pub fn check(&self, token: &VerifiedToken) -> Result<(), Denial> {
        let fits = |Text(acr): Text<'_>| self.acr_values.iter().any(|value| **value == *acr);
        if class(token)?.is_some_and(fits) { Ok(()) } else { Err(self.denial()) }
    }

    /// What a token of another login is told.
    #[must_use]
    pub fn denial(&self) -> Denial {
        let step_up = StepUp { acr_values: self.acr_values.clone(), max_age: None };
        Denial::lacks(Lacking::of_login(step_up)).about("acr")
    }
}

impl Policy for RequireAcr {
    fn authorize(&self, token: &VerifiedToken, _: RequestHead<'_>) -> Lookup<Result<(), Denial>> {
        Lookup::Ready(self.check(token))
    }

    fn acr_values(&self) -> Vec<&str> {
        self.acr_values.iter().map(|value| &**value).collect()
    }
}

/// Asks for a login that is not long ago: the claim `auth_time` is there, and no older than this
/// ([RFC 9470 §3](https://www.rfc-editor.org/rfc/rfc9470#section-3)).
///
/// Time is that of the issuer's [clock](crate::TrustedIssuer::clock), with its [leeway](crate::TrustedIssuer::leeway):
/// `auth_time + max_age + leeway` must not have passed, and `auth_time` must not lie further in the future than the leeway. A token of an older login
/// gets 401 and a challenge with `max_age`, in seconds; so does one that does not say. An `auth_time` that is no
/// date gets 403 and no challenge, and a warning names the claim.
///
/// ```text
/// WWW-Authenticate: Bearer realm="api", error="insufficient_user_authentication", error_description="…", max_age="300"
/// ```
#[derive(Clone, Copy, Debug)]
pub struct RequireFreshAuth {
    max_age: u64,
}

impl RequireFreshAuth {
    /// At most this long ago, in whole seconds: fractions are dropped.
    #[must_use]
    pub fn within(max_age: Duration) -> Self {
        Self { max_age: max_age.as_secs() }
    }

    /// Whether the token is of such a login: for closures that choose among requirements.
    ///
    /// # Errors
    ///
    /// It is not, or does not say.
    pub fn check(&self, token: &VerifiedToken) -> Result<(), Denial> {
        let (now, leeway) = (token.terms().now(), token.terms().leeway);
        let max_age = Duration::from_secs(self.max_age);
        let fresh = |login: NumericDate| {
            login <= now.plus(leeway) && now <= login.plus(max_age).plus(leeway)
        };
        let auth_time = token.claim("auth_time")?;
        if auth_time.is_some_and(fresh) { Ok(()) } else { Err(self.denial()) }
    }

    /// What a token of an older login is told.
    #[must_use]
    pub fn denial(&self) -> Denial {
        let step_up = StepUp { acr_values: Vec::new(), max_age: Some(self.max_age) };
        Denial::lacks(Lacking::of_login(step_up)).about("auth_time")
    }
}

impl Policy for RequireFreshAuth {
    fn authorize(&self, token: &VerifiedToken, _: RequestHead<'_>) -> Lookup<Result<(), Denial>> {
        Lookup::Ready(self.check(token))
    }
}
