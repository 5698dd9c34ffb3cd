use std::{fmt, time::Duration};

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use serde::{Serialize, Serializer};
use serde_json::{Map, Value, json};
use zeroize::Zeroizing;

use crate::{
    error::{ConfigError, KeyError},
    issue::store::SessionId,
    jose::{compact::MAX_TOKEN_LEN, signing::SigningKey},
};

/// What the token of a session says of it.
#[derive(Clone, Copy, Serialize)]
pub(in crate::issue) struct SessionClaims<'a> {
    #[serde(serialize_with = "displayed")]
    pub(in crate::issue) sid: SessionId,
    /// In seconds since 1970.
    pub(in crate::issue) auth_time: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::issue) acr: Option<&'a str>,
    /// When the session ends in any case.
    #[serde(skip)]
    pub(in crate::issue) until: u64,
}

fn displayed<S: Serializer>(sid: &SessionId, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(sid)
}

/// All that a token says.
#[derive(Serialize)]
pub(super) struct AllClaims<'a> {
    pub(super) iss: &'a str,
    pub(super) sub: &'a str,
    #[serde(serialize_with = "one_or_many")]
    pub(super) aud: &'a [String],
    pub(super) exp: u64,
    pub(super) iat: u64,
    pub(super) jti: &'a str,
    pub(super) client_id: &'a str,
    #[serde(flatten)]
    pub(super) session: Option<SessionClaims<'a>>,
    #[serde(flatten)]
    pub(super) granted: &'a Map<String, Value>,
}

/// One as a string, several as an array (RFC 7519 §4.1.3).
fn one_or_many<S: Serializer>(names: &[String], serializer: S) -> Result<S::Ok, S::Error> {
    match names {
        [one] => one.serialize(serializer),
        several => several.serialize(serializer),
    }
}

/// An access token that was just issued. `Debug` does not show it.
#[derive(Clone)]
pub struct AccessToken {
    token: Zeroizing<String>,
    jwt_id: String,
    expires_in: Duration,
}

impl AccessToken {
    /// Writes and signs it.
    pub(super) fn sign(
        key: &SigningKey,
        claims: &AllClaims<'_>,
        expires_in: Duration,
    ) -> Result<Self, IssueError> {
        let header = json!({ "alg": key.algorithm().name(), "typ": "at+jwt", "kid": key.kid() });
        let payload = serde_json::to_vec(claims)
            .map_err(|_| IssueError::new("the claims cannot be written as JSON"))?;
        let mut token = Zeroizing::new(String::new());
        URL_SAFE_NO_PAD.encode_string(header.to_string(), &mut token);
        token.push('.');
        URL_SAFE_NO_PAD.encode_string(payload, &mut token);
        let signature = key.sign(token.as_bytes())?;
        token.push('.');
        URL_SAFE_NO_PAD.encode_string(signature, &mut token);
        if token.len() > MAX_TOKEN_LEN {
            return Err(IssueError::new(format!(
                "the token would have {} bytes, and verifiers take {MAX_TOKEN_LEN}: put less into the grant",
                token.len()
            )));
        }
        Ok(Self { token, jwt_id: claims.jti.to_owned(), expires_in })
    }

    /// The same, unless it is longer than this.
    pub(in crate::issue) fn within(self, longest: usize) -> Result<Self, IssueError> {
        match self.token.len() {
            length if length > longest => Err(IssueError::new(format!(
                "the access token has {length} bytes, and there is room for {longest}: put less into the grant"
            ))),
            _ => Ok(self),
        }
    }

    /// The token in compact form, for the client.
    pub fn as_str(&self) -> &str {
        &self.token
    }

    /// Its id (`jti`), by which it can be revoked alone.
    pub fn jwt_id(&self) -> &str {
        &self.jwt_id
    }

    /// How long it lives from now on, in whole seconds.
    pub fn expires_in(&self) -> Duration {
        self.expires_in
    }
}

impl fmt::Debug for AccessToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AccessToken").field("expires_in", &self.expires_in).finish_non_exhaustive()
    }
}

/// A token could not be issued: the fault is on this side, and the answer is 500.
#[derive(Clone)]
pub struct IssueError(ConfigError);

impl IssueError {
    pub(in crate::issue) fn new(message: impl Into<std::borrow::Cow<'static, str>>) -> Self {
        Self(ConfigError::new(message))
    }
}

impl From<KeyError> for IssueError {
    fn from(error: KeyError) -> Self {
        Self(error.into())
    }
}

impl From<ConfigError> for IssueError {
    fn from(error: ConfigError) -> Self {
        Self(error)
    }
}

impl fmt::Display for IssueError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Debug for IssueError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("IssueError").field(&self.0.to_string()).finish()
    }
}

impl std::error::Error for IssueError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.0.source()
    }
}
