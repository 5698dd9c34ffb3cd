//! What comes out: one line for each measure and contender.

use std::{borrow::Cow, fmt};

use serde::{Deserialize, Serialize};

use crate::measure::Spread;

/// One line of the results.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Row {
    /// What is measured, as the goals call it.
    pub(crate) measure: String,
    /// Whose value it is.
    pub(crate) who: Cow<'static, str>,
    pub(crate) value: Value,
    /// What the value should be, if it is ours.
    pub(crate) goal: Option<Goal>,
    /// What else there is to say.
    pub(crate) note: String,
}

impl Row {
    pub(crate) fn new(measure: impl Into<String>, who: &'static str, value: Value) -> Self {
        Self {
            measure: measure.into(),
            who: Cow::Borrowed(who),
            value,
            goal: None,
            note: String::new(),
        }
    }

    pub(crate) fn goal(mut self, goal: Goal) -> Self {
        self.goal = Some(goal);
        self
    }

    pub(crate) fn note(mut self, note: impl Into<String>) -> Self {
        self.note = note.into();
        self
    }

    /// By how much the goal is missed; less than nothing where it is not, and without end where nothing was measured.
    pub(crate) fn missing(&self) -> f64 {
        match (self.goal, self.value.number()) {
            (None, _) => 0.0,
            (_, None) => f64::INFINITY,
            (Some(Goal::AtLeast(least)), Some(value)) => least - value,
            (Some(Goal::AtMost(most)), Some(value)) => value - most,
        }
    }

    /// `holds`, or by how much it does not; nothing where there is no goal.
    pub(crate) fn verdict(&self) -> String {
        if self.goal.is_none() {
            return String::new();
        }
        let missing = self.missing();
        match self.value {
            Value::Missing => "not measured".to_owned(),
            _ if missing <= 0.0 => "holds".to_owned(),
            Value::Count(_) => format!("fails by {missing:.0}"),
            _ => format!("fails by {missing:.3}"),
        }
    }
}

/// What was measured.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) enum Value {
    /// Of things.
    Count(u64),
    /// Of 1,000 bytes.
    Kilobytes(f64),
    /// Nothing; the note says why.
    Missing,
    /// For whoever wants to know how fast the machine is. Nothing is compared with it.
    Nanoseconds(Spread),
    /// Of two things that were measured in turns.
    Ratio(Spread),
}

impl Value {
    /// What a goal is held against.
    pub(crate) fn number(self) -> Option<f64> {
        match self {
            #[expect(clippy::cast_precision_loss, reason = "counts are small")]
            Self::Count(count) => Some(count as f64),
            Self::Kilobytes(kilobytes) => Some(kilobytes),
            Self::Missing => None,
            Self::Nanoseconds(spread) | Self::Ratio(spread) => Some(spread.median),
        }
    }

    /// With as many digits as a goal is held against.
    pub(crate) fn in_full(self) -> String {
        match self {
            Self::Ratio(spread) => format!("{:.3}", spread.median),
            other => other.to_string(),
        }
    }

    pub(crate) fn spread(self) -> Option<Spread> {
        match self {
            Self::Count(_) | Self::Kilobytes(_) | Self::Missing => None,
            Self::Nanoseconds(spread) | Self::Ratio(spread) => Some(spread),
        }
    }
}

impl fmt::Display for Value {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Count(count) => write!(out, "{count}"),
            Self::Kilobytes(kilobytes) => write!(out, "{} KB", digits(*kilobytes)),
            Self::Missing => out.write_str("–"),
            Self::Nanoseconds(spread) => write!(out, "{:.0} ns", spread.median),
            Self::Ratio(spread) => out.write_str(&digits(spread.median)),
        }
    }
}

impl fmt::Display for Spread {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}–{}", digits(self.low), digits(self.high))
    }
}

/// Three digits that say something, where there are so many.
fn digits(value: f64) -> String {
    match value.abs() {
        large if large >= 100.0 => format!("{value:.0}"),
        middle if middle >= 10.0 => format!("{value:.1}"),
        small if small >= 0.1 => format!("{value:.2}"),
        _ => format!("{value:.3}"),
    }
}

/// What a value should be.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) enum Goal {
    /// Not less.
    AtLeast(f64),
    /// Not more.
    AtMost(f64),
}

impl fmt::Display for Goal {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::AtLeast(least) => write!(out, "≥ {least}"),
            Self::AtMost(most) => write!(out, "≤ {most}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn verdicts() {
        struct Case {
            name: &'static str,
            value: Value,
            goal: Goal,
            expected: &'static str,
        }
        let ratio = |median| Value::Ratio(Spread { low: 0.0, median, high: 9.0 });
        let cases = [
            Case { name: "below", value: ratio(1.1), goal: Goal::AtMost(1.12), expected: "holds" },
            Case {
                name: "above",
                value: ratio(1.2),
                goal: Goal::AtMost(1.12),
                expected: "fails by 0.080",
            },
            Case {
                name: "equal",
                value: Value::Count(6),
                goal: Goal::AtMost(6.0),
                expected: "holds",
            },
            Case {
                name: "a count",
                value: Value::Count(8),
                goal: Goal::AtMost(6.0),
                expected: "fails by 2",
            },
            Case {
                name: "less",
                value: ratio(0.9),
                goal: Goal::AtLeast(0.95),
                expected: "fails by 0.050",
            },
            Case { name: "more", value: ratio(0.96), goal: Goal::AtLeast(0.95), expected: "holds" },
            Case {
                name: "nothing",
                value: Value::Missing,
                goal: Goal::AtMost(1.0),
                expected: "not measured",
            },
        ];
        for Case { name, value, goal, expected } in cases {
            assert_eq!(Row::new("", "", value).goal(goal).verdict(), expected, "{name}");
        }
    }
}
