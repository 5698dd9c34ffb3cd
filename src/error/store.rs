use std::{error::Error, fmt, sync::Arc};

/// A store of sessions or of what is revoked could not do what it was asked for: nobody knows whether it was done.
///
/// It is never shown as a bad token: the answer is 503.
#[derive(Clone)]
pub struct StoreError {
    source: super::Source,
}

impl StoreError {
    /// The store cannot be reached, or what it holds cannot be read. The source is logged, so it should hold no secret.
    #[must_use]
    pub fn unavailable(source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        let source: Box<dyn Error + Send + Sync> = source.into();
        Self { source: Arc::from(source) }
    }
}

impl fmt::Display for StoreError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the store cannot be reached")
    }
}

impl fmt::Debug for StoreError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("StoreError").field(&self.source.to_string()).finish()
    }
}

impl Error for StoreError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        super::source_of(Some(&self.source))
    }
}
