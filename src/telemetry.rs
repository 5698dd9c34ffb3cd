//! What is said to `tracing` and, behind the feature `metrics`, counted. The tables of all events and of all
//! metrics stand on the crate's front page, under "Logs" and "Metrics".

#[cfg_attr(not(feature = "metrics"), path = "telemetry/disabled.rs")]
#[cfg_attr(feature = "metrics", path = "telemetry/enabled.rs")]
pub(crate) mod count;
pub(crate) mod record;

/// The target of every event.
pub(crate) const TARGET: &str = "tower_bearer";
