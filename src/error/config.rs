use std::{borrow::Cow, error::Error, fmt};

use super::KeyError;

/// The set-up is wrong, and cannot become right by waiting.
///
/// The message says what to do about it. It names settings, never secrets.
///
/// ```
/// use tower_bearer::StaticKeys;
///
/// let error = StaticKeys::hs256("too short").unwrap_err();
/// assert!(error.to_string().contains("at least 32 bytes"));
/// ```
#[derive(Clone)]
pub struct ConfigError {
    message: Cow<'static, str>,
    source: Option<super::Source>,
}

impl ConfigError {
    /// For stores and other parts that are built outside this crate: the message says what to do.
    #[must_use]
    pub fn new(message: impl Into<Cow<'static, str>>) -> Self {
        Self { message: message.into(), source: None }
    }

    /// The same with its cause, which should hold no secret.
    #[must_use]
    pub fn because(
        message: impl Into<Cow<'static, str>>,
        source: impl Error + Send + Sync + 'static,
    ) -> Self {
        Self { message: message.into(), source: Some(std::sync::Arc::new(source)) }
    }

    /// With this in front: where the fault is, as a part of something larger.
    #[cfg(feature = "config")]
    pub(crate) fn within(self, larger: impl fmt::Display) -> Self {
        Self { message: format!("{larger}{}", self.message).into(), source: self.source }
    }

    /// With another message, and the cause it has.
    #[cfg(feature = "config")]
    pub(crate) fn reworded(self, message: String) -> Self {
        Self { message: message.into(), source: self.source }
    }
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl fmt::Debug for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("ConfigError").field(&self.message).finish()
    }
}

impl Error for ConfigError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        super::source_of(self.source.as_ref())
    }
}

/// A key that is refused while something is being built is a fault of the set-up.
impl From<KeyError> for ConfigError {
    fn from(error: KeyError) -> Self {
        Self { message: error.message().clone(), source: error.into_source() }
    }
}
