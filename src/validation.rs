//! The rules a token must keep, as pure functions of header, claims and time
//! ([RFC 7519 §4.1], [RFC 8725 §3], [RFC 9068 §4]).
//!
//! [RFC 7519 §4.1]: https://www.rfc-editor.org/rfc/rfc7519#section-4.1
//! [RFC 8725 §3]: https://www.rfc-editor.org/rfc/rfc8725#section-3
//! [RFC 9068 §4]: https://www.rfc-editor.org/rfc/rfc9068#section-4

use std::time::Duration;

use crate::{
    claims::{
        audience::{Audience, WithoutAud},
        registered::{Dates, Registered},
    },
    clock::NumericDate,
    error::{TokenError, TokenErrorKind as Kind},
    jose::json::{Text, find_member},
};

/// Clocks that are further apart than this are broken.
pub(crate) const MAX_LEEWAY: Duration = Duration::from_secs(60 * 60);

/// Which tokens an issuer's are, but for their keys.
pub(crate) struct Rules {
    pub(crate) audience: Audience,
    pub(crate) typ: TypRule,
    pub(crate) times: TimeRules,
    pub(crate) required: Vec<(String, serde_json::Value)>,
    /// All claims of RFC 9068 §2.2 must be there.
    pub(crate) rfc9068: bool,
    pub(crate) accept_bound: bool,
}

/// Which `typ` a token may have.
pub(crate) enum TypRule {
    /// `at+jwt`, `JWT`, or none.
    AccessToken,
    /// This one and no other.
    Exactly(String),
}

/// What the dates of a token are held against.
#[derive(Clone, Copy)]
pub(crate) struct TimeRules {
    pub(crate) leeway: Duration,
    pub(crate) expiry_required: bool,
    pub(crate) max_age: Option<Duration>,
    pub(crate) max_lifetime: Option<Duration>,
}

impl Default for TimeRules {
    fn default() -> Self {
        Self {
            leeway: Duration::from_secs(60),
            expiry_required: true,
            max_age: None,
            max_lifetime: None,
        }
    }
}

impl TypRule {
    /// The media type to ask for, with or without `application/`.
    pub(crate) fn exactly(typ: &str) -> Self {
        Self::Exactly(without_application(typ).to_owned())
    }

    /// Media types are compared without regard to case, and `application/` may be left out
    /// (RFC 7515 §4.1.9).
    pub(crate) fn check(&self, typ: Option<&str>) -> Result<(), Kind> {
        let allowed = match (self, typ) {
            (Self::AccessToken, None) => true,
            (Self::AccessToken, Some(typ)) => {
                typ.eq_ignore_ascii_case("JWT") || is_media_type(typ, "at+jwt")
            }
            (Self::Exactly(_), None) => false,
            (Self::Exactly(expected), Some(typ)) => is_media_type(typ, expected),
        };
        if allowed { Ok(()) } else { Err(Kind::TypeNotAllowed) }
    }

    /// Refuses what no rule [for access tokens](Self::is_for_access_tokens) takes, before it is known which
    /// rule holds.
    pub(crate) fn screen(typ: Option<&str>) -> Result<(), Kind> {
        match typ {
            Some(typ) if is_media_type(typ, "JWT") => Ok(()),
            typ => Self::AccessToken.check(typ),
        }
    }

    /// Whether [`screen`](Self::screen) passes all that this rule takes.
    pub(crate) fn is_for_access_tokens(&self) -> bool {
        match self {
            Self::AccessToken => true,
            Self::Exactly(typ) => {
                ["at+jwt", "JWT"].iter().any(|known| typ.eq_ignore_ascii_case(known))
            }
        }
    }
}

fn is_media_type(typ: &str, expected: &str) -> bool {
    without_application(typ).eq_ignore_ascii_case(expected)
}

fn without_application(typ: &str) -> &str {
    match typ.split_once('/') {
        Some((prefix, rest)) if prefix.eq_ignore_ascii_case("application") => rest,
        _ => typ,
    }
}

impl TimeRules {
    /// `exp`, `nbf` and `iat` against the time of day.
    pub(crate) fn check(&self, dates: Dates, now: NumericDate) -> Result<(), TokenError> {
        let Dates { expires_at, not_before, issued_at } = dates;
        match expires_at {
            Some(expires_at) if now >= expires_at.plus(self.leeway) => {
                return Err(Kind::Expired.into());
            }
            None if self.expiry_required => return Err(TokenError::missing("exp")),
            _ => {}
        }
        if not_before.is_some_and(|not_before| not_before > now.plus(self.leeway)) {
            return Err(Kind::NotYetValid.into());
        }
        if let Some(max_age) = self.max_age {
            let issued_at = issued_at.ok_or_else(|| TokenError::missing("iat"))?;
            if issued_at > now.plus(self.leeway) {
                return Err(Kind::NotYetValid.into());
            }
            if now > issued_at.plus(max_age).plus(self.leeway) {
                return Err(Kind::TooOld.into());
            }
        }
        if let Some(max_lifetime) = self.max_lifetime {
            let expires_at = expires_at.ok_or_else(|| TokenError::missing("exp"))?;
            let issued_at = issued_at.ok_or_else(|| TokenError::missing("iat"))?;
            if expires_at.seconds_since(issued_at) > max_lifetime.as_secs_f64() {
                return Err(Kind::LifetimeTooLong.into());
            }
        }
        Ok(())
    }
}

impl Rules {
    /// Everything that can be said of the claims before the signature is checked.
    pub(crate) fn check(
        &self,
        claims: &Registered<'_>,
        payload: &str,
        now: NumericDate,
    ) -> Result<(), TokenError> {
        self.times.check(claims.dates, now)?;
        self.check_audience(claims, payload)?;
        if claims.bound && !self.accept_bound {
            return Err(Kind::BoundToken.into());
        }
        if self.rfc9068 {
            check_rfc9068(claims)?;
        }
        Ok(())
    }

    /// What is said of the claims once the signature holds: these are read as JSON of any shape, which
    /// a stranger should not be able to ask for.
    pub(crate) fn check_required(&self, payload: &str) -> Result<(), TokenError> {
        self.required.iter().try_for_each(|(name, expected)| require(payload, name, expected))
    }

    fn check_audience(&self, claims: &Registered<'_>, payload: &str) -> Result<(), TokenError> {
        let ours = match (&claims.audience, self.audience.without_aud()) {
            (Some(names), _) => self.audience.contains(names.iter()),
            (None, WithoutAud::Accept) => true,
            (None, WithoutAud::Refuse) => return Err(TokenError::missing("aud")),
            (None, WithoutAud::Claim { claim, values }) => {
                let Text(value) = find_member(payload, claim)
                    .map_err(|_| TokenError::invalid(claim.to_owned()))?
                    .ok_or_else(|| TokenError::missing(claim.to_owned()))?;
                values.iter().any(|ours| *ours == value)
            }
        };
        if ours { Ok(()) } else { Err(Kind::AudienceMismatch.into()) }
    }
}

/// The claims that an access token of RFC 9068 §2.2 has beside `iss`.
fn check_rfc9068(claims: &Registered<'_>) -> Result<(), TokenError> {
    let Dates { expires_at, not_before: _, issued_at } = claims.dates;
    let all = [
        ("exp", expires_at.is_some()),
        ("aud", claims.audience.is_some()),
        ("sub", claims.subject.is_some()),
        ("client_id", claims.client_id.is_some()),
        ("iat", issued_at.is_some()),
        ("jti", claims.jwt_id.is_some()),
    ];
    match all.into_iter().find(|(_, there)| !there) {
        Some((name, _)) => Err(TokenError::missing(name)),
        None => Ok(()),
    }
}

fn require(payload: &str, name: &str, expected: &serde_json::Value) -> Result<(), TokenError> {
    match find_member::<serde_json::Value>(payload, name) {
        Ok(Some(value)) if value == *expected => Ok(()),
        Ok(None) => Err(TokenError::missing(name.to_owned())),
        Ok(Some(_)) | Err(_) => Err(TokenError::invalid(name.to_owned())),
    }
}

#[cfg(test)]
mod tests;
