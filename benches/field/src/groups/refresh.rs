//! Requests while keys are fetched again and again: how long the slowest of a hundred takes.

mod rotation;

use std::{hint::black_box, time::Duration};

use http::StatusCode;
use tokio::task::unconstrained;
use tower_bearer::{KeyResolver, RemoteJwks, TrustedIssuer, Verifier};

use self::rotation::{Pace, Rotation};
use crate::{
    app::{App, now},
    contender::guarded,
    field::Field,
    groups::{Bench, Group},
    measure::Times,
    processors,
    row::{Goal, Row, Value},
    world::{AUDIENCE, Algorithm, Failure},
};

pub(super) const GROUP: Group = Group {
    name: "refresh",
    title: "The slowest of a hundred requests (p99) while keys are refreshed ÷ while they are not, RS256",
    run,
};

/// Times of requests in one window, of which one in a hundred takes longer.
const REQUESTS: usize = 20_000;
/// A request that is cached is shorter, and a window should see many refreshes.
const CACHED_REQUESTS: usize = 200_000;
/// Rounds for each of the plan's long ones.
const ROUNDS: usize = 3;
const GOAL: Goal = Goal::AtMost(1.5);

fn run(bench: &Bench<'_>) -> Result<Vec<Row>, Failure> {
    let field = bench.field(Algorithm::Rs256)?;
    let uncached = of(bench, field, "tower-bearer", REQUESTS, |verifier| verifier)?;
    let cached = of(bench, field, "tower-bearer, cached", CACHED_REQUESTS, |verifier| {
        verifier.cache(10_000)
    })?;
    Ok([cached, uncached].concat())
}

fn of(
    bench: &Bench<'_>,
    field: &Field<'_>,
    who: &'static str,
    requests: usize,
    remember: impl Fn(Verifier) -> Verifier,
) -> Result<Vec<Row>, Failure> {
    // Threads stay where whoever starts them is: the issuer and who asks it on one processor, requests on another.
    let processors = processors::allowed();
    let (beside, measured) = processors.split_at(processors.len().min(2) / 2);
    processors::keep_to(beside);
    let rotation = Rotation::serve(&field.side.jwks)?;
    let keys = RemoteJwks::builder(rotation.url()).danger_allow_http().build()?;
    bench.runtime.block_on(async { keys.preload().await })?;
    let first = keys.generation();
    let issuer = TrustedIssuer::new(&field.side.issuer, AUDIENCE, keys.clone());
    let verifier = remember(Verifier::new(issuer)?);
    let app = guarded(verifier.clone());
    rotation.refresh(verifier)?;
    processors::keep_to(measured);

    let mut slowest = [Pace::Never, Pace::Changing, Pace::Unchanged].map(|pace| (pace, Vec::new()));
    for _ in 0..bench.plan.long_rounds * ROUNDS {
        for (pace, slowest) in &mut slowest {
            rotation.pace(*pace);
            slowest.push(window(bench, field, &app, requests)?);
        }
    }
    processors::keep_to(&processors);
    if keys.generation() == first {
        return Err("the keys that were fetched are no others".into());
    }
    let [(_, never), others @ ..] = slowest.map(|(pace, slowest)| (pace, Times::new(slowest)));
    others
        .into_iter()
        .map(|(pace, slowest)| {
            let refreshes = rotation.refreshes(pace)?;
            let measure = format!("p99 while keys refresh ÷ otherwise: {}", pace.described());
            let row = Row::new(measure, who, Value::Ratio(slowest.over(&never).spread()));
            Ok(row
                .goal(GOAL)
                .note(format!("{refreshes} refreshes during {requests} requests a round")))
        })
        .collect()
}

/// Seconds that one request of a hundred takes longer than.
fn window(
    bench: &Bench<'_>,
    field: &Field<'_>,
    app: &App,
    requests: usize,
) -> Result<f64, Failure> {
    let mut taken: Vec<Duration> = Vec::with_capacity(requests);
    bench.runtime.block_on(unconstrained(async {
        for _ in 0..requests {
            let began = now();
            let status = app.answer(black_box(field.good())).await;
            taken.push(began.elapsed());
            if status != StatusCode::OK {
                return Err(Failure::from(format!("answered {status} while keys were refreshed")));
            }
        }
        Ok(())
    }))?;
    let (_, p99, _) = taken.select_nth_unstable(requests / 100 * 99);
    Ok(p99.as_secs_f64())
}
