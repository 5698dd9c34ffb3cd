//! No input panics, and no mutation of a good token is taken.
