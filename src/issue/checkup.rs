//! [`Checkup`]: what is right and what is wrong about the set-up of a store.

use std::fmt;

use crate::telemetry::TARGET;

/// What was found about the set-up of a store that others run: what a program logs when it starts, or a command prints for whoever
/// looks after it.
///
/// ```
/// use tower_bearer::{Checkup, Soundness};
///
/// let mut checkup = Checkup::new("the cupboard");
/// checkup.good("it is closed");
/// checkup.wrong("there is no lock: anybody can open it. Buy one.");
/// assert!(!checkup.is_sound());
/// assert_eq!(checkup.to_string(), "the cupboard\n  good   it is closed\n  WRONG  there is no lock: anybody can open it. Buy one.\n");
/// assert_eq!(checkup.findings()[1].soundness, Soundness::Wrong);
/// ```
#[derive(Clone, Debug)]
#[must_use = "it says what is wrong"]
pub struct Checkup {
    of: String,
    findings: Vec<Finding>,
}

/// One thing that was looked at.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Finding {
    /// How good it is.
    pub soundness: Soundness,
    /// What was found, what that means and what to do about it.
    pub text: String,
}

/// How good something is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Soundness {
    /// As it should be.
    Good,
    /// It works, and somebody should know at what price.
    Doubtful,
    /// Revocations or sessions can be lost, or it does not work at all.
    Wrong,
}

impl Checkup {
    /// Of this, with nothing found yet.
    pub fn new(of: impl Into<String>) -> Self {
        Self { of: of.into(), findings: Vec::new() }
    }

    /// Something is as it should be.
    pub fn good(&mut self, text: impl Into<String>) {
        self.add(Soundness::Good, text.into());
    }

    /// Something has a price.
    pub fn doubtful(&mut self, text: impl Into<String>) {
        self.add(Soundness::Doubtful, text.into());
    }

    /// Something is wrong.
    pub fn wrong(&mut self, text: impl Into<String>) {
        self.add(Soundness::Wrong, text.into());
    }

    fn add(&mut self, soundness: Soundness, text: String) {
        self.findings.push(Finding { soundness, text });
    }

    /// What was found, in the order in which it was looked at.
    pub fn findings(&self) -> &[Finding] {
        &self.findings
    }

    /// Says by [`tracing`](https://docs.rs/tracing) what is doubtful or wrong: an event for each, of the level `warn` or `error`.
    pub fn log(&self) {
        let of = &*self.of;
        for Finding { soundness, text } in &self.findings {
            let text = &**text;
            match soundness {
                Soundness::Good => {}
                Soundness::Doubtful => {
                    tracing::warn!(target: TARGET, of, finding = text, "the set-up of a store is doubtful");
                }
                Soundness::Wrong => {
                    tracing::error!(target: TARGET, of, finding = text, "the set-up of a store is wrong");
                }
            }
        }
    }

    /// Whether nothing is wrong.
    pub fn is_sound(&self) -> bool {
        !self.findings.iter().any(|finding| finding.soundness == Soundness::Wrong)
    }
}

/// A line for each thing, under what it is of.
impl fmt::Display for Checkup {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}", self.of)?;
        for Finding { soundness, text } in &self.findings {
            let soundness = match soundness {
                Soundness::Good => "good ",
                Soundness::Doubtful => "doubt",
                Soundness::Wrong => "WRONG",
            };
            writeln!(f, "  {soundness}  {text}")?;
        }
        Ok(())
    }
}
