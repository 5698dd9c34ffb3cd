//! What may happen to a server, and what holds nonetheless. Each of these has a server of its own and takes real time.

mod cut;
mod killed;
mod lost;
mod paused;

use std::time::Duration;

pub use self::{
    cut::{connections_cut, machine_vanished},
    killed::killed,
    lost::{emptied, writes_lost},
    paused::{paused_for_10_s, paused_for_60_s},
};

/// Within this everything goes on once the server is back, on each node and without a restart of any. Mostly it takes two seconds; this is
/// on a machine that has a dozen servers to run.
pub(crate) const RECOVERY: Duration = Duration::from_secs(20);
