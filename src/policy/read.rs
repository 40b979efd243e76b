//! TOML to a [`Policy`]: strict, with line and column.
//!
//! What lives here: types, bounds, unknown keys. What does not: the table of keys (`keys`).

use std::ops::Range;

use regex::RegexBuilder;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::keys::{self, Key, Type};
use super::write::masked_text;
use super::{
    AgentRule, ContextRule, MaterialRule, Mode, Policy, ProcessRule, Rule, Runner, ScriptRule, SessionRule,
};
use crate::clock;
use crate::encoding::hex_exact;
use crate::mask::Masker;
use crate::record::{Evidence, Inherited, Status};
use crate::text::toml::{Source, Wrong};

/// The longest policy, in bytes.
pub const POLICY_MAX: usize = 4 << 20;
/// The longest expression of a rule, in bytes.
const RULE_MAX: usize = 4 << 10;
/// Larger integers have no place in JSON.
const INTEGER_MAX: u64 = (1 << 53) - 1;

type Outcome<T> = Result<T, Wrong>;

/// A table whose keys are all known, with every required key and with values of the right type.
struct Keys<'a, 't> {
    source: Source<'a>,
    table: &'t DeTable<'a>,
    name: &'static str,
    span: Range<usize>,
}

impl<'a, 't> Keys<'a, 't> {
    fn new(
        source: Source<'a>,
        name: &'static str,
        table: &'t DeTable<'a>,
        span: Range<usize>,
    ) -> Outcome<Self> {
        let mut entries: Vec<_> = table.iter().collect();
        entries.sort_by_key(|(key, _)| key.span().start);
        for (key, value) in entries {
            let known = keys::of(name).find(|known| known.name == key.get_ref().as_ref());
            let Some(known) = known else {
                let all: Vec<&str> = keys::of(name).map(|key| key.name).collect();
                let place = if name == "file" { "a policy".to_owned() } else { format!("[{name}]") };
                let what =
                    format!("unknown key {:?}; {place} has {}", key.get_ref().as_ref(), all.join(", "));
                return Err(source.wrong(key.span().start, what));
            };
            check(source, known, value)?;
        }
        let keys = Keys { source, table, name, span };
        match keys::of(name).find(|key| key.required && keys.get(key.name).is_none()) {
            Some(key) => Err(source.wrong(keys.span.start, format!("{} is missing", key.name))),
            None => Ok(keys),
        }
    }

    fn get(&self, name: &str) -> Option<&'t Spanned<DeValue<'a>>> {
        debug_assert!(keys::of(self.name).any(|key| key.name == name));
        self.table.iter().find(|(key, _)| key.get_ref().as_ref() == name).map(|(_, value)| value)
    }

    fn text(&self, name: &str) -> Option<String> {
        self.get(name).and_then(|value| value.get_ref().as_str()).map(str::to_owned)
    }

    fn texts(&self, name: &str) -> Vec<String> {
        let items = self.items(name).into_iter();
        items.filter_map(|item| item.get_ref().as_str()).map(str::to_owned).collect()
    }

    /// A list that may be empty; `None` if it is not there.
    fn list(&self, name: &str) -> Option<Vec<String>> {
        self.get(name).map(|_| self.texts(name))
    }

    fn items(&self, name: &str) -> Vec<&'t Spanned<DeValue<'a>>> {
        let array = self.get(name).and_then(|value| value.get_ref().as_array());
        array.map(|array| array.iter().collect()).unwrap_or_default()
    }

    fn integer(&self, name: &str, default: u64) -> u64 {
        self.get(name).and_then(|value| integer(value.get_ref())).unwrap_or(default)
    }

    fn flag(&self, name: &str) -> bool {
        self.get(name).and_then(|value| value.get_ref().as_bool()).unwrap_or(false)
    }

    fn age_s(&self, name: &str) -> Option<u64> {
        self.get(name).and_then(|value| value.get_ref().as_str()).and_then(age_s)
    }

    /// A table of its own.
    fn table(&self, name: &'static str) -> Outcome<Option<Keys<'a, 't>>> {
        let Some(value) = self.get(name) else { return Ok(None) };
        let Some(table) = value.get_ref().as_table() else { return Ok(None) };
        Keys::new(self.source, name, table, value.span()).map(Some)
    }

    fn tables(&self, name: &'static str) -> Outcome<Vec<Keys<'a, 't>>> {
        let items = self.items(name).into_iter();
        let tables = items.filter_map(|item| Some((item.get_ref().as_table()?, item.span())));
        tables.map(|(table, span)| Keys::new(self.source, name, table, span)).collect()
    }
}

/// A value that has not the type of its key.
fn mistyped(source: Source, key: &Key, span: Range<usize>) -> Wrong {
    source.wrong(span.start, format!("{} must be {}", key.name, key.kind.wanted()))
}

/// Whether a value has the type of its key.
fn check(source: Source, key: &Key, value: &Spanned<DeValue>) -> Outcome<()> {
    let inner = value.get_ref();
    let text = inner.as_str().filter(|text| !text.is_empty());
    let each = |fits: &dyn Fn(&DeValue) -> bool| {
        let Some(array) = inner.as_array().filter(|array| !array.is_empty()) else {
            return Err(mistyped(source, key, value.span()));
        };
        match array.iter().find(|item| !fits(item.get_ref())) {
            Some(item) => Err(mistyped(source, key, item.span())),
            None => Ok(()),
        }
    };
    let filled = |value: &DeValue| value.as_str().is_some_and(|text| !text.is_empty());
    let status = |value: &DeValue| integer(value).is_some_and(|status| status <= 255);
    let any = |value: &DeValue| value.is_str();
    let fits = match key.kind {
        Type::Any if inner.as_array().is_some_and(|array| array.is_empty()) => true,
        Type::Any => return each(&any),
        Type::OneOf if inner.is_array() => return each(&filled),
        Type::Words(words) => {
            return each(&|value| value.as_str().is_some_and(|text| words.contains(&text)));
        }
        Type::Integer => integer(inner).is_some(),
        Type::Flag => inner.as_bool().is_some(),
        Type::Text | Type::Rule | Type::OneOf => text.is_some(),
        Type::Texts | Type::Patterns => return each(&filled),
        Type::Integers => return each(&|value| integer(value).is_some_and(|line| line > 0)),
        Type::Status if inner.is_array() => return each(&status),
        Type::Status => text == Some("any") || status(inner),
        Type::Age => text.and_then(age_s).is_some(),
        Type::Digest => text.is_some_and(is_digest),
        Type::Digests => return each(&|value| value.as_str().is_some_and(is_digest)),
        Type::Word(words) => text.is_some_and(|text| words.contains(&text)),
        Type::Table => inner.is_table(),
        Type::Tables => return each(&|value| value.is_table()),
    };
    if fits { Ok(()) } else { Err(mistyped(source, key, value.span())) }
}

fn is_digest(text: &str) -> bool {
    hex_exact::<32>(text.as_bytes()).is_some()
}

fn integer(value: &DeValue) -> Option<u64> {
    let digits = value.as_integer()?;
    u64::from_str_radix(digits.as_str(), digits.radix()).ok().filter(|number| *number <= INTEGER_MAX)
}

fn status(value: &DeValue) -> Option<Status> {
    integer(value).and_then(|number| number.try_into().ok())
}

/// A number and a unit, in seconds.
fn age_s(text: &str) -> Option<u64> {
    clock::age_s(text).filter(|seconds| *seconds <= INTEGER_MAX)
}

impl Policy {
    /// Reads a policy.
    ///
    /// # Errors
    /// The text is not a policy of attesh-policy(5): where, and why.
    pub fn read(bytes: &[u8]) -> Result<Self, Wrong> {
        let (source, whole) = Source::read(bytes, POLICY_MAX)?;
        let file = Keys::new(source, "file", whole.get_ref(), 0..0)?;
        if let Some(version) = file.get("version").filter(|value| integer(value.get_ref()) != Some(1)) {
            return Err(source.wrong(version.span().start, "version must be 1"));
        }
        let trust = file.table("trust")?;
        let subject = file.table("subject")?;
        let deny = file.table("deny")?;
        if let Some(empty) = subject.as_ref().filter(|table| table.table.is_empty()) {
            return Err(source.wrong(empty.span.start, "[subject] has neither require nor products"));
        }
        Ok(Policy {
            keys: trust.as_ref().map(|table| table.texts("keys")).unwrap_or_default(),
            max_age_s: trust.as_ref().and_then(|table| table.age_s("max-age")),
            keys_when_sealed: trust
                .as_ref()
                .is_some_and(|table| table.text("at").as_deref() == Some("sealed")),
            session: file.table("session")?.as_ref().map(session).unwrap_or_default(),
            scripts: file.tables("script")?.iter().map(script).collect::<Outcome<_>>()?,
            deny: deny.as_ref().map_or_else(|| Ok(Vec::new()), patterns)?,
            deny_as_shown: deny
                .as_ref()
                .is_some_and(|table| table.text("masked").as_deref() == Some("as-shown")),
            context: file.table("context")?.as_ref().map_or_else(|| Ok(ContextRule::default()), context)?,
            processes: file.table("process")?.as_ref().map(process),
            agent: file.table("agent")?.as_ref().map(agent).transpose()?,
            subjects: subject.as_ref().map(|table| table.texts("require")).unwrap_or_default(),
            products: subject.as_ref().is_some_and(|table| table.flag("products")),
            materials: file.tables("materials")?.iter().map(material).collect::<Outcome<_>>()?,
            rules: file.tables("rule")?.iter().map(rule).collect::<Outcome<_>>()?,
        })
    }
}

fn context(keys: &Keys) -> Outcome<ContextRule> {
    let mut rule = ContextRule::default();
    for (_, member) in ContextRule::MEMBERS {
        let wanted = keys.text(member).map_or_else(|| keys.texts(member), |text| vec![text]);
        if let Err(form) = rule.ask(member, wanted) {
            let span = keys.get(member).map_or(0..0, Spanned::span);
            return Err(keys.source.wrong(span.start, format!("{member} must be {form}")));
        }
    }
    rule.clean = keys.flag("clean");
    rule.same_as = keys.texts("same-as").iter().filter_map(|name| ContextRule::member(name)).collect();
    Ok(rule)
}

fn process(keys: &Keys) -> ProcessRule {
    ProcessRule {
        require: keys.texts("require"),
        deny: keys.texts("deny"),
        max_unrecorded: keys.integer("max-unrecorded", 0),
        outside_denied: keys.text("outside").as_deref() == Some("deny"),
        ptrace_suffices: keys.text("capture").as_deref() == Some("ptrace"),
        running_allowed: keys.text("running").as_deref() == Some("allow"),
    }
}

fn agent(keys: &Keys) -> Outcome<AgentRule> {
    if keys.table.is_empty() {
        return Err(keys.source.wrong(keys.span.start, "[agent] has neither author nor sha256"));
    }
    let authors = keys.text("author").map_or_else(|| keys.texts("author"), |text| vec![text]);
    Ok(AgentRule { authors, sha256: keys.texts("sha256") })
}

fn material(keys: &Keys) -> Outcome<MaterialRule> {
    let (path, sha256) = (keys.text("path").unwrap_or_default(), keys.text("sha256").unwrap_or_default());
    let inner = path.strip_prefix('/').unwrap_or(&path);
    let inner = inner.strip_prefix("./").filter(|rest| !rest.contains('/')).unwrap_or(inner);
    if inner.split('/').any(|part| matches!(part, "" | "." | "..")) {
        let span = keys.get("path").map_or(0..0, Spanned::span);
        return Err(keys.source.wrong(span.start, "path must be as the manifest has it, without . and .."));
    }
    Ok(MaterialRule { path, sha256 })
}

fn session(keys: &Keys) -> SessionRule {
    let complete = keys.get("complete").and_then(|value| value.get_ref().as_bool());
    SessionRule {
        complete: complete.unwrap_or(true),
        max_lost: keys.integer("max-lost", 0),
        max_redacted: keys.integer("max-redacted", 0),
        max_paused: keys.integer("max-paused", 0),
        max_tail_s: keys.age_s("max-tail"),
    }
}

fn script(keys: &Keys) -> Outcome<ScriptRule> {
    let mode = match keys.text("mode").as_deref() {
        Some("ordered") => Mode::Ordered,
        Some("contains") => Mode::Contains,
        _ => Mode::Entire,
    };
    let commands = keys.texts("commands");
    let count = commands.len() as u64;
    let mut lines: Vec<u64> = (1..=count).collect();
    if let Some(given) = keys.get("lines") {
        lines = keys.items("lines").iter().filter_map(|item| integer(item.get_ref())).collect();
        if lines.len() != commands.len() || !lines.is_sorted_by(|one, next| one < next) {
            let what = format!("lines must be as many as commands, {count}, and ascend");
            return Err(keys.source.wrong(given.span().start, what));
        }
    }
    let listed: Vec<u64> = keys.items("masked").iter().filter_map(|item| integer(item.get_ref())).collect();
    let ascend = listed.is_sorted_by(|one, next| one < next);
    if let Some(given) = keys.get("masked").filter(|_| !ascend || listed.last() > Some(&count)) {
        let what = format!("masked must be numbers of commands, from 1 to {count}, and ascend");
        return Err(keys.source.wrong(given.span().start, what));
    }
    // Whoever wrote a secret down means what a recorder shows of it.
    let masker = Masker::default();
    let shown = (1..).zip(commands).map(|(number, text)| match listed.contains(&number) {
        true => (text, true),
        false => masked_text(text, &masker),
    });
    let (commands, masked): (Vec<String>, Vec<bool>) = shown.unzip();
    let masked = (0..commands.len()).filter(|at| masked[*at]).collect();
    let exit = match keys.get("exit").map(Spanned::get_ref) {
        None => Some(vec![0]),
        Some(value) if value.is_str() => None,
        Some(value) if value.is_array() => {
            Some(keys.items("exit").iter().filter_map(|item| status(item.get_ref())).collect())
        }
        Some(value) => Some(status(value).into_iter().collect()),
    };
    Ok(ScriptRule {
        name: keys.text("name"),
        mode,
        sha256: keys.text("sha256"),
        commands,
        masked,
        opaque_as_shown: keys.text("opaque").as_deref() == Some("as-shown"),
        lines,
        exit,
        every_pipe: keys.text("pipe").as_deref() == Some("all"),
        evidence: keys
            .text("evidence")
            .and_then(|word| Evidence::from_name(&word))
            .unwrap_or(Evidence::Reader),
        arguments: masked_words(keys.texts("arguments"), &masker),
        options: keys.list("options"),
        environment: keys.texts("environment").iter().filter_map(|word| Inherited::from_name(word)).collect(),
        before: keys.texts("before").into_iter().map(|text| masked_text(text, &masker).0).collect(),
        runner: keys.text("runner").map(|_| Runner::Gitlab),
    })
}

/// Words as a recorder shows them.
fn masked_words(words: Vec<String>, masker: &Masker) -> Vec<String> {
    let text: String = words.iter().map(|word| format!("{word}\0")).collect();
    match masker.mask_words(text.as_bytes()) {
        None => words,
        Some(masked) => {
            let text = String::from_utf8_lossy(&masked.text).into_owned();
            text.split_terminator('\0').map(str::to_owned).collect()
        }
    }
}

fn patterns(keys: &Keys) -> Outcome<Vec<regex::Regex>> {
    let mut all = Vec::new();
    for item in keys.items("commands") {
        let text = item.get_ref().as_str().unwrap_or_default();
        let pattern = RegexBuilder::new(text).multi_line(true).dot_matches_new_line(true).build();
        all.push(pattern.map_err(|error| {
            let why = error.to_string();
            let why = why.lines().last().unwrap_or_default().trim_start_matches("error: ").to_owned();
            keys.source.wrong(item.span().start, format!("no regular expression: {why}"))
        })?);
    }
    Ok(all)
}

fn rule(keys: &Keys) -> Outcome<Rule> {
    let text = keys.text("cel").unwrap_or_default();
    let span = keys.get("cel").map_or(0..0, Spanned::span);
    if text.len() > RULE_MAX {
        return Err(keys.source.wrong(span.start, format!("cel is longer than {RULE_MAX} bytes")));
    }
    let program = cel::Program::compile(&text).map_err(|error| {
        let why = error.to_string();
        let why = why.lines().next().unwrap_or_default().trim_start_matches("ERROR: ").to_owned();
        keys.source.wrong(span.start, format!("no expression of CEL: {why}"))
    })?;
    let as_absent = keys.text("hidden").as_deref() == Some("as-absent");
    Ok(Rule { name: keys.text("name"), text, as_absent, program })
}
