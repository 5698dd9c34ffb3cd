use std::{
    net::Ipv4Addr,
    sync::{
        Arc,
        atomic::{AtomicU16, AtomicUsize, Ordering},
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
    server: Arc<AtomicU16>,
    orders: watch::Sender<Order>,
    answers: Arc<Answers>,
    accepting: JoinHandle<()>,
}

struct Answers {
    /// The next one is cut after so many bytes.
    cut_after: AtomicUsize,
    bytes: AtomicUsize,
}

#[derive(Clone, Copy, Default)]
struct Order {
    /// So often all connections were cut.
    cuts: usize,
    /// So often all of them were swallowed.
    swallowed: usize,
    swallows: bool,
}

/// No reply is cut.
const WHOLE: usize = usize::MAX;

impl Default for Answers {
    fn default() -> Self {
        Self { cut_after: AtomicUsize::new(WHOLE), bytes: AtomicUsize::new(0) }
    }
}

impl Proxy {
    /// One before this port.
    pub async fn before(server: u16) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.expect("a port");
        let port = listener.local_addr().expect("its address").port();
        let server = Arc::new(AtomicU16::new(server));
        let (orders, heard) = watch::channel(Order::default());
        let answers = Arc::new(Answers::default());
        let accepting =
            tokio::spawn(accept(listener, Arc::clone(&server), heard, Arc::clone(&answers)));
        Self { port, server, orders, answers, accepting }
    }

    /// Where clients find it.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// New connections lead to this port, as a name does after a failover.
    pub fn lead_to(&self, server: u16) {
        self.server.store(server, Ordering::SeqCst);
    }

    /// Cuts all connections now. New ones are taken.
    pub fn cut(&self) {
        self.orders.send_modify(|order| order.cuts += 1);
    }

    /// Cuts the connection that is next to be answered, after so many bytes of the answer.
    pub fn cut_after(&self, bytes: usize) {
        self.answers.cut_after.store(bytes, Ordering::SeqCst);
    }

    /// How many bytes the server has sent.
    pub fn answered(&self) -> usize {
        self.answers.bytes.load(Ordering::SeqCst)
    }

    /// Connections stay and nothing passes, as with a machine that has vanished; new ones are taken, and nothing passes. Those never come
    /// back, also after [`pass`](Self::pass).
    pub fn swallow(&self) {
        self.orders.send_modify(|order| {
            order.swallows = true;
            order.swallowed += 1;
        });
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
    server: Arc<AtomicU16>,
    orders: watch::Receiver<Order>,
    answers: Arc<Answers>,
) {
    while let Ok((client, _)) = listener.accept().await {
        let server = server.load(Ordering::SeqCst);
        tokio::spawn(serve(client, server, orders.clone(), Arc::clone(&answers)));
    }
}

/// Until it is cut.
async fn serve(
    client: TcpStream,
    server: u16,
    mut orders: watch::Receiver<Order>,
    answers: Arc<Answers>,
) {
    let born = *orders.borrow();
    let Ok(server) = TcpStream::connect((Ipv4Addr::LOCALHOST, server)).await else { return };
    // Small packets that wait for each other would be the proxy's doing.
    if client.set_nodelay(true).and_then(|()| server.set_nodelay(true)).is_err() {
        return;
    }
    let (from_client, to_client) = client.into_split();
    let (from_server, to_server) = server.into_split();
    // All four are kept while nothing passes: the client sees a connection.
    let asks = Answers::default();
    let (mut there, mut back) = ((from_client, to_server), (from_server, to_client));
    if !born.swallows {
        tokio::select! {
            () = carry(&mut there, &asks) => return,
            () = carry(&mut back, &answers) => return,
            _ = orders.wait_for(|order| (order.swallowed, order.cuts) != (born.swallowed, born.cuts)) => {}
        }
    }
    let _ = orders.wait_for(|order| order.cuts != born.cuts).await;
}

async fn carry((from, to): &mut (OwnedReadHalf, OwnedWriteHalf), answers: &Answers) {
    let mut buffer = vec![0; 16 * 1024];
    while let Ok(length @ 1..) = from.read(&mut buffer).await {
        let some = answers.cut_after.swap(WHOLE, Ordering::SeqCst);
        answers.bytes.fetch_add(length, Ordering::SeqCst);
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
