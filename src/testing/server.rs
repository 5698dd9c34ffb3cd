use std::{
    convert::Infallible,
    fmt, io,
    net::{Ipv4Addr, SocketAddr},
    sync::Arc,
};

use http::Request;
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::TokioIo;
use tokio::{
    net::{TcpListener, TcpStream},
    task::{JoinHandle, JoinSet},
};

use super::provider::{Provider, Served};

/// A [`TestIssuer`](super::TestIssuer) on loopback, until this is dropped.
///
/// It answers at the paths of OpenID Connect Discovery and RFC 8414 and at `jwks_uri`, and nowhere else: the other
/// endpoints that the metadata must name are not there.
#[must_use = "the server ends when this is dropped: keep it in a variable, such as `_server`"]
pub struct TestServer {
    address: SocketAddr,
    accepting: JoinHandle<()>,
}

impl TestServer {
    pub(super) async fn start(provider: Arc<Provider>) -> io::Result<Self> {
        let port = provider.served.get().map_or(0, |served| served.address.port());
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await?;
        let address = listener.local_addr()?;
        let name = format!("http://{address}{}", provider.path());
        let served = provider.served.get_or_init(|| Served { address, name });
        if served.address != address {
            return Err(io::Error::new(
                io::ErrorKind::AddrInUse,
                "this issuer is being served already, and has one name",
            ));
        }
        Ok(Self { address, accepting: tokio::spawn(accept(listener, provider)) })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Ends the server and waits until nobody listens any more: after it, connections are refused.
    pub async fn stop(mut self) {
        self.accepting.abort();
        // Whether it was aborted or had ended: it is over.
        let _ = (&mut self.accepting).await;
    }
}

impl Drop for TestServer {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

impl fmt::Debug for TestServer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TestServer").field("address", &self.address).finish_non_exhaustive()
    }
}

/// Accepts until it is aborted. The connections are its own, so they end with it.
async fn accept(listener: TcpListener, provider: Arc<Provider>) {
    let mut connections = JoinSet::new();
    loop {
        // A client that is gone before it is accepted is no reason to stop.
        if let Ok((stream, _)) = listener.accept().await {
            connections.spawn(connection(stream, Arc::clone(&provider)));
        }
        while connections.try_join_next().is_some() {}
    }
}

async fn connection(stream: TcpStream, provider: Arc<Provider>) {
    let service = service_fn(|request: Request<Incoming>| {
        let request = request.map(drop);
        let provider = Arc::clone(&provider);
        async move { Ok::<_, Infallible>(provider.respond(request).await) }
    });
    // A connection that breaks is the client's affair.
    let _ = http1::Builder::new().serve_connection(TokioIo::new(stream), service).await;
}
