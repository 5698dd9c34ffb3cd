//! The headers that were read lately: most tokens of an issuer begin alike.

use std::sync::{
    Arc, PoisonError, RwLock,
    atomic::{AtomicUsize, Ordering},
};

use crate::jose::header::Header;

/// More keys than an issuer signs with at a time.
const MOST: usize = 8;

/// Once there are so many, only each such one is taken in: where tokens of many issuers alternate, nothing is gained by
/// remembering the last.
const RARELY: usize = 64;

/// Headers of tokens that were good, by their encoded text.
///
/// Headers are read alike for all tokens: what is remembered depends on no key and no issuer.
#[derive(Default)]
pub(super) struct Headers {
    known: RwLock<Vec<Arc<Known>>>,
    missed: AtomicUsize,
}

pub(super) struct Known {
    encoded: Box<[u8]>,
    pub(super) header: Header<'static>,
}

impl Headers {
    /// The header of this text, unless somebody is just about to remember another.
    pub(super) fn get(&self, encoded: &[u8]) -> Option<Arc<Known>> {
        let known = self.known.try_read().ok()?;
        known.iter().find(|known| *known.encoded == *encoded).cloned()
    }

    /// Whether the header of a good token, which is not known, should be kept.
    pub(super) fn wants_more(&self) -> bool {
        let missed = self.missed.fetch_add(1, Ordering::Relaxed);
        missed < MOST || missed.is_multiple_of(RARELY)
    }

    /// Remembers the header of a token that was good.
    pub(super) fn keep(&self, encoded: &[u8], header: &Header<'_>) {
        let new = Arc::new(Known { encoded: encoded.into(), header: header.to_static() });
        let mut known = self.known.write().unwrap_or_else(PoisonError::into_inner);
        if known.iter().all(|known| known.encoded != new.encoded) {
            known.insert(0, new);
            known.truncate(MOST);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keep(headers: &Headers, kid: &str) -> String {
        let json = format!(r#"{{"alg":"ES256","kid":"{kid}"}}"#);
        headers.keep(json.as_bytes(), &Header::read(json.as_bytes()).unwrap());
        json
    }

    fn kid(headers: &Headers, json: &str) -> Option<String> {
        let known = headers.get(json.as_bytes())?;
        known.header.kid().map(str::to_owned)
    }

    #[test]
    fn the_last_few_are_known_by_their_whole_text() {
        let headers = Headers::default();
        let first = keep(&headers, "first");
        assert_eq!(kid(&headers, &first).as_deref(), Some("first"));
        assert_eq!(kid(&headers, &first[1..]), None);
        assert_eq!(kid(&headers, &format!("{first} ")), None);
        for number in 1..MOST {
            keep(&headers, &number.to_string());
        }
        assert_eq!(kid(&headers, &first).as_deref(), Some("first"), "there is room");
    }

    #[test]
    fn one_that_comes_later_is_wanted_now_and_then() {
        let headers = Headers::default();
        let wanted: Vec<usize> = (0..300).filter(|_| headers.wants_more()).collect();
        assert_eq!(wanted, [0, 1, 2, 3, 4, 5, 6, 7, 64, 128, 192, 256]);
    }

    #[test]
    fn the_oldest_makes_room() {
        let headers = Headers::default();
        let all: Vec<String> =
            (0..=MOST).map(|number| keep(&headers, &number.to_string())).collect();
        assert_eq!(kid(&headers, &all[0]), None);
        assert!(all[1..].iter().all(|json| kid(&headers, json).is_some()));
    }

    #[test]
    fn none_stands_twice() {
        let headers = Headers::default();
        for _ in 0..MOST {
            keep(&headers, "same");
        }
        assert_eq!(headers.known.read().unwrap().len(), 1);
    }
}
