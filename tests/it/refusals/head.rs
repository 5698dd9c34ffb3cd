//! Refusals of a `HEAD`: the headers of a `GET`, and no content (RFC 9110 §9.3.2), whoever serves it.

use std::{convert::Infallible, future::ready};

use http_body_util::{BodyExt, Empty, Full};
use hyper::{
    Method, Request, Response,
    body::{Bytes, Incoming},
    client::conn::http2::handshake,
    header::{CONTENT_LENGTH, CONTENT_TYPE},
    server::conn::http2,
};
use hyper_util::rt::{TokioExecutor, TokioIo};
use tower::{Layer, ServiceExt, service_fn};
use tower_bearer::{Grpc, JwtLayer, Negotiated, ProblemJson, Respond};

use super::verifier;

/// A refusal over HTTP/2, where hyper leaves it to services to know what a `HEAD` is.
async fn refused(responder: impl Respond<Full<Bytes>>, method: Method) -> (Response<()>, Bytes) {
    let inner = service_fn(|_| ready(Ok::<_, Infallible>(Response::new(Full::<Bytes>::default()))));
    let service = JwtLayer::new(verifier()).responder(responder).layer(inner);
    let service = hyper::service::service_fn(move |request: Request<Incoming>| {
        service.clone().oneshot(request)
    });
    let (near, far) = tokio::io::duplex(4096);
    let server = http2::Builder::new(TokioExecutor::new());
    tokio::spawn(server.serve_connection(TokioIo::new(far), service));
    let (mut client, connection) =
        handshake(TokioExecutor::new(), TokioIo::new(near)).await.unwrap();
    tokio::spawn(connection);

    let request = Request::builder().method(method).uri("http://api.example/");
    let response = client.send_request(request.body(Empty::<Bytes>::new()).unwrap()).await.unwrap();
    let (head, body) = response.into_parts();
    let body = body.collect().await.expect("the stream is not broken").to_bytes();
    (Response::from_parts(head, ()), body)
}

async fn assert_same<R: Respond<Full<Bytes>>>(name: &str, responder: R, length: Option<&str>) {
    let (get, content) = refused(responder.clone(), Method::GET).await;
    let (head, none) = refused(responder, Method::HEAD).await;
    assert_eq!((get.status(), head.status()), (401.try_into().unwrap(), 401.try_into().unwrap()));
    let header = |response: &Response<()>, wanted| {
        response.headers().get(wanted).map(|value| value.to_str().unwrap().to_owned())
    };
    assert_eq!(header(&head, CONTENT_TYPE), header(&get, CONTENT_TYPE), "{name}");
    assert_eq!(header(&head, CONTENT_LENGTH), header(&get, CONTENT_LENGTH), "{name}");
    assert_eq!(header(&get, CONTENT_LENGTH).as_deref(), length, "{name}");
    assert_eq!((content.is_empty(), none.len()), (length.is_none(), 0), "{name}");
}

#[tokio::test]
async fn has_the_headers_of_a_get_and_no_content() {
    assert_same("problem", ProblemJson::new(), Some("125")).await;
    assert_same("negotiated", Negotiated::new(), Some("125")).await;
    assert_same("gRPC", Grpc::new(), None).await;
}
