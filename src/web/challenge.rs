//! The one table from error to HTTP, and the challenge in `WWW-Authenticate`
//! ([RFC 6750 §3], [RFC 9110 §11.6.1]).
//!
//! [RFC 6750 §3]: https://www.rfc-editor.org/rfc/rfc6750#section-3
//! [RFC 9110 §11.6.1]: https://www.rfc-editor.org/rfc/rfc9110#section-11.6.1

use std::sync::{Arc, LazyLock, OnceLock};

use http::{HeaderValue, StatusCode, Uri};

use crate::error::ConfigError;

/// A row of the table from error to answer.
///
/// | | status | `error` | gRPC |
/// |---|---|---|---|
/// | [`MissingCredentials`](Self::MissingCredentials) | 401 | | 16 |
/// | [`InvalidRequest`](Self::InvalidRequest) | 400 | `invalid_request` | 3 |
/// | [`ExpiredToken`](Self::ExpiredToken), [`InvalidToken`](Self::InvalidToken) | 401 | `invalid_token` | 16 |
/// | [`InsufficientScope`](Self::InsufficientScope) | 403 | `insufficient_scope` | 7 |
/// | [`Forbidden`](Self::Forbidden), [`ClaimsMismatch`](Self::ClaimsMismatch), [`CrossOrigin`](Self::CrossOrigin) | 403 | | 7 |
/// | [`InsufficientUserAuthentication`](Self::InsufficientUserAuthentication) | 401 | `insufficient_user_authentication` | 16 |
/// | [`Unavailable`](Self::Unavailable) | 503 | | 14 |
/// | [`Misconfigured`](Self::Misconfigured) | 500 | | 13 |
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum RejectionKind {
    /// The claims of a good token do not fit the type a handler or a policy asks for.
    ClaimsMismatch,
    /// The token is in a cookie, and a page of another origin may have sent the request.
    CrossOrigin,
    /// The token has expired.
    ExpiredToken,
    /// The token is good and does not permit this, and no other one of the same user would.
    Forbidden,
    /// The token is good and lacks a scope.
    InsufficientScope,
    /// The token is good, and its user must log in again, or in a stronger way
    /// ([RFC 9470](https://www.rfc-editor.org/rfc/rfc9470)).
    InsufficientUserAuthentication,
    /// The request is malformed, or brings several credentials.
    InvalidRequest,
    /// The token is not good here. Why is not told to the client.
    InvalidToken,
    /// The route asks for a token, and no layer looks for one.
    Misconfigured,
    /// There are no credentials.
    MissingCredentials,
    /// Nobody can say now whether the token is good, or what it permits.
    Unavailable,
}

impl RejectionKind {
    /// A stable name in `snake_case`, for logs and for bodies.
    pub const fn code(self) -> &'static str {
        match self {
            Self::ClaimsMismatch => "claims_mismatch",
            Self::CrossOrigin => "cross_origin",
            Self::ExpiredToken => "expired_token",
            Self::Forbidden => "forbidden",
            Self::InsufficientScope => "insufficient_scope",
            Self::InsufficientUserAuthentication => "insufficient_user_authentication",
            Self::InvalidRequest => "invalid_request",
            Self::InvalidToken => "invalid_token",
            Self::Misconfigured => "misconfigured",
            Self::MissingCredentials => "missing_credentials",
            Self::Unavailable => "unavailable",
        }
    }
}

/// What a refusal looks like.
pub(crate) struct Row {
    pub(crate) status: StatusCode,
    /// Whether `WWW-Authenticate` is sent.
    pub(crate) challenge: bool,
    pub(crate) error: Option<&'static str>,
    /// `error_description` where there is an `error`, and the sentence of a plain body.
    pub(crate) description: &'static str,
    /// The status of gRPC: its number in `google.rpc.Code`.
    pub(crate) grpc: u8,
}

/// The table.
pub(crate) fn row(kind: RejectionKind) -> Row {
    let (status, challenge, error, description, grpc) = match kind {
        RejectionKind::MissingCredentials => {
            (StatusCode::UNAUTHORIZED, true, None, "a bearer token is required", 16)
        }
        RejectionKind::InvalidRequest => (
            StatusCode::BAD_REQUEST,
            true,
            Some("invalid_request"),
            "the request must carry exactly one well-formed bearer token",
            3,
        ),
        RejectionKind::ExpiredToken => {
            (StatusCode::UNAUTHORIZED, true, Some("invalid_token"), "the token has expired", 16)
        }
        RejectionKind::InvalidToken => (
            StatusCode::UNAUTHORIZED,
            true,
            Some("invalid_token"),
            "the token is not valid here",
            16,
        ),
        RejectionKind::InsufficientScope => (
            StatusCode::FORBIDDEN,
            true,
            Some("insufficient_scope"),
            "the token lacks a scope that is needed here",
            7,
        ),
        RejectionKind::Forbidden => {
            (StatusCode::FORBIDDEN, false, None, "the token does not permit this", 7)
        }
        RejectionKind::ClaimsMismatch => {
            (StatusCode::FORBIDDEN, false, None, "the token does not say what is needed here", 7)
        }
        RejectionKind::CrossOrigin => {
            (StatusCode::FORBIDDEN, false, None, "a page of another origin may not do this", 7)
        }
        RejectionKind::InsufficientUserAuthentication => (
            StatusCode::UNAUTHORIZED,
            true,
            Some("insufficient_user_authentication"),
            "a stronger or more recent login is needed here",
            16,
        ),
        RejectionKind::Unavailable => {
            (StatusCode::SERVICE_UNAVAILABLE, false, None, "this cannot be decided now", 14)
        }
        RejectionKind::Misconfigured => (
            StatusCode::INTERNAL_SERVER_ERROR,
            false,
            None,
            "this handler asks for a bearer token and no `JwtLayer` has run before it: call \
             `.route_layer(JwtLayer::new(verifier))` on its router, after `.route(..)`",
            13,
        ),
    };
    Row { status, challenge, error, description, grpc }
}

/// What every challenge of a layer has in common. Both are quoted and escaped.
#[derive(Clone)]
pub(crate) struct ChallengeParams {
    realm: String,
    resource_metadata: Option<String>,
    /// Challenges that say nothing of a single request, rendered once: strangers can ask for as many as they like.
    plain: [OnceLock<HeaderValue>; KINDS],
}

/// How many kinds of refusals there are.
const KINDS: usize = RejectionKind::Unavailable as usize + 1;

impl Default for ChallengeParams {
    fn default() -> Self {
        Self { realm: "\"api\"".to_owned(), resource_metadata: None, plain: Default::default() }
    }
}

impl ChallengeParams {
    /// Those of a refusal that no layer has answered yet.
    pub(crate) fn of_nobody() -> Arc<Self> {
        static DEFAULT: LazyLock<Arc<ChallengeParams>> = LazyLock::new(Arc::default);
        Arc::clone(&DEFAULT)
    }

    pub(crate) fn set_realm(&mut self, realm: &str) -> Result<(), ConfigError> {
        self.plain = Default::default();
        self.realm = quoted(realm).ok_or_else(|| {
            ConfigError::new("the realm must be made of visible ASCII characters and spaces")
        })?;
        Ok(())
    }

    /// [RFC 9728 §5.1](https://www.rfc-editor.org/rfc/rfc9728#section-5.1).
    pub(crate) fn set_resource_metadata(&mut self, url: &str) -> Result<(), ConfigError> {
        self.plain = Default::default();
        let uri: Option<Uri> = url.parse().ok();
        let absolute = uri.is_some_and(|uri| {
            matches!(uri.scheme_str(), Some("https" | "http")) && uri.authority().is_some()
        });
        let quoted = quoted(url).filter(|_| absolute && !url.contains('#'));
        self.resource_metadata = Some(quoted.ok_or_else(|| {
            ConfigError::new(format!(
                "{url:?} is no URL of metadata: it has to begin with `https://` and a host"
            ))
        })?);
        Ok(())
    }

    /// The challenge of a refusal of this kind.
    pub(crate) fn challenge(&self, kind: RejectionKind, challenge: &Challenge<'_>) -> HeaderValue {
        let Challenge { error: _, scopes: [], acr_values: [], max_age: None } = challenge else {
            return self.render(challenge);
        };
        match self.plain.get(kind as usize) {
            Some(plain) => plain.get_or_init(|| self.render(challenge)).clone(),
            None => self.render(challenge),
        }
    }

    /// `Bearer` and its parameters, in the order of the fields of [`Challenge`].
    fn render(&self, challenge: &Challenge<'_>) -> HeaderValue {
        let Challenge { error, scopes, acr_values, max_age } = challenge;
        let mut value = format!("Bearer realm={}", self.realm);
        let mut add = |name: &str, quoted: &str| {
            for part in [", ", name, "=", quoted] {
                value.push_str(part);
            }
        };
        if let Some((error, description)) = error {
            add("error", &in_quotes(error));
            add("error_description", &in_quotes(description));
        }
        for (name, list) in [("scope", scopes), ("acr_values", acr_values)] {
            if !list.is_empty() {
                add(name, &in_quotes(&list.join(" ")));
            }
        }
        if let Some(max_age) = max_age {
            add("max_age", &in_quotes(&max_age.to_string()));
        }
        if let Some(url) = &self.resource_metadata {
            add("resource_metadata", url);
        }
        // All of it was checked when it was set, or is constant.
        HeaderValue::from_str(&value).unwrap_or(HeaderValue::from_static("Bearer"))
    }
}

/// What one challenge says beside the parameters that all have in common.
#[derive(Default)]
pub(crate) struct Challenge<'a> {
    /// And its description.
    pub(crate) error: Option<(&'static str, &'static str)>,
    pub(crate) scopes: &'a [Arc<str>],
    pub(crate) acr_values: &'a [Arc<str>],
    pub(crate) max_age: Option<u64>,
}

/// A `quoted-string` of what is known to be visible ASCII.
fn in_quotes(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}

/// A `quoted-string` (RFC 9110 §5.6.4); `None` if the text holds what no header may.
fn quoted(text: &str) -> Option<String> {
    if !text.bytes().all(|byte| byte == b' ' || byte.is_ascii_graphic()) {
        return None;
    }
    Some(in_quotes(text))
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALL: [RejectionKind; KINDS] = [
        RejectionKind::ClaimsMismatch,
        RejectionKind::CrossOrigin,
        RejectionKind::ExpiredToken,
        RejectionKind::Forbidden,
        RejectionKind::InsufficientScope,
        RejectionKind::InsufficientUserAuthentication,
        RejectionKind::InvalidRequest,
        RejectionKind::InvalidToken,
        RejectionKind::Misconfigured,
        RejectionKind::MissingCredentials,
        RejectionKind::Unavailable,
    ];

    #[test]
    fn realms_are_quoted_and_escaped_or_refused() {
        let cases = [
            ("plain", "api", Some("Bearer realm=\"api\"")),
            ("empty", "", Some("Bearer realm=\"\"")),
            ("spaces", "my api", Some("Bearer realm=\"my api\"")),
            ("quotes", "a\"b\\c", Some("Bearer realm=\"a\\\"b\\\\c\"")),
            ("line break", "a\r\nSet-Cookie: b", None),
            ("tab", "a\tb", None),
            ("not ASCII", "größe", None),
        ];
        for (name, realm, expected) in cases {
            let mut params = ChallengeParams::default();
            let rendered =
                params.set_realm(realm).ok().map(|()| params.render(&Challenge::default()));
            assert_eq!(rendered, expected.map(HeaderValue::from_static), "{name}");
        }
    }

    #[test]
    fn a_challenge_that_was_kept_is_the_one_that_would_be_rendered() {
        let mut params = ChallengeParams::default();
        for realm in ["one", "two"] {
            params.set_realm(realm).unwrap();
            for kind in ALL.into_iter().chain(ALL) {
                let row = row(kind);
                let error = row.error.map(|error| (error, row.description));
                let challenge = Challenge { error, ..Challenge::default() };
                assert_eq!(
                    params.challenge(kind, &challenge),
                    params.render(&challenge),
                    "{kind:?}"
                );
                let aged = Challenge { max_age: Some(5), ..challenge };
                assert_eq!(params.challenge(kind, &aged), params.render(&aged), "{kind:?}");
            }
        }
        let before = params.challenge(RejectionKind::InvalidToken, &Challenge::default());
        params.set_resource_metadata("https://api.example/meta").unwrap();
        assert_ne!(params.challenge(RejectionKind::InvalidToken, &Challenge::default()), before);
    }

    #[test]
    fn metadata_has_an_absolute_url() {
        let cases = [
            ("https", "https://api.example/.well-known/oauth-protected-resource", true),
            ("http, as on loopback", "http://127.0.0.1:3000/meta?a=b", true),
            ("relative", "/.well-known/oauth-protected-resource", false),
            ("another scheme", "ftp://api.example/meta", false),
            ("no scheme", "api.example", false),
            ("a space", "https://api.example/a b", false),
            ("a fragment", "https://api.example/a#b", false),
            ("a line break", "https://api.example/\r\na", false),
            ("empty", "", false),
        ];
        for (name, url, good) in cases {
            let mut params = ChallengeParams::default();
            assert_eq!(params.set_resource_metadata(url).is_ok(), good, "{name}");
        }
    }

    #[test]
    fn descriptions_need_no_escaping_in_a_challenge_nor_in_a_grpc_message() {
        for kind in ALL {
            let description = row(kind).description;
            assert_eq!(quoted(description), Some(format!("\"{description}\"")), "{kind:?}");
            assert!(!description.contains('%'), "{kind:?}");
        }
    }

    #[test]
    fn parameters_stand_in_their_order_each_at_most_once() {
        let mut params = ChallengeParams::default();
        params.set_resource_metadata("https://api.example/meta").unwrap();
        let list = |items: &[&str]| items.iter().map(|item| Arc::from(*item)).collect::<Vec<_>>();
        let rendered = params.render(&Challenge {
            error: Some(("code", "text")),
            scopes: &list(&["a:read", "b"]),
            acr_values: &list(&["phr\"", "mfa"]),
            max_age: Some(0),
        });
        let expected = r#"Bearer realm="api", error="code", error_description="text", scope="a:read b", acr_values="phr\" mfa", max_age="0", resource_metadata="https://api.example/meta""#;
        assert_eq!(rendered, expected);
    }
}
