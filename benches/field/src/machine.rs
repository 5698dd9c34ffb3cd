//! What it runs on.

use std::{fs, process::Command, thread::available_parallelism};

/// The processor, how many of it, the kernel and the compiler. What cannot be found out is left out.
pub(crate) fn described() -> String {
    let known = [processor(), cores(), kernel(), compiler()];
    known.into_iter().flatten().collect::<Vec<_>>().join("; ")
}

fn processor() -> Option<String> {
    let info = fs::read_to_string("/proc/cpuinfo").ok()?;
    let (_, model) = info.lines().find(|line| line.starts_with("model name"))?.split_once(": ")?;
    Some(model.to_owned())
}

fn cores() -> Option<String> {
    available_parallelism().ok().map(|cores| format!("{cores} cores"))
}

fn kernel() -> Option<String> {
    let release = fs::read_to_string("/proc/sys/kernel/osrelease").ok()?;
    Some(format!("Linux {}", release.trim()))
}

/// Whoever builds by `cargo run` has this one at hand.
fn compiler() -> Option<String> {
    let said = Command::new("rustc").arg("--version").output().ok()?;
    Some(String::from_utf8(said.stdout).ok()?.trim().to_owned())
}
