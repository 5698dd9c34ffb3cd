use std::time::Duration;

use serde::{Serialize, Serializer};

use crate::jose::jwk::SkippedKey;

/// How an issuer's keys are, for a health endpoint.
///
/// It can be written as JSON, with durations in whole seconds:
/// `{"usable":true,"keys":2,"skipped":[],"age":41,"next_refresh":199,"last_error":null}`.
#[derive(Clone, Debug, Default, Serialize)]
#[non_exhaustive]
pub struct KeysStatus {
    /// Whether tokens can be verified, for all that is known: `false` while there are no keys because they could not be
    /// had. Where nobody has asked for them yet, or not for an hour, the next request has them fetched: that is
    /// `true`, with no `keys`.
    pub usable: bool,
    /// How many keys there are.
    pub keys: usize,
    /// The keys of the set that were left out, and why.
    pub skipped: Vec<SkippedKey>,
    /// How long ago the last good answer was asked for; `None` if there was none or keys do not age.
    #[serde(serialize_with = "seconds")]
    pub age: Option<Duration>,
    /// In how long the keys will be asked for again; `None` if that is not planned.
    #[serde(serialize_with = "seconds")]
    pub next_refresh: Option<Duration>,
    /// Why the last attempt failed; `None` if it did not. Holds nothing of a key or a token.
    pub last_error: Option<String>,
}

#[expect(clippy::ref_option, reason = "serde calls it so")]
fn seconds<S: Serializer>(duration: &Option<Duration>, serializer: S) -> Result<S::Ok, S::Error> {
    duration.map(|duration| duration.as_secs()).serialize(serializer)
}
