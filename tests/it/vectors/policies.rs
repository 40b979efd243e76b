//! Policies, good and bad; the head of each file says what must happen and why.

use std::collections::BTreeMap;

use attesh::policy::Policy;

use super::{files_of, kept};

/// A policy, and what must come of it.
struct Case {
    name: &'static str,
    why: &'static str,
    must: Must,
    text: Vec<u8>,
}

enum Must {
    /// It is read, with so many scripts and commands in them.
    Read(usize, usize),
    /// It is refused at this line and column, with words that begin so.
    Refuse(usize, usize, &'static str),
}

use Must::{Read, Refuse};

impl Case {
    fn file(&self) -> Vec<u8> {
        let must = match self.must {
            Read(scripts, commands) => read_as(scripts, commands),
            Refuse(line, column, what) => refused_at(line, column, what),
        };
        [format!("# must: {must}\n# why: {}\n", self.why).as_bytes(), &self.text].concat()
    }
}

fn read_as(scripts: usize, commands: usize) -> String {
    format!("be read; {scripts} scripts, {commands} commands")
}

fn refused_at(line: usize, column: usize, what: &str) -> String {
    let what = if what.is_empty() { String::new() } else { format!(" {what}") };
    format!("be refused at line {line}, column {column}:{what}")
}

/// Cases whose text begins with the version.
const WITH_VERSION: &[(&str, &str, Must, &str)] = &[
    // ── good ──
    ("empty", "a policy may ask for nothing but what is asked of every session", Read(0, 0), ""),
    (
        "three",
        "the policy of attesh-policy(5)",
        Read(1, 3),
        "[[script]]\ncommands = [\"cd src/\", 'echo \"something\"', \"go build ./...\"]\n",
    ),
    (
        "scripts",
        "several scripts, each with its mode",
        Read(3, 4),
        "[[script]]\ncommands = ['a']\n[[script]]\nmode = 'ordered'\ncommands = ['a', 'b']\n[[script]]\nmode = 'contains'\ncommands = ['a']\n",
    ),
    (
        "inline",
        "TOML has more than one spelling of a table",
        Read(1, 1),
        "session = { complete = false, max-lost = 1 }\nscript = [{ commands = ['a'] }]\n",
    ),
    (
        "dotted",
        "and one more",
        Read(0, 0),
        "session.max-lost = 1\nsession.max-paused = 2\ntrust.max-age = '1w'\n",
    ),
    (
        "integers",
        "integers in every base and with underscores",
        Read(1, 1),
        "[session]\nmax-lost = 0x1f\nmax-redacted = 0o17\nmax-paused = 1_000\n[[script]]\ncommands = ['a']\nexit = [0b1, 255]\n",
    ),
    (
        "largest-integer",
        "2^53 - 1 is the last integer that JSON has",
        Read(0, 0),
        "[session]\nmax-lost = 9007199254740991\n",
    ),
    (
        "any-status",
        "statuses are one, a list or any",
        Read(3, 3),
        "[[script]]\ncommands = ['a']\nexit = 0\n[[script]]\ncommands = ['a']\nexit = [0, 2]\n[[script]]\ncommands = ['a']\nexit = 'any'\n",
    ),
    (
        "many-lines",
        "a command may have several lines",
        Read(1, 2),
        "[[script]]\ncommands = [\n  '''\nif true; then\n  echo yes\nfi''',\n  \"make\", # a remark\n]\nlines = [1, 9]\n",
    ),
    (
        "shell",
        "how the shell was started, and what may be empty of it",
        Read(2, 2),
        "[[script]]\nevidence = 'traps'\npipe = 'all'\narguments = ['', 'a b']\noptions = ['-e', '-O', 'extglob']\nenvironment = ['ENV', 'SHELLOPTS']\nbefore = ['cd a']\nrunner = 'gitlab'\ncommands = ['a']\n[[script]]\narguments = []\noptions = []\ncommands = ['a']\n",
    ),
    ("carriage-returns", "lines may end as on Windows", Read(1, 1), "[[script]]\r\ncommands = ['a']\r\n"),
    (
        "patterns",
        "patterns of many kinds",
        Read(0, 0),
        "[deny]\ncommands = ['(?i)curl', '^rm -rf /$', '\\w\\s', 'a{2,3}']\n",
    ),
    (
        "rules",
        "rules with the macros and functions of CEL",
        Read(0, 0),
        "[[rule]]\ncel = 'predicate.commands.all(c, c.exitCode == 0)'\n[[rule]]\nname = 'b'\ncel = \"subject.exists(s, s.name.matches('^bin/')) ? true : has(predicate.plans)\"\n",
    ),
    (
        "ages",
        "an age is a number and a unit",
        Read(0, 0),
        "[trust]\nmax-age = '30d'\n[session]\nmax-tail = '0s'\n",
    ),
    // ── what is no TOML ──
    ("no-toml", "a table that does not end", Refuse(4, 10, ""), "[[script]\n"),
    ("no-value", "a key without a value", Refuse(4, 10, ""), "session =\n"),
    ("key-twice", "a key stands there twice", Refuse(5, 2, "duplicate key"), "[session]\n[session]\n"),
    ("open-text", "a text that does not end", Refuse(5, 16, ""), "[[script]]\ncommands = ['a]\n"),
    ("control", "a control character in a text", Refuse(5, 14, ""), "[[script]]\ncommands = ['\u{1b}[2J']\n"),
    // ── what has no place ──
    (
        "unknown-key",
        "a key that is not on the page",
        Refuse(4, 1, "unknown key \"minimum\"; a policy has version, trust,"),
        "minimum = 3\n",
    ),
    (
        "unknown-table",
        "a table that is not on the page",
        Refuse(4, 2, "unknown key \"sesion\"; a policy has"),
        "[sesion]\nmax-lost = 1\n",
    ),
    (
        "unknown-in-table",
        "a key that belongs to another table",
        Refuse(5, 1, "unknown key \"max-age\"; [session] has complete,"),
        "[session]\nmax-age = '1d'\n",
    ),
    (
        "case",
        "keys have one spelling",
        Refuse(5, 1, "unknown key \"Complete\"; [session]"),
        "[session]\nComplete = true\n",
    ),
    (
        "umlaut",
        "columns count characters, not bytes",
        Refuse(5, 18, "commands must be a list of at least one text"),
        "[[script]]\ncommands = ['ü', '']\n",
    ),
    (
        "first-unknown",
        "the first unknown key is told, wherever it sorts",
        Refuse(4, 1, "unknown key \"z\""),
        "z = 1\na = 1\n",
    ),
    // ── what is missing ──
    (
        "no-commands",
        "a script without commands says nothing",
        Refuse(4, 1, "commands is missing"),
        "[[script]]\nname = 'build'\n",
    ),
    ("no-patterns", "a list of nothing denies nothing", Refuse(4, 1, "commands is missing"), "[deny]\n"),
    (
        "no-require",
        "a subject that is not named",
        Refuse(4, 1, "[subject] has neither require nor products"),
        "[subject]\n",
    ),
    (
        "no-path",
        "a material without its path",
        Refuse(4, 1, "path is missing"),
        "[[materials]]\nsha256 = '0000000000000000000000000000000000000000000000000000000000000000'\n",
    ),
    (
        "no-digest",
        "a material of any bytes",
        Refuse(4, 1, "sha256 is missing"),
        "[[materials]]\npath = 'go.sum'\n",
    ),
    (
        "same-as-what",
        "a member that no context has",
        Refuse(5, 12, "same-as must be"),
        "[context]\nsame-as = ['author']\n",
    ),
    ("no-cel", "a rule without an expression", Refuse(4, 1, "cel is missing"), "[[rule]]\nname = 'r'\n"),
    // ── types ──
    (
        "commands-empty",
        "an empty list is an error, not a policy that anything meets",
        Refuse(5, 12, "commands must be a list of at least one text"),
        "[[script]]\ncommands = []\n",
    ),
    (
        "command-empty",
        "an empty command is none",
        Refuse(5, 18, "commands must be a list of at least one text"),
        "[[script]]\ncommands = ['a', '']\n",
    ),
    (
        "command-number",
        "a command is a text",
        Refuse(5, 18, "commands must be"),
        "[[script]]\ncommands = ['a', 1]\n",
    ),
    (
        "command-text",
        "one command is a list of one",
        Refuse(5, 12, "commands must be"),
        "[[script]]\ncommands = 'a'\n",
    ),
    (
        "script-table",
        "scripts are a list",
        Refuse(4, 1, "script must be tables, each begun with [[ ]]"),
        "[script]\ncommands = ['a']\n",
    ),
    (
        "session-list",
        "and the session is none",
        Refuse(4, 1, "session must be a table"),
        "[[session]]\ncomplete = true\n",
    ),
    (
        "flag-text",
        "a flag is no text",
        Refuse(5, 12, "complete must be true or false"),
        "[session]\ncomplete = 'true'\n",
    ),
    (
        "negative",
        "fewer than none cannot be lost",
        Refuse(5, 12, "max-lost must be an integer, 0 or more"),
        "[session]\nmax-lost = -1\n",
    ),
    ("float", "2.0 is no integer", Refuse(5, 12, "max-lost must be"), "[session]\nmax-lost = 2.0\n"),
    (
        "too-large",
        "2^53 has no place in JSON",
        Refuse(5, 12, "max-lost must be"),
        "[session]\nmax-lost = 9007199254740992\n",
    ),
    (
        "date",
        "a date is no age",
        Refuse(5, 11, "max-age must be a number and s, m, h, d or w"),
        "[trust]\nmax-age = 2026-11-22\n",
    ),
    ("age-without-unit", "30 what?", Refuse(5, 11, "max-age must be"), "[trust]\nmax-age = '30'\n"),
    (
        "age-of-years",
        "a year has no fixed length",
        Refuse(5, 11, "max-age must be"),
        "[trust]\nmax-age = '1y'\n",
    ),
    (
        "age-overflow",
        "more seconds than can be counted",
        Refuse(5, 11, "max-age must be"),
        "[trust]\nmax-age = '99999999999999999w'\n",
    ),
    (
        "status-256",
        "a status has eight bits",
        Refuse(6, 12, "exit must be an integer from 0 to 255"),
        "[[script]]\ncommands = ['a']\nexit = [0, 256]\n",
    ),
    (
        "status-word",
        "any is the only word",
        Refuse(6, 8, "exit must be"),
        "[[script]]\ncommands = ['a']\nexit = 'all'\n",
    ),
    (
        "status-none",
        "no status at all is allowed by mistake",
        Refuse(6, 8, "exit must be"),
        "[[script]]\ncommands = ['a']\nexit = []\n",
    ),
    (
        "mode-unknown",
        "a mode that there is not",
        Refuse(5, 8, "mode must be \"entire\" or \"ordered\" or \"contains\""),
        "[[script]]\nmode = 'most'\ncommands = ['a']\n",
    ),
    (
        "plan",
        "every plan is recorded before the first command, so no key asks for it",
        Refuse(5, 1, "unknown key \"plan\"; [script] has name,"),
        "[[script]]\nplan = 'start'\ncommands = ['a']\n",
    ),
    (
        "passed",
        "no status that nobody saw counts as a good one",
        Refuse(5, 1, "unknown key \"passed\"; [script] has name,"),
        "[[script]]\npassed = 'allow'\ncommands = ['a']\n",
    ),
    (
        "evidence-unknown",
        "what was recorded as a whole is no evidence",
        Refuse(5, 12, "evidence must be \"reader\" or \"traps\""),
        "[[script]]\nevidence = 'whole'\ncommands = ['a']\n",
    ),
    (
        "pipe-unknown",
        "a pipe is judged by its last command or by all",
        Refuse(5, 8, "pipe must be \"last\" or \"all\""),
        "[[script]]\npipe = 'first'\ncommands = ['a']\n",
    ),
    (
        "runner-unknown",
        "a runner whose lines nobody knows",
        Refuse(5, 10, "runner must be \"gitlab\""),
        "[[script]]\nrunner = 'jenkins'\ncommands = ['a']\n",
    ),
    (
        "arguments-text",
        "one argument is a list of one",
        Refuse(5, 13, "arguments must be a list of texts"),
        "[[script]]\narguments = 'a'\ncommands = ['a']\n",
    ),
    (
        "argument-number",
        "an argument is a text",
        Refuse(5, 19, "arguments must be a list of texts"),
        "[[script]]\narguments = ['a', 1]\ncommands = ['a']\n",
    ),
    (
        "options-text",
        "options are a list of words",
        Refuse(5, 11, "options must be a list of texts"),
        "[[script]]\noptions = '-e -u'\ncommands = ['a']\n",
    ),
    (
        "environment-unknown",
        "a variable that nobody records",
        Refuse(5, 28, "environment must be a list of at least one of \"BASH_ENV\" or \"ENV\""),
        "[[script]]\nenvironment = ['BASH_ENV', 'PATH']\ncommands = ['a']\n",
    ),
    (
        "environment-empty",
        "no variable may be set by default",
        Refuse(5, 15, "environment must be a list of at least one of"),
        "[[script]]\nenvironment = []\ncommands = ['a']\n",
    ),
    (
        "before-empty",
        "nothing runs before by default",
        Refuse(5, 10, "before must be a list of at least one text"),
        "[[script]]\nbefore = []\ncommands = ['a']\n",
    ),
    (
        "digest-capitals",
        "a digest has one spelling",
        Refuse(5, 10, "sha256 must be 64 lowercase hexadecimal digits"),
        "[[script]]\nsha256 = 'E3B0C44298FC1C149AFBF4C8996FB92427AE41E4649B934CA495991B7852B855'\ncommands = ['a']\n",
    ),
    (
        "digest-short",
        "and one length",
        Refuse(5, 10, "sha256 must be"),
        "[[script]]\nsha256 = 'e3b0'\ncommands = ['a']\n",
    ),
    (
        "lines-too-few",
        "each command has a line",
        Refuse(6, 9, "lines must be as many as commands, 2, and ascend"),
        "[[script]]\ncommands = ['a', 'b']\nlines = [1]\n",
    ),
    (
        "lines-fall",
        "and comes after the one before it",
        Refuse(6, 9, "lines must be as many as commands, 2, and ascend"),
        "[[script]]\ncommands = ['a', 'b']\nlines = [2, 2]\n",
    ),
    (
        "line-zero",
        "lines count from 1",
        Refuse(6, 10, "lines must be a list of at least one integer, from 1"),
        "[[script]]\ncommands = ['a', 'b']\nlines = [0, 1]\n",
    ),
    // ── what does not compile ──
    (
        "pattern-open",
        "a pattern that cannot be read denies nothing",
        Refuse(5, 18, "no regular expression: unclosed group"),
        "[deny]\ncommands = ['a', '(']\n",
    ),
    (
        "pattern-too-large",
        "a pattern that would fill the memory",
        Refuse(5, 13, "no regular expression: "),
        "[deny]\ncommands = ['(\\w{1000}){1000}']\n",
    ),
    (
        "rule-cut",
        "an expression that does not end",
        Refuse(5, 7, "no expression of CEL: "),
        "[[rule]]\ncel = 'predicate.outcome.lostCount <'\n",
    ),
    (
        "rule-of-another-language",
        "an expression of another language",
        Refuse(6, 7, "no expression of CEL: "),
        "[[rule]]\nname = 'r'\ncel = 'if true then true'\n",
    ),
];

fn all() -> Vec<Case> {
    let mut all: Vec<Case> = Vec::new();
    for (name, why, must, text) in WITH_VERSION {
        let must = match must {
            Read(scripts, commands) => Read(*scripts, *commands),
            Refuse(line, column, what) => Refuse(*line, *column, what),
        };
        all.push(Case { name, why, must, text: format!("version = 1\n{text}").into_bytes() });
    }
    let mut more = |name, why, must, text: &[u8]| all.push(Case { name, why, must, text: text.to_vec() });
    let missing = Refuse(1, 1, "version is missing");
    more("version-missing", "a policy says of which version it is", missing, b"[session]\ncomplete = true\n");
    more("version-2", "there is no other version yet", Refuse(3, 11, "version must be 1"), b"version = 2\n");
    let integer = Refuse(3, 11, "version must be an integer, 0 or more");
    more("version-text", "a version is a number", integer, b"version = '1'\n");
    more("not-utf-8", "a policy is text", Refuse(4, 3, "not UTF-8"), b"version = 1\n# \xff\n");
    let long = format!("version = 1\n[[rule]]\ncel = '''{}'''\n", "true && ".repeat(512) + "true");
    let why = "an expression is no program";
    more("rule-too-long", why, Refuse(5, 7, "cel is longer than 4096 bytes"), long.as_bytes());
    all
}

#[test]
fn the_policies_are_not_those_of_the_cases() {
    let files: BTreeMap<String, Vec<u8>> =
        all().iter().map(|case| (format!("{}.toml", case.name), case.file())).collect();
    assert_eq!(files.len(), all().len(), "a name stands there twice");
    kept("policies", &files);
}

#[test]
fn a_policy_is_read_or_refused_otherwise_than_its_head_says() {
    let (mut good, mut bad, mut wrong) = (0, 0, Vec::new());
    for (name, bytes) in files_of("policies") {
        let text = String::from_utf8_lossy(&bytes);
        let mut lines = text.lines();
        let must =
            lines.next().and_then(|line| line.strip_prefix("# must: ")).unwrap_or_else(|| panic!("{name}"));
        let why = lines.next().and_then(|line| line.strip_prefix("# why: ")).unwrap_or_default();
        assert!(!why.is_empty(), "{name} does not say why");
        let said = match Policy::read(&bytes) {
            Ok(policy) => {
                good += 1;
                read_as(policy.scripts.len(), policy.scripts.iter().map(|script| script.commands.len()).sum())
            }
            Err(error) => {
                bad += 1;
                refused_at(error.line, error.column, &error.what)
            }
        };
        if !said.starts_with(must) {
            wrong.push(format!("{name} must {must}\nand was to {said}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(good >= 10 && bad >= 40, "{good} good, {bad} bad");
}
