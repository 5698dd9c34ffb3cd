mod local;
mod path;

use std::{fmt, path::Path, sync::Arc};

use serde::{
    Deserialize,
    de::{MapAccess, value::MapAccessDeserializer},
};

use super::{
    reading::{Parts, settings},
    wrong,
};
use crate::{
    error::ConfigError,
    jose::algorithm::Algorithm,
    keys::{
        KeyResolver,
        remote::{RemoteJwks, RemoteJwksBuilder},
    },
};

/// Where an issuer's keys are.
#[derive(Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct KeysConfig {
    #[serde(deserialize_with = "read::discover")]
    discover: Option<bool>,
    #[serde(deserialize_with = "read::jwks_url")]
    jwks_url: Option<String>,
    #[serde(deserialize_with = "read::jwks_file")]
    jwks_file: Option<String>,
    #[serde(deserialize_with = "read::pem_file")]
    pem_file: Option<String>,
    #[serde(deserialize_with = "read::secret_env")]
    secret_env: Option<String>,
    #[serde(deserialize_with = "read::algorithm")]
    algorithm: Option<String>,
}

mod read {
    super::settings! {
        discover: bool,
        jwks_url: String,
        jwks_file: String,
        pem_file: String,
        secret_env: String,
        algorithm: String,
    }
}

impl<'de> Parts<'de> for KeysConfig {
    const EXPECTED: &'static str = "a table such as `{ discover = true }` for `keys`";

    fn of_table<A: MapAccess<'de>>(table: A) -> Result<Self, A::Error> {
        Self::deserialize(MapAccessDeserializer::new(table))
    }
}

/// Whose keys they are.
pub(super) struct Owner<'a> {
    pub(super) issuer: &'a str,
    /// Where relative paths start.
    pub(super) folder: &'a Path,
    pub(super) allow_http: bool,
}

/// The one place that is named.
enum Place<'a> {
    Discover,
    JwksFile(&'a str),
    JwksUrl(&'a str),
    PemFile(&'a str),
    SecretEnv(&'a str),
}

impl KeysConfig {
    /// The keys of this issuer. An error begins with the setting.
    pub(super) fn build(&self, owner: &Owner<'_>) -> Result<Arc<dyn KeyResolver>, ConfigError> {
        let place = self.place()?;
        if owner.allow_http && !matches!(place, Place::Discover | Place::JwksUrl(_)) {
            return Err(wrong(
                "danger_allow_http",
                "nothing is fetched for these keys: leave it out",
            ));
        }
        Ok(match place {
            Place::Discover => {
                self.without_algorithm()?;
                if owner.issuer.contains(['?', '#']) {
                    return Err(wrong(
                        "keys.discover",
                        "the issuer has a query or a fragment: name its keys by `jwks_url`",
                    ));
                }
                remote("keys.discover", RemoteJwks::discovery(owner.issuer), owner.allow_http)?
            }
            Place::JwksUrl(url) => {
                self.without_algorithm()?;
                remote("keys.jwks_url", RemoteJwks::builder(url), owner.allow_http)?
            }
            Place::JwksFile(file) => {
                self.without_algorithm()?;
                Arc::new(local::jwks_file(owner.folder, file)?)
            }
            Place::PemFile(file) => {
                Arc::new(local::pem_file(owner.folder, file, self.public_algorithm()?)?)
            }
            Place::SecretEnv(name) => Arc::new(local::secret_env(name, self.secret_algorithm()?)?),
        })
    }

    fn place(&self) -> Result<Place<'_>, ConfigError> {
        let Self { discover, jwks_url, jwks_file, pem_file, secret_env, algorithm: _ } = self;
        if *discover == Some(false) {
            return Err(wrong("keys.discover", "`false` says nothing: leave it out"));
        }
        let places = [
            ("discover", discover.map(|_| Place::Discover)),
            ("jwks_url", jwks_url.as_deref().map(Place::JwksUrl)),
            ("jwks_file", jwks_file.as_deref().map(Place::JwksFile)),
            ("pem_file", pem_file.as_deref().map(Place::PemFile)),
            ("secret_env", secret_env.as_deref().map(Place::SecretEnv)),
        ];
        let mut named = places.into_iter().filter_map(|(name, place)| Some((name, place?)));
        match (named.next(), named.next()) {
            (Some((_, place)), None) => Ok(place),
            (Some((one, _)), Some((other, _))) => Err(wrong(
                "keys",
                format!("`{one}` and `{other}` exclude each other: leave one out"),
            )),
            (None, _) => Err(wrong(
                "keys",
                "name one of `discover`, `jwks_url`, `jwks_file`, `pem_file` and `secret_env`",
            )),
        }
    }

    fn public_algorithm(&self) -> Result<Algorithm, ConfigError> {
        match self.algorithm("public key")? {
            algorithm if algorithm.is_symmetric() => Err(wrong(
                "keys.algorithm",
                format!("{algorithm} takes a secret: name it by `secret_env`"),
            )),
            algorithm => Ok(algorithm),
        }
    }

    fn secret_algorithm(&self) -> Result<Algorithm, ConfigError> {
        match self.algorithm("secret")? {
            algorithm if algorithm.is_symmetric() => Ok(algorithm),
            algorithm => Err(wrong(
                "keys.algorithm",
                format!("{algorithm} takes a public key: name it by `pem_file`"),
            )),
        }
    }

    fn algorithm(&self, what: &str) -> Result<Algorithm, ConfigError> {
        match &self.algorithm {
            Some(name) => algorithm_named("keys.algorithm", name),
            None => Err(wrong(
                "keys.algorithm",
                format!("missing: name the one that the {what} is for"),
            )),
        }
    }

    fn without_algorithm(&self) -> Result<(), ConfigError> {
        match self.algorithm {
            None => Ok(()),
            Some(_) => Err(wrong(
                "keys.algorithm",
                "a JWK Set says it of each key: leave it out, or name those to take in `algorithms`",
            )),
        }
    }
}

fn remote(
    setting: &str,
    builder: RemoteJwksBuilder,
    allow_http: bool,
) -> Result<Arc<dyn KeyResolver>, ConfigError> {
    let builder = if allow_http { builder.danger_allow_http() } else { builder };
    let keys = builder.build().map_err(|error| error.within(format_args!("{setting}: ")))?;
    Ok(Arc::new(keys))
}

/// The algorithm of this name, which this setting gave.
pub(super) fn algorithm_named(setting: &str, name: &str) -> Result<Algorithm, ConfigError> {
    Algorithm::named(name).ok_or_else(|| {
        let names = Algorithm::ALL.map(Algorithm::name).join(", ");
        wrong(setting, format!("no such algorithm: there are {names}, and case counts"))
    })
}

/// Only which settings there are: what stands in them may be a secret.
impl fmt::Debug for KeysConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { discover, jwks_url, jwks_file, pem_file, secret_env, algorithm } = self;
        let settings = [
            ("discover", discover.is_some()),
            ("jwks_url", jwks_url.is_some()),
            ("jwks_file", jwks_file.is_some()),
            ("pem_file", pem_file.is_some()),
            ("secret_env", secret_env.is_some()),
            ("algorithm", algorithm.is_some()),
        ];
        let there = settings.iter().filter_map(|(name, there)| there.then_some(name));
        f.debug_set().entries(there).finish()
    }
}
