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
    #[test]
    fn times_are_rfc3339_in_utc() {
        assert_eq!(super::rfc3339(1_763_812_800_123_456_789), "2025-11-22T12:00:00.123456Z");
        assert_eq!(super::rfc3339(u64::MAX), "2554-07-21T23:34:33.709551Z");
    }
}
