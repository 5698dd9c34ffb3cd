//! A protected axum app on loopback, and a client that asks it.

use axum::{Json, Router, routing::get};
use http_body_util::{BodyExt, Empty};
use hyper::{
    Request,
    body::Bytes,
    header::{AUTHORIZATION, WWW_AUTHENTICATE},
};
use hyper_util::{
    client::legacy::{Client, connect::HttpConnector},
    rt::TokioExecutor,
};
use serde_json::Value;
use tokio::{net::TcpListener, task::JoinHandle};
use tower_bearer::{Claims, JwtLayer, StaticKeys, TrustedIssuer, Verifier};

pub(crate) type Error = Box<dyn std::error::Error + Send + Sync>;

pub(crate) struct Server {
    url: String,
    client: Client<HttpConnector, Empty<Bytes>>,
    task: JoinHandle<std::io::Result<()>>,
}

/// What came back over the wire.
#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) challenge: String,
    pub(crate) body: String,
}

impl Server {
    /// `GET /` answers with the claims of a token that these keys verify.
    pub(crate) async fn start(keys: StaticKeys) -> Result<Self, Error> {
        let issuer = TrustedIssuer::new("https://issuer.example", "https://api.example", keys);
        let echo = |Claims(claims): Claims<Value>| async move { Json((*claims).clone()) };
        let app =
            Router::new().route("/", get(echo)).route_layer(JwtLayer::new(Verifier::new(issuer)?));
        let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
        let url = format!("http://{}/", listener.local_addr()?);
        let client = Client::builder(TokioExecutor::new()).build_http();
        let task = tokio::spawn(async { axum::serve(listener, app).await });
        Ok(Self { url, client, task })
    }

    pub(crate) async fn get(&self, token: &str) -> Result<Reply, Error> {
        let request = Request::get(&self.url)
            .header(AUTHORIZATION, format!("Bearer {token}"))
            .body(Empty::new())?;
        let (head, body) = self.client.request(request).await?.into_parts();
        let challenge =
            head.headers.get(WWW_AUTHENTICATE).map_or(Ok(""), |value| value.to_str())?;
        Ok(Reply {
            status: head.status.as_u16(),
            challenge: challenge.to_owned(),
            body: String::from_utf8(body.collect().await?.to_bytes().to_vec())?,
        })
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.task.abort();
    }
}
