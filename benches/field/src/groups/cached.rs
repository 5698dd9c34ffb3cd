//! The good token, known from before: beside a layer that knows only one.

use crate::{
    app::Framework,
    contender::Role,
    field::Entrant,
    groups::{Bench, Group},
    measure::interleaved,
    row::{Goal, Row, Value},
    world::{Algorithm, Failure},
};

pub(super) const GROUP: Group = Group {
    name: "cached",
    title: "Whole requests with the good token, beside tower-http's layer for one static token, RS256",
    run,
};

fn run(bench: &Bench<'_>) -> Result<Vec<Row>, Failure> {
    let field = bench.field(Algorithm::Rs256)?;
    let floor = field.of_role(Role::StaticBearer).next().ok_or("nobody has a static token")?;
    let compared = |one: &&Entrant| {
        let Entrant { contender, .. } = one;
        contender.framework == Framework::Axum08 && contender.role != Role::StaticBearer
    };
    let entrants: Vec<&Entrant> = field.entrants.iter().filter(compared).collect();

    let mut lanes = vec![field.accepting(&bench.runtime, &floor.app)];
    lanes.extend(entrants.iter().map(|one| field.accepting(&bench.runtime, &one.app)));
    let times = interleaved(bench.plan, &bench.runtime, lanes)?;
    let (floor, times) = times.split_first().ok_or("nothing was timed")?;

    let rows = entrants.iter().zip(times).map(|(entrant, times)| {
        let value = Value::Ratio(times.over(floor).spread());
        let row =
            Row::new("request ÷ with tower-http's static token", entrant.contender.name, value);
        if entrant.contender.role == Role::Cached { row.goal(Goal::AtMost(1.15)) } else { row }
    });
    Ok(rows.collect())
}
