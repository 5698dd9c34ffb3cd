//! Bad tokens that carry a good signature: what it costs to say no, against the signature alone.

use std::hint::black_box;

use http::{Request, StatusCode};
use tokio::task::unconstrained;
use tower_bearer::Verifier;

use crate::{
    app::{now, request},
    contender::{Role, verifier},
    field::{Entrant, Field},
    groups::{Bench, Group},
    measure::{Lane, interleaved},
    row::{Goal, Row, Value},
    world::{Algorithm, Failure},
};

pub(super) const GROUP: Group = Group {
    name: "refusing",
    title: "Refusing a token that is signed well: time added to a request without auth, which is accepted",
    run,
};

/// Of a raw verify. What it takes to make the answer is beside it, in the rows of whole requests.
const MOST: Goal = Goal::AtMost(0.06);

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
    let (refusing, accepting) = answers(bench, field, &request);
    let baselines: Vec<_> = field.of_role(Role::Baseline).collect();

    let own = bench.runtime.block_on(verifier(field.side))?;
    // A verifier in use has seen a good token, as the contenders have.
    bench.runtime.block_on(async { own.verify(&field.side.tokens.good).await })?;
    let mut lanes = vec![field.raw(), verifying(bench, &own, token)];
    lanes.extend(baselines.iter().map(|one| field.accepting(&bench.runtime, &one.app)));
    lanes.extend(refusing.iter().map(|(entrant, status)| {
        Lane::new(|times| entrant.app.time(&bench.runtime, &request, times, *status))
    }));
    let times = interleaved(bench.plan, &bench.runtime, lanes)?;
    let [raw, alone, times @ ..] = times.as_slice() else { return Err("nothing was timed".into()) };
    let (without, refusals) = times.split_at(baselines.len());

    let alone = Value::Ratio(alone.over(raw).spread());
    let row =
        Row::new(format!("refusal ÷ raw verify, RS256: {what}"), "Verifier::verify, alone", alone);
    let mut rows = vec![row.goal(MOST)];
    for ((Entrant { contender, .. }, status), taken) in refusing.iter().zip(refusals) {
        let mut pairs = baselines.iter().zip(without);
        let (_, baseline) = pairs
            .find(|(one, _)| one.contender.framework == contender.framework)
            .ok_or("no baseline was timed")?;
        let added = Value::Ratio(taken.minus(baseline).over(raw).spread());
        rows.push(judged(Row::new(&measure, contender.name, added), *status));
    }
    rows.extend(accepting.iter().map(|(entrant, _)| {
        Row::new(&measure, entrant.contender.name, Value::Missing).note("accepts it")
    }));
    Ok(rows)
}

/// The verifier without layer, request and response.
fn verifying<'a>(bench: &'a Bench<'_>, verifier: &'a Verifier, token: &'a str) -> Lane<'a> {
    Lane::new(|times| {
        bench.runtime.block_on(unconstrained(async {
            let began = now();
            for _ in 0..times {
                if verifier.verify(black_box(token)).await.is_ok() {
                    return Err("the verifier accepts it".into());
                }
            }
            Ok(began.elapsed())
        }))
    })
}

type Answers<'a> = Vec<(&'a Entrant, StatusCode)>;

/// Who refuses the request, and who does not.
fn answers<'a>(
    bench: &Bench<'_>,
    field: &'a Field<'_>,
    request: &Request<()>,
) -> (Answers<'a>, Answers<'a>) {
    let judging = [Role::Own, Role::Peer];
    let entrants = field.entrants.iter().filter(|one| judging.contains(&one.contender.role));
    entrants
        .map(|entrant| (entrant, bench.runtime.block_on(entrant.app.answer(request))))
        .partition(|(_, status)| *status != StatusCode::OK)
}

fn judged(row: Row, status: StatusCode) -> Row {
    if status == StatusCode::UNAUTHORIZED { row } else { row.note(format!("answers {status}")) }
}
