use std::{
    sync::{Arc, PoisonError, RwLock},
    time::{Duration, SystemTime},
};

use super::{
    issuer::{Trusted, TrustedIssuer},
    issuers::{Found, Halt},
    questions::{Full, Limits, Questions},
    resolver::IssuerResolver,
    table::Table,
};
use crate::{
    claims::registered::Registered,
    clock::NumericDate,
    error::{ConfigError, IssuerError, TokenError, TokenErrorKind},
    jose::{header::Header, json::Text},
    telemetry::TARGET,
    validation::{TimeRules, TypRule},
};

/// How many issuers are known at once, and how long each.
const KNOWN: (usize, Duration) = (1_000, Duration::from_secs(5 * 60));

/// How many names are remembered as nobody's, and how long each.
const UNKNOWN: (usize, Duration) = (10_000, Duration::from_secs(60));

/// How many questions may be in flight, and how many requests may wait for them.
const LIMITS: Limits = Limits { questions: 64, waiting: 1_024 };

/// A question takes milliseconds: a full house is soon empty.
const RETRY_WHEN_FULL: Duration = Duration::from_secs(1);

/// Longer names are nobody's. What strangers make us remember is bounded by it.
const MAX_NAME_LEN: usize = 1024;

/// Issuers that a resolver knows, and what it has said lately.
pub(super) struct Dynamic {
    resolver: Box<dyn IssuerResolver>,
    known: RwLock<Table<Arc<Trusted>>>,
    /// Apart from `known`, so that names that strangers think up push no tenant out.
    unknown: RwLock<Table<()>>,
    questions: Questions<Found>,
}

impl Dynamic {
    pub(super) fn new(resolver: impl IssuerResolver) -> Self {
        Self {
            resolver: Box::new(resolver),
            known: RwLock::new(Table::new(KNOWN.0, KNOWN.1)),
            unknown: RwLock::new(Table::new(UNKNOWN.0, UNKNOWN.1)),
            questions: Questions::new(LIMITS, panicked),
        }
    }

    /// The issuer of this token, if the token deserves that anybody asks.
    pub(super) fn find(
        self: &Arc<Self>,
        header: &Header<'_>,
        claims: &Registered<'_>,
    ) -> Result<Arc<Trusted>, Halt> {
        let now = self.resolver.now();
        screen(header, claims, now.into())?;
        let Text(iss) = claims.issuer.as_ref().ok_or_else(|| TokenError::missing("iss"))?;
        if iss.is_empty() || iss.len() > MAX_NAME_LEN {
            return Err(TokenErrorKind::UnknownIssuer.into());
        }
        if let Some(found) = self.remembered(iss, now) {
            return Ok(found?);
        }
        let ask = |name| Arc::clone(self).ask(name);
        // The time again: an answer may have come since it was read.
        match self.questions.join(iss, || self.remembered(iss, self.resolver.now()), ask) {
            Ok(answer) => Err(Halt::Waits(answer)),
            Err(Full { news }) => Err(overloaded(news).into()),
        }
    }

    /// Who is known under this name now.
    pub(super) fn get(&self, name: &str) -> Option<Arc<Trusted>> {
        self.remembered(name, self.resolver.now())?.ok()
    }

    /// All who are known now.
    pub(super) fn all(&self) -> Vec<Arc<Trusted>> {
        let known = self.known.read().unwrap_or_else(PoisonError::into_inner);
        known.values(self.resolver.now()).cloned().collect()
    }

    fn remembered(&self, name: &str, now: SystemTime) -> Option<Found> {
        let known = self.known.read().unwrap_or_else(PoisonError::into_inner);
        if let Some(trusted) = known.get(name, now) {
            return Some(Ok(Arc::clone(trusted)));
        }
        drop(known);
        let unknown = self.unknown.read().unwrap_or_else(PoisonError::into_inner);
        unknown.get(name, now).map(|()| Err(TokenErrorKind::UnknownIssuer.into()))
    }

    async fn ask(self: Arc<Self>, name: Arc<str>) -> Found {
        match self.resolve(&name).await {
            Ok(Some(trusted)) => {
                let trusted = Arc::new(trusted);
                self.remember(&self.known, name, Arc::clone(&trusted));
                Ok(trusted)
            }
            Ok(None) => {
                self.remember(&self.unknown, name, ());
                Err(TokenErrorKind::UnknownIssuer.into())
            }
            Err(error) => {
                log(&error);
                Err(error.into())
            }
        }
    }

    async fn resolve(&self, name: &str) -> Result<Option<Trusted>, IssuerError> {
        let Some(issuer) = self.resolver.resolve(name).await? else { return Ok(None) };
        Ok(Some(admit(name, issuer)?))
    }

    fn remember<V>(&self, table: &RwLock<Table<V>>, name: Arc<str>, value: V) {
        let mut table = table.write().unwrap_or_else(PoisonError::into_inner);
        let gone = table.insert(name, value, self.resolver.now());
        drop(table);
        // A resolver of the user's may go with it: not under the lock.
        drop(gone);
    }
}

/// What every issuer's rules ask for at least, so that nobody is asked for a token that is good nowhere.
fn screen(
    header: &Header<'_>,
    claims: &Registered<'_>,
    now: NumericDate,
) -> Result<(), TokenError> {
    TypRule::screen(header.typ())?;
    TimeRules { expiry_required: false, ..TimeRules::default() }.check(claims.dates, now)
}

/// Takes a resolver's answer, if it is one to the question and its rules ask for no less than the [`screen`].
fn admit(name: &str, issuer: TrustedIssuer) -> Result<Trusted, ConfigError> {
    if issuer.name() != name {
        let other = issuer.name();
        return Err(ConfigError::new(format!(
            "the `IssuerResolver` was asked for another issuer than {other:?}, with which it answered: \
             compare names to the letter"
        )));
    }
    let trusted = issuer.build().map_err(|error| {
        ConfigError::new(format!("the issuer {name:?} of an `IssuerResolver`: {error}"))
    })?;
    if trusted.rules.times.leeway > TimeRules::default().leeway {
        return Err(ConfigError::new(format!(
            "the issuer {name:?} of an `IssuerResolver` has more than 60 s of leeway: tokens are judged by \
             that before it is asked"
        )));
    }
    if !trusted.rules.typ.is_for_access_tokens() {
        return Err(ConfigError::new(format!(
            "the issuer {name:?} of an `IssuerResolver` asks for a `typ` that is never asked about: only \
             `at+jwt` and `JWT` are"
        )));
    }
    Ok(trusted)
}

/// A bug of the resolver, which is no fault of the token.
fn panicked() -> Found {
    let error = IssuerError::unavailable("the `IssuerResolver` panicked");
    log(&error);
    Err(error.into())
}

fn overloaded(news: bool) -> TokenError {
    let error = IssuerError::overloaded().with_retry_after(RETRY_WHEN_FULL);
    if news {
        log(&error);
    }
    error.into()
}

/// One event for each question, however many wait for it.
fn log(error: &IssuerError) {
    let source = std::error::Error::source(error).map(tracing::field::display);
    if error.config_error().is_some() {
        tracing::error!(target: TARGET, error = %error, source, "issuer misconfigured");
    } else {
        tracing::warn!(target: TARGET, error = %error, source, "issuers unavailable");
    }
}
