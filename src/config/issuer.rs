mod build;

use std::{collections::BTreeMap, fmt, path::Path};

use serde::{
    Deserialize,
    de::{MapAccess, value::MapAccessDeserializer},
};
use serde_json::Value;

use super::{
    keys::KeysConfig,
    list::List,
    reading::{Parts, Whole, settings},
};
use crate::{error::ConfigError, verifier::TrustedIssuer};

/// One trusted issuer of a configuration file: a part of [`VerifierConfig`](super::VerifierConfig).
///
/// `issuer`, `audience` and `keys` must be there. `docs/CONFIGURATION.md` has every setting.
#[derive(Clone, Deserialize)]
#[serde(from = "Whole<Settings>")]
pub struct IssuerConfig(Settings);

// Settings that must be there are looked for by `build`, which can say where they are missing.
#[derive(Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Settings {
    #[serde(deserialize_with = "read::issuer")]
    issuer: Option<String>,
    #[serde(deserialize_with = "read::audience")]
    audience: Option<List>,
    #[serde(deserialize_with = "read::or_claim")]
    or_claim: Option<BTreeMap<String, List>>,
    keys: Option<Whole<KeysConfig>>,
    #[serde(deserialize_with = "read::algorithms")]
    algorithms: Option<List>,
    #[serde(deserialize_with = "read::leeway_seconds")]
    leeway_seconds: Option<u64>,
    #[serde(deserialize_with = "read::typ")]
    typ: Option<String>,
    #[serde(deserialize_with = "read::profile")]
    profile: Option<String>,
    #[serde(deserialize_with = "read::max_age_seconds")]
    max_age_seconds: Option<u64>,
    #[serde(deserialize_with = "read::max_lifetime_seconds")]
    max_lifetime_seconds: Option<u64>,
    #[serde(deserialize_with = "read::require")]
    require: Option<BTreeMap<String, Value>>,
    #[serde(deserialize_with = "read::danger_allow_http")]
    danger_allow_http: Option<bool>,
    #[serde(deserialize_with = "read::danger_any_audience")]
    danger_any_audience: Option<bool>,
    #[serde(deserialize_with = "read::danger_no_expiry")]
    danger_no_expiry: Option<bool>,
    #[serde(deserialize_with = "read::danger_accept_bound_tokens")]
    danger_accept_bound_tokens: Option<bool>,
}

mod read {
    use super::{BTreeMap, List, Value};

    super::settings! {
        issuer: String,
        audience: List,
        or_claim: BTreeMap<String, List>,
        algorithms: List,
        leeway_seconds: u64,
        typ: String,
        profile: String,
        max_age_seconds: u64,
        max_lifetime_seconds: u64,
        require: BTreeMap<String, Value>,
        danger_allow_http: bool,
        danger_any_audience: bool,
        danger_no_expiry: bool,
        danger_accept_bound_tokens: bool,
    }
}

impl<'de> Parts<'de> for Settings {
    const EXPECTED: &'static str = "a table for each `issuer`";

    fn of_table<A: MapAccess<'de>>(table: A) -> Result<Self, A::Error> {
        Self::deserialize(MapAccessDeserializer::new(table))
    }
}

impl From<Whole<Settings>> for IssuerConfig {
    fn from(Whole(settings): Whole<Settings>) -> Self {
        Self(settings)
    }
}

impl IssuerConfig {
    /// Whether both name the same issuer.
    pub(super) fn same_as(&self, other: &Self) -> bool {
        self.0.issuer == other.0.issuer
    }

    /// The issuer, with the files that it names in this folder. An error begins with the setting.
    pub(super) fn build(&self, folder: &Path) -> Result<TrustedIssuer, ConfigError> {
        self.0.build(folder)
    }
}

/// Whether it is a URL with a user name, and so most likely with a password.
fn has_user_name(issuer: &str) -> bool {
    let Some((_, rest)) = issuer.split_once("://") else { return false };
    rest.split(['/', '?', '#']).next().is_some_and(|authority| authority.contains('@'))
}

/// The issuer and where its keys are: what stands in other settings may be a secret.
impl fmt::Debug for IssuerConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Settings { issuer, keys, .. } = &self.0;
        let hides = |issuer: &str| has_user_name(issuer) || issuer.contains(['?', '#']);
        let shown = |issuer| if hides(issuer) { "not shown" } else { issuer };
        f.debug_struct("IssuerConfig")
            .field("issuer", &issuer.as_deref().map(shown))
            .field("keys", &keys.as_ref().map(|Whole(keys)| keys))
            .finish_non_exhaustive()
    }
}
