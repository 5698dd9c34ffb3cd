//! Every row of the table from error to HTTP, by every responder, whoever refuses: byte for byte.

mod head;
mod rows;

use axum::{
    Router,
    body::Body,
    response::{AppendHeaders, IntoResponse, Response},
    routing::any,
};
use http_body_util::Empty;
use hyper::{
    HeaderMap, Request, StatusCode,
    body::Bytes,
    header::{
        ACCEPT, AUTHORIZATION, CONTENT_LENGTH, CONTENT_TYPE, DATE, RETRY_AFTER, UPGRADE, VARY,
        WWW_AUTHENTICATE,
    },
};
use tower_bearer::{
    BearerResponder, Grpc, JwtLayer, Negotiated, Presented, ProblemJson, Rejection, RequestHead,
    Respond, TokenError, TokenErrorKind, TokenSource, VerifiedToken,
};

use self::rows::{
    By, CROSS_ORIGIN, EXPIRED, Header, INVALID_REQUEST, INVALID_TOKEN, Kind, Row, UNAVAILABLE,
    router, rows, verifier,
};
use crate::support::App;

/// What a request says of the answer it wants.
#[derive(Clone, Copy, Debug)]
enum Asks {
    ForAnything,
    ForText,
    InGrpc,
}

/// How a refusal is written.
#[derive(Clone, Copy, Debug)]
enum Form {
    Bare,
    Grpc,
    Problem,
}

/// Status, headers without the date, and body.
type Answer = (u16, HeaderMap, String);

fn request(path: &str, asks: Asks) -> Request<Empty<Bytes>> {
    let request = match asks {
        Asks::ForAnything => Request::get(path),
        Asks::ForText => Request::get(path).header(ACCEPT, "text/plain"),
        Asks::InGrpc => Request::post(path).header(CONTENT_TYPE, "application/grpc+proto"),
    };
    request.body(Empty::new()).unwrap()
}

async fn ask(app: &App, request: Request<Empty<Bytes>>) -> Answer {
    let mut reply = app.send(request).await;
    assert!(reply.headers.remove(DATE).is_some());
    (reply.status, reply.headers, reply.body)
}

async fn ask_row(app: &App, number: usize, row: &Row, asks: Asks) -> Answer {
    let mut request = request(&format!("/{number}"), asks);
    for line in &row.credentials {
        request.headers_mut().append(AUTHORIZATION, line.parse().unwrap());
    }
    if row.forged {
        request.headers_mut().insert(UPGRADE, "websocket".parse().unwrap());
    }
    ask(app, request).await
}

/// What an answer of this kind has to be.
fn expected(
    (status, grpc, code, detail): Kind,
    challenge: Option<&str>,
    retry_after: Option<&str>,
    form: Form,
) -> Answer {
    let mut headers = HeaderMap::new();
    let mut add = |name: &'static str, value: &str| headers.insert(name, value.parse().unwrap());
    challenge.map(|value| add("www-authenticate", value));
    retry_after.map(|value| add("retry-after", value));
    let (status, body) = match form {
        Form::Bare => (status, String::new()),
        Form::Grpc => {
            add("content-type", "application/grpc");
            add("grpc-status", &grpc.to_string());
            add("grpc-message", detail);
            (200, String::new())
        }
        Form::Problem => {
            add("content-type", "application/problem+json");
            let title = StatusCode::from_u16(status).unwrap().canonical_reason().unwrap();
            let body = format!(
                r#"{{"type":"about:blank","title":"{title}","status":{status},"detail":"{detail}","code":"{code}"}}"#
            );
            (status, body)
        }
    };
    add("content-length", &body.len().to_string());
    (status, headers, body)
}

/// The settings of a layer that stand in its challenges, and what they are there.
#[derive(Clone, Copy, Debug)]
struct Settings {
    realm: Option<&'static str>,
    metadata: Option<&'static str>,
    before: &'static str,
    after: &'static str,
}

const SETTINGS: [Settings; 4] = [
    Settings { realm: None, metadata: None, before: r#"Bearer realm="api""#, after: "" },
    Settings {
        realm: Some(r#"no"tes\"#),
        metadata: None,
        before: r#"Bearer realm="no\"tes\\""#,
        after: "",
    },
    Settings {
        realm: None,
        metadata: Some("https://api.example/.well-known/oauth-protected-resource"),
        before: r#"Bearer realm="api""#,
        after: r#", resource_metadata="https://api.example/.well-known/oauth-protected-resource""#,
    },
    Settings {
        realm: Some("notes"),
        metadata: Some("http://127.0.0.1:3000/meta"),
        before: r#"Bearer realm="notes""#,
        after: r#", resource_metadata="http://127.0.0.1:3000/meta""#,
    },
];

impl Settings {
    fn layer<R: Respond<Body>>(self, responder: R) -> JwtLayer<Header, R> {
        let mut layer = JwtLayer::new(verifier()).source(Header).responder(responder);
        if let Some(realm) = self.realm {
            layer = layer.realm(realm).unwrap();
        }
        if let Some(url) = self.metadata {
            layer = layer.resource_metadata(url).unwrap();
        }
        layer
    }

    fn challenge(self, row: &Row) -> Option<String> {
        let Self { before, after, .. } = self;
        row.challenge.as_ref().map(|parameters| format!("{before}{parameters}{after}"))
    }
}

/// Asks for every row in every way, and holds each answer against its cell.
async fn assert_table<R: Respond<Body>>(responder: R, asks: Asks, form: Form) {
    for settings in SETTINGS {
        for by in [By::Layer, By::Inner, By::Handler] {
            let app = App::serve(router(by, &settings.layer(responder.clone()))).await;
            let mut seen = 0;
            for (number, row) in rows().iter().enumerate().filter(|(_, row)| row.comes(by)) {
                let challenge = settings.challenge(row);
                let expected = expected(row.kind, challenge.as_deref(), row.retry_after, form);
                let answer = ask_row(&app, number, row, asks).await;
                assert_eq!(answer, expected, "{}, by {by:?}, {settings:?}", row.name);
                seen += 1;
            }
            assert!(seen > 20, "{by:?}: {seen} rows");
        }
    }
}

#[tokio::test]
async fn every_row_by_the_default() {
    for asks in [Asks::ForAnything, Asks::ForText, Asks::InGrpc] {
        assert_table(BearerResponder::default(), asks, Form::Bare).await;
    }
}

#[tokio::test]
async fn every_row_as_a_problem() {
    for asks in [Asks::ForAnything, Asks::ForText, Asks::InGrpc] {
        assert_table(ProblemJson::new(), asks, Form::Problem).await;
    }
}

#[tokio::test]
async fn every_row_in_grpc() {
    assert_table(Grpc::new(), Asks::InGrpc, Form::Grpc).await;
}

#[tokio::test]
async fn every_row_for_others_than_clients_of_grpc() {
    for asks in [Asks::ForAnything, Asks::ForText] {
        assert_table(Grpc::new(), asks, Form::Bare).await;
    }
}

/// What the default answers, and who is answered so.
fn marked(rejection: &Rejection) -> Response {
    let mut response: Response = BearerResponder::default().respond(rejection);
    response.headers_mut().insert("x-otherwise", "1".parse().unwrap());
    response
}

#[tokio::test]
async fn every_row_as_it_is_asked_for() {
    let [settings, ..] = SETTINGS;
    let problem = ProblemJson::new().types_at("urn:example:").unwrap();
    let own = Negotiated::new().problem(problem.clone()).otherwise_with(marked);
    for by in [By::Layer, By::Inner, By::Handler] {
        let serve = |router| App::serve(router);
        let default = serve(router(by, &settings.layer(Negotiated::new()))).await;
        let own = serve(router(by, &settings.layer(own.clone()))).await;
        let grpc = serve(router(by, &settings.layer(Grpc::new()))).await;
        let bare = serve(router(by, &settings.layer(BearerResponder::default()))).await;
        let about_blank = serve(router(by, &settings.layer(ProblemJson::new()))).await;
        let typed = serve(router(by, &settings.layer(problem.clone()))).await;
        for (number, row) in rows().iter().enumerate().filter(|(_, row)| row.comes(by)) {
            for (name, asks, negotiated, alone, added) in [
                ("gRPC", Asks::InGrpc, &default, &grpc, None),
                ("JSON", Asks::ForAnything, &default, &about_blank, Some((VARY, "accept"))),
                ("text", Asks::ForText, &default, &bare, Some((VARY, "accept"))),
                ("own gRPC", Asks::InGrpc, &own, &grpc, None),
                ("own JSON", Asks::ForAnything, &own, &typed, Some((VARY, "accept"))),
            ] {
                let (status, mut headers, body) = ask_row(alone, number, row, asks).await;
                if let Some((name, value)) = added {
                    headers.insert(name, value.parse().unwrap());
                }
                let answer = ask_row(negotiated, number, row, asks).await;
                assert_eq!(answer, (status, headers, body), "{}, {name}, by {by:?}", row.name);
            }
            let (status, headers, body) = ask_row(&own, number, row, Asks::ForText).await;
            assert_eq!((status, &*body), (row.kind.0, ""), "{}", row.name);
            assert_eq!(headers["x-otherwise"], "1", "{}", row.name);
            assert_eq!(headers[VARY], "accept", "{}", row.name);
        }
    }
}

#[tokio::test]
async fn strangers_see_the_same_of_every_bad_token() {
    /// Finds whatever is wrong that the request asks for.
    #[derive(Clone)]
    struct Wrong;

    const KINDS: [(TokenErrorKind, Kind); 23] = [
        (TokenErrorKind::AlgorithmNotAllowed, INVALID_TOKEN),
        (TokenErrorKind::AudienceMismatch, INVALID_TOKEN),
        (TokenErrorKind::BoundToken, INVALID_TOKEN),
        (TokenErrorKind::CriticalHeader, INVALID_TOKEN),
        (TokenErrorKind::CrossOrigin, CROSS_ORIGIN),
        (TokenErrorKind::Expired, EXPIRED),
        (TokenErrorKind::InvalidClaim, INVALID_TOKEN),
        (TokenErrorKind::InvalidCredentials, INVALID_REQUEST),
        (TokenErrorKind::InvalidSignature, INVALID_TOKEN),
        (TokenErrorKind::IssuerUnavailable, UNAVAILABLE),
        (TokenErrorKind::KeysUnavailable, UNAVAILABLE),
        (TokenErrorKind::LifetimeTooLong, INVALID_TOKEN),
        (TokenErrorKind::Malformed, INVALID_TOKEN),
        (TokenErrorKind::MissingClaim, INVALID_TOKEN),
        (TokenErrorKind::NotYetValid, INVALID_TOKEN),
        (TokenErrorKind::RevocationUnavailable, UNAVAILABLE),
        (TokenErrorKind::Revoked, INVALID_TOKEN),
        (TokenErrorKind::SeveralCredentials, INVALID_REQUEST),
        (TokenErrorKind::TokenTooLong, INVALID_REQUEST),
        (TokenErrorKind::TooOld, INVALID_TOKEN),
        (TokenErrorKind::TypeNotAllowed, INVALID_TOKEN),
        (TokenErrorKind::UnknownIssuer, INVALID_TOKEN),
        (TokenErrorKind::UnknownKey, INVALID_TOKEN),
    ];

    impl TokenSource for Wrong {
        fn token<'r>(&self, head: RequestHead<'r>) -> Result<Option<Presented<'r>>, TokenError> {
            let code = head.uri().query().unwrap();
            let (kind, _) = KINDS.into_iter().find(|(kind, _)| kind.code() == code).unwrap();
            Err(kind.into())
        }
    }

    let layer = JwtLayer::new(verifier()).source(Wrong).responder(Negotiated::new());
    let handler = || Router::new().route("/", any(|_: VerifiedToken| async {}));
    for (by, layer) in [(By::Layer, layer.clone()), (By::Handler, layer.best_effort())] {
        let app = App::serve(handler().layer(layer)).await;
        for (error, kind) in KINDS {
            let challenge = match kind {
                CROSS_ORIGIN | UNAVAILABLE => None,
                (_, _, code, description) => {
                    let code = if kind == EXPIRED { "invalid_token" } else { code };
                    Some(format!(
                        r#"Bearer realm="api", error="{code}", error_description="{description}""#
                    ))
                }
            };
            let retry_after = (kind == UNAVAILABLE).then_some("5");
            for (asks, form) in [(Asks::InGrpc, Form::Grpc), (Asks::ForAnything, Form::Problem)] {
                let mut expected = expected(kind, challenge.as_deref(), retry_after, form);
                if matches!(form, Form::Problem) {
                    expected.1.insert(VARY, "accept".parse().unwrap());
                }
                let answer = ask(&app, request(&format!("/?{}", error.code()), asks)).await;
                assert_eq!(answer, expected, "{error:?}, {form:?}, by {by:?}");
            }
        }
    }
}

#[tokio::test]
async fn types_of_ones_own_have_an_address_and_a_title() {
    let base = "https://api.example/problems#";
    let problems = ProblemJson::new().types_at(base).unwrap();
    let titles = [
        ("claims_mismatch", "Unsuitable claims"),
        ("cross_origin", "Request of another origin"),
        ("expired_token", "Expired token"),
        ("forbidden", "Not permitted"),
        ("insufficient_scope", "Insufficient scope"),
        ("insufficient_user_authentication", "Insufficient user authentication"),
        ("invalid_request", "Invalid request"),
        ("invalid_token", "Invalid token"),
        ("misconfigured", "Misconfigured service"),
        ("missing_credentials", "Missing credentials"),
        ("unavailable", "Temporarily unavailable"),
    ];
    let [settings, ..] = SETTINGS;
    let app = App::serve(router(By::Handler, &settings.layer(problems))).await;
    let mut seen = Vec::new();
    for (number, row) in rows().iter().enumerate().filter(|(_, row)| row.comes(By::Handler)) {
        let (status, _, code, detail) = row.kind;
        let title = titles.iter().find(|(of, _)| *of == code).unwrap().1;
        let expected = format!(
            r#"{{"type":"{base}{code}","title":"{title}","status":{status},"detail":"{detail}","code":"{code}"}}"#
        );
        assert_eq!(ask_row(&app, number, row, Asks::ForText).await.2, expected, "{}", row.name);
        seen.push(code);
    }
    assert!(titles.iter().all(|(code, _)| seen.contains(code)), "every type was seen: {seen:?}");
}

#[test]
fn a_base_of_types_that_is_none_is_refused_with_what_to_do() {
    for (base, words) in
        [("/problems/", "is no absolute URI"), ("https://api.example/problems", "let it end with")]
    {
        let error = ProblemJson::new().types_at(base).unwrap_err().to_string();
        assert!(error.contains(base) && error.contains(words), "{error}");
    }
}

#[tokio::test]
async fn only_a_post_is_answered_in_grpc() {
    for (method, status) in [("POST", 200), ("GET", 401), ("PUT", 401)] {
        let grpc = JwtLayer::new(verifier()).responder(Grpc::new());
        let negotiated = JwtLayer::new(verifier()).responder(Negotiated::new());
        let router = || Router::new().route("/", any(|| async {}));
        for app in [router().layer(grpc), router().layer(negotiated)] {
            let request =
                Request::builder().method(method).header(CONTENT_TYPE, "application/grpc");
            let request = request.body(Empty::new()).unwrap();
            let (found, headers, _) = ask(&App::serve(app).await, request).await;
            assert_eq!(found, status, "{method}");
            assert_eq!(headers.contains_key("grpc-status"), status == 200, "{method}");
            assert!(headers.contains_key(WWW_AUTHENTICATE), "{method}");
        }
    }
}

/// A handler's refusal to which a service in between adds these headers.
async fn decorated<R: Respond<Body>>(
    responder: R,
    asks: Asks,
    added: &'static [(&'static str, &'static str)],
) -> HeaderMap {
    let add = move |response: Response| async move {
        (AppendHeaders(added.iter().copied()), response).into_response()
    };
    let router = Router::new()
        .route("/", any(|_: VerifiedToken| async {}))
        .layer(axum::middleware::map_response(add))
        .layer(JwtLayer::new(verifier()).optional().responder(responder));
    ask(&App::serve(router).await, request("/", asks)).await.1
}

#[tokio::test]
async fn what_an_answer_depends_on_is_a_list() {
    let added: &[_] = &[("vary", "origin"), ("vary", "accept-language")];
    let vary = |headers: &HeaderMap| {
        let values = headers.get_all(VARY).iter().map(|value| value.to_str().unwrap().to_owned());
        values.collect::<Vec<_>>()
    };
    let bare = decorated(BearerResponder::default(), Asks::ForAnything, added).await;
    assert_eq!(vary(&bare), ["origin", "accept-language"]);
    let negotiated = decorated(Negotiated::new(), Asks::ForAnything, added).await;
    assert_eq!(vary(&negotiated), ["accept", "origin", "accept-language"]);
}

#[tokio::test]
async fn no_header_of_grpc_outlives_the_answer_it_speaks_of() {
    let added: &[_] = &[
        ("grpc-status", "0"),
        ("grpc-message", "all is well"),
        ("grpc-status-details-bin", "AAAA"),
        ("grpc-encoding", "gzip"),
        ("x-request-id", "7"),
    ];
    let grpc = decorated(Grpc::new(), Asks::InGrpc, added).await;
    for (name, value) in [("grpc-status", "16"), ("grpc-message", "a bearer token is required")] {
        let values: Vec<_> = grpc.get_all(name).iter().collect();
        assert_eq!(values, [value], "{name}");
    }
    let bare = decorated(Grpc::new(), Asks::ForAnything, added).await;
    assert!(!bare.contains_key("grpc-status") && !bare.contains_key("grpc-message"), "{bare:?}");
    for headers in [grpc, bare] {
        assert_eq!(headers["x-request-id"], "7");
        assert!(!headers.contains_key("grpc-status-details-bin"), "{headers:?}");
        assert!(!headers.contains_key("grpc-encoding"), "{headers:?}");
        assert!(!headers.contains_key(RETRY_AFTER) && headers.contains_key(CONTENT_LENGTH));
    }
}
