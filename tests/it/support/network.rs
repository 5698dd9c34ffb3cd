use std::{
    collections::{HashMap, VecDeque},
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use futures_util::stream;
use http_body_util::StreamBody;
use hyper::{
    body::{Bytes, Frame},
    header::{CACHE_CONTROL, CONTENT_TYPE, ETAG, HeaderMap, HeaderName, IF_NONE_MATCH},
};
use serde_json::{Value, json};
use tokio::{
    sync::watch,
    time::{Instant, sleep_until},
};
use tower_bearer::{
    BoxError, Fetch, FetchBody, Lookup,
    http::{Request, Response, StatusCode},
};

/// Servers in memory, each at one URL, that do as they are told and write down who asked. A clone is the
/// same network.
#[derive(Clone)]
pub(crate) struct Network(Arc<Servers>);

struct Servers {
    began: Instant,
    pages: Mutex<HashMap<String, VecDeque<Page>>>,
    asked: Mutex<Vec<Asked>>,
    pulled: AtomicUsize,
}

/// One request.
#[derive(Clone, Debug)]
pub(crate) struct Asked {
    /// Since the network began.
    pub(crate) at: Duration,
    pub(crate) url: String,
    pub(crate) headers: HeaderMap,
}

impl Asked {
    /// No cache may answer: the fetch is for a key that is unknown, or somebody wants it now.
    pub(crate) fn is_past_caches(&self) -> bool {
        self.headers.get(CACHE_CONTROL).is_some_and(|value| value == "no-cache")
    }

    pub(crate) fn etag(&self) -> Option<&str> {
        Some(self.headers.get(IF_NONE_MATCH)?.to_str().unwrap())
    }
}

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

    async fn answer(
        self,
        asked: Asked,
        servers: Arc<Servers>,
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
        let held = asked.etag().zip(headers.get(ETAG)).is_some_and(|(held, etag)| etag == held);
        let (status, body) = if held && status == StatusCode::OK {
            (StatusCode::NOT_MODIFIED, FetchBody::from(""))
        } else {
            (status, content.into_body(servers))
        };
        let mut response = Response::new(body);
        *response.status_mut() = status;
        *response.headers_mut() = headers;
        Ok(response)
    }
}

impl Content {
    /// Writes down every byte that is read.
    fn into_body(self, servers: Arc<Servers>) -> FetchBody {
        const CHUNK: usize = 16 * 1024;
        let (mut left, size, pause) = match self {
            Self::Drip(bytes) => (Source::Text(bytes), 1, Duration::from_millis(500)),
            Self::Endless(bytes) => (Source::Spaces(bytes), CHUNK, Duration::ZERO),
            Self::Whole(bytes) => (Source::Text(bytes), CHUNK, Duration::ZERO),
        };
        let chunks = stream::unfold((), move |()| {
            let chunk = left.take(size);
            servers.pulled.fetch_add(chunk.len(), Ordering::Relaxed);
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

impl Network {
    pub(crate) fn new() -> Self {
        Self(Arc::new(Servers {
            began: Instant::now(),
            pages: Mutex::default(),
            asked: Mutex::default(),
            pulled: AtomicUsize::new(0),
        }))
    }

    /// From now on this is what is found there.
    pub(crate) fn serve(&self, url: &str, page: Page) {
        self.script(url, [page]);
    }

    /// These are found there one after the other; the last one stays.
    pub(crate) fn script(&self, url: &str, pages: impl IntoIterator<Item = Page>) {
        self.0.pages.lock().unwrap().insert(url.to_owned(), pages.into_iter().collect());
    }

    /// Every request that has come.
    pub(crate) fn asked(&self) -> Vec<Asked> {
        self.0.asked.lock().unwrap().clone()
    }

    /// Of the latest request that this is something of.
    pub(crate) fn last_asked<T>(&self, of: impl FnMut(Duration) -> Option<T>) -> Option<T> {
        self.0.asked.lock().unwrap().iter().rev().map(|asked| asked.at).find_map(of)
    }

    /// How many requests have come.
    pub(crate) fn count(&self) -> usize {
        self.0.asked.lock().unwrap().len()
    }

    /// How many requests have come that no cache may answer.
    pub(crate) fn count_past_caches(&self) -> usize {
        self.0.asked.lock().unwrap().iter().filter(|asked| asked.is_past_caches()).count()
    }

    /// How many bytes of all bodies have been read.
    pub(crate) fn pulled(&self) -> usize {
        self.0.pulled.load(Ordering::Relaxed)
    }

    /// Since the network began.
    pub(crate) fn elapsed(&self) -> Duration {
        self.0.began.elapsed()
    }

    fn page(&self, url: &str) -> Page {
        let mut pages = self.0.pages.lock().unwrap();
        let script = pages.entry(url.to_owned()).or_default();
        let last = script.len() <= 1;
        let page = if last { script.front().cloned() } else { script.pop_front() };
        page.unwrap_or_else(|| Page::status(404))
    }
}

impl Fetch for Network {
    fn fetch(&self, request: Request<()>) -> Lookup<Result<Response<FetchBody>, BoxError>> {
        let (head, ()) = request.into_parts();
        let asked = Asked { at: self.elapsed(), url: head.uri.to_string(), headers: head.headers };
        self.0.asked.lock().unwrap().push(asked.clone());
        let page = self.page(&asked.url);
        Lookup::pending(page.answer(asked, Arc::clone(&self.0)))
    }
}
