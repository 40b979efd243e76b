//! Stand-ins for the tools that cannot be fetched (`real.rs` has the others), before and
//! after the hook: each does what the tools of its kind do, such as Ghostty's script, which
//! reads history in PS0. The records are the same, and the tools see the right status.

use super::{complaint, each, mark, same, tail};
use crate::stage::pty::{Rc, Terminal};
use crate::stage::shells::Family::{self, Bash, Fish, Zsh};

/// Installs a tool that leaves the status it saw in `$tool`, before or after the hook.
fn beside(family: Family, what: &str, tool: &str, show: &str) {
    for first in [true, false] {
        each(&[family], |shell, home| {
            let rc = if first {
                Rc { before: tool, ..Rc::default() }
            } else {
                Rc { after: tool, ..Rc::default() }
            };
            let mut terminal = Terminal::start(shell, home, rc);
            terminal.line("true");
            terminal.line("sh -c 'exit 6'");
            terminal.line(show);
            assert!(mark(&mut terminal, home, "m"), "{} {what}: {}", shell.label(), tail(&terminal));
            let (found, start) = (home.lines(), format!("S {show}"));
            let expected = ["S true", "E 0", "S sh -c 'exit 6'", "E 6", &start, "E 0", "S true m", "E 0"];
            assert!(
                same(&found[1..], &expected),
                "{}: {}",
                shell.label(),
                complaint(what, &found, &expected)
            );
            assert!(terminal.text().contains("seen=6."), "{} {what}: {}", shell.label(), tail(&terminal));
            let gaps = crate::stage::records::gaps(&home.records(), shell.family.name());
            assert!(gaps.is_empty(), "{} {what}: {gaps:?}", shell.label());
        });
    }
}

const SHOW: &str = "echo \"seen=$tool.\"";

#[test]
fn a_tool_with_a_debug_trap_breaks_the_records() {
    let tool = "pc() { tool=$?; }\nPROMPT_COMMAND=pc\ntrap 'last=$BASH_COMMAND' DEBUG";
    beside(Bash, "traps DEBUG", tool, SHOW);
}

#[test]
fn a_tool_that_appends_an_element_breaks_the_records() {
    beside(Bash, "appends", "pc() { tool=$?; history -a; }\nPROMPT_COMMAND+=(pc)", SHOW);
}

#[test]
fn a_tool_that_reads_history_breaks_the_records() {
    beside(
        Bash,
        "reads history",
        "pc() { tool=$?; echo other >> ~/h; history -n ~/h; }\nPROMPT_COMMAND+=(pc)",
        SHOW,
    );
}

#[test]
fn a_tool_that_owns_ps0_breaks_the_records() {
    let tool =
        "PS0=\"${PS0-}\"'$(printf \"<%s>\" \"$(history 1)\")'\npc() { tool=$?; }\nPROMPT_COMMAND+=(pc)";
    beside(Bash, "owns PS0", tool, SHOW);
}

#[test]
fn a_tool_in_zsh_breaks_the_records() {
    beside(
        Zsh,
        "hook arrays",
        "pc() { tool=$?; false }\npe() { false }\nprecmd_functions+=(pc)\npreexec_functions+=(pe)",
        SHOW,
    );
    beside(
        Zsh,
        "hooks first",
        "pc() { tool=$? }\nprecmd_functions=(pc $precmd_functions)\npreexec() { true }",
        SHOW,
    );
}

#[test]
fn a_tool_in_fish_breaks_the_records() {
    let tool = "function pc --on-event fish_postexec; set -g tool $status; false; end\nfunction pe --on-event fish_preexec; false; end";
    beside(Fish, "handlers", tool, SHOW);
}
