//! Rounds in which all take turns, so that what the machine does to one it does to all.

use std::{cell::RefCell, time::Duration};

use serde::{Deserialize, Serialize};
use tokio::{runtime::Runtime, task::yield_now};

use crate::world::Failure;

/// A turn counts for the fastest of its slices: others on the machine interrupt some, but seldom all.
const SLICES: usize = 4;

/// How much is measured.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Plan {
    /// How often everyone's turn comes.
    pub(crate) rounds: usize,
    /// How long a slice of a turn takes, about.
    pub(crate) slice: Duration,
    /// How often everyone's turn comes where a turn is longer than some slices.
    pub(crate) long_rounds: usize,
    /// How many seconds each of them has load over HTTP.
    pub(crate) load_seconds: u64,
}

impl Plan {
    pub(crate) const FULL: Self =
        Self { rounds: 61, slice: Duration::from_millis(1), long_rounds: 9, load_seconds: 1 };
    pub(crate) const QUICK: Self =
        Self { rounds: 7, slice: Duration::from_micros(250), long_rounds: 1, load_seconds: 1 };
}

type Time<'a> = Box<dyn Fn(u32) -> Result<Duration, Failure> + 'a>;

/// One operation that is timed beside others.
pub(crate) struct Lane<'a> {
    time: Time<'a>,
    /// How many of it make a slice.
    times: u32,
    taken: RefCell<Vec<f64>>,
}

impl<'a> Lane<'a> {
    /// Of a function that does it so many times, and says how long that took.
    pub(crate) fn new(time: impl Fn(u32) -> Result<Duration, Failure> + 'a) -> Self {
        Self { time: Box::new(time), times: 1, taken: RefCell::default() }
    }

    /// Finds out how many make a slice, which also warms up.
    fn fit(&mut self, slice: Duration) -> Result<(), Failure> {
        loop {
            let taken = (self.time)(self.times)?;
            if taken * 4 >= slice {
                let share = slice.as_secs_f64() / taken.as_secs_f64();
                self.times = whole(f64::from(self.times) * share).max(1);
                return Ok(());
            }
            self.times = self.times.saturating_mul(2);
        }
    }

    fn turn(&self) -> Result<(), Failure> {
        // Whoever came before has left the caches full of other things.
        (self.time)(self.times.div_ceil(8))?;
        let mut least = Duration::MAX;
        for _ in 0..SLICES {
            least = least.min((self.time)(self.times)?);
        }
        self.taken.borrow_mut().push(least.as_secs_f64() * 1e9 / f64::from(self.times));
        Ok(())
    }
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "it saturates")]
fn whole(times: f64) -> u32 {
    times as u32
}

/// Times all lanes in turns. The answer has one entry for each lane, in their order.
///
/// What contenders have to do in the background they do between rounds.
pub(crate) fn interleaved(
    plan: Plan,
    runtime: &Runtime,
    mut lanes: Vec<Lane<'_>>,
) -> Result<Vec<Times>, Failure> {
    for lane in &mut lanes {
        lane.fit(plan.slice)?;
    }
    for round in 0..plan.rounds {
        // Nobody always follows the same one.
        let first = round % lanes.len().max(1);
        for lane in lanes.iter().cycle().skip(first).take(lanes.len()) {
            lane.turn()?;
        }
        runtime.block_on(async {
            for _ in 0..4 {
                yield_now().await;
            }
        });
    }
    Ok(lanes.into_iter().map(|lane| Times(lane.taken.into_inner())).collect())
}

/// Nanoseconds of one operation, or what was computed from them, one for each round.
#[derive(Clone, Debug)]
pub(crate) struct Times(Vec<f64>);

impl Times {
    pub(crate) fn new(rounds: Vec<f64>) -> Self {
        Self(rounds)
    }

    /// What this takes more than `other`, round by round.
    pub(crate) fn minus(&self, other: &Self) -> Self {
        self.with(other, |this, other| this - other)
    }

    /// What part of `other` this is, round by round.
    pub(crate) fn over(&self, other: &Self) -> Self {
        self.with(other, |this, other| this / other)
    }

    /// All of them so many times as large.
    pub(crate) fn times(&self, factor: f64) -> Self {
        Self(self.0.iter().map(|this| this * factor).collect())
    }

    fn with(&self, other: &Self, compute: impl Fn(f64, f64) -> f64) -> Self {
        Self(self.0.iter().zip(&other.0).map(|(this, other)| compute(*this, *other)).collect())
    }

    pub(crate) fn spread(&self) -> Spread {
        let mut sorted = self.0.clone();
        sorted.sort_by(f64::total_cmp);
        let at = |tenths: usize| {
            let last = sorted.len().saturating_sub(1);
            sorted.get((last * tenths + 5) / 10).copied().unwrap_or(f64::NAN)
        };
        Spread { low: at(1), median: at(5), high: at(9) }
    }
}

/// Where the values of all rounds lie.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Spread {
    /// One in ten is lower.
    pub(crate) low: f64,
    /// Half of them are lower.
    pub(crate) median: f64,
    /// One in ten is higher.
    pub(crate) high: f64,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_spread_is_of_its_rounds() {
        let times = Times((0..=100).rev().map(f64::from).collect());
        assert_eq!(times.spread(), Spread { low: 10.0, median: 50.0, high: 90.0 });
    }

    #[test]
    fn ratios_are_taken_within_a_round() {
        let (slow, fast) = (Times(vec![20.0, 200.0]), Times(vec![10.0, 100.0]));
        let raw = Times(vec![5.0, 50.0]);
        assert_eq!(slow.minus(&fast).over(&raw).0, [2.0, 2.0]);
    }
}
