use std::{sync::OnceLock, time::Duration};

use http::{Request, Response};

use super::{BoxError, Fetch, FetchBody};
use crate::{error::ConfigError, lookup::Lookup};

/// A client of `reqwest`, ours or one the user configured.
pub(crate) struct Reqwest(pub(crate) reqwest::Client);

impl Fetch for Reqwest {
    fn fetch(&self, request: Request<()>) -> Lookup<Result<Response<FetchBody>, BoxError>> {
        let client = self.0.clone();
        Lookup::pending(async move {
            let asked: reqwest::Url = request.uri().to_string().parse()?;
            let (head, ()) = request.into_parts();
            let response = client
                .request(head.method, asked.clone())
                .headers(head.headers)
                .send()
                .await
                .map_err(reqwest::Error::without_url)?;
            // A client that the user brings may follow redirects: keys come from the URL that
            // was trusted, or not at all.
            if *response.url() != asked {
                return Err("the answer came from another URL than the one asked".into());
            }
            Ok(Response::<reqwest::Body>::from(response).map(FetchBody::new))
        })
    }
}

/// The client that all resolvers share which were given none. It keeps no connection: keys are asked
/// for once in minutes, and a connection would be tied to the runtime it was opened on.
///
/// Nothing on loopback is asked through a proxy, whatever the environment says.
pub(crate) fn shared_client(
    loopback: bool,
    connect_timeout: Duration,
) -> Result<reqwest::Client, ConfigError> {
    static SHARED: [OnceLock<reqwest::Client>; 2] = [const { OnceLock::new() }; 2];
    let [direct, general] = &SHARED;
    let shared = if loopback { direct } else { general };
    let usual = connect_timeout == super::CONNECT_TIMEOUT;
    if let Some(client) = shared.get().filter(|_| usual) {
        return Ok(client.clone());
    }
    let builder = reqwest::Client::builder()
        .connect_timeout(connect_timeout)
        .redirect(reqwest::redirect::Policy::none())
        .pool_max_idle_per_host(0)
        .referer(false)
        .user_agent(concat!("tower-bearer/", env!("CARGO_PKG_VERSION")));
    let builder = if loopback { builder.no_proxy() } else { builder };
    let client = builder.build().map_err(|error| {
        ConfigError::because(format!("no HTTP client can be made: {error}"), error)
    })?;
    if usual {
        return Ok(shared.get_or_init(|| client).clone());
    }
    Ok(client)
}
