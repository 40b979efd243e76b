//! The clocks of Linux.

use nix::time::{ClockId, clock_gettime};

/// Nanoseconds since 1970-01-01T00:00:00Z; 0 before that.
#[must_use]
pub fn realtime_ns() -> u64 {
    read(ClockId::CLOCK_REALTIME)
}

/// Nanoseconds since boot, suspend included.
#[must_use]
pub fn boottime_ns() -> u64 {
    read(ClockId::CLOCK_BOOTTIME)
}

/// Whether the kernel says that its clock is synchronised (adjtimex(2)).
#[must_use]
pub fn is_synced() -> bool {
    crate::sys::clock_is_synced()
}

fn read(clock: ClockId) -> u64 {
    let time = clock_gettime(clock).expect("Linux has this clock");
    // A realtime before 1970 has no honest value in the record; 0 shows as a step.
    let seconds = u64::try_from(time.tv_sec()).unwrap_or(0);
    seconds * 1_000_000_000 + u64::try_from(time.tv_nsec()).unwrap_or(0)
}
