//! Keys in a folder: what is in its files, and what is refused.

use std::{
    fs,
    path::{Path, PathBuf},
    time::UNIX_EPOCH,
};

use serde_json::json;

use super::*;
use crate::support::NOW;

/// A folder of a test's own, gone with it.
pub(super) struct Folder(PathBuf);

impl Folder {
    pub(super) fn new(name: &str) -> Self {
        let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join("signing_keys").join(name);
        drop(fs::remove_dir_all(&path));
        Self(path)
    }

    pub(super) fn path(&self) -> &Path {
        &self.0
    }

    pub(super) fn open(&self, hand: &Hand) -> House {
        House::of(hand.clone(), self.keys(hand, Algorithm::ES256).unwrap())
    }

    fn keys(
        &self,
        hand: &Hand,
        algorithm: Algorithm,
    ) -> Result<SigningKeys, tower_bearer::ConfigError> {
        SigningKeys::builder(algorithm).folder(&self.0).clock(hand.clone()).build()
    }

    /// The names of all files.
    pub(super) fn files(&self) -> BTreeSet<String> {
        let entries = fs::read_dir(&self.0).unwrap();
        entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
    }

    pub(super) fn file(&self, kid: &str) -> PathBuf {
        self.0.join(format!("{kid}.json"))
    }

    fn content(&self, kid: &str) -> Value {
        serde_json::from_slice(&fs::read(self.file(kid)).unwrap()).unwrap()
    }

    /// A file that its owner alone may read.
    pub(super) fn write(&self, name: &str, content: impl AsRef<[u8]>) {
        fs::write(self.0.join(name), content).unwrap();
        self.mode(name, 0o600);
    }

    #[cfg(unix)]
    fn mode(&self, name: &str, mode: u32) {
        use std::os::unix::fs::PermissionsExt;
        fs::set_permissions(self.0.join(name), fs::Permissions::from_mode(mode)).unwrap();
    }

    #[cfg(not(unix))]
    fn mode(&self, _: &str, _: u32) {}
}

impl Drop for Folder {
    fn drop(&mut self) {
        drop(fs::remove_dir_all(&self.0));
    }
}

#[test]
fn a_file_holds_one_key_of_any_algorithm() {
    for algorithm in Algorithm::ALL {
        let folder = Folder::new(algorithm.name());
        let hand = Hand::default();
        let house = House::of(hand.clone(), folder.keys(&hand, algorithm).unwrap());
        let kid = house.signs();
        assert_eq!(folder.files(), BTreeSet::from([format!("{kid}.json")]), "{algorithm}");
        let content = folder.content(&kid);
        let key = content["key"].as_str().unwrap();
        let expected =
            json!({ "kid": kid, "alg": algorithm.name(), "signs_from": NOW, "key": key });
        assert_eq!(content, expected);
        assert_eq!(key.contains("BEGIN PRIVATE KEY"), !algorithm.is_symmetric(), "{algorithm}");
        // The process ends, and another begins.
        let token = house.token();
        drop(house);
        let again = House::of(hand.clone(), folder.keys(&hand, algorithm).unwrap());
        assert_eq!(again.signs(), kid, "{algorithm}");
        let verified = futures_executor::block_on(again.verify(&token));
        assert_eq!(verified, Ok(()), "{algorithm}");
    }
}

#[test]
fn a_key_that_waits_still_does_in_the_next_process() {
    let (folder, hand) = (Folder::new("standby"), Hand::default());
    let house = folder.open(&hand);
    let (first, second) = (house.signs(), house.keys.rotate().unwrap());
    drop(house);
    hand.set(STANDBY - 1);
    let house = folder.open(&hand);
    assert_eq!((house.signs(), house.published()), (first.clone(), names([&first, &second])));
    hand.set(STANDBY);
    assert_eq!(folder.open(&hand).signs(), second);
}

#[test]
fn it_begins_with_a_key_that_is_given_unless_it_has_one() {
    let (folder, hand) = (Folder::new("given"), Hand::default());
    let begin = |kid: &str| {
        let key = SigningKey::generate(Algorithm::ES256).unwrap().with_kid(kid);
        let keys = SigningKeys::builder(Algorithm::ES256).key(key).folder(folder.path());
        House::of(hand.clone(), keys.clock(hand.clone()).build().unwrap()).signs()
    };
    // A name that could be a path is no file's.
    assert_eq!(begin("../../etc/passwd"), "../../etc/passwd");
    assert_eq!(begin("other"), "../../etc/passwd");
    assert_eq!(folder.files().len(), 1);
    let file = folder.files().pop_first().unwrap();
    assert_eq!(file.len(), "….json".len() - "…".len() + 43, "{file}: a hash");
}

#[cfg(unix)]
#[test]
fn nobody_else_may_read_it() {
    use std::os::unix::fs::MetadataExt;

    let (folder, hand) = (Folder::new("modes"), Hand::default());
    let house = folder.open(&hand);
    house.keys.rotate().unwrap();
    let mode = |path: &Path| fs::metadata(path).unwrap().mode() & 0o777;
    assert_eq!(mode(folder.path()), 0o700);
    assert_eq!(folder.files().len(), 2);
    for file in folder.files() {
        assert_eq!(mode(&folder.path().join(file)), 0o600);
    }
    let name = format!("{}.json", house.signs());
    for other in [0o640, 0o604, 0o620, 0o602, 0o644, 0o666, 0o610, 0o601] {
        folder.mode(&name, other);
        let error = folder.keys(&hand, Algorithm::ES256).map(drop).unwrap_err().to_string();
        assert!(error.contains(&name) && error.contains("chmod 600"), "{other:o}: {error}");
    }
    folder.mode(&name, 0o400);
    assert!(folder.keys(&hand, Algorithm::ES256).is_ok());
}

#[test]
fn files_that_are_no_key_are_named() {
    let (folder, hand) = (Folder::new("damaged"), Hand::default());
    let house = folder.open(&hand);
    let kid = house.signs();
    let name = format!("{kid}.json");
    let good = folder.content(&kid);
    let pem = good["key"].as_str().unwrap();
    let with = |member: &str, value: Value| {
        let mut content = good.clone();
        content[member] = value;
        content.to_string()
    };
    let whole = good.to_string();
    let twice = format!("{},\"kid\":\"{kid}\"}}", &whole[..whole.len() - 1]);
    for (what, content) in [
        ("empty", String::new()),
        ("cut", whole[..whole.len() / 2].to_owned()),
        ("no object", "[]".to_owned()),
        ("a key alone", pem.to_owned()),
        ("a member twice", twice),
        ("a member more", with("d", "x".into())),
        ("another algorithm", with("alg", "ES384".into())),
        ("no algorithm", with("alg", "none".into())),
        ("another name", with("kid", "other".into())),
        ("no key", with("key", "".into())),
        ("a key that is no text", with("key", 7.into())),
        ("a time that is none", with("signs_from", json!(pem))),
        ("a time before 1970", with("signs_from", json!(-1))),
        ("too long", with("key", " ".repeat(17_000).into())),
    ] {
        folder.write(&name, &content);
        let error = folder.keys(&hand, Algorithm::ES256).map(drop).unwrap_err();
        let shown = format!("{error} {error:?}");
        assert!(shown.contains(&name), "{what}: {shown}");
        let is_told = |line: &str| line.len() > 20 && shown.contains(line);
        assert!(!pem.lines().any(is_told), "{what}: {shown}");
    }
    folder.write(&name, whole);
    assert_eq!(folder.open(&hand).signs(), kid);
    let error = folder.keys(&hand, Algorithm::ES384).map(drop).unwrap_err().to_string();
    assert!(error.contains(&name) && error.contains("ES384"), "{error}");
}

#[test]
fn a_folder_that_is_none_says_so() {
    let (folder, hand) = (Folder::new("none"), Hand::default());
    fs::create_dir_all(folder.path().parent().unwrap()).unwrap();
    fs::write(folder.path(), "a file").unwrap();
    let error = folder.keys(&hand, Algorithm::ES256).map(drop).unwrap_err().to_string();
    assert!(error.contains("signing_keys") && error.contains("none"), "{error}");
    fs::remove_file(folder.path()).unwrap();
    // A folder in the place of a file is none either.
    folder.open(&hand);
    fs::create_dir(folder.path().join("nested.json")).unwrap();
    let error = folder.keys(&hand, Algorithm::ES256).map(drop).unwrap_err().to_string();
    assert!(error.contains("nested.json"), "{error}");
}

#[test]
fn what_was_not_finished_is_no_key_and_goes_in_time() {
    let (folder, hand) = (Folder::new("unfinished"), Hand::default());
    let house = folder.open(&hand);
    let kid = house.signs();
    let half = &fs::read(folder.file(&kid)).unwrap()[..40];
    folder.write(".abc.tmp", half);
    folder.write("notes.txt", "not ours");
    let file = fs::File::options().write(true).open(folder.path().join(".abc.tmp")).unwrap();
    file.set_modified(UNIX_EPOCH + Duration::from_secs(NOW)).unwrap();
    hand.set(3599);
    assert_eq!(folder.open(&hand).published(), names([&kid]));
    assert!(folder.files().contains(".abc.tmp"), "somebody may be at it");
    hand.set(3600);
    assert_eq!(folder.open(&hand).published(), names([&kid]));
    assert_eq!(folder.files(), BTreeSet::from([format!("{kid}.json"), "notes.txt".to_owned()]));
}

#[test]
fn a_file_goes_when_no_issuer_can_need_it() {
    let (folder, hand) = (Folder::new("gone"), Hand::default());
    let house = folder.open(&hand);
    let first = house.signs();
    let second = house.keys.rotate().unwrap();
    hand.set(STANDBY + RETIRED);
    assert_eq!(house.published(), names([&second]), "gone here");
    assert!(folder.file(&first).exists(), "others' tokens may live longer");
    let longest = (24 * 60 + 75) * 60;
    hand.set(STANDBY + longest - 1);
    house.published();
    assert!(folder.file(&first).exists());
    hand.set(STANDBY + longest + 60);
    assert_eq!(house.published(), names([&second]));
    assert!(!folder.file(&first).exists() && folder.file(&second).exists());
}
