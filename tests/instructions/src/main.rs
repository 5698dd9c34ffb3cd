//! Sends requests through the layer, one way each time, while callgrind counts the instructions.
//! `tests/instructions/run` starts this and says what the counts may be.
//!
//! ```sh
//! tower-bearer-instructions                  # names the paths
//! tower-bearer-instructions PATH REQUESTS    # PATH may be `none`, for no layer
//! ```
//!
//! No cryptography is counted: which code of it runs is for the processor to say, and it is not ours. The
//! key asks a verifier that looks at one byte.

mod paths;
mod service;

use std::{
    pin::pin,
    process::ExitCode,
    task::{Context, Poll, Waker},
};

use paths::Path;
use service::Ok200;
use tower_bearer::{
    http::{HeaderValue, Request, Response, StatusCode, header::AUTHORIZATION},
    tower_layer::Layer,
    tower_service::Service,
};

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let done = match arguments.as_slice() {
        [] => {
            name_paths();
            Ok(())
        }
        [path, requests] => run(path, requests),
        _ => Err("usage: tower-bearer-instructions [PATH REQUESTS]".to_owned()),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => {
            eprintln!("{why}");
            ExitCode::FAILURE
        }
    }
}

fn name_paths() {
    for path in paths::all() {
        println!("{}", path.name);
    }
}

fn run(path: &str, requests: &str) -> Result<(), String> {
    let requests = requests.parse().map_err(|_| format!("{requests:?} is not a number"))?;
    if path == "none" {
        return send(&mut Ok200, &paths::good(), StatusCode::OK, requests);
    }
    let known = paths::all().into_iter().find(|known| known.name == path);
    let Path { name, layer, authorization, status } =
        known.ok_or_else(|| format!("there is no path {path:?}"))?;
    send(&mut layer.layer(Ok200), &authorization, status, requests)
        .map_err(|found| format!("{name}: it answers {found}"))
}

/// Sends so many requests that are to be answered with `expected`; an error is what else came.
fn send<S>(
    service: &mut S,
    authorization: &HeaderValue,
    expected: StatusCode,
    requests: usize,
) -> Result<(), String>
where
    S: Service<Request<()>, Response = Response<()>>,
{
    let mut context = Context::from_waker(Waker::noop());
    for _ in 0..requests {
        let mut request = Request::new(());
        request.headers_mut().insert(AUTHORIZATION, authorization.clone());
        if service.poll_ready(&mut context).is_pending() {
            return Err("nothing: it is not ready".to_owned());
        }
        match pin!(service.call(request)).poll(&mut context) {
            Poll::Ready(Ok(response)) if response.status() == expected => {}
            Poll::Ready(Ok(response)) => return Err(response.status().to_string()),
            Poll::Ready(Err(_)) => return Err("an error".to_owned()),
            Poll::Pending => return Err("nothing: it waits".to_owned()),
        }
    }
    Ok(())
}
