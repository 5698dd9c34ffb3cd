//! All that is known of one run: what tables and plot are made of.

use std::process::Command;

use serde::{Deserialize, Serialize};

use crate::{
    contender::{ALL, Role},
    machine,
    row::Row,
    versions::Versions,
    world::Failure,
};

/// One run.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Results {
    pub(crate) machine: String,
    pub(crate) date: String,
    pub(crate) contenders: Vec<Named>,
    /// What came out, of each run.
    pub(crate) runs: Vec<Vec<Row>>,
}

/// Who took part, in which versions.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Named {
    pub(crate) name: String,
    pub(crate) versions: String,
}

impl Results {
    /// Of a run that begins.
    pub(crate) fn new() -> Result<Self, Failure> {
        let versions = Versions::read()?;
        let named = ALL.iter().map(|contender| Named {
            name: contender.name.to_owned(),
            versions: versions.of(contender).unwrap_or_default(),
        });
        Ok(Self {
            machine: machine::described(),
            date: today()?,
            contenders: named.collect(),
            runs: Vec::new(),
        })
    }

    /// What came out for this contender: of several runs, the one in the middle.
    pub(super) fn row(&self, measure: &str, who: &str) -> Option<&Row> {
        let mut rows = self.of_each_run(measure, who);
        rows.sort_by(|one, other| {
            let number = |row: &Row| row.value.number().unwrap_or(f64::INFINITY);
            number(one).total_cmp(&number(other))
        });
        rows.get(rows.len().saturating_sub(1) / 2).copied()
    }

    /// What came out for this contender in each run.
    pub(super) fn of_each_run(&self, measure: &str, who: &str) -> Vec<&Row> {
        let rows = self.runs.iter().flatten();
        rows.filter(|row| row.measure == measure && row.who == who).collect()
    }

    /// Those who verify tokens, with what they take part as.
    pub(super) fn judging(&self) -> impl Iterator<Item = (&Named, Role)> {
        self.contenders.iter().filter_map(|named| {
            let role = ALL.iter().find(|one| one.name == named.name)?.role;
            let judging = !matches!(role, Role::Baseline | Role::StaticBearer);
            judging.then_some((named, role))
        })
    }
}

fn today() -> Result<String, Failure> {
    let said = Command::new("date").args(["-u", "+%F"]).output()?;
    Ok(String::from_utf8(said.stdout)?.trim().to_owned())
}
