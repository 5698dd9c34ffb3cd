use std::{pin::pin, sync::Arc, time::Duration};

use bytes::{Bytes, BytesMut};
use http::{HeaderMap, Method, Request, Response, StatusCode};
use http_body_util::{BodyExt, LengthLimitError, Limited};
use tokio::task::coop::consume_budget;

use super::{BoxError, Fetch, FetchBody};
use crate::endpoint::Endpoint;

/// How many causes of an error are told.
const MAX_CAUSES: usize = 8;

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

/// An error and what caused it, in one line. Where causes lead in a circle, the first few.
pub(crate) fn reason(error: &BoxError) -> String {
    let mut text = error.to_string();
    let causes = std::iter::successors(error.source(), |&cause| cause.source());
    for cause in causes.take(MAX_CAUSES).map(ToString::to_string) {
        if !text.ends_with(&cause) {
            text = format!("{text}: {cause}");
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use std::{error::Error, fmt};

    use super::*;

    /// Says its number, and names the next one as its cause; beyond the last comes the first again.
    #[derive(Debug)]
    struct Circle(usize);

    impl fmt::Display for Circle {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            write!(f, "{}", self.0)
        }
    }

    impl Error for Circle {
        fn source(&self) -> Option<&(dyn Error + 'static)> {
            static OF: [Circle; 2] = [Circle(0), Circle(1)];
            Some(&OF[(self.0 + 1) % OF.len()])
        }
    }

    #[test]
    fn causes_are_said_once_and_not_for_ever() {
        let io = |text: &str| std::io::Error::other(text.to_owned());
        assert_eq!(reason(&BoxError::from("alone")), "alone");
        assert_eq!(reason(&BoxError::from(io("inner"))), "inner", "the same again");
        let circle = reason(&BoxError::from(Circle(0)));
        assert!(circle.starts_with("0: 1: 0: 1"), "{circle}");
        assert_eq!(circle.matches(": ").count(), MAX_CAUSES);
    }
}
