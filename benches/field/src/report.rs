//! Prints what was measured, and writes it down.

mod document;
mod plot;
mod results;

use std::{fs, path::PathBuf};

pub(crate) use self::results::Results;

use crate::{
    groups::Group,
    row::Row,
    world::{Failure, Side, World},
};

/// Where the library's documents are.
const DOCS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs");

/// What was measured where, and with what.
pub(crate) fn heading(results: &Results) {
    println!("{}\n", results.machine);
    for contender in &results.contenders {
        println!("  {:<36}{}", contender.name, contender.versions);
    }
}

/// How long the good tokens are: longer ones take longer to hash and to read.
pub(crate) fn sizes(world: &World) {
    println!();
    for Side { algorithm, tokens, .. } in &world.sides {
        println!("  a token of {algorithm:<25}{} bytes", tokens.good.len());
    }
}

/// One group's rows.
pub(crate) fn rows(group: &Group, rows: &[Row]) {
    println!("\n{} (--only {})", group.title, group.name);
    let mut measure = "";
    for row in rows {
        if row.measure != measure {
            measure = &row.measure;
            println!("\n  {measure}");
        }
        println!("    {}", line(row).trim_end());
    }
}

fn line(row: &Row) -> String {
    let spread = row.value.spread().map(|spread| spread.to_string()).unwrap_or_default();
    let goal = row.goal.map(|goal| format!("{goal} {}", row.verdict())).unwrap_or_default();
    format!("{:<36}{:>10}  {spread:<16}{goal:<24}{}", row.who, row.value.to_string(), row.note)
}

/// Writes the results down, and what is drawn of them.
pub(crate) fn write(results: &Results) -> Result<(), Failure> {
    fs::write(path("performance.json"), serde_json::to_string_pretty(results)? + "\n")?;
    draw()
}

/// Makes tables and plot anew of what was written down.
pub(crate) fn draw() -> Result<(), Failure> {
    let results: Results = serde_json::from_str(&fs::read_to_string(path("performance.json"))?)?;
    let document = fs::read_to_string(path("PERFORMANCE.md"))?;
    fs::write(path("PERFORMANCE.md"), document::with_results(&document, &results)?)?;
    fs::write(path("performance.svg"), plot::of(&results)?)?;
    Ok(())
}

fn path(name: &str) -> PathBuf {
    [DOCS, name].iter().collect()
}
