//! Records a script whose bash tells of its units by traps (`shell/trap.bash`).
//!
//! What lives here: from bash's messages to starts and ends of units, with the answers that bash
//! waits for. What does not: which unit a message is about (`script::run`).
//!
//! Rules: nothing is recorded that bash did not announce.

use std::process::{Child, ExitStatus};

use super::call::{self, HookFile};
use super::channel::{self, Channel, Message, Told};
use super::recording::{Ending, Recording, Step};
use super::records::{UnitEnd, UnitStart};
use crate::record::{Evidence, From, Unseen};
use crate::script::run::{self, Announced, Farewell, Run, UnitStatus};

/// Lets the script run and records what bash reports of it.
///
/// # Errors
/// The kernel refused to wait.
pub fn run(
    recording: &mut Recording,
    child: &mut Child,
    channel: &Channel,
    hook: &HookFile,
) -> std::io::Result<ExitStatus> {
    let plan = recording.script.clone();
    let mut run = Run::new(&plan);
    let (mut farewell, mut in_units, mut count) = (None, true, 0);
    let pid = u64::from(child.id());
    channel.listen_to(child.id());
    let status = channel::listen(child, recording.waits(), Some(channel), &mut |message| {
        match message.told {
            Told::Begin => {
                let (version, why) = call::unheard(&message.command);
                let evidence = if why.is_some() { Evidence::Whole } else { Evidence::Traps };
                if let Some(why) = &why {
                    recording.whole(why);
                }
                recording.begin(pid, Some(version), evidence);
                if why.is_some() {
                    in_units = false;
                    return channel.refuse();
                }
            }
            Told::Unit => unit(recording, &mut run, message, &mut count),
            Told::Exit => {
                let pipe = message.pipe.clone();
                farewell = Some(Farewell { hooked: message.hooked, trapped: false, pipe });
            }
            Told::Traps => {
                if let Some(farewell) = &mut farewell {
                    farewell.trapped = true;
                }
                return;
            }
        }
        channel.answer(match message.told {
            Told::Begin => u64::from(run.may_unhook()),
            Told::Unit | Told::Exit | Told::Traps => run.last_line(),
        });
    })?;
    if !recording.has_begun() {
        // bash ended before it read its hook: nobody told what ran.
        recording.whole("bash did not read its hook");
        recording.begin(u64::from(std::process::id()), None, Evidence::Whole);
        in_units = false;
    }
    let ending = Ending::of(status);
    if in_units {
        let gone = hook.is_gone();
        let end = run::Ending { status: ending.status, signalled: ending.signalled, farewell, gone };
        let hooked = run.is_hooked(&end);
        let steps = run.ended(&end);
        recording.steps(recorded(steps, From::Exit, &mut count));
        if !hooked {
            let detail = match gone {
                true => "the hook in bash could not reach the recorder",
                false => "the script set a DEBUG trap of its own",
            };
            recording.lose_sight();
            recording.anomaly("hook-removed", detail);
        }
    }
    recording.close(ending);
    Ok(status)
}

/// bash is about to run a command beyond the unit before.
fn unit(recording: &mut Recording, run: &mut Run, message: &Message, count: &mut u64) {
    let command = Announced { text: &message.command, is_cut: message.is_cut };
    let steps = run.entered(message.line, message.status, &message.pipe, command);
    if steps.iter().any(|step| matches!(step, run::Step::Start { is_other: true, .. })) {
        recording.anomaly("not-as-planned", &format!("line {}: {}", message.line, message.command));
    }
    recording.steps(recorded(steps, From::NextStart, count));
}

/// Steps as commands of the shell, which are numbered as they start.
pub fn recorded(steps: Vec<run::Step>, from: From, count: &mut u64) -> Vec<Step> {
    let one = |step| match step {
        run::Step::Start { unit, text, .. } => {
            *count += 1;
            let unit = unit.map(|unit| unit as u64 + 1);
            Step::Start(UnitStart { n: *count, unit, text })
        }
        run::Step::Finish { status, pipe } => {
            let (status, from, outcome) = match status {
                UnitStatus::Seen(status) => (Some(status), from, None),
                UnitStatus::Untold => (None, From::Unknown, Some(Unseen::Untold)),
                UnitStatus::Unknown => (None, From::Unknown, None),
            };
            Step::Finish(UnitEnd { n: *count, status, pipe, from, outcome })
        }
    };
    steps.into_iter().map(one).collect()
}
