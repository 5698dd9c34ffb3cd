//! What stands before the nodes: each connection goes to the next one.

use std::{io, net::SocketAddr};

use tokio::{
    io::copy_bidirectional,
    net::{TcpListener, TcpStream},
};

pub(crate) async fn balance(front: TcpListener, nodes: Vec<SocketAddr>) -> io::Result<()> {
    for node in nodes.into_iter().cycle() {
        let (mut client, _) = front.accept().await?;
        tokio::spawn(async move {
            let mut node = TcpStream::connect(node).await?;
            copy_bidirectional(&mut client, &mut node).await
        });
    }
    Ok(())
}
