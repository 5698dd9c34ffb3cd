//! Counts nothing.

use super::record::Record;
#[cfg(feature = "jwks")]
use std::{sync::Arc, time::Duration};

pub(crate) fn token(_: Result<(), &'static str>) {}

#[cfg(feature = "cache")]
pub(crate) fn lookup(_: &'static str) {}

pub(super) fn decision(_: &'static str, _: &Record<'_>) {}

#[cfg(feature = "issue")]
pub(crate) fn renewal(_: &'static str) {}

#[cfg(feature = "jwks")]
pub(crate) fn fetch(_: &Arc<str>, _: &'static str, _: &'static str) {}

#[cfg(feature = "jwks")]
pub(crate) fn keys(_: &Arc<str>, _: usize, _: Option<Duration>) {}

#[cfg(feature = "jwks")]
pub(crate) fn unknown_key(_: &Arc<str>, _: &'static str) {}
