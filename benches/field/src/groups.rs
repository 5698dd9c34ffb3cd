//! What is measured, in groups that can be run alone.

mod accepting;
mod allocations;
mod cached;
mod crates;
mod http;
mod memory;
mod refresh;
mod refusing;
mod threads;

pub(crate) use self::http::serve;

use tokio::runtime::{Builder, Runtime};

use crate::{
    field::Field,
    measure::Plan,
    row::Row,
    world::{Algorithm, Failure, World},
};

/// What all groups need.
pub(crate) struct Bench<'a> {
    pub(crate) plan: Plan,
    pub(crate) runtime: Runtime,
    fields: Vec<Field<'a>>,
}

impl<'a> Bench<'a> {
    /// Builds and checks all contenders.
    pub(crate) fn new(plan: Plan, world: &'a World) -> Result<Self, Failure> {
        let runtime = one_thread()?;
        let fields = world.sides.iter().map(|side| Field::gather(&runtime, side));
        let fields = fields.collect::<Result<_, _>>()?;
        Ok(Self { plan, runtime, fields })
    }

    pub(crate) fn fields(&self) -> &[Field<'a>] {
        &self.fields
    }

    pub(crate) fn field(&self, algorithm: Algorithm) -> Result<&Field<'a>, Failure> {
        let field = self.fields.iter().find(|field| field.side.algorithm == algorithm);
        field.ok_or_else(|| format!("nobody takes part in {algorithm}").into())
    }
}

/// The thread that measures is the only one.
fn one_thread() -> Result<Runtime, Failure> {
    Ok(Builder::new_current_thread().enable_all().build()?)
}

/// A name for `--only`, and what it measures.
pub(crate) struct Group {
    pub(crate) name: &'static str,
    pub(crate) title: &'static str,
    pub(crate) run: fn(&Bench<'_>) -> Result<Vec<Row>, Failure>,
}

/// In the order they are run and printed in.
pub(crate) const ALL: &[Group] = &[
    accepting::GROUP,
    cached::GROUP,
    allocations::GROUP,
    refusing::GROUP,
    threads::GROUP,
    refresh::GROUP,
    http::GROUP,
    memory::GROUP,
    crates::GROUP,
];
