use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use futures_util::stream;
use http_body_util::StreamBody;
use hyper::{
    body::{Bytes, Frame},
    header::{CACHE_CONTROL, CONTENT_TYPE, ETAG, HeaderMap, HeaderName},
};
use serde_json::{Value, json};
use tokio::{
    sync::watch,
    time::{Instant, sleep_until},
};
use tower_bearer::{
    BoxError, FetchBody,
    http::{Response, StatusCode},
};

/// What a server does with a request.
#[derive(Clone)]
pub(crate) struct Page {
    what: What,
    headers: HeaderMap,
    delay: Duration,
    gate: Option<watch::Receiver<bool>>,
}

#[derive(Clone)]
enum What {
    Answer(StatusCode, Content),
    Break,
    Hang,
    Panic,
}

#[derive(Clone)]
enum Content {
    Drip(Bytes),
    Endless(usize),
    Whole(Bytes),
}

/// What a page waits for before it answers.
pub(crate) struct Gate(watch::Sender<bool>);

impl Gate {
    pub(crate) fn new() -> Self {
        Self(watch::Sender::new(false))
    }

    pub(crate) fn open(&self) {
        self.0.send_replace(true);
    }
}

impl Page {
    fn of(what: What) -> Self {
        Self { what, headers: HeaderMap::new(), delay: Duration::ZERO, gate: None }
    }

    /// 200 with these bytes.
    pub(crate) fn body(body: impl Into<Bytes>) -> Self {
        Self::of(What::Answer(StatusCode::OK, Content::Whole(body.into())))
    }

    /// A JWK Set.
    pub(crate) fn keys(jwks: impl IntoIterator<Item = Value>) -> Self {
        let keys: Vec<Value> = jwks.into_iter().collect();
        Self::body(json!({ "keys": keys }).to_string()).header(CONTENT_TYPE, "application/json")
    }

    /// This status, without a body.
    pub(crate) fn status(status: u16) -> Self {
        let status = StatusCode::from_u16(status).unwrap();
        Self::of(What::Answer(status, Content::Whole(Bytes::new())))
    }

    /// The same content with another status.
    pub(crate) fn with_status(mut self, code: u16) -> Self {
        if let What::Answer(status, _) = &mut self.what {
            *status = StatusCode::from_u16(code).unwrap();
        }
        self
    }

    /// 200, and a byte of this every 500 ms.
    pub(crate) fn drip(body: impl Into<Bytes>) -> Self {
        Self::of(What::Answer(StatusCode::OK, Content::Drip(body.into())))
    }

    /// 200, and so many bytes of no meaning.
    pub(crate) fn endless(bytes: usize) -> Self {
        Self::of(What::Answer(StatusCode::OK, Content::Endless(bytes)))
    }

    /// No answer at all: nobody listens there.
    pub(crate) fn refused() -> Self {
        Self::of(What::Break)
    }

    /// No answer, and nobody says so.
    pub(crate) fn hang() -> Self {
        Self::of(What::Hang)
    }

    /// The client itself is broken.
    pub(crate) fn panic() -> Self {
        Self::of(What::Panic)
    }

    pub(crate) fn header(mut self, name: HeaderName, value: &str) -> Self {
        self.headers.append(name, value.parse().unwrap());
        self
    }

    /// With an `ETag`: whoever holds it is answered with 304.
    pub(crate) fn tagged(self, etag: &str) -> Self {
        self.header(ETAG, etag)
    }

    /// Fresh for so many seconds.
    pub(crate) fn max_age(self, seconds: u64) -> Self {
        self.header(CACHE_CONTROL, &format!("max-age={seconds}"))
    }

    /// The answer takes this long.
    pub(crate) fn after(mut self, delay: Duration) -> Self {
        self.delay = delay;
        self
    }

    /// The answer waits until the gate is open.
    pub(crate) fn behind(mut self, gate: &Gate) -> Self {
        self.gate = Some(gate.0.subscribe());
        self
    }

    /// The answer to whoever holds what has this tag; what is read of it is counted.
    pub(super) async fn answer(
        self,
        held: Option<&str>,
        pulled: Arc<AtomicUsize>,
    ) -> Result<Response<FetchBody>, BoxError> {
        let Self { what, headers, delay, gate } = self;
        sleep_until(Instant::now() + delay).await;
        if let Some(mut gate) = gate {
            gate.wait_for(|open| *open).await?;
        }
        let (status, content) = match what {
            What::Answer(status, content) => (status, content),
            What::Break => return Err("connection refused".into()),
            What::Hang => std::future::pending().await,
            What::Panic => panic!("the client is broken"),
        };
        let held = held.zip(headers.get(ETAG)).is_some_and(|(held, etag)| etag == held);
        let (status, body) = if held && status == StatusCode::OK {
            (StatusCode::NOT_MODIFIED, FetchBody::from(""))
        } else {
            (status, content.into_body(pulled))
        };
        let mut response = Response::new(body);
        *response.status_mut() = status;
        *response.headers_mut() = headers;
        Ok(response)
    }
}

impl Content {
    /// Writes down every byte that is read.
    fn into_body(self, pulled: Arc<AtomicUsize>) -> FetchBody {
        const CHUNK: usize = 16 * 1024;
        let (mut left, size, pause) = match self {
            Self::Drip(bytes) => (Source::Text(bytes), 1, Duration::from_millis(500)),
            Self::Endless(bytes) => (Source::Spaces(bytes), CHUNK, Duration::ZERO),
            Self::Whole(bytes) => (Source::Text(bytes), CHUNK, Duration::ZERO),
        };
        let chunks = stream::unfold((), move |()| {
            let chunk = left.take(size);
            pulled.fetch_add(chunk.len(), Ordering::Relaxed);
            async move {
                if !pause.is_zero() {
                    sleep_until(Instant::now() + pause).await;
                }
                (!chunk.is_empty()).then_some((Ok::<_, BoxError>(Frame::data(chunk)), ()))
            }
        });
        FetchBody::new(StreamBody::new(chunks))
    }
}

enum Source {
    Spaces(usize),
    Text(Bytes),
}

impl Source {
    fn take(&mut self, most: usize) -> Bytes {
        match self {
            Self::Spaces(left) => {
                let size = most.min(*left);
                *left -= size;
                vec![b' '; size].into()
            }
            Self::Text(text) => text.split_to(most.min(text.len())),
        }
    }
}
