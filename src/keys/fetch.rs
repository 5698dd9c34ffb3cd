//! [`Fetch`]: the seam between keys that live elsewhere and the client that fetches them.

mod client;
mod freshness;
mod get;

use std::{
    error::Error,
    fmt,
    future::Future,
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};

use bytes::{Buf, Bytes};
use http::{Request, Response};
use http_body::{Body, Frame, SizeHint};
use http_body_util::{BodyExt, combinators::UnsyncBoxBody};

pub(crate) use self::{
    client::{Reqwest, shared_client},
    freshness::freshness,
    get::{Getter, reason, within},
};
use crate::lookup::Lookup;

/// How long the client of ours takes to connect, unless it is told otherwise.
pub(crate) const CONNECT_TIMEOUT: Duration = Duration::from_secs(2);

/// What went wrong, of any type.
pub type BoxError = Box<dyn Error + Send + Sync>;

/// Sends one GET request: for keys and metadata that are fetched by another client than `reqwest`.
///
/// A closure is one:
///
/// ```
/// use http_body_util::Empty;
/// use hyper::body::Bytes;
/// use hyper_util::{client::legacy::Client, rt::TokioExecutor};
/// use tower_bearer::{BoxError, FetchBody, RemoteJwks, http};
///
/// let client = Client::builder(TokioExecutor::new()).build_http::<Empty<Bytes>>();
/// let keys = RemoteJwks::builder("http://127.0.0.1:8080/jwks")
///     .fetch(move |request: http::Request<()>| {
///         let client = client.clone();
///         async move {
///             let response = client.request(request.map(|()| Empty::new())).await?;
///             Ok::<_, BoxError>(response.map(FetchBody::new))
///         }
///     })
///     .build()?;
/// # drop(keys);
/// # Ok::<(), tower_bearer::ConfigError>(())
/// ```
///
/// An implementation of the trait answers with `Lookup::pending(async move { .. })`. Hand on the answer's status and
/// headers as they are: 304, `ETag` and `Cache-Control` are read.
///
/// The request has its headers (`Accept`, `If-None-Match`, `Cache-Control`) and an absolute URI. The
/// answer is read here: its status, its size and the time it takes are bounded, whoever fetches. Follow
/// no redirect, and connect within two seconds or so: that much is left to the client.
#[diagnostic::on_unimplemented(
    message = "`{Self}` fetches nothing",
    note = "give a closure `Fn(http::Request<()>) -> impl Future<Output = Result<http::Response<FetchBody>, BoxError>>`, or implement `tower_bearer::Fetch`"
)]
pub trait Fetch: Send + Sync + 'static {
    /// The answer of the server, whatever its status; an error if there is none.
    fn fetch(&self, request: Request<()>) -> Lookup<Result<Response<FetchBody>, BoxError>>;
}

impl<F, Fut> Fetch for F
where
    F: Fn(Request<()>) -> Fut + Send + Sync + 'static,
    Fut: Future<Output = Result<Response<FetchBody>, BoxError>> + Send + 'static,
{
    fn fetch(&self, request: Request<()>) -> Lookup<Result<Response<FetchBody>, BoxError>> {
        Lookup::pending(self(request))
    }
}

/// The body of an answer, read piece by piece so that nobody can make us hold more than we ask for.
pub struct FetchBody(UnsyncBoxBody<Bytes, BoxError>);

impl FetchBody {
    /// Any body: hyper's, axum's or one of `http-body-util`.
    pub fn new<B>(body: B) -> Self
    where
        B: Body + Send + 'static,
        B::Data: Send,
        B::Error: Into<BoxError>,
    {
        let body = body
            .map_err(Into::into)
            .map_frame(|frame| frame.map_data(|mut data| data.copy_to_bytes(data.remaining())));
        Self(UnsyncBoxBody::new(body))
    }
}

impl From<Vec<u8>> for FetchBody {
    fn from(bytes: Vec<u8>) -> Self {
        Self::new(http_body_util::Full::<Bytes>::from(bytes))
    }
}

impl From<String> for FetchBody {
    fn from(text: String) -> Self {
        text.into_bytes().into()
    }
}

impl From<&'static str> for FetchBody {
    fn from(text: &'static str) -> Self {
        Self::new(http_body_util::Full::<Bytes>::from(text))
    }
}

impl Body for FetchBody {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        Pin::new(&mut self.0).poll_frame(cx)
    }

    fn is_end_stream(&self) -> bool {
        self.0.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.0.size_hint()
    }
}

impl fmt::Debug for FetchBody {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("FetchBody(..)")
    }
}
