//! What hid a failure, or may have: where a status is 0 and says less than it seems to.
//!
//! Rules: that a member of a pipe failed is told by the statuses that the shell saw. What else can
//! hide a failure is told by the words of the commands, and only that it may have.

use crate::policy::{Hides, Options, hidden};
use crate::record::{Program, Status};
use crate::script::Script;
use crate::seal::statement::{CommandFacts, PlanFacts};

/// The status of a command that the signal of a broken pipe ended: the next one read no further.
const BROKEN_PIPE: Status = 141;

/// What hides a failure of one command.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Hidden {
    /// A member of its pipe failed, and its status says that nothing did.
    pub did: Option<String>,
    /// What may hide one, in words.
    pub may: Vec<String>,
}

impl Hidden {
    /// Of a command, and what its words tell.
    pub fn of(command: &CommandFacts, words: &[Hides]) -> Self {
        let mut hidden = Hidden::default();
        if command.exit_code != Some(0) {
            return hidden;
        }
        let statuses = command.pipe_status.as_deref().filter(|members| members.len() > 1);
        let failed = |status: &&Status| **status != 0;
        if let Some(members) = statuses.filter(|members| members.iter().any(|status| failed(&status))) {
            let list: Vec<String> = members.iter().map(ToString::to_string).collect();
            let what = format!("the members of its pipe ended with {}", list.join(", "));
            if members.iter().filter(failed).all(|status| *status == BROKEN_PIPE) {
                hidden.may.push(format!("{what}; {BROKEN_PIPE} is that the next one read no further"));
            } else {
                hidden.did = Some(what);
            }
        }
        // Each member of that pipe was seen.
        let told = |what: &&Hides| **what == Hides::Pipeline && statuses.is_some();
        hidden.may.extend(words.iter().filter(|what| !told(what)).map(|what| what.what().to_owned()));
        hidden
    }
}

/// What the words of a command at a prompt of this shell tell; fish has others.
pub(super) fn typed(command: &CommandFacts, program: &str) -> Vec<Hides> {
    let text = command.text.bytes().filter(|_| program != Program::Fish.name()).unwrap_or_default();
    in_order(&[text], Options::default()).pop().unwrap_or_default()
}

/// What the words of a script tell, for each of its units.
pub(super) fn planned(plan: &PlanFacts) -> Vec<Vec<Hides>> {
    let texts: Vec<Vec<u8>> =
        plan.units.iter().flatten().map(|unit| unit.text.bytes().unwrap_or_default()).collect();
    let options = plan.interpreter.options.iter().flatten().map(String::as_str);
    in_order(&texts, Options::of(options))
}

/// What hides a failure in each of these texts, which one shell ran in this order.
fn in_order(texts: &[Vec<u8>], options: Options) -> Vec<Vec<Hides>> {
    let mut line = 0;
    let ranges = texts.iter().map(|text| {
        let first = line + 1;
        line += text.iter().filter(|byte| **byte == b'\n').count() as u64 + 1;
        (first, line)
    });
    let ranges: Vec<(u64, u64)> = ranges.collect();
    let mut found = vec![Vec::new(); texts.len()];
    let Some(script) = Script::new([texts.join(&b'\n'), b"\n".to_vec()].concat(), ranges) else {
        return found;
    };
    for (line, what) in hidden(&script, options) {
        if let Some(unit) = script.unit_at(line).filter(|unit| !found[*unit].contains(&what)) {
            found[unit].push(what);
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::seal::statement::CommandText;

    fn command(exit_code: Status, pipe: &[Status]) -> CommandFacts {
        CommandFacts {
            seq: 1,
            shell: 1,
            text: CommandText::new(b"a | b"),
            exit_code: Some(exit_code),
            stale: false,
            pipe_status: Some(pipe.to_vec()),
            signal: None,
            started_at: String::new(),
            duration_ms: None,
            workdir: None,
            outcome: None,
            unit: None,
        }
    }

    #[test]
    fn a_pipe_hides_what_its_statuses_tell() {
        let of = |command: &CommandFacts| Hidden::of(command, &typed(command, "bash"));
        let hidden = of(&command(0, &[1, 0]));
        assert_eq!(hidden.did.as_deref(), Some("the members of its pipe ended with 1, 0"));
        assert!(hidden.may.is_empty());
        for quiet in [command(0, &[0, 0]), command(1, &[1, 1])] {
            assert_eq!(of(&quiet), Hidden::default());
        }
        let broken = of(&command(0, &[141, 0]));
        assert_eq!((broken.did, broken.may.len()), (None, 1));
        // Nobody saw the members.
        let unseen = CommandFacts { pipe_status: None, ..command(0, &[]) };
        assert_eq!(of(&unseen).may, ["a pipeline has the status of its last command"]);
        assert_eq!(typed(&unseen, "fish"), []);
    }

    #[test]
    fn what_a_script_sets_holds_for_what_comes_behind_it() {
        let texts = ["a | b", "set -o pipefail", "a | b", "a || b", "if :\nthen a || b\nfi"];
        let texts = texts.map(|text| text.as_bytes().to_vec());
        let found = in_order(&texts, Options::default());
        assert_eq!(found, [vec![Hides::Pipeline], vec![], vec![], vec![Hides::Or], vec![Hides::Or]]);
        assert!(in_order(&texts[..1], Options::of(["-o", "pipefail"].into_iter()))[0].is_empty());
    }
}
