//! [`VerifierConfig`]: a [`Verifier`] from a configuration file (feature `config`).
//!
//! Any format of serde's that says itself what it holds will do: these are types to deserialize, and nothing here
//! opens a file but those of the keys. `docs/CONFIGURATION.md` has every setting in one table.
//!
//! Reading says which setting is unknown or of a wrong type. Everything else is said when the verifier is
//! built, with the setting in front: `issuer[0].keys.algorithm: …`.

mod issuer;
mod keys;
mod list;
mod reading;

use std::{borrow::Cow, path::PathBuf};

use serde::{
    Deserialize,
    de::{
        MapAccess, SeqAccess,
        value::{MapAccessDeserializer, SeqAccessDeserializer},
    },
};

pub use self::issuer::IssuerConfig;
use self::reading::{Parts, Whole};
use crate::{
    error::ConfigError,
    verifier::{TrustedIssuer, Verifier},
};

/// The trusted issuers of a configuration file.
///
/// ```
/// use tower_bearer::VerifierConfig;
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let config: VerifierConfig = toml::from_str(r#"
///     [[issuer]]
///     issuer = "https://issuer.example"
///     audience = "https://api.example"
///     keys = { jwks_file = "keys/jwks.json" }
/// "#)?;
/// let verifier = config.relative_to("examples").build()?;
/// # drop(verifier);
/// # Ok(())
/// # }
/// ```
///
/// Beside settings of your own, either as a table of its own (`auth: VerifierConfig`, and `[[auth.issuer]]` in
/// the file) or as a list:
///
/// ```
/// use serde::Deserialize;
/// use tower_bearer::{IssuerConfig, VerifierConfig};
///
/// #[derive(Deserialize)]
/// #[serde(deny_unknown_fields)]
/// struct Settings {
///     listen: std::net::SocketAddr,
///     #[serde(rename = "issuer")]
///     issuers: Vec<IssuerConfig>,
/// }
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let settings: Settings = serde_json::from_str(r#"{
///     "listen": "127.0.0.1:3000",
///     "issuer": [{
///         "issuer": "https://issuer.example",
///         "audience": ["https://api.example"],
///         "keys": { "pem_file": "examples/keys/es256.public.pem", "algorithm": "ES256" }
///     }]
/// }"#)?;
/// let verifier = VerifierConfig::new(settings.issuers).build()?;
/// # let _ = (verifier, settings.listen);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, Deserialize)]
#[serde(from = "Whole<Document>")]
pub struct VerifierConfig {
    issuers: Vec<IssuerConfig>,
    folder: PathBuf,
}

/// What stands in the file.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Document {
    issuer: Option<Whole<Vec<IssuerConfig>>>,
}

impl<'de> Parts<'de> for Document {
    const EXPECTED: &'static str = "a table with `issuer`";

    fn of_table<A: MapAccess<'de>>(table: A) -> Result<Self, A::Error> {
        Self::deserialize(MapAccessDeserializer::new(table))
    }
}

impl<'de> Parts<'de> for Vec<IssuerConfig> {
    const EXPECTED: &'static str = "a list of tables for `issuer`";

    fn of_list<A: SeqAccess<'de>>(list: A) -> Result<Self, A::Error> {
        Self::deserialize(SeqAccessDeserializer::new(list))
    }
}

impl From<Whole<Document>> for VerifierConfig {
    fn from(Whole(Document { issuer }): Whole<Document>) -> Self {
        Self::new(issuer.into_iter().flat_map(|Whole(issuers)| issuers))
    }
}

impl VerifierConfig {
    /// Of issuers that were read as a part of something larger.
    pub fn new(issuers: impl IntoIterator<Item = IssuerConfig>) -> Self {
        Self { issuers: issuers.into_iter().collect(), folder: PathBuf::new() }
    }

    /// Where relative paths start: the folder of the configuration file. Without this it is the
    /// directory the program was started in.
    #[must_use]
    pub fn relative_to(mut self, folder: impl Into<PathBuf>) -> Self {
        self.folder = folder.into();
        self
    }

    /// A verifier of all these issuers. Files and environment variables are read now.
    ///
    /// # Errors
    ///
    /// As [`trusted_issuers`](Self::trusted_issuers); or there is no issuer, or one is there twice.
    pub fn build(&self) -> Result<Verifier, ConfigError> {
        if self.issuers.is_empty() {
            return Err(ConfigError::new("issuer: there is none: name one to trust"));
        }
        let issuers = self.trusted_issuers()?;
        for (at, issuer) in self.issuers.iter().enumerate() {
            if self.issuers.iter().take(at).any(|other| other.same_as(issuer)) {
                return Err(wrong(
                    &format!("issuer[{at}].issuer"),
                    "it is there twice: give it all its audiences and keys at once",
                ));
            }
        }
        Verifier::any_of(issuers)
    }

    /// The issuers one by one, in their order: for what cannot stand in a file, such as a
    /// [`clock`](TrustedIssuer::clock). [`Verifier::any_of`] makes a verifier of them.
    ///
    /// # Errors
    ///
    /// A setting is missing, empty, or contradicts another one; a file cannot be read or holds no key that can be
    /// used; an environment variable is not set. The message begins with the setting and says what to
    /// do; it holds no secret.
    pub fn trusted_issuers(&self) -> Result<Vec<TrustedIssuer>, ConfigError> {
        let build = |(at, issuer): (usize, &IssuerConfig)| {
            let named = |error: ConfigError| error.within(format_args!("issuer[{at}]."));
            issuer.build(&self.folder).map_err(named)
        };
        self.issuers.iter().enumerate().map(build).collect()
    }
}

/// The setting, and what is wrong with it.
fn wrong(setting: &str, message: impl Into<Cow<'static, str>>) -> ConfigError {
    ConfigError::new(message).within(format_args!("{setting}: "))
}
