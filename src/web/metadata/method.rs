/// A way to send a token that RFC 6750 knows, for
/// [`ProtectedResource::bearer_methods`](crate::ProtectedResource::bearer_methods).
///
/// Cookies and subprotocols of WebSockets have no name there. A token in a body is taken by no source: the RFC is for forms
/// alone, and bodies are not read here.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum BearerMethod {
    /// `Authorization: Bearer …` ([RFC 6750 §2.1](https://www.rfc-editor.org/rfc/rfc6750#section-2.1)).
    Header,
    /// `?access_token=…` ([RFC 6750 §2.3](https://www.rfc-editor.org/rfc/rfc6750#section-2.3)).
    Query,
}

impl BearerMethod {
    /// Its name in the document.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Header => "header",
            Self::Query => "query",
        }
    }
}
