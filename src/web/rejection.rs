//! [`Rejection`]: why a request goes no further.

mod from;
mod passed;
mod record;

use std::{fmt, sync::Arc, time::Duration};

use http::{Extensions, HeaderValue, StatusCode};

pub(crate) use self::passed::Passed;
use super::{
    challenge::{self, Challenge, ChallengeParams, RejectionKind, Row},
    wanted::{Asked, Wanted},
};
use crate::{
    error::TokenError,
    policy::{
        Policy,
        denial::Denial,
        held::{Held, named_by},
        lacking::{Lacking, StepUp},
    },
    telemetry::record::Latency,
    token::{ClaimsError, Outcome, VerifiedToken},
};

/// Why a request goes no further, and all that an answer may say about it.
///
/// A [responder](crate::Respond) turns it into a response. It shows nothing of the token.
#[derive(Clone)]
pub struct Rejection(Box<Inner>);

#[derive(Clone)]
struct Inner {
    kind: RejectionKind,
    cause: Cause,
    /// The scopes that a policy would have asked for, had there been a token.
    hint: Vec<Arc<str>>,
    /// The login that a client should ask for.
    login: Option<StepUp>,
    params: Arc<ChallengeParams>,
    asked: Asked,
    /// The token that is good, and not enough: for the record, and for the scopes that it has.
    token: Option<VerifiedToken>,
    latency: Latency,
    /// It is in the log already.
    logged: bool,
}

#[derive(Clone)]
enum Cause {
    Claims(ClaimsError),
    Denial(Denial),
    None,
    Token(TokenError),
}

impl Rejection {
    /// Which row of the table it is.
    pub fn kind(&self) -> RejectionKind {
        self.0.kind
    }

    /// The status of the answer.
    pub fn status(&self) -> StatusCode {
        self.row().status
    }

    /// The status of an answer in gRPC, as a number of `google.rpc.Code`.
    pub fn grpc_status(&self) -> u8 {
        self.row().grpc
    }

    /// The `error` code of RFC 6750 §3.1 or RFC 9470 §3, if the answer has one.
    pub fn error_code(&self) -> Option<&'static str> {
        self.row().error
    }

    /// One fixed sentence for the client. It tells nothing of the token, nor, but for
    /// [`Misconfigured`](RejectionKind::Misconfigured), of the set-up.
    pub fn description(&self) -> &'static str {
        self.row().description
    }

    /// The value of `WWW-Authenticate`, if the answer has one.
    pub fn challenge(&self) -> Option<HeaderValue> {
        self.row().challenge.then(|| self.challenge_of(self.kind()))
    }

    /// The scopes that a client should ask for: those of a policy, where there are no credentials or where they are not
    /// enough.
    pub fn scopes(&self) -> impl ExactSizeIterator<Item = &str> {
        self.asked_scopes().iter().map(|scope| &**scope)
    }

    /// The classes of login of which a client should ask for one, the best first (RFC 9470 §3).
    pub fn acr_values(&self) -> impl ExactSizeIterator<Item = &str> {
        self.asked_classes().iter().map(|value| &**value)
    }

    /// How long ago a login may be (RFC 9470 §3), in whole seconds.
    pub fn max_age(&self) -> Option<Duration> {
        self.0.login.as_ref()?.max_age.map(Duration::from_secs)
    }

    /// When it is worth asking again: for [`Unavailable`](RejectionKind::Unavailable) alone,
    /// 5 seconds unless the resolver or the policy knew better.
    pub fn retry_after(&self) -> Option<Duration> {
        const DEFAULT: Duration = Duration::from_secs(5);
        let known = match &self.0.cause {
            Cause::Denial(denial) => denial.retry_after(),
            Cause::Token(error) => error.retry_after(),
            Cause::Claims(_) | Cause::None => None,
        };
        (self.kind() == RejectionKind::Unavailable).then(|| known.unwrap_or(DEFAULT))
    }

    /// What the request's headers say of the answer it wants.
    pub fn wanted(&self) -> Wanted {
        self.0.asked.wanted
    }

    /// The request is a `HEAD`.
    pub(crate) fn is_head(&self) -> bool {
        self.0.asked.head
    }

    /// What was wrong with the token, for logs of your own. A client should not be told.
    pub fn token_error(&self) -> Option<&TokenError> {
        match &self.0.cause {
            Cause::Token(error) => Some(error),
            Cause::Claims(_) | Cause::Denial(_) | Cause::None => None,
        }
    }

    /// Which claim did not fit, for logs of your own.
    pub fn claims_error(&self) -> Option<&ClaimsError> {
        match &self.0.cause {
            Cause::Claims(error) => Some(error),
            Cause::Denial(denial) => denial.claims_error(),
            Cause::None | Cause::Token(_) => None,
        }
    }

    /// Why a policy denied it, for logs of your own.
    pub fn denial(&self) -> Option<&Denial> {
        match &self.0.cause {
            Cause::Denial(denial) => Some(denial),
            Cause::Claims(_) | Cause::None | Cause::Token(_) => None,
        }
    }

    /// The request brings no credentials.
    pub(crate) fn missing() -> Self {
        Self::of(RejectionKind::MissingCredentials, Cause::None)
    }

    /// The request brings no credentials, and this policy would have judged them.
    pub(crate) fn missing_for(policy: &dyn Policy) -> Self {
        let mut missing = Self::missing();
        for scope in named_by(policy) {
            if !missing.0.hint.iter().any(|own| **own == *scope) {
                missing.0.hint.push(scope.into());
            }
        }
        missing
    }

    /// No layer looked for a token.
    pub(crate) fn misconfigured() -> Self {
        Self::of(RejectionKind::Misconfigured, Cause::None)
    }

    /// The same, of a request with this good token.
    pub(crate) fn of_token(mut self, token: &VerifiedToken) -> Self {
        self.0.token = Some(token.clone());
        self
    }

    /// The same, after something was waited for or not.
    pub(crate) fn after(mut self, latency: Latency) -> Self {
        self.0.latency = latency;
        self
    }

    /// The same refusal, in the name of this layer.
    pub(crate) fn answered_by(mut self, params: &Arc<ChallengeParams>, asked: Asked) -> Self {
        self.0.params = Arc::clone(params);
        self.0.asked = asked;
        self
    }

    /// Asks for the scopes of this policy further out as well, so that the next token does not lack those.
    pub(crate) fn completed(mut self, policy: &dyn Policy) -> Self {
        if let (Cause::Denial(denial), Some(token)) = (&self.0.cause, &self.0.token) {
            let completed = denial.clone().completed(&Held::by(policy, token), &Held::default());
            self.0.login = completed.lacking().and_then(Lacking::login);
            self.0.cause = Cause::Denial(completed);
        }
        self
    }

    /// A challenge for a 401 that a responder made of a refusal that has none.
    pub(crate) fn any_challenge(&self) -> HeaderValue {
        let own = self.challenge();
        own.unwrap_or_else(|| self.challenge_of(RejectionKind::MissingCredentials))
    }

    fn row(&self) -> Row {
        challenge::row(self.kind())
    }

    fn lacking(&self) -> Option<&Lacking> {
        self.denial().and_then(Denial::lacking)
    }

    fn asked_scopes(&self) -> &[Arc<str>] {
        self.lacking().map_or(&self.0.hint, Lacking::scopes)
    }

    fn asked_classes(&self) -> &[Arc<str>] {
        self.0.login.as_ref().map(|login| &*login.acr_values).unwrap_or_default()
    }

    fn challenge_of(&self, kind: RejectionKind) -> HeaderValue {
        let row = challenge::row(kind);
        let challenge = Challenge {
            error: row.error.map(|error| (error, row.description)),
            scopes: self.asked_scopes(),
            acr_values: self.asked_classes(),
            max_age: self.0.login.as_ref().and_then(|login| login.max_age),
        };
        self.0.params.challenge(kind, &challenge)
    }

    fn of(kind: RejectionKind, cause: Cause) -> Self {
        Self(Box::new(Inner {
            kind,
            cause,
            hint: Vec::new(),
            login: None,
            params: ChallengeParams::of_nobody(),
            asked: Asked::default(),
            token: None,
            latency: Latency::default(),
            logged: false,
        }))
    }
}

/// The verified token that these extensions of a request speak of; `None` if there were no credentials.
pub(crate) fn verified(extensions: &Extensions) -> Result<Option<&VerifiedToken>, Rejection> {
    match (VerifiedToken::within(extensions), extensions.get::<Outcome>()) {
        (Some(token), _) => Ok(Some(token)),
        (None, Some(Outcome::Failed(error))) => Err(error.clone().into()),
        (None, Some(_)) => Ok(None),
        (None, None) => Err(Rejection::misconfigured()),
    }
}

impl fmt::Display for Rejection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.description())
    }
}

impl fmt::Debug for Rejection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Rejection")
            .field("kind", &self.kind())
            .field("reason", &self.reason())
            .finish_non_exhaustive()
    }
}

impl std::error::Error for Rejection {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match &self.0.cause {
            Cause::Claims(error) => Some(error),
            Cause::Denial(denial) => Some(denial),
            Cause::None => None,
            Cause::Token(error) => Some(error),
        }
    }
}
