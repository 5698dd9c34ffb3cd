//! The service that was polled ready is the one that is called.
