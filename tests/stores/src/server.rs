/// A server that tests do things to. All of these wait until it is done.
pub trait Server: Send + Sync + Sized + 'static {
    /// What to install, if it is not there.
    fn missing() -> Option<&'static str>;

    /// Starts one of its own, without data.
    ///
    /// # Panics
    ///
    /// It is not installed, and the text says what to install.
    fn start() -> Self;

    /// Where clients find it. The same after a restart.
    fn url(&self) -> String;

    /// Its port on 127.0.0.1.
    fn port(&self) -> u16;

    /// `kill -9`, to each of its processes.
    fn kill(&mut self);

    /// Starts it again with what it had on disk, on the same port.
    fn restart(&mut self);

    /// Forgets what was on disk: for a server that was killed.
    fn erase(&mut self);

    /// Copies what is on disk, for [`put_back`](Self::put_back): for a server that was killed.
    fn save(&mut self);

    /// Takes what was on disk when it was saved: for a server that was killed.
    fn put_back(&mut self);

    /// Stops each of its processes: connections stay, and nothing is answered.
    fn pause(&self);

    /// Lets them go on.
    fn resume(&self);
}
