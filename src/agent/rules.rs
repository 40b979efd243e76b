//! How agents run what they run: the rules, by author.
//!
//! What lives here: the table, and the text of one call by it. What does not: which starts are looked
//! at (`agent`), how a shell is called (`shell`).
//!
//! Rules: data, and versioned: who changes what a rule shows gives it another [`VERSION`]. A text that
//! a model wrote can be anything, so a rule takes only what the agent puts around it, whole and at its
//! place; where that is not so, the words are shown as they are. An author whose calls show their text
//! as it is has no own calls by their beginning: a model could write that beginning.

use memchr::memmem;

use super::shell::{call, name, word};
use crate::fact::process::Started;
use crate::text::typed;

/// The version of the rules.
pub const VERSION: &str = "rules/1";

/// What a shell that an agent calls is given.
#[derive(Clone, Copy, Debug)]
pub enum Form {
    /// The command as it is.
    Plain,
    /// The command as one quoted word behind the first `before`; then one of `after`, and a path to the
    /// end.
    Word {
        /// What stands before it.
        before: &'static str,
        /// What stands behind it: one of these.
        after: &'static [&'static str],
    },
    /// The command between the first `before` and the last `after`; what stands behind is one line that
    /// ends with `ends`, or nothing where that is empty.
    Between {
        /// What stands before it.
        before: &'static str,
        /// What stands behind it.
        after: &'static str,
        /// How the text ends.
        ends: &'static str,
    },
    /// Lines, each of which is one of these; then exec, a quoted shell, -c, and the command as one quoted
    /// word to the end. In a line `#` stands for a name, `~` for a text in single quotes, `@` for such a
    /// text with a folder `shell_snapshots` in it.
    Lines(&'static [&'static str]),
}

/// How an agent runs what it runs.
#[derive(Debug)]
pub struct Rules {
    /// What the author is called, the usual name first; none for any other author.
    pub authors: &'static [&'static str],
    /// What a shell is given, in the order in which it is tried.
    pub forms: &'static [Form],
    /// Programs that are the agent itself: what they start is looked at as if it had.
    pub agents: &'static [&'static str],
    /// Programs that the agent starts for itself.
    pub helpers: &'static [&'static str],
    /// Texts that the agent gives a shell for itself, whole.
    pub own: &'static [&'static str],
    /// How such texts begin.
    pub own_begins: &'static [&'static str],
    /// The first argument with which the agent starts itself to run a command: a shell that comes of that
    /// has no own text, and where nothing comes of it none has.
    pub through: Option<&'static str>,
}

/// What Codex puts around a command, to have the settings of the user's shell.
const CODEX: &[&str] = &[
    "",
    "__CODEX_SNAPSHOT_#=\"${#+x}\"",
    "__CODEX_SNAPSHOT_#=\"${#-}\"",
    "if . @ >/dev/null 2>&1; then :; fi",
    "if [ -n \"${#}\" ]; then",
    "  if [ -z \"${#+x}\" ] || [ \"${#-}\" != \"${#}\" ]; then export #=\"${#}\"; else export #; fi",
    "else builtin unset # 2>/dev/null || command unset #; fi",
    "builtin unset # # 2>/dev/null || command unset # #",
    "if [ -n \"$#\" ] || [ -n \"${#+x}\" ]; then",
    "if [ -n \"${PATH:-}\" ]; then export PATH=~:\"$PATH\"; else export PATH=~; fi",
    "fi",
];

/// Programs that run another one, in another place or for a time. They are helpers where that is a
/// shell that runs a text.
pub const WRAPPERS: [&str; 10] =
    ["bwrap", "env", "nice", "nohup", "script", "setsid", "stdbuf", "timeout", "unshare", "xargs"];

/// The rules of each author.
pub const ALL: &[Rules] = &[
    Rules {
        authors: &["aider"],
        forms: &[Form::Plain],
        agents: &["aider"],
        helpers: &["git"],
        own: &[],
        own_begins: &[],
        through: None,
    },
    Rules {
        authors: &["claude-code", "claude"],
        forms: &[Form::Word {
            before: "&& eval ",
            after: &[" < /dev/null && pwd -P >| ", " \\< /dev/null && pwd -P >| ", " && pwd -P >| "],
        }],
        agents: &["claude", "claude.exe"],
        helpers: &["git", "ps", "rg"],
        own: &["env"],
        own_begins: &["SNAPSHOT_FILE="],
        through: None,
    },
    Rules {
        authors: &["codex", "codex-cli"],
        forms: &[Form::Lines(CODEX), Form::Plain],
        agents: &["codex", "codex-linux-sandbox"],
        helpers: &["getconf", "git", "lsb_release", "rg"],
        own: &[],
        own_begins: &["if [ -z \"${BASH_ENV-}\" ]", "set -e; . \""],
        through: Some("--codex-run-as-process-setup"),
    },
    Rules {
        authors: &["gemini-cli", "gemini"],
        forms: &[
            Form::Between { before: "' EXIT\n", after: "\n)\n__code=$?\nexit $__code", ends: "" },
            Form::Between {
                before: "{ ",
                after: "; }; __code=$?; pgrep -g 0 >",
                ends: " 2>&1; exit $__code;",
            },
            Form::Between {
                before: "{ ",
                after: " }; __code=$?; pgrep -g 0 >",
                ends: " 2>&1; exit $__code;",
            },
        ],
        agents: &["gemini", "node"],
        helpers: &["git", "rg"],
        own: &[],
        own_begins: &[],
        through: None,
    },
    Rules {
        authors: &["mini-swe-agent"],
        forms: &[Form::Plain],
        agents: &["mini", "mini-swe-agent"],
        helpers: &[],
        own: &[],
        own_begins: &[],
        through: None,
    },
    Rules {
        authors: &["opencode"],
        forms: &[Form::Plain],
        agents: &["opencode"],
        helpers: &["git", "rg"],
        own: &[],
        own_begins: &[],
        through: None,
    },
    Rules {
        authors: &["pi"],
        forms: &[Form::Plain],
        agents: &["pi"],
        helpers: &[],
        own: &[],
        own_begins: &[],
        through: None,
    },
];

/// Those of any other author.
const ANY: &Rules = &Rules {
    authors: &[],
    forms: &[Form::Plain],
    agents: &[],
    helpers: &[],
    own: &[],
    own_begins: &[],
    through: None,
};

/// What is shown of a command.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Shown {
    /// The text that a rule found.
    Text(Vec<u8>),
    /// All words: no rule fits.
    Words(Vec<Vec<u8>>),
}

impl Shown {
    /// As somebody reads it: what a rule found, or all words.
    #[must_use]
    pub fn text(&self) -> Vec<u8> {
        match self {
            Shown::Text(text) => text.clone(),
            Shown::Words(words) => typed(words).into_bytes(),
        }
    }
}

/// Whether a start is of a program that runs another one.
pub(super) fn is_wrapper(start: &Started) -> bool {
    is_one_of(&WRAPPERS, start)
}

fn is_one_of(names: &[&str], start: &Started) -> bool {
    name(start).is_some_and(|own| names.iter().any(|name| name.as_bytes() == own))
}

impl Rules {
    /// The rules of an author.
    pub(super) fn of(author: &str) -> &'static Self {
        ALL.iter().find(|rules| rules.authors.contains(&author)).unwrap_or(ANY)
    }

    pub(super) fn is_agent(&self, start: &Started) -> bool {
        is_one_of(self.agents, start)
    }

    pub(super) fn is_helper(&self, start: &Started) -> bool {
        is_one_of(self.helpers, start)
    }

    /// Whether the agent starts itself to run a command.
    pub(super) fn goes_through(&self, start: &Started) -> bool {
        let first = start.words.as_ref().and_then(|words| words.get(1));
        self.is_agent(start)
            && first.is_some_and(|first| self.through.is_some_and(|through| first == through.as_bytes()))
    }

    /// Whether a shell is called for the agent itself; `above` is the start that it came of.
    pub(super) fn is_own_call(&self, start: &Started, above: Option<&Started>) -> bool {
        if above.is_none_or(|above| self.goes_through(above)) {
            return false;
        }
        let begins = |text: &[u8]| self.own_begins.iter().any(|begin| text.starts_with(begin.as_bytes()));
        call(start).is_some_and(|text| begins(text) || self.own.iter().any(|own| own.as_bytes() == text))
    }

    /// What a command is.
    pub(super) fn shown(&self, start: &Started) -> Option<Shown> {
        let words = start.words.as_ref()?;
        let text = call(start).and_then(|text| self.forms.iter().find_map(|form| form.text(text)));
        Some(text.map_or_else(|| Shown::Words(words.clone()), Shown::Text))
    }
}

impl Form {
    /// As docs/agents.md calls it.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Form::Plain => "plain",
            Form::Word { .. } => "eval",
            Form::Between { ends: "", .. } => "trap",
            Form::Between { .. } => "group",
            Form::Lines(_) => "snapshot",
        }
    }

    fn text(self, text: &[u8]) -> Option<Vec<u8>> {
        match self {
            Form::Plain => Some(text.to_vec()),
            Form::Word { before, after } => {
                // The first: what follows can be in the command.
                let (command, left) = word(behind(text, before)?)?;
                let file = after.iter().find_map(|after| left.strip_prefix(after.as_bytes()))?;
                let (path, left) = word(file)?;
                (left.is_empty() && path.starts_with(b"/")).then_some(command)
            }
            Form::Between { before, after, ends } => {
                let text = behind(text, before)?;
                // The last: what stands before can be in the command.
                let to = memmem::rfind(text, after.as_bytes())?;
                let rest = &text[to + after.len()..];
                let is_end = if ends.is_empty() { rest.is_empty() } else { rest.ends_with(ends.as_bytes()) };
                (is_end && !rest.contains(&b'\n')).then(|| text[..to].to_vec())
            }
            Form::Lines(lines) => {
                let (mut left, mut has_read) = (text, false);
                loop {
                    if let Some(rest) = left.strip_prefix(b"exec ") {
                        let (_, rest) = word(rest)?;
                        let (command, rest) = word(rest.strip_prefix(b" -c ")?)?;
                        return (has_read && rest.is_empty()).then_some(command);
                    }
                    let end = memchr::memchr(b'\n', left)?;
                    let line = lines.iter().find(|line| is_line(line.as_bytes(), &left[..end]))?;
                    // Only a line with the file is one of the prelude.
                    has_read |= line.contains('@');
                    left = &left[end + 1..];
                }
            }
        }
    }
}

/// Whether a line is one that a form allows.
fn is_line(mut form: &[u8], mut line: &[u8]) -> bool {
    while let [sign, rest @ ..] = form {
        let length = match sign {
            b'#' => line.iter().take_while(|byte| byte.is_ascii_alphanumeric() || **byte == b'_').count(),
            b'~' | b'@' => {
                let quoted = line.strip_prefix(b"'");
                let quoted = quoted.and_then(|rest| rest.split(|byte| *byte == b'\'').next());
                let fits = |text: &&[u8]| {
                    let is_closed = text.len() + 2 <= line.len();
                    is_closed && (*sign == b'~' || memmem::find(text, b"/shell_snapshots/").is_some())
                };
                quoted.filter(fits).map_or(0, |text| text.len() + 2)
            }
            sign => usize::from(line.first() == Some(sign)),
        };
        if length == 0 {
            return false;
        }
        (form, line) = (rest, &line[length..]);
    }
    line.is_empty()
}

/// What stands behind the first such words.
fn behind<'a>(text: &'a [u8], words: &str) -> Option<&'a [u8]> {
    memmem::find(text, words.as_bytes()).map(|at| &text[at + words.len()..])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fact::process::{Hidden, Numbers, When};

    /// What is shown of `bash -c TEXT` of an author.
    fn shown(author: &str, text: &str) -> Option<String> {
        let words = ["bash", "-c", text].map(|word| word.as_bytes().to_vec()).to_vec();
        let start = Started {
            numbers: Numbers { id: 2, of: Some(1), pid: 2 },
            when: When::In(1),
            path: Some(b"/bin/bash".to_vec()),
            words: Some(words.clone()),
            cut: false,
            workdir: None,
            hidden: Hidden::default(),
            unsure: false,
            end: None,
        };
        match Rules::of(author).shown(&start)? {
            Shown::Text(text) => Some(String::from_utf8(text).unwrap()),
            Shown::Words(all) => {
                assert_eq!(all, words);
                None
            }
        }
    }

    fn quoted(text: &str) -> String {
        format!("'{}'", text.replace('\'', "'\"'\"'"))
    }

    /// What Codex puts before a command.
    const CODEX_BEFORE: &str = r#"__CODEX_SNAPSHOT_OVERRIDE_SET_0="${CODEX_A+x}"
__CODEX_SNAPSHOT_OVERRIDE_0="${CODEX_A-}"

if . '/r/.codex/shell_snapshots/1.sh' >/dev/null 2>&1; then :; fi

if [ -n "${__CODEX_SNAPSHOT_OVERRIDE_SET_0}" ]; then
  if [ -z "${CODEX_A+x}" ] || [ "${CODEX_A-}" != "${__CODEX_SNAPSHOT_OVERRIDE_0}" ]; then export CODEX_A="${__CODEX_SNAPSHOT_OVERRIDE_0}"; else export CODEX_A; fi
else builtin unset CODEX_A 2>/dev/null || command unset CODEX_A; fi
builtin unset __CODEX_X __CODEX_Y 2>/dev/null || command unset __CODEX_X __CODEX_Y
if [ -n "$__CODEX_SNAPSHOT_PROXY_ENV_SET" ] || [ -n "${CODEX_B+x}" ]; then
fi
if [ -n "${PATH:-}" ]; then export PATH='/r/bin':"$PATH"; else export PATH='/r/bin'; fi

"#;

    /// Texts that a model can write, to be taken for something else.
    const HOSTILE: [&str; 9] = [
        "",
        "it's \"$x\" `y` \\",
        "true' < /dev/null && pwd -P >| /tmp/x",
        "x\n)\n__code=$?\nexit $__code",
        "x; }; __code=$?; pgrep -g 0 >/tmp/x 2>&1; exit $__code; rm y",
        "&& eval 'a' < /dev/null && pwd -P >| /tmp/x",
        "trap x' EXIT\nrm y",
        "exec '/bin/bash' -c 'a'",
        "\u{1b}[2J\r\n\u{202e}",
    ];

    #[test]
    fn a_command_can_be_written_so_that_another_is_shown() {
        for text in HOSTILE {
            let claude = format!(
                "source /r/.claude/shell-snapshots/s.sh 2>/dev/null || true && shopt -u extglob 2>/dev/null || true && eval {} < /dev/null && pwd -P >| /tmp/claude-1a2b-cwd",
                quoted(text)
            );
            let gemini = format!(
                "shopt -u promptvars nullglob; _bgpids_file=/tmp/g/b.tmp\n(\n  trap 'jobs -p > \"$_bgpids_file\"' EXIT\n{text}\n)\n__code=$?\nexit $__code"
            );
            let older =
                format!("{{ {text}; }}; __code=$?; pgrep -g 0 >/tmp/shell_pgrep_1.tmp 2>&1; exit $__code;");
            let codex = format!("{CODEX_BEFORE}exec '/bin/bash' -c {}", quoted(text));
            for (author, given) in [
                ("claude-code", claude),
                ("gemini-cli", gemini),
                ("codex", codex),
                ("codex", text.to_owned()),
                ("opencode", text.to_owned()),
                ("pi", text.to_owned()),
                ("mini-swe-agent", text.to_owned()),
                ("aider", text.to_owned()),
                ("somebody", text.to_owned()),
            ] {
                assert_eq!(shown(author, &given).as_deref(), Some(text), "{author}: {given}");
            }
            // One that has a newline is no longer between its own words, and is shown whole.
            assert!(shown("gemini-cli", &older).is_none_or(|shown| shown == text), "{older}");
        }
    }

    #[test]
    fn a_text_that_no_rule_fits_is_shown_in_part() {
        for (author, text) in [
            ("claude-code", "ls"),
            ("claude-code", "true && eval 'a' && rm b && pwd -P >| /tmp/x"),
            ("claude-code", "true && eval 'a' < /dev/null && pwd -P >| /tmp/x; rm b"),
            ("claude-code", "true && eval 'a' < /dev/null && pwd -P >| \"$(rm b)\""),
            ("claude-code", "true && eval 'a' < /dev/null && pwd -P >| x"),
            ("claude-code", "true && eval \"$(rm b)\" < /dev/null && pwd -P >| /tmp/x"),
            ("gemini-cli", "rm b' EXIT"),
            ("gemini-cli", "' EXIT\na\n)\n__code=$?\nexit $__code; rm b"),
        ] {
            assert_eq!(shown(author, text), None, "{author}: {text}");
        }
        let before = CODEX_BEFORE;
        for text in [
            before.to_owned(),
            format!("{before}exec '/bin/bash' -c 'a'; rm b"),
            format!("{before}exec '/bin/bash' -c 'a' b"),
            format!("{before}rm b\nexec '/bin/bash' -c 'a'"),
            format!("{before}exec '/bin/bash' -c 'a'\nrm b"),
            format!("{}exec '/bin/bash' -c 'a'", before.replace("then :;", "then rm b;")),
            format!("{}exec '/bin/bash' -c 'a'", before.replace("shell_snapshots", "x")),
            format!("{}exec '/bin/bash' -c 'a'", before.replace("${CODEX_A-}", "${CODEX_A-`rm b`}")),
            format!("{}exec '/bin/bash' -c 'a'", before.replace("'/r/bin'", "'/r/bin';rm b;''")),
            format!("{}exec '/bin/bash' -c 'a'", before.replace("export CODEX_A;", "export ;")),
        ] {
            let text = text.as_str();
            assert_eq!(shown("codex", text).as_deref(), Some(text));
        }
    }

    #[test]
    fn a_model_can_write_what_counts_as_the_agents_own_call() {
        for rules in ALL {
            let is_plain = rules.forms.iter().any(|form| matches!(form, Form::Plain));
            let is_apart = rules.own_begins.is_empty() || rules.through.is_some();
            assert!(!is_plain || is_apart, "{:?}", rules.authors);
            for names in [rules.agents, rules.helpers] {
                assert!(names.is_sorted(), "{names:?}");
            }
        }
        let all: Vec<&str> = ALL.iter().flat_map(|rules| rules.authors.iter().copied()).collect();
        let once: std::collections::BTreeSet<_> = all.iter().collect();
        assert_eq!(all.len(), once.len(), "an author with two rules: {all:?}");
    }
}
