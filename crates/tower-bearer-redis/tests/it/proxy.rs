//! What lies between: it can be cut without anybody being told, and lead to another server.

use std::sync::{
    Arc,
    atomic::{AtomicU16, Ordering},
};

use tokio::{
    io::copy_bidirectional,
    net::{TcpListener, TcpStream},
    sync::watch,
};

pub(crate) struct Proxy {
    port: u16,
    target: Arc<AtomicU16>,
    cut: watch::Sender<u32>,
}

impl Proxy {
    pub(crate) async fn to(target: u16) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let target = Arc::new(AtomicU16::new(target));
        let (cut, _) = watch::channel(0);
        let (to, cuts) = (Arc::clone(&target), cut.clone());
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let server = TcpStream::connect(("127.0.0.1", to.load(Ordering::SeqCst))).await;
                tokio::spawn(pass(stream, server.unwrap(), cuts.subscribe()));
            }
        });
        Self { port, target, cut }
    }

    pub(crate) fn url(&self) -> String {
        format!("redis://127.0.0.1:{}/", self.port)
    }

    /// New connections lead to this port.
    pub(crate) fn lead_to(&self, target: u16) {
        self.target.store(target, Ordering::SeqCst);
    }

    /// The connections there are stay open, and nothing passes any more.
    pub(crate) fn cut(&self) {
        self.cut.send_modify(|cut| *cut += 1);
    }
}

async fn pass(mut client: TcpStream, mut server: TcpStream, mut cut: watch::Receiver<u32>) {
    tokio::select! {
        _ = copy_bidirectional(&mut client, &mut server) => {}
        _ = cut.changed() => std::future::pending().await,
    }
}
