//! Modes and outcomes: what handlers and extractors make of a good, a bad and no token.
