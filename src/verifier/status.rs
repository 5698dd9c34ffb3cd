use serde::Serialize;

use crate::keys::KeysStatus;

/// How an issuer and its keys are, for a health endpoint. Made by [`Verifier::status`](crate::Verifier::status).
///
/// As JSON: `{"issuer":"https://issuer.example","keys":{"usable":true, …}}`, with `null` for keys of which
/// nothing is known.
#[derive(Clone, Debug, Serialize)]
#[non_exhaustive]
pub struct IssuerStatus {
    /// The issuer, as it was configured.
    pub issuer: String,
    /// How its keys are; `None` if their resolver does not say.
    pub keys: Option<KeysStatus>,
}

impl IssuerStatus {
    /// Whether its tokens can be verified, for all that is known: `false` while its keys cannot be had.
    pub fn is_usable(&self) -> bool {
        self.keys.as_ref().is_none_or(|keys| keys.usable)
    }
}
