//! A connection that is made again when it is lost.
//!
//! `redis::aio::ConnectionManager` keeps a connection after a timeout, and after `READONLY`: one whose other end has vanished, or has become a replica,
//! would be asked for ever. Here such a connection is retired, and the next to ask makes another.

use std::{
    future::Future,
    panic::AssertUnwindSafe,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use futures_util::{
    FutureExt as _,
    future::{BoxFuture, Shared},
};
use redis::{
    AsyncConnectionConfig, Client, ProtocolVersion,
    aio::MultiplexedConnection,
    io::tcp::{TcpSettings, socket2::TcpKeepalive},
};
use tokio::{
    runtime::Handle,
    time::{Instant, timeout},
};

use crate::{ears::Ears, fault::Fault};

/// A server that refuses is not asked again at once.
const PAUSE: Duration = Duration::from_millis(100);

/// A server that says it is the wrong one may say so for a while.
const PATIENCE: Duration = Duration::from_secs(1);

/// A connection on which nothing is heard is asked whether it is there, and given up a few seconds later.
const QUIET: Duration = Duration::from_secs(5);
const ASKED: Duration = Duration::from_secs(1);
const TIMES: u32 = 3;

/// So many questions may wait to be sent.
const WAITING: usize = 1024;

pub(crate) struct Line {
    client: Client,
    channel: Vec<u8>,
    patience: Duration,
    attempt: Mutex<Option<Attempt>>,
}

#[derive(Clone)]
struct Attempt {
    began: Instant,
    ears: Ears,
    connecting: Shared<BoxFuture<'static, Result<MultiplexedConnection, Fault>>>,
}

/// A connection, and what it hears.
#[derive(Clone)]
pub(crate) struct Connection {
    pub(crate) redis: MultiplexedConnection,
    pub(crate) ears: Ears,
}

impl Line {
    pub(crate) fn new(client: Client, channel: &[u8], patience: Duration) -> Self {
        Self { client, channel: channel.to_vec(), patience, attempt: Mutex::new(None) }
    }

    /// Asks over the connection, which is made if there is none. All of it takes the line's patience at most.
    pub(crate) async fn ask<T, R>(&self, ask: impl FnOnce(Connection) -> R) -> Result<T, Fault>
    where
        R: Future<Output = Result<T, Fault>>,
    {
        Handle::try_current()
            .map_err(|_| Fault::Refused("Redis is asked within a tokio runtime"))?;
        let attempt = self.attempt();
        let asked = timeout(self.patience, async {
            let redis = attempt.connecting.clone().await?;
            ask(Connection { redis, ears: attempt.ears.clone() }).await
        });
        let answer = asked.await.unwrap_or(Err(Fault::Slow));
        if answer.as_ref().is_err_and(|fault| attempt.is_over(fault)) {
            self.retire(&attempt);
        }
        answer
    }

    /// The connection that is there or under way, or a new one.
    fn attempt(&self) -> Attempt {
        let mut current = self.attempt.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(attempt) = current.as_ref().filter(|attempt| attempt.is_good()) {
            return attempt.clone();
        }
        let ears = Ears::new(&self.channel);
        let connecting = connect(self.client.clone(), self.patience, &ears);
        // Whoever asks next would panic as well, for ever.
        let connecting = AssertUnwindSafe(connecting).catch_unwind().map(|connected| {
            connected.unwrap_or_else(|_| Err(Fault::Gone("its client has panicked".to_owned())))
        });
        let connecting = connecting.boxed().shared();
        // Whoever has asked may go away meanwhile.
        tokio::spawn(connecting.clone().map(drop));
        current.insert(Attempt { began: Instant::now(), ears, connecting }).clone()
    }

    /// Makes no further use of a connection. Whoever waits for an answer on it goes on to wait, and what it tells ends with them.
    fn retire(&self, attempt: &Attempt) {
        let mut current = self.attempt.lock().unwrap_or_else(PoisonError::into_inner);
        let is_failed = matches!(attempt.connecting.peek(), Some(Err(_)));
        if !is_failed && current.as_ref().is_some_and(|current| current.is(attempt)) {
            *current = None;
        }
    }
}

impl Attempt {
    fn is(&self, other: &Self) -> bool {
        self.connecting.ptr_eq(&other.connecting)
    }

    /// Whether another connection may do better by now.
    fn is_over(&self, fault: &Fault) -> bool {
        let is_early = matches!(fault, Fault::Said(_)) && self.began.elapsed() < PATIENCE;
        fault.is_of_the_connection() && !is_early
    }

    fn is_good(&self) -> bool {
        match self.connecting.peek() {
            None => true,
            Some(Ok(_)) => !self.ears.is_gone(),
            Some(Err(_)) => self.began.elapsed() < PAUSE,
        }
    }
}

fn connect(
    client: Client,
    patience: Duration,
    ears: &Ears,
) -> impl Future<Output = Result<MultiplexedConnection, Fault>> + use<> {
    let config = AsyncConnectionConfig::new()
        .set_connection_timeout(None)
        .set_response_timeout(None)
        .set_pipeline_buffer_size(WAITING)
        .set_push_sender(ears.hearing());
    async move {
        let connected = client.get_multiplexed_async_connection_with_config(&config);
        let connected = timeout(patience, connected).await.map_err(|_| Fault::Slow)?;
        connected.map_err(Fault::from)
    }
}

/// A client whose connections are told things, and notice when the other end has vanished.
pub(crate) fn prepared(client: &Client) -> Result<Client, Fault> {
    choose_cryptography(client.get_connection_info().addr());
    let info = client.get_connection_info().clone();
    let settings = info.redis_settings().clone().set_protocol(ProtocolVersion::RESP3);
    let tcp = info.tcp_settings().clone();
    let is_set = tcp.keepalive().is_some();
    let info = info.set_redis_settings(settings);
    let info = if is_set { info } else { info.set_tcp_settings(watched(tcp)) };
    Client::open(info).map_err(Fault::from)
}

fn watched(tcp: TcpSettings) -> TcpSettings {
    let asking = TcpKeepalive::new().with_time(QUIET).with_interval(ASKED).with_retries(TIMES);
    let tcp = tcp.set_nodelay(true).set_keepalive(asking);
    #[cfg(target_os = "linux")]
    let tcp = tcp.set_user_timeout(QUIET);
    tcp
}

/// What rustls does by itself if one provider is compiled in. If there are two it panics.
#[cfg(feature = "rustls")]
fn choose_cryptography(address: &redis::ConnectionAddr) {
    let is_tls = matches!(address, redis::ConnectionAddr::TcpTls { .. });
    if is_tls && rustls::crypto::CryptoProvider::get_default().is_none() {
        // Somebody else may have been faster.
        let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    }
}

#[cfg(not(feature = "rustls"))]
fn choose_cryptography(_: &redis::ConnectionAddr) {}
