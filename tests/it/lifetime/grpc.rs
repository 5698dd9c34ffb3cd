//! A call of gRPC that streams ends with a status that its client understands.

use std::pin::Pin;

use futures_util::{Stream, stream};
use tokio::net::TcpListener;
use tonic::{
    Code, Request, Response, Status,
    service::{LayerExt, Routes},
    transport::{Channel, Server, server::TcpIncoming},
};
use tower::ServiceBuilder;
use tower_bearer::{Grpc, JwtLayer, LifetimeLayer};

use super::*;
use crate::grpc::greeter::{
    GreetReply, GreetRequest,
    greeter_client::GreeterClient,
    greeter_server::{Greeter, GreeterServer},
};
use crate::support::verifiers;

/// Greets each second, for ever.
struct Patient;

#[tonic::async_trait]
impl Greeter for Patient {
    async fn greet(&self, _: Request<GreetRequest>) -> Result<Response<GreetReply>, Status> {
        Ok(Response::new(GreetReply { greeting: "hello".to_owned() }))
    }

    type GreetOftenStream = Pin<Box<dyn Stream<Item = Result<GreetReply, Status>> + Send>>;

    async fn greet_often(
        &self,
        _: Request<GreetRequest>,
    ) -> Result<Response<Self::GreetOftenStream>, Status> {
        Ok(Response::new(Box::pin(stream::unfold((), |()| async {
            pass(SECOND).await;
            Some((Ok(GreetReply { greeting: "hello".to_owned() }), ()))
        }))))
    }
}

/// How many greetings come until the call ends, and with what.
async fn greetings(issuer: TrustedIssuer, token: &str) -> (usize, Status) {
    let jwt = JwtLayer::new(verifiers::new(issuer).unwrap()).responder(Grpc::new());
    let layers = ServiceBuilder::new().layer(jwt).layer(LifetimeLayer::new()).into_inner();
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let address = listener.local_addr().unwrap();
    let service = layers.named_layer(GreeterServer::new(Patient));
    let server = Server::builder().add_routes(Routes::new(service));
    tokio::spawn(server.serve_with_incoming(TcpIncoming::from(listener).with_nodelay(Some(true))));

    let channel = Channel::from_shared(format!("http://{address}")).unwrap().connect().await;
    let mut request = Request::new(GreetRequest::default());
    request.metadata_mut().insert("authorization", format!("Bearer {token}").parse().unwrap());
    let reply = GreeterClient::new(channel.unwrap()).greet_often(request).await.unwrap();
    let (mut stream, mut greetings) = (reply.into_inner(), 0);
    loop {
        match soon(stream.message()).await {
            Ok(Some(_)) if greetings > 3600 => panic!("it never ends"),
            Ok(Some(_)) => greetings += 1,
            Ok(None) => panic!("it ends as if it were complete"),
            Err(status) => return (greetings, status),
        }
    }
}

#[tokio::test(start_paused = true)]
async fn it_ends_with_unauthenticated_at_exp() {
    let (greetings, status) = greetings(issuer(), &token_for(5.5)).await;
    assert_eq!((greetings, status.code()), (5, Code::Unauthenticated));
    assert_eq!(status.message(), "the token has expired");
}

#[tokio::test(start_paused = true)]
async fn it_ends_with_unavailable_where_nobody_can_say() {
    let told = Told::default();
    let (issuer, token) = (issuer().revocation(told.clone()), token_for(900.0));
    let reader = tokio::spawn(async move { greetings(issuer, &token).await });
    pass(Duration::from_millis(3_500)).await;
    told.say(Revocation::Unknown);
    let (greetings, status) = reader.await.unwrap();
    assert_eq!(status.code(), Code::Unavailable);
    assert!(matches!(greetings, 3 | 4), "{greetings}");
    assert_eq!(status.message(), "this cannot be decided now");
}
