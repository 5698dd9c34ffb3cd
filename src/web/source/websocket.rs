use http::{HeaderMap, HeaderValue, header::SEC_WEBSOCKET_PROTOCOL};

use super::{
    AnswerHeaders, Presented, TokenSource,
    token68::{is_tchar, token68},
};
use crate::{
    error::{TokenError, TokenErrorKind},
    head::RequestHead,
    token::TokenOrigin,
};

/// A subprotocol behind `bearer`: for browsers, whose `WebSocket` can set no other header
/// ([RFC 6455 §11.3.4](https://www.rfc-editor.org/rfc/rfc6455#section-11.3.4)).
///
/// ```text
/// new WebSocket("wss://api.example/feed", ["bearer", token])
///
/// Sec-WebSocket-Protocol: bearer, mF_9.B5f-4.1JqM
/// ```
///
/// | the list of subprotocols | gives |
/// |---|---|
/// | has no `bearer`, in any case | no credentials |
/// | has what is behind `bearer` as a token | the token |
/// | has nothing behind it, or anything else | 400 |
/// | has `bearer` and more in one element, as `Bearer mF_9` | 400 |
/// | has `bearer` twice | 400 |
///
/// The handler finds the list without the token, and so does a second [`JwtLayer`](crate::JwtLayer) further in: more is
/// asked for there by an [`AuthorizeLayer`](crate::AuthorizeLayer). If the handler opens the socket and chooses no subprotocol itself, the
/// answer chooses `bearer`, for a browser takes no socket whose server has chosen none of its offers. Other
/// subprotocols may stand before and behind the two: `["chat.v2", "bearer", token]`. A browser offers nothing that has `=`, `/` or `,`
/// in it (RFC 6455 §4.1); no JWT has.
///
/// Where the page comes from is not looked at: a page that has the token was given it, unlike one that has a cookie sent.
#[derive(Clone, Copy, Debug, Default)]
pub struct WebSocketProtocol;

impl TokenSource for WebSocketProtocol {
    fn token<'r>(&self, head: RequestHead<'r>) -> Result<Option<Presented<'r>>, TokenError> {
        let mut offers = offers(head.headers());
        match offers.find(|offer| means_bearer(offer)) {
            None => return Ok(None),
            Some(word) if is_bearer(word) => {}
            Some(_) => return Err(TokenErrorKind::InvalidCredentials.into()),
        }
        let token = offers.next().unwrap_or_default();
        if means_bearer(token) || offers.any(means_bearer) {
            return Err(TokenErrorKind::SeveralCredentials.into());
        }
        Ok(Some(Presented::new(token68(token)?, TokenOrigin::WebSocketProtocol)))
    }

    fn conceal(&self, headers: &mut HeaderMap) {
        if !offers(headers).any(means_bearer) {
            return;
        }
        // Parts of header values make one.
        let list = HeaderValue::try_from(without_tokens(headers));
        // Not by `Entry::insert_mult`, which panics in `http` 1.5 where there are three lines, and not by `insert` alone,
        // which makes room for one more and panics where there is none.
        drop(headers.remove(SEC_WEBSOCKET_PROTOCOL));
        if let Ok(list) = list {
            drop(headers.try_insert(SEC_WEBSOCKET_PROTOCOL, list));
        }
    }

    fn answer(&self, head: RequestHead<'_>) -> AnswerHeaders {
        let word = offers(head.headers()).find(|offer| is_bearer(offer));
        let word = word.and_then(|word| word.try_into().ok());
        word.map(|word| AnswerHeaders::echo(word, head)).unwrap_or_default()
    }
}

/// The subprotocols of all lines, which are one list (RFC 6455 §11.3.4). Its empty elements are none (RFC 9110 §5.6.1.2).
fn offers(headers: &HeaderMap) -> impl Iterator<Item = &[u8]> {
    let lines = headers.get_all(SEC_WEBSOCKET_PROTOCOL).into_iter();
    let offers = lines.flat_map(|line| line.as_bytes().split(|byte| *byte == b','));
    offers.map(<[u8]>::trim_ascii).filter(|offer| !offer.is_empty())
}

/// The list without what stands behind a `bearer`, and without the token where it stands again.
fn without_tokens(headers: &HeaderMap) -> Vec<u8> {
    let mut from_bearer = offers(headers).skip_while(|offer| !is_bearer(offer));
    let token = from_bearer.find(|offer| !is_bearer(offer));
    let mut list = Vec::new();
    let mut behind = false;
    for offer in offers(headers) {
        let named = is_bearer(offer);
        let is_token = !named && (behind || means_bearer(offer) || Some(offer) == token);
        behind = named;
        if !is_token {
            let comma: &[u8] = if list.is_empty() { b"" } else { b", " };
            list.extend_from_slice(comma);
            list.extend_from_slice(offer);
        }
    }
    list
}

fn is_bearer(offer: &[u8]) -> bool {
    offer.eq_ignore_ascii_case(b"bearer")
}

/// `bearer`, or `bearer` and what cannot be in the name of a subprotocol, such as a space and the token.
fn means_bearer(offer: &[u8]) -> bool {
    let (word, rest) = offer.split_at_checked(6).unwrap_or((offer, b""));
    is_bearer(word) && !rest.first().copied().is_some_and(is_tchar)
}
