//! Bad tokens that carry a good signature: what it costs to say no, against the signature alone.

use http::StatusCode;

use crate::{
    app::request,
    contender::Role,
    field::{Entrant, Field},
    groups::{Bench, Group},
    measure::{Lane, Times, interleaved},
    row::{Goal, Row, Value},
    world::{Algorithm, Failure},
};

pub(super) const GROUP: Group = Group {
    name: "refusing",
    title: "Refusing a token that is signed well: time added to a request without auth, which is accepted",
    run,
};

fn run(bench: &Bench<'_>) -> Result<Vec<Row>, Failure> {
    let field = bench.field(Algorithm::Rs256)?;
    let tokens = &field.side.tokens;
    let mut rows = Vec::new();
    for (what, token) in [
        ("expired", &tokens.expired),
        ("wrong issuer", &tokens.wrong_issuer),
        ("wrong audience", &tokens.wrong_audience),
        ("unknown kid", &tokens.unknown_kid),
    ] {
        rows.extend(of(bench, field, what, token)?);
    }
    Ok(rows)
}

fn of(bench: &Bench<'_>, field: &Field<'_>, what: &str, token: &str) -> Result<Vec<Row>, Failure> {
    let measure = format!("time added by a refusal ÷ raw verify, RS256: {what}");
    let request = request(Some(token))?;
    let judging = |entrant: &&Entrant| matches!(entrant.contender.role, Role::Own | Role::Peer);
    let answers: Vec<(&Entrant, StatusCode)> = field
        .entrants
        .iter()
        .filter(judging)
        .map(|entrant| (entrant, bench.runtime.block_on(entrant.app.answer(&request))))
        .collect();
    let (refusing, accepting): (Vec<_>, Vec<_>) =
        answers.into_iter().partition(|(_, status)| *status != StatusCode::OK);

    let mut lanes = vec![field.raw()];
    let baselines: Vec<_> = field.of_role(Role::Baseline).collect();
    lanes.extend(baselines.iter().map(|one| field.accepting(&bench.runtime, &one.app)));
    lanes.extend(refusing.iter().map(|(entrant, status)| {
        Lane::new(|times| entrant.app.time(&bench.runtime, &request, times, *status))
    }));
    let times = interleaved(bench.plan, &bench.runtime, lanes)?;
    let (raw, times) = times.split_first().ok_or("nothing was timed")?;
    let (without, refusals) = times.split_at(baselines.len());

    let mut rows = Vec::new();
    for ((entrant, status), taken) in refusing.iter().zip(refusals) {
        let of_framework =
            |one: &(&&Entrant, &Times)| one.0.contender.framework == entrant.contender.framework;
        let (_, baseline) =
            baselines.iter().zip(without).find(of_framework).ok_or("no baseline was timed")?;
        let value = Value::Ratio(taken.minus(baseline).over(raw).spread());
        let row = Row::new(&measure, entrant.contender.name, value);
        let row = if *status == StatusCode::UNAUTHORIZED {
            row
        } else {
            row.note(format!("answers {status}"))
        };
        rows.push(if entrant.contender.role == Role::Own {
            row.goal(Goal::AtMost(0.06))
        } else {
            row
        });
    }
    rows.extend(accepting.iter().map(|(entrant, _)| {
        Row::new(&measure, entrant.contender.name, Value::Missing).note("accepts it")
    }));
    Ok(rows)
}
