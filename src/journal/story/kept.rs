//! A story in the bytes of a state: with it the next recorder knows the shells and the counts
//! without reading the journal.
//!
//! What lives here: these bytes, both ways. What does not: where they stand, and what becomes of a
//! story that is too long (`journal::state`).
//!
//! Rules: attesh-journal(5) has the order. A member that is added to a story is added here: the
//! patterns below name all of them.

use super::{Finding, FindingCode, LiveShell, OpenStart, Story};
use crate::record::Program;

/// Of a story with more findings none is kept, so that nobody writes them at each record.
const KEPT_FINDINGS_MAX: usize = 64;

impl Story {
    /// Whether its findings may stand in a state, if there is room.
    pub(in crate::journal) fn is_brief(&self) -> bool {
        !self.trimmed && self.more_findings == 0 && self.findings.len() <= KEPT_FINDINGS_MAX
    }

    /// The bytes of a story that goes on, with its findings or without.
    pub(in crate::journal) fn keep(&self, with_findings: bool) -> Vec<u8> {
        let Story {
            live,
            shells,
            commands,
            failed,
            unobserved,
            lost,
            paused_commands,
            pause_uncounted,
            pauses,
            withheld,
            redacted,
            anomalies,
            facts,
            unknown_facts,
            must_understand,
            clock_steps,
            // Neither is in a state: the end erases it, and with more findings none is kept.
            ended: _,
            more_findings: _,
            findings,
            incomplete,
            clock,
            trimmed: _,
        } = self;
        let mut out = Vec::with_capacity(256);
        let (must, clocked) = (must_understand.is_some(), clock.is_some());
        put(&mut out, packed(&[*pause_uncounted, *incomplete, must, clocked, !with_findings]));
        let counts =
            [shells, commands, failed, unobserved, lost, paused_commands, pauses, withheld, redacted];
        for count in counts.into_iter().chain([anomalies, facts, unknown_facts, clock_steps]) {
            put(&mut out, *count);
        }
        if let Some((record, kind)) = must_understand {
            put(&mut out, *record);
            put_text(&mut out, kind);
        }
        if let Some((realtime, boottime)) = clock {
            put(&mut out, *realtime);
            put(&mut out, *boottime);
        }
        let findings = if with_findings { &findings[..] } else { &[] };
        put(&mut out, findings.len() as u64);
        for Finding { record, code, text } in findings {
            put(&mut out, *record);
            put_text(&mut out, code.name());
            put_text(&mut out, text);
        }
        put(&mut out, live.len() as u64);
        for (at, shell) in live {
            put(&mut out, *at);
            shell.keep(&mut out);
        }
        out
    }

    /// Reads a story; none if the bytes are not one.
    pub(in crate::journal) fn from_kept(rest: &mut &[u8]) -> Option<Self> {
        let [pause_uncounted, incomplete, must, clocked, trimmed] = unpacked(number(rest)?)?;
        let mut counts = [0; 13];
        for count in &mut counts {
            *count = number(rest)?;
        }
        let [shells, commands, failed, unobserved, lost, paused_commands, pauses, withheld, ..] = counts;
        let [.., redacted, anomalies, facts, unknown_facts, clock_steps] = counts;
        let mut story = Story {
            shells,
            commands,
            failed,
            unobserved,
            lost,
            paused_commands,
            pause_uncounted,
            pauses,
            withheld,
            redacted,
            anomalies,
            facts,
            unknown_facts,
            clock_steps,
            incomplete,
            trimmed,
            ..Story::default()
        };
        if must {
            story.must_understand = Some((number(rest)?, text(rest)?));
        }
        if clocked {
            story.clock = Some((number(rest)?, number(rest)?));
        }
        // Each of them takes a byte at least: what is read bounds what is allocated.
        for _ in 0..number(rest)? {
            let record = number(rest)?;
            let code = FindingCode::from_name(&text(rest)?)?;
            story.findings.push(Finding { record, code, text: text(rest)? });
        }
        for _ in 0..number(rest)? {
            let at = number(rest)?;
            story.live.insert(at, LiveShell::from_kept(rest)?);
        }
        Some(story)
    }
}

impl LiveShell {
    fn keep(&self, out: &mut Vec<u8>) {
        let LiveShell {
            program,
            pid,
            start_ticks,
            running,
            paused,
            last_n,
            native,
            pause_pending,
            resumed_by_own_line,
            interrupted,
            script,
        } = self;
        let flags = [*paused, *pause_pending, *resumed_by_own_line, *interrupted, *script];
        let [paused, pending, resumed, interrupted, script] = flags;
        put(
            out,
            packed(&[paused, pending, resumed, interrupted, script, running.is_some(), native.is_some()]),
        );
        put_text(out, program.name());
        for value in [pid, start_ticks, last_n] {
            put(out, *value);
        }
        if let Some(OpenStart { index, n, boottime_ns }) = running {
            for value in [index, n, boottime_ns] {
                put(out, *value);
            }
        }
        if let Some(native) = native {
            put(out, *native);
        }
    }

    fn from_kept(rest: &mut &[u8]) -> Option<Self> {
        let flags = unpacked(number(rest)?)?;
        let [paused, pause_pending, resumed_by_own_line, interrupted, script, runs, counted] = flags;
        let program = Program::from_name(&text(rest)?)?;
        let (pid, start_ticks, last_n) = (number(rest)?, number(rest)?, number(rest)?);
        let running = match runs {
            true => {
                let (index, n, boottime_ns) = (number(rest)?, number(rest)?, number(rest)?);
                Some(OpenStart { index, n, boottime_ns })
            }
            false => None,
        };
        let native = if counted { Some(number(rest)?) } else { None };
        Some(LiveShell {
            program,
            pid,
            start_ticks,
            running,
            paused,
            last_n,
            native,
            pause_pending,
            resumed_by_own_line,
            interrupted,
            script,
        })
    }
}

/// Seven bits a byte, the lowest first; the highest bit of a byte says that another follows.
fn put(out: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        out.push((value & 0x7f) as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

fn put_text(out: &mut Vec<u8>, text: &str) {
    put(out, text.len() as u64);
    out.extend_from_slice(text.as_bytes());
}

fn packed(flags: &[bool]) -> u64 {
    flags.iter().rev().fold(0, |bits, flag| bits << 1 | u64::from(*flag))
}

fn unpacked<const N: usize>(bits: u64) -> Option<[bool; N]> {
    (bits >> N == 0).then(|| std::array::from_fn(|at| bits >> at & 1 == 1))
}

fn number(rest: &mut &[u8]) -> Option<u64> {
    let mut value = 0;
    for shift in (0..u64::BITS).step_by(7) {
        let (byte, tail) = rest.split_first()?;
        *rest = tail;
        let bits = u64::from(byte & 0x7f);
        value |= bits.checked_shl(shift).filter(|shifted| shifted >> shift == bits)?;
        if byte & 0x80 == 0 {
            return Some(value);
        }
    }
    None
}

fn text(rest: &mut &[u8]) -> Option<String> {
    let length = usize::try_from(number(rest)?).ok()?;
    let (text, tail) = rest.split_at_checked(length)?;
    *rest = tail;
    std::str::from_utf8(text).ok().map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_comes_back_as_it_was_written() {
        for value in (0..64).flat_map(|bit| [(1 << bit) - 1, 1 << bit]).chain([u64::MAX]) {
            let mut out = Vec::new();
            put(&mut out, value);
            assert_eq!(number(&mut &out[..]), Some(value));
            assert_eq!(number(&mut &out[..out.len() - 1]), None);
        }
        assert_eq!(number(&mut &[0xff; 11][..]), None);
        assert_eq!(number(&mut &[0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 2][..]), None);
    }

    #[test]
    fn a_story_comes_back_whole_and_no_part_of_it_is_one() {
        let shell = LiveShell {
            program: Program::Zsh,
            pid: 1234,
            start_ticks: 99_999,
            running: Some(OpenStart { index: 7, n: 3, boottime_ns: 1 << 50 }),
            paused: true,
            last_n: 3,
            native: Some(0),
            pause_pending: false,
            resumed_by_own_line: true,
            interrupted: false,
            script: true,
        };
        let idle = LiveShell { running: None, native: None, interrupted: true, ..shell.clone() };
        let story = Story {
            live: [(1, shell), (400, idle)].into(),
            shells: 1,
            commands: 2,
            failed: 3,
            unobserved: 4,
            lost: u64::MAX,
            paused_commands: 6,
            pause_uncounted: true,
            pauses: 7,
            withheld: 8,
            redacted: 9,
            anomalies: 10,
            facts: 11,
            unknown_facts: 12,
            must_understand: Some((13, "https://example.org/fact".into())),
            clock_steps: 14,
            ended: false,
            findings: vec![Finding { record: 5, code: FindingCode::Gap, text: "why, in words".into() }],
            more_findings: 0,
            incomplete: true,
            clock: Some((1 << 60, 15)),
            trimmed: false,
        };
        let bytes = story.keep(true);
        let rest = &mut &bytes[..];
        let back = Story::from_kept(rest).unwrap();
        assert_eq!((format!("{back:?}"), rest.len()), (format!("{story:?}"), 0));
        for length in 0..bytes.len() {
            assert!(Story::from_kept(&mut &bytes[..length]).is_none(), "{length} bytes");
        }
        let empty = Story::from_kept(&mut &Story::default().keep(true)[..]).unwrap();
        assert_eq!(format!("{empty:?}"), format!("{:?}", Story::default()));
        // Without its findings it still knows that there was one.
        let trimmed = Story::from_kept(&mut &story.keep(false)[..]).unwrap();
        let expected = Story { findings: Vec::new(), trimmed: true, ..story };
        assert_eq!(format!("{trimmed:?}"), format!("{expected:?}"));
    }
}
