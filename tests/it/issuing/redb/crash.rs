//! `kill -9` while sessions are renewed and ended: what was promised holds.
//!
//! The service is this very test binary, run again: it reads requests from its input and answers on its output. The parent kills it
//! somewhere in the middle, opens the file, and lets each client go on with what it holds.

use std::{
    collections::HashMap,
    env,
    io::{BufRead as _, BufReader, Lines, Write as _},
    path::Path,
    process::{Child, ChildStdin, ChildStdout, Command, Stdio},
};

use tower_bearer::{RedbStore, RefreshKeys, Sessions, SystemClock};

use super::{
    super::{SECRET, SessionErrorKind as Kind, issuer, renew},
    Folder,
};

const KILLS: u64 = 25;
const CLIENTS: usize = 10;
/// Where the child finds its file.
const FILE: &str = "TOWER_BEARER_TEST_FILE";

fn sessions(file: &Path) -> Sessions<RedbStore> {
    let store = RedbStore::open(file).unwrap();
    Sessions::new(issuer(SystemClock), store, RefreshKeys::new(SECRET).unwrap()).unwrap()
}

/// Answers `renew <token>` by `@<token> <next>`, and `end <token>` by `@<token> ended`.
#[test]
#[ignore = "the service that is killed"]
fn service() {
    let Some(file) = env::var_os(FILE) else { return };
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).build().unwrap();
    let sessions = runtime.block_on(async { sessions(Path::new(&file)) });
    for line in std::io::stdin().lines() {
        let line = line.unwrap();
        let sessions = sessions.clone();
        runtime.spawn(async move {
            let (what, token) = line.split_once(' ').unwrap();
            let said = if what == "end" {
                sessions.end_by_token(token).await.unwrap();
                "ended".to_owned()
            } else {
                renew(&sessions, token).await.unwrap().refresh_token().to_owned()
            };
            println!("\n@{token} {said}");
        });
    }
}

struct Service {
    child: Child,
    asked: ChildStdin,
    told: Lines<BufReader<ChildStdout>>,
}

impl Service {
    fn begin(file: &Path) -> Self {
        let mut child = Command::new(env::current_exe().unwrap())
            .args(["--exact", "--ignored", "--nocapture", "issuing::redb::crash::service"])
            .env(FILE, file)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let (asked, told) = (child.stdin.take().unwrap(), child.stdout.take().unwrap());
        Self { child, asked, told: BufReader::new(told).lines() }
    }

    fn ask(&mut self, what: &str, token: &str) {
        writeln!(self.asked, "{what} {token}").unwrap();
    }

    /// The token that was sent, and what was said of it.
    fn answer(&mut self) -> Option<(String, String)> {
        loop {
            let line = self.told.next()?.ok()?;
            let Some((_, answer)) = line.split_once('@') else { continue };
            // What was cut off was not heard.
            let (token, said) = answer.split_once(' ')?;
            return Some((token.to_owned(), said.to_owned()));
        }
    }

    /// Kills it, and says what it had answered by then.
    fn kill(mut self, heard: &mut Vec<(String, String)>) {
        self.child.kill().unwrap();
        while let Some(answer) = self.answer() {
            heard.push(answer);
        }
        assert!(!self.child.wait().unwrap().success(), "it was killed");
    }
}

/// One round: each client asks twice with the token it holds, and two log out. Which of the answers came before the end is up to the dice.
fn round(
    file: &Path,
    clients: &[String],
    leaving: &[String],
    dice: &mut u64,
) -> Vec<(String, String)> {
    let mut service = Service::begin(file);
    let mut heard = Vec::new();
    for (number, token) in clients.iter().enumerate() {
        service.ask("renew", token);
        if let Some(leaving) = leaving.get(number) {
            service.ask("end", leaving);
        }
        service.ask("renew", token);
    }
    let all = 2 * clients.len() + leaving.len();
    *dice = dice.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
    for _ in 0..usize::try_from(*dice >> 33).unwrap() % all {
        heard.push(service.answer().expect("it answers"));
    }
    service.kill(&mut heard);
    heard
}

#[tokio::test]
async fn what_was_promised_holds() {
    let folder = Folder::new();
    let file = folder.file();
    let mut dice = u64::from(std::process::id());
    println!("the dice begin with {dice}");
    let (mut clients, mut gone, mut cut) = (Vec::new(), Vec::new(), 0);
    for kill in 0..KILLS {
        let mut leaving = Vec::new();
        {
            let sessions = sessions(&file);
            let login = async |subject: &str| {
                let pair = sessions.start(subject, &tower_bearer::Grant::new()).await.unwrap();
                pair.refresh_token().to_owned()
            };
            while clients.len() < CLIENTS {
                clients.push(login("ada").await);
            }
            for _ in 0..2 {
                leaving.push(login("eve").await);
            }
        }
        let heard: HashMap<_, _> =
            round(&file, &clients, &leaving, &mut dice).into_iter().collect();
        cut += usize::from(heard.len() < CLIENTS + leaving.len());

        let sessions = sessions(&file);
        for token in &mut clients {
            let holds = heard.get(token).unwrap_or(token);
            let next = renew(&sessions, holds).await;
            let next = next.unwrap_or_else(|kind| panic!("kill {kill}: {kind:?}"));
            if let Some(promised) = heard.get(token) {
                // Whoever had lost the answer would have been given the same.
                assert_ne!(promised, token);
            }
            *token = next.refresh_token().to_owned();
        }
        gone.extend(leaving.into_iter().filter(|token| heard.contains_key(token)));
        for token in &gone {
            assert_eq!(renew(&sessions, token).await.unwrap_err(), Kind::Ended, "kill {kill}");
        }
    }
    assert!(cut > 0, "no kill came before all was answered");
    assert!(!gone.is_empty(), "nobody was told of a logout");
}
