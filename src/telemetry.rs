//! What is said to `tracing`, and under which names.
//!
//! All events have the target `tower_bearer`. None holds a token, a key, a claim or a `kid`.
//!
//! | level | message | fields | when |
//! |---|---|---|---|
//! | `debug` | `request refused` | `reason`, `status` | a request is answered by the layer |
//! | `debug` | `token failed, request passes` | `reason` | best effort lets a bad token through |
//! | `warn` | `keys unavailable` | `error` | a resolver could not say whether there is a key |
//! | `warn` | `unknown issuer is nearly a trusted one` | `trusted`, `difference` | a slash too many or too few; once for each trusted issuer |
//! | `warn` | `claims do not fit the type a handler asks for` | `field` | an extractor or `JwtLayer::claims` answers 403 |
//! | `error` | `no JwtLayer around this route` | | an extractor finds no outcome and answers 500 |
//!
//! `reason` is a [`TokenErrorKind::code`](crate::TokenErrorKind::code) or a
//! [`RejectionKind::code`](crate::RejectionKind::code); `trusted` is an issuer as it was configured.

/// The target of every event.
pub(crate) const TARGET: &str = "tower_bearer";
