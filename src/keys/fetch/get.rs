use std::{error::Error, pin::pin, sync::Arc, time::Duration};

use bytes::{Bytes, BytesMut};
use http::{HeaderMap, Method, Request, Response, StatusCode};
use http_body_util::{BodyExt, LengthLimitError, Limited};
use tokio::task::coop::consume_budget;

use super::{BoxError, Endpoint, Fetch, FetchBody};

/// Asks, and holds whoever answers to bounds.
pub(crate) struct Getter {
    pub(crate) fetch: Arc<dyn Fetch>,
    /// For the whole answer.
    pub(crate) timeout: Duration,
    /// In bytes.
    pub(crate) max_body: usize,
}

impl Getter {
    /// The whole answer, whatever its status.
    pub(crate) async fn get(
        &self,
        endpoint: &Endpoint,
        headers: HeaderMap,
    ) -> Result<Response<Bytes>, BoxError> {
        let mut request = Request::new(());
        *request.method_mut() = Method::GET;
        *request.uri_mut() = endpoint.uri().clone();
        *request.headers_mut() = headers;
        let answer = tokio::time::timeout(self.timeout, self.exchange(request)).await;
        answer.unwrap_or_else(|_| Err(format!("no whole answer within {:?}", self.timeout).into()))
    }

    async fn exchange(&self, request: Request<()>) -> Result<Response<Bytes>, BoxError> {
        let (head, body) = self.fetch.fetch(request).await?.into_parts();
        // What is no answer of use is not read.
        if head.status != StatusCode::OK {
            return Ok(Response::from_parts(head, Bytes::new()));
        }
        Ok(Response::from_parts(head, self.read(body).await?))
    }

    async fn read(&self, body: FetchBody) -> Result<Bytes, BoxError> {
        let mut body = pin!(Limited::new(body, self.max_body));
        let mut read = BytesMut::new();
        while let Some(frame) = body.frame().await {
            let frame = frame.map_err(|error| self.unreadable(error))?;
            if let Ok(data) = frame.into_data() {
                read.extend_from_slice(&data);
            }
            // One that is always ready would keep the clock from being looked at.
            consume_budget().await;
        }
        Ok(read.freeze())
    }

    fn unreadable(&self, error: BoxError) -> BoxError {
        if error.is::<LengthLimitError>() {
            return format!("the answer is longer than {} bytes", self.max_body).into();
        }
        error
    }
}

/// The outcome of a future if it comes in time. Without a runtime there is no time, and it is waited for.
pub(crate) async fn within<F: Future>(longest: Duration, future: F) -> Option<F::Output> {
    match tokio::runtime::Handle::try_current() {
        Ok(_) => tokio::time::timeout(longest, future).await.ok(),
        Err(_) => Some(future.await),
    }
}

/// An error and what caused it, in one line.
pub(crate) fn reason(error: &BoxError) -> String {
    let mut text = error.to_string();
    let mut source: Option<&(dyn Error + 'static)> = error.source();
    while let Some(error) = source {
        let cause = error.to_string();
        if !text.ends_with(&cause) {
            text = format!("{text}: {cause}");
        }
        source = error.source();
    }
    text
}
