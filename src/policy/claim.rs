use std::{fmt, mem::discriminant, sync::Arc};

use serde_json::{Number, Value};

use super::{Policy, denial::Denial, path::ClaimPath};
use crate::{
    error::ConfigError,
    head::RequestHead,
    lookup::Lookup,
    token::{ClaimsError, VerifiedToken},
};

/// Asks for a claim: that it is there, or that it has one of some values.
///
/// A token without it is good, and still may not do this: 403. To refuse such tokens altogether with 401, use
/// [`TrustedIssuer::require_claim`](crate::TrustedIssuer::require_claim).
///
/// ```
/// use tower_bearer::RequireClaim;
///
/// let delegated = RequireClaim::present("scp")?;      // Entra ID: not an ID token, nor an app's own
/// let verified = RequireClaim::equals("email_verified", true)?;
/// let plan = RequireClaim::one_of("/account/plan", ["team", "enterprise"])?;
/// # Ok::<(), tower_bearer::ConfigError>(())
/// ```
///
/// Values are compared as JSON, and numbers by their value: `1` and `1.0` are the same. A claim that is `null` is not there. One of
/// a type that none of the values has, such as `"true"` where `true` is asked for, gets 403 and a warning that names the path, and
/// is denied by the opposite as well. Where a name stands twice within the value of a claim, the last one counts. `Debug` shows the path alone.
#[derive(Clone)]
pub struct RequireClaim {
    path: ClaimPath,
    /// Any value, if there is none.
    values: Arc<[Value]>,
}

impl RequireClaim {
    /// The claim is there, whatever it says.
    ///
    /// # Errors
    ///
    /// The path is none.
    pub fn present(path: impl Into<ClaimPath>) -> Result<Self, ConfigError> {
        Ok(Self { path: path.into().checked()?, values: Arc::default() })
    }

    /// The claim has exactly this value.
    ///
    /// # Errors
    ///
    /// As [`one_of`](Self::one_of).
    pub fn equals(
        path: impl Into<ClaimPath>,
        value: impl Into<Value>,
    ) -> Result<Self, ConfigError> {
        Self::one_of(path, [value])
    }

    /// The claim has exactly one of these values.
    ///
    /// # Errors
    ///
    /// The path is none, there is no value, or one is `null`, which no claim can be.
    pub fn one_of<I>(path: impl Into<ClaimPath>, values: I) -> Result<Self, ConfigError>
    where
        I: IntoIterator<Item: Into<Value>>,
    {
        let path = path.into().checked()?;
        let values: Arc<[Value]> = values.into_iter().map(Into::into).collect();
        if values.is_empty() || values.iter().any(Value::is_null) {
            return Err(ConfigError::new(
                "`RequireClaim` needs at least one value, and no `null`: to ask that a claim is there, use \
                 `RequireClaim::present`",
            ));
        }
        Ok(Self { path, values })
    }

    /// Whether the token has it: for closures that choose among requirements.
    ///
    /// # Errors
    ///
    /// It has it not.
    pub fn check(&self, token: &VerifiedToken) -> Result<(), Denial> {
        let denial = || Denial::forbidden().about(self.path.as_str().to_owned());
        let claim = self.path.find::<Value>(token)?.filter(|value| !value.is_null());
        let claim = claim.ok_or_else(denial)?;
        if self.values.is_empty() || self.values.iter().any(|own| same(own, &claim)) {
            Ok(())
        } else if self.values.iter().any(|own| discriminant(own) == discriminant(&claim)) {
            Err(denial())
        } else {
            Err(ClaimsError::in_field(self.path.as_str()).into())
        }
    }
}

impl Policy for RequireClaim {
    fn authorize(&self, token: &VerifiedToken, _: RequestHead<'_>) -> Lookup<Result<(), Denial>> {
        Lookup::Ready(self.check(token))
    }
}

/// Whether two values say the same, however their numbers are written.
fn same(one: &Value, two: &Value) -> bool {
    match (one, two) {
        (Value::Number(one), Value::Number(two)) => same_number(one, two),
        (Value::Array(one), Value::Array(two)) => {
            one.len() == two.len() && one.iter().zip(two).all(|(one, two)| same(one, two))
        }
        (Value::Object(one), Value::Object(two)) => {
            let has = |(name, value)| two.get(name).is_some_and(|other| same(value, other));
            one.len() == two.len() && one.iter().all(has)
        }
        (one, two) => one == two,
    }
}

/// With `arbitrary_precision` turned on elsewhere, numbers are equal to those alone that are written alike.
fn same_number(one: &Number, two: &Number) -> bool {
    let whole = |number: &Number| {
        number.as_i64().map(i128::from).or_else(|| number.as_u64().map(i128::from))
    };
    match (whole(one), whole(two)) {
        (Some(one), Some(two)) => one == two,
        (Some(whole), None) => is_exactly(two, whole),
        (None, Some(whole)) => is_exactly(one, whole),
        (None, None) => one.as_f64().is_some_and(|one| two.as_f64() == Some(one)),
    }
}

/// Not after rounding: as doubles, a large number and the next one are the same.
fn is_exactly(number: &Number, whole: i128) -> bool {
    let says = |float: f64| float.fract() == 0.0 && format!("{float:.0}").parse() == Ok(whole);
    number.as_f64().is_some_and(says)
}

impl fmt::Debug for RequireClaim {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RequireClaim").field("path", &self.path).finish_non_exhaustive()
    }
}
