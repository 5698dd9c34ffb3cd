//! The tables of docs/PERFORMANCE.md.

use std::fmt::Write;

use super::results::Results;
use crate::{
    measure::Spread,
    row::{Row, Value},
    world::Failure,
};

const BEGIN: &str = "<!-- begin: written by benches/field -->\n";
const END: &str = "<!-- end: written by benches/field -->";

/// A title, and the measure whose values stand below it.
type Column = (&'static str, &'static str);

const ACCEPTING: &[Column] = &[
    ("RS256", "time added ÷ raw verify, RS256"),
    ("ES256", "time added ÷ raw verify, ES256"),
    ("Ed25519", "time added ÷ raw verify, Ed25519"),
    ("HS256", "time added ÷ raw verify, HS256"),
    ("allocations", "allocations added"),
    ("HTTP, 1 token", "HTTP requests a second ÷ no auth: 1 token"),
    ("HTTP, 1,000 tokens", "HTTP requests a second ÷ no auth: 1,000 tokens in turn"),
];

const REFUSING: &[Column] = &[
    ("expired", "time added by a refusal ÷ raw verify, RS256: expired"),
    ("wrong issuer", "time added by a refusal ÷ raw verify, RS256: wrong issuer"),
    ("wrong audience", "time added by a refusal ÷ raw verify, RS256: wrong audience"),
    ("unknown kid", "time added by a refusal ÷ raw verify, RS256: unknown kid"),
];

/// The document, with these results in place of those it has.
pub(super) fn with_results(document: &str, results: &Results) -> Result<String, Failure> {
    let lacking =
        || Failure::from("PERFORMANCE.md has lost the lines that say where results stand");
    let (before, rest) = document.split_once(BEGIN).ok_or_else(lacking)?;
    let (_, after) = rest.split_once(END).ok_or_else(lacking)?;
    Ok(format!("{before}{BEGIN}{}{END}{after}", tables(results)?))
}

fn tables(results: &Results) -> Result<String, Failure> {
    let mut out = String::new();
    writeln!(out, "Measured on {}: {}.\n", results.date, results.machine)?;
    writeln!(out, "### The goals\n")?;
    out += &goals(results)?;
    writeln!(out, "\n### Accepting the good token\n")?;
    writeln!(
        out,
        "Time added to a request without auth ÷ one raw verification; allocations added; requests a second ÷ no auth, RS256.\n"
    )?;
    out += &contenders(results, ACCEPTING)?;
    writeln!(out, "\n### Refusing a token that is signed well\n")?;
    writeln!(
        out,
        "Time added to a request without auth, which is accepted, ÷ one raw verification, RS256.\n"
    )?;
    out += &contenders(results, REFUSING)?;
    writeln!(out, "\n### Versions\n")?;
    writeln!(out, "| contender | version |\n|---|---|")?;
    for named in &results.contenders {
        writeln!(out, "| {} | {} |", named.name, named.versions)?;
    }
    Ok(out)
}

fn goals(results: &Results) -> Result<String, Failure> {
    let mut out = String::from("| measure | of | goal |");
    for run in 1..=results.runs.len() {
        write!(out, " run {run} |")?;
    }
    writeln!(
        out,
        " of ten rounds, eight | |\n|---|---|---|{}---|---|",
        "---|".repeat(results.runs.len())
    )?;
    for row in results.runs.iter().take(1).flatten() {
        let Some(goal) = row.goal else { continue };
        write!(out, "| {} | {} | {goal} |", row.measure, row.who)?;
        let rows = results.of_each_run(&row.measure, &row.who);
        for row in &rows {
            write!(out, " {} |", row.value.in_full())?;
        }
        writeln!(out, " {} | {} |", between(&rows), verdict(&rows))?;
    }
    Ok(out)
}

/// Where the rounds of all runs lie.
fn between(rows: &[&Row]) -> String {
    let spreads = || rows.iter().filter_map(|row| row.value.spread());
    let low = spreads().map(|spread| spread.low).reduce(f64::min);
    let high = spreads().map(|spread| spread.high).reduce(f64::max);
    let both = low.zip(high).map(|(low, high)| Spread { low, median: f64::NAN, high });
    both.map(|both| both.to_string()).unwrap_or_default()
}

/// What all runs say, or the worst of them, and what there is to say to it.
fn verdict(rows: &[&Row]) -> String {
    let holding = rows.iter().filter(|row| row.verdict() == "holds").count();
    // Of equals the first.
    let Some(worst) =
        rows.iter().rev().max_by(|one, other| one.missing().total_cmp(&other.missing()))
    else {
        return String::new();
    };
    let note = if worst.note.is_empty() { String::new() } else { format!("; {}", worst.note) };
    match holding {
        0 => format!("{}{note}", worst.verdict()),
        all if all == rows.len() => format!("holds{note}"),
        some => format!("holds in {some} of {}; else {}{note}", rows.len(), worst.verdict()),
    }
}

fn contenders(results: &Results, columns: &[Column]) -> Result<String, Failure> {
    let has = |who: &str| columns.iter().any(|(_, measure)| results.row(measure, who).is_some());
    let mut out = String::from("| |");
    for (title, _) in columns {
        write!(out, " {title} |")?;
    }
    writeln!(out, "\n|---|{}", "---|".repeat(columns.len()))?;
    for (named, _) in results.judging().filter(|(named, _)| has(&named.name)) {
        write!(out, "| {} |", named.name)?;
        for (_, measure) in columns {
            write!(out, " {} |", cell(results.row(measure, &named.name)))?;
        }
        writeln!(out)?;
    }
    Ok(out)
}

fn cell(row: Option<&Row>) -> String {
    match row {
        // Not asked for.
        None => String::new(),
        Some(row) if row.note.is_empty() => row.value.to_string(),
        Some(row) if row.value == Value::Missing => row.note.clone(),
        Some(row) => format!("{}; {}", row.value, row.note),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{report::results::Named, row::Goal};

    fn results() -> Results {
        let run = |median: f64| {
            let value = Value::Ratio(Spread { low: median - 0.2, median, high: median + 0.2 });
            let measured = Row::new("time added ÷ raw verify, RS256", "tower-bearer", value);
            let lacking = Row::new("HTTP", "tower-bearer", Value::Missing).note("needs wrk");
            let held = Row::new("crates", "tower-bearer", Value::Count(45)).note("all counted");
            vec![
                measured.goal(Goal::AtMost(1.12)),
                lacking.goal(Goal::AtLeast(0.95)),
                held.goal(Goal::AtMost(45.0)),
            ]
        };
        let named = Named { name: "tower-bearer".to_owned(), versions: "0.1".to_owned() };
        Results {
            machine: "a machine".to_owned(),
            date: "2026-11-22".to_owned(),
            contenders: vec![named],
            runs: vec![run(1.2), run(1.1), run(1.15)],
        }
    }

    #[test]
    fn results_stand_between_the_marks() {
        let document = format!("by hand\n{BEGIN}of before\n{END}\nby hand, too\n");
        let written = with_results(&document, &results()).unwrap();
        assert!(written.starts_with("by hand\n<!--") && written.ends_with("-->\nby hand, too\n"));
        assert!(!written.contains("of before"), "{written}");
        assert_eq!(with_results(&written, &results()).unwrap(), written);
        assert!(with_results("by hand", &results()).is_err());
    }

    #[test]
    fn every_goal_has_a_line_with_its_verdict() {
        let written = goals(&results()).unwrap();
        let lines = [
            "| time added ÷ raw verify, RS256 | tower-bearer | ≤ 1.12 | 1.200 | 1.100 | 1.150 | 0.90–1.40 | holds in 1 of 3; else fails by 0.080 |\n",
            "| HTTP | tower-bearer | ≥ 0.95 | – | – | – |  | not measured; needs wrk |\n",
            "| crates | tower-bearer | ≤ 45 | 45 | 45 | 45 |  | holds; all counted |\n",
        ];
        for line in lines {
            assert!(written.contains(line), "{line}{written}");
        }
    }

    #[test]
    fn a_contender_has_a_value_in_each_column() {
        let written = contenders(&results(), ACCEPTING).unwrap();
        assert!(written.ends_with("| tower-bearer | 1.15 |  |  |  |  |  |  |\n"), "{written}");
    }
}
