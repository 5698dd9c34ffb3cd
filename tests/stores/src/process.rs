//! A server's process, its folder and its port.

use std::{
    fs,
    io::ErrorKind,
    net::{Ipv4Addr, TcpListener, TcpStream},
    os::unix::{fs::MetadataExt as _, process::CommandExt as _},
    path::{Path, PathBuf},
    process::{Child, Command, Output, Stdio},
    sync::atomic::{AtomicU32, Ordering},
    thread::sleep,
    time::Duration,
};

/// Some user that is not root, where a server refuses to be run by root.
const NOBODY: u32 = 65534;

/// Runs a server until nothing can be written to this shell any more, which is so once the test has ended, in whatever way. It is
/// waited for: PostgreSQL takes a process that nobody has waited for as one that still runs.
const UNTIL_WE_END: &str =
    r#""$@" </dev/null >>log 2>&1 & read -r _; kill -KILL $! 2>/dev/null; wait $! 2>/dev/null"#;

pub(crate) struct Process {
    folder: PathBuf,
    port: u16,
    shell: Option<Child>,
    /// Without root's rights.
    is_lowered: bool,
}

impl Process {
    pub(crate) fn new(name: &str, lowers: bool) -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let name = format!("tower-bearer-{name}-{}-{number}", std::process::id());
        let folder = std::env::temp_dir().join(name);
        fs::create_dir_all(&folder).expect("a folder");
        let is_lowered = lowers && fs::metadata("/proc/self").expect("/proc").uid() == 0;
        if is_lowered {
            std::os::unix::fs::chown(&folder, Some(NOBODY), Some(NOBODY)).expect("chown");
        }
        Self { folder, port: free_port(), shell: None, is_lowered }
    }

    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }

    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    /// In its folder and as its user.
    pub(crate) fn command(&self, program: impl AsRef<Path>) -> Command {
        let mut command = Command::new(program.as_ref());
        command.current_dir(&self.folder);
        if self.is_lowered {
            command.uid(NOBODY).gid(NOBODY);
        }
        command
    }

    pub(crate) fn start(&mut self, program: &Path, arguments: &[String]) {
        let mut shell = self.command("/bin/sh");
        shell.args(["-c", UNTIL_WE_END, "sh"]).arg(program).args(arguments);
        self.shell = Some(shell.stdin(Stdio::piped()).spawn().expect("a shell"));
        self.wait_until(|port| TcpStream::connect((Ipv4Addr::LOCALHOST, port)).is_ok());
    }

    pub(crate) fn wait_until(&self, ready: impl Fn(u16) -> bool) {
        for _ in 0..1000 {
            if ready(self.port) {
                return;
            }
            sleep(Duration::from_millis(10));
        }
        let log = fs::read_to_string(self.folder.join("log")).unwrap_or_default();
        panic!("the server does not start:\n{log}");
    }

    /// The server itself, and all that it has started.
    fn all(&self) -> Vec<u32> {
        let Some(shell) = &self.shell else { return Vec::new() };
        let (mut all, mut new) = (Vec::new(), children(shell.id()));
        while !new.is_empty() {
            all.extend(&new);
            new = new.into_iter().flat_map(children).collect();
        }
        all
    }

    pub(crate) fn signal(&self, signal: &str) {
        let all = self.all().into_iter().map(|id| id.to_string());
        // One of them may have ended by itself.
        let _ = Command::new("kill").arg(signal).args(all).stderr(Stdio::null()).status();
    }

    pub(crate) fn kill(&mut self) {
        let all = self.all();
        self.signal("-KILL");
        if let Some(mut shell) = self.shell.take() {
            drop(shell.stdin.take());
            shell.wait().expect("the shell ends");
        }
        for id in all {
            while is_running(id) {
                sleep(Duration::from_millis(1));
            }
        }
    }

    /// Keeps a copy of a folder, beside it, or puts it in its place.
    pub(crate) fn copy(&self, from: &str, to: &str) {
        let (from, to) = (self.folder.join(from), self.folder.join(to));
        let _ = fs::remove_dir_all(&to);
        let done = self.command("cp").arg("-a").args([from, to]).status();
        assert!(done.expect("cp").success(), "a folder can be copied");
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.kill();
        let _ = fs::remove_dir_all(&self.folder);
    }
}

/// A program, by its name or in one of these folders.
pub(crate) fn find(name: &str, folders: &[PathBuf]) -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let all = std::env::split_paths(&path).chain(folders.iter().cloned());
    all.map(|folder| folder.join(name)).find(|program| program.exists())
}

pub(crate) fn run(command: &mut Command) -> Output {
    let output = command.output().expect("a command");
    let text = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{command:?}: {text}");
    output
}

/// Below those that systems give to connections, of which one could take it before the server does, and with one 10,000 higher for a cluster's bus.
fn free_port() -> u16 {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    loop {
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        // Other processes of tests begin elsewhere.
        let offset = std::process::id().wrapping_mul(101).wrapping_add(number) % 12_000;
        let port = u16::try_from(10_000 + offset).expect("a port");
        if TcpListener::bind((Ipv4Addr::LOCALHOST, port)).is_ok() {
            return port;
        }
    }
}

fn children(id: u32) -> Vec<u32> {
    let is_child = |other: &u32| stat(*other).is_some_and(|(_, parent)| parent == id);
    let all = fs::read_dir("/proc").expect("/proc").flatten();
    all.filter_map(|entry| entry.file_name().to_str()?.parse().ok()).filter(is_child).collect()
}

fn is_running(id: u32) -> bool {
    stat(id).is_some_and(|(state, _)| state != 'Z')
}

/// The state of a process, and its parent.
fn stat(id: u32) -> Option<(char, u32)> {
    let stat = match fs::read_to_string(format!("/proc/{id}/stat")) {
        Err(error) if error.kind() == ErrorKind::NotFound => return None,
        stat => stat.ok()?,
    };
    // The name stands in brackets and may hold anything.
    let mut fields = stat.rsplit_once(')')?.1.split_whitespace();
    Some((fields.next()?.chars().next()?, fields.next()?.parse().ok()?))
}
