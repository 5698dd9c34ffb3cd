//! The one table from error to HTTP, and the challenge in `WWW-Authenticate`
//! ([RFC 6750 §3], [RFC 9110 §11.6.1]).
//!
//! [RFC 6750 §3]: https://www.rfc-editor.org/rfc/rfc6750#section-3
//! [RFC 9110 §11.6.1]: https://www.rfc-editor.org/rfc/rfc9110#section-11.6.1

use http::{HeaderValue, StatusCode};

use crate::error::ConfigError;

/// A row of the table from error to answer.
///
/// | | status | `error` |
/// |---|---|---|
/// | [`MissingCredentials`](Self::MissingCredentials) | 401 | |
/// | [`InvalidRequest`](Self::InvalidRequest) | 400 | `invalid_request` |
/// | [`ExpiredToken`](Self::ExpiredToken), [`InvalidToken`](Self::InvalidToken) | 401 | `invalid_token` |
/// | [`ClaimsMismatch`](Self::ClaimsMismatch) | 403 | |
/// | [`Unavailable`](Self::Unavailable) | 503 | |
/// | [`Misconfigured`](Self::Misconfigured) | 500 | |
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum RejectionKind {
    /// The claims of a good token do not fit the type a handler asks for.
    ClaimsMismatch,
    /// The token has expired.
    ExpiredToken,
    /// The request is malformed, or brings several credentials.
    InvalidRequest,
    /// The token is not good here. Why is not told to the client.
    InvalidToken,
    /// The route asks for a token, and no layer looks for one.
    Misconfigured,
    /// There are no credentials.
    MissingCredentials,
    /// Nobody can say now whether the token is good.
    Unavailable,
}

impl RejectionKind {
    /// A stable name in `snake_case`, for logs and for bodies of your own.
    pub const fn code(self) -> &'static str {
        match self {
            Self::ClaimsMismatch => "claims_mismatch",
            Self::ExpiredToken => "expired_token",
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
}

/// The table.
pub(crate) fn row(kind: RejectionKind) -> Row {
    let (status, challenge, error, description) = match kind {
        RejectionKind::MissingCredentials => {
            (StatusCode::UNAUTHORIZED, true, None, "a bearer token is required")
        }
        RejectionKind::InvalidRequest => (
            StatusCode::BAD_REQUEST,
            true,
            Some("invalid_request"),
            "the request must carry exactly one well-formed bearer token",
        ),
        RejectionKind::ExpiredToken => {
            (StatusCode::UNAUTHORIZED, true, Some("invalid_token"), "the token has expired")
        }
        RejectionKind::InvalidToken => {
            (StatusCode::UNAUTHORIZED, true, Some("invalid_token"), "the token is not valid here")
        }
        RejectionKind::ClaimsMismatch => {
            (StatusCode::FORBIDDEN, false, None, "the token does not say what is needed here")
        }
        RejectionKind::Unavailable => {
            (StatusCode::SERVICE_UNAVAILABLE, false, None, "tokens cannot be verified now")
        }
        RejectionKind::Misconfigured => (
            StatusCode::INTERNAL_SERVER_ERROR,
            false,
            None,
            "this handler asks for a bearer token and no `JwtLayer` has run before it: call \
             `.route_layer(JwtLayer::new(verifier))` on its router, after `.route(..)`",
        ),
    };
    Row { status, challenge, error, description }
}

/// What every challenge of a layer has in common.
pub(crate) struct ChallengeParams {
    /// Quoted and escaped.
    realm: String,
}

impl Default for ChallengeParams {
    fn default() -> Self {
        Self { realm: "\"api\"".to_owned() }
    }
}

impl ChallengeParams {
    pub(crate) fn with_realm(realm: &str) -> Result<Self, ConfigError> {
        let realm = quoted(realm).ok_or_else(|| {
            ConfigError::new("the realm must be made of visible ASCII characters and spaces")
        })?;
        Ok(Self { realm })
    }

    /// `Bearer` and its parameters in the order `realm`, `error`, `error_description`.
    pub(crate) fn render(&self, row: &Row) -> HeaderValue {
        let realm = &self.realm;
        let challenge = match row.error {
            None => format!("Bearer realm={realm}"),
            Some(error) => {
                let description = row.description;
                format!(
                    "Bearer realm={realm}, error=\"{error}\", error_description=\"{description}\""
                )
            }
        };
        // The realm was checked when it was set, and all else is constant.
        HeaderValue::from_str(&challenge).unwrap_or(HeaderValue::from_static("Bearer"))
    }
}

/// A `quoted-string` (RFC 9110 §5.6.4); `None` if the text holds what no header may.
fn quoted(text: &str) -> Option<String> {
    if !text.bytes().all(|byte| byte == b' ' || byte.is_ascii_graphic()) {
        return None;
    }
    let escaped = text.replace('\\', "\\\\").replace('"', "\\\"");
    Some(format!("\"{escaped}\""))
}

#[cfg(test)]
mod tests {
    use super::*;

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
            let rendered = ChallengeParams::with_realm(realm)
                .ok()
                .map(|params| params.render(&row(RejectionKind::MissingCredentials)));
            assert_eq!(rendered, expected.map(HeaderValue::from_static), "{name}");
        }
    }

    #[test]
    fn descriptions_need_no_escaping() {
        for kind in [
            RejectionKind::ExpiredToken,
            RejectionKind::InvalidRequest,
            RejectionKind::InvalidToken,
            RejectionKind::MissingCredentials,
        ] {
            let description = row(kind).description;
            assert_eq!(quoted(description), Some(format!("\"{description}\"")), "{kind:?}");
        }
    }
}
