//! What the claims must be: RFC 7519 §4.1, RFC 9068 §2.2.
