//! A stolen file without the key, and a stolen key without the file: neither makes a token.

use std::fs;

use aws_lc_rs::hmac;
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use tower_bearer::{RedbStore, SessionStore as _, StoredSession, TokenPair};

use super::{
    super::{Hand, ISSUER, SECRET, Service, SessionErrorKind as Kind},
    Folder,
};

/// Version, key id, session id and counter.
const HEAD: usize = 33;
const TAG: usize = 32;

fn bytes(pair: &TokenPair) -> Vec<u8> {
    URL_SAFE_NO_PAD.decode(pair.refresh_token()).unwrap()
}

fn tag(key: &[u8], message: &[u8]) -> Vec<u8> {
    hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, key), message).as_ref().to_vec()
}

/// What the secret becomes for this issuer and client.
fn key() -> Vec<u8> {
    let mut context = b"tower-bearer: the key for refresh tokens of ".to_vec();
    for name in [ISSUER, "web"] {
        context.extend(name.len().to_be_bytes());
        context.extend(name.as_bytes());
    }
    tag(&SECRET, &context)
}

/// A head with this session and counter in the place of its own.
fn head(token: &[u8], session: &StoredSession, counter: u64) -> Vec<u8> {
    [&token[..9], &session.id.to_bytes(), &counter.to_be_bytes()].concat()
}

/// A victim's session, a thief's own, and what the store has of both.
struct Scene {
    folder: Folder,
    service: Service<RedbStore>,
    victim: TokenPair,
    thief: TokenPair,
    stored: StoredSession,
    thiefs: StoredSession,
}

impl Scene {
    async fn new() -> Self {
        let folder = Folder::new();
        let store = RedbStore::open_with_clock(folder.file(), Hand::default()).unwrap();
        let service = Service::with(Hand::default(), store.clone());
        let first = service.login("ada").await;
        let victim = service.renew(first.refresh_token()).await.unwrap();
        let thief = service.login("mallory").await;
        let stored = store.find(victim.session().id).await.unwrap().unwrap();
        let thiefs = store.find(thief.session().id).await.unwrap().unwrap();
        Self { folder, service, victim, thief, stored, thiefs }
    }

    /// None of these is a token, and the victim's goes on.
    async fn are_refused(&self, attempts: impl IntoIterator<Item = Vec<u8>>) {
        let mut count = 0;
        for attempt in attempts {
            let token = URL_SAFE_NO_PAD.encode(&attempt);
            let refused = self.service.renew(&token).await.unwrap_err();
            assert_eq!(refused, Kind::Invalid, "attempt {count}");
            let ended = self.service.sessions.end_by_token(&token).await.unwrap_err();
            assert_eq!(ended.kind(), Kind::Invalid, "attempt {count}");
            count += 1;
        }
        assert!(count > 0);
        self.service.renew(self.victim.refresh_token()).await.unwrap();
        self.service.renew(self.thief.refresh_token()).await.unwrap();
    }
}

/// What the attempts below are made by: were key and nonce known, it would be a token.
#[tokio::test]
async fn key_and_file_together_make_the_token() {
    let scene = Scene::new().await;
    let head = head(&bytes(&scene.victim), &scene.stored, 1);
    let made = tag(&key(), &[&head[..], scene.stored.nonce.as_bytes()].concat());
    assert_eq!([head, made].concat(), bytes(&scene.victim));
}

#[tokio::test]
async fn the_file_alone_makes_no_token() {
    let scene = Scene::new().await;
    let victim = bytes(&scene.victim);
    let nonce = *scene.stored.nonce.as_bytes();
    let file = fs::read(scene.folder.file()).unwrap();
    let at: Vec<_> = (0..file.len() - TAG).filter(|at| file[*at..*at + TAG] == nonce).collect();
    assert!(!at.is_empty(), "the nonce stands in the file");
    for secret in [&SECRET[..], &victim[HEAD..], scene.victim.refresh_token().as_bytes()] {
        assert!(!file.windows(secret.len()).any(|window| window == secret), "no token, no key");
    }
    let mut attempts = Vec::new();
    for counter in 0..3 {
        let head = head(&victim, &scene.stored, counter);
        let message = [&head[..], &nonce].concat();
        // The nonce as the tag, as the key, or with keys that are easily guessed.
        attempts.push([&head[..], &nonce].concat());
        for key in [&nonce[..], &[0; 32], &[], b"tower-bearer", &victim[1..9]] {
            attempts.push([&head[..], &tag(key, &message)].concat());
            attempts.push([&head[..], &tag(key, &head)].concat());
        }
    }
    // Whatever stands near the nonce, for a tag.
    let head = head(&victim, &scene.stored, 1);
    let near = at.iter().flat_map(|at| at.saturating_sub(256)..(at + 256).min(file.len() - TAG));
    attempts.extend(near.map(|at| [&head[..], &file[at..at + TAG]].concat()));
    scene.are_refused(attempts).await;
}

#[tokio::test]
async fn the_key_alone_makes_no_token() {
    let scene = Scene::new().await;
    let victim = bytes(&scene.victim);
    let id = scene.stored.id.to_bytes();
    let guesses: Vec<Vec<u8>> = vec![
        vec![],
        vec![0; 32],
        vec![255; 32],
        [id, id].concat(),
        SECRET.to_vec(),
        // Those of a session of one's own.
        scene.thiefs.nonce.as_bytes().to_vec(),
    ];
    let attempts = (0..3).flat_map(|counter| {
        let head = head(&victim, &scene.stored, counter);
        let forge =
            move |guess: &Vec<u8>| [&head[..], &tag(&key(), &[&head[..], guess].concat())].concat();
        guesses.iter().map(forge).collect::<Vec<_>>()
    });
    scene.are_refused(attempts.collect::<Vec<_>>()).await;
}

#[tokio::test]
async fn one_token_makes_no_other() {
    let scene = Scene::new().await;
    let (victim, thief) = (bytes(&scene.victim), bytes(&scene.thief));
    let mut attempts = vec![
        // A token of one's own under another name, and the other way round.
        [&head(&thief, &scene.stored, 0)[..], &thief[HEAD..]].concat(),
        [&victim[..HEAD], &thief[HEAD..]].concat(),
        [&thief[..HEAD], &victim[HEAD..]].concat(),
    ];
    for counter in [0, 2, 3, u64::MAX - 1, u64::MAX] {
        attempts.push([&head(&victim, &scene.stored, counter)[..], &victim[HEAD..]].concat());
    }
    for at in 0..victim.len() {
        let mut changed = victim.clone();
        changed[at] ^= 1;
        attempts.push(changed);
    }
    attempts.extend((0..victim.len()).map(|length| victim[..length].to_vec()));
    attempts.push([&victim[..], &[0]].concat());
    scene.are_refused(attempts).await;
}
