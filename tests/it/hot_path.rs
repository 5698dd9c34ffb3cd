//! With the key at hand: no clone of the inner service, no boxed future, few allocations.
