use std::{
    fs,
    io::{Read as _, Write as _},
    net::{Ipv4Addr, TcpStream},
    path::PathBuf,
};

use crate::{
    Server,
    process::{Process, find},
};

const MISSING: &str =
    "this needs `redis-server` 7 or later: apt-get install redis-server, or its like";

/// A Redis that writes each change to disk before it answers.
pub struct Redis {
    process: Process,
    program: PathBuf,
    settings: Vec<String>,
}

impl Redis {
    /// With these settings added, as in `["--maxmemory", "1mb"]`.
    ///
    /// # Panics
    ///
    /// It is not installed, and the text says what to install.
    pub fn with(settings: &[&str]) -> Self {
        let program = find("redis-server", &[]).unwrap_or_else(|| panic!("{MISSING}"));
        let settings = settings.iter().copied().map(str::to_owned).collect();
        let mut redis = Self { process: Process::new("redis", false), program, settings };
        fs::create_dir(redis.process.folder().join("data")).expect("a folder");
        redis.restart();
        redis
    }
}

impl Server for Redis {
    fn missing() -> Option<&'static str> {
        find("redis-server", &[]).is_none().then_some(MISSING)
    }

    fn start() -> Self {
        Self::with(&[])
    }

    fn url(&self) -> String {
        format!("redis://127.0.0.1:{}/", self.port())
    }

    fn port(&self) -> u16 {
        self.process.port()
    }

    fn kill(&mut self) {
        self.process.kill();
    }

    fn restart(&mut self) {
        let port = self.port().to_string();
        let ours = [
            ["--port", &port],
            ["--bind", "127.0.0.1"],
            ["--dir", "data"],
            ["--save", ""],
            ["--appendonly", "yes"],
            ["--appendfsync", "always"],
            ["--maxmemory-policy", "noeviction"],
        ];
        let mut arguments: Vec<_> = ours.as_flattened().iter().map(ToString::to_string).collect();
        arguments.extend_from_slice(&self.settings);
        self.process.start(&self.program, &arguments);
        // It listens before it has read its data.
        self.process.wait_until(|port| answers_ping(port).is_ok_and(|answers| answers));
    }

    fn erase(&mut self) {
        let data = self.process.folder().join("data");
        fs::remove_dir_all(&data).expect("the data can be removed");
        fs::create_dir(&data).expect("a folder");
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

fn answers_ping(port: u16) -> std::io::Result<bool> {
    let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port))?;
    stream.write_all(b"PING\r\n")?;
    let mut answer = [0; 5];
    stream.read_exact(&mut answer)?;
    Ok(answer == *b"+PONG")
}

impl std::fmt::Debug for Redis {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Redis").field("port", &self.port()).finish_non_exhaustive()
    }
}
