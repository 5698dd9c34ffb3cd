//! From the settings of an issuer to the issuer.

use std::{path::Path, time::Duration};

use serde_json::Value;

use super::{
    super::{
        keys::{Owner, algorithm_named},
        reading::Whole,
        wrong,
    },
    Settings, has_user_name,
};
use crate::{
    claims::audience::Audience,
    error::ConfigError,
    jose::algorithm::{Algorithm, Algorithms},
    validation::MAX_LEEWAY,
    validation::TypRule,
    verifier::TrustedIssuer,
};

impl Settings {
    pub(super) fn build(&self, folder: &Path) -> Result<TrustedIssuer, ConfigError> {
        self.check_contradictions()?;
        let name = self.name()?;
        let audience = self.audience()?;
        let algorithms = self.algorithms()?;
        let Whole(keys) = self.keys.as_ref().ok_or_else(|| {
            wrong("keys", "missing: say where they are, such as `{ discover = true }`")
        })?;
        let allow_http = is_on(self.danger_allow_http);
        let keys = keys.build(&Owner { issuer: name, folder, allow_http })?;
        if let (Some(allowed), Some(there)) = (algorithms, keys.algorithms()) {
            check_algorithms(allowed, there)?;
        }
        let issuer = TrustedIssuer::new(name, audience, keys);
        let issuer = match algorithms {
            Some(algorithms) => issuer.algorithms(algorithms.iter()),
            None => issuer,
        };
        self.set_rules(self.set_times(issuer)?)
    }

    fn name(&self) -> Result<&str, ConfigError> {
        match self.issuer.as_deref() {
            None => Err(wrong("issuer", "missing: name it as its tokens do in `iss`")),
            Some("") => Err(wrong("issuer", "it is empty: name it as its tokens do in `iss`")),
            Some(name) if has_user_name(name) => Err(wrong(
                "issuer",
                "there is a user name in it, and maybe a password: name it as its tokens do in `iss`",
            )),
            Some(name) => Ok(name),
        }
    }

    fn audience(&self) -> Result<Audience, ConfigError> {
        if is_on(self.danger_any_audience) {
            return Ok(Audience::danger_any());
        }
        let names = self.audience.as_ref().ok_or_else(|| {
            wrong("audience", "missing: name this service as its tokens do in `aud`")
        })?;
        let audience = Audience::new(names.checked("audience")?);
        let Some(claims) = &self.or_claim else { return Ok(audience) };
        let mut claims = claims.iter();
        match (claims.next(), claims.next()) {
            (Some((claim, values)), None) if !claim.is_empty() => {
                let values = values.checked(&format!("or_claim.{claim}"))?;
                Ok(audience.or_claim(claim, values))
            }
            _ => {
                Err(wrong("or_claim", "name exactly one claim, such as `{ client_id = [\"…\"] }`"))
            }
        }
    }

    fn algorithms(&self) -> Result<Option<Algorithms>, ConfigError> {
        let Some(names) = &self.algorithms else { return Ok(None) };
        let read = |(at, name): (usize, &String)| -> Result<Algorithm, ConfigError> {
            algorithm_named(&format!("algorithms[{at}]"), name)
        };
        names
            .checked("algorithms")?
            .iter()
            .enumerate()
            .map(read)
            .collect::<Result<_, _>>()
            .map(Some)
    }

    fn set_times(&self, mut issuer: TrustedIssuer) -> Result<TrustedIssuer, ConfigError> {
        if let Some(leeway) = self.leeway_seconds.map(Duration::from_secs) {
            if leeway > MAX_LEEWAY {
                return Err(wrong(
                    "leeway_seconds",
                    "more than an hour, 3600, would switch expiry off: set the clocks instead",
                ));
            }
            issuer = issuer.leeway(leeway);
        }
        if let Some(max_age) = self.max_age_seconds {
            issuer = issuer.max_age(Duration::from_secs(max_age));
        }
        match self.max_lifetime_seconds {
            Some(0) => {
                Err(wrong("max_lifetime_seconds", "no token lives for no time: 0 refuses all"))
            }
            Some(longest) => Ok(issuer.max_lifetime(Duration::from_secs(longest))),
            None => Ok(issuer),
        }
    }

    fn set_rules(&self, mut issuer: TrustedIssuer) -> Result<TrustedIssuer, ConfigError> {
        match self.typ.as_deref() {
            Some("") => {
                return Err(wrong("typ", "it is empty: leave it out, or name a media type"));
            }
            Some(typ) => issuer = issuer.typ(typ),
            None => {}
        }
        match self.profile.as_deref() {
            Some("rfc9068") => issuer = issuer.rfc9068(),
            Some(_) => return Err(wrong("profile", "there is one, \"rfc9068\"")),
            None => {}
        }
        for (claim, value) in self.require.iter().flatten() {
            issuer = issuer.require_claim(claim, required(claim, value)?.clone());
        }
        if is_on(self.danger_no_expiry) {
            issuer = issuer.danger_no_expiry();
        }
        if is_on(self.danger_accept_bound_tokens) {
            issuer = issuer.danger_accept_bound_tokens();
        }
        Ok(issuer)
    }

    /// What is said by one setting and taken back by another.
    fn check_contradictions(&self) -> Result<(), ConfigError> {
        let audience = ("audience", self.audience.is_some());
        let or_claim = ("or_claim", self.or_claim.is_some());
        let profile = ("profile", self.profile.is_some());
        let lifetime = ("max_lifetime_seconds", self.max_lifetime_seconds.is_some());
        let any_audience = ("danger_any_audience", is_on(self.danger_any_audience));
        let no_expiry = ("danger_no_expiry", is_on(self.danger_no_expiry));
        let is_another = |typ: &String| TypRule::exactly(typ).check(Some("at+jwt")).is_err();
        let another_typ = self.typ.as_ref().is_some_and(is_another);
        let pairs = [
            (any_audience, audience, "whoever is named there, all are taken"),
            (any_audience, or_claim, "whoever is named there, all are taken"),
            (profile, or_claim, "RFC 9068 asks for `aud`"),
            (profile, no_expiry, "RFC 9068 asks for `exp`"),
            (profile, ("typ", another_typ), "RFC 9068 asks for `at+jwt`"),
            (lifetime, no_expiry, "it asks for `exp`"),
        ];
        match pairs.into_iter().find(|((_, one), (_, other), _)| *one && *other) {
            Some(((one, _), (other, _), why)) => {
                Err(wrong(one, format!("it contradicts `{other}`: {why}; leave one of them out")))
            }
            None => Ok(()),
        }
    }
}

fn is_on(danger: Option<bool>) -> bool {
    danger == Some(true)
}

/// Whether keys for these can verify what is allowed.
fn check_algorithms(allowed: Algorithms, there: Algorithms) -> Result<(), ConfigError> {
    let without_secret =
        |algorithm: &Algorithm| algorithm.is_symmetric() && !there.contains(*algorithm);
    if let Some(symmetric) = allowed.iter().find(without_secret) {
        return Err(wrong(
            "algorithms",
            format!("{symmetric} takes a secret, and there is none among these keys: leave it out"),
        ));
    }
    if allowed.intersection(there).is_empty() {
        return Err(wrong(
            "algorithms",
            format!("it names none that the keys can verify, which are for {there:?}"),
        ));
    }
    Ok(())
}

/// The value, if a claim can have it.
fn required<'a>(claim: &str, value: &'a Value) -> Result<&'a Value, ConfigError> {
    // The crate `toml` hands out a date as a table with a name of its own.
    let is_date = |(name, _): (&String, _)| name.starts_with("$__toml_private");
    match value {
        _ if claim.is_empty() => Err(wrong("require", "the name of a claim is empty")),
        Value::Null => Err(wrong(&format!("require.{claim}"), "it has no value")),
        Value::Object(members) if members.iter().any(is_date) => {
            Err(wrong(&format!("require.{claim}"), "claims hold no dates: put it in quotes"))
        }
        value => Ok(value),
    }
}
