//! [`ProblemJson`]: refusals with a body for programs
//! ([RFC 9457](https://www.rfc-editor.org/rfc/rfc9457)).

use std::{borrow::Cow, sync::Arc};

use http::{
    HeaderValue, Response, Uri,
    header::{CONTENT_LENGTH, CONTENT_TYPE},
};
use serde::Serialize;

use super::{Respond, complete};
use crate::{
    error::ConfigError,
    head::RequestHead,
    web::{challenge::RejectionKind, rejection::Rejection, wanted::Wanted},
};

/// Answers every refusal with `application/problem+json`, whatever the request takes.
///
/// ```text
/// HTTP/1.1 401 Unauthorized
/// content-type: application/problem+json
/// www-authenticate: Bearer realm="api", error="invalid_token", error_description="the token has expired"
///
/// {"type":"about:blank","title":"Unauthorized","status":401,"detail":"the token has expired","code":"expired_token"}
/// ```
///
/// | member | holds |
/// |---|---|
/// | `type` | `about:blank`, or [an address](Self::types_at) of your own |
/// | `title` | the phrase of the status; with types of your own, that of the type |
/// | `status` | the status |
/// | `detail` | [`Rejection::description`] |
/// | `code` | [`RejectionKind::code`], which does not change between versions |
///
/// Nothing in it depends on the token: two refusals of one kind are the same bytes. What a client has to do stands in the
/// headers, as always: the challenge with scopes and classes of login, and `Retry-After`. The answer to a `HEAD` has the same headers and
/// no body.
///
/// ```
/// use tower_bearer::{JwtLayer, ProblemJson, Verifier};
///
/// # fn layers(verifier: Verifier) -> Result<(), tower_bearer::ConfigError> {
/// let layer = JwtLayer::new(verifier.clone()).responder(ProblemJson::new());
///
/// let problems = ProblemJson::new().types_at("https://api.example/problems/")?;
/// let other = JwtLayer::new(verifier).responder(problems);
/// # drop((layer, other));
/// # Ok(())
/// # }
/// ```
///
/// The body is of any type that is made from a `String`, such as `axum::body::Body` or `http_body_util::Full`. Where some
/// clients are of gRPC, or want no JSON, use [`Negotiated`](crate::Negotiated).
#[derive(Clone, Debug, Default)]
#[must_use = "a responder does nothing until a layer has it"]
pub struct ProblemJson {
    types: Option<Arc<str>>,
}

/// The body, with its members in this order.
#[derive(Serialize)]
struct Problem<'a> {
    r#type: Cow<'a, str>,
    title: &'a str,
    status: u16,
    detail: &'a str,
    code: &'a str,
}

impl ProblemJson {
    /// Problems of the type `about:blank`: no more than their status says.
    pub const fn new() -> Self {
        Self { types: None }
    }

    /// Types of your own: this and the [code](RejectionKind::code) together are the `type` of a problem, as in
    /// `https://api.example/problems/expired_token`. A person who opens that address should find the problem
    /// explained ([RFC 9457 §3.1.1](https://www.rfc-editor.org/rfc/rfc9457#section-3.1.1)).
    ///
    /// # Errors
    ///
    /// It is no absolute URI, or ends with none of `/`, `#`, `=` and `:`, so that the code would run into a word.
    pub fn types_at(mut self, base: impl AsRef<str>) -> Result<Self, ConfigError> {
        let base = base.as_ref();
        if !is_absolute(base) {
            return Err(ConfigError::new(format!(
                "{base:?} is no absolute URI of problem types: write the likes of `https://api.example/problems/`"
            )));
        }
        if !base.ends_with(['/', '#', '=', ':']) {
            return Err(ConfigError::new(format!(
                "{base:?} is followed by the code of a problem: let it end with `/`, `#`, `=` or `:`"
            )));
        }
        self.types = Some(base.into());
        Ok(self)
    }

    fn body(&self, rejection: &Rejection) -> String {
        let (kind, status) = (rejection.kind(), rejection.status());
        let code = kind.code();
        let (r#type, title) = match &self.types {
            Some(base) => (format!("{base}{code}").into(), title(kind)),
            None => ("about:blank".into(), status.canonical_reason().unwrap_or_default()),
        };
        let detail = rejection.description();
        let problem = Problem { r#type, title, status: status.as_u16(), detail, code };
        // Text and a number: there is nothing that could not be written.
        serde_json::to_string(&problem).unwrap_or_default()
    }
}

#[diagnostic::do_not_recommend]
impl<B: From<String>> Respond<B> for ProblemJson {
    fn respond(&self, rejection: &Rejection) -> Response<B> {
        let (mut body, mut length) = (self.body(rejection), None);
        if rejection.is_head() {
            // Not every server takes it away: over HTTP/2, hyper breaks the stream instead.
            length = Some(HeaderValue::from(body.len()));
            body.clear();
        }
        let mut response = Response::new(body.into());
        *response.status_mut() = rejection.status();
        let json = HeaderValue::from_static("application/problem+json");
        response.headers_mut().insert(CONTENT_TYPE, json);
        length.map(|length| response.headers_mut().insert(CONTENT_LENGTH, length));
        complete(&mut response, rejection);
        response
    }

    fn wanted(&self, _: RequestHead<'_>) -> Wanted {
        Wanted::Problem
    }
}

/// What a type says of itself, the same at every occurrence.
fn title(kind: RejectionKind) -> &'static str {
    match kind {
        RejectionKind::ClaimsMismatch => "Unsuitable claims",
        RejectionKind::CrossOrigin => "Request of another origin",
        RejectionKind::ExpiredToken => "Expired token",
        RejectionKind::Forbidden => "Not permitted",
        RejectionKind::InsufficientScope => "Insufficient scope",
        RejectionKind::InsufficientUserAuthentication => "Insufficient user authentication",
        RejectionKind::InvalidRequest => "Invalid request",
        RejectionKind::InvalidToken => "Invalid token",
        RejectionKind::Misconfigured => "Misconfigured service",
        RejectionKind::MissingCredentials => "Missing credentials",
        RejectionKind::Unavailable => "Temporarily unavailable",
    }
}

/// A scheme and something behind it, as RFC 3986 spells them; for the web, with a host.
fn is_absolute(uri: &str) -> bool {
    let Some((scheme, rest)) = uri.split_once(':') else { return false };
    let named = scheme.starts_with(|first: char| first.is_ascii_alphabetic())
        && scheme.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"+-.".contains(&byte));
    let web = ["http", "https"].iter().any(|web| scheme.eq_ignore_ascii_case(web));
    let hosted =
        || uri.parse::<Uri>().is_ok_and(|uri| uri.host().is_some_and(|host| !host.is_empty()));
    named && is_spelt(rest) && (!web || hosted())
}

/// Nothing but the characters of a URI, `%` with two digits and `#` once at most.
fn is_spelt(rest: &str) -> bool {
    let fits =
        |byte: u8| byte.is_ascii_alphanumeric() || b"-._~:/?#[]@!$&'()*+,;=%".contains(&byte);
    let escaped = |rest: &str| rest.bytes().take(2).filter(u8::is_ascii_hexdigit).count() == 2;
    !rest.is_empty()
        && rest.bytes().all(fits)
        && rest.split('%').skip(1).all(escaped)
        && rest.split('#').count() <= 2
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_have_an_absolute_uri_that_a_code_can_follow() {
        let cases = [
            ("https", "https://api.example/problems/", true),
            ("a host alone", "https://api.example/", true),
            ("http", "http://127.0.0.1:3000/problems/", true),
            ("capitals", "HTTPS://api.example/", true),
            ("one page", "https://api.example/problems#", true),
            ("a query", "https://api.example/problems?code=", true),
            ("a name", "urn:example:problems:", true),
            ("a tag", "tag:api.example,2026:", true),
            ("nothing to part base and code", "https://api.example/problems", false),
            ("relative", "/problems/", false),
            ("no scheme", "api.example/problems/", false),
            ("no scheme before a colon", "://api.example/", false),
            ("a scheme that begins with a digit", "1a:b/", false),
            ("a scheme with a space", "ht tps://api.example/", false),
            ("a scheme alone", "urn:", false),
            ("no host", "https:///problems/", false),
            ("one slash", "https:/problems/", false),
            ("no slash", "https:problems/", false),
            ("an escape", "https://api.example/a%2F/", true),
            ("half an escape", "https://api.example/a%2/", false),
            ("two fragments", "https://api.example/#a#", false),
            ("a space", "https://api.example/my problems/", false),
            ("a quote", "https://api.example/\"/", false),
            ("a line break", "https://api.example/\r\n/", false),
            ("not ASCII", "https://api.example/größe/", false),
            ("empty", "", false),
        ];
        for (name, base, good) in cases {
            assert_eq!(ProblemJson::new().types_at(base).is_ok(), good, "{name}");
        }
    }
}
