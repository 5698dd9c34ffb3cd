use std::{
    net::Ipv4Addr,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{
        TcpListener, TcpStream,
        tcp::{OwnedReadHalf, OwnedWriteHalf},
    },
    sync::watch,
    task::JoinHandle,
};

/// Stands before a server on 127.0.0.1, and does to connections what networks do.
pub struct Proxy {
    port: u16,
    orders: watch::Sender<Order>,
    cut_after: Arc<AtomicUsize>,
    accepting: JoinHandle<()>,
}

#[derive(Clone, Copy, Default)]
struct Order {
    /// So often all connections were cut.
    cuts: usize,
    swallows: bool,
}

/// No reply is cut.
const WHOLE: usize = usize::MAX;

impl Proxy {
    /// One before this port.
    pub async fn before(server: u16) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.expect("a port");
        let port = listener.local_addr().expect("its address").port();
        let (orders, heard) = watch::channel(Order::default());
        let cut_after = Arc::new(AtomicUsize::new(WHOLE));
        let accepting = tokio::spawn(accept(listener, server, heard, Arc::clone(&cut_after)));
        Self { port, orders, cut_after, accepting }
    }

    /// Where clients find it.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Cuts all connections now. New ones are taken.
    pub fn cut(&self) {
        self.orders.send_modify(|order| order.cuts += 1);
    }

    /// Cuts the connection that is next to be answered, after so many bytes of the answer.
    pub fn cut_after(&self, bytes: usize) {
        self.cut_after.store(bytes, Ordering::SeqCst);
    }

    /// Connections stay and nothing passes, as with a machine that has vanished; new ones are taken, and nothing passes. Those never come
    /// back, also after [`pass`](Self::pass).
    pub fn swallow(&self) {
        self.orders.send_modify(|order| order.swallows = true);
    }

    /// What connects from now on passes.
    pub fn pass(&self) {
        self.orders.send_modify(|order| order.swallows = false);
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.accepting.abort();
        self.cut();
    }
}

async fn accept(
    listener: TcpListener,
    server: u16,
    orders: watch::Receiver<Order>,
    cut_after: Arc<AtomicUsize>,
) {
    while let Ok((client, _)) = listener.accept().await {
        tokio::spawn(serve(client, server, orders.clone(), Arc::clone(&cut_after)));
    }
}

/// Until it is cut.
async fn serve(
    client: TcpStream,
    server: u16,
    mut orders: watch::Receiver<Order>,
    cut_after: Arc<AtomicUsize>,
) {
    let born = *orders.borrow();
    let Ok(server) = TcpStream::connect((Ipv4Addr::LOCALHOST, server)).await else { return };
    let (from_client, to_client) = client.into_split();
    let (from_server, to_server) = server.into_split();
    // All four are kept while nothing passes: the client sees a connection.
    let whole = AtomicUsize::new(WHOLE);
    let (mut asks, mut answers) = ((from_client, to_server), (from_server, to_client));
    if !born.swallows {
        tokio::select! {
            () = carry(&mut asks, &whole) => return,
            () = carry(&mut answers, &cut_after) => return,
            _ = orders.wait_for(|order| order.swallows || order.cuts != born.cuts) => {}
        }
    }
    let _ = orders.wait_for(|order| order.cuts != born.cuts).await;
}

async fn carry((from, to): &mut (OwnedReadHalf, OwnedWriteHalf), cut_after: &AtomicUsize) {
    let mut buffer = vec![0; 16 * 1024];
    while let Ok(length @ 1..) = from.read(&mut buffer).await {
        let some = cut_after.swap(WHOLE, Ordering::SeqCst);
        let Some(passing) = buffer.get(..length.min(some)) else { return };
        if to.write_all(passing).await.is_err() || some != WHOLE {
            return;
        }
    }
}

impl std::fmt::Debug for Proxy {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Proxy").field("port", &self.port).finish_non_exhaustive()
    }
}
