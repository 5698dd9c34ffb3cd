//! The examples of the RFCs, and vectors of others.
