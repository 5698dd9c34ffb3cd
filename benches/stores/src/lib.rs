//! Holds the examples of the chapter on scaling, which need the crates of both stores.

/// They are tests.
#[cfg(doctest)]
#[doc = include_str!("../../../docs/SCALING.md")]
struct Scaling;
