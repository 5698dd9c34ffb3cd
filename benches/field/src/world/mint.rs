//! The tokens: one that is good, and one for each way of being bad.

use std::time::Duration;

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::json;

use super::{AUDIENCE, Algorithm, Failure, KIDS, RawKey, SUBJECT, keys::KeyPair};

const HOUR: u64 = 3_600;
const ID: &str = "c9f0f895-fb98-4b91-8d7e-1f3d2a6b5c4e";

pub(super) struct Mint {
    pub(super) algorithm: Algorithm,
    pub(super) issuer: String,
    pub(super) now: Duration,
    pub(super) signing: KeyPair,
    pub(super) foreign: KeyPair,
}

pub(super) struct Minted {
    pub(super) tokens: Tokens,
    pub(super) raw_key: RawKey,
}

/// Tokens of one issuer. All but `good` have to be refused.
pub(crate) struct Tokens {
    pub(crate) good: String,
    /// One bit of the signature is another.
    pub(crate) flipped: String,
    /// Signed by a key that is not the issuer's, under the name of one that is.
    pub(crate) foreign: String,
    pub(crate) expired: String,
    pub(crate) wrong_audience: String,
    pub(crate) wrong_issuer: String,
    pub(crate) unknown_kid: String,
    /// What the good token's signature is over, and its signature.
    pub(crate) message: Vec<u8>,
    pub(crate) signature: Vec<u8>,
}

/// What a token says that others may not say.
struct Said<'a> {
    audience: &'a str,
    expires: u64,
    issuer: &'a str,
    kid: &'a str,
    subject: &'a str,
    id: &'a str,
}

impl Mint {
    pub(super) fn tokens(&self) -> Result<Minted, Failure> {
        let message = self.message(&self.said());
        let signature = self.signing.sign(message.as_bytes())?;
        let mut flipped = signature.clone();
        // Not in the last byte, where base64 may not have a place for it.
        *flipped.get_mut(20).ok_or("the signature is too short")? ^= 1;
        let tokens = Tokens {
            good: token(&message, &signature),
            flipped: token(&message, &flipped),
            foreign: token(&message, &self.foreign.sign(message.as_bytes())?),
            expired: self.signed(&Said { expires: self.now.as_secs() - HOUR, ..self.said() })?,
            wrong_audience: self
                .signed(&Said { audience: "https://foe.example.com", ..self.said() })?,
            wrong_issuer: self
                .signed(&Said { issuer: "https://foe.example.com/realms/RS256", ..self.said() })?,
            unknown_kid: self.signed(&Said { kid: "2026-11-x", ..self.said() })?,
            message: message.into_bytes(),
            signature,
        };
        Ok(Minted { tokens, raw_key: self.signing.raw()? })
    }

    /// Good tokens of so many subjects, signed by whoever this is.
    pub(super) fn crowd(
        &self,
        count: usize,
        sign: impl Fn(&[u8]) -> Result<Vec<u8>, Failure>,
    ) -> Result<Vec<String>, Failure> {
        let one = |number| {
            let subject = format!("8f14e45f-ceea-467f-9a36-{number:012x}");
            let id = format!("c9f0f895-fb98-4b91-8d7e-{number:012x}");
            let message = self.message(&Said { subject: &subject, id: &id, ..self.said() });
            Ok(token(&message, &sign(message.as_bytes())?))
        };
        (0..count).map(one).collect()
    }

    fn said(&self) -> Said<'_> {
        let [kid, _] = KIDS;
        Said {
            audience: AUDIENCE,
            expires: self.now.as_secs() + 12 * HOUR,
            issuer: &self.issuer,
            kid,
            subject: SUBJECT,
            id: ID,
        }
    }

    fn signed(&self, said: &Said<'_>) -> Result<String, Failure> {
        let message = self.message(said);
        Ok(token(&message, &self.signing.sign(message.as_bytes())?))
    }

    /// What every contender asks for is in every token: RFC 9068 `client_id`, Keycloak `azp` and `typ`.
    fn message(&self, said: &Said<'_>) -> String {
        let header = json!({ "typ": "at+jwt", "alg": self.algorithm.in_header(), "kid": said.kid });
        let issued = said.expires - 13 * HOUR;
        let claims = json!({
            "iss": said.issuer,
            "sub": said.subject,
            "aud": [said.audience, "account"],
            "exp": said.expires,
            "iat": issued,
            "nbf": issued,
            "jti": said.id,
            "client_id": "web",
            "azp": "web",
            "typ": "Bearer",
            "scope": "openid notes:read notes:write",
            "roles": ["editor", "reader"],
        });
        format!("{}.{}", encode(header.to_string()), encode(claims.to_string()))
    }
}

fn token(message: &str, signature: &[u8]) -> String {
    format!("{message}.{}", encode(signature))
}

fn encode(bytes: impl AsRef<[u8]>) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}
