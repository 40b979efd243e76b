//! The scale of the chart: from the times of commands to places on a line.
//!
//! Rules: a time in which nothing ran is cut where it would take the room of what ran, and the
//! chart says so. Places are thousandths of the line.

use crate::report::duration;

/// When a command ran, in milliseconds from anywhere.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Interval {
    pub start_ms: i64,
    /// At least its start.
    pub end_ms: i64,
}

/// A part of the line.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Bar {
    pub left: f64,
    pub width: f64,
}

impl Bar {
    /// Where it ends, and a little behind: sums of fractions are not exact.
    pub fn right(self) -> f64 {
        self.left + self.width + 1e-6
    }

    /// The same in the style of an element.
    pub fn style(self) -> String {
        format!("left:{:.2}%;width:{:.2}%", self.left / 10.0, self.width / 10.0)
    }
}

/// A time in which nothing ran, cut.
#[derive(Debug, PartialEq)]
pub(super) struct Break {
    pub at: Bar,
    pub idle_ms: u64,
}

impl Break {
    /// How long nothing ran, in words.
    pub fn lasted(&self) -> String {
        words(self.idle_ms)
    }
}

/// A time in words.
fn words(ms: u64) -> String {
    duration(ms.saturating_mul(1_000_000))
}

/// Milliseconds on the line where something began or ended, and what they stand for.
struct Point {
    ms: i64,
    place: f64,
}

/// From times to places.
pub(super) struct Scale {
    points: Vec<Point>,
    pub breaks: Vec<Break>,
}

/// The length of the line.
pub(super) const WHOLE: f64 = 1000.0;

/// The narrowest that a bar is, so that it is seen.
const NARROWEST: f64 = 2.0;

/// The most breaks that are marked, the longest ones.
const BREAKS_MAX: usize = 50;

impl Scale {
    /// The scale of these; nothing where there are none.
    pub fn of(intervals: &[Interval]) -> Option<Self> {
        let blocks = blocks(intervals);
        let (first, last) = (blocks.first()?, blocks.last()?);
        let idle: Vec<i64> = blocks.windows(2).map(|two| two[1].start_ms - two[0].end_ms).collect();
        let busy: i64 = blocks.iter().map(|block| block.end_ms - block.start_ms).sum();
        // All that is idle takes at most a quarter of the room of what ran.
        let longest = (busy / (4 * idle.len().max(1) as i64)).max(1);
        let drawn: i64 = busy + idle.iter().map(|idle| (*idle).min(longest)).sum::<i64>();
        let unit = WHOLE / drawn.max(1) as f64;
        let (mut points, mut breaks) = (vec![Point { ms: first.start_ms, place: 0.0 }], Vec::new());
        let mut place = 0.0;
        for (block, idle) in blocks.iter().zip(idle.iter().map(Some).chain([None])) {
            place += (block.end_ms - block.start_ms) as f64 * unit;
            points.push(Point { ms: block.end_ms, place });
            let Some(idle) = idle else { break };
            let width = (*idle).min(longest) as f64 * unit;
            if *idle > longest {
                breaks.push(Break { at: Bar { left: place, width }, idle_ms: idle.unsigned_abs() });
            }
            place += width;
            points.push(Point { ms: block.end_ms + idle, place });
        }
        debug_assert_eq!(points.last().map(|point| point.ms), Some(last.end_ms));
        breaks.sort_by_key(|one| std::cmp::Reverse(one.idle_ms));
        breaks.truncate(BREAKS_MAX);
        breaks.sort_by(|a, b| a.at.left.total_cmp(&b.at.left));
        Some(Scale { points, breaks })
    }

    /// The bar of one of the intervals.
    pub fn bar(&self, interval: Interval) -> Bar {
        let (left, right) = (self.place(interval.start_ms), self.place(interval.end_ms));
        let width = (right - left).max(NARROWEST);
        Bar { left: left.min(WHOLE - width), width }
    }

    /// The time between its ends, in words.
    pub fn lasted(&self) -> String {
        let (first, last) = (self.points.first(), self.points.last());
        first.zip(last).map_or_else(String::new, |(first, last)| words(first.ms.abs_diff(last.ms)))
    }

    fn place(&self, ms: i64) -> f64 {
        let behind = self.points.partition_point(|point| point.ms <= ms);
        let (Some(before), behind) =
            (behind.checked_sub(1).map(|at| &self.points[at]), self.points.get(behind))
        else {
            return 0.0;
        };
        let Some(behind) = behind else { return before.place };
        let part = (ms - before.ms) as f64 / (behind.ms - before.ms) as f64;
        before.place + part * (behind.place - before.place)
    }
}

/// The times in which something ran, in order, none touching another.
fn blocks(intervals: &[Interval]) -> Vec<Interval> {
    let mut sorted = intervals.to_vec();
    sorted.sort_by_key(|interval| interval.start_ms);
    let mut blocks: Vec<Interval> = Vec::new();
    for interval in sorted {
        match blocks.last_mut() {
            Some(last) if interval.start_ms <= last.end_ms => last.end_ms = last.end_ms.max(interval.end_ms),
            _ => blocks.push(interval),
        }
    }
    blocks
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scale(intervals: &[(i64, i64)]) -> (Scale, Vec<Bar>) {
        let of = |(start_ms, end_ms): &(i64, i64)| Interval { start_ms: *start_ms, end_ms: *end_ms };
        let intervals: Vec<Interval> = intervals.iter().map(of).collect();
        let scale = Scale::of(&intervals).unwrap();
        let bars = intervals.iter().map(|interval| scale.bar(*interval)).collect();
        (scale, bars)
    }

    #[test]
    fn what_ran_takes_its_part_of_the_line() {
        let (scale, bars) = scale(&[(1_000, 2_000), (2_000, 5_000)]);
        assert_eq!(bars, [Bar { left: 0.0, width: 250.0 }, Bar { left: 250.0, width: 750.0 }]);
        assert!(scale.breaks.is_empty());
    }

    #[test]
    fn a_long_rest_is_cut_and_said() {
        let (scale, bars) = scale(&[(0, 1_000), (86_400_000, 86_401_000)]);
        assert_eq!(scale.breaks, [Break { at: Bar { left: 400.0, width: 200.0 }, idle_ms: 86_399_000 }]);
        assert_eq!(bars, [Bar { left: 0.0, width: 400.0 }, Bar { left: 600.0, width: 400.0 }]);
    }

    #[test]
    fn everything_is_on_the_line_and_is_seen() {
        for intervals in [
            vec![(5, 5)],
            vec![(5, 5), (5, 5)],
            vec![(0, 100_000), (100_000, 100_000)],
            vec![(i64::from(i32::MIN), 0), (-5, 7), (3, 3)],
            (0..1_000).map(|at| (at * 1_000, at * 1_000 + at % 7)).collect(),
        ] {
            for bar in scale(&intervals).1 {
                assert!(bar.width >= NARROWEST && bar.left >= 0.0 && bar.left + bar.width <= WHOLE + 1e-6);
            }
        }
        assert!(Scale::of(&[]).is_none());
    }
}
