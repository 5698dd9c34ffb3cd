//! What it is asked for.

use crate::{
    groups::{ALL, Group},
    measure::Plan,
    world::Failure,
};

/// All groups in full, unless it is asked for less.
pub(crate) struct Args {
    pub(crate) plan: Plan,
    /// Nothing is measured: what was written down is drawn again.
    pub(crate) draw: bool,
    /// Nothing is measured: this contender answers until its input ends. For the group `http`.
    pub(crate) serve: Option<String>,
    /// How often everything is measured.
    pub(crate) runs: usize,
    /// What is measured is written down.
    pub(crate) write: bool,
    only: Vec<String>,
}

impl Args {
    pub(crate) fn read(given: impl IntoIterator<Item = String>) -> Result<Self, Failure> {
        let mut args = Self {
            plan: Plan::FULL,
            draw: false,
            serve: None,
            runs: 1,
            write: false,
            only: Vec::new(),
        };
        let mut is_quick = false;
        let mut given = given.into_iter();
        while let Some(argument) = given.next() {
            match argument.as_str() {
                "--draw" => args.draw = true,
                "--quick" => is_quick = true,
                "--runs" => args.runs = at_least_one(given.next())?,
                "--serve" => args.serve = Some(given.next().ok_or_else(usage)?),
                "--write" => args.write = true,
                "--only" => args.only.push(known(given.next())?),
                _ => return Err(usage()),
            }
        }
        if is_quick {
            args.plan = Plan::QUICK;
        }
        // Tables of a part, or of a glance, would pass for the whole.
        if args.write && (is_quick || !args.only.is_empty()) {
            return Err(usage());
        }
        Ok(args)
    }

    pub(crate) fn wants(&self, group: &Group) -> bool {
        self.only.is_empty() || self.only.iter().any(|name| name == group.name)
    }
}

fn known(name: Option<String>) -> Result<String, Failure> {
    let is_group = |name: &String| ALL.iter().any(|group| group.name == name);
    name.filter(is_group).ok_or_else(usage)
}

fn at_least_one(runs: Option<String>) -> Result<usize, Failure> {
    let runs = runs.and_then(|runs| runs.parse().ok());
    runs.filter(|runs| *runs > 0).ok_or_else(usage)
}

fn usage() -> Failure {
    let names: Vec<&str> = ALL.iter().map(|group| group.name).collect();
    format!("usage: --draw | [--runs N] [--write | [--quick] [--only {}]…]", names.join("|")).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(given: &str) -> Result<Args, Failure> {
        Args::read(given.split_whitespace().map(str::to_owned))
    }

    #[test]
    fn groups_are_chosen_by_name() {
        let wanted = |given| {
            let args = read(given).unwrap();
            ALL.iter().filter(|group| args.wants(group)).map(|group| group.name).collect::<Vec<_>>()
        };
        assert_eq!(wanted("--quick").len(), ALL.len());
        assert_eq!(wanted("--only crates --only refusing"), ["refusing", "crates"]);
    }

    #[test]
    fn what_is_not_known_is_refused() {
        for given in [
            "--only",
            "--only nothing",
            "--fast",
            "--runs",
            "--runs 0",
            "--runs three",
            "crates",
            "--write --quick",
            "--only crates --write",
        ] {
            assert!(read(given).is_err(), "{given}");
        }
    }
}
