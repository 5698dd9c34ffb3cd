//! The claims that have a meaning of their own ([RFC 7519 §4.1], [RFC 9068 §2.2], RFC 8693 §4.2).
//!
//! [RFC 7519 §4.1]: https://www.rfc-editor.org/rfc/rfc7519#section-4.1
//! [RFC 9068 §2.2]: https://www.rfc-editor.org/rfc/rfc9068#section-2.2

pub(crate) mod audience;
pub(crate) mod registered;
pub(crate) mod scopes;
