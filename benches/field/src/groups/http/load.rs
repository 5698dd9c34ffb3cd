//! wrk, a load generator that does not slow down before a server does.

use std::process::Command;

use crate::{processors, world::Failure};

/// Sends the tokens of a file in turn.
const IN_TURN: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/src/groups/http/in_turn.lua");
/// Enough that a server always has something to do: to fall asleep and be woken costs more than a request.
const CONNECTIONS: usize = 128;

/// What is needed, and where it runs.
pub(super) struct Tools {
    servers: usize,
    generator: usize,
}

impl Tools {
    /// Or what is lacking, and how to get it.
    pub(super) fn find() -> Result<Self, String> {
        for (tool, package) in [("wrk", "wrk"), ("taskset", "util-linux")] {
            if Command::new(tool).arg("--version").output().is_err() {
                return Err(format!("needs {tool} (apt-get install {package})"));
            }
        }
        match processors::allowed().as_slice() {
            [servers, generator, ..] => Ok(Self { servers: *servers, generator: *generator }),
            _ => Err("needs two processors: one for the servers, one for wrk".to_owned()),
        }
    }

    /// A program on the processor of the servers.
    pub(super) fn server(&self, program: impl AsRef<std::ffi::OsStr>) -> Command {
        pinned(self.servers, program)
    }
}

fn pinned(processor: usize, program: impl AsRef<std::ffi::OsStr>) -> Command {
    let mut command = Command::new("taskset");
    command.args(["--cpu-list", &processor.to_string()]).arg(program);
    command
}

/// What is sent to one server.
pub(super) struct Load<'a> {
    pub(super) url: &'a str,
    pub(super) tokens: Tokens<'a>,
}

/// One, or the path of a file with one on each line.
pub(super) enum Tokens<'a> {
    One(&'a str),
    InTurn(&'a str),
}

impl Load<'_> {
    /// Requests a second, all of them answered well.
    pub(super) fn run(&self, tools: &Tools, seconds: u64) -> Result<f64, Failure> {
        let mut wrk = pinned(tools.generator, "wrk");
        wrk.args(["--threads", "1", "--connections", &CONNECTIONS.to_string()]);
        wrk.args(["--duration", &format!("{seconds}s")]);
        match self.tokens {
            Tokens::One(token) => {
                wrk.args(["--header", &format!("Authorization: Bearer {token}"), self.url])
            }
            Tokens::InTurn(file) => wrk.args(["--script", IN_TURN, self.url, "--", file]),
        };
        let done = wrk.output()?;
        if !done.status.success() {
            return Err(String::from_utf8_lossy(&done.stderr).into());
        }
        requests_a_second(&String::from_utf8(done.stdout)?)
    }
}

/// As wrk says, if it has nothing to complain of.
fn requests_a_second(said: &str) -> Result<f64, Failure> {
    let line = |start| said.lines().find_map(|line| line.trim().strip_prefix(start));
    for complaint in ["Non-2xx or 3xx responses:", "Socket errors:"] {
        if let Some(what) = line(complaint) {
            return Err(format!("{complaint}{what}").into());
        }
    }
    Ok(line("Requests/sec:")
        .ok_or("wrk did not say how many requests there were")?
        .trim()
        .parse()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SAID: &str =
        "Running 1s test @ http://127.0.0.1:1/\n  20 requests in 1.00s, 3.0KB read\n";

    #[test]
    fn wrk_is_understood() {
        let good = format!("{SAID}Requests/sec:  62341.50\nTransfer/sec:      9.51MB\n");
        assert!((requests_a_second(&good).unwrap() - 62_341.5).abs() < 1e-9);
        for complaint in [
            "  Non-2xx or 3xx responses: 3\n",
            "  Socket errors: connect 0, read 5, write 0, timeout 0\n",
        ] {
            assert!(requests_a_second(&format!("{good}{complaint}")).is_err(), "{complaint}");
        }
        assert!(requests_a_second(SAID).is_err());
    }
}
