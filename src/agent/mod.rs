//! What an agent ran, by the programs that started below it. Normative: docs/agents.md.
//!
//! What lives here: the class of each start, and the commands among them with their texts and
//! statuses. What does not: the rules, which are data ([`rules`]); how a shell is called and quoted
//! ([`shell`]); what the kernel told (`fact::process`).
//!
//! Rules: pure. A start is in exactly one class, and none is left out. What no rule knows is a command,
//! shown with all of its words: a rule can make a text shorter, and a helper of what the agent itself
//! starts, and hide nothing that a command starts.

pub mod reconcile;
pub mod rules;
pub mod shell;
pub mod transcript;

use std::collections::{BTreeMap, BTreeSet};

use self::rules::{Rules, Shown};
use crate::fact::process::{End, Started, Told};
use crate::text::{count, visible};

/// What stands behind a command of which nobody knows what it came of.
pub const ORPHAN: &str = " (of a process that had ended)";

/// What a start is for the agent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Class {
    /// A command of the agent.
    Command,
    /// Below a command.
    Nested,
    /// A program of the agent's own.
    Helper,
}

impl Class {
    /// As a row has it.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Class::Command => "command",
            Class::Nested => "nested",
            Class::Helper => "helper",
        }
    }
}

/// What the agent ran.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ran {
    /// The class of each start, by its number.
    pub classes: BTreeMap<u64, Class>,
    /// The commands, by their numbers.
    pub commands: Vec<Command>,
    /// How many helpers there are of each name.
    pub helpers: BTreeMap<Vec<u8>, u64>,
    /// The author whose rules were taken; `None` if this author has no rules.
    pub rules: Option<&'static str>,
}

/// A command of the agent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Command {
    /// The number of its start.
    pub start: u64,
    /// What it ran, and how that was found; `None` if the words of the start were taken out.
    pub shown: Option<Shown>,
    /// Its folder; `None` where that is the folder of the program itself.
    pub workdir: Option<Vec<u8>>,
    /// How the process ended, whatever it had become; `None` where no record says that.
    pub end: Option<End>,
    /// Nobody saw whether the start took place.
    pub unsure: bool,
    /// The process that it came of was gone: it may be one that a command left behind.
    pub orphan: bool,
}

impl Command {
    /// Whether it failed, or nobody knows whether it did.
    #[must_use]
    pub fn may_have_failed(&self) -> bool {
        self.end != Some(End::Exit(0)) || self.unsure
    }
}

/// What is looked at below a start.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Below {
    /// The agent itself and what it becomes: what it starts is a command, unless it is a known helper.
    Agent,
    /// A helper: what it starts is a helper, unless a shell runs a text.
    Helper,
    /// A command.
    Command,
}

/// What an agent ran, by what is told of the starts below its program, whose own start has the number
/// `top`.
#[must_use]
pub fn ran(author: &str, told: &Told, top: u64) -> Ran {
    let rules = Rules::of(author);
    let leading = leading(rules, told);
    let goes_through = rules.through.is_none() || told.starts.values().any(|start| rules.goes_through(start));
    let mut ran = Ran {
        classes: BTreeMap::new(),
        commands: Vec::new(),
        helpers: BTreeMap::new(),
        rules: rules.authors.first().copied(),
    };
    let own = told.starts.get(&top).and_then(|start| start.path.as_deref());
    let itself: BTreeSet<u64> = chain_of(told, top).collect();
    // What is below each start, and its folder.
    let mut all: BTreeMap<u64, (Below, Option<&Vec<u8>>)> = BTreeMap::new();
    for (id, start) in &told.starts {
        let parent = start.numbers.of.and_then(|of| told.starts.get(&of));
        let above = start.numbers.of.and_then(|of| all.get(&of).copied());
        let folder = start.workdir.as_ref().or_else(|| above?.1);
        let above = above.map(|(below, _)| below);
        let below = match above {
            Some(Below::Command) => Below::Command,
            _ if *id == top => Below::Agent,
            // Of a command, maybe: that would be a way to become a helper.
            None => Below::Command,
            _ if goes_through && rules.is_own_call(start, parent) => Below::Helper,
            _ if shell::call(start).is_some() => Below::Command,
            _ if itself.contains(id) || leading.contains(id) || rules.is_agent(start) => Below::Agent,
            _ if start.path.is_some() && start.path.as_deref() == own => Below::Agent,
            Some(Below::Helper) => Below::Helper,
            _ if rules.is_helper(start) => Below::Helper,
            _ => Below::Command,
        };
        all.insert(*id, (below, folder));
        if above == Some(Below::Command) {
            ran.classes.insert(*id, Class::Nested);
        } else if below == Below::Command {
            ran.classes.insert(*id, Class::Command);
            ran.commands.push(command(rules, told, start, folder));
        } else {
            ran.classes.insert(*id, Class::Helper);
            *ran.helpers.entry(shell::name(start).unwrap_or_default().to_vec()).or_default() += 1;
        }
    }
    ran
}

fn command(rules: &Rules, told: &Told, start: &Started, folder: Option<&Vec<u8>>) -> Command {
    let last = chain_of(told, start.numbers.id).last().and_then(|last| told.starts.get(&last));
    Command {
        start: start.numbers.id,
        shown: rules.shown(start),
        workdir: folder.cloned(),
        // A start that is not there any more took its end with it.
        end: last.and_then(|last| last.end).filter(|end| !matches!(end, End::Became(_))),
        unsure: start.unsure,
        orphan: start.numbers.of.is_none_or(|of| !told.starts.contains_key(&of)),
    }
}

/// The numbers of the starts that a process went through, from this one on.
fn chain_of(told: &Told, id: u64) -> impl Iterator<Item = u64> {
    let next = |id: &u64| {
        let start = told.starts.get(id)?;
        let Some(End::Became(next)) = start.end else { return None };
        let is_of = |next: &Started| next.numbers.pid == start.numbers.pid && next.numbers.of == Some(*id);
        told.starts.get(&next).filter(|next| is_of(next)).map(|next| next.numbers.id)
    };
    std::iter::successors(Some(id), next)
}

/// Wrappers of which a shell came that runs a text, or a program of the agent or another one of these.
fn leading(rules: &Rules, told: &Told) -> BTreeSet<u64> {
    let mut leading = BTreeSet::new();
    // What a start comes of has a smaller number.
    for start in told.starts.values().rev() {
        let leads =
            shell::call(start).is_some() || rules.is_agent(start) || leading.contains(&start.numbers.id);
        let above = start.numbers.of.and_then(|of| told.starts.get(&of));
        leading.extend(above.filter(|above| leads && rules::is_wrapper(above)).map(|above| above.numbers.id));
    }
    leading
}

impl Ran {
    /// How many starts are of a class.
    #[must_use]
    pub fn count(&self, class: Class) -> usize {
        self.classes.values().filter(|own| **own == class).count()
    }

    /// The helpers, those of which there are most first.
    #[must_use]
    pub fn most(&self) -> Vec<(&[u8], u64)> {
        let mut all: Vec<(&[u8], u64)> =
            self.helpers.iter().map(|(name, count)| (name.as_slice(), *count)).collect();
        all.sort_by_key(|(name, count)| (std::cmp::Reverse(*count), *name));
        all
    }

    /// The sum: every start is in it.
    #[must_use]
    pub fn words(&self) -> String {
        let helpers: Vec<String> = self
            .most()
            .into_iter()
            .map(|(name, count)| {
                let name = if name.is_empty() { "(redacted)".to_owned() } else { visible(name) };
                format!("{count} {name}")
            })
            .collect();
        let helpers = if helpers.is_empty() { String::new() } else { format!(" ({})", helpers.join(", ")) };
        format!(
            "{}: {}, {} nested, {}{helpers}",
            count(self.classes.len(), "start"),
            count(self.commands.len(), "command"),
            self.count(Class::Nested),
            count(self.count(Class::Helper), "helper"),
        )
    }

    /// By which rules.
    #[must_use]
    pub fn by(&self) -> String {
        let whose = self.rules.map_or_else(|| "any author".to_owned(), str::to_owned);
        format!("{} for {whose}", rules::VERSION)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fact::process::{Hidden, Numbers, When};
    use crate::record::Said;

    /// What is told of starts: the numbers, the path, the words, how each ended.
    fn told(starts: &[(&str, &str, &[&str], &str)]) -> Told {
        let mut told = Told::default();
        for (numbers, path, words, _) in starts {
            let words: Vec<u8> = words.iter().flat_map(|word| [word.as_bytes(), b"\0"].concat()).collect();
            told.start(When::In(1), |name| match name {
                "process" => Said::Text(numbers.as_bytes()),
                "path" => Said::Text(path.as_bytes()),
                "arguments" => Said::Text(words.as_slice()),
                _ => Said::Nothing,
            });
        }
        for (numbers, _, _, end) in starts {
            let end = format!("{} {end}\n", numbers.split(' ').next().unwrap());
            told.ends(|_| Said::Text(end.as_bytes()));
        }
        assert_eq!(told.unclear, Vec::<String>::new());
        told
    }

    fn texts(ran: &Ran) -> Vec<(u64, String, Option<End>)> {
        let text = |command: &Command| match &command.shown {
            Some(Shown::Text(text)) => String::from_utf8(text.clone()).unwrap(),
            Some(Shown::Words(words)) => {
                words.iter().map(|word| format!("<{}>", String::from_utf8_lossy(word))).collect()
            }
            None => "-".to_owned(),
        };
        ran.commands.iter().map(|command| (command.start, text(command), command.end)).collect()
    }

    fn own(id: u64, text: &str, end: End) -> (u64, String, Option<End>) {
        (id, text.to_owned(), Some(end))
    }

    #[test]
    fn a_start_is_in_no_class_or_in_another_one() {
        let told = told(&[
            ("1 - 10", "/usr/bin/opencode", &["opencode", "run"], "became 2"),
            ("2 1 10", "/usr/bin/node", &["node", "/usr/bin/opencode"], "exit 0"),
            ("3 2 11", "/lib/opencode", &["opencode", "run"], "exit 0"),
            ("4 3 12", "/usr/bin/git", &["git", "status"], "exit 0"),
            ("5 4 13", "/lib/git-core/git-x", &["git-x"], "exit 1"),
            ("6 4 14", "/bin/sh", &["sh", "-c", "hook"], "exit 0"),
            ("7 3 15", "/bin/bash", &["/bin/bash", "-c", "git log; false"], "exit 1"),
            ("8 7 16", "/usr/bin/git", &["git", "log"], "exit 0"),
            ("9 7 17", "/bin/bash", &["bash", "-c", "x"], "exit 0"),
            ("10 3 18", "/bin/bash", &["bash", "-c", "exec ls"], "became 11"),
            ("11 10 18", "/bin/ls", &["ls"], "signal 15"),
            ("12 3 19", "/usr/bin/setsid", &["setsid", "bash", "-c", "a"], "became 13"),
            ("13 12 19", "/bin/bash", &["bash", "-c", "a"], "exit 0"),
            ("14 3 20", "/usr/bin/timeout", &["timeout", "5", "curl"], "exit 0"),
            ("15 14 21", "/usr/bin/curl", &["curl"], "exit 0"),
            ("16 - 22", "/usr/bin/daemon", &["daemon"], "running"),
            ("17 3 23", "/bin/sh", &["sh", "s.sh"], "untold"),
            ("18 3 24", "/opt/gone", &["gone"], "not-started"),
        ]);
        let ran = ran("opencode", &told, 1);
        assert_eq!(
            texts(&ran),
            [
                own(6, "hook", End::Exit(0)),
                own(7, "git log; false", End::Exit(1)),
                own(10, "exec ls", End::Signal(15)),
                own(13, "a", End::Exit(0)),
                own(14, "<timeout><5><curl>", End::Exit(0)),
                own(16, "<daemon>", End::Running),
                own(17, "<sh><s.sh>", End::Untold),
                own(18, "<gone>", End::NotStarted),
            ]
        );
        assert_eq!(ran.classes.len(), told.starts.len(), "a start is in no class");
        assert_eq!(
            ran.words(),
            "18 starts: 8 commands, 4 nested, 6 helpers (2 opencode, 1 git, 1 git-x, 1 node, 1 setsid)"
        );
        let failed: Vec<u64> =
            ran.commands.iter().filter(|one| one.may_have_failed()).map(|one| one.start).collect();
        assert_eq!(failed, [7, 10, 16, 17, 18]);
        assert_eq!(
            (ran.by(), super::ran("x", &told, 1).by()),
            ("rules/1 for opencode".to_owned(), "rules/1 for any author".to_owned())
        );
    }

    #[test]
    fn what_an_agent_calls_a_shell_for_is_a_command_or_the_other_way_round() {
        let setup = "--codex-run-as-process-setup";
        let snapshot = "__CODEX_SNAPSHOT_A=\"${A+x}\"\nif . '/r/shell_snapshots/1' >/dev/null 2>&1; then :; fi\n\nexec '/bin/bash' -c 'ls x'";
        let own = "set -e; . \"/r/shell_snapshots/1.tmp\"";
        let codex = told(&[
            ("1 - 10", "/bin/codex", &["codex", "exec"], "became 2"),
            ("2 1 10", "/bin/node", &["node", "/bin/codex", "exec"], "exit 0"),
            ("3 2 11", "/lib/codex", &["/lib/codex", "exec"], "exit 0"),
            ("4 3 12", "/bin/bash", &["/bin/bash", "-c", own], "exit 0"),
            ("5 3 13", "/lib/codex", &["/proc/self/exe", setup, "47"], "became 6"),
            ("6 5 13", "/bin/bash", &["/bin/bash", "-c", snapshot], "became 7"),
            ("7 6 13", "/bin/bash", &["/bin/bash", "-c", "ls x"], "became 8"),
            ("8 7 13", "/bin/ls", &["ls", "x"], "exit 2"),
            ("9 3 14", "/lib/codex", &["/proc/self/exe", setup, "47"], "became 10"),
            ("10 9 14", "/bin/bash", &["/bin/bash", "-c", own], "exit 0"),
            ("11 3 15", "/usr/bin/bwrap", &["bwrap", "--", "codex-linux-sandbox"], "became 12"),
            ("12 11 15", "/lib/codex-linux-sandbox", &["codex-linux-sandbox", "bash"], "became 13"),
            ("13 12 15", "/bin/bash", &["/bin/bash", "-lc", "pwd"], "exit 0"),
        ]);
        let ran = super::ran("codex", &codex, 1);
        let wanted = [(6, "ls x", 2), (10, own, 0), (13, "pwd", 0)];
        assert_eq!(texts(&ran), wanted.map(|(id, text, end)| self::own(id, text, End::Exit(end))));
        assert_eq!(
            ran.words(),
            "13 starts: 3 commands, 2 nested, 8 helpers (4 codex, 1 bash, 1 bwrap, 1 codex-linux-sandbox, 1 node)"
        );
        // A version that runs commands otherwise: nothing counts as its own.
        let mut older = codex.clone();
        older.starts.retain(|id, _| *id <= 4);
        assert_eq!(texts(&super::ran("codex", &older, 1)), [self::own(4, own, End::Exit(0))]);

        let before = "source /r/s.sh 2>/dev/null || true && \\builtin shopt -u extglob 2>/dev/null || true && { \\builtin unset -f -- 'which'; } >/dev/null 2>&1 || true && eval ";
        let [quoted, word] =
            ["'ls x' && pwd -P >| /tmp/claude-1-cwd", "ls < /dev/null && pwd -P >| /tmp/claude-2-cwd"]
                .map(|text| format!("{before}{text}"));
        let claude = told(&[
            ("1 - 10", "/bin/claude", &["claude", "-p", "go"], "exit 0"),
            ("2 1 11", "/bin/bash", &["/bin/bash", "-c", "env"], "became 3"),
            ("3 2 11", "/usr/bin/env", &["env"], "exit 0"),
            ("4 1 12", "/bin/bash", &["/bin/bash", "-c", "-l", "SNAPSHOT_FILE=/r/s.sh\n"], "exit 0"),
            ("5 4 13", "/usr/bin/cat", &["cat"], "exit 0"),
            ("6 1 14", "/bin/bash", &["/bin/bash", "-c", &quoted], "exit 2"),
            ("7 6 15", "/lib/claude.exe", &["ugrep", "x"], "exit 0"),
            ("8 1 16", "/bin/bash", &["/bin/bash", "-c", &word], "signal 15"),
            ("9 - 17", "/usr/bin/sleep", &["sleep", "1"], "exit 0"),
            ("10 - 18", "/usr/bin/git", &["git", "push"], "exit 0"),
            ("11 - 19", "/bin/setsid", &["setsid", "bash"], "became 12"),
            ("12 11 19", "/bin/bash", &["bash", "-c", "env"], "exit 0"),
        ]);
        let ran = super::ran("claude-code", &claude, 1);
        let wanted = [
            (6, "ls x", End::Exit(2)),
            (8, "ls", End::Signal(15)),
            (9, "<sleep><1>", End::Exit(0)),
            (10, "<git><push>", End::Exit(0)),
            (11, "<setsid><bash>", End::Exit(0)),
        ];
        assert_eq!(texts(&ran), wanted.map(|(id, text, end)| self::own(id, text, end)));
        assert_eq!(
            ran.commands.iter().map(|one| one.orphan).collect::<Vec<_>>(),
            [false, false, true, true, true]
        );
        assert_eq!(
            ran.words(),
            "12 starts: 5 commands, 2 nested, 5 helpers (2 bash, 1 cat, 1 claude, 1 env)"
        );
    }

    #[test]
    fn a_start_that_contradicts_itself_is_left_out_or_goes_round() {
        let sh: &[&str] = &["sh", "-c", "a"];
        let all = told(&[
            // What it became is of another process, or of another start.
            ("1 - 10", "/agent", &["agent"], "exit 0"),
            ("2 1 11", "/bin/sh", sh, "became 3"),
            ("3 1 12", "/bin/sh", sh, "exit 0"),
            ("4 1 13", "/bin/sh", sh, "became 9"),
            ("5 1 14", "/bin/sh", sh, "became 5"),
            // The start that it came of was taken out.
            ("8 7 15", "/bin/ls", &["ls"], "exit 0"),
            ("10 1 16", "/agent", &["agent"], "became 11"),
            ("11 10 16", "/bin/sh", sh, "exit 2"),
        ]);
        let ran = ran("somebody", &all, 1);
        let ends: Vec<(u64, Option<End>)> = ran.commands.iter().map(|one| (one.start, one.end)).collect();
        let known = |id, end| (id, Some(End::Exit(end)));
        assert_eq!(ends, [(2, None), known(3, 0), (4, None), (5, None), known(8, 0), known(11, 2)]);
        assert_eq!(ran.words(), "8 starts: 6 commands, 0 nested, 2 helpers (2 agent)");
        // Texts that were taken out.
        let mut gone = all.clone();
        for start in gone.starts.values_mut() {
            (start.path, start.words) = (None, None);
        }
        let ran = super::ran("claude-code", &gone, 1);
        assert!(ran.commands.iter().all(|command| command.shown.is_none()) && ran.commands.len() == 6);
        assert_eq!(ran.words(), "8 starts: 6 commands, 1 nested, 1 helper (1 (redacted))");
    }

    #[test]
    fn a_start_of_any_kind_is_in_no_class_or_in_two() {
        let paths = [
            "/bin/sh",
            "/bin/bash",
            "/usr/bin/env",
            "/usr/bin/git",
            "/x/codex",
            "/proc/self/exe",
            "/bin/ls",
            "",
        ];
        let words =
            ["-c", "-lc", "env", "sh", "x", "--", "--codex-run-as-process-setup", "' EXIT\n", "&& eval ", ""];
        let mut state = 1_u64;
        let mut any = |below: u64| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (state >> 33) % below
        };
        let mut told = Told::default();
        for id in 1..=20_000_u64 {
            let of = Some(any(id)).filter(|of| *of > 0);
            let mut pick =
                |list: &[&str]| list[usize::try_from(any(list.len() as u64)).unwrap()].as_bytes().to_vec();
            let path = Some(pick(&paths)).filter(|path| !path.is_empty());
            let words = (0..4).map(|_| pick(&words)).collect();
            let end = match any(4) {
                0 => None,
                1 => Some(End::Exit(0)),
                _ => Some(End::Became(id + 1 + any(3))),
            };
            let numbers = Numbers { id, of, pid: any(3) };
            let words = Some(words).filter(|_| any(9) > 0);
            let when = When::Outside;
            let (workdir, hidden) = (None, Hidden::default());
            let start =
                Started { numbers, when, path, words, cut: false, workdir, hidden, unsure: false, end };
            told.starts.insert(id, start);
        }
        for author in ["aider", "claude-code", "codex", "gemini-cli", "somebody"] {
            let ran = ran(author, &told, 1);
            assert!(ran.classes.keys().eq(told.starts.keys()), "{author}: a start is in no class");
            let helpers = ran.helpers.values().sum::<u64>();
            assert_eq!(ran.count(Class::Helper) as u64, helpers, "{author}");
            assert_eq!(ran.count(Class::Command), ran.commands.len(), "{author}");
            for (id, start) in &told.starts {
                let above = start.numbers.of.and_then(|of| ran.classes.get(&of));
                let is_below = matches!(above, Some(Class::Command | Class::Nested));
                assert_eq!(ran.classes[id] == Class::Nested, is_below, "{author}: {start:?}");
            }
        }
    }

    #[test]
    fn a_command_is_in_another_folder() {
        let mut all = told(&[
            ("1 - 10", "/agent", &["agent"], "exit 0"),
            ("2 1 11", "/agent", &["agent"], "exit 0"),
            ("3 2 12", "/bin/sh", &["sh", "-c", "a"], "exit 0"),
            ("4 2 13", "/bin/sh", &["sh", "-c", "b"], "exit 0"),
            ("5 1 14", "/bin/sh", &["sh", "-c", "c"], "exit 0"),
        ]);
        for (id, folder) in [(2, "/two"), (4, "/four")] {
            all.starts.get_mut(&id).unwrap().workdir = Some(folder.as_bytes().to_vec());
        }
        let folders: Vec<Option<Vec<u8>>> =
            ran("x", &all, 1).commands.into_iter().map(|command| command.workdir).collect();
        assert_eq!(folders, [Some(b"/two".to_vec()), Some(b"/four".to_vec()), None]);
    }
}
