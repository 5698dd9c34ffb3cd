use std::{io::ErrorKind, time::Duration};

use hyper::header::{ETAG, IF_NONE_MATCH};
use serde_json::Value;
use tokio::net::TcpStream;
use tower_bearer::{
    Algorithm,
    reqwest::{Client, Response},
    testing::{TestIssuer, TestServer},
};

use super::{claims, verify};
use crate::support::AUDIENCE;

/// Nothing on loopback goes through a proxy, whatever the environment says.
fn client() -> Client {
    Client::builder().no_proxy().build().unwrap()
}

async fn ask(url: &str) -> Response {
    client().get(url).send().await.unwrap()
}

#[tokio::test]
async fn its_name_is_where_it_is_served() {
    let issuer = TestIssuer::new();
    let clone = issuer.clone();
    let server = issuer.serve().await.unwrap();
    let url = format!("http://{}", server.address());
    assert!(server.address().ip().is_loopback());
    assert_eq!((issuer.name(), clone.name()), (&*url, &*url));
    assert_eq!(claims(&clone.token().mint())["iss"], *url);
    assert!(verify(&clone, issuer.token_for(AUDIENCE)).await.is_ok());
}

#[tokio::test]
async fn documents_are_served_as_in_memory() {
    let issuer = TestIssuer::new();
    let server = issuer.serve().await.unwrap();
    let url = format!("http://{}", server.address());
    for path in ["/.well-known/openid-configuration", "/.well-known/oauth-authorization-server"] {
        let text = ask(&format!("{url}{path}")).await.text().await.unwrap();
        let metadata: Value = serde_json::from_str(&text).unwrap();
        assert_eq!(metadata["issuer"], *url);
        assert_eq!(metadata["jwks_uri"], format!("{url}/jwks"));
    }
    issuer.cache_control("max-age=60");
    let keys = ask(&format!("{url}/jwks")).await;
    assert_eq!(keys.headers()["cache-control"], "max-age=60");
    let tag = keys.headers()[ETAG].clone();
    assert_eq!(keys.text().await.unwrap(), issuer.jwks());

    let again =
        client().get(format!("{url}/jwks")).header(IF_NONE_MATCH, tag).send().await.unwrap();
    assert_eq!(again.status(), 304);
    assert_eq!(ask(&format!("{url}/authorize")).await.status(), 404);
    issuer.outage();
    assert_eq!(ask(&format!("{url}/jwks")).await.status(), 503);
    issuer.recover();
    issuer.token().algorithm(Algorithm::Ed25519).mint();
    assert_eq!(ask(&format!("{url}/jwks")).await.text().await.unwrap(), issuer.jwks());
    assert_eq!((issuer.fetches().discovery, issuer.fetches().jwks), (2, 4));
}

#[tokio::test]
async fn a_path_is_kept() {
    let issuer = TestIssuer::builder().name("https://login.test/tenant").build();
    let server = issuer.serve().await.unwrap();
    let host = format!("http://{}", server.address());
    assert_eq!(issuer.name(), format!("{host}/tenant"));
    for path in [
        "/tenant/.well-known/openid-configuration",
        "/.well-known/oauth-authorization-server/tenant",
        "/tenant/jwks",
    ] {
        assert_eq!(ask(&format!("{host}{path}")).await.status(), 200, "{path}");
    }
}

async fn refused(server: std::net::SocketAddr) -> bool {
    let connected = TcpStream::connect(server).await;
    connected.is_err_and(|error| error.kind() == ErrorKind::ConnectionRefused)
}

#[tokio::test]
async fn nobody_listens_once_it_has_stopped() {
    let issuer = TestIssuer::new();
    let server = issuer.serve().await.unwrap();
    let address = server.address();
    assert!(TcpStream::connect(address).await.is_ok());
    server.stop().await;
    assert!(refused(address).await);
}

#[tokio::test]
async fn it_ends_when_it_is_dropped() {
    let issuer = TestIssuer::new();
    let server = issuer.serve().await.unwrap();
    let address = server.address();
    drop(server);
    // The task ends when it is next its turn.
    let ended = async {
        while !refused(address).await {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(10), ended).await.expect("it ends");
}

/// A connection that is open when the server ends, ends with it.
#[tokio::test]
async fn connections_end_with_it() {
    use tokio::io::AsyncReadExt;

    let issuer = TestIssuer::new();
    let server = issuer.serve().await.unwrap();
    let mut connection = TcpStream::connect(server.address()).await.unwrap();
    ask(&format!("{}/jwks", issuer.name())).await;
    server.stop().await;
    let mut byte = [0; 1];
    let read = connection.read(&mut byte);
    let read = tokio::time::timeout(Duration::from_secs(10), read).await.expect("it ends");
    assert!(!matches!(read, Ok(1..)), "{read:?}");
}

#[tokio::test]
async fn it_comes_back_at_the_same_address() {
    let issuer = TestIssuer::new();
    let first = issuer.serve().await.unwrap();
    let (address, name) = (first.address(), issuer.name().to_owned());
    let twice = issuer.serve().await.map(|second: TestServer| second.address());
    assert_eq!(twice.unwrap_err().kind(), ErrorKind::AddrInUse);
    first.stop().await;
    let second = issuer.serve().await.unwrap();
    assert_eq!((second.address(), issuer.name()), (address, &*name));
    assert_eq!(ask(&format!("{name}/jwks")).await.status(), 200);
}
