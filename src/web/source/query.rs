use std::{borrow::Cow, fmt};

use http::Method;

use super::{AnswerHeaders, Presented, TokenSource, token68::token68};
use crate::{
    error::{ConfigError, TokenError, TokenErrorKind},
    head::RequestHead,
    token::TokenOrigin,
};

/// A parameter of the query of `GET` and `HEAD`: for links and players that can send nothing else
/// ([RFC 6750 §2.3](https://www.rfc-editor.org/rfc/rfc6750#section-2.3)).
///
/// ```text
/// GET /films/7.m3u8?access_token=mF_9.B5f-4.1JqM
/// ```
///
/// The RFC advises against it, and [RFC 9700 §4.3.2](https://www.rfc-editor.org/rfc/rfc9700#section-4.3.2) forbids it to clients: URIs stand in the logs of servers and proxies, in browsers' histories and in the `Referer` of
/// other requests. Use tokens that live for minutes and are good for little else. The answer has
/// `Cache-Control: no-store`; the URI goes on as it came.
///
/// | the parameter | gives |
/// |---|---|
/// | is not there, or the method is neither `GET` nor `HEAD` | no credentials |
/// | has a token as its value | the token |
/// | is empty, or has anything else as its value | 400 |
/// | stands twice | 400 |
///
/// Its name is known by its letters and by their percent-encoding alike. The value is not decoded, since nothing in a
/// token has to be encoded.
#[derive(Clone)]
pub struct QueryParameter {
    name: Cow<'static, str>,
}

impl QueryParameter {
    /// `access_token`, as the RFC calls it.
    pub const fn access_token() -> Self {
        Self { name: Cow::Borrowed("access_token") }
    }

    /// A parameter of this name.
    ///
    /// # Errors
    ///
    /// The name is empty, or has other characters than `A-Z a-z 0-9 - . _ ~`.
    pub fn named(name: impl Into<String>) -> Result<Self, ConfigError> {
        let name = name.into();
        let unreserved = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
        if name.is_empty() || !name.bytes().all(unreserved) {
            return Err(ConfigError::new(format!(
                "{name:?} is no name for a token's parameter: write one of letters, digits and `-._~`"
            )));
        }
        Ok(Self { name: name.into() })
    }

    /// What stands in our parameters, none if the method has no such tokens.
    fn values<'r>(&self, head: RequestHead<'r>) -> impl Iterator<Item = &'r str> {
        let reads = matches!(*head.method(), Method::GET | Method::HEAD);
        let query = head.uri().query().filter(|_| reads).unwrap_or_default();
        query.split('&').filter_map(|parameter| {
            let (name, value) = parameter.split_once('=').unwrap_or((parameter, ""));
            decoded(name).eq(self.name.bytes()).then_some(value)
        })
    }
}

impl TokenSource for QueryParameter {
    fn token<'r>(&self, head: RequestHead<'r>) -> Result<Option<Presented<'r>>, TokenError> {
        let mut values = self.values(head);
        let Some(value) = values.next() else { return Ok(None) };
        if values.next().is_some() {
            return Err(TokenErrorKind::SeveralCredentials.into());
        }
        Ok(Some(Presented::new(token68(value.as_bytes())?, TokenOrigin::Query)))
    }

    fn answer(&self, head: RequestHead<'_>) -> AnswerHeaders {
        let answer = AnswerHeaders::default();
        if self.values(head).next().is_some() { answer.no_store() } else { answer }
    }
}

impl fmt::Debug for QueryParameter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("QueryParameter").field(&self.name).finish()
    }
}

/// The bytes that a percent-encoded name stands for.
fn decoded(name: &str) -> impl Iterator<Item = u8> {
    let mut rest = name.as_bytes();
    std::iter::from_fn(move || {
        let (byte, after) = match rest {
            [b'%', high, low, after @ ..]
                if high.is_ascii_hexdigit() && low.is_ascii_hexdigit() =>
            {
                let digit = |byte: u8| char::from(byte).to_digit(16).unwrap_or_default();
                let value = (digit(*high) << 4) | digit(*low);
                (u8::try_from(value).unwrap_or_default(), after)
            }
            [byte, after @ ..] => (*byte, after),
            [] => return None,
        };
        rest = after;
        Some(byte)
    })
}
