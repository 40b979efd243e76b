//! The keys of a policy and the types of their values, as attesh-policy(5) has them.
//!
//! What lives here: the table. What does not: what a key asks for.

/// The type of a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Type {
    /// A number from 0 to 2^53 - 1.
    Integer,
    /// true or false.
    Flag,
    /// Some text.
    Text,
    /// Texts, at least one.
    Texts,
    /// Texts; none, and empty ones, are allowed.
    Any,
    /// A text, or a list of them of which one counts; `*` stands for any characters.
    OneOf,
    /// Line numbers, at least one.
    Integers,
    /// An exit status, a list of them, or `any`.
    Status,
    /// A number and a unit.
    Age,
    /// 64 hexadecimal digits.
    Digest,
    /// Texts of 64 hexadecimal digits, at least one.
    Digests,
    /// Regular expressions, at least one.
    Patterns,
    /// An expression of CEL.
    Rule,
    /// One of these.
    Word(&'static [&'static str]),
    /// At least one of these.
    Words(&'static [&'static str]),
    /// Keys of its own.
    Table,
    /// Tables, at least one.
    Tables,
}

impl Type {
    /// As the page calls it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Type::Integer => "integer",
            Type::Flag => "flag",
            Type::Text => "text",
            Type::Texts => "list of texts",
            Type::Any => "list",
            Type::OneOf => "text or list of texts",
            Type::Integers => "list of integers",
            Type::Status => "status",
            Type::Age => "age",
            Type::Digest => "digest",
            Type::Digests => "list of digests",
            Type::Patterns => "list of patterns",
            Type::Rule => "rule",
            Type::Word(_) => "word",
            Type::Words(_) => "list of words",
            Type::Table => "table",
            Type::Tables => "list of tables",
        }
    }

    /// What the value must be, for a person who wrote something else.
    pub(super) fn wanted(self) -> String {
        match self {
            Type::Integer => "an integer, 0 or more".into(),
            Type::Flag => "true or false".into(),
            Type::Text => "a text that is not empty".into(),
            Type::Texts => "a list of at least one text, none empty".into(),
            Type::Any => "a list of texts".into(),
            Type::OneOf => "a text, or a list of at least one, none empty".into(),
            Type::Integers => "a list of at least one integer, from 1".into(),
            Type::Status => "an integer from 0 to 255, a list of them, or \"any\"".into(),
            Type::Age => "a number and s, m, h, d or w, as in \"30d\"".into(),
            Type::Digest => "64 lowercase hexadecimal digits".into(),
            Type::Digests => "a list of at least one text of 64 lowercase hexadecimal digits".into(),
            Type::Patterns => "a list of at least one regular expression".into(),
            Type::Rule => "an expression of CEL".into(),
            Type::Word(words) => quoted(words),
            Type::Words(words) => format!("a list of at least one of {}", quoted(words)),
            Type::Table => "a table".into(),
            Type::Tables => "tables, each begun with [[ ]]".into(),
        }
    }
}

/// Words as a message offers them.
fn quoted(words: &[&str]) -> String {
    words.iter().map(|word| format!("\"{word}\"")).collect::<Vec<_>>().join(" or ")
}

/// A key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Key {
    /// The table that it is in; the table of the file itself is called `file`.
    pub table: &'static str,
    /// Its name.
    pub name: &'static str,
    /// The type of its value.
    pub kind: Type,
    /// The key is required.
    pub required: bool,
}

const fn may(table: &'static str, name: &'static str, kind: Type) -> Key {
    Key { table, name, kind, required: false }
}

const fn must(table: &'static str, name: &'static str, kind: Type) -> Key {
    Key { table, name, kind, required: true }
}

/// Every key.
pub const KEYS: &[Key] = &[
    must("file", "version", Type::Integer),
    may("file", "trust", Type::Table),
    may("file", "session", Type::Table),
    may("file", "script", Type::Tables),
    may("file", "deny", Type::Table),
    may("file", "context", Type::Table),
    may("file", "process", Type::Table),
    may("file", "agent", Type::Table),
    may("file", "subject", Type::Table),
    may("file", "materials", Type::Tables),
    may("file", "rule", Type::Tables),
    may("trust", "keys", Type::Texts),
    may("trust", "max-age", Type::Age),
    may("trust", "at", Type::Word(&["now", "sealed"])),
    may("context", "repository", Type::OneOf),
    may("context", "ref", Type::OneOf),
    may("context", "commit", Type::OneOf),
    may("context", "clean", Type::Flag),
    may("context", "workflow", Type::OneOf),
    may("context", "job", Type::OneOf),
    may("context", "run", Type::OneOf),
    may("context", "event", Type::OneOf),
    may("context", "system", Type::OneOf),
    may("context", "purpose", Type::OneOf),
    may("context", "notice-sha256", Type::OneOf),
    may(
        "context",
        "same-as",
        Type::Words(&[
            "repository",
            "ref",
            "commit",
            "workflow",
            "job",
            "run",
            "event",
            "system",
            "purpose",
            "notice-sha256",
        ]),
    ),
    may("session", "complete", Type::Flag),
    may("session", "max-lost", Type::Integer),
    may("session", "max-redacted", Type::Integer),
    may("session", "max-paused", Type::Integer),
    may("session", "max-tail", Type::Age),
    may("script", "name", Type::Text),
    may("script", "mode", Type::Word(&["entire", "ordered", "contains"])),
    may("script", "sha256", Type::Digest),
    must("script", "commands", Type::Texts),
    may("script", "lines", Type::Integers),
    may("script", "masked", Type::Integers),
    may("script", "opaque", Type::Word(&["denied", "as-shown"])),
    may("script", "exit", Type::Status),
    may("script", "pipe", Type::Word(&["last", "all"])),
    may("script", "evidence", Type::Word(&["reader", "traps"])),
    may("script", "arguments", Type::Any),
    may("script", "options", Type::Any),
    may(
        "script",
        "environment",
        Type::Words(&[
            "BASH_ENV",
            "ENV",
            "SHELLOPTS",
            "BASHOPTS",
            "BASH_FUNC",
            "LD_PRELOAD",
            "LD_AUDIT",
            "LD_LIBRARY_PATH",
            "POSIXLY_CORRECT",
            "CDPATH",
            "GLOBIGNORE",
            "EXECIGNORE",
        ]),
    ),
    may("script", "before", Type::Texts),
    may("script", "runner", Type::Word(&["gitlab"])),
    must("deny", "commands", Type::Patterns),
    may("deny", "masked", Type::Word(&["denied", "as-shown"])),
    may("process", "capture", Type::Word(&["seccomp", "ptrace"])),
    may("process", "require", Type::Texts),
    may("process", "deny", Type::Texts),
    may("process", "max-unrecorded", Type::Integer),
    may("process", "outside", Type::Word(&["allow", "deny"])),
    may("process", "running", Type::Word(&["deny", "allow"])),
    may("agent", "author", Type::OneOf),
    may("agent", "sha256", Type::Digests),
    may("subject", "require", Type::Texts),
    may("subject", "products", Type::Flag),
    must("materials", "path", Type::Text),
    must("materials", "sha256", Type::Digest),
    may("rule", "name", Type::Text),
    must("rule", "cel", Type::Rule),
    may("rule", "hidden", Type::Word(&["denied", "as-absent"])),
];

/// The keys of a table.
pub(super) fn of(table: &str) -> impl Iterator<Item = &'static Key> {
    KEYS.iter().filter(move |key| key.table == table)
}
