//! Records a script whose bash is watched where it reads (`reader`).
//!
//! What lives here: from what bash was seen to do to starts and ends of units. What does not:
//! seeing it.
//!
//! Rules: a start is in the journal before bash runs the unit; a status is one that bash itself had
//! when the unit had ended.

use std::process::ExitStatus;

use super::channel;
use super::reader::{Reader, Seen};
use super::recording::{Ending, Recording, Step};
use super::records::{UnitEnd, UnitStart};
use crate::os::signals::{Signals, rest};
use crate::record::{Evidence, From, Unseen};
use crate::report;
use crate::script::reading::{Piece, piece};

/// How many bytes of a text stand in the detail of an anomaly.
const DETAIL_MAX: usize = 400;

/// What is known of the unit that runs, or ran last.
#[derive(Default)]
struct Units {
    /// How many have started.
    count: u64,
    /// One has started and not ended.
    runs: bool,
    /// The end of the last, which is recorded with what comes next.
    ended: Option<UnitEnd>,
}

impl Units {
    fn end(&mut self, status: Option<u8>, pipe: Vec<u8>, from: From, outcome: Option<Unseen>) {
        if std::mem::take(&mut self.runs) {
            let from = if status.is_some() { from } else { From::Unknown };
            self.ended = Some(UnitEnd { n: self.count, status, pipe, from, outcome });
        }
    }
}

/// Lets the script run and records what is seen of it.
///
/// # Errors
/// The kernel refused to wait.
pub fn run(recording: &mut Recording, reader: &mut Reader) -> std::io::Result<ExitStatus> {
    let signals = Signals::take();
    recording.begin(u64::from(reader.pid()), None, Evidence::Reader);
    if let Some(why) = recording.given.unplanned() {
        report::say(&format!("{why}: it has no plan"));
        recording.cut_off();
    }
    let mut units = Units::default();
    let (mut left, mut lost) = (false, false);
    recording.read_as_planned = Some(true);
    reader.go_on()?;
    let status = loop {
        let Some(seen) = reader.next(false)? else {
            if reader.rests() {
                rest(recording.waits(), || reader.rests());
            }
            channel::wait(&signals, None)?;
            signals.hand_on(reader.pid());
            continue;
        };
        match seen {
            Seen::Asks { status, pipe } => {
                let outcome = status.is_none().then_some(Unseen::Untold);
                units.end(status, pipe, From::NextStart, outcome);
            }
            Seen::Starts { bytes, at, changed } => {
                start(recording, &mut units, piece(&recording.script, &bytes, at), changed);
            }
            Seen::Reads { .. } => {}
            Seen::Leaves { status, pipe } => {
                left = true;
                recording.leaves();
                let outcome = status.is_none().then_some(Unseen::Untold);
                units.end(status, pipe, From::Exit, outcome);
            }
            Seen::Replaced => {}
            Seen::Lost => {
                lost = true;
                recording.read_as_planned = Some(false);
                // What ran since then nobody saw: the session is not complete.
                recording.lose_sight();
                units.end(None, Vec::new(), From::Unknown, None);
                recording.anomaly("reader-lost", "bash could not be watched to its end");
            }
            Seen::Ended(status) => break status,
        }
        reader.go_on()?;
    };
    let ending = Ending::of(status);
    if ending.signalled && left && !lost {
        // A signal that ended bash within the unit: `$?` at its end is an older one.
        if let Some(ended) = units.ended.as_mut().filter(|ended| ended.from == From::Exit) {
            *ended =
                UnitEnd { n: ended.n, status: None, pipe: Vec::new(), from: From::Unknown, outcome: None };
        }
    }
    units.end((!ending.signalled).then_some(ending.status), Vec::new(), From::Exit, None);
    recording.steps(units.ended.take().map(Step::Finish).into_iter().collect());
    recording.close(ending);
    Ok(status)
}

/// A unit starts next.
fn start(recording: &mut Recording, units: &mut Units, mut piece: Piece, changed: Option<String>) {
    units.count += 1;
    units.runs = true;
    let mut steps: Vec<Step> = units.ended.take().map(Step::Finish).into_iter().collect();
    if changed.is_some() {
        piece.unit = None;
    }
    if piece.line.is_none() {
        recording.read_as_planned = Some(false);
    }
    if piece.unit.is_none() && recording.script.units().len() > 0 {
        recording.steps(std::mem::take(&mut steps));
        let place = piece.line.map_or_else(|| "not of the script".to_owned(), |line| format!("line {line}"));
        let by = changed.map_or_else(String::new, |words| format!("{words} "));
        let text = String::from_utf8_lossy(&piece.text[..piece.text.len().min(DETAIL_MAX)]).into_owned();
        recording.anomaly("not-as-planned", &format!("{by}{place}: {text}"));
    }
    let unit = piece.unit.map(|unit| unit as u64 + 1);
    steps.push(Step::Start(UnitStart { n: units.count, unit, text: piece.text }));
    recording.steps(steps);
}
