use std::{
    collections::{HashMap, VecDeque},
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use hyper::header::{CACHE_CONTROL, HeaderMap, IF_NONE_MATCH};
use tokio::time::Instant;
use tower_bearer::{
    BoxError, Fetch, FetchBody, Lookup,
    http::{Request, Response},
};

use super::Page;

/// Servers in memory, each at one URL, that do as they are told and write down who asked. A clone is the
/// same network.
#[derive(Clone)]
pub(crate) struct Network(Arc<Servers>);

struct Servers {
    began: Instant,
    pages: Mutex<HashMap<String, VecDeque<Page>>>,
    asked: Mutex<Vec<Asked>>,
    pulled: Arc<AtomicUsize>,
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

impl Network {
    pub(crate) fn new() -> Self {
        Self(Arc::new(Servers {
            began: Instant::now(),
            pages: Mutex::default(),
            asked: Mutex::default(),
            pulled: Arc::default(),
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
        let pulled = Arc::clone(&self.0.pulled);
        Lookup::pending(async move { page.answer(asked.etag(), pulled).await })
    }
}
