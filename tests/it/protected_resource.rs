//! What clients read about an API before they have a token: RFC 9728, and the scopes of challenges.

use std::{collections::BTreeSet, time::Duration};

use axum::{Router, body::Body, routing::get};
use http_body_util::{BodyExt, Empty};
use hyper::{
    Method, Request, StatusCode,
    body::Bytes,
    header::{
        ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS, ACCESS_CONTROL_ALLOW_ORIGIN,
        ACCESS_CONTROL_MAX_AGE, ACCESS_CONTROL_REQUEST_METHOD, ALLOW, AUTHORIZATION, CACHE_CONTROL,
        CONTENT_LENGTH, CONTENT_TYPE, HOST, HeaderName, ORIGIN,
    },
};
use serde_json::{Value, json};
use tower::ServiceExt;
use tower_bearer::{
    BearerMethod, ConfigError, JwtLayer, ProtectedResource, RequireScope, ScopeCatalog, StaticKeys,
};

use crate::support::{App, Reply, SECRET, standard, verifiers};

#[path = "../../examples/protected_resource.rs"]
#[expect(dead_code, reason = "an example has a `main`, and a test has not")]
mod example;

const ROOT: &str = "/.well-known/oauth-protected-resource";
const ORIGIN_OF_EXAMPLE: &str = "https://api.example";

fn resource() -> ProtectedResource {
    let scopes = ScopeCatalog::new(["notes:read", "notes:write"]).unwrap();
    ProtectedResource::new("https://api.example/mcp")
        .unwrap()
        .authorization_server("https://issuer.example")
        .unwrap()
        .scopes(&scopes)
}

/// As the documentation mounts it.
fn mounted(app: Router, resource: &ProtectedResource) -> Router {
    resource.paths().fold(app, |app, path| app.route_service(path, resource.clone()))
}

fn request(method: Method, path: &str) -> Request<Empty<Bytes>> {
    Request::builder().method(method).uri(path).body(Empty::new()).unwrap()
}

async fn fetch(app: &App, path: &str) -> Reply {
    app.send(request(Method::GET, path)).await
}

/// The value of a header, or nothing.
fn header(reply: &Reply, name: HeaderName) -> &str {
    reply.headers.get(name).map_or("", |value| value.to_str().unwrap())
}

/// A parameter of a challenge, without its quotes.
fn param<'a>(challenge: &'a str, name: &str) -> Option<&'a str> {
    let (_, value) = challenge.split_once(&format!(" {name}=\""))?;
    value.split('"').next()
}

#[test]
fn the_document_says_how_tokens_may_be_sent() {
    use BearerMethod::{Header, Query};
    let cases: [(&[BearerMethod], &str); 4] = [
        (&[Header, Query], r#"["header","query"]"#),
        (&[Query], r#"["query"]"#),
        (&[Query, Header, Query], r#"["query","header"]"#),
        (&[], "[]"),
    ];
    for (methods, listed) in cases {
        let resource = ProtectedResource::new("https://api.example").unwrap();
        let resource = resource.bearer_methods(methods.iter().copied());
        let expected =
            format!(r#"{{"resource":"https://api.example","bearer_methods_supported":{listed}}}"#);
        assert_eq!(resource.document(), expected);
    }
}

#[test]
fn the_document_byte_for_byte() {
    let plain = ProtectedResource::new("https://api.example").unwrap();
    let expected = r#"{"resource":"https://api.example","bearer_methods_supported":["header"]}"#;
    assert_eq!(plain.document(), expected);

    let full = resource()
        .authorization_server("https://second.example/tenant/")
        .unwrap()
        .name("Notes \"2\" – für alle")
        .documentation("https://docs.example/#notes")
        .unwrap()
        .policy_uri("https://docs.example/policy")
        .unwrap()
        .tos_uri("http://docs.example/terms?v=2")
        .unwrap()
        .member("resource_name#de", "Notizen")
        .unwrap()
        .member("dpop_bound_access_tokens_required", false)
        .unwrap()
        .member("authorization_details_types_supported", json!(["note"]))
        .unwrap();
    let expected = concat!(
        r#"{"resource":"https://api.example/mcp","bearer_methods_supported":["header"],"#,
        r#""authorization_servers":["https://issuer.example","https://second.example/tenant/"],"#,
        r#""scopes_supported":["notes:read","notes:write"],"resource_name":"Notes \"2\" – für alle","#,
        r#""resource_documentation":"https://docs.example/#notes","#,
        r#""resource_policy_uri":"https://docs.example/policy","#,
        r#""resource_tos_uri":"http://docs.example/terms?v=2","resource_name#de":"Notizen","#,
        r#""dpop_bound_access_tokens_required":false,"authorization_details_types_supported":["note"]}"#,
    );
    assert_eq!(full.document(), expected);
}

#[test]
fn what_is_set_again_is_set_anew() {
    let other = ScopeCatalog::new(["other"]).unwrap();
    let first = resource().name("Notes");
    let second = first.clone().scopes(&other).name("");
    assert_eq!(
        second.document(),
        r#"{"resource":"https://api.example/mcp","bearer_methods_supported":["header"],"authorization_servers":["https://issuer.example"],"scopes_supported":["other"]}"#,
    );
    assert!(first.document().contains("Notes"), "a clone is its own");
}

#[tokio::test]
async fn both_locations_answer_every_method_and_no_other_path_does() {
    let app = App::serve(mounted(Router::new(), &resource())).await;
    let document = resource().document().to_owned();
    let length = document.len().to_string();
    let methods = "GET, HEAD, OPTIONS";
    // Method, status, body, `Content-Type`, `Content-Length`, `Cache-Control`, `Allow`.
    let table = [
        (Method::GET, 200, &*document, "application/json", &*length, "public, max-age=300", ""),
        (Method::HEAD, 200, "", "application/json", &*length, "public, max-age=300", ""),
        (Method::OPTIONS, 204, "", "", "", "", methods),
        (Method::POST, 405, "", "", "0", "", methods),
        (Method::PUT, 405, "", "", "0", "", methods),
        (Method::DELETE, 405, "", "", "0", "", methods),
        (Method::PATCH, 405, "", "", "0", "", methods),
        (Method::TRACE, 405, "", "", "0", "", methods),
    ];
    for path in [ROOT.to_owned(), format!("{ROOT}/mcp"), format!("{ROOT}/mcp?a=b")] {
        for (method, status, body, content_type, length, cache, allow) in &table {
            let reply = app.send(request(method.clone(), &path)).await;
            let case = format!("{method} {path}");
            assert_eq!((reply.status, &*reply.body), (*status, *body), "{case}");
            let found = [CONTENT_TYPE, CONTENT_LENGTH, CACHE_CONTROL, ALLOW]
                .map(|name| header(&reply, name));
            assert_eq!(found, [*content_type, *length, *cache, *allow], "{case}");
            assert_eq!(header(&reply, ACCESS_CONTROL_ALLOW_ORIGIN), "*", "{case}");
        }
    }
}

#[tokio::test]
async fn other_paths_are_not_found_by_the_service_itself() {
    for (path, status) in [
        (ROOT, 200),
        ("/.well-known/oauth-protected-resource/mcp", 200),
        ("/.well-known/oauth-protected-resource/mcp/", 404),
        ("/.well-known/oauth-protected-resource/", 404),
        ("/.well-known/oauth-protected-resource/MCP", 404),
        ("/.well-known/oauth-protected-resource/mc", 404),
        ("/.well-known/oauth-protected-resource/%6dcp", 404),
        ("/.well-known/oauth-protected-resourcemcp", 404),
        ("/.well-known/oauth-authorization-server", 404),
        ("/mcp", 404),
        ("/", 404),
    ] {
        // Any body will do, be it none.
        let request = Request::builder().uri(path).body(()).unwrap();
        let response = resource().oneshot(request).await.unwrap();
        assert_eq!(response.status(), status, "{path}");
        assert_eq!(response.body().is_empty(), status == 404, "{path}");
    }
}

#[tokio::test]
async fn browsers_may_ask_with_any_header() {
    let app = App::serve(mounted(Router::new(), &resource())).await;
    let mut preflight = request(Method::OPTIONS, &format!("{ROOT}/mcp"));
    for (name, value) in [
        (ORIGIN, "https://client.example"),
        (ACCESS_CONTROL_REQUEST_METHOD, "GET"),
        (HeaderName::from_static("access-control-request-headers"), "mcp-protocol-version"),
    ] {
        preflight.headers_mut().insert(name, value.parse().unwrap());
    }
    let reply = app.send(preflight).await;
    assert_eq!(reply.status, 204);
    for (name, value) in [
        (ACCESS_CONTROL_ALLOW_ORIGIN, "*"),
        (ACCESS_CONTROL_ALLOW_METHODS, "GET, HEAD, OPTIONS"),
        (ACCESS_CONTROL_ALLOW_HEADERS, "*, authorization"),
        (ACCESS_CONTROL_MAX_AGE, "86400"),
    ] {
        assert_eq!(header(&reply, name.clone()), value, "{name}");
    }
}

#[tokio::test]
async fn it_may_be_kept_for_as_long_as_was_said() {
    for (age, expected) in [
        (Duration::ZERO, "public, max-age=0"),
        (Duration::from_millis(1999), "public, max-age=1"),
        (Duration::from_secs(86400), "public, max-age=86400"),
        (Duration::MAX, "public, max-age=18446744073709551615"),
    ] {
        let request = Request::builder().uri(ROOT).body(()).unwrap();
        let response = resource().max_age(age).oneshot(request).await.unwrap();
        assert_eq!(response.headers()[CACHE_CONTROL], expected);
    }
}

/// [`ProtectedResource`] from the URL of a resource, with one more setting.
type SetUp = fn(ProtectedResource) -> Result<ProtectedResource, ConfigError>;

#[test]
fn a_wrong_set_up_says_what_is_wrong() {
    let resources = [
        ("https://api.example#a", "has a fragment: it has to be the `https` URL"),
        ("http://api.example", "is not https"),
        ("api.example", "is no absolute URL"),
        ("https://api.example/{tenant}", "percent-encoded"),
        ("https://api.example/a/../b", "which clients take out"),
        ("https://:443", "names no host"),
    ];
    for (url, expected) in resources {
        let error = ProtectedResource::new(url).unwrap_err().to_string();
        assert!(error.starts_with(&format!("the resource {url:?} ")), "{error}");
        assert!(error.contains(expected), "{error}");
    }
    let settings: [(&str, SetUp, &str); 21] = [
        ("server twice", |r| r.authorization_server("https://issuer.example"), "is named twice"),
        ("server, http", |r| r.authorization_server("http://a.example"), "is not https"),
        ("server, query", |r| r.authorization_server("https://a.example?b"), "has a query"),
        ("server, fragment", |r| r.authorization_server("https://a.example#b"), "has a fragment"),
        ("server, no URL", |r| r.authorization_server("issuer"), "is no absolute URL"),
        ("server, empty", |r| r.authorization_server(""), "is no URL"),
        (
            "page, relative",
            |r| r.documentation("/docs"),
            "`resource_documentation` \"/docs\" is no",
        ),
        ("page, script", |r| r.policy_uri("javascript:alert(1)"), "`resource_policy_uri` "),
        ("page, other scheme", |r| r.tos_uri("ftp://a.example/tos"), "`resource_tos_uri` "),
        ("ours", |r| r.member("resource", "https://b.example"), "has a setting of its own"),
        ("ours, not set", |r| r.member("resource_tos_uri", "a"), "has a setting of its own"),
        ("ours, follows", |r| r.member("bearer_methods_supported", json!([])), "follows from"),
        ("no name", |r| r.member("", "a"), "is empty"),
        (
            "null",
            |r| r.member("a", Value::Null),
            "the member \"a\" of a resource's metadata is empty",
        ),
        ("no text", |r| r.member("a", ""), "is empty"),
        ("no items", |r| r.member("a", json!([])), "is empty"),
        ("no members", |r| r.member("a", json!({})), "is empty"),
        ("member twice", |r| r.member("a", 0)?.member("a", 0), "is given twice"),
        ("path, relative", |r| r.also_at("a"), "begin with a slash"),
        ("path, query", |r| r.also_at("/a?b"), "have no query"),
        ("path, braces", |r| r.also_at("/{a}"), "percent-encoded"),
    ];
    for (name, set, expected) in settings {
        let error = set(resource()).unwrap_err().to_string();
        assert!(error.contains(expected), "{name}: {error}");
    }
}

#[test]
fn a_password_in_a_url_is_not_repeated() {
    let url = "https://ada:lovelace@api.example";
    let errors = [
        ProtectedResource::new(url).unwrap_err(),
        resource().authorization_server(url).unwrap_err(),
        resource().documentation(url).unwrap_err(),
    ];
    for error in errors {
        let error = error.to_string();
        assert!(error.contains("has a user name in it") && !error.contains("lovelace"), "{error}");
    }
}

#[tokio::test]
async fn no_header_changes_what_is_said() {
    let origin = "https://api.example";
    let app = App::serve(example::app(origin, SECRET).unwrap()).await;
    let forged = |method, path: &str| {
        let mut request = request(method, path);
        for name in ["host", "x-forwarded-host", "x-forwarded-proto", "x-original-url"] {
            request.headers_mut().insert(name, "evil.example".parse().unwrap());
        }
        request.headers_mut().insert("forwarded", "host=evil.example".parse().unwrap());
        request
    };
    assert_eq!(forged(Method::GET, "/").headers()[HOST], "evil.example");
    for path in [ROOT.to_owned(), format!("{ROOT}/mcp")] {
        let reply = app.send(forged(Method::GET, &path)).await;
        assert_eq!(reply.claims()["resource"], "https://api.example/mcp", "{path}");
        assert_eq!(reply.body, fetch(&app, &path).await.body, "{path}");
    }
    let reply = app.send(forged(Method::POST, "/mcp")).await;
    let url = "https://api.example/.well-known/oauth-protected-resource/mcp";
    assert_eq!(param(reply.challenge(), "resource_metadata"), Some(url));
}

#[tokio::test]
async fn a_challenge_leads_to_the_metadata_of_what_was_asked() {
    for path in ["", "/", "/mcp", "/mcp/", "/a/b", "/a%20b", "/mcp?tenant=1"] {
        let url = format!("https://api.example{path}");
        let scopes = ScopeCatalog::new(["notes:read"]).unwrap();
        let resource = ProtectedResource::new(&*url).unwrap().scopes(&scopes);
        let verifier = verifiers::new(standard(StaticKeys::hs256(SECRET).unwrap())).unwrap();
        let layer = JwtLayer::new(verifier).resource_metadata(resource.metadata_url()).unwrap();
        let route = path.split('?').next().filter(|path| !path.is_empty()).unwrap_or("/");
        let app = Router::new().route(route, get(|| async {})).route_layer(layer);
        let app = App::serve(mounted(app, &resource)).await;

        let asked = if path.is_empty() { "/" } else { path };
        let reply = fetch(&app, asked).await;
        assert_eq!(reply.status, 401, "{path}");
        let metadata = param(reply.challenge(), "resource_metadata").unwrap();
        let reply = fetch(&app, metadata.strip_prefix("https://api.example").unwrap()).await;
        assert_eq!((reply.status, &reply.claims()["resource"]), (200, &json!(url)), "{path}");
    }
}

/// Asks the example for a tool, over its router.
async fn call(app: &Router, token: Option<&str>, tool: &str) -> (StatusCode, String, String) {
    let body = json!({ "tool": tool }).to_string();
    let mut request = Request::post("/mcp").body(Body::from(body)).unwrap();
    if let Some(token) = token {
        let value = format!("Bearer {token}").parse().unwrap();
        request.headers_mut().insert(AUTHORIZATION, value);
    }
    let (head, body) = app.clone().oneshot(request).await.unwrap().into_parts();
    let challenge = head.headers.get("www-authenticate").map(|value| value.to_str().unwrap());
    let body = body.collect().await.unwrap().to_bytes();
    (head.status, challenge.unwrap_or_default().to_owned(), String::from_utf8(body.into()).unwrap())
}

fn example_app() -> Router {
    example::app(ORIGIN_OF_EXAMPLE, SECRET).unwrap()
}

fn example_token(scope: &str) -> String {
    example::mint(ORIGIN_OF_EXAMPLE, SECRET, scope).unwrap()
}

/// A client knows nothing but the URL, and asks its user for no more than is needed.
#[tokio::test]
async fn a_client_finds_its_way_from_no_token_to_every_tool() {
    let (router, app) = (example_app(), App::serve(example_app()).await);

    let (status, challenge, _) = call(&router, None, "list_notes").await;
    let metadata = "https://api.example/.well-known/oauth-protected-resource/mcp";
    let expected =
        format!(r#"Bearer realm="api", scope="notes:read", resource_metadata="{metadata}""#);
    assert_eq!((status.as_u16(), challenge.as_str()), (401, expected.as_str()));

    let document = fetch(&app, metadata.strip_prefix(ORIGIN_OF_EXAMPLE).unwrap()).await.claims();
    assert_eq!(document["resource"], "https://api.example/mcp");
    assert_eq!(document["authorization_servers"], json!(["https://issuer.example"]));
    let supported = json!(["notes:read", "notes:write", "notes:delete"]);
    assert_eq!(document["scopes_supported"], supported);

    let mut token = example_token(param(&challenge, "scope").unwrap());
    let all = [
        ("list_notes", None, "all notes\n"),
        ("add_note", Some("notes:read notes:write"), "added\n"),
        ("delete_notes", Some("notes:read notes:write notes:delete"), "deleted\n"),
        ("list_notes", None, "all notes\n"),
    ];
    for (tool, more, done) in all {
        if let Some(scope) = more {
            let (status, challenge, _) = call(&router, Some(&token), tool).await;
            let expected = format!(
                r#"Bearer realm="api", error="insufficient_scope", error_description="the token lacks a scope that is needed here", scope="{scope}", resource_metadata="{metadata}""#
            );
            assert_eq!((status.as_u16(), challenge.as_str()), (403, expected.as_str()), "{tool}");
            token = example_token(param(&challenge, "scope").unwrap());
        }
        let (status, _, body) = call(&router, Some(&token), tool).await;
        assert_eq!((status.as_u16(), body.as_str()), (200, done), "{tool}");
    }
}

#[tokio::test]
async fn every_scope_that_a_refusal_names_stands_in_the_metadata() {
    let app = example_app();
    let document = App::serve(example_app()).await;
    let document = fetch(&document, ROOT).await.claims();
    let supported: Vec<&str> =
        document["scopes_supported"].as_array().unwrap().iter().filter_map(Value::as_str).collect();

    let mut named = BTreeSet::new();
    for held in 0..1 << supported.len() {
        let scopes = supported.iter().enumerate().filter(|(at, _)| held & (1 << at) != 0);
        let scope = scopes.map(|(_, scope)| *scope).collect::<Vec<_>>().join(" ");
        let token = example_token(&scope);
        for token in [None, Some(&*token), Some("bad")] {
            for tool in ["list_notes", "add_note", "delete_notes", "unknown"] {
                let (_, challenge, _) = call(&app, token, tool).await;
                let scopes = param(&challenge, "scope").unwrap_or_default();
                named.extend(scopes.split_ascii_whitespace().map(str::to_owned));
            }
        }
    }
    let supported: BTreeSet<String> = supported.into_iter().map(str::to_owned).collect();
    assert_eq!(named, supported, "each of them is needed somewhere, too");
}

#[test]
fn a_scope_that_is_not_declared_fails_when_the_app_is_built() {
    let scopes = ScopeCatalog::new(["notes:read", "notes:write"]).unwrap();
    let wrong = [
        scopes.all(["notes:read", "notes:raed"]).err(),
        scopes.any(["notes:raed", "notes:read"]).err(),
        scopes.declared(RequireScope::all(["notes:raed"]).unwrap()).err(),
    ];
    for error in wrong {
        assert_eq!(
            error.unwrap().to_string(),
            "the scope \"notes:raed\" is not declared: add it to the `ScopeCatalog`, or name one of notes:read, \
             notes:write"
        );
    }
    assert!(scopes.all(["notes:read", "notes:write"]).is_ok());
}

#[tokio::test]
async fn it_can_be_mounted_where_paths_are_rewritten() {
    let nested = resource().also_at("/meta").unwrap();
    let app = Router::new().nest("/behind", mounted(Router::new(), &nested));
    let app = App::serve(app).await;
    for path in ["/behind/meta", "/behind/.well-known/oauth-protected-resource/mcp"] {
        assert_eq!(fetch(&app, path).await.body, nested.document(), "{path}");
    }
    let app = App::serve(Router::new().fallback_service(nested.clone())).await;
    for (path, status) in [("/meta", 200), (ROOT, 200), ("/elsewhere", 404)] {
        assert_eq!(fetch(&app, path).await.status, status, "{path}");
    }
    let again = nested.clone().also_at(ROOT).unwrap();
    assert!(again.paths().eq(nested.paths()), "no path twice, or a router would panic");
}

#[tokio::test]
async fn segments_that_axum_once_took_for_its_own_are_served_too() {
    let odd = ProtectedResource::new("https://api.example/:tenant/*").unwrap();
    let app = App::serve(mounted(Router::new().without_v07_checks(), &odd)).await;
    let found = fetch(&app, &format!("{ROOT}/:tenant/*")).await;
    assert_eq!((found.status, &*found.body), (200, odd.document()));
    assert_eq!(fetch(&app, &format!("{ROOT}/a/b")).await.status, 404);
}
