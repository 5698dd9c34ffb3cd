use redis::{PushInfo, PushKind, Value, aio::MultiplexedConnection};
use tokio::{sync::mpsc::UnboundedReceiver, time::timeout};

use super::{Doctor, Report};
use crate::fault::Fault;

impl Doctor<'_> {
    /// Tells itself something.
    pub(super) async fn listen(
        &self,
        report: &mut Report,
        connection: &mut MultiplexedConnection,
        heard: &mut UnboundedReceiver<PushInfo>,
    ) {
        let told = timeout(self.patience, self.tell(connection, heard)).await;
        match told.unwrap_or(Err(Fault::Slow)) {
            Ok(()) => report.checkup.good("it tells of revocations as they are made"),
            Err(fault) => {
                report.give_up("it does not tell of revocations as they are made", &fault);
            }
        }
    }

    async fn tell(
        &self,
        connection: &mut MultiplexedConnection,
        heard: &mut UnboundedReceiver<PushInfo>,
    ) -> Result<(), Fault> {
        let channel = &*self.keys.probe;
        connection.subscribe(channel).await?;
        redis::cmd("PUBLISH").arg(channel).arg("1").query_async::<Value>(connection).await?;
        while let Some(push) = heard.recv().await {
            // That of another who asks at the same time is as good.
            if push.kind == PushKind::Message {
                return Ok(());
            }
        }
        Err(Fault::Gone("the connection was closed".to_owned()))
    }
}
