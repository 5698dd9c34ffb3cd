use std::{sync::Arc, time::Duration};

use aws_lc_rs::digest::{SHA256, digest};
use bytes::Bytes;
use http::{
    HeaderMap, HeaderValue, Response, StatusCode,
    header::{ACCEPT, CACHE_CONTROL, ETAG, IF_NONE_MATCH},
};
use tokio::time::Instant;

use super::{flight::Occasion, settings::Settings};
use crate::{
    endpoint::Endpoint,
    jose::{
        jwk::{self, SkippedKey},
        key::VerifyingKey,
    },
    keys::{
        discovery::Discovery,
        fetch::{BoxError, Getter, freshness, reason},
    },
};

/// What is read by a thread of its own, in bytes.
const LARGE: usize = 16 * 1024;

/// A tag that is longer is not worth keeping, in bytes.
const MAX_ETAG: usize = 1024;

/// Where a set comes from.
pub(super) enum Source {
    Address(Endpoint),
    Issuer(Discovery),
}

/// A set as it was published.
pub(super) struct Published {
    pub(super) keys: Vec<VerifyingKey>,
    pub(super) skipped: Vec<SkippedKey>,
    pub(super) count: usize,
    fresh: Duration,
    etag: Option<HeaderValue>,
    digest: [u8; 32],
}

/// What to ask for.
pub(super) struct Question {
    /// What is held already.
    pub(super) held: Option<Arc<Published>>,
    /// Where the keys were the last time.
    pub(super) address: Option<Endpoint>,
    pub(super) occasion: Occasion,
}

/// A good answer.
pub(super) struct Answer {
    /// The very set that was held, if it has not changed.
    pub(super) published: Arc<Published>,
    pub(super) fresh: Duration,
    pub(super) address: Endpoint,
    /// When the keys themselves were asked for.
    pub(super) sent: Instant,
    /// Metadata that could not be read spoils no good set.
    pub(super) complaint: Option<String>,
}

impl Source {
    /// What stands in logs.
    pub(super) fn name(&self) -> String {
        match self {
            Self::Address(address) => address.to_string(),
            Self::Issuer(discovery) => discovery.issuer().to_owned(),
        }
    }

    pub(super) async fn ask(
        &self,
        getter: &Getter,
        settings: &Settings,
        question: Question,
    ) -> Result<Answer, BoxError> {
        let Question { held, address: known, occasion } = question;
        let (address, complaint) = self.locate(getter, known.clone(), occasion).await?;
        // A tag is of one address alone (RFC 9110 §8.8.3): another may have given it to other keys.
        let held = held.filter(|_| known.as_ref() == Some(&address));
        let sent = Instant::now();
        let response = getter.get(&address, headers(held.as_deref(), occasion)).await?;
        let said = freshness(response.headers(), &settings.fresh_within);
        let published = match (response.status(), held) {
            // Without a tag nothing was compared: "not modified" then says nothing of what is held.
            (StatusCode::NOT_MODIFIED, Some(held)) if held.etag.is_some() => held,
            (StatusCode::OK, held) => read(&response, held, said, settings).await?,
            (status, _) => return Err(format!("the status is {}", status.as_u16()).into()),
        };
        let fresh = said.unwrap_or(published.fresh);
        Ok(Answer { published, fresh, address, sent, complaint })
    }

    /// The address of the keys, and what is wrong with the metadata if an older one had to do.
    async fn locate(
        &self,
        getter: &Getter,
        known: Option<Endpoint>,
        occasion: Occasion,
    ) -> Result<(Endpoint, Option<String>), BoxError> {
        let discovery = match (self, &known) {
            (Self::Address(address), _) => return Ok((address.clone(), None)),
            (Self::Issuer(_), Some(address)) if occasion.is_forced() => {
                return Ok((address.clone(), None));
            }
            (Self::Issuer(discovery), _) => discovery,
        };
        match (discovery.locate(getter).await, known) {
            (Ok(address), _) => Ok((address, None)),
            (Err(error), Some(known)) => Ok((known, Some(format!("metadata: {}", reason(&error))))),
            (Err(error), None) => Err(format!("metadata: {}", reason(&error)).into()),
        }
    }
}

fn headers(held: Option<&Published>, occasion: Occasion) -> HeaderMap {
    let mut headers = HeaderMap::new();
    let types = HeaderValue::from_static("application/jwk-set+json, application/json;q=0.9");
    headers.insert(ACCEPT, types);
    if let Some(etag) = held.and_then(|held| held.etag.clone()) {
        headers.insert(IF_NONE_MATCH, etag);
    }
    if occasion.is_past_caches() {
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    }
    headers
}

async fn read(
    response: &Response<Bytes>,
    held: Option<Arc<Published>>,
    said: Option<Duration>,
    settings: &Settings,
) -> Result<Arc<Published>, BoxError> {
    let body = response.body();
    let mut digest_of = [0; 32];
    digest_of.copy_from_slice(digest(&SHA256, body).as_ref());
    let etag = response.headers().get(ETAG).filter(|etag| etag.len() <= MAX_ETAG).cloned();
    let fresh = said.unwrap_or(settings.fresh_for);
    let same = |held: &Arc<Published>| {
        held.digest == digest_of && held.etag == etag && held.fresh == fresh
    };
    if let Some(held) = held.filter(same) {
        return Ok(held);
    }
    let jwk::JwkSet { keys, skipped, usable } = parse(body.clone(), settings.max_keys).await?;
    if keys.is_empty() {
        let reasons: Vec<String> = skipped.iter().take(10).map(ToString::to_string).collect();
        return Err(format!("no key of the set can be used: [{}]", reasons.join("; ")).into());
    }
    Ok(Arc::new(Published { keys, skipped, count: usable, fresh, etag, digest: digest_of }))
}

/// A hundred keys take milliseconds, during which no request on this thread would be served.
async fn parse(body: Bytes, most: usize) -> Result<jwk::JwkSet, BoxError> {
    let large = body.len() > LARGE;
    let parse = move || {
        let json = std::str::from_utf8(&body).map_err(|_| "the JWK Set is not UTF-8")?;
        Ok(jwk::read_remote_set(json, most)?)
    };
    if large { tokio::task::spawn_blocking(parse).await? } else { parse() }
}

impl Published {
    pub(super) fn is_same_as(&self, other: &Self) -> bool {
        self.digest == other.digest
    }
}
