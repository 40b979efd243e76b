//! Time: what the clocks say at one moment, and how a time is written.
//!
//! Local time is untrusted and named so wherever it is shown. The two clocks together
//! show a step: realtime minus boottime stays the same while nobody sets the clock.

use std::time::Duration;

use crate::os::clock;

/// What the clocks said at one moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Moment {
    /// Nanoseconds since 1970-01-01T00:00:00Z by CLOCK_REALTIME.
    pub realtime_ns: u64,
    /// Nanoseconds since boot, suspend included, by CLOCK_BOOTTIME.
    pub boottime_ns: u64,
    /// Whether the kernel says that its clock is synchronised (adjtimex(2)).
    pub synced: bool,
}

/// Reads both clocks.
#[must_use]
pub fn now() -> Moment {
    Moment {
        realtime_ns: clock::realtime_ns(),
        boottime_ns: clock::boottime_ns(),
        synced: clock::is_synced(),
    }
}

/// A moment by which something is over; no change of the clock moves it.
#[derive(Clone, Copy, Debug)]
pub struct Deadline {
    boottime_ns: u64,
}

impl Deadline {
    /// The moment that is this much later than now.
    #[must_use]
    pub fn after(time: Duration) -> Self {
        let ns = u64::try_from(time.as_nanos()).unwrap_or(u64::MAX);
        Deadline { boottime_ns: clock::boottime_ns().saturating_add(ns) }
    }

    /// What is left until then; nothing once it is past.
    #[must_use]
    pub fn left(self) -> Duration {
        Duration::from_nanos(self.boottime_ns.saturating_sub(clock::boottime_ns()))
    }
}

/// RFC 3339 in UTC with nanoseconds cut to microseconds.
#[must_use]
pub fn rfc3339(realtime_ns: u64) -> String {
    timestamp(realtime_ns).map_or_else(|| format!("{realtime_ns}ns"), |time| format!("{time:.6}"))
}

/// The units of an age, each with its seconds, the longest first.
const UNITS: [(char, u64); 5] = [('w', 604_800), ('d', 86_400), ('h', 3_600), ('m', 60), ('s', 1)];

/// An age in seconds: a number and one of s, m, h, d and w.
#[must_use]
pub fn age_s(text: &str) -> Option<u64> {
    let unit = text.chars().last()?;
    let (_, seconds) = UNITS.into_iter().find(|(known, _)| *known == unit)?;
    let digits = text.strip_suffix(unit)?;
    let number: u64 = digits.parse().ok().filter(|_| digits.bytes().all(|byte| byte.is_ascii_digit()))?;
    number.checked_mul(seconds)
}

/// Seconds as an age, in the longest of s, m, h and d that leaves no rest.
#[must_use]
pub fn as_age(seconds: u64) -> String {
    let fits = |(_, unit): &(char, u64)| seconds >= *unit && seconds.is_multiple_of(*unit);
    let (unit, each) = UNITS.into_iter().skip(1).find(fits).unwrap_or(('s', 1));
    format!("{}{unit}", seconds / each)
}

/// Seconds since 1970 of a calendar time in the zone of this machine.
#[must_use]
pub fn local_second(time: jiff::civil::DateTime) -> Option<i64> {
    let (date, clock) = (time.date(), time.time());
    crate::sys::local_second(
        date.year().into(),
        date.month().into(),
        date.day().into(),
        clock.hour().into(),
        clock.minute().into(),
        clock.second().into(),
    )
}

/// The moment as calendar time.
#[must_use]
pub fn timestamp(realtime_ns: u64) -> Option<jiff::Timestamp> {
    jiff::Timestamp::from_nanosecond(i128::from(realtime_ns)).ok()
}

#[cfg(test)]
mod tests {
    use super::{age_s, as_age};

    #[test]
    fn an_age_is_read_as_it_is_written() {
        for (text, seconds) in [("0s", 0), ("90s", 90), ("36h", 129_600), ("30d", 2_592_000)] {
            assert_eq!((age_s(text), as_age(seconds).as_str()), (Some(seconds), text));
        }
        assert_eq!((age_s("2w"), as_age(1_209_600).as_str()), (Some(1_209_600), "14d"));
        for bad in ["", "30", "d", "-1d", "+1d", " 1d", "1 d", "1y", "1\u{e9}", "1.5h", "99999999999999999w"]
        {
            assert_eq!(age_s(bad), None, "{bad}");
        }
    }

    #[test]
    fn times_are_rfc3339_in_utc() {
        assert_eq!(super::rfc3339(1_763_812_800_123_456_789), "2025-11-22T12:00:00.123456Z");
        assert_eq!(super::rfc3339(u64::MAX), "2554-07-21T23:34:33.709551Z");
    }
}
