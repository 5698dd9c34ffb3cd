//! One contender behind a socket, in a process of its own: this program, started again.

use std::{
    env, fs,
    io::{BufRead, BufReader, Read, Write, stdin},
    net::TcpStream,
    path::PathBuf,
    process::{self, Child, Stdio},
    thread,
};

use http::StatusCode;
use serde::{Deserialize, Serialize};

use super::load::{Load, Tokens, Tools};
use crate::{
    app::{App, Framework, PATH},
    check,
    contender::{ALL, Contender, Role},
    groups::one_thread,
    world::{Algorithm, Failure, World, bind},
};

/// So many tokens are sent in turn.
const CROWD: usize = 1_000;

/// A process that answers until it is dropped.
pub(super) struct Server {
    pub(super) contender: &'static Contender,
    url: String,
    good: String,
    crowd: Option<Listed>,
    /// Held for its end.
    _process: Stopped,
}

/// What a server says of itself once it is ready: its world is its own.
#[derive(Serialize, Deserialize)]
struct Ready {
    address: String,
    good: String,
    /// Each of which it has to refuse.
    bad: Vec<String>,
    /// Good, too.
    crowd: Vec<String>,
}

impl Server {
    pub(super) fn start(contender: &'static Contender, tools: &Tools) -> Result<Self, Failure> {
        let mut command = tools.server(env::current_exe()?);
        command.args(["--serve", contender.name]);
        let process = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
        let mut process = Stopped(process);
        let mut said = String::new();
        BufReader::new(process.0.stdout.take().ok_or("it has no output")?).read_line(&mut said)?;
        let ready: Result<Ready, String> = serde_json::from_str(&said)?;
        let Ready { address, good, bad, crowd } = ready?;
        if contender.role != Role::Baseline {
            shown(&address, &good, &bad)?;
        }
        let crowd =
            if crowd.is_empty() { None } else { Some(Listed::new(process.0.id(), &crowd)?) };
        Ok(Self {
            contender,
            url: format!("http://{address}{PATH}"),
            good,
            crowd,
            _process: process,
        })
    }

    /// The good token, again and again.
    pub(super) fn one(&self) -> Load<'_> {
        Load { url: &self.url, tokens: Tokens::One(&self.good) }
    }

    /// Many in turn, if it is measured with them.
    pub(super) fn many(&self) -> Option<Load<'_>> {
        let file = self.crowd.as_ref()?.0.to_str()?;
        Some(Load { url: &self.url, tokens: Tokens::InTurn(file) })
    }
}

/// Stops the process it holds.
struct Stopped(Child);

impl Drop for Stopped {
    fn drop(&mut self) {
        // It may be gone already.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// A file of tokens, for as long as it is needed.
struct Listed(PathBuf);

impl Listed {
    fn new(owner: u32, tokens: &[String]) -> Result<Self, Failure> {
        let path = env::temp_dir().join(format!("tower-bearer-field-{owner}.tokens"));
        fs::write(&path, tokens.join("\n") + "\n")?;
        Ok(Self(path))
    }
}

impl Drop for Listed {
    fn drop(&mut self) {
        // Nobody minds if it stays.
        let _ = fs::remove_file(&self.0);
    }
}

/// That it lets the good token pass over its socket, too, and none of the bad ones.
fn shown(address: &str, good: &str, bad: &[String]) -> Result<(), Failure> {
    let answer = status(address, good)?;
    if answer != StatusCode::OK {
        return Err(format!("answers the good token with {answer}").into());
    }
    for token in bad {
        let answer = status(address, token)?;
        if answer != StatusCode::UNAUTHORIZED {
            return Err(format!("answers a bad token with {answer}").into());
        }
    }
    Ok(())
}

fn status(address: &str, token: &str) -> Result<StatusCode, Failure> {
    let mut stream = TcpStream::connect(address)?;
    write!(
        stream,
        "GET {PATH} HTTP/1.1\r\nHost: {address}\r\nAuthorization: Bearer {token}\r\nConnection: close\r\n\r\n"
    )?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    let status = answer.split(' ').nth(1).ok_or("that is no answer")?;
    Ok(StatusCode::from_bytes(status.as_bytes())?)
}

/// The other side: what `--serve` does. Ends when nobody holds its input any more.
pub(crate) fn serve(name: &str) -> Result<(), Failure> {
    thread::spawn(|| {
        // Nothing comes but the end.
        let _ = stdin().read_to_end(&mut Vec::new());
        process::exit(0)
    });
    one_thread()?.block_on(async {
        let (app, listener, ready) = match prepared(name).await {
            Ok(prepared) => prepared,
            Err(reason) => return say(&Err(reason.to_string())),
        };
        say(&Ok(ready))?;
        let listener = tokio::net::TcpListener::from_std(listener)?;
        match app {
            App::Axum07(router) => axum07::serve(listener, router).await?,
            App::Axum08(router) => axum::serve(listener, router).await?,
        }
        Ok(())
    })
}

async fn prepared(name: &str) -> Result<(App, std::net::TcpListener, Ready), Failure> {
    let contender = ALL.iter().find(|one| one.name == name).ok_or("nobody has this name")?;
    let world = World::new(&[Algorithm::Rs256])?;
    let side = world.side(Algorithm::Rs256)?;
    let app = contender.build(side).await?;
    check::admit(&app, contender.role, side).await?;
    let (listener, _) = bind()?;
    let tokens = &side.tokens;
    let ready = Ready {
        address: listener.local_addr()?.to_string(),
        good: tokens.good.clone(),
        bad: [&tokens.flipped, &tokens.foreign, &tokens.expired].map(String::clone).to_vec(),
        crowd: side.crowd(if has_crowd(contender) { CROWD } else { 0 })?,
    };
    Ok((app, listener, ready))
}

/// Who remembers tokens, and whom that is compared with.
fn has_crowd(contender: &Contender) -> bool {
    match contender.role {
        Role::Baseline => contender.framework == Framework::Axum08,
        Role::Cached | Role::CachedByDigest => true,
        Role::Own | Role::Peer | Role::StaticBearer => false,
    }
}

fn say(ready: &Result<Ready, String>) -> Result<(), Failure> {
    println!("{}", serde_json::to_string(ready)?);
    Ok(())
}
