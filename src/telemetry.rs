//! What is said to `tracing`. The table of all events stands on the crate's front page, under "Logs".

/// The target of every event.
pub(crate) const TARGET: &str = "tower_bearer";
