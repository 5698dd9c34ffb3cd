use http::{
    HeaderMap, Method,
    header::{ACCEPT, CONTENT_TYPE},
};

use super::source::AnswerHeaders;
use crate::head::RequestHead;

/// What the headers of a request say of the answer it wants.
///
/// | a request | is answered with |
/// |---|---|
/// | `POST` with `Content-Type: application/grpc`, `application/grpc+proto`, … | [`Grpc`](Self::Grpc) |
/// | whose `Accept` permits `application/problem+json` or `application/json`, or that has none | [`Problem`](Self::Problem) |
/// | whose `Accept` permits neither | [`Plain`](Self::Plain) |
///
/// Calls of gRPC are always `POST`. The HTTP 200 of their refusals thus never answers a `GET`, from where a cache could
/// take it for the page.
///
/// gRPC-Web (`application/grpc-web`) is not gRPC: place the layer inside of what translates it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Wanted {
    /// The status of gRPC in the headers of an HTTP 200.
    Grpc,
    /// No body.
    #[default]
    Plain,
    /// A body of `application/problem+json`
    /// ([RFC 9457](https://www.rfc-editor.org/rfc/rfc9457)).
    Problem,
}

impl Wanted {
    /// What this request wants.
    pub fn of(head: RequestHead<'_>) -> Self {
        if is_grpc(head) {
            Self::Grpc
        } else if accepts_json(head.headers()) {
            Self::Problem
        } else {
            Self::Plain
        }
    }
}

/// What is remembered of a request for the answer to it.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Asked {
    pub(crate) wanted: Wanted,
    /// It is a `HEAD`: the answer may have no content (RFC 9110 §9.3.2).
    pub(crate) head: bool,
    /// What the place of its token asks for.
    pub(crate) answer: AnswerHeaders,
}

/// A `POST` of gRPC.
pub(crate) fn is_grpc(head: RequestHead<'_>) -> bool {
    let content_type = head.headers().get(CONTENT_TYPE);
    head.method() == Method::POST
        && content_type.is_some_and(|value| is_grpc_type(value.as_bytes()))
}

/// `application/grpc`, with or without a `+` and the name of a codec, or parameters.
pub(crate) fn is_grpc_type(content_type: &[u8]) -> bool {
    const GRPC: &[u8] = b"application/grpc";
    let Some((start, rest)) = content_type.split_at_checked(GRPC.len()) else { return false };
    start.eq_ignore_ascii_case(GRPC) && matches!(rest.first(), None | Some(b'+' | b';' | b' '))
}

/// The most specific range that fits decides ([RFC 9110 §12.5.1]), of so many that no client needs more: servers take
/// headers of hundreds of kilobytes, and this is read before anything is known of who sends them.
///
/// [RFC 9110 §12.5.1]: https://www.rfc-editor.org/rfc/rfc9110#section-12.5.1
fn accepts_json(headers: &HeaderMap) -> bool {
    const MOST: usize = 64;
    if !headers.contains_key(ACCEPT) {
        return true;
    }
    let ranges = || {
        let lines = headers.get_all(ACCEPT).iter().filter_map(|line| line.to_str().ok());
        lines.flat_map(|line| line.split(',')).take(MOST).map(range)
    };
    let accepts = |exact: &str| {
        [exact, "application/*", "*/*"].iter().find_map(|wanted| {
            let mut fits = ranges().filter(|(name, _)| name.eq_ignore_ascii_case(wanted));
            fits.next().map(|(_, accepted)| accepted)
        })
    };
    accepts("application/problem+json") == Some(true) || accepts("application/json") == Some(true)
}

/// A media range, and whether it is accepted: not if its weight is zero.
fn range(item: &str) -> (&str, bool) {
    const MOST: usize = 16;
    let mut parts = item.split(';').map(str::trim).take(MOST);
    let name = parts.next().unwrap_or_default();
    let weight = parts.find_map(|part| part.strip_prefix("q=").or(part.strip_prefix("Q=")));
    (name, weight.is_none_or(|weight| weight.bytes().any(|byte| matches!(byte, b'1'..=b'9'))))
}

#[cfg(test)]
mod tests {
    use http::Request;

    use super::*;

    #[test]
    fn headers_say_which_answer_is_wanted() {
        let (grpc, plain, problem) = (Wanted::Grpc, Wanted::Plain, Wanted::Problem);
        let cases: [(&str, &str, &str, Wanted); 23] = [
            ("nothing said", "", "", problem),
            ("gRPC", "application/grpc", "", grpc),
            ("gRPC with a codec", "application/grpc+proto", "", grpc),
            ("gRPC with a parameter", "application/grpc; a=b", "", grpc),
            ("gRPC in capitals", "Application/GRPC", "", grpc),
            ("gRPC that takes all", "application/grpc", "*/*", grpc),
            ("gRPC-Web", "application/grpc-web+proto", "text/html", plain),
            ("JSON sent", "application/json", "", problem),
            ("half a name", "application/gr", "text/html", plain),
            ("all", "", "*/*", problem),
            ("all of the kind", "", "application/*", problem),
            ("problems", "", "application/problem+json", problem),
            ("JSON", "", "application/json", problem),
            ("JSON in capitals", "", "Application/JSON;charset=utf-8", problem),
            ("a browser", "", "text/html,application/xhtml+xml,*/*;q=0.8", problem),
            ("text alone", "", "text/plain", plain),
            ("JSON, weight nought", "", "application/json;q=0", plain),
            ("JSON, weight nought with digits", "", "application/json; q=0.000", plain),
            ("all but JSON", "", "application/json;q=0, */*", problem),
            ("all but both", "", "application/json;q=0, application/problem+json;q=0, */*", plain),
            ("all but the kind", "", "application/*;q=0, */*;q=0.5", plain),
            ("little weight", "", "application/json;q=0.001", problem),
            ("rubbish", "", ";;,=", plain),
        ];
        for (name, content_type, accept, expected) in cases {
            let mut request = Request::post("/");
            for (header, value) in [(CONTENT_TYPE, content_type), (ACCEPT, accept)] {
                if !value.is_empty() {
                    request = request.header(header, value);
                }
            }
            let request = request.body(()).unwrap();
            assert_eq!(Wanted::of(RequestHead::of(&request)), expected, "{name}");
        }
    }

    #[test]
    fn no_header_costs_more_than_its_bytes() {
        let many = |item: &str| item.repeat(60_000);
        for (name, accept, expected) in [
            ("as many as count", "text/html,".repeat(63) + "*/*", Wanted::Problem),
            ("one more", "text/html,".repeat(64) + "*/*", Wanted::Plain),
            ("commas", many(","), Wanted::Plain),
            ("semicolons", "a/b".to_owned() + &many(";"), Wanted::Plain),
            (
                "a weight behind so many",
                "*/*".to_owned() + &";".repeat(16) + "q=0",
                Wanted::Problem,
            ),
        ] {
            let request = Request::get("/").header(ACCEPT, accept).body(()).unwrap();
            assert_eq!(Wanted::of(RequestHead::of(&request)), expected, "{name}");
        }
    }

    #[test]
    fn a_call_of_grpc_is_a_post() {
        for (method, expected) in [
            (Method::POST, Wanted::Grpc),
            (Method::GET, Wanted::Problem),
            (Method::HEAD, Wanted::Problem),
            (Method::PUT, Wanted::Problem),
        ] {
            let request =
                Request::builder().method(&method).header(CONTENT_TYPE, "application/grpc");
            let request = request.body(()).unwrap();
            assert_eq!(Wanted::of(RequestHead::of(&request)), expected, "{method}");
        }
    }
}
