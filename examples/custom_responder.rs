//! Refusals of one's own: a page for people, problems (RFC 9457) for programs. Which of the two a request wants is
//! decided here, too: browsers say that they take `*/*`. It is said once and holds for the layer and for every
//! extractor behind it. The challenge need not be thought of: the layer adds it to every 401.
//!
//! ```sh
//! cargo run --example custom_responder     # prints URL and TOKEN
//!
//! curl -i $URL/me                                         # 401, missing_credentials
//! curl -i $URL/me -H "accept: text/html,*/*;q=0.8"        # 401, a page
//! curl -i $URL/me -H "authorization: Bearer a b"          # 400, invalid_request
//! curl -i $URL/me -H "authorization: Bearer ${TOKEN}x"    # 401, invalid_token
//! curl -i $URL/me -H "authorization: Bearer $TOKEN"       # 403, claims_mismatch: no e-mail address
//! curl -i $URL/name -H "authorization: Bearer $TOKEN"     # 200
//! ```

use axum::{
    Router,
    body::Body,
    http::header::{ACCEPT, VARY},
    response::{AppendHeaders, Html, IntoResponse, Response},
    routing::get,
};
use jsonwebtoken::{EncodingKey, Header};
use serde::Deserialize;
use serde_json::json;
use tower_bearer::{
    Claims, JwtLayer, ProblemJson, Rejection, RejectionKind, RequestHead, Respond, StaticKeys,
    TrustedIssuer, VerifiedToken, Verifier, Wanted,
};

const ISSUER: &str = "https://issuer.example";
const AUDIENCE: &str = "https://api.example";

#[derive(Deserialize)]
struct User {
    email: String,
}

async fn me(Claims(user): Claims<User>) -> String {
    format!("{}\n", user.email)
}

async fn name(token: VerifiedToken) -> String {
    format!("{}\n", token.subject().unwrap_or("nobody"))
}

/// Pages for browsers, problems for everybody else.
#[derive(Clone)]
struct Pages {
    problems: ProblemJson,
}

impl Respond<Body> for Pages {
    fn respond(&self, rejection: &Rejection) -> Response {
        let response = match rejection.wanted() {
            Wanted::Plain => (rejection.status(), Html(page(rejection))).into_response(),
            _ => self.problems.respond(rejection),
        };
        // The same address answers in two ways: no cache may take the one for the other.
        (AppendHeaders([(VARY, "accept")]), response).into_response()
    }

    fn wanted(&self, head: RequestHead<'_>) -> Wanted {
        let accept = head.headers().get(ACCEPT).and_then(|accept| accept.to_str().ok());
        let browser = accept.is_some_and(|accept| accept.contains("text/html"));
        if browser { Wanted::Plain } else { Wanted::Problem }
    }
}

fn page(rejection: &Rejection) -> String {
    let way_out = match rejection.kind() {
        RejectionKind::MissingCredentials | RejectionKind::ExpiredToken => {
            "<a href=\"/login\">Log in</a>"
        }
        RejectionKind::Unavailable => "Please try again in a moment.",
        _ => "",
    };
    format!("<!doctype html><title>Sorry</title><p>Sorry: {rejection}.</p><p>{way_out}</p>\n")
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut secret = [0; 32];
    getrandom::fill(&mut secret)?;

    let keys = StaticKeys::hs256(secret)?;
    let verifier = Verifier::new(TrustedIssuer::new(ISSUER, AUDIENCE, keys))?;
    let problems = ProblemJson::new().types_at("https://api.example/problems/")?;
    let app = Router::new()
        .route("/me", get(me))
        .route("/name", get(name))
        .route_layer(JwtLayer::new(verifier).realm("example")?.responder(Pages { problems }));

    let port = std::env::var("PORT").map_or(Ok(0), |port| port.parse::<u16>())?;
    let listener = tokio::net::TcpListener::bind(("127.0.0.1", port)).await?;
    println!("TOKEN={}", mint(&secret)?);
    println!("URL=http://{0}\nlistening on http://{0}", listener.local_addr()?);
    Ok(axum::serve(listener, app).await?)
}

fn mint(secret: &[u8]) -> jsonwebtoken::errors::Result<String> {
    let exp = jsonwebtoken::get_current_timestamp() + 3600;
    let claims = json!({ "iss": ISSUER, "aud": AUDIENCE, "sub": "ada", "exp": exp });
    jsonwebtoken::encode(&Header::default(), &claims, &EncodingKey::from_secret(secret))
}
