use std::{
    marker::PhantomPinned,
    pin::Pin,
    sync::{
        Arc, Weak,
        atomic::{AtomicUsize, Ordering},
    },
    task::{Context, Poll},
};

use hyper::body::{Body, Bytes, Frame};
use pin_project_lite::pin_project;
use tokio::sync::mpsc;

type Sent = Result<Frame<Bytes>, &'static str>;

pin_project! {
    /// A body of what a test sends. It is none of axum's, it may not be moved once it is polled, and it has no length.
    #[derive(Debug, Default)]
    pub(super) struct Feed {
        frames: Option<mpsc::UnboundedReceiver<Sent>>,
        polled: Arc<AtomicUsize>,
        #[pin]
        pinned: PhantomPinned,
    }
}

/// The other end of it.
pub(super) struct Source {
    frames: Option<mpsc::UnboundedSender<Sent>>,
    polled: Weak<AtomicUsize>,
}

pub(super) fn feed() -> (Source, Feed) {
    let (sender, receiver) = mpsc::unbounded_channel();
    let feed = Feed { frames: Some(receiver), ..Feed::default() };
    (Source { frames: Some(sender), polled: Arc::downgrade(&feed.polled) }, feed)
}

impl Source {
    pub(super) fn send(&self, text: &'static str) {
        self.frame(Ok(Frame::data(Bytes::from_static(text.as_bytes()))));
    }

    /// Of a body that is no more nobody gets anything.
    pub(super) fn frame(&self, frame: Sent) {
        drop(self.frames.as_ref().unwrap().send(frame));
    }

    /// There is no more to come.
    pub(super) fn end(&mut self) {
        self.frames = None;
    }

    /// The body is no more.
    pub(super) fn is_dropped(&self) -> bool {
        self.polled.upgrade().is_none()
    }

    /// How often the body was polled.
    pub(super) fn polled(&self) -> usize {
        self.polled.upgrade().unwrap().load(Ordering::SeqCst)
    }
}

impl Body for Feed {
    type Data = Bytes;
    type Error = &'static str;

    fn poll_frame(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Sent>> {
        let this = self.project();
        this.polled.fetch_add(1, Ordering::SeqCst);
        this.frames.as_mut().map_or(Poll::Ready(None), |frames| frames.poll_recv(cx))
    }
}
