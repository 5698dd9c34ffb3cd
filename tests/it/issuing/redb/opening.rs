//! What is said of files that cannot be opened.

use std::{fs, path::Path};

use ::redb::{Database, TableDefinition};
use tower_bearer::RedbStore;

use super::Folder;

/// A database of somebody else's with this table and number in it.
fn database(path: &Path, table: &str, name: &str, number: u64) {
    let table: TableDefinition<&str, u64> = TableDefinition::new(table);
    let database = Database::create(path).unwrap();
    let transaction = database.begin_write().unwrap();
    transaction.open_table(table).unwrap().insert(name, number).unwrap();
    transaction.commit().unwrap();
}

fn complaint(path: &Path) -> String {
    RedbStore::open(path).expect_err("it cannot be opened").to_string()
}

#[tokio::test]
async fn what_is_wrong_is_said() {
    type Spoil = fn(&Path);
    let cases: [(&str, Spoil, &str); 7] = [
        ("text", |path| fs::write(path, "sessions").unwrap(), "no file of redb"),
        ("zeros", |path| fs::write(path, [0; 8192]).unwrap(), "no file of redb"),
        ("a folder", |path| fs::create_dir(path).unwrap(), "cannot be"),
        ("another program's", |path| database(path, "books", "one", 1), "another program's"),
        ("its names", |path| database(path, "about", "one", 1), "another program's"),
        (
            "a later version",
            |path| database(path, "about", "tower-bearer schema", 2),
            "another version of this crate",
        ),
        ("cut off", cut, "damaged"),
    ];
    for (name, spoil, expected) in cases {
        let folder = Folder::new();
        spoil(&folder.file());
        let said = complaint(&folder.file());
        assert!(said.contains(expected), "{name}: {said}");
        assert!(said.contains("sessions.redb"), "{name}: {said}");
    }
}

/// Leaves the head of a file.
fn cut(path: &Path) {
    drop(RedbStore::open(path).unwrap());
    let bytes = fs::read(path).unwrap();
    fs::write(path, &bytes[..8192]).unwrap();
}

#[tokio::test]
async fn one_store_has_the_file() {
    let folder = Folder::new();
    let store = RedbStore::open(folder.file()).unwrap();
    assert!(complaint(&folder.file()).contains("open already"));
    let clone = store.clone();
    drop(store);
    assert!(complaint(&folder.file()).contains("open already"));
    drop(clone);
    drop(RedbStore::open(folder.file()).unwrap());
    assert!(complaint(&folder.file().join("no-folder/a.redb")).contains("cannot be made"));
}

#[cfg(unix)]
#[tokio::test]
async fn a_new_file_is_its_owners() {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = Folder::new();
    let store = RedbStore::open(folder.file()).unwrap();
    assert_eq!(fs::metadata(folder.file()).unwrap().permissions().mode() & 0o777, 0o600);
    drop(store);
}
