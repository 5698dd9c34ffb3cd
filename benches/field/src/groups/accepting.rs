//! The good token: what time a contender adds to a request, against the signature alone.

use crate::{
    contender::Role,
    field::{Entrant, Field},
    groups::{Bench, Group},
    measure::{Times, interleaved},
    row::{Goal, Row, Value},
    world::{Algorithm, Failure},
};

pub(super) const GROUP: Group = Group {
    name: "accepting",
    title: "Accepting the good token: time added to a request without auth",
    run,
};

fn run(bench: &Bench<'_>) -> Result<Vec<Row>, Failure> {
    let rows = bench.fields().iter().map(|field| of(bench, field));
    Ok(rows.collect::<Result<Vec<_>, _>>()?.concat())
}

/// What an entrant took, and what it added.
struct Timed<'a> {
    entrant: &'a Entrant,
    added: Times,
}

fn of(bench: &Bench<'_>, field: &Field<'_>) -> Result<Vec<Row>, Failure> {
    let algorithm = field.side.algorithm;
    let mut lanes = vec![field.raw()];
    lanes
        .extend(field.entrants.iter().map(|entrant| field.accepting(&bench.runtime, &entrant.app)));
    let times = interleaved(bench.plan, &bench.runtime, lanes)?;
    let (raw, whole) = times.split_first().ok_or("nothing was timed")?;

    let mut rows = vec![Row::new(
        format!("raw verify, {algorithm}"),
        "aws-lc-rs",
        Value::Nanoseconds(raw.spread()),
    )];
    let judging = added(field, whole)?;
    rows.extend(judging.iter().map(|one| {
        let row = Row::new(
            measure(algorithm),
            one.entrant.contender.name,
            Value::Ratio(one.added.over(raw).spread()),
        );
        if one.entrant.contender.role == Role::Own { own(row, algorithm) } else { row }
    }));
    rows.extend(field.absent.iter().map(|(contender, reason)| {
        Row::new(measure(algorithm), contender.name, Value::Missing).note(reason)
    }));
    if algorithm == Algorithm::Hs256 {
        rows.extend(against_best_peer(&judging));
    }
    Ok(rows)
}

fn measure(algorithm: Algorithm) -> String {
    format!("time added ÷ raw verify, {algorithm}")
}

/// The goals, where there are any against the raw signature.
fn own(row: Row, algorithm: Algorithm) -> Row {
    match algorithm {
        Algorithm::Es256 | Algorithm::Ed25519 => row.goal(Goal::AtMost(1.05)),
        Algorithm::Hs256 => row,
        Algorithm::Rs256 => row.goal(Goal::AtMost(1.12)),
    }
}

/// What each entrant but the baselines took more than its baseline.
fn added<'a>(field: &'a Field<'_>, whole: &[Times]) -> Result<Vec<Timed<'a>>, Failure> {
    let judging = field
        .entrants
        .iter()
        .zip(whole)
        .filter(|(entrant, _)| entrant.contender.role != Role::Baseline);
    judging
        .map(|(entrant, times)| {
            let baseline = whole
                .get(field.baseline(entrant.contender.framework)?)
                .ok_or("no baseline was timed")?;
            Ok(Timed { entrant, added: times.minus(baseline) })
        })
        .collect()
}

/// A MAC costs so little that the signature is no measure: ours against the fastest of the others.
fn against_best_peer(timed: &[Timed<'_>]) -> Option<Row> {
    let of_role = |role| timed.iter().filter(move |one| one.entrant.contender.role == role);
    let ours = of_role(Role::Own).next()?;
    let median = |one: &Timed<'_>| one.added.spread().median;
    let best = of_role(Role::Peer).min_by(|one, other| median(one).total_cmp(&median(other)))?;
    let value = Value::Ratio(ours.added.over(&best.added).spread());
    let row = Row::new("time added ÷ best peer's, HS256", ours.entrant.contender.name, value);
    Some(
        row.goal(Goal::AtMost(0.5))
            .note(format!("the best peer is {}", best.entrant.contender.name)),
    )
}
