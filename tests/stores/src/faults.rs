//! What may happen to a server, and what holds nonetheless. Each of these has a server of its own and takes real time.

mod cut;
mod killed;
mod lost;
mod paused;

pub use self::{
    cut::{connections_cut, machine_vanished},
    killed::killed,
    lost::{emptied, writes_lost},
    paused::{paused_for_10_s, paused_for_60_s},
};
