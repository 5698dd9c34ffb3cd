use std::{borrow::Cow, error::Error, fmt, sync::Arc, time::Duration};

/// Why there is no key.
///
/// A [`KeyResolver`](crate::KeyResolver) answers with one of these; the choice decides what the
/// client sees:
///
/// | constructor | means | the client sees |
/// |---|---|---|
/// | [`KeyError::not_found`] | there is no such key, and we know it | 401 `invalid_token` |
/// | [`KeyError::unavailable`] | we cannot know: the source of keys is out of reach | 503 with `Retry-After` |
/// | [`KeyError::invalid`] | what we hold is no usable key | 503: it is our fault, not the client's |
#[derive(Clone)]
pub struct KeyError {
    kind: KeyErrorKind,
    message: Cow<'static, str>,
    retry_after: Option<Duration>,
    source: Option<super::Source>,
    /// The log has it already.
    told: bool,
}

/// What sort of [`KeyError`] it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum KeyErrorKind {
    /// The material is no key that may be used: too weak, malformed, private, of another type.
    Invalid,
    /// The key is not known.
    NotFound,
    /// The source of keys cannot be reached.
    Unavailable,
}

impl KeyError {
    /// The key is not known: the token that names it is refused with 401.
    #[must_use]
    pub fn not_found() -> Self {
        Self::of(KeyErrorKind::NotFound, "no key answers to this token".into())
    }

    /// The source of keys cannot be reached: the request is answered with 503.
    ///
    /// The source is logged at `warn`, so it should hold no secret.
    #[must_use]
    pub fn unavailable(source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        let source: Box<dyn Error + Send + Sync> = source.into();
        Self {
            source: Some(Arc::from(source)),
            ..Self::of(KeyErrorKind::Unavailable, "the keys cannot be reached".into())
        }
    }

    /// What was found is no usable key. The message should say why, and hold no secret.
    #[must_use]
    pub fn invalid(message: impl Into<Cow<'static, str>>) -> Self {
        Self::of(KeyErrorKind::Invalid, message.into())
    }

    /// When it is worth asking again: the `Retry-After` of the answer, in whole seconds, rounded up.
    #[must_use]
    pub fn with_retry_after(mut self, after: Duration) -> Self {
        self.retry_after = Some(after);
        self
    }

    /// It was logged where it arose: those who meet it say so at `debug`.
    #[cfg(feature = "jwks")]
    #[must_use]
    pub(crate) fn told(mut self) -> Self {
        self.told = true;
        self
    }

    pub(crate) fn is_told(&self) -> bool {
        self.told
    }

    /// What sort of error it is.
    pub fn kind(&self) -> KeyErrorKind {
        self.kind
    }

    /// When it is worth asking again, if the resolver knows.
    pub fn retry_after(&self) -> Option<Duration> {
        self.retry_after
    }

    fn of(kind: KeyErrorKind, message: Cow<'static, str>) -> Self {
        Self { kind, message, retry_after: None, source: None, told: false }
    }

    pub(crate) fn message(&self) -> &Cow<'static, str> {
        &self.message
    }

    pub(crate) fn into_source(self) -> Option<super::Source> {
        self.source
    }
}

impl fmt::Display for KeyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl fmt::Debug for KeyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { kind, message, retry_after, source, told: _ } = self;
        // What a `main` prints that ends with this error. The source goes to the log as well.
        f.debug_struct("KeyError")
            .field("kind", kind)
            .field("message", message)
            .field("retry_after", retry_after)
            .field("source", &source.as_ref().map(ToString::to_string))
            .finish()
    }
}

impl Error for KeyError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        super::source_of(self.source.as_ref())
    }
}
