//! A JWK Set in a file that somebody else writes, in paused time.

use std::{
    fs,
    path::{Path, PathBuf},
    sync::mpsc,
    time::Duration,
};

use futures_util::FutureExt;
use serde_json::{Value, json};
use tokio::time::advance;
use tower_bearer::{
    Algorithm::{self, ES256, HS256},
    JwksFile, KeyResolver, Lookup, TokenErrorKind, Verifier,
};

use crate::support::{KeyPair, SECRET, json_token, standard, verifiers};

/// A folder of a test's own, gone with it.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
        drop(fs::remove_dir_all(&path));
        fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    fn file(&self) -> PathBuf {
        self.0.join("jwks.json")
    }

    fn write(&self, keys: &[Value]) {
        fs::write(self.file(), json!({ "keys": keys }).to_string()).unwrap();
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        drop(fs::remove_dir_all(&self.0));
    }
}

/// A key of this name, and a token signed by it.
fn named(kid: &str) -> (Value, String) {
    let pair = KeyPair::generate(ES256);
    let token = json_token(ES256, &json!({ "kid": kid }), &json!({})).signed_by(&pair);
    (pair.jwk_with(&json!({ "kid": kid })), token)
}

fn watch(folder: &Folder) -> (JwksFile, Verifier) {
    let keys = JwksFile::watch(folder.file()).unwrap();
    let verifier = verifiers::new(standard(keys.clone())).unwrap();
    (keys, verifier)
}

/// Without waiting for anything.
fn at_once(verifier: &Verifier, token: &str) -> Option<Result<(), TokenErrorKind>> {
    match verifier.verify(token) {
        Lookup::Ready(answer) => Some(answer.map(drop).map_err(|error| error.kind())),
        Lookup::Pending(_) => None,
    }
}

async fn verify(verifier: &Verifier, token: &str) -> Result<(), TokenErrorKind> {
    verifier.verify(token).await.map(drop).map_err(|error| error.kind())
}

async fn seconds(seconds: f64) {
    advance(Duration::from_secs_f64(seconds)).await;
}

/// Lets a reading that nobody waits for come to its end.
async fn read_again(keys: &JwksFile) {
    keys.refresh_now().await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_new_key_counts_at_once_and_a_removed_one_within_twice_the_interval() {
    let folder = Folder::new("rotation");
    let ((old, old_token), (new, new_token)) = (named("old"), named("new"));
    folder.write(std::slice::from_ref(&old));
    let (keys, verifier) = watch(&folder);
    assert_eq!(at_once(&verifier, &old_token), Some(Ok(())), "no file is read for a known key");
    let before = keys.generation();

    folder.write(std::slice::from_ref(&new));
    seconds(2.0).await;
    assert_eq!(at_once(&verifier, &old_token), Some(Ok(())), "the interval is not over");
    assert_eq!(verify(&verifier, &new_token).await, Ok(()), "it waits for the file");
    assert_eq!(at_once(&verifier, &old_token), Some(Err(TokenErrorKind::UnknownKey)));
    assert_ne!(keys.generation(), before);
}

#[tokio::test(start_paused = true)]
async fn under_load_nobody_waits_for_the_file() {
    let folder = Folder::new("load");
    let ((old, old_token), (new, new_token)) = (named("old"), named("new"));
    folder.write(&[old, new.clone()]);
    let (keys, verifier) = watch(&folder);
    seconds(4.0).await;
    folder.write(&[new]);
    seconds(2.0).await;
    assert_eq!(at_once(&verifier, &new_token), Some(Ok(())), "this one has the file read");
    while keys.status().unwrap().age > Some(Duration::from_secs(1)) {
        tokio::task::yield_now().await;
    }
    assert_eq!(at_once(&verifier, &new_token), Some(Ok(())));
    seconds(2.0).await;
    assert_eq!(verify(&verifier, &old_token).await, Err(TokenErrorKind::UnknownKey));
}

#[tokio::test(start_paused = true)]
async fn after_a_pause_the_file_is_read_first() {
    let folder = Folder::new("pause");
    let (old, token) = named("1");
    let (new, _) = named("1");
    folder.write(&[old]);
    let (keys, _) = watch(&folder);
    // One that remembers asks for the generation first, and the file may have been read by the time it asks for the key.
    let verifier = Verifier::new(standard(keys.clone())).unwrap();
    folder.write(&[new]);
    seconds(3600.0).await;
    assert_eq!(at_once(&verifier, &token), None);
    assert_eq!(verify(&verifier, &token).await, Err(TokenErrorKind::InvalidSignature));
    assert!(keys.generation().is_some());
    seconds(3600.0).await;
    assert_eq!(keys.generation(), None, "nobody knows whether the keys still stand");
}

#[tokio::test(start_paused = true)]
async fn a_file_that_is_no_set_any_more_leaves_the_last_good_one() {
    let folder = Folder::new("spoilt");
    let (jwk, token) = named("1");
    let good = [jwk];
    folder.write(&good);
    let (keys, verifier) = watch(&folder);
    let generation = keys.generation();
    let long = " ".repeat(1024 * 1024 + 1);
    for (name, text) in [
        ("missing", None),
        ("empty", Some("")),
        ("half", Some(r#"{"keys":["#)),
        ("no key", Some(r#"{"keys":[]}"#)),
        ("too long", Some(&*long)),
    ] {
        fs::remove_file(folder.file()).unwrap();
        if let Some(text) = text {
            fs::write(folder.file(), text).unwrap();
        }
        assert!(keys.refresh_now().await.is_err(), "{name}");
        assert_eq!(at_once(&verifier, &token), Some(Ok(())), "{name}");
        let nobody_knows = Err(TokenErrorKind::KeysUnavailable);
        assert_eq!(verify(&verifier, &named("new").1).await, nobody_knows, "{name}");
        assert!(keys.status().unwrap().last_error.is_some(), "{name}");
        folder.write(&good);
        read_again(&keys).await;
        assert_eq!(keys.status().unwrap().last_error, None, "{name}");
        assert_eq!(keys.generation(), generation, "{name}: these are the same keys");
    }
}

#[cfg(unix)]
#[tokio::test(start_paused = true)]
async fn a_link_that_is_swapped_is_followed() {
    use std::os::unix::fs::symlink;

    let folder = Folder::new("link");
    let tokens = ["one", "two"].map(|kid| {
        let (jwk, token) = named(kid);
        fs::create_dir(folder.0.join(kid)).unwrap();
        fs::write(folder.0.join(kid).join("jwks.json"), json!({ "keys": [jwk] }).to_string())
            .unwrap();
        token
    });
    // As Kubernetes mounts a secret.
    symlink("one", folder.0.join("..data")).unwrap();
    symlink("..data/jwks.json", folder.file()).unwrap();
    let (_, verifier) = watch(&folder);
    assert_eq!(at_once(&verifier, &tokens[0]), Some(Ok(())));
    symlink("two", folder.0.join("..next")).unwrap();
    fs::rename(folder.0.join("..next"), folder.0.join("..data")).unwrap();
    seconds(2.0).await;
    assert_eq!(verify(&verifier, &tokens[1]).await, Ok(()));
    assert_eq!(verify(&verifier, &tokens[0]).await, Err(TokenErrorKind::UnknownKey));
}

#[tokio::test(start_paused = true)]
async fn unknown_keys_have_the_file_read_once_a_second_at_most() {
    let folder = Folder::new("strangers");
    let (jwk, token) = named("1");
    folder.write(&[jwk]);
    let (_, verifier) = watch(&folder);
    let (_, stranger) = named("2");
    assert_eq!(at_once(&verifier, &stranger), Some(Err(TokenErrorKind::UnknownKey)));
    for _ in 0..3 {
        seconds(1.1).await;
        assert_eq!(at_once(&verifier, &stranger), None, "it waits for the file");
        assert_eq!(verify(&verifier, &stranger).await, Err(TokenErrorKind::UnknownKey));
        for _ in 0..100 {
            assert_eq!(at_once(&verifier, &stranger), Some(Err(TokenErrorKind::UnknownKey)));
        }
        assert_eq!(at_once(&verifier, &token), Some(Ok(())));
    }
}

#[test]
fn without_a_runtime_the_file_is_read_on_the_spot() {
    use futures_executor::block_on;

    let folder = Folder::new("no runtime");
    let ((old, _), (new, token)) = (named("old"), named("new"));
    folder.write(&[old]);
    let keys = JwksFile::watch_every(folder.file(), Duration::from_nanos(1)).unwrap();
    let verifier = verifiers::new(standard(keys)).unwrap();
    folder.write(&[new]);
    assert_eq!(block_on(verify(&verifier, &token)), Ok(()));
}

#[test]
fn a_file_that_takes_too_long_to_read_is_not_waited_for_again() {
    let folder = Folder::new("slow");
    let ((jwk, token), (_, stranger)) = (named("1"), named("2"));
    folder.write(&[jwk]);
    let (_, verifier) = watch(&folder);
    one_busy_thread(async |release| {
        seconds(3600.0).await;
        let mut waiting = std::pin::pin!(verify(&verifier, &token));
        assert!(waiting.as_mut().now_or_never().is_none());
        seconds(5.0).await;
        assert_eq!(waiting.await, Ok(()), "by the last good set");
        for _ in 0..3 {
            let nobody_knows = Some(Err(TokenErrorKind::KeysUnavailable));
            assert_eq!(at_once(&verifier, &token), Some(Ok(())));
            assert_eq!(at_once(&verifier, &stranger), nobody_knows);
        }
        drop(release);
        // Until the thread is free again the answer stays what it was.
        while at_once(&verifier, &stranger) == Some(Err(TokenErrorKind::KeysUnavailable)) {
            tokio::task::yield_now().await;
        }
        assert_eq!(verify(&verifier, &stranger).await, Err(TokenErrorKind::UnknownKey));
    });
}

#[test]
fn those_who_wait_for_the_file_are_counted() {
    let folder = Folder::new("crowd");
    let (jwk, token) = named("1");
    folder.write(&[jwk]);
    let (_, verifier) = watch(&folder);
    one_busy_thread(async |release| {
        seconds(3600.0).await;
        let crowd: Vec<_> = (0..1024).map(|_| verifier.verify(&token)).collect();
        assert_eq!(at_once(&verifier, &token), Some(Err(TokenErrorKind::KeysUnavailable)));
        drop(crowd);
        drop(release);
        assert_eq!(verify(&verifier, &token).await, Ok(()));
    });
}

/// In paused time, while the one thread that could read files does something else until it is released.
fn one_busy_thread<F: Future<Output = ()>>(test: impl FnOnce(mpsc::Sender<()>) -> F) {
    let mut runtime = tokio::runtime::Builder::new_current_thread();
    let runtime = runtime.enable_all().start_paused(true).max_blocking_threads(1).build().unwrap();
    runtime.block_on(async {
        let (release, held) = mpsc::channel();
        drop(tokio::task::spawn_blocking(move || held.recv()));
        test(release).await;
    });
}

#[test]
fn a_runtime_that_ends_while_it_reads_is_no_harm() {
    let folder = Folder::new("two runtimes");
    let ((old, _), (new, token)) = (named("old"), named("new"));
    folder.write(&[old]);
    let keys = JwksFile::watch_every(folder.file(), Duration::from_nanos(1)).unwrap();
    let verifier = verifiers::new(standard(keys)).unwrap();
    for _ in 0..20 {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let guard = runtime.enter();
        drop(verifier.verify(&token));
        drop(guard);
        runtime.shutdown_background();
    }
    folder.write(&[new]);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    assert_eq!(runtime.block_on(verify(&verifier, &token)), Ok(()));
}

#[tokio::test(start_paused = true)]
async fn secrets_are_taken_from_a_file() {
    let folder = Folder::new("secret");
    let secret = KeyPair::generate(HS256);
    folder.write(&[secret.jwk_with(&json!({ "kid": "s" }))]);
    let (keys, verifier) = watch(&folder);
    let token = json_token(HS256, &json!({ "kid": "s" }), &json!({})).compact();
    assert_eq!(at_once(&verifier, &token), Some(Ok(())));
    let shown = format!("{keys:?} {:?}", keys.status());
    assert!(!shown.contains(std::str::from_utf8(SECRET).unwrap()));
    assert_eq!(keys.status().unwrap().keys, 1);
    // A key of another algorithm may come at any time, so none is ruled out.
    assert_eq!(keys.algorithms().map(|set| set.contains(Algorithm::RS256)), None);
}

#[test]
fn what_cannot_be_read_fails_when_it_is_built() {
    let folder = Folder::new("wrong");
    let error = JwksFile::watch(folder.file()).unwrap_err().to_string();
    assert!(error.contains("cannot read the JWK Set") && error.contains("jwks.json"), "{error}");
    fs::write(folder.file(), "{}").unwrap();
    let error = JwksFile::watch(folder.file()).unwrap_err().to_string();
    assert!(error.contains("jwks.json") && error.contains("no JWK Set"), "{error}");
    let error = JwksFile::watch(&folder.0).unwrap_err().to_string();
    assert!(error.contains("it is no file"), "{error}");
    folder.write(&[named("1").0]);
    assert!(JwksFile::watch_every(folder.file(), Duration::ZERO).is_err());
}
