//! One refresh token, renewed by many requests on several nodes at once.
//!
//! The nodes are processes: this very test binary, run again. Each is told by its input to begin.

use std::{
    env,
    io::{BufRead as _, BufReader, Lines, Write as _},
    process::{Child, ChildStdin, ChildStdout, Command, Stdio},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use tokio::runtime::Runtime;
use tower_bearer::{
    NewSession, Rotation, RotationLimits, SessionId, SessionStore, StoreError, StoredSession,
};

use crate::{Engine, Server as _, Shared};

const ROUNDS: usize = 200;
/// Requests of each node: 50 in all.
const REQUESTS: [usize; 3] = [17, 17, 16];
/// Where a node finds its server.
const PORT: &str = "TOWER_BEARER_TEST_PORT";

/// 200 rounds of 50 renewals at once: in each round one request rotates the session, 49 are given the same successor, and none fails.
/// `racer` is the name of the ignored test that calls [`racer`], as `cargo test` prints it.
pub async fn race<E: Engine>(name: &str) {
    let server = tokio::task::block_in_place(E::Server::start);
    E::prepare(server.port()).await;
    let store = E::connect(server.port()).await;
    let node = Shared::new().node(store.clone(), store);
    let pair = node.login("ada").await.expect("a login");
    let mut token = pair.refresh_token().to_owned();
    let mut racers = REQUESTS.map(|requests| Racer::begin(name, server.port(), requests));
    tokio::task::block_in_place(|| {
        for round in 0..ROUNDS {
            for racer in &mut racers {
                racer.go(&token);
            }
            let told: Vec<_> = racers.iter_mut().map(Racer::told).collect();
            let sum = |of: fn(&Told) -> usize| told.iter().map(of).sum::<usize>();
            let (rotated, replayed) = (sum(|it| it.rotated), sum(|it| it.replayed));
            assert_eq!((rotated, replayed), (1, 49), "round {round}: {told:?}");
            let next = &told.first().expect("three").next;
            assert!(told.iter().all(|it| it.next == *next), "round {round}: one successor");
            assert_ne!(*next, token, "round {round}");
            token.clone_from(next);
        }
    });
    node.renew_by(&token).await.expect("the session goes on");
}

/// One of the processes of [`race`].
pub fn racer<E: Engine>() {
    let Ok(port) = env::var(PORT) else { return };
    let runtime = Runtime::new().expect("a runtime");
    let store = runtime.block_on(E::connect(port.parse().expect("a port")));
    let counted =
        Counted { store: store.clone(), rotated: Arc::default(), replayed: Arc::default() };
    let node = runtime.block_on(async { Shared::new().node(counted.clone(), store) });
    println!("\n@ready");
    for line in std::io::stdin().lines() {
        let line = line.expect("a line");
        let (requests, token) = line.split_once(' ').expect("how many, and which");
        let renewals: Vec<_> = (0..requests.parse().expect("a number"))
            .map(|_| {
                let (node, token) = (node.clone(), token.to_owned());
                runtime.spawn(async move { node.renew_by(&token).await })
            })
            .collect();
        let mut all = Vec::new();
        for renewal in renewals {
            let pair = runtime.block_on(renewal).expect("no panic").expect("a renewal");
            all.push(pair.refresh_token().to_owned());
        }
        all.dedup();
        let [next] = &*all else { panic!("several successors") };
        let (rotated, replayed) =
            (counted.rotated.swap(0, Ordering::SeqCst), counted.replayed.swap(0, Ordering::SeqCst));
        println!("\n@{rotated} {replayed} {next}");
    }
}

struct Racer {
    child: Child,
    asked: ChildStdin,
    told: Lines<BufReader<ChildStdout>>,
    requests: usize,
}

#[derive(Debug)]
struct Told {
    rotated: usize,
    replayed: usize,
    next: String,
}

impl Racer {
    fn begin(name: &str, port: u16, requests: usize) -> Self {
        let mut child = Command::new(env::current_exe().expect("this test"))
            .args(["--exact", "--ignored", "--nocapture", name])
            .env(PORT, port.to_string())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("this test, run again");
        let asked = child.stdin.take().expect("its input");
        let told = BufReader::new(child.stdout.take().expect("its output")).lines();
        let mut racer = Self { child, asked, told, requests };
        assert_eq!(racer.line(), "ready");
        racer
    }

    fn go(&mut self, token: &str) {
        writeln!(self.asked, "{} {token}", self.requests).expect("it listens");
    }

    fn line(&mut self) -> String {
        loop {
            let line = self.told.next().expect("it answers").expect("a line");
            if let Some((_, said)) = line.split_once('@') {
                return said.to_owned();
            }
        }
    }

    fn told(&mut self) -> Told {
        let line = self.line();
        let mut parts = line.split(' ');
        let mut part = || parts.next().expect("three parts").to_owned();
        let mut number = || part().parse().expect("a number");
        Told { rotated: number(), replayed: number(), next: part() }
    }
}

impl Drop for Racer {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Counts what the store decides.
#[derive(Clone)]
struct Counted<S> {
    store: S,
    rotated: Arc<AtomicUsize>,
    replayed: Arc<AtomicUsize>,
}

impl<S: SessionStore + Clone> SessionStore for Counted<S> {
    async fn create(&self, session: NewSession) -> Result<(), StoreError> {
        self.store.create(session).await
    }

    async fn find(&self, id: SessionId) -> Result<Option<StoredSession>, StoreError> {
        self.store.find(id).await
    }

    async fn rotate(
        &self,
        id: SessionId,
        presented: u64,
        limits: RotationLimits,
    ) -> Result<Rotation, StoreError> {
        let rotation = self.store.rotate(id, presented, limits).await?;
        match rotation {
            Rotation::Rotated { .. } => self.rotated.fetch_add(1, Ordering::SeqCst),
            Rotation::Replayed { .. } => self.replayed.fetch_add(1, Ordering::SeqCst),
            _ => 0,
        };
        Ok(rotation)
    }

    async fn revoke(&self, id: SessionId) -> Result<bool, StoreError> {
        self.store.revoke(id).await
    }

    async fn revoke_subject(
        &self,
        subject: &str,
        except: Option<SessionId>,
    ) -> Result<Vec<SessionId>, StoreError> {
        self.store.revoke_subject(subject, except).await
    }

    async fn list(&self, subject: &str) -> Result<Vec<StoredSession>, StoreError> {
        self.store.list(subject).await
    }

    async fn purge(&self, limit: usize) -> Result<usize, StoreError> {
        self.store.purge(limit).await
    }
}
