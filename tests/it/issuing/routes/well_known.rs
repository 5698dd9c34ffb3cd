//! What others find of an issuer.

use axum::Router;
use http::Method;
use http_body_util::Full;
use hyper::Request;
use tower_bearer::{Algorithm, Issuer, SigningKeys, well_known};

use crate::support::{AUDIENCE, App, Reply};

fn issuer(name: &str) -> Issuer {
    let keys = SigningKeys::generate(Algorithm::ES256).unwrap();
    Issuer::new(name, AUDIENCE, "web", keys).unwrap()
}

async fn ask(app: &App, method: Method, path: &str, known: Option<&str>) -> Reply {
    let mut request = Request::builder().method(method).uri(path);
    if let Some(known) = known {
        request = request.header("if-none-match", known);
    }
    app.send_once(request.body(Full::default()).unwrap()).await
}

#[tokio::test]
async fn keys_and_metadata_can_be_kept_for_ten_minutes() {
    let issuer = issuer("https://login.example");
    let app = App::serve(well_known::<()>(&issuer).unwrap()).await;
    let metadata = issuer.metadata("https://login.example/.well-known/jwks.json").to_string();
    let cases = [
        ("/.well-known/jwks.json", issuer.keys().jwks()),
        ("/.well-known/openid-configuration", metadata.clone()),
        ("/.well-known/oauth-authorization-server", metadata),
    ];
    for (path, expected) in cases {
        let reply = ask(&app, Method::GET, path, None).await;
        assert_eq!((reply.status, &reply.body), (200, &expected), "{path}");
        let etag = reply.header("etag").to_owned();
        assert!(etag.starts_with('"') && etag.ends_with('"') && etag.len() > 40, "{path}: {etag}");
        let kept = |reply: &Reply| {
            let headers = ["cache-control", "access-control-allow-origin", "etag"];
            headers.map(|name| reply.header(name).to_owned())
        };
        assert_eq!(kept(&reply), ["public, max-age=600", "*", &etag], "{path}");
        assert_eq!(reply.header("content-type"), "application/json", "{path}");
        let head = ask(&app, Method::HEAD, path, None).await;
        assert_eq!((head.status, kept(&head), &*head.body), (200, kept(&reply), ""), "{path}");
        for known in [&*etag, &format!("W/{etag}"), "*", &format!("\"other\", {etag}")] {
            let again = ask(&app, Method::GET, path, Some(known)).await;
            assert_eq!((again.status, &*again.body), (304, ""), "{path}, {known}");
            assert_eq!(kept(&again), kept(&reply), "{path}, {known}");
        }
        let other = ask(&app, Method::GET, path, Some("\"other\"")).await;
        assert_eq!(other.status, 200, "{path}");
    }
}

#[tokio::test]
async fn a_key_that_is_new_has_a_new_tag() {
    let issuer = issuer("https://login.example");
    let app = App::serve(well_known::<()>(&issuer).unwrap()).await;
    let path = "/.well-known/jwks.json";
    let before = ask(&app, Method::GET, path, None).await;
    let next = issuer.keys().rotate().unwrap();
    let after = ask(&app, Method::GET, path, Some(before.header("etag"))).await;
    assert_eq!(after.status, 200);
    assert!(after.body.contains(&next), "{}", after.body);
}

#[tokio::test]
async fn an_issuer_with_a_path_is_found_where_the_standards_say() {
    let app = App::serve(well_known::<()>(&issuer("https://example.com/a/login")).unwrap()).await;
    for (path, status) in [
        ("/a/login/.well-known/jwks.json", 200),
        ("/a/login/.well-known/openid-configuration", 200),
        ("/.well-known/oauth-authorization-server/a/login", 200),
        ("/.well-known/jwks.json", 404),
    ] {
        assert_eq!(ask(&app, Method::GET, path, None).await.status, status, "{path}");
    }
}

#[test]
fn a_name_at_which_nothing_can_be_found_is_refused() {
    for name in [
        "login",
        "http://login.example",
        "https://login.example/",
        "https://login.example?a=b",
        "https://login.example#a",
        "https://ada@login.example",
        "https://login.example/{a}",
        "https://login.example/:a",
        "https://login.example/*a",
        "https://login.example/a//b",
        "https://:1",
    ] {
        assert!(well_known::<()>(&issuer(name)).is_err(), "{name}");
    }
}

#[cfg(feature = "jwks")]
#[tokio::test]
async fn others_verify_its_tokens_by_its_name_alone() {
    use tower_bearer::{Grant, TrustedIssuer, Verifier};

    let listener = tokio::net::TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let issuer = issuer(&format!("http://{}", listener.local_addr().unwrap()));
    let router: Router = well_known(&issuer).unwrap();
    let server = tokio::spawn(async { axum::serve(listener, router).await.unwrap() });
    let trusted = TrustedIssuer::discover(issuer.name(), AUDIENCE).unwrap().rfc9068();
    let verifier = Verifier::new(trusted).unwrap();
    let token = issuer.issue("ada", &Grant::new()).unwrap();
    assert_eq!(verifier.verify(token.as_str()).await.unwrap().subject(), Some("ada"));
    server.abort();
}
