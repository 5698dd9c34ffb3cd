//! Keys that are fetched or read, changing under tokens that are remembered.

use std::{env, fs, path::PathBuf, process};

use tokio::time::{Instant, advance, sleep_until};
use tower_bearer::{
    JwksFile, RemoteJwks,
    TokenErrorKind::{InvalidSignature, KeysUnavailable, UnknownKey},
};

use super::*;
use crate::support::{KeyPair, Network, Page};

const URL: &str = "https://keys.example/jwks";

/// A key of this name as a JWK, and a token that it signed.
fn named(kid: &str) -> (Value, String) {
    let pair = KeyPair::generate(ES256);
    let token = json_token(ES256, &json!({ "kid": kid }), &json!({})).signed_by(&pair);
    (pair.jwk_with(&json!({ "kid": kid })), token)
}

async fn remote(jwks: &[&Value]) -> (Network, RemoteJwks) {
    let network = Network::new();
    network.serve(URL, Page::keys(jwks.iter().map(|jwk| (*jwk).clone())));
    let keys = RemoteJwks::builder(URL).fetch(network.clone()).build().unwrap();
    keys.preload().await.unwrap();
    (network, keys)
}

fn over(keys: &RemoteJwks, remember: Remember) -> Verifier {
    remember(Verifier::new(standard(keys.clone())).unwrap())
}

#[tokio::test(start_paused = true)]
async fn a_forgotten_key_is_refused_by_the_next_call() {
    for (memory, remember) in MEMORIES {
        let ((one, of_one), (two, of_two)) = (named("one"), named("two"));
        let (_network, keys) = remote(&[&one, &two]).await;
        let verifier = over(&keys, remember);
        for _ in 0..2 {
            assert_eq!(at_once(&verifier, &of_one), Ok(()), "{memory}");
            assert_eq!(at_once(&verifier, &of_two), Ok(()), "{memory}");
        }
        assert_eq!(remembered(&verifier), 2, "{memory}");
        assert!(verifier.forget_key(crate::support::ISSUER, "one"));
        let error = verifier.verify(&of_one).await.unwrap_err();
        assert_eq!(error.kind(), UnknownKey, "{memory}");
        assert_eq!(at_once(&verifier, &of_two), Ok(()), "{memory}");
        assert_eq!(remembered(&verifier), 1, "{memory}");
        keys.refresh_now().await.unwrap();
        let error = verifier.verify(&of_one).await.unwrap_err();
        assert_eq!(error.kind(), UnknownKey, "{memory}: though it is still published");
    }
}

#[tokio::test(start_paused = true)]
async fn a_rotation_counts_with_the_set_that_brings_it() {
    for (memory, remember) in MEMORIES {
        let ((old, of_old), (new, of_new)) = (named("a"), named("a"));
        let (network, keys) = remote(&[&old]).await;
        let verifier = over(&keys, remember);
        for _ in 0..2 {
            assert_eq!(at_once(&verifier, &of_old), Ok(()), "{memory}");
        }
        // The same name, another key.
        network.serve(URL, Page::keys([new.clone()]));
        assert_eq!(at_once(&verifier, &of_old), Ok(()), "{memory}: nobody knows yet");
        keys.refresh_now().await.unwrap();
        assert_eq!(at_once(&verifier, &of_old), Err(InvalidSignature), "{memory}");
        assert_eq!(at_once(&verifier, &of_new), Ok(()), "{memory}");
        // And back again.
        network.serve(URL, Page::keys([old.clone()]));
        keys.refresh_now().await.unwrap();
        assert_eq!(at_once(&verifier, &of_old), Ok(()), "{memory}");
        assert_eq!(at_once(&verifier, &of_new), Err(InvalidSignature), "{memory}");
    }
}

#[tokio::test(start_paused = true)]
async fn keys_that_are_too_old_verify_nothing_from_memory() {
    for (memory, remember) in MEMORIES {
        let (jwk, token) = named("a");
        let (network, keys) = remote(&[&jwk]).await;
        let verifier = over(&keys, remember);
        for _ in 0..2 {
            assert_eq!(at_once(&verifier, &token), Ok(()), "{memory}");
        }
        network.serve(URL, Page::refused());
        let limit = Duration::from_secs(3600 + 300);
        sleep_until(Instant::now() + limit).await;
        let error = verifier.verify(&token).await.unwrap_err();
        assert_eq!(error.kind(), KeysUnavailable, "{memory}");
        network.serve(URL, Page::keys([jwk]));
        keys.refresh_now().await.unwrap();
        for _ in 0..2 {
            assert_eq!(at_once(&verifier, &token), Ok(()), "{memory}: good again");
        }
    }
}

/// Who is only ever answered from memory still has the keys kept fresh.
#[tokio::test(start_paused = true)]
async fn hits_keep_the_keys_fresh() {
    for (memory, remember) in MEMORIES {
        let (jwk, token) = named("a");
        let (network, keys) = remote(&[&jwk]).await;
        let verifier = over(&keys, remember);
        let before = network.count();
        for minute in 0..180 {
            assert_eq!(at_once(&verifier, &token), Ok(()), "{memory}, after {minute} min");
            sleep_until(Instant::now() + Duration::from_secs(60)).await;
        }
        assert!(network.count() > before, "{memory}");
    }
}

struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let folder = env::temp_dir().join(format!("tower-bearer-{}-{name}", process::id()));
        fs::create_dir_all(&folder).unwrap();
        Self(folder)
    }

    fn file(&self) -> PathBuf {
        self.0.join("jwks.json")
    }

    fn write(&self, keys: &[&Value]) {
        fs::write(self.file(), json!({ "keys": keys }).to_string()).unwrap();
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        drop(fs::remove_dir_all(&self.0));
    }
}

#[tokio::test(start_paused = true)]
async fn a_file_that_is_rewritten_counts_once_it_is_read() {
    for (memory, remember) in MEMORIES {
        let folder = Folder::new(&format!("cache {memory}"));
        let ((one, of_one), (two, of_two)) = (named("one"), named("two"));
        folder.write(&[&one, &two]);
        let keys = JwksFile::watch(folder.file()).unwrap();
        let verifier = remember(Verifier::new(standard(keys.clone())).unwrap());
        for _ in 0..2 {
            assert_eq!(at_once(&verifier, &of_one), Ok(()), "{memory}");
            assert_eq!(at_once(&verifier, &of_two), Ok(()), "{memory}");
        }
        folder.write(&[&two]);
        keys.refresh_now().await.unwrap();
        let error = verifier.verify(&of_one).await.unwrap_err();
        assert_eq!(error.kind(), UnknownKey, "{memory}");
        assert_eq!(at_once(&verifier, &of_two), Ok(()), "{memory}");
    }
}

/// Nobody refreshes it: hits alone have the file read, and none of them outlives what was removed.
#[tokio::test(start_paused = true)]
async fn a_key_that_left_the_file_is_refused_within_twice_the_interval() {
    for (memory, remember) in MEMORIES {
        let folder = Folder::new(&format!("hits {memory}"));
        let ((one, of_one), (two, _)) = (named("one"), named("two"));
        folder.write(&[&one, &two]);
        let keys = JwksFile::watch(folder.file()).unwrap();
        let verifier = remember(Verifier::new(standard(keys)).unwrap());
        assert_eq!(at_once(&verifier, &of_one), Ok(()), "{memory}");
        folder.write(&[&two]);
        advance(Duration::from_secs(11)).await;
        let error = verifier.verify(&of_one).await.unwrap_err();
        assert_eq!(error.kind(), UnknownKey, "{memory}");
        assert_eq!(remembered(&verifier), 0, "{memory}");
    }
}
