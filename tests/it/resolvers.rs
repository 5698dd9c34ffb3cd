//! Resolvers of one's own: at once, later, not at all.
