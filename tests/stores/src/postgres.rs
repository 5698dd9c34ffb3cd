use std::{fs, path::PathBuf};

use crate::{
    Server,
    process::{Process, find, run},
};

const MISSING: &str = "this needs `initdb`, `postgres` and `pg_isready` of PostgreSQL 15 or later: apt-get install postgresql, or its like";

/// A PostgreSQL with one user, `postgres`, who needs no password.
pub struct Postgres {
    process: Process,
    folders: Vec<PathBuf>,
    settings: Vec<String>,
}

impl Postgres {
    /// With these settings added, as in `["max_connections=10"]`.
    ///
    /// # Panics
    ///
    /// It is not installed, and the text says what to install.
    pub fn with(settings: &[&str]) -> Self {
        let folders = folders();
        let settings = settings.iter().copied().map(str::to_owned).collect();
        let mut postgres = Self { process: Process::new("postgres", true), folders, settings };
        postgres.erase();
        postgres.restart();
        postgres
    }

    fn program(&self, name: &str) -> PathBuf {
        find(name, &self.folders).unwrap_or_else(|| panic!("{MISSING}"))
    }
}

/// Where Debian keeps its programs, the newest first.
fn folders() -> Vec<PathBuf> {
    let versions = fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let mut folders: Vec<_> = versions.map(|version| version.path().join("bin")).collect();
    folders.sort();
    folders.reverse();
    folders
}

impl Server for Postgres {
    fn missing() -> Option<&'static str> {
        let programs = ["initdb", "postgres", "pg_isready"];
        programs.iter().any(|name| find(name, &folders()).is_none()).then_some(MISSING)
    }

    fn start() -> Self {
        Self::with(&[])
    }

    fn url(&self) -> String {
        format!("postgres://postgres@127.0.0.1:{}/postgres", self.port())
    }

    fn port(&self) -> u16 {
        self.process.port()
    }

    fn kill(&mut self) {
        self.process.kill();
    }

    fn restart(&mut self) {
        let settings = ["listen_addresses=127.0.0.1", "unix_socket_directories="];
        let settings = settings.into_iter().chain(self.settings.iter().map(String::as_str));
        let mut arguments = vec!["-D".to_owned(), "data".to_owned()];
        arguments.extend(["-p".to_owned(), self.port().to_string()]);
        arguments.extend(settings.flat_map(|setting| ["-c".to_owned(), setting.to_owned()]));
        let program = self.program("postgres");
        self.process.start(&program, &arguments);
        // After a crash it listens before it can be asked.
        let (ready, port) = (self.program("pg_isready"), self.port().to_string());
        self.process.wait_until(|_| {
            let asked =
                self.process.command(&ready).args(["-q", "-h", "127.0.0.1", "-p", &port]).status();
            asked.is_ok_and(|answer| answer.success())
        });
    }

    fn erase(&mut self) {
        let _ = fs::remove_dir_all(self.process.folder().join("data"));
        let options = ["-D", "data", "-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C"];
        let quick = ["--no-sync", "--no-instructions"];
        run(self.process.command(self.program("initdb")).args(options).args(quick));
    }

    fn save(&mut self) {
        self.process.copy("data", "saved");
    }

    fn put_back(&mut self) {
        self.process.copy("saved", "data");
    }

    fn pause(&self) {
        self.process.signal("-STOP");
    }

    fn resume(&self) {
        self.process.signal("-CONT");
    }
}

impl std::fmt::Debug for Postgres {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Postgres").field("port", &self.port()).finish_non_exhaustive()
    }
}
