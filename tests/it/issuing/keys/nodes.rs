//! Several nodes that have one folder, and no leader.

use std::{fs, sync::Barrier, thread};

use super::{folder::Folder, *};
use crate::support::Log;

/// Two nodes of one folder, with one clock.
fn two(name: &str) -> (Folder, Hand, House, House) {
    let (folder, hand) = (Folder::new(name), Hand::default());
    let (one, other) = (folder.open(&hand), folder.open(&hand));
    (folder, hand, one, other)
}

#[tokio::test]
async fn a_rotation_on_one_is_a_rotation_on_all() {
    let (_folder, hand, one, other) = two("rotation");
    let first = one.signs();
    assert_eq!(other.signs(), first);
    hand.set(30);
    let second = one.keys.rotate().unwrap();
    hand.set(59);
    assert_eq!(other.published(), names([&first]), "read a minute ago at most");
    hand.set(60);
    assert_eq!(other.published(), names([&first, &second]));
    assert_eq!(other.keys.rotate().unwrap(), second, "nobody makes another");
    for (at, signs) in [(30 + STANDBY - 1, &first), (30 + STANDBY, &second)] {
        hand.set(at);
        assert_eq!((&one.signs(), &other.signs()), (signs, signs));
        assert_eq!(one.verify(&other.token()).await, Ok(()));
        assert_eq!(other.verify(&one.token()).await, Ok(()));
    }
}

#[test]
fn whoever_rotates_asks_the_folder_first() {
    let (folder, _hand, one, other) = two("asked");
    let second = one.keys.rotate().unwrap();
    assert_eq!(other.keys.rotate().unwrap(), second);
    assert_eq!(folder.files().len(), 2);
}

#[tokio::test]
async fn nodes_that_begin_at_once_verify_each_other() {
    let (folder, hand) = (Folder::new("at_once"), Hand::default());
    let gate = Barrier::new(4);
    let houses: Vec<House> = thread::scope(|scope| {
        let open = || {
            gate.wait();
            folder.open(&hand)
        };
        let nodes: Vec<_> = (0..4).map(|_| scope.spawn(open)).collect();
        nodes.into_iter().map(|node| node.join().unwrap()).collect()
    });
    hand.set(1);
    let tokens: Vec<_> = houses.iter().map(House::token).collect();
    for house in &houses {
        for token in &tokens {
            assert_eq!(house.verify(token).await, Ok(()));
        }
    }
    hand.set(61);
    let signs: BTreeSet<_> = houses.iter().map(House::signs).collect();
    assert_eq!(signs.len(), 1, "and within a minute they sign with one key");
}

#[tokio::test]
async fn a_key_that_is_not_known_is_looked_for_once_a_second() {
    let (_folder, hand, one, other) = two("unknown");
    let token = |house: &House| {
        house.keys.replace().unwrap();
        house.token()
    };
    hand.set(10);
    let first = token(&one);
    assert_eq!(other.verify(&first).await, Ok(()));
    let second = token(&one);
    assert_eq!(other.verify(&second).await, Err(TokenErrorKind::UnknownKey), "read just now");
    hand.set(11);
    assert_eq!(other.verify(&second).await, Ok(()));
    assert_eq!(other.verify(&first).await, Err(TokenErrorKind::UnknownKey));
}

#[tokio::test]
async fn a_replacement_reaches_nodes_that_only_verify() {
    let (folder, hand, one, other) = two("replaced");
    let stolen = other.token();
    let standby = one.keys.rotate().unwrap();
    let generation = other.keys.generation();
    let new = one.keys.replace().unwrap();
    assert_eq!(folder.files(), BTreeSet::from([format!("{new}.json")]));
    hand.set(59);
    assert_eq!(other.verify(&stolen).await, Ok(()), "within a minute");
    hand.set(60);
    assert_eq!(other.verify(&stolen).await, Err(TokenErrorKind::UnknownKey));
    assert_ne!(other.keys.generation(), generation, "what is remembered is judged again");
    assert_eq!((other.signs(), other.published()), (new.clone(), names([&new])));
    assert_ne!(standby, new);
}

#[tokio::test]
async fn a_key_that_is_forgotten_here_is_gone_there() {
    let (folder, hand, one, other) = two("forgotten");
    let (first, second) = (one.signs(), one.keys.rotate().unwrap());
    let file = fs::read(folder.file(&first)).unwrap();
    hand.set(STANDBY - 1);
    let old = one.token();
    hand.set(STANDBY);
    assert_eq!(other.verify(&old).await, Ok(()));
    assert!(one.keys.forget_key(&first));
    hand.set(STANDBY + 60);
    assert_eq!(other.verify(&old).await, Err(TokenErrorKind::UnknownKey));
    assert_eq!(other.published(), names([&second]));
    // Somebody restores a backup: it stays forgotten where that was said.
    folder.write(&format!("{first}.json"), file);
    hand.set(STANDBY + 120);
    assert_eq!(one.published(), names([&second]));
}

#[tokio::test]
async fn a_folder_that_is_lost_leaves_the_keys_as_they_are() {
    let (folder, hand, one, other) = two("lost");
    let kid = one.signs();
    let generation = one.keys.generation();
    let elsewhere = folder.path().with_extension("elsewhere");
    drop(fs::remove_dir_all(&elsewhere));
    let log = Log::capture();
    fs::rename(folder.path(), &elsewhere).unwrap();
    for minute in 1..4 {
        hand.set(minute * 60);
        assert_eq!((one.signs(), one.published()), (kid.clone(), names([&kid])));
    }
    // As an empty mount point looks.
    fs::create_dir(folder.path()).unwrap();
    hand.set(4 * 60);
    assert_eq!((one.signs(), one.published()), (kid.clone(), names([&kid])));
    let told = log.text().lines().filter(|line| line.contains("keys not read")).count();
    assert_eq!(told, 1, "{}", log.text());
    assert!(one.keys.rotate().is_ok(), "an empty folder can be written to");
    fs::remove_dir_all(folder.path()).unwrap();
    assert!(one.keys.replace().is_err(), "nothing is replaced that would not last");
    assert_eq!(one.signs(), kid);
    fs::rename(&elsewhere, folder.path()).unwrap();
    hand.set(5 * 60);
    assert_eq!(one.published(), names([&kid]));
    assert_eq!(other.verify(&one.token()).await, Ok(()));
    assert_ne!(one.keys.generation(), generation, "the standby came and went");
}

#[tokio::test]
async fn a_file_that_is_damaged_leaves_its_key_as_it_is() {
    let (folder, hand, one, other) = two("damaged_later");
    let (token, kid) = (one.token(), one.signs());
    let log = Log::capture();
    folder.write(&format!("{kid}.json"), "{");
    folder.write("strange.json", "{");
    hand.set(60);
    assert_eq!(one.published(), names([&kid]));
    assert_eq!(one.verify(&token).await, Ok(()));
    assert!(log.text().contains("json: it is no JSON object"), "{}", log.text());
    // What else is in the folder still counts.
    let second = other.keys.rotate().unwrap();
    hand.set(120);
    assert_eq!(one.published(), names([&kid, &second]));
}

#[test]
fn a_rotation_that_fails_stops_no_token() {
    let (folder, hand) = (Folder::new("stuck"), Hand::default());
    let day = Duration::from_secs(24 * 60 * 60);
    let keys = SigningKeys::builder(Algorithm::ES256).folder(folder.path()).rotate_every(day);
    let house = House::of(hand.clone(), keys.clock(hand.clone()).build().unwrap());
    let kid = house.signs();
    fs::remove_dir_all(folder.path()).unwrap();
    let log = Log::capture();
    hand.set(2 * 24 * 60 * 60);
    for _ in 0..5 {
        assert_eq!(house.signs(), kid);
    }
    let told = || log.text().lines().filter(|line| line.contains("keys not rotated")).count();
    assert_eq!(told(), 1, "tried once a minute");
    hand.set(2 * 24 * 60 * 60 + 60);
    assert_eq!(house.signs(), kid);
    assert_eq!(told(), 2);
    fs::create_dir(folder.path()).unwrap();
    hand.set(2 * 24 * 60 * 60 + 120);
    assert_eq!(house.signs(), kid);
    assert_eq!((told(), house.published().len()), (2, 2));
}
