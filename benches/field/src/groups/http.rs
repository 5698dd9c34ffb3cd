//! Servers on loopback under load: requests a second, against a server without auth.
//!
//! Each server is a process of its own on the first processor, and wrk drives one after the other from the second.

mod load;
mod server;

pub(crate) use self::server::serve;

use self::{
    load::{Load, Tools},
    server::Server,
};
use crate::{
    app::Framework,
    contender::{ALL, Contender, Role},
    groups::{Bench, Group},
    measure::{Plan, Times},
    row::{Goal, Row, Value},
    world::Failure,
};

pub(super) const GROUP: Group = Group {
    name: "http",
    title: "Over HTTP: requests a second ÷ those of a server without auth, on one processor each, RS256",
    run,
};

fn run(bench: &Bench<'_>) -> Result<Vec<Row>, Failure> {
    let tools = match Tools::find() {
        Ok(tools) => tools,
        Err(lacking) => return Ok(not_measured(&lacking)),
    };
    let mut servers = Vec::new();
    let mut rows = Vec::new();
    for contender in ALL.iter().filter(|one| one.role != Role::StaticBearer) {
        match Server::start(contender, &tools) {
            Ok(server) => servers.push(server),
            Err(reason) => rows.push(row(ONE, contender, Value::Missing).note(reason.to_string())),
        }
    }
    let one = in_turns(bench.plan, &tools, servers.iter().map(|server| (server, server.one())))?;
    let many = servers.iter().filter_map(|server| Some((server, server.many()?)));
    let many = in_turns(bench.plan, &tools, many)?;
    let measured =
        [(ONE, one), (MANY, many)].into_iter().map(|(tokens, taken)| ratios(tokens, &taken));
    Ok(measured.collect::<Result<Vec<_>, _>>()?.concat().into_iter().chain(rows).collect())
}

/// What a row is called, and what is to be had, if there is a goal.
#[derive(Clone, Copy)]
struct Tokens {
    measure: &'static str,
    cached: f64,
}

const ONE: Tokens = Tokens { measure: "HTTP requests a second ÷ no auth: 1 token", cached: 0.95 };
const MANY: Tokens =
    Tokens { measure: "HTTP requests a second ÷ no auth: 1,000 tokens in turn", cached: 0.92 };

fn row(tokens: Tokens, contender: &Contender, value: Value) -> Row {
    let row = Row::new(tokens.measure, contender.name, value);
    if contender.role == Role::Cached { row.goal(Goal::AtLeast(tokens.cached)) } else { row }
}

/// A row that is not measured says why.
fn not_measured(lacking: &str) -> Vec<Row> {
    let cached = ALL.iter().filter(|one| one.role == Role::Cached);
    let rows = cached.flat_map(|one| [ONE, MANY].map(|tokens| row(tokens, one, Value::Missing)));
    rows.map(|row| row.note(lacking)).collect()
}

/// Seconds that one request takes, of each round.
type Taken<'a> = Vec<(&'a Server, Vec<f64>)>;

fn in_turns<'a>(
    plan: Plan,
    tools: &Tools,
    loads: impl Iterator<Item = (&'a Server, Load<'a>)>,
) -> Result<Taken<'a>, Failure> {
    let mut loads: Vec<_> = loads.map(|(server, load)| (server, load, Vec::new())).collect();
    for (_, load, _) in &loads {
        // What is asked for the first time is slower, and not what is measured.
        load.run(tools, 1)?;
    }
    for _ in 0..plan.long_rounds {
        for (_, load, taken) in &mut loads {
            taken.push(load.run(tools, plan.load_seconds)?.recip());
        }
        // Nobody always follows the same one.
        loads.rotate_left(1);
    }
    Ok(loads.into_iter().map(|(server, _, taken)| (server, taken)).collect())
}

fn ratios(tokens: Tokens, taken: &Taken<'_>) -> Result<Vec<Row>, Failure> {
    let times = |of: &Contender| {
        let found = taken.iter().find(|(server, _)| std::ptr::eq(server.contender, of));
        found.map(|(_, taken)| Times::new(taken.clone()))
    };
    let baseline = |framework: Framework| {
        let is = |one: &&Contender| one.role == Role::Baseline && one.framework == framework;
        let of = ALL.iter().find(is)?;
        times(of)
    };
    let mut rows = Vec::new();
    for contender in ALL {
        let Some(taken) = times(contender) else { continue };
        if contender.role == Role::Baseline {
            let each = Value::Nanoseconds(taken.times(1e9).spread());
            rows.push(Row::new(
                format!("{}, time of a request", tokens.measure),
                contender.name,
                each,
            ));
            continue;
        }
        let without = baseline(contender.framework).ok_or("no server without auth was measured")?;
        rows.push(row(tokens, contender, Value::Ratio(without.over(&taken).spread())));
    }
    rows.sort_by_key(|row| row.measure.len());
    Ok(rows)
}
