//! The time of day, from outside, and the dates that tokens carry.

use std::{
    fmt,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use serde::{Deserialize, Deserializer, de};

/// Tells the time of day.
///
/// Any `Fn() -> SystemTime` is a clock, so that tests decide what time it is; [`SystemClock`] is the
/// default.
///
/// ```
/// use std::time::{Duration, UNIX_EPOCH};
/// use tower_bearer::{StaticKeys, TrustedIssuer};
///
/// let keys = StaticKeys::hs256([7; 32])?;
/// let issuer = TrustedIssuer::new("https://issuer.example", "https://api.example", keys)
///     .clock(|| UNIX_EPOCH + Duration::from_secs(1_700_000_000));
/// # drop(issuer);
/// # Ok::<(), tower_bearer::ConfigError>(())
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a `Clock`",
    note = "give a closure `Fn() -> SystemTime`, or implement `tower_bearer::Clock`"
)]
pub trait Clock: Send + Sync + 'static {
    /// What time it is now.
    fn now(&self) -> SystemTime;
}

impl<F> Clock for F
where
    F: Fn() -> SystemTime + Send + Sync + 'static,
{
    fn now(&self) -> SystemTime {
        self()
    }
}

/// The clock of the machine.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "the one place that reads the wall clock")]
    fn now(&self) -> SystemTime {
        SystemTime::now()
    }
}

/// A date as tokens carry it: seconds since 1970-01-01T00:00:00Z, fractions included
/// ([RFC 7519 §2](https://www.rfc-editor.org/rfc/rfc7519#section-2)).
///
/// Always finite and never negative. Sums saturate.
#[derive(Clone, Copy, PartialEq, PartialOrd)]
pub struct NumericDate(f64);

impl NumericDate {
    /// The seconds, with their fraction.
    pub fn as_secs_f64(self) -> f64 {
        self.0
    }

    /// The whole seconds; `u64::MAX` for what is larger.
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "finite and never negative; `as` saturates"
    )]
    pub fn as_secs(self) -> u64 {
        self.0 as u64
    }

    /// The date as the standard library has it; `None` if it lies beyond what that can hold.
    pub fn to_system_time(self) -> Option<SystemTime> {
        UNIX_EPOCH.checked_add(Duration::try_from_secs_f64(self.0).ok()?)
    }

    pub(crate) fn plus(self, duration: Duration) -> Self {
        Self((self.0 + duration.as_secs_f64()).min(f64::MAX))
    }

    /// How long after `earlier` this is, in seconds; negative if it is before.
    pub(crate) fn seconds_since(self, earlier: Self) -> f64 {
        self.0 - earlier.0
    }

    fn new(seconds: f64) -> Option<Self> {
        (seconds.is_finite() && seconds >= 0.0).then_some(Self(seconds))
    }
}

/// A time before 1970 is taken as 1970.
impl From<SystemTime> for NumericDate {
    fn from(time: SystemTime) -> Self {
        Self(time.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs_f64())
    }
}

impl fmt::Debug for NumericDate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("NumericDate(..)")
    }
}

impl<'de> Deserialize<'de> for NumericDate {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        // Asked for as a number: with serde_json's `arbitrary_precision` turned on elsewhere in
        // the tree, `deserialize_any` would hand out a map instead.
        let seconds = f64::deserialize(deserializer)?;
        Self::new(seconds)
            .ok_or_else(|| de::Error::custom("a date is a finite number of seconds since 1970"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_any_finite_number_that_is_not_negative() {
        let cases = [
            ("integer", "1300819380", Some(1_300_819_380.0)),
            ("fraction", "1234.5", Some(1234.5)),
            ("exponent", "1e3", Some(1000.0)),
            ("zero", "0", Some(0.0)),
            ("year 10000", "253402300800", Some(253_402_300_800.0)),
            ("beyond u64", "18446744073709551616", Some(18_446_744_073_709_551_616.0)),
            ("negative", "-1", None),
            ("beyond a double", "1e400", None),
            ("string", "\"1300819380\"", None),
            ("null", "null", None),
            ("bool", "true", None),
            ("array", "[1]", None),
            ("object", "{}", None),
        ];
        for (name, json, expected) in cases {
            let read = serde_json::from_str::<NumericDate>(json).ok();
            assert_eq!(read.map(NumericDate::as_secs_f64), expected, "{name}");
        }
    }

    #[test]
    fn sums_and_conversions_saturate() {
        let last = NumericDate(f64::MAX);
        assert!(last.plus(Duration::MAX) == last);
        assert_eq!(last.as_secs(), u64::MAX);
        assert_eq!(last.to_system_time(), None);
        let before = UNIX_EPOCH - Duration::from_secs(5);
        assert_eq!(NumericDate::from(before).as_secs(), 0);
    }
}
