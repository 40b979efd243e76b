//! Words for values: durations.

/// A duration, short.
#[must_use]
pub fn duration(ns: u64) -> String {
    let ms = ns / 1_000_000;
    match ms {
        0..1_000 => format!("{ms}ms"),
        1_000..60_000 => format!("{}.{}s", ms / 1_000, ms % 1_000 / 100),
        60_000..3_600_000 => format!("{}m{:02}s", ms / 60_000, ms / 1_000 % 60),
        _ => format!("{}h{:02}m", ms / 3_600_000, ms / 60_000 % 60),
    }
}

#[cfg(test)]
mod tests {
    use super::duration;

    #[test]
    fn durations_are_short() {
        for (ns, text) in
            [(0, "0ms"), (1_500_000_000, "1.5s"), (61_000_000_000, "1m01s"), (7_260_000_000_000, "2h01m")]
        {
            assert_eq!(duration(ns), text);
        }
    }
}
