use std::{fmt, future::Future, panic::AssertUnwindSafe, time::Duration};

use futures_util::FutureExt as _;
use tokio::{
    runtime::{Handle, RuntimeFlavor},
    time::timeout,
};

use super::super::misuse;
use crate::error::StoreError;

/// Whether a case holds.
pub(super) type Verdict = Result<(), Fault>;

/// What was found, and was not to be.
pub(super) struct Fault(String);

impl Fault {
    pub(super) fn new(what: impl Into<String>) -> Self {
        Self(what.into())
    }
}

impl From<StoreError> for Fault {
    fn from(error: StoreError) -> Self {
        Self(format!("{error}: {error:?}"))
    }
}

/// Holds if both are the same.
pub(super) fn same<T: PartialEq + fmt::Debug>(what: &str, found: &T, wanted: &T) -> Verdict {
    if found == wanted {
        return Ok(());
    }
    Err(Fault(format!("{what}: {found:?}, which should be {wanted:?}")))
}

/// The cases of a suite, and those that failed.
pub(super) struct Suite {
    name: &'static str,
    cases: usize,
    failed: Vec<String>,
}

/// A case that takes longer hangs.
const PATIENCE: Duration = Duration::from_secs(120);

impl Suite {
    pub(super) fn new(name: &'static str) -> Self {
        let runtime = Handle::try_current().map(|runtime| runtime.runtime_flavor());
        if !runtime.is_ok_and(|flavor| flavor != RuntimeFlavor::CurrentThread) {
            misuse(
                "run this on a tokio runtime of several threads: #[tokio::test(flavor = \"multi_thread\")]",
            );
        }
        Self { name, cases: 0, failed: Vec::new() }
    }

    /// Runs one. What panics has failed as well.
    pub(super) async fn case(&mut self, name: &str, case: impl Future<Output = Verdict>) {
        let case = AssertUnwindSafe(timeout(PATIENCE, case)).catch_unwind();
        let found = match case.await {
            Ok(Ok(Ok(()))) => None,
            Ok(Ok(Err(Fault(found)))) => Some(found),
            Ok(Err(_)) => Some("it hangs".to_owned()),
            Err(_) => Some("it panics".to_owned()),
        };
        self.cases = self.cases.saturating_add(1);
        self.failed.extend(found.map(|found| format!("{name}: {found}")));
    }

    #[track_caller]
    pub(super) fn end(self) {
        let Self { name, cases, failed } = self;
        if !failed.is_empty() {
            let list = failed.join("\n  ");
            misuse(&format!("{name}: {} of {cases} cases failed\n  {list}", failed.len()));
        }
    }
}

/// Runs cases by their names, each with what it is given anew.
macro_rules! cases {
    ($suite:expr, $given:expr, [$($case:ident),* $(,)?]) => {
        $($suite.case(stringify!($case), async { $case($given).await }).await;)*
    };
}
pub(super) use cases;
