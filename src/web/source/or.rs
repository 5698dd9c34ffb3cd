use http::HeaderMap;

use super::{AnswerHeaders, Presented, TokenSource};
use crate::{
    error::{TokenError, TokenErrorKind},
    head::RequestHead,
    token::TokenOrigin,
};

/// Two places for tokens, of which a request may use one: made by [`TokenSource::or`].
#[derive(Clone, Copy, Debug)]
pub struct OrSource<A, B> {
    first: A,
    second: B,
}

impl<A, B> OrSource<A, B> {
    pub(super) fn new(first: A, second: B) -> Self {
        Self { first, second }
    }
}

type Found<'r> = Result<Option<Presented<'r>>, TokenError>;

impl<A: TokenSource, B: TokenSource> TokenSource for OrSource<A, B> {
    fn token<'r>(&self, head: RequestHead<'r>) -> Found<'r> {
        let several = || TokenError::from(TokenErrorKind::SeveralCredentials);
        match (self.first.token(head), self.second.token(head)) {
            (found, Ok(None)) | (Ok(None), found) => found,
            (found, cookie) | (cookie, found) if is_meant(&found) && is_cookie(&cookie) => found,
            // Still of cookies, for a third place may hold a header.
            (first, second) if is_cookie(&first) && is_cookie(&second) => {
                Err(several().in_cookie())
            }
            _ => Err(several()),
        }
    }

    fn conceal(&self, headers: &mut HeaderMap) {
        self.first.conceal(headers);
        self.second.conceal(headers);
    }

    fn answer(&self, head: RequestHead<'_>) -> AnswerHeaders {
        self.first.answer(head).and(self.second.answer(head))
    }
}

/// A header, which only the client's own code sets, or something malformed that is no cookie.
fn is_meant(found: &Found<'_>) -> bool {
    match found {
        Ok(token) => token.is_some_and(|token| {
            matches!(token.origin, TokenOrigin::Header | TokenOrigin::WebSocketProtocol)
        }),
        Err(error) => !error.is_of_cookie(),
    }
}

/// Sent by a browser unasked.
fn is_cookie(found: &Found<'_>) -> bool {
    match found {
        Ok(token) => token.is_some_and(|token| token.origin == TokenOrigin::Cookie),
        Err(error) => error.is_of_cookie(),
    }
}
