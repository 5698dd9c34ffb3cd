//! A module imports only from floors below its own.
