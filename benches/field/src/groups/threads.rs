//! One hot token on two threads at once, against one thread.
//!
//! Two threads share one application: its verifier, its keys and its memory of tokens. In the control each has
//! an application of its own, so that they share nothing. What the machine does to two threads is in both.

use std::{any::Any, ops::RangeInclusive, slice, sync::Barrier, thread::scope, time::Duration};

use http::{Request, StatusCode};

use crate::{
    app::App,
    contender::{guarded, verifier},
    groups::{Bench, Group, one_thread},
    measure::Times,
    processors::{allowed, keep_to},
    row::{Goal, Row, Value},
    world::{Algorithm, Failure},
};

pub(super) const GROUP: Group = Group {
    name: "threads",
    title: "Whole requests with one hot token, cached, on two threads ÷ on one, RS256",
    run,
};

const WHO: &str = "tower-bearer, cached";
const GOAL: Goal = Goal::AtMost(1.2);
const CAPACITY: usize = 10_000;
/// A control above it says that the machine has no second core for us, and one below it that a thread alone was held up.
const SANE_CONTROL: RangeInclusive<f64> = 0.9..=1.3;
/// Void rounds are made again, up to so many times as many.
const PATIENCE: usize = 4;
/// The fastest counts, in which nobody else on the machine had a turn.
const SLICES: usize = 12;
/// With fewer nothing is said.
const FEWEST: usize = 5;

fn run(bench: &Bench<'_>) -> Result<Vec<Row>, Failure> {
    let field = bench.field(Algorithm::Rs256)?;
    let make = || -> Result<App, Failure> {
        Ok(guarded(bench.runtime.block_on(verifier(field.side))?.cache(CAPACITY)))
    };
    let (shared, own, other) = (make()?, make()?, make()?);
    let pairs = Pairs {
        shared,
        own,
        other,
        good: field.good(),
        processors: allowed(),
        slice: bench.plan.slice * 2,
    };
    let rounds = pairs.rounds(bench.plan.rounds)?;
    Ok(rounds.rows())
}

/// Applications for two threads, and the request that they answer.
struct Pairs<'a> {
    /// By both.
    shared: App,
    /// By the first.
    own: App,
    /// By the second.
    other: App,
    good: &'a Request<()>,
    processors: Vec<usize>,
    /// How long a thread runs, about, before it waits for the other one.
    slice: Duration,
}

/// How much longer a request took on two threads, of each round that counts.
struct Rounds {
    shared: Vec<f64>,
    control: Vec<f64>,
    void: usize,
}

impl Pairs<'_> {
    fn rounds(&self, wanted: usize) -> Result<Rounds, Failure> {
        let times = self.fit()?;
        let mut rounds = Rounds { shared: Vec::new(), control: Vec::new(), void: 0 };
        while rounds.shared.len() < wanted && rounds.void < wanted * PATIENCE {
            let alone = self.time(&[&self.shared], times)?;
            let shared = self.time(&[&self.shared, &self.shared], times)?;
            let alone_again = self.time(&[&self.own], times)?;
            let control = self.time(&[&self.own, &self.other], times)? / alone_again;
            if !SANE_CONTROL.contains(&control) {
                rounds.void += 1;
            } else {
                rounds.shared.push(shared / alone);
                rounds.control.push(control);
            }
        }
        Ok(rounds)
    }

    /// How many requests take the length that is wanted. All applications come to know the token.
    fn fit(&self) -> Result<u32, Failure> {
        let mut times = 64;
        for app in [&self.own, &self.other, &self.shared] {
            while self.time(&[app], times)? * f64::from(times) < self.slice.as_secs_f64() {
                times *= 2;
            }
        }
        Ok(times)
    }

    /// Seconds that a request takes while each of these answers as many, on a thread of its own.
    fn time(&self, apps: &[&App], times: u32) -> Result<f64, Failure> {
        let barrier = Barrier::new(apps.len());
        let taken: Vec<Result<Vec<Duration>, Failure>> = scope(|scope| {
            // A clone for each thread, as `axum::serve` makes one for each connection.
            let threads: Vec<_> = apps
                .iter()
                .enumerate()
                .map(|(at, app)| {
                    let (barrier, processor) = (&barrier, self.processors.get(at));
                    scope.spawn(move || {
                        keep_to(processor.map(slice::from_ref).unwrap_or_default());
                        self.one(&App::clone(app), barrier, times)
                    })
                })
                .collect();
            threads.into_iter().map(|thread| thread.join().unwrap_or_else(died)).collect()
        });
        let taken = taken.into_iter().collect::<Result<Vec<_>, _>>()?;
        let least = (0..SLICES).filter_map(|at| mean(&taken, at)).min().unwrap_or_default();
        Ok(least.as_secs_f64() / f64::from(times))
    }

    /// What each slice took. They begin together, so that both threads are always busy.
    fn one(&self, app: &App, barrier: &Barrier, times: u32) -> Result<Vec<Duration>, Failure> {
        let runtime = one_thread()?;
        let slices = (0..SLICES).map(|_| {
            barrier.wait();
            app.time(&runtime, self.good, times, StatusCode::OK)
        });
        // Whoever fails still comes to the barrier: the other one waits there.
        slices.collect::<Vec<_>>().into_iter().collect()
    }
}

/// What one slice took, between the threads.
fn mean(taken: &[Vec<Duration>], at: usize) -> Option<Duration> {
    let both: Vec<Duration> = taken.iter().filter_map(|slices| slices.get(at)).copied().collect();
    both.iter().sum::<Duration>().checked_div(u32::try_from(both.len()).ok()?)
}

impl Rounds {
    fn rows(self) -> Vec<Row> {
        let Self { shared, control, void } = self;
        let counted = shared.len();
        let note = format!("{void} of {} rounds were void", counted + void);
        let measure = "whole request at 2 threads ÷ 1, ÷ that of a control";
        if counted < FEWEST {
            let row = Row::new(measure, WHO, Value::Missing).goal(GOAL);
            let why = format!(
                "void: a control that shares nothing took {SANE_CONTROL:?} times as long too seldom"
            );
            return vec![row.note(format!("{why}; {note}"))];
        }
        let (shared, control) = (Times::new(shared), Times::new(control));
        let ratio = |times: &Times| Value::Ratio(times.spread());
        let row = Row::new(measure, WHO, ratio(&shared.over(&control))).goal(GOAL).note(note);
        let parts = "whole request at 2 threads ÷ 1";
        vec![
            row,
            Row::new(parts, WHO, ratio(&shared)),
            Row::new(parts, "control: an application for each", ratio(&control)),
        ]
    }
}

fn died(_: Box<dyn Any + Send>) -> Result<Vec<Duration>, Failure> {
    Err("a thread that measured has died".into())
}
