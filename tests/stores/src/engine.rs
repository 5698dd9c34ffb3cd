use std::future::{Future, ready};

use tower_bearer::{RevocationLog, SessionStore};

use crate::Server;

/// A store on a server, and how to come to it.
pub trait Engine: Send + Sync + 'static {
    /// The server.
    type Server: Server;
    /// The store.
    type Store: SessionStore + RevocationLog + Clone;

    /// The store behind this port on 127.0.0.1, which is the server's or that of a [`Proxy`](crate::Proxy). Waits until it is reached.
    fn connect(port: u16) -> impl Future<Output = Self::Store> + Send;

    /// Makes what has to be there on a server without data, such as tables.
    fn prepare(_port: u16) -> impl Future<Output = ()> + Send {
        ready(())
    }
}
