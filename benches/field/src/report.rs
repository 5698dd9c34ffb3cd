//! Prints what was measured.

use crate::{
    contender::ALL,
    groups::Group,
    machine,
    row::Row,
    versions::Versions,
    world::{Failure, Side, World},
};

/// What was measured where, and with what.
pub(crate) fn heading() -> Result<(), Failure> {
    println!("{}\n", machine::described());
    let versions = Versions::read()?;
    for contender in ALL {
        println!("  {:<36}{}", contender.name, versions.of(contender).unwrap_or_default());
    }
    Ok(())
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
