//! A contender's application, and requests to it as hyper would make them.

use std::{
    hint::black_box,
    time::{Duration, Instant},
};

use http::{
    HeaderValue, Request, StatusCode,
    header::{ACCEPT, AUTHORIZATION, HOST, USER_AGENT},
};
use tokio::{runtime::Runtime, task::unconstrained};
use tower::ServiceExt;

use crate::world::Failure;

/// Which axum an application is of. Time is added to a baseline of the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Framework {
    /// axum 0.7.
    Axum07,
    /// axum 0.8.
    Axum08,
}

/// One route with one handler, and around it what is measured.
#[derive(Clone, Debug)]
pub(crate) enum App {
    /// Of axum 0.7.
    Axum07(axum07::Router),
    /// Of axum 0.8.
    Axum08(axum::Router),
}

/// Where the handler is.
pub(crate) const PATH: &str = "/me";

impl App {
    /// Ready to serve: `axum::serve` does this for each connection, and without it axum would do it for each request.
    pub(crate) fn ready(self) -> Self {
        match self {
            Self::Axum07(router) => Self::Axum07(router.with_state(())),
            Self::Axum08(router) => Self::Axum08(router.with_state(())),
        }
    }

    /// Answers one request on a clone of the router, which is what hyper does.
    pub(crate) async fn answer(&self, request: &Request<()>) -> StatusCode {
        let request = request.clone();
        match self {
            Self::Axum07(router) => {
                let request = request.map(|()| axum07::body::Body::empty());
                let Ok(response) = router.clone().oneshot(request).await;
                black_box(response).status()
            }
            Self::Axum08(router) => {
                let request = request.map(|()| axum::body::Body::empty());
                let Ok(response) = router.clone().oneshot(request).await;
                black_box(response).status()
            }
        }
    }

    /// How long it takes to answer a request so many times. Each answer has to have this status.
    ///
    /// It does not yield to the runtime on the way: what contenders do in the background is not timed.
    pub(crate) fn time(
        &self,
        runtime: &Runtime,
        request: &Request<()>,
        times: u32,
        expected: StatusCode,
    ) -> Result<Duration, Failure> {
        runtime.block_on(unconstrained(async {
            let began = now();
            for _ in 0..times {
                let status = self.answer(black_box(request)).await;
                if status != expected {
                    return Err(format!("answered {status} in place of {expected}").into());
                }
            }
            Ok(began.elapsed())
        }))
    }
}

/// A `GET` as a client sends it.
pub(crate) fn request(token: Option<&str>) -> Result<Request<()>, Failure> {
    let mut request = Request::get(PATH)
        .header(HOST, "api.example.com")
        .header(USER_AGENT, "field/1.0")
        .header(ACCEPT, "*/*")
        .body(())?;
    if let Some(token) = token {
        let value = HeaderValue::try_from(format!("Bearer {token}"))?;
        request.headers_mut().insert(AUTHORIZATION, value);
    }
    Ok(request)
}

#[expect(clippy::disallowed_methods, reason = "a benchmark measures time")]
pub(crate) fn now() -> Instant {
    Instant::now()
}
