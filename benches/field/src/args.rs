//! What it is asked for.

use crate::{
    groups::{ALL, Group},
    measure::Plan,
    world::Failure,
};

/// All groups in full, unless it is asked for less.
pub(crate) struct Args {
    pub(crate) plan: Plan,
    only: Vec<String>,
}

impl Args {
    pub(crate) fn read(given: impl IntoIterator<Item = String>) -> Result<Self, Failure> {
        let mut args = Self { plan: Plan::FULL, only: Vec::new() };
        let mut given = given.into_iter();
        while let Some(argument) = given.next() {
            match argument.as_str() {
                "--quick" => args.plan = Plan::QUICK,
                "--only" => args.only.push(known(given.next())?),
                _ => return Err(usage()),
            }
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

fn usage() -> Failure {
    let names: Vec<&str> = ALL.iter().map(|group| group.name).collect();
    format!("usage: [--quick] [--only {}]…", names.join("|")).into()
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
        for given in ["--only", "--only nothing", "--fast", "crates"] {
            assert!(read(given).is_err(), "{given}");
        }
    }
}
