//! Taking the token off the request: RFC 6750 §2, RFC 9110 §11.

use axum::{Router, routing::get};
use http_body_util::Empty;
use hyper::{
    HeaderMap, Method, Request,
    body::Bytes,
    header::{AUTHORIZATION, HeaderValue},
};
use tower_bearer::{
    Algorithm, JwtLayer, KeyResolver, MAX_TOKEN_LEN, Presented, RequestHead, StaticKeys,
    TokenError, TokenErrorKind, TokenOrigin, TokenSource, resolver_fn,
};

use crate::support::{App, MODES, answer_outcome, app, key, standard, token, verifiers};

fn keys() -> StaticKeys {
    StaticKeys::new([key(Algorithm::ES256).verifying()]).unwrap()
}

async fn es256() -> App {
    app(standard(keys())).await
}

fn layer(keys: impl KeyResolver) -> JwtLayer {
    JwtLayer::new(verifiers::new(standard(keys)).unwrap())
}

fn request(method: Method, path: &str, headers: &[(&'static str, &str)]) -> Request<Empty<Bytes>> {
    let mut request = Request::new(Empty::new());
    *request.method_mut() = method;
    *request.uri_mut() = path.parse().unwrap();
    for (name, value) in headers {
        request.headers_mut().append(*name, HeaderValue::from_str(value).unwrap());
    }
    request
}

#[tokio::test]
async fn the_scheme_is_matched_in_any_case_and_spaces_may_be_many() {
    let (app, token) = (es256().await, token().compact());
    for scheme in ["Bearer", "bearer", "BEARER", "bEaReR"] {
        for spaces in [" ", "  ", "        "] {
            let line = format!("{scheme}{spaces}{token}");
            app.authorization([&line]).await.assert_accepted(&line[..12]);
        }
    }
}

#[tokio::test]
async fn no_credentials_or_another_scheme_are_missing_credentials() {
    let app = es256().await;
    app.authorization::<&str>([]).await.assert_missing("no header");
    let token = token().compact();
    let with_token = |scheme: &str| format!("{scheme} {token}");
    for line in [
        "",
        "Basic dTpw",
        "Digest username=\"a\"",
        "Bear",
        "Bearers a.b.c",
        "Bearer-X a.b.c",
        "Bearer_ a.b.c",
        &with_token("DPoP"),
        &with_token("JWT"),
        &with_token("Token"),
        &token,
    ] {
        app.authorization([line]).await.assert_missing(line);
    }
}

#[tokio::test]
async fn the_token_is_looked_for_in_the_authorization_header_alone() {
    let (app, token) = (es256().await, token().compact());
    let bearer = format!("Bearer {token}");
    let cookie = format!("access_token={token}; token={token}; __Host-access_token={token}");
    let protocols = format!("bearer, {token}");
    for (name, path, header) in [
        ("query", format!("/?access_token={token}&token={token}"), ("accept", "*/*")),
        ("cookie", "/".to_owned(), ("cookie", &*cookie)),
        ("WebSocket protocol", "/".to_owned(), ("sec-websocket-protocol", &*protocols)),
        ("proxy's header", "/".to_owned(), ("proxy-authorization", &*bearer)),
        ("gateway's header", "/".to_owned(), ("x-forwarded-access-token", &*token)),
    ] {
        app.send(request(Method::GET, &path, &[header])).await.assert_missing(name);
    }
}

#[tokio::test]
async fn proxy_authorization_neither_helps_nor_harms() {
    let (app, token) = (es256().await, token().compact());
    let bearer = format!("Bearer {token}");
    for (name, proxy) in [("good", &*bearer), ("bad", "Bearer no.good.token"), ("empty", "Bearer")]
    {
        let alone = [("proxy-authorization", proxy)];
        app.send(request(Method::GET, "/", &alone)).await.assert_missing(name);
        let both = [("proxy-authorization", proxy), ("authorization", &bearer)];
        app.send(request(Method::GET, "/", &both)).await.assert_accepted(name);
    }
}

#[tokio::test]
async fn two_authorization_headers_are_a_malformed_request_whatever_they_hold() {
    let (app, token) = (es256().await, token().compact());
    let good = format!("Bearer {token}");
    for (name, lines) in [
        ("the same token twice", [&*good, &*good]),
        ("good and bad", [&*good, "Bearer a.b.c"]),
        ("bad and good", ["Bearer a.b.c", &*good]),
        ("basic first", ["Basic dTpw", &*good]),
        ("basic last", [&*good, "Basic dTpw"]),
        ("basic twice", ["Basic dTpw", "Basic dTpw"]),
        ("empty first", ["", &*good]),
        ("empty last", [&*good, ""]),
    ] {
        app.authorization(lines).await.assert_invalid_request(name);
    }
}

#[tokio::test]
async fn a_list_of_credentials_in_one_header_is_a_malformed_request() {
    let (app, token) = (es256().await, token().compact());
    for line in [
        format!("Bearer {token}, Bearer {token}"),
        format!("Bearer {token},Basic dTpw"),
        format!("Bearer {token} {token}"),
    ] {
        app.authorization([&line]).await.assert_invalid_request(&line);
    }
}

#[tokio::test]
async fn bearer_with_nothing_behind_it_is_a_malformed_request() {
    let app = es256().await;
    for line in ["Bearer", "bearer", "BEARER", "Bearer ", "Bearer    ", "Bearer\t"] {
        app.authorization([line]).await.assert_invalid_request(line);
    }
}

#[tokio::test]
async fn what_is_not_token68_is_a_malformed_request() {
    let (app, token) = (es256().await, token().compact());
    for (name, credentials) in [
        ("quoted", format!("\"{token}\"")),
        ("in angle brackets", format!("<{token}>")),
        ("parameter", format!("token={token}")),
        ("quoted parameter", format!("token=\"{token}\"")),
        ("padding inside", "a=b".to_owned()),
        ("padding alone", "==".to_owned()),
        ("comma", format!("{token},")),
        ("semicolon", format!("{token};")),
        ("percent", "a%2Eb.c".to_owned()),
        ("tab for a space", format!("\t{token}")),
        ("tab inside", "a\tb".to_owned()),
        ("braces", "{\"alg\":\"none\"}".to_owned()),
    ] {
        let line = format!("Bearer {credentials}");
        app.authorization([line]).await.assert_invalid_request(name);
    }
    app.authorization([format!("Bearer\t{token}")]).await.assert_invalid_request("only a tab");
}

#[tokio::test]
async fn every_character_is_token68_or_makes_a_malformed_request() {
    let app = es256().await;
    for byte in 0x21..=0x7e {
        let character = char::from(byte);
        let reply = app.authorization([format!("Bearer a{character}b.c")]).await;
        if character.is_ascii_alphanumeric() || "-._~+/".contains(character) {
            reply.assert_invalid_token(&format!("{character:?}"));
        } else {
            reply.assert_invalid_request(&format!("{character:?}"));
        }
    }
}

#[tokio::test]
async fn token68_that_is_no_jwt_is_an_invalid_token() {
    let (app, token) = (es256().await, token().compact());
    for credentials in [
        "opaque",
        "mF_9.B5f-4.1JqM",
        "a.b.c",
        "...",
        "..",
        "a..c",
        "aZ09-._~+/==",
        "dTpw==",
        "e30.e30.e30",
        &format!("{token}=="),
        &format!("{token}."),
        &format!("{token}.a.b"),
    ] {
        app.get(credentials).await.assert_invalid_token(credentials);
    }
}

#[tokio::test]
async fn bytes_that_are_not_ascii_make_a_malformed_request_and_never_a_panic() {
    let (app, token) = (es256().await, token().compact());
    for byte in 0x80..=0xff {
        for line in [
            [b"Bearer ", &[byte][..]].concat(),
            [b"Bearer a.b.c", &[byte][..]].concat(),
            [&b"Bearer "[..], &[byte], token.as_bytes()].concat(),
            [&b"Bearer"[..], &[byte], b" ", token.as_bytes()].concat(),
        ] {
            app.authorization([&line]).await.assert_invalid_request(&format!("{byte:#x}"));
        }
    }
    for text in ["Bearer ä.b.c", "Bearer a.b.ｃ", "Bearer 🔑", "Bearer\u{a0}a.b.c"] {
        app.authorization([text]).await.assert_invalid_request(text);
    }
    for text in ["ä", "Béarer a.b.c", "🔑🔑 a.b.c", "Bear\u{e9}"] {
        app.authorization([text]).await.assert_missing(text);
    }
}

#[tokio::test]
async fn sixteen_kibibytes_are_looked_at_and_one_byte_more_is_a_malformed_request() {
    assert_eq!(MAX_TOKEN_LEN, 16384);
    let app = es256().await;
    let long = |length| "a".repeat(length);
    app.get(&long(16384)).await.assert_invalid_token("as long as may be");
    app.get(&long(16385)).await.assert_invalid_request("a byte longer");
    app.get(&long(100_000)).await.assert_invalid_request("far longer");

    // A good token of exactly that length, so that the bound is no bound on something else.
    let padded = |length: usize| {
        let fill = "a".repeat(length);
        let changes = serde_json::json!({ "fill": fill });
        crate::support::json_token(Algorithm::ES256, &serde_json::json!({}), &changes).compact()
    };
    let fitting = (11_000..12_300).rev().find(|fill| padded(*fill).len() <= MAX_TOKEN_LEN).unwrap();
    assert!(padded(fitting).len() > MAX_TOKEN_LEN - 3);
    app.get(&padded(fitting)).await.assert_accepted("a good one that just fits");
    let too_long = padded(fitting + 3);
    assert!(too_long.len() > MAX_TOKEN_LEN);
    app.get(&too_long).await.assert_invalid_request("a good one that does not");
}

#[tokio::test]
async fn many_dots_cost_nothing() {
    let app = es256().await;
    app.get(&".".repeat(16_000)).await.assert_invalid_token("16,000");
    app.get(&".".repeat(64_000)).await.assert_invalid_request("64,000");
}

#[tokio::test]
async fn the_authorization_handed_on_is_marked_sensitive_in_every_mode() {
    let seen = get(|headers: HeaderMap| async move {
        let marks = headers.get_all(AUTHORIZATION).iter().map(HeaderValue::is_sensitive);
        format!("{:?}", marks.collect::<Vec<_>>())
    });
    let good = format!("Bearer {}", token().compact());
    let bare = App::serve(Router::new().route("/", seen.clone())).await;
    assert_eq!(bare.authorization([&good]).await.body, "[false]", "without a layer");

    let cases: [(&str, &[&str], &[&str], &str); 6] = [
        ("good", &["required", "optional", "best effort"], &[&good], "[true]"),
        ("absent", &["optional", "best effort"], &[], "[]"),
        ("basic", &["optional", "best effort"], &["Basic dTpw"], "[true]"),
        ("malformed", &["best effort"], &["Bearer a.b.c"], "[true]"),
        ("no token68", &["best effort"], &["Bearer a b"], "[true]"),
        ("two", &["best effort"], &[&good, "Basic dTpw"], "[true, true]"),
    ];
    for (mode, set) in MODES {
        let pending = resolver_fn(|_| async { Ok(key(Algorithm::ES256).verifying()) });
        for (resolver, layer) in [("at hand", layer(keys())), ("waits", layer(pending))] {
            let router = Router::new().route("/", seen.clone()).layer(set(layer));
            let app = App::serve(router).await;
            for (name, modes, lines, marks) in &cases {
                let reply = app.authorization(*lines).await;
                if modes.contains(&mode) {
                    assert_eq!(&reply.body, marks, "{name}, {mode}, key {resolver}");
                } else {
                    assert_ne!(reply.status, 200, "{name}, {mode}, key {resolver}");
                }
            }
        }
    }
}

#[tokio::test]
async fn the_authorization_of_a_preflight_is_marked_sensitive_too() {
    let seen = axum::routing::any(|headers: HeaderMap| async move {
        headers.get(AUTHORIZATION).is_some_and(HeaderValue::is_sensitive).to_string()
    });
    let router = Router::new().route("/", seen).layer(layer(keys()).allow_cors_preflight());
    let mut preflight = PREFLIGHT.to_vec();
    preflight.push(("authorization", "Bearer a.b.c"));
    let reply = App::serve(router).await.send(request(Method::OPTIONS, "/", &preflight)).await;
    assert_eq!((reply.status, &*reply.body), (200, "true"));
}

const PREFLIGHT: [(&str, &str); 2] =
    [("origin", "https://app.example"), ("access-control-request-method", "PUT")];

async fn outcomes(layer: JwtLayer) -> App {
    App::serve(Router::new().route("/", answer_outcome()).layer(layer)).await
}

#[tokio::test]
async fn a_preflight_passes_only_when_that_is_switched_on() {
    for (mode, set) in MODES {
        let on = outcomes(set(layer(keys())).allow_cors_preflight()).await;
        let reply = on.send(request(Method::OPTIONS, "/", &PREFLIGHT)).await;
        assert_eq!((reply.status, &*reply.body), (200, "absent"), "{mode}");
    }
    let off = outcomes(layer(keys())).await;
    off.send(request(Method::OPTIONS, "/", &PREFLIGHT)).await.assert_missing("switched off");
}

#[tokio::test]
async fn only_a_real_preflight_passes() {
    let app = outcomes(layer(keys()).allow_cors_preflight()).await;
    let [origin, asks] = PREFLIGHT;
    let headers = ("access-control-request-headers", "authorization");
    let two = &PREFLIGHT[..];
    let cases = [
        ("no headers", Method::OPTIONS, &[][..]),
        ("no method asked for", Method::OPTIONS, &[origin]),
        ("headers asked for instead", Method::OPTIONS, &[origin, headers]),
        ("no origin", Method::OPTIONS, &[asks]),
        ("GET", Method::GET, two),
        ("POST", Method::POST, two),
        ("PUT", Method::PUT, two),
        ("TRACE", Method::TRACE, two),
        ("a method of another case", Method::from_bytes(b"options").unwrap(), two),
    ];
    for (name, method, headers) in cases {
        app.send(request(method, "/", headers)).await.assert_missing(name);
    }
}

#[tokio::test]
async fn a_preflight_has_no_token_whatever_it_carries() {
    let app = outcomes(layer(keys()).allow_cors_preflight()).await;
    let good = format!("Bearer {}", token().compact());
    for (name, lines) in [
        ("good", vec![&*good]),
        ("bad", vec!["Bearer a.b.c"]),
        ("malformed", vec!["Bearer"]),
        ("two", vec![&*good, &*good]),
    ] {
        let mut headers = PREFLIGHT.to_vec();
        headers.extend(lines.into_iter().map(|line| ("authorization", line)));
        let reply = app.send(request(Method::OPTIONS, "/", &headers)).await;
        assert_eq!((reply.status, &*reply.body), (200, "absent"), "{name}");
    }
}

/// A gateway in front hands the token on in a header of its own.
#[derive(Clone)]
struct Forwarded;

impl TokenSource for Forwarded {
    fn token<'r>(&self, head: RequestHead<'r>) -> Result<Option<Presented<'r>>, TokenError> {
        let mut values = head.headers().get_all("x-forwarded-access-token").iter();
        let Some(value) = values.next() else { return Ok(None) };
        if values.next().is_some() {
            return Err(TokenErrorKind::SeveralCredentials.into());
        }
        let token = value.to_str().map_err(|_| TokenErrorKind::InvalidCredentials)?;
        Ok(Some(Presented::new(token, TokenOrigin::Other)))
    }
}

#[tokio::test]
async fn a_source_of_ones_own_takes_the_place_of_the_header() {
    const HEADER: &str = "x-forwarded-access-token";
    let router = Router::new().route("/", answer_outcome()).layer(layer(keys()).source(Forwarded));
    let app = App::serve(router).await;
    let token = token().compact();
    let bearer = format!("Bearer {token}");
    let send =
        async |headers: &[(&'static str, &str)]| app.send(request(Method::GET, "/", headers)).await;

    let reply = send(&[(HEADER, &token)]).await;
    assert_eq!((reply.status, &*reply.body), (200, "verified: ada, other"));
    let reply = send(&[(HEADER, &token), ("authorization", "Bearer")]).await;
    assert_eq!((reply.status, &*reply.body), (200, "verified: ada, other"), "never looked at");

    send(&[]).await.assert_missing("nothing");
    send(&[("authorization", &bearer)]).await.assert_missing("not where it was looked for");
    send(&[(HEADER, "")]).await.assert_invalid_token("empty");
    send(&[(HEADER, &bearer)]).await.assert_invalid_token("with a scheme");
    send(&[(HEADER, "ä")]).await.assert_invalid_request("not ASCII");
    send(&[(HEADER, &token), (HEADER, &token)]).await.assert_invalid_request("twice");
    send(&[(HEADER, &"a".repeat(MAX_TOKEN_LEN))]).await.assert_invalid_token("as long as may be");
    send(&[(HEADER, &"a".repeat(MAX_TOKEN_LEN + 1))]).await.assert_invalid_request("too long");
}

#[tokio::test]
async fn a_source_sees_the_whole_head_of_the_request() {
    /// The token is where the route says: in the extensions, in the path, in a header.
    #[derive(Clone)]
    struct Head;

    impl TokenSource for Head {
        fn token<'r>(&self, head: RequestHead<'r>) -> Result<Option<Presented<'r>>, TokenError> {
            let token = match head.method().as_str() {
                "PUT" => head.extensions().get::<String>().map(String::as_str),
                "POST" => head.uri().path().strip_prefix('/'),
                _ => head.headers().get("x-token").and_then(|value| value.to_str().ok()),
            };
            Ok(token.map(|token| Presented::new(token, TokenOrigin::Other)))
        }
    }

    let token = token().compact();
    let router = Router::new()
        .fallback_service(answer_outcome())
        .layer(layer(keys()).source(Head))
        .layer(axum::Extension(token.clone()));
    let app = App::serve(router).await;
    for (name, request) in [
        ("extensions", request(Method::PUT, "/", &[])),
        ("path", request(Method::POST, &format!("/{token}"), &[])),
        ("header", request(Method::GET, "/", &[("x-token", &token)])),
    ] {
        let reply = app.send(request).await;
        assert_eq!((reply.status, &*reply.body), (200, "verified: ada, other"), "{name}");
    }
}
