//! What refusals look like on the wire: the table from error to HTTP, and responders of one's own.
