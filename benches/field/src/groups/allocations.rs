//! The good token again: how often a contender asks for memory.

use std::cmp::Reverse;

use tokio::runtime::Runtime;

use crate::{
    app::App,
    contender::Role,
    field::Field,
    groups::{Bench, Group},
    row::{Goal, Row, Value},
    world::{Algorithm, Failure},
};

pub(super) const GROUP: Group =
    Group { name: "allocations", title: "Allocations added to a request without auth, RS256", run };

/// The first requests may fill what later ones find full.
const REQUESTS: usize = 64;

fn run(bench: &Bench<'_>) -> Result<Vec<Row>, Failure> {
    let field = bench.field(Algorithm::Rs256)?;
    let counts: Vec<u64> =
        field.entrants.iter().map(|one| count(&bench.runtime, field, &one.app)).collect();
    let mut rows = Vec::new();
    for (entrant, count) in field.entrants.iter().zip(&counts) {
        let contender = entrant.contender;
        let baseline =
            counts.get(field.baseline(contender.framework)?).copied().unwrap_or_default();
        rows.push(match contender.role {
            Role::Baseline => {
                Row::new("allocations of a request", contender.name, Value::Count(*count))
            }
            role => {
                let row = Row::new(
                    "allocations added",
                    contender.name,
                    Value::Count(count.saturating_sub(baseline)),
                );
                match role {
                    Role::Cached => row.goal(Goal::AtMost(6.0)),
                    Role::Own => row.goal(Goal::AtMost(20.0)),
                    _ => row,
                }
            }
        });
    }
    Ok(rows)
}

/// What most requests allocate: something in the background may add to one.
fn count(runtime: &Runtime, field: &Field<'_>, app: &App) -> u64 {
    let mut counts: Vec<(usize, u64)> = Vec::new();
    for _ in 0..REQUESTS {
        let counted = allocation_counter::measure(|| {
            runtime.block_on(app.answer(field.good()));
        });
        match counts.iter_mut().find(|(_, count)| *count == counted.count_total) {
            Some((times, _)) => *times += 1,
            None => counts.push((1, counted.count_total)),
        }
    }
    counts
        .into_iter()
        .max_by_key(|(times, count)| (*times, Reverse(*count)))
        .map_or(0, |(_, count)| count)
}
