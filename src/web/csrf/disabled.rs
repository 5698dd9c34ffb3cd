use http::Method;

use crate::head::RequestHead;

/// Without the feature `cookies` nobody can say where a request comes from.
#[derive(Clone, Debug, Default)]
pub(crate) struct Origins(());

impl Origins {
    #[expect(clippy::unused_self, reason = "its twin has something to ask")]
    pub(super) fn allow(&self, _: &Method, _: RequestHead<'_>) -> bool {
        false
    }
}
