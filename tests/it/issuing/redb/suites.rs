use std::{path::PathBuf, sync::Mutex};

use tower_bearer::{RedbStore, testing};

use super::Folder;

/// A file for each case; they go with this.
#[derive(Default)]
struct Files(Mutex<Vec<Folder>>);

impl Files {
    fn next(&self) -> PathBuf {
        let folder = Folder::new();
        let file = folder.file();
        self.0.lock().unwrap().push(folder);
        file
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sessions_conform() {
    let files = Files::default();
    testing::session_store(|clock| {
        let file = files.next();
        async { RedbStore::open_with_clock(file, clock).unwrap() }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn revocations_conform() {
    let files = Files::default();
    testing::revocation_log(|| {
        let file = files.next();
        async { RedbStore::open(file).unwrap() }
    })
    .await;
}
