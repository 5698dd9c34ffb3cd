use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use tokio::task::JoinHandle;
use tower_bearer::{SessionErrorKind as Kind, SessionStore, TokenErrorKind, TokenPair};

use crate::{
    faults::RECOVERY,
    node::{Node, eventually, patiently},
};

/// Clients who renew, log out and log in on all nodes, and go on with what they hold when nobody answers.
pub(crate) struct Load {
    over: Arc<AtomicBool>,
    clients: Vec<JoinHandle<Heard>>,
}

/// What clients were told.
#[derive(Default)]
pub(crate) struct Heard {
    /// What they hold.
    pub(crate) held: Vec<TokenPair>,
    /// What they have logged out of, whether or not an answer came.
    pub(crate) gone: Vec<TokenPair>,
    /// So often a client was told to come again.
    pub(crate) unavailable: usize,
    pub(crate) renewals: usize,
    /// The longest that a renewal has taken, answered or not.
    pub(crate) slowest: Duration,
    /// What no client may be told.
    faults: Vec<String>,
}

/// One of these in so many renewals is followed by a logout.
const STAYS: usize = 7;

impl Load {
    pub(crate) fn begin<S: SessionStore>(nodes: &[Node<S>], clients: usize) -> Self {
        let over = Arc::new(AtomicBool::new(false));
        let client = |number| {
            let client = Client { nodes: nodes.to_vec(), turn: number, heard: Heard::default() };
            tokio::spawn(client.run(Arc::clone(&over)))
        };
        let clients = (0..clients).map(client).collect();
        Self { over, clients }
    }

    pub(crate) async fn end(self) -> Heard {
        self.over.store(true, Ordering::SeqCst);
        let mut all = Heard::default();
        for client in self.clients {
            let heard = client.await.expect("a client does not panic");
            all.held.extend(heard.held);
            all.gone.extend(heard.gone);
            all.faults.extend(heard.faults);
            all.unavailable += heard.unavailable;
            all.renewals += heard.renewals;
            all.slowest = all.slowest.max(heard.slowest);
        }
        all
    }
}

struct Client<S> {
    nodes: Vec<Node<S>>,
    turn: usize,
    heard: Heard,
}

impl<S: SessionStore> Client<S> {
    async fn run(mut self, over: Arc<AtomicBool>) -> Heard {
        let mut held = None;
        while !over.load(Ordering::SeqCst) {
            held = match held {
                None => self.login().await,
                Some(pair) if self.turn.is_multiple_of(STAYS) => self.leave(pair).await,
                Some(pair) => Some(self.renew(pair).await),
            };
            if let Some(pair) = &held {
                self.call(pair).await;
            }
        }
        self.heard.held.extend(held);
        self.heard
    }

    /// Another one each time.
    fn node(&mut self) -> Node<S> {
        self.turn += 1;
        self.nodes.get(self.turn % self.nodes.len()).expect("a node").clone()
    }

    /// Waits, if it was told to come again.
    async fn told(&mut self, kind: Kind, what: &str) {
        if kind == Kind::Unavailable {
            self.heard.unavailable += 1;
            assert_eq!(kind.status().as_u16(), 503, "a client can tell it from a bad token");
            crate::node::rest(20).await;
        } else {
            self.heard.faults.push(format!("{what}: {kind:?}"));
        }
    }

    async fn login(&mut self) -> Option<TokenPair> {
        match self.node().login("ada").await {
            Ok(pair) => Some(pair),
            Err(kind) => {
                self.told(kind, "login").await;
                None
            }
        }
    }

    async fn renew(&mut self, pair: TokenPair) -> TokenPair {
        let began = Instant::now();
        let renewed = self.node().renew(&pair).await;
        self.heard.slowest = self.heard.slowest.max(began.elapsed());
        match renewed {
            Ok(next) => {
                self.heard.renewals += 1;
                next
            }
            Err(kind) => {
                self.told(kind, "renewal").await;
                pair
            }
        }
    }

    /// The node that was told refuses the tokens at once, whether or not it could write that down.
    async fn leave(&mut self, pair: TokenPair) -> Option<TokenPair> {
        let node = self.node();
        if let Err(kind) = node.logout(&pair).await {
            self.told(kind, "logout").await;
        }
        if node.call(pair.access_token()).await.is_ok() {
            self.heard.faults.push("a logout is not heard on its own node".to_owned());
        }
        self.heard.gone.push(pair);
        None
    }

    async fn call(&mut self, pair: &TokenPair) {
        match self.node().call(pair.access_token()).await {
            Ok(()) | Err(TokenErrorKind::RevocationUnavailable) => {}
            Err(kind) => self.heard.faults.push(format!("a good access token: {kind:?}")),
        }
    }
}

impl Heard {
    /// Once the server is back: what was answered is so, everybody goes on with what he holds, and nobody with what he has left.
    pub(crate) async fn holds<S: SessionStore>(&self, nodes: &[Node<S>]) {
        assert_eq!(self.faults, [""; 0], "what no client may be told");
        assert!(!self.held.is_empty() && !self.gone.is_empty(), "there was some load");
        let mut turn = nodes.iter().cycle();
        for pair in &self.held {
            let node = turn.next().expect("a node");
            let renewed = patiently(async || node.renew(pair).await).await;
            assert!(renewed.is_ok(), "a client goes on with what it holds: {renewed:?}");
        }
        for pair in &self.gone {
            for node in nodes {
                let refuses = async || node.refuses(pair.access_token()).await;
                eventually("who has logged out is refused", RECOVERY, refuses).await;
                let renewed = patiently(async || node.renew(pair).await).await.map(drop);
                assert_eq!(renewed, Err(Kind::Ended), "who has logged out stays so");
            }
        }
    }
}
