use std::{error::Error, fmt, sync::Arc, time::Duration};

use super::ConfigError;

/// Why nobody can say whether an issuer is trusted.
///
/// An [`IssuerResolver`](crate::IssuerResolver) answers with it when it does not know. The client sees 503 with
/// `Retry-After`, and nothing is remembered: the next token of that issuer asks again. An issuer that is
/// known to be nobody's is no error, but `Ok(None)`, and 401.
///
/// ```
/// use std::time::Duration;
/// use tower_bearer::IssuerError;
///
/// let error = IssuerError::unavailable("the database is gone").with_retry_after(Duration::from_secs(10));
/// assert_eq!(error.retry_after(), Some(Duration::from_secs(10)));
/// ```
#[derive(Clone)]
pub struct IssuerError {
    reason: Reason,
    retry_after: Option<Duration>,
}

#[derive(Clone)]
enum Reason {
    Misconfigured(ConfigError),
    Overloaded,
    Unavailable(super::Source),
}

impl IssuerError {
    /// What is known of issuers cannot be reached.
    ///
    /// The source is logged at `warn`, so it should hold no secret.
    #[must_use]
    pub fn unavailable(source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        let source: Box<dyn Error + Send + Sync> = source.into();
        Self::of(Reason::Unavailable(Arc::from(source)))
    }

    /// When it is worth asking again: the `Retry-After` of the answer, in whole seconds, rounded up.
    #[must_use]
    pub fn with_retry_after(mut self, after: Duration) -> Self {
        self.retry_after = Some(after);
        self
    }

    /// When it is worth asking again, if the resolver knows.
    pub fn retry_after(&self) -> Option<Duration> {
        self.retry_after
    }

    /// Too many issuers are being asked for.
    pub(crate) fn overloaded() -> Self {
        Self::of(Reason::Overloaded)
    }

    /// The fault of the set-up, if it is one.
    pub(crate) fn config_error(&self) -> Option<&ConfigError> {
        match &self.reason {
            Reason::Misconfigured(error) => Some(error),
            Reason::Overloaded | Reason::Unavailable(_) => None,
        }
    }

    fn of(reason: Reason) -> Self {
        Self { reason, retry_after: None }
    }
}

/// An issuer whose settings cannot be used: the token may be good, and the fault is ours. It is logged at
/// `error`.
impl From<ConfigError> for IssuerError {
    fn from(error: ConfigError) -> Self {
        Self::of(Reason::Misconfigured(error))
    }
}

impl fmt::Display for IssuerError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.reason {
            Reason::Misconfigured(_) => "the settings of an issuer cannot be used",
            Reason::Overloaded => "issuers are being looked up for too many requests",
            Reason::Unavailable(_) => "the issuers cannot be reached",
        })
    }
}

impl fmt::Debug for IssuerError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("IssuerError")
            .field("message", &self.to_string())
            .field("retry_after", &self.retry_after)
            .finish_non_exhaustive()
    }
}

impl Error for IssuerError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match &self.reason {
            Reason::Misconfigured(error) => Some(error),
            Reason::Overloaded => None,
            Reason::Unavailable(source) => super::source_of(Some(source)),
        }
    }
}
