//! tower-bearer beside the crates that do the same job:
//!
//! ```sh
//! cargo run --release --manifest-path benches/field/Cargo.toml
//! cargo run --release --manifest-path benches/field/Cargo.toml -- --quick --only refusing
//! cargo run --release --manifest-path benches/field/Cargo.toml -- --runs 3 --write   # and rewrite docs/PERFORMANCE.md
//! cargo run --release --manifest-path benches/field/Cargo.toml -- --draw             # the same, of the results in docs/performance.json
//! ```
//!
//! A contender is first shown to accept a good token and to refuse forged ones. What is printed are ratios
//! of things that were measured in turns, as medians of all rounds and what lies between the tenth and the
//! ninetieth percentile. Time is added to that of a request to the same handler without auth, on the same
//! axum, and divided by the time that the signature takes alone, its key parsed.

mod app;
mod args;
mod check;
mod contender;
mod field;
mod groups;
mod machine;
mod measure;
mod processors;
mod report;
mod row;
mod versions;
mod world;

use std::env;

use crate::{
    args::Args,
    groups::Bench,
    report::Results,
    world::{Algorithm, Failure, World},
};

fn main() -> Result<(), Failure> {
    let args = Args::read(env::args().skip(1))?;
    if let Some(name) = &args.serve {
        return groups::serve(name);
    }
    if args.draw {
        return report::draw();
    }
    let mut results = Results::new()?;
    report::heading(&results);
    let world = World::new(&Algorithm::ALL)?;
    report::sizes(&world);
    for _ in 0..args.runs {
        let bench = Bench::new(args.plan, &world)?;
        let mut run = Vec::new();
        for group in groups::ALL.iter().filter(|group| args.wants(group)) {
            let rows = (group.run)(&bench)?;
            report::rows(group, &rows);
            run.extend(rows);
        }
        results.runs.push(run);
    }
    if args.write { report::write(&results) } else { Ok(()) }
}
