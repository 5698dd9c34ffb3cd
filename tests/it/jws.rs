//! Signed tokens and attacks on them: RFC 7515, RFC 8725.
