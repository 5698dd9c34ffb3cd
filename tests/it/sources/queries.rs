//! The parameter of the query, on every method.

use http_body_util::Empty;
use hyper::{Method, Request, header::ORIGIN};
use tower_bearer::QueryParameter;

use super::{
    Answer::{self, Good, Malformed, Missing},
    Place, at_hand, good, outcomes, reads,
};
use crate::support::{App, Reply};

const FOUND: Answer = Good(Place::Query);

async fn ask(app: &App, method: &Method, query: &str) -> Reply {
    let uri = format!("/{}", query.replace("{}", &good()));
    let request = Request::builder().method(method).uri(uri).body(Empty::new());
    app.send(request.unwrap()).await
}

#[tokio::test]
async fn every_form_of_a_query() {
    let cases = [
        ("?access_token={}", FOUND),
        ("films/7.m3u8?access_token={}", FOUND),
        ("?a=b&access_token={}&c=d", FOUND),
        ("?&&access_token={}&&", FOUND),
        ("?a&access_token={}&=b&=", FOUND),
        ("?access%5Ftoken={}", FOUND),
        ("?access%5ftoken={}", FOUND),
        ("?%61%63%63%65%73%73_token={}", FOUND),
        ("", Missing),
        ("?", Missing),
        ("?{}", Missing),
        ("?={}", Missing),
        ("?a=b", Missing),
        ("?Access_Token={}&ACCESS_TOKEN={}", Missing),
        ("?access_tokens={}&xaccess_token={}&access={}", Missing),
        ("?access_token[]={}&access-token={}", Missing),
        ("?access_token%20={}&%20access_token={}&access_token+={}", Missing),
        ("?access_token%00={}&access_token%={}&access_token%5={}", Missing),
        ("?access%255Ftoken={}", Missing),
        ("?a=access_token={}", Missing),
        ("?a=b;access_token={}", Missing),
        ("?a?access_token={}", Missing),
        ("access_token={}", Missing),
        ("?access_token", Malformed),
        ("?access_token=", Malformed),
        ("?access_token=&a=b", Malformed),
        ("?access_token=={}", Malformed),
        ("?access_token=Bearer%20{}", Malformed),
        ("?access_token=Bearer+{}%20", Malformed),
        ("?access_token=%65{}", Malformed),
        ("?access_token={}%3D", Malformed),
        ("?access_token={};a=b", Malformed),
        ("?access_token={},{}", Malformed),
        ("?access_token={}?a=b", Malformed),
        ("?access_token={}&access_token={}", Malformed),
        ("?access_token={}&a=b&access%5Ftoken={}", Malformed),
        ("?access_token&access_token={}", Malformed),
        ("?access_token={}&access_token", Malformed),
        ("?access_token={}&access_token=", Malformed),
    ];
    let app = reads(Place::Query.source()).await;
    for (query, answer) in cases {
        answer.check(&query, &ask(&app, &Method::GET, query).await);
    }
}

/// A plus sign is one of `token68`, and stands for itself.
#[tokio::test]
async fn nothing_in_a_value_is_decoded() {
    let app = outcomes(at_hand().best_effort().source(Place::Query.source())).await;
    for (query, outcome) in [
        ("?access_token=a+b", "failed: malformed"),
        ("?access_token=a/b", "failed: malformed"),
        ("?access_token=a%2Bb", "failed: invalid_credentials"),
    ] {
        assert_eq!(ask(&app, &Method::GET, query).await.body, outcome, "{query}");
    }
}

#[tokio::test]
async fn only_get_and_head_have_tokens_in_their_query() {
    let required = reads(Place::Query.source()).await;
    let optional = outcomes(at_hand().optional().source(Place::Query.source())).await;
    for method in ["POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "QUERY", "get"] {
        let method = Method::from_bytes(method.as_bytes()).unwrap();
        for query in ["?access_token={}", "?access_token=", "?access_token=a&access_token=a"] {
            let reply = ask(&required, &method, query).await;
            Missing.check(&(&method, query), &reply);
            assert!(!reply.headers.contains_key("cache-control"), "{method}, {query}");
            assert_eq!(ask(&optional, &method, query).await.body, "absent", "{method}, {query}");
        }
    }
    for (query, status) in
        [("?access_token={}", 200), ("?access_token=", 400), ("?access_token=a", 401), ("", 401)]
    {
        assert_eq!(ask(&required, &Method::HEAD, query).await.status, status, "HEAD, {query}");
    }
}

#[tokio::test]
async fn a_token_that_is_not_read_there_is_no_second_one() {
    let app = reads(super::Source::chain(&[Place::Header, Place::Query])).await;
    let mut request = Place::Header.get([good()]);
    Place::Query.put(&mut request, good());
    Malformed.check(&"GET", &app.send(request.clone()).await);
    *request.method_mut() = Method::POST;
    request.headers_mut().insert(ORIGIN, "https://elsewhere.example".parse().unwrap());
    Good(Place::Header).check(&"POST", &app.send(request).await);
}

#[tokio::test]
async fn a_parameter_of_another_name() {
    let app = reads(QueryParameter::named("t~o.k-e_n0").unwrap()).await;
    for (query, answer) in [
        ("?t~o.k-e_n0={}", FOUND),
        ("?t%7Eo%2Ek-e_n0={}", FOUND),
        ("?access_token={}", Missing),
        ("?t~o.k-e_n0={}&access_token={}", FOUND),
        ("?t~o.k-e_n0=", Malformed),
    ] {
        answer.check(&query, &ask(&app, &Method::GET, query).await);
    }
    for name in ["", "a b", "a=b", "a&b", "a%5Fb", "a+b", "a[]", "gr\u{f6}\u{df}e", "a#b", "a\n"] {
        let error = QueryParameter::named(name).unwrap_err().to_string();
        assert!(error.contains(&format!("{name:?}")), "{error}");
        assert!(error.contains("write one of letters, digits"), "{name:?}: {error}");
    }
}
