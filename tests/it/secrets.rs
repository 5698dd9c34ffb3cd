//! No token, key or claim ever reaches a log.
