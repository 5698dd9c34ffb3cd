use std::{borrow::Cow, error::Error, fmt, sync::Arc, time::Duration};

use super::{IssuerError, KeyError, KeyErrorKind};

/// Why a token was not taken.
///
/// It says its [`kind`](Self::kind) and nothing of the token: it may be printed and logged.
#[derive(Clone)]
pub struct TokenError {
    kind: TokenErrorKind,
    claim: Option<Cow<'static, str>>,
    cause: Option<Cause>,
    /// The algorithm, once the header was read.
    algorithm: Option<&'static str>,
    /// Who signed it, once the signature held.
    signer: Option<Box<Signer>>,
    /// It is about a cookie, which browsers send unasked.
    of_cookie: bool,
}

#[derive(Clone)]
struct Signer {
    issuer: Arc<str>,
    kid: Option<Box<str>>,
}

/// What kept us from finding out.
#[derive(Clone, Debug)]
enum Cause {
    Issuer(Box<IssuerError>),
    Key(Box<KeyError>),
}

/// The reason of a [`TokenError`], each with a stable [`code`](Self::code).
///
/// Clients see far less of it than operators: every 401 reads alike but for *expired*
/// ([RFC 6750 §3.1](https://www.rfc-editor.org/rfc/rfc6750#section-3.1)).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum TokenErrorKind {
    /// `alg` is unknown, `none`, not allowed for this issuer, or not the key's own.
    AlgorithmNotAllowed,
    /// `aud` names none of our audiences.
    AudienceMismatch,
    /// `cnf` binds the token to a key of the client, which nobody checks here (RFC 7800).
    BoundToken,
    /// `crit` or `b64` asks for an extension we do not implement (RFC 7515 §4.1.11, RFC 7797).
    CriticalHeader,
    /// The token came in a cookie, and the request from a page of another origin, or from who knows where.
    CrossOrigin,
    /// `exp` has passed.
    Expired,
    /// A claim has a wrong type, a value that is not allowed, or appears twice.
    InvalidClaim,
    /// `Bearer` is followed by nothing, or by something that is no token (RFC 6750 §2.1).
    InvalidCredentials,
    /// The signature does not belong to this content and this key.
    InvalidSignature,
    /// Who is trusted cannot be looked up, or not used: nobody can say whether the token is good.
    IssuerUnavailable,
    /// The resolver's keys cannot be reached: nobody can say whether the token is good.
    KeysUnavailable,
    /// `exp` is further from `iat` than this issuer's tokens may live.
    LifetimeTooLong,
    /// Not three strict base64url segments with a JSON object in the first two.
    Malformed,
    /// A claim that must be there is not.
    MissingClaim,
    /// `nbf`, or `iat` where it counts, lies in the future.
    NotYetValid,
    /// Nobody can say whether the token has been revoked.
    RevocationUnavailable,
    /// The token has been revoked.
    Revoked,
    /// More than one token came with the request.
    SeveralCredentials,
    /// The token is longer than 16 KiB.
    TokenTooLong,
    /// `iat` lies further back than `max_age`.
    TooOld,
    /// `typ` says that this is not an access token.
    TypeNotAllowed,
    /// `iss` is nobody we trust.
    UnknownIssuer,
    /// No key answers to the token's `kid` and `alg`.
    UnknownKey,
}

impl TokenErrorKind {
    /// A stable name in `snake_case`, for logs, metrics and bodies of your own.
    pub const fn code(self) -> &'static str {
        match self {
            Self::AlgorithmNotAllowed => "algorithm_not_allowed",
            Self::AudienceMismatch => "audience_mismatch",
            Self::BoundToken => "bound_token",
            Self::CriticalHeader => "critical_header",
            Self::CrossOrigin => "cross_origin",
            Self::Expired => "expired",
            Self::InvalidClaim => "invalid_claim",
            Self::InvalidCredentials => "invalid_credentials",
            Self::InvalidSignature => "invalid_signature",
            Self::IssuerUnavailable => "issuer_unavailable",
            Self::KeysUnavailable => "keys_unavailable",
            Self::LifetimeTooLong => "lifetime_too_long",
            Self::Malformed => "malformed",
            Self::MissingClaim => "missing_claim",
            Self::NotYetValid => "not_yet_valid",
            Self::RevocationUnavailable => "revocation_unavailable",
            Self::Revoked => "revoked",
            Self::SeveralCredentials => "several_credentials",
            Self::TokenTooLong => "token_too_long",
            Self::TooOld => "too_old",
            Self::TypeNotAllowed => "type_not_allowed",
            Self::UnknownIssuer => "unknown_issuer",
            Self::UnknownKey => "unknown_key",
        }
    }

    const fn message(self) -> &'static str {
        match self {
            Self::AlgorithmNotAllowed => "the algorithm is not allowed",
            Self::AudienceMismatch => "the token is meant for another audience",
            Self::BoundToken => "the token is bound to a key of the client",
            Self::CriticalHeader => "the header demands an extension that is not implemented",
            Self::CrossOrigin => "the token is in a cookie, and the request is not of this origin",
            Self::Expired => "the token has expired",
            Self::InvalidClaim => "a claim has a wrong type or value",
            Self::InvalidCredentials => "the credentials are not `Bearer` and one token",
            Self::InvalidSignature => "the signature does not verify",
            Self::IssuerUnavailable => "the issuer cannot be looked up",
            Self::KeysUnavailable => "the keys cannot be reached",
            Self::LifetimeTooLong => "the token lives longer than its issuer's tokens may",
            Self::Malformed => "this is no signed token in compact form",
            Self::MissingClaim => "a required claim is missing",
            Self::NotYetValid => "the token is not valid yet",
            Self::RevocationUnavailable => "nobody can say whether the token has been revoked",
            Self::Revoked => "the token has been revoked",
            Self::SeveralCredentials => "the request carries more than one token",
            Self::TokenTooLong => "the token is longer than 16 KiB",
            Self::TooOld => "the token was issued too long ago",
            Self::TypeNotAllowed => "the token is of another type",
            Self::UnknownIssuer => "the issuer is not trusted",
            Self::UnknownKey => "no key answers to this token",
        }
    }
}

impl TokenError {
    /// The reason.
    pub fn kind(&self) -> TokenErrorKind {
        self.kind
    }

    /// The claim that is missing or has the wrong value: one that is registered or that the set-up asks
    /// for, never a name that the token brought. `None` where it is about none, or that is not known.
    pub fn claim(&self) -> Option<&str> {
        self.claim.as_deref()
    }

    /// Its header named this algorithm.
    pub(crate) fn with_algorithm(mut self, algorithm: Option<&'static str>) -> Self {
        self.algorithm = self.algorithm.or(algorithm);
        self
    }

    /// Its signature held, by this issuer's key of this name.
    pub(crate) fn signed_by(mut self, issuer: &Arc<str>, kid: Option<&str>) -> Self {
        let (issuer, kid) = (Arc::clone(issuer), kid.map(Into::into));
        self.signer = Some(Box::new(Signer { issuer, kid }));
        self
    }

    /// The algorithm that the header named, once it was read.
    pub(crate) fn algorithm(&self) -> Option<&'static str> {
        self.algorithm
    }

    /// The issuer and the name of its key, if the signature held.
    pub(crate) fn signer(&self) -> Option<(&Arc<str>, Option<&str>)> {
        self.signer.as_deref().map(|Signer { issuer, kid }| (issuer, kid.as_deref()))
    }

    /// The same, of what stands in a cookie.
    pub(crate) fn in_cookie(self) -> Self {
        Self { of_cookie: true, ..self }
    }

    /// Whether what is wrong stands in a cookie.
    pub(crate) fn is_of_cookie(&self) -> bool {
        self.of_cookie
    }

    /// A claim is not there.
    pub(crate) fn missing(claim: impl Into<Cow<'static, str>>) -> Self {
        Self { claim: Some(claim.into()), ..TokenErrorKind::MissingClaim.into() }
    }

    /// A claim is there, and is not what it has to be.
    pub(crate) fn invalid(claim: impl Into<Cow<'static, str>>) -> Self {
        Self { claim: Some(claim.into()), ..TokenErrorKind::InvalidClaim.into() }
    }

    /// When it is worth asking again, where the resolver of keys or issuers knew.
    pub fn retry_after(&self) -> Option<Duration> {
        match self.cause.as_ref()? {
            Cause::Issuer(error) => error.retry_after(),
            Cause::Key(error) => error.retry_after(),
        }
    }
}

impl From<TokenErrorKind> for TokenError {
    fn from(kind: TokenErrorKind) -> Self {
        Self { kind, claim: None, cause: None, algorithm: None, signer: None, of_cookie: false }
    }
}

/// A key that is not there makes a bad token; a key that cannot be had says nothing of the token.
impl From<KeyError> for TokenError {
    fn from(error: KeyError) -> Self {
        let kind = match error.kind() {
            KeyErrorKind::NotFound => TokenErrorKind::UnknownKey,
            KeyErrorKind::Invalid | KeyErrorKind::Unavailable => TokenErrorKind::KeysUnavailable,
        };
        Self { cause: Some(Cause::Key(Box::new(error))), ..kind.into() }
    }
}

/// What says nothing of the issuer says nothing of the token.
impl From<IssuerError> for TokenError {
    fn from(error: IssuerError) -> Self {
        let kind = TokenErrorKind::IssuerUnavailable;
        Self { cause: Some(Cause::Issuer(Box::new(error))), ..kind.into() }
    }
}

impl fmt::Display for TokenError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.kind.message())?;
        match self.claim() {
            Some(claim) => write!(f, ": {claim:?}"),
            None => Ok(()),
        }
    }
}

impl fmt::Debug for TokenError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { kind, claim, cause, algorithm: _, signer: _, of_cookie: _ } = self;
        f.debug_struct("TokenError")
            .field("kind", kind)
            .field("claim", claim)
            .field("cause", cause)
            .finish()
    }
}

impl Error for TokenError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self.cause.as_ref()? {
            Cause::Issuer(error) => Some(&**error),
            Cause::Key(error) => Some(&**error),
        }
    }
}
