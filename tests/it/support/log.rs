use std::{cell::RefCell, io, rc::Rc, sync::Once};

use tracing_subscriber::{
    Layer, filter::dynamic_filter_fn, fmt, layer::SubscriberExt, registry, util::SubscriberInitExt,
};

thread_local! {
    static CAPTURED: RefCell<Option<Rc<RefCell<Vec<u8>>>>> = const { RefCell::new(None) };
}

/// Everything that is logged on this thread, at every level, while this lives.
///
/// There is one subscriber for all tests, since a subscriber for each would let tests that run side by
/// side turn off each other's events.
pub(crate) struct Log(Rc<RefCell<Vec<u8>>>);

impl Log {
    pub(crate) fn capture() -> Self {
        static SUBSCRIBER: Once = Once::new();
        SUBSCRIBER.call_once(|| {
            let capturing = dynamic_filter_fn(|_, _| CAPTURED.with_borrow(Option::is_some));
            let layer = fmt::layer().with_ansi(false).with_writer(|| Writer);
            registry().with(layer.with_filter(capturing)).init();
        });
        let log = Self(Rc::default());
        CAPTURED.set(Some(Rc::clone(&log.0)));
        log
    }

    /// What was logged or written so far.
    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.0.borrow()).into_owned()
    }

    /// Writes a line of the test's own.
    pub(crate) fn line(&self, text: &str) {
        self.0.borrow_mut().extend(text.bytes().chain(*b"\n"));
    }
}

impl Drop for Log {
    fn drop(&mut self) {
        CAPTURED.set(None);
    }
}

struct Writer;

impl io::Write for Writer {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        CAPTURED.with_borrow(|log| log.iter().for_each(|log| log.borrow_mut().extend(bytes)));
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
