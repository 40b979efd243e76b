//! What recording costs a command, in each real shell, as a person would notice it.
//!
//! Commands are typed ahead into the shell through a pseudo-terminal, three ways in turn:
//! without hooks, with hooks that do no more than spawn an empty static program before and
//! after each command (the floor), and with attesh's. The ways take turns within each
//! round, so that whatever else the machine does falls on all of them.
//!
//! usage: cargo bench --bench hooks [-- [COMMANDS [ROUNDS]] [SHELL]…], as in `-- 200 5 zsh`

mod floor;
#[allow(dead_code, reason = "the tests use more of it")]
#[path = "../tests/it/stage/pty.rs"]
mod pty;
#[allow(dead_code, reason = "the tests use more of it")]
#[path = "../tests/it/stage/records.rs"]
mod records;
#[allow(dead_code, reason = "the tests use more of it")]
#[path = "../tests/it/stage/shells.rs"]
mod shells;

use pty::{Home, Rc, Terminal};
use shells::{Family, Shell};
use std::path::Path;
use std::time::Instant;

/// The line that is typed, and that each record must have.
const LINE: &str = ":";
/// Prints what is not on the screen before it runs.
const LAST: &str = "echo fin\"\"ished";

#[derive(Clone, Copy, PartialEq, Eq)]
enum Way {
    None,
    Floor,
    Attesh,
}

/// Lines of an rc file that spawn a program before and after each command.
fn least_hooks(shell: &Shell, empty: &Path) -> String {
    let empty = empty.display();
    match (shell.family, shell.version.as_str()) {
        (Family::Bash, "5.3") => format!("PS0='${{ {empty}; }}'\nPROMPT_COMMAND={empty}"),
        (Family::Bash, _) => format!("PS0='$({empty})'\nPROMPT_COMMAND={empty}"),
        (Family::Zsh, _) => format!("preexec() {{ {empty} }}\nprecmd() {{ {empty} }}"),
        (Family::Fish, _) => format!(
            "function floor_before --on-event fish_preexec\n{empty}\nend\nfunction floor_after --on-event fish_postexec\n{empty}\nend"
        ),
    }
}

/// Microseconds for each of these commands.
#[expect(clippy::disallowed_methods, reason = "a bench is what a clock is for")]
fn measure(shell: &Shell, way: Way, empty: &Path, commands: usize) -> f64 {
    let home = Home::new();
    let hooks = if way == Way::Floor { least_hooks(shell, empty) } else { String::new() };
    let rc = Rc { bare: way != Way::Attesh, after: &hooks, ..Rc::default() };
    let mut terminal = Terminal::start(shell, &home, rc);
    terminal.line("true");
    let from = terminal.screen.len();
    let typed = format!("{}{LAST}\r", format!("{LINE}\r").repeat(commands));
    let before = Instant::now();
    terminal.raw(typed.as_bytes());
    let finished = |terminal: &Terminal| {
        let from = from.max(terminal.screen.len().saturating_sub(400)).min(terminal.screen.len());
        terminal.screen[from..].windows(8).any(|bytes| bytes == b"finished")
    };
    while !terminal.wait(finished) {
        assert!(before.elapsed().as_secs() < 300, "{} does not come to an end", shell.label());
    }
    let elapsed = before.elapsed();
    if way == Way::Attesh {
        let last = format!("S {LAST}");
        terminal.wait(|_| home.lines().contains(&last));
        let recorded = home.lines().iter().filter(|line| **line == format!("S {LINE}")).count();
        assert_eq!(recorded, commands, "{}: not every command was recorded", shell.label());
    }
    elapsed.as_secs_f64() * 1e6 / f64::from(u32::try_from(commands).expect("a small number"))
}

fn main() {
    let words: Vec<String> = std::env::args().skip(1).filter(|word| !word.starts_with("--")).collect();
    let mut numbers = words.iter().filter_map(|word| word.parse::<usize>().ok());
    let (commands, rounds) = (numbers.next().unwrap_or(200), numbers.next().unwrap_or(5).max(5));
    let names: Vec<&String> = words.iter().filter(|word| word.parse::<usize>().is_err()).collect();
    let empty = floor::empty_program();
    eprintln!("{commands} commands typed ahead, {rounds} rounds; medians, in microseconds for each command");
    for shell in [Family::Bash, Family::Zsh, Family::Fish].into_iter().flat_map(shells::all) {
        let name = format!("{} {}", shell.family.name(), shell.version);
        if !names.is_empty() && !names.iter().any(|part| name.contains(part.as_str())) {
            continue;
        }
        let (mut none, mut least, mut ours, mut ratio) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        for _ in 0..rounds {
            let one = [Way::None, Way::Floor, Way::Attesh].map(|way| measure(&shell, way, &empty, commands));
            none.push(one[0]);
            least.push(one[1]);
            ours.push(one[2]);
            ratio.push((one[2] - one[0]) / (one[1] - one[0]));
        }
        let [none, least, ours] = [none, least, ours].map(floor::median);
        ratio.sort_by(f64::total_cmp);
        let (low, high) = (ratio[0], ratio[ratio.len() - 1]);
        let ratio = (ours - none) / (least - none);
        // Rounds that differ so much tell more of the machine, or of the shell's drawing, than of hooks.
        let steady = low > 0.0 && high <= 2.0 * low;
        let scatter = if steady { "" } else { ", too far apart to tell" };
        floor::row(
            &format!("{name}: hooks, against hooks that spawn an empty program"),
            "1.5 x",
            &format!(
                "{ratio:.1} x ({low:.1} to {high:.1}{scatter}; without {none:.0}, empty {least:.0}, attesh {ours:.0} us a command)"
            ),
            steady.then_some(ratio <= 1.5),
        );
    }
}
