//! What applications see of sessions.

use std::{
    error::Error,
    fmt,
    sync::Arc,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use serde::{Serialize, Serializer, ser::SerializeStruct as _};
use zeroize::Zeroizing;

use super::{
    issuer::{AccessToken, IssueError},
    store::{SessionId, StoredSession},
};
use crate::error::{ConfigError, StoreError};

/// Who has logged in, and how: what a session begins with.
///
/// A string becomes one, if the subject is all there is to say.
#[derive(Clone)]
pub struct Login {
    pub(super) subject: String,
    pub(super) device: String,
    pub(super) acr: Option<String>,
}

/// So much is kept of what a device says of itself, in bytes.
const DEVICE: usize = 256;

impl Login {
    /// This subject, on a device of which nothing is known.
    pub fn new(subject: impl Into<String>) -> Self {
        Self { subject: subject.into(), device: String::new(), acr: None }
    }

    /// On this device: what the list of sessions shows, such as `User-Agent`. Control characters are taken out, and what is beyond 256 bytes is cut off.
    #[must_use]
    pub fn device(mut self, device: &str) -> Self {
        let shown = |letter: &char| !letter.is_control();
        self.device.clear();
        for letter in device.chars().filter(shown) {
            if self.device.len().saturating_add(letter.len_utf8()) > DEVICE {
                break;
            }
            self.device.push(letter);
        }
        self
    }

    /// In this way: the `acr` of its access tokens, which [`RequireAcr`](crate::RequireAcr) asks for.
    #[must_use]
    pub fn acr(mut self, acr: impl Into<String>) -> Self {
        self.acr = Some(acr.into());
        self
    }
}

impl<S: Into<String>> From<S> for Login {
    fn from(subject: S) -> Self {
        Self::new(subject)
    }
}

impl fmt::Debug for Login {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Login").finish_non_exhaustive()
    }
}

/// A session, as its subject may see it.
#[derive(Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Session {
    /// Which it is, as `sid` in its access tokens.
    #[serde(serialize_with = "displayed")]
    pub id: SessionId,
    /// Whose.
    pub subject: String,
    /// On what device, as the application called it.
    pub device: String,
    /// How it was logged in.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub acr: Option<String>,
    /// When it began, in milliseconds since 1970.
    pub created_at: u64,
    /// When it was last renewed, or when it began, in milliseconds since 1970.
    pub renewed_at: u64,
    /// When it ends, renewed or not, in milliseconds since 1970.
    pub expires_at: u64,
}

fn displayed<S: Serializer>(id: &SessionId, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(id)
}

impl Session {
    pub(super) fn of(stored: StoredSession) -> Self {
        let StoredSession { id, subject, device, acr, created_at, rotated_at, expires_at, .. } =
            stored;
        Self { id, subject, device, acr, created_at, renewed_at: rotated_at, expires_at }
    }

    /// When it began, as the standard library has it.
    pub fn began(&self) -> SystemTime {
        time(self.created_at)
    }

    /// When it was last renewed, or when it began.
    pub fn renewed(&self) -> SystemTime {
        time(self.renewed_at)
    }

    /// When it ends, renewed or not.
    pub fn expires(&self) -> SystemTime {
        time(self.expires_at)
    }
}

fn time(millis: u64) -> SystemTime {
    UNIX_EPOCH.checked_add(Duration::from_millis(millis)).unwrap_or(UNIX_EPOCH)
}

/// Names nobody: whose it is, is a claim.
impl fmt::Debug for Session {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Session").field("id", &self.id).finish_non_exhaustive()
    }
}

/// An access token, and what it is renewed with.
///
/// As JSON it is the answer of a token endpoint ([RFC 6749 §5.1](https://www.rfc-editor.org/rfc/rfc6749#section-5.1)):
/// `access_token`, `token_type`, `expires_in` in seconds, `refresh_token`. Such an answer carries `Cache-Control: no-store`.
///
/// `Debug` shows neither token.
#[derive(Clone)]
pub struct TokenPair {
    pub(super) access: AccessToken,
    pub(super) refresh: Zeroizing<String>,
    pub(super) session: Session,
    pub(super) lasts: Duration,
}

impl TokenPair {
    /// What requests carry.
    pub fn access_token(&self) -> &AccessToken {
        &self.access
    }

    /// What the next access token is to be had for, once.
    pub fn refresh_token(&self) -> &str {
        &self.refresh
    }

    /// The session they belong to.
    pub fn session(&self) -> &Session {
        &self.session
    }

    /// How long the session goes on at most, from now on and by the issuer's clock: what a refresh token may be kept for.
    pub fn session_lasts(&self) -> Duration {
        self.lasts
    }
}

impl Serialize for TokenPair {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut answer = serializer.serialize_struct("TokenPair", 4)?;
        answer.serialize_field("access_token", self.access.as_str())?;
        answer.serialize_field("token_type", "Bearer")?;
        answer.serialize_field("expires_in", &self.access.expires_in().as_secs())?;
        answer.serialize_field("refresh_token", self.refresh_token())?;
        answer.end()
    }
}

impl fmt::Debug for TokenPair {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TokenPair").field("session", &self.session).finish_non_exhaustive()
    }
}

/// Why whoever decides on roles gives none.
#[derive(Clone, Debug)]
pub struct GrantError(pub(super) SessionError);

impl GrantError {
    /// The subject may not go on: the session ends. For accounts that were closed.
    #[must_use]
    pub fn denied() -> Self {
        Self(SessionErrorKind::Denied.into())
    }

    /// Nobody can say now: the session stays as it is, and the answer is 503. The source is logged, so it should hold no secret.
    #[must_use]
    pub fn unavailable(source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self(SessionError::from(StoreError::unavailable(source)))
    }
}

impl From<ConfigError> for GrantError {
    fn from(error: ConfigError) -> Self {
        Self(IssueError::from(error).into())
    }
}

impl From<StoreError> for GrantError {
    fn from(error: StoreError) -> Self {
        Self(error.into())
    }
}

/// Why there are no tokens.
#[derive(Clone)]
pub struct SessionError {
    kind: SessionErrorKind,
    source: Option<Arc<dyn Error + Send + Sync>>,
}

/// What sort of [`SessionError`] it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum SessionErrorKind {
    /// The application says that the subject may not go on. The session was ended.
    Denied,
    /// The session has ended: by logout, by its age, or since a token of it was stolen.
    Ended,
    /// The token is none of ours, or no session is known that it belongs to.
    Invalid,
    /// Tokens cannot be issued: a fault on this side.
    Misconfigured,
    /// The token was used before: it was stolen, or the one after it. The session was ended.
    Reused,
    /// The store cannot be reached, or whoever decides on roles.
    Unavailable,
}

impl SessionErrorKind {
    /// A stable name of it, for logs and metrics.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Denied => "denied",
            Self::Ended => "ended",
            Self::Invalid => "invalid",
            Self::Misconfigured => "misconfigured",
            Self::Reused => "reused",
            Self::Unavailable => "unavailable",
        }
    }

    /// What the client is told ([RFC 6749 §5.2](https://www.rfc-editor.org/rfc/rfc6749#section-5.2)): of a bad token always the same, `invalid_grant`.
    pub const fn error(self) -> &'static str {
        match self {
            Self::Denied | Self::Ended | Self::Invalid | Self::Reused => "invalid_grant",
            Self::Misconfigured => "server_error",
            Self::Unavailable => "temporarily_unavailable",
        }
    }

    /// The status that goes with it: 400, 500 or 503.
    pub const fn status(self) -> http::StatusCode {
        match self {
            Self::Denied | Self::Ended | Self::Invalid | Self::Reused => {
                http::StatusCode::BAD_REQUEST
            }
            Self::Misconfigured => http::StatusCode::INTERNAL_SERVER_ERROR,
            Self::Unavailable => http::StatusCode::SERVICE_UNAVAILABLE,
        }
    }
}

impl SessionError {
    /// What sort of error it is.
    pub fn kind(&self) -> SessionErrorKind {
        self.kind
    }
}

impl From<SessionErrorKind> for SessionError {
    fn from(kind: SessionErrorKind) -> Self {
        Self { kind, source: None }
    }
}

impl From<StoreError> for SessionError {
    fn from(error: StoreError) -> Self {
        Self { kind: SessionErrorKind::Unavailable, source: Some(Arc::new(error)) }
    }
}

impl From<IssueError> for SessionError {
    fn from(error: IssueError) -> Self {
        Self { kind: SessionErrorKind::Misconfigured, source: Some(Arc::new(error)) }
    }
}

impl fmt::Display for SessionError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.kind {
            SessionErrorKind::Denied => "the subject may not go on",
            SessionErrorKind::Ended => "the session has ended",
            SessionErrorKind::Invalid => "this is no refresh token",
            SessionErrorKind::Misconfigured => "no token can be issued",
            SessionErrorKind::Reused => "the refresh token was used before",
            SessionErrorKind::Unavailable => "nobody can say now whether the session goes on",
        })
    }
}

impl fmt::Debug for SessionError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let source = self.source.as_ref().map(ToString::to_string);
        f.debug_struct("SessionError").field("kind", &self.kind).field("source", &source).finish()
    }
}

impl Error for SessionError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.source.as_deref().map(|source| source as &(dyn Error + 'static))
    }
}
