//! How much a program has to build that uses the library without its default features.

use std::{collections::BTreeSet, process::Command};

use crate::{
    groups::{Bench, Group},
    row::{Goal, Row, Value},
    world::Failure,
};

pub(super) const GROUP: Group =
    Group { name: "crates", title: "Crates in a build without default features", run };

const LIBRARY: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../Cargo.toml");

fn run(_: &Bench<'_>) -> Result<Vec<Row>, Failure> {
    let listed = Command::new("cargo")
        .args([
            "tree",
            "--manifest-path",
            LIBRARY,
            "--package",
            "tower-bearer",
            "--no-default-features",
        ])
        .args(["--edges", "normal,build", "--prefix", "none", "--format", "{p}"])
        .output()?;
    if !listed.status.success() {
        return Err(String::from_utf8_lossy(&listed.stderr).into());
    }
    let crates = count(&String::from_utf8(listed.stdout)?);
    let row = Row::new("crates, the library included", "tower-bearer", Value::Count(crates));
    Ok(vec![row.goal(Goal::AtMost(45.0))])
}

/// A crate of a path says where it is, and one that was listed already is marked.
fn count(listed: &str) -> u64 {
    let crates: BTreeSet<&str> =
        listed.lines().filter_map(|line| line.split(" (").next()).collect();
    crates.iter().map(|_| 1).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_crate_counts_once() {
        let listed =
            "tower-bearer v0.1.0 (/some/where)\nserde v1.0.0\nserde v1.0.0 (*)\nserde v2.0.0\n";
        assert_eq!(count(listed), 3);
    }
}
