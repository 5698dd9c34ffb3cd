//! One layer before a gRPC service and an HTTP route on one port. Each client is refused in its own
//! language: gRPC by `grpc-status`, programs by `application/problem+json`, others by the status alone.
//!
//! ```sh
//! cargo run --example tonic_server     # prints URL, TOKEN and POOR_TOKEN, which has no scope
//!
//! CALL="-i -o - --http2-prior-knowledge -X POST -H content-type:application/grpc"
//! EMPTY="--data-binary @examples/tonic_server/empty_message"
//! curl $CALL $URL/greeter.Greeter/Greet                                                # 200, grpc-status 16
//! curl $CALL $URL/greeter.Greeter/Greet -H "authorization: Bearer a b"                 # 200, grpc-status 3
//! curl $CALL $URL/greeter.Greeter/Greet -H "authorization: Bearer ${TOKEN}x"           # 200, grpc-status 16
//! curl $CALL $URL/greeter.Greeter/Greet -H "authorization: Bearer $POOR_TOKEN"         # 200, grpc-status 7
//! curl $CALL $URL/greeter.Greeter/GreetOften -H "authorization: Bearer $POOR_TOKEN"    # 200, grpc-status 7
//! curl $CALL $URL/greeter.Greeter/Greet -H "authorization: Bearer $TOKEN" $EMPTY       # 200, grpc-status 0: hello ada
//! curl $CALL $URL/greeter.Greeter/GreetOften -H "authorization: Bearer $TOKEN" $EMPTY  # 200, grpc-status 0
//!
//! curl -i $URL/greeting                                                                # 401, a problem
//! curl -i $URL/greeting -H "accept: text/plain"                                        # 401, no body
//! curl -i $URL/greeting -H "authorization: Bearer $POOR_TOKEN"                         # 403, a problem
//! curl -i $URL/greeting -H "authorization: Bearer $TOKEN"                              # 200, hello ada
//! ```
//!
//! An empty message of gRPC is five zero bytes; a call that is refused is answered without reading any. Where all
//! routes are of gRPC, the layer stands in `Server::builder().layer(..)`, with the responder `Grpc`.

// Made of `greeter.proto` by `tonic-prost-build` 0.14 with descriptors of `protox`, then `cargo fmt`: whoever
// builds the example needs no compiler of protocol buffers.
#[expect(clippy::pedantic, unreachable_pub, reason = "generated")]
mod greeter;

use axum::routing::get;
use futures_util::stream::{self, Iter};
use jsonwebtoken::{EncodingKey, Header};
use serde_json::json;
use tonic::{
    Request, Response, Status,
    service::Routes,
    transport::{Server, server::TcpIncoming},
};
use tower_bearer::{
    JwtLayer, Negotiated, RequireScope, StaticKeys, TrustedIssuer, VerifiedToken, Verifier,
};

use greeter::{
    GreetReply, GreetRequest,
    greeter_server::{Greeter, GreeterServer},
};

const ISSUER: &str = "https://issuer.example";
const AUDIENCE: &str = "https://api.example";

fn hello(token: &VerifiedToken) -> String {
    format!("hello {}", token.subject().unwrap_or("nobody"))
}

async fn greeting(token: VerifiedToken) -> String {
    hello(&token) + "\n"
}

struct Greetings;

/// What the layer has left for a handler of gRPC.
fn reply<T>(request: &Request<T>) -> Result<GreetReply, Status> {
    let token = request.extensions().get::<VerifiedToken>();
    let token = token.ok_or_else(|| Status::internal("there is no layer"))?;
    Ok(GreetReply { greeting: hello(token) })
}

#[tonic::async_trait]
impl Greeter for Greetings {
    async fn greet(&self, request: Request<GreetRequest>) -> Result<Response<GreetReply>, Status> {
        Ok(Response::new(reply(&request)?))
    }

    type GreetOftenStream = Iter<std::vec::IntoIter<Result<GreetReply, Status>>>;

    async fn greet_often(
        &self,
        request: Request<GreetRequest>,
    ) -> Result<Response<Self::GreetOftenStream>, Status> {
        let replies: Vec<_> =
            (0..request.get_ref().times.min(100)).map(|_| reply(&request)).collect();
        Ok(Response::new(stream::iter(replies)))
    }
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut secret = [0; 32];
    getrandom::fill(&mut secret)?;

    let keys = StaticKeys::hs256(secret)?;
    let verifier = Verifier::new(TrustedIssuer::new(ISSUER, AUDIENCE, keys))?;
    let layer = JwtLayer::new(verifier)
        .require(RequireScope::all(["greetings:read"])?)
        .responder(Negotiated::new());
    let routes = Routes::new(GreeterServer::new(Greetings))
        .into_axum_router()
        .route("/greeting", get(greeting))
        .layer(layer);

    let port = std::env::var("PORT").map_or(Ok(0), |port| port.parse::<u16>())?;
    let listener = tokio::net::TcpListener::bind(("127.0.0.1", port)).await?;
    println!("TOKEN={}", mint(&secret, "greetings:read")?);
    println!("POOR_TOKEN={}", mint(&secret, "")?);
    println!("URL=http://{0}\nlistening on http://{0}", listener.local_addr()?);
    Ok(Server::builder()
        .accept_http1(true)
        .add_routes(routes.into())
        .serve_with_incoming(TcpIncoming::from(listener))
        .await?)
}

fn mint(secret: &[u8], scope: &str) -> jsonwebtoken::errors::Result<String> {
    let exp = jsonwebtoken::get_current_timestamp() + 3600;
    let claims =
        json!({ "iss": ISSUER, "aud": AUDIENCE, "sub": "ada", "scope": scope, "exp": exp });
    jsonwebtoken::encode(&Header::default(), &claims, &EncodingKey::from_secret(secret))
}
