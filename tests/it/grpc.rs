//! The layer before a tonic server, asked by a tonic client: what its `Status` says.

#[expect(clippy::pedantic, unreachable_pub, reason = "generated")]
#[path = "../../examples/tonic_server/greeter.rs"]
pub(crate) mod greeter;

use std::{convert::Infallible, net::SocketAddr};

use axum::Router;
use futures_util::stream::{self, Iter, StreamExt};
use serde_json::{Value, json};
use tokio::{net::TcpListener, task::AbortHandle};
use tonic::{
    Code, Request, Response, Status, Streaming,
    body::Body,
    service::{LayerExt, Routes},
    transport::{Channel, Server, server::TcpIncoming},
};
use tower::{Layer, Service, ServiceBuilder, util::MapRequestLayer};
use tower_bearer::{
    Algorithm, AuthorizationHeader, AuthorizeLayer, BearerResponder, Denial, Grpc, JwtLayer,
    KeyError, Negotiated, Policy, RequireRole, RequireScope, Respond, VerifiedToken, VerifyingKey,
    http, policy_fn_async, resolver_fn_sync,
};

use self::greeter::{
    GreetReply, GreetRequest,
    greeter_client::GreeterClient,
    greeter_server::{Greeter, GreeterServer},
};
use crate::support::{NOW, json_token, key, standard, verifiers};

struct Greetings;

fn reply<T>(request: &Request<T>) -> GreetReply {
    let token = request.extensions().get::<VerifiedToken>().unwrap();
    GreetReply { greeting: format!("hello {}", token.subject().unwrap()) }
}

#[tonic::async_trait]
impl Greeter for Greetings {
    async fn greet(&self, request: Request<GreetRequest>) -> Result<Response<GreetReply>, Status> {
        Ok(Response::new(reply(&request)))
    }

    type GreetOftenStream = Iter<std::vec::IntoIter<Result<GreetReply, Status>>>;

    async fn greet_often(
        &self,
        request: Request<GreetRequest>,
    ) -> Result<Response<Self::GreetOftenStream>, Status> {
        let times = usize::try_from(request.get_ref().times).unwrap();
        Ok(Response::new(stream::iter(vec![Ok(reply(&request)); times])))
    }
}

/// A server on loopback that ends with the test.
struct Running {
    address: SocketAddr,
    server: AbortHandle,
}

impl Running {
    /// tonic's own server, with this layer before these routes.
    async fn tonic<L>(layer: L, routes: Routes) -> Self
    where
        L: Layer<Routes> + Clone + Send + 'static,
        L::Service: Service<http::Request<Body>, Response = http::Response<Body>, Error = Infallible>
            + Clone
            + Send
            + 'static,
        <L::Service as Service<http::Request<Body>>>::Future: Send,
    {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let address = listener.local_addr().unwrap();
        let server = Server::builder().layer(layer).add_routes(routes);
        let serving = server.serve_with_incoming(TcpIncoming::from(listener));
        let server = tokio::spawn(async { serving.await.unwrap() }).abort_handle();
        Self { address, server }
    }

    /// The same for a router of axum's that has its layers.
    async fn axum(router: Router) -> Self {
        Self::tonic(tower::layer::util::Identity::new(), router.into()).await
    }

    async fn client(&self) -> GreeterClient<Channel> {
        GreeterClient::connect(format!("http://{}", self.address)).await.unwrap()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.server.abort();
    }
}

/// Asks what the request says is to be asked for.
fn policy() -> impl Policy {
    let scope = RequireScope::all(["greetings:write"]).unwrap();
    let role = RequireRole::any("/realm_access/roles", ["greeter"]).unwrap();
    policy_fn_async(move |token, head| {
        let demand = head.headers().get("demand").map(|demand| demand.to_str().unwrap());
        let decision = match demand {
            Some("scope") => scope.check(token),
            Some("role") => role.check(token),
            Some("store") => Err(Denial::unavailable("no route to host")),
            Some(demand) => panic!("{demand}"),
            None => Ok(()),
        };
        async { decision }
    })
}

fn layer<R>(responder: R) -> JwtLayer<AuthorizationHeader, R> {
    let keys = resolver_fn_sync(|header| -> Result<VerifyingKey, KeyError> {
        match header.kid() {
            Some(_) => Err(KeyError::unavailable("no route to host")),
            None => Ok(key(Algorithm::ES256).verifying()),
        }
    });
    JwtLayer::new(verifiers::new(standard(keys)).unwrap()).responder(responder)
}

fn greeter() -> GreeterServer<Greetings> {
    GreeterServer::new(Greetings)
}

/// The servers that refuse in gRPC, by what asks the policy and what stands around.
async fn servers() -> [(&'static str, Running); 4] {
    let inner = AuthorizeLayer::new(policy()).named_layer(greeter());
    let own = layer(Grpc::new()).require(policy());
    let negotiated = layer(Negotiated::new()).require(policy());
    [
        ("the layer of a server", Running::tonic(own.clone(), Routes::new(greeter())).await),
        (
            "a layer around one service",
            Running::tonic(layer(Grpc::new()).optional(), Routes::new(inner)).await,
        ),
        (
            "a layer in axum",
            Running::axum(Routes::new(greeter()).into_axum_router().layer(own)).await,
        ),
        (
            "a layer that negotiates",
            Running::axum(Routes::new(greeter()).into_axum_router().layer(negotiated)).await,
        ),
    ]
}

fn bearer(header: &Value, claims: &Value) -> Vec<String> {
    vec![format!("Bearer {}", json_token(Algorithm::ES256, header, claims).compact())]
}

fn good() -> Vec<String> {
    bearer(&json!({}), &json!({ "scope": "greetings:read" }))
}

fn request(credentials: &[String], demand: &str) -> Request<GreetRequest> {
    let mut request = Request::new(GreetRequest { times: 3 });
    for line in credentials {
        request.metadata_mut().append("authorization", line.parse().unwrap());
    }
    if !demand.is_empty() {
        request.metadata_mut().insert("demand", demand.parse().unwrap());
    }
    request
}

/// One call of each sort with the same request; both are refused alike.
async fn refused(running: &Running, credentials: &[String], demand: &str) -> Status {
    let mut client = running.client().await;
    let unary = client.greet(request(credentials, demand)).await.unwrap_err();
    let streaming = client.greet_often(request(credentials, demand)).await.unwrap_err();
    let told = |status: &Status| {
        let metadata = status.metadata();
        let header =
            |name: &str| metadata.get(name).map(|value| value.to_str().unwrap().to_owned());
        (
            status.code(),
            status.message().to_owned(),
            header("www-authenticate"),
            header("retry-after"),
        )
    };
    assert_eq!(told(&unary), told(&streaming));
    unary
}

/// Its name, `authorization`, what the policy is to ask for, the status, its message, and the challenge behind the realm.
type Case<'a> = (&'a str, &'a [String], &'a str, Code, &'a str, &'a str);

#[tokio::test]
async fn a_client_reads_every_refusal() {
    let expired = bearer(&json!({}), &json!({ "exp": NOW - 60 }));
    let foreign = bearer(&json!({}), &json!({ "aud": "https://other.example" }));
    let down = bearer(&json!({ "kid": "down" }), &json!({}));
    let two = [good(), good()].concat();
    let unauthenticated = Code::Unauthenticated;
    let cases: [Case<'_>; 9] = [
        ("no token", &[], "", unauthenticated, "a bearer token is required", ""),
        (
            "an expired token",
            &expired,
            "",
            unauthenticated,
            "the token has expired",
            r#", error="invalid_token", error_description="the token has expired""#,
        ),
        (
            "a bad token",
            &foreign,
            "",
            unauthenticated,
            "the token is not valid here",
            r#", error="invalid_token", error_description="the token is not valid here""#,
        ),
        (
            "two tokens",
            &two,
            "",
            Code::InvalidArgument,
            "the request must carry exactly one well-formed bearer token",
            r#", error="invalid_request", error_description="the request must carry exactly one well-formed bearer token""#,
        ),
        ("no token for a scope", &[], "scope", unauthenticated, "a bearer token is required", ""),
        (
            "no scope",
            &good(),
            "scope",
            Code::PermissionDenied,
            "the token lacks a scope that is needed here",
            r#", error="insufficient_scope", error_description="the token lacks a scope that is needed here", scope="greetings:write""#,
        ),
        (
            "no role",
            &good(),
            "role",
            Code::PermissionDenied,
            "the token does not permit this",
            "none",
        ),
        ("keys out of reach", &down, "", Code::Unavailable, "this cannot be decided now", "none"),
        (
            "a store out of reach",
            &good(),
            "store",
            Code::Unavailable,
            "this cannot be decided now",
            "none",
        ),
    ];
    for (server, running) in servers().await {
        for (name, credentials, demand, code, message, parameters) in cases {
            let status = refused(&running, credentials, demand).await;
            assert_eq!((status.code(), status.message()), (code, message), "{name}, {server}");
            let metadata = status.metadata();
            let challenge = metadata.get("www-authenticate").map(|value| value.to_str().unwrap());
            let expected =
                (parameters != "none").then(|| format!(r#"Bearer realm="api"{parameters}"#));
            assert_eq!(challenge, expected.as_deref(), "{name}, {server}");
            let retry_after = metadata.get("retry-after").map(|value| value.to_str().unwrap());
            assert_eq!(retry_after, (code == Code::Unavailable).then_some("5"), "{name}, {server}");
        }
    }
}

#[tokio::test]
async fn a_good_token_reaches_the_handler() {
    let good = bearer(&json!({}), &json!({ "sub": "grace", "scope": "greetings:write" }));
    for (server, running) in servers().await {
        let mut client = running.client().await;
        let reply = client.greet(request(&good, "scope")).await.unwrap().into_inner();
        assert_eq!(reply.greeting, "hello grace", "{server}");
        let replies: Streaming<_> =
            client.greet_often(request(&good, "scope")).await.unwrap().into_inner();
        let greetings: Vec<_> = replies.map(|reply| reply.unwrap().greeting).collect().await;
        assert_eq!(greetings, ["hello grace"; 3], "{server}");
    }
}

/// A set-up that loses what the layer has left, before a layer that needs it.
async fn misconfigured<R: Respond<Body>>(responder: R) -> Running {
    let forget = MapRequestLayer::new(|mut request: http::Request<Body>| {
        request.extensions_mut().remove::<VerifiedToken>();
        request
    });
    let inner = ServiceBuilder::new().layer(forget).layer(AuthorizeLayer::new(policy()));
    Running::tonic(layer(responder), Routes::new(inner.named_layer(greeter()))).await
}

#[tokio::test]
async fn a_wrong_set_up_is_internal() {
    let status = refused(&misconfigured(Grpc::new()).await, &good(), "").await;
    assert_eq!(status.code(), Code::Internal);
    assert!(status.message().contains("no `JwtLayer` has run"), "{}", status.message());
}

/// A stream seems to be granted, and ends with the status where its first message should be.
async fn codes_without_responder(
    running: &Running,
    request: impl Fn() -> Request<GreetRequest>,
) -> (Code, Code) {
    let mut client = running.client().await;
    let unary = client.greet(request()).await.unwrap_err();
    let mut replies = client.greet_often(request()).await.unwrap().into_inner();
    (unary.code(), replies.message().await.unwrap_err().code())
}

/// Why there is a responder for gRPC, and when it can be done without.
#[tokio::test]
async fn without_the_responder_a_client_reads_the_http_status() {
    let plain = layer(BearerResponder::default()).require(policy());
    let running = Running::tonic(plain, Routes::new(greeter())).await;
    let down = bearer(&json!({ "kid": "down" }), &json!({}));
    let two = [good(), good()].concat();
    let cases: [(&str, &[String], &str, Code); 6] = [
        ("401, no token", &[], "", Code::Unauthenticated),
        ("403, no scope", &good(), "scope", Code::PermissionDenied),
        ("403, no role", &good(), "role", Code::PermissionDenied),
        ("503, keys", &down, "", Code::Unavailable),
        ("503, a store", &good(), "store", Code::Unavailable),
        ("400, wrongly", &two, "", Code::Internal),
    ];
    for (name, credentials, demand, code) in cases {
        let codes = codes_without_responder(&running, || request(credentials, demand)).await;
        assert_eq!(codes, (code, code), "{name}");
    }
    let wrong = misconfigured(BearerResponder::default()).await;
    let codes = codes_without_responder(&wrong, || request(&good(), "")).await;
    assert_eq!(codes, (Code::Unknown, Code::Unknown), "500, wrongly");
}
