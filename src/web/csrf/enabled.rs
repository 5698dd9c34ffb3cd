use std::{
    convert::Infallible,
    future::{Ready, ready},
    net::Ipv6Addr,
    task::{Context, Poll},
};

use futures_util::FutureExt;
use http::{
    HeaderName, Method, Request, Response, Uri,
    header::{HOST, ORIGIN},
};
use tower_http::csrf::{CsrfLayer, ProtectionError};
use tower_layer::Layer;
use tower_service::Service;

use crate::{error::ConfigError, head::RequestHead};

/// The origins whose pages may use cookies: our own, and those that were named.
#[derive(Clone, Debug, Default)]
pub(crate) struct Origins(CsrfLayer);

impl Origins {
    /// Names one more.
    pub(crate) fn trust(&mut self, origin: &str) -> Result<(), ConfigError> {
        let as_sent = origin.parse::<Uri>().is_ok_and(|uri| is_as_sent(origin, &uri));
        let layer = std::mem::take(&mut self.0).add_trusted_origin(origin);
        self.0 = layer.ok().filter(|_| as_sent).ok_or_else(|| {
            ConfigError::new(format!(
                "{origin:?} is no origin as browsers send it: write the likes of `https://app.example` or \
                 `http://127.0.0.1:8080`, in small letters, without the scheme's own port and without a path"
            ))
        })?;
        Ok(())
    }

    /// Asks the service that keeps such requests off, with a request that has all it looks at.
    pub(super) fn allow(&self, method: &Method, head: RequestHead<'_>) -> bool {
        const SEC_FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");
        let mut probe = Request::new(());
        *probe.method_mut() = method.clone();
        *probe.uri_mut() = head.uri().clone();
        for name in [HOST, ORIGIN, SEC_FETCH_SITE] {
            let mut values = head.headers().get_all(&name).iter();
            let Some(value) = values.next() else { continue };
            // No browser says it twice, and which of two counts depends on who reads them.
            if values.next().is_some() {
                return false;
            }
            probe.headers_mut().insert(name, value.clone());
        }
        let answer = self.0.layer(Pass).call(probe).now_or_never();
        answer.is_some_and(|Ok(answer)| answer.extensions().get::<ProtectionError>().is_none())
    }
}

/// An origin is compared byte for byte, so one that browsers never send would never match.
fn is_as_sent(origin: &str, uri: &Uri) -> bool {
    let (Some(scheme), Some(host)) = (uri.scheme_str(), uri.host()) else { return false };
    let own_port = if scheme == "https" { 443 } else { 80 };
    let port = uri.port_u16().filter(|port| *port != own_port);
    let port = port.map(|port| format!(":{port}")).unwrap_or_default();
    is_host_as_sent(host) && origin == format!("{scheme}://{host}{port}")
}

/// A name in small letters, or an address in brackets.
fn is_host_as_sent(host: &str) -> bool {
    let address = host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']'));
    address.map_or_else(
        || host.bytes().all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_')),
        |address| address.parse::<Ipv6Addr>().is_ok_and(|parsed| parsed.to_string() == address),
    )
}

/// Passes whatever comes.
#[derive(Clone, Copy)]
struct Pass;

impl Service<Request<()>> for Pass {
    type Response = Response<()>;
    type Error = Infallible;
    type Future = Ready<Result<Response<()>, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, _: Request<()>) -> Self::Future {
        ready(Ok(Response::new(())))
    }
}
