//! Which texts of a journal are meant, and the journal without them.
//!
//! What lives here: what a person can ask to be taken out, finding it record by record, and
//! writing the same lines without it. Pure over readers. What does not: whose journal it is, and
//! putting the new one in its place (`session::redact`).
//!
//! Rules: a text goes whole or stays; of a line only the second column changes, so that
//! signatures, tags and every head stay true; a text that is masked is the text that it stands for.

use std::collections::{BTreeMap, HashMap};
use std::io::{BufRead, BufReader, Read, Write};
use std::ops::RangeInclusive;

use memchr::memmem;
use regex::bytes::Regex;

use super::check::RereadError;
use super::line;
use crate::record::{Body, Disclosures, Kind, LINE_MAX, Record, Start, base_name};

/// How much of a text is kept to be shown, in bytes.
const BEGINNING: usize = 640;
/// Where the name of the machine stands beside `host`.
const HOSTS: [&str; 2] = ["host", "env.HOSTNAME"];
/// Where the name of the user stands.
const USERS: [&str; 3] = ["user", "env.USER", "env.LOGNAME"];
/// Where facts say a folder, as `workdir` does of a shell.
const FOLDERS: [&str; 3] = ["workdir", "folder", "env.PWD"];

/// What is asked to be taken out.
#[derive(Clone, Debug)]
pub enum Asked {
    /// The texts of these commands, numbered from 1 in the order of their starts.
    Commands(RangeInclusive<u64>),
    /// Each text that fits.
    Matching(Regex),
    /// Each text in which the rule of this name masked something.
    Rule(String),
    /// Each folder.
    Folders,
    /// The name of the machine.
    Host,
    /// The name of the user.
    User,
    /// The texts of facts: TYPE or TYPE.PART.
    Fact(String),
    /// The remarks and reasons in these records.
    Notes(RangeInclusive<u64>),
}

impl Asked {
    /// Whether it names a command that is not there, of so many.
    #[must_use]
    pub fn is_beyond(&self, commands: u64) -> bool {
        matches!(self, Asked::Commands(numbers) if *numbers.start() == 0 || *numbers.end() > commands)
    }
}

/// Whose a text is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Of<'a> {
    /// The session's.
    Session,
    /// That of the command of this number.
    Command(u64),
    /// That of a fact of this type.
    Fact(&'a str),
    /// A remark or a reason in this record.
    Remark(u64),
    /// A shell's, or that of the script that it ran.
    Plan,
}

impl<'a> Of<'a> {
    /// Whose the texts of a record are; `command` counts the starts.
    fn record(record: &'a Record, command: u64) -> Self {
        match &record.core.body {
            Body::Genesis(_) => Of::Session,
            Body::Start(_) => Of::Command(command),
            Body::Fact(fact) => Of::Fact(&fact.kind),
            Body::Note(_) | Body::Pause(_) | Body::Resume(_) => Of::Remark(record.core.index),
            _ => Of::Plan,
        }
    }
}

/// A text that goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Gone {
    /// Index of its record.
    pub record: u64,
    /// The kind of the record.
    pub kind: Kind,
    /// The number of the command, of a start.
    pub command: Option<u64>,
    /// The type of the fact, of a fact.
    pub fact: Option<String>,
    /// The name under which it is disclosed.
    pub name: String,
    /// How it begins.
    pub text: Vec<u8>,
    /// The command whose text it holds, if it goes for that alone.
    pub with: Option<u64>,
}

/// The script of a shell that is open.
struct Planned {
    record: u64,
    name: String,
    text: Vec<u8>,
}

/// Finds the texts that are meant.
pub struct Finder<'a> {
    asked: &'a [Asked],
    /// Whether there was something for each of what was asked.
    found: Vec<bool>,
    gone: BTreeMap<(u64, String), Gone>,
    commands: u64,
    plans: HashMap<u64, Vec<Planned>>,
}

impl<'a> Finder<'a> {
    /// Nothing yet.
    #[must_use]
    pub fn new(asked: &'a [Asked]) -> Self {
        let found = vec![false; asked.len()];
        Finder { asked, found, gone: BTreeMap::new(), commands: 0, plans: HashMap::new() }
    }

    /// Looks at a record, in order.
    pub fn take(&mut self, record: &Record) {
        self.commands += u64::from(matches!(record.core.body, Body::Start(_)));
        let of = Of::record(record, self.commands);
        for (name, one) in record.disclosures.iter() {
            let mut meant = false;
            for (asked, found) in self.asked.iter().zip(&mut self.found) {
                let here = asked.means(&of, name, &one.value);
                *found |= here;
                meant |= here;
            }
            if meant {
                self.goes(record, name, &one.value);
            }
        }
        match &record.core.body {
            Body::Plan(plan) => self.plans.entry(plan.shell).or_default().extend(Planned::of(record)),
            Body::Close(close) => drop(self.plans.remove(&close.shell)),
            _ => {}
        }
    }

    /// Whether a file that a fact names can be meant.
    #[must_use]
    pub fn asks_for_files(&self) -> bool {
        self.asked.iter().any(|asked| matches!(asked, Asked::Fact(_) | Asked::Matching(_)))
    }

    /// Marks what was asked of a file that a fact names: it goes with the fact, or fits itself.
    pub fn file_goes(&mut self, record: &Record, text: &[u8]) -> bool {
        let mut goes = false;
        for (asked, found) in self.asked.iter().zip(&mut self.found) {
            let here = match asked {
                Asked::Fact(which) => is_fact(&Of::record(record, 0), which, None),
                Asked::Matching(pattern) => fits(pattern, text),
                _ => false,
            };
            *found |= here;
            goes |= here;
        }
        goes
    }

    fn goes(&mut self, record: &Record, name: &str, text: &[u8]) {
        let mut gone = Gone {
            record: record.core.index,
            kind: record.core.body.kind(),
            command: None,
            fact: None,
            name: name.to_owned(),
            text: beginning(text),
            with: None,
        };
        match &record.core.body {
            Body::Start(start) => {
                gone.command = Some(self.commands);
                if base_name(name) == "command" {
                    self.script_goes(start, text);
                }
            }
            Body::Fact(fact) => gone.fact = Some(fact.kind.clone()),
            _ => {}
        }
        self.add(gone);
    }

    /// The script that has a command's text would say it all the same.
    fn script_goes(&mut self, start: &Start, text: &[u8]) {
        let of_shell = self.plans.get(&start.shell).into_iter().flatten();
        let holds = |planned: &&Planned| {
            start.unit.is_some() || !text.is_empty() && memmem::find(&planned.text, text).is_some()
        };
        let gone: Vec<Gone> = of_shell.filter(holds).map(|planned| planned.gone(self.commands)).collect();
        gone.into_iter().for_each(|gone| self.add(gone));
    }

    fn add(&mut self, gone: Gone) {
        self.gone.entry((gone.record, gone.name.clone())).or_insert(gone);
    }

    /// What was asked and is not there: its place in the list.
    #[must_use]
    pub fn missed(&self) -> Option<usize> {
        self.found.iter().position(|found| !found)
    }

    /// How many commands there were.
    #[must_use]
    pub fn commands(&self) -> u64 {
        self.commands
    }

    /// The texts that go, in the order of their records.
    #[must_use]
    pub fn gone(self) -> Vec<Gone> {
        self.gone.into_values().collect()
    }
}

impl Planned {
    /// The script of a plan, where it is there.
    fn of(record: &Record) -> Option<Self> {
        let (name, one) = record.disclosures.iter().find(|(name, _)| base_name(name) == "script")?;
        Some(Planned { record: record.core.index, name: name.to_owned(), text: one.value.clone() })
    }

    /// It goes for this command.
    fn gone(&self, command: u64) -> Gone {
        Gone {
            record: self.record,
            kind: Kind::Plan,
            command: None,
            fact: None,
            name: self.name.clone(),
            text: beginning(&self.text),
            with: Some(command),
        }
    }
}

impl Asked {
    /// Whether it means a text of this name.
    #[must_use]
    pub fn means(&self, of: &Of, name: &str, text: &[u8]) -> bool {
        let base = base_name(name);
        // A fact of whatever type can have any names.
        let of_machine = matches!(of, Of::Session | Of::Fact(_));
        match self {
            Asked::Commands(numbers) => {
                matches!(of, Of::Command(number) if base == "command" && numbers.contains(number))
            }
            Asked::Matching(pattern) => fits(pattern, text),
            Asked::Rule(rule) => base != name && memmem::find(text, format!("[{rule}]").as_bytes()).is_some(),
            Asked::Folders => base == "workdir" || matches!(of, Of::Fact(_)) && FOLDERS.contains(&base),
            Asked::Host => of_machine && HOSTS.contains(&base),
            Asked::User => of_machine && USERS.contains(&base),
            Asked::Fact(which) => is_fact(of, which, Some(name)),
            Asked::Notes(records) => matches!(of, Of::Remark(record) if records.contains(record)),
        }
    }
}

/// The short name of a type of facts: `git` of `https://attesh.dev/fact/git/v1`.
fn short_type(kind: &str) -> &str {
    kind.rsplit('/').nth(1).unwrap_or(kind)
}

/// Whether TYPE or TYPE.PART means a text of a fact; `None`: the fact as a whole.
fn is_fact(of: &Of, which: &str, name: Option<&str>) -> bool {
    let Of::Fact(kind) = of else { return false };
    let part = |name: &str, kind: &str| {
        let part = which.strip_prefix(kind).and_then(|rest| rest.strip_prefix('.'));
        part.is_some_and(|part| part == name || part == base_name(name))
    };
    let is = |kind: &str| which == kind || name.is_some_and(|name| part(name, kind));
    is(kind) || is(short_type(kind))
}

/// Whether a text fits a pattern: as it is; or with a blank between its words, where it is a list of
/// words, and without the ends of lines that bash joins.
fn fits(pattern: &Regex, text: &[u8]) -> bool {
    if pattern.is_match(text) {
        return true;
    }
    let (has_words, has_joined) = (text.contains(&0), memmem::find(text, b"\\\n").is_some());
    let blank = |byte: &u8| if *byte == 0 { b' ' } else { *byte };
    let mut other: Vec<u8> = Vec::new();
    if has_words || has_joined {
        let mut from = 0;
        for at in memmem::find_iter(text, b"\\\n").chain([text.len()]) {
            other.extend(text[from..at].iter().map(blank));
            from = at + 2;
        }
    }
    (has_words || has_joined) && pattern.is_match(&other)
}

fn beginning(text: &[u8]) -> Vec<u8> {
    text[..text.len().min(BEGINNING)].to_vec()
}

/// Writes a journal without these texts, in the order of their records. What is behind the last
/// whole line is no record, and is not written.
///
/// # Errors
/// It could not be read or written, or is not the journal in which they were found.
pub fn without(journal: impl Read, gone: &[Gone], out: &mut dyn Write) -> Result<(), RereadError> {
    let mut reader = BufReader::with_capacity(256 << 10, journal);
    let mut gone = gone.iter().peekable();
    let mut text = Vec::new();
    for record in 0.. {
        text.clear();
        (&mut reader).take(LINE_MAX as u64 + 1).read_until(b'\n', &mut text)?;
        if text.last() != Some(&b'\n') {
            break;
        }
        if gone.peek().is_none_or(|gone| gone.record != record) {
            out.write_all(&text)?;
            continue;
        }
        let columns = line::split(&text).map_err(|_| RereadError::Changed)?;
        let mut texts = Disclosures::decode(columns.disclosures).map_err(|_| RereadError::Changed)?;
        while let Some(gone) = gone.next_if(|gone| gone.record == record) {
            texts.remove(&gone.name);
        }
        out.write_all(&line::join(columns.core, &texts.encode(), &columns.auth))?;
    }
    out.flush()?;
    if gone.peek().is_some() { Err(RereadError::Changed) } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::Moment;
    use crate::record::Disclosure;
    use crate::record::{Core, Fact, FactTime, TextSource};

    fn record(index: u64, body: Body, texts: &[(&str, &[u8])]) -> Record {
        let mut disclosures = Disclosures::default();
        for (name, text) in texts {
            disclosures.insert(name, Disclosure { salt: [1; 16], value: text.to_vec() });
        }
        let time = Moment { realtime_ns: 0, boottime_ns: 0, synced: false };
        let commitments = disclosures.commitments();
        let core = Core { index, body, commitments, time, recovered: None, next_key: None };
        Record { core, disclosures }
    }

    fn start(index: u64, unit: Option<u64>, texts: &[(&str, &[u8])]) -> Record {
        let start = Start {
            shell: 1,
            n: index,
            native: index,
            skip: 0,
            text_source: TextSource::Typed,
            truncated: false,
            prev_status: None,
            unit,
        };
        record(index, Body::Start(start), texts)
    }

    fn plan(index: u64, texts: &[(&str, &[u8])]) -> Record {
        let plan = crate::record::Plan {
            shell: 1,
            count: 1,
            before: 0,
            evidence: crate::record::Evidence::Reader,
            sha256: None,
            inherited: Vec::new(),
        };
        record(index, Body::Plan(plan), texts)
    }

    fn fact(index: u64, kind: &str, texts: &[(&str, &[u8])]) -> Record {
        let fact = Fact {
            kind: kind.to_owned(),
            at: FactTime::Start,
            shell: None,
            n: None,
            ok: true,
            must: false,
            attached: Vec::new(),
        };
        record(index, Body::Fact(Box::new(fact)), texts)
    }

    fn found(asked: &[Asked], records: &[Record]) -> Vec<(u64, String)> {
        let mut finder = Finder::new(asked);
        records.iter().for_each(|record| finder.take(record));
        finder.gone().into_iter().map(|gone| (gone.record, gone.name)).collect()
    }

    fn names(asked: Asked, records: &[Record]) -> Vec<(u64, String)> {
        found(&[asked], records)
    }

    fn are(list: &[(u64, &str)]) -> Vec<(u64, String)> {
        list.iter().map(|(record, name)| (*record, (*name).to_owned())).collect()
    }

    #[test]
    fn a_masked_text_is_the_text_that_it_stands_for() {
        let records = [
            plan(2, &[("scriptShown", b"make\ncurl [github-token]\n"), ("ranges", b"1-1,2-2")]),
            start(3, Some(1), &[("command", b"make"), ("workdirShown", b"/[github-token]")]),
            start(4, Some(2), &[("commandShown", b"curl [github-token]"), ("workdir", b"/")]),
            start(5, None, &[("command", b"echo [github-token]"), ("workdir", b"/")]),
        ];
        assert_eq!(names(Asked::Commands(2..=2), &records), are(&[(2, "scriptShown"), (4, "commandShown")]));
        let all = are(&[(3, "workdirShown"), (4, "workdir"), (5, "workdir")]);
        assert_eq!(names(Asked::Folders, &records), all);
        // What somebody typed is no sign of the masker.
        let masked = are(&[(2, "scriptShown"), (3, "workdirShown"), (4, "commandShown")]);
        assert_eq!(names(Asked::Rule("github-token".into()), &records), masked);
        assert_eq!(names(Asked::Rule("github".into()), &records), []);
        let part = fact(1, "https://x.example/fact/git/v1", &[("tagsShown", b"[x]"), ("ref", b"main")]);
        assert_eq!(
            names(Asked::Fact("git.tags".into()), std::slice::from_ref(&part)),
            are(&[(1, "tagsShown")])
        );
        assert_eq!(names(Asked::Fact("git".into()), &[part]), are(&[(1, "ref"), (1, "tagsShown")]));
    }

    #[test]
    fn a_script_goes_with_the_text_that_it_holds() {
        let script = plan(2, &[("script", b"cd /\nexport A=b\n"), ("ranges", b"1-1,2-2"), ("name", b"x")]);
        for (unit, text, goes) in [
            (Some(2), &b"whatever"[..], true),
            (None, b"export A=b", true),
            (None, b"export A=c", false),
            (None, b"", false),
        ] {
            let asked = [Asked::Commands(1..=1)];
            let gone =
                found(&asked, &[script.clone(), start(3, unit, &[("command", text), ("workdir", b"/")])]);
            assert_eq!(gone.contains(&(2, "script".to_owned())), goes, "{unit:?}");
            assert!(gone.contains(&(3, "command".to_owned())) && gone.len() == 1 + usize::from(goes));
        }
        // Its folder is not in the script.
        let records = [script, start(3, Some(2), &[("command", b"export A=b"), ("workdir", b"/")])];
        assert_eq!(names(Asked::Folders, &records), are(&[(3, "workdir")]));
    }

    #[test]
    fn a_pattern_sees_words_and_joined_lines() {
        let fits = |pattern: &str, text: &[u8]| fits(&Regex::new(pattern).unwrap(), text);
        assert!(fits("--token abc", b"--token\0abc\0"));
        assert!(fits("--token abc", b"curl --tok\\\nen abc"));
        assert!(fits(r"\x00abc", b"--token\0abc\0"));
        assert!(!fits("token abc", b"token  abc"));
        assert!(fits("(?-u:\\xff)", b"a\xff"));
    }

    #[test]
    fn what_was_asked_and_is_not_there_is_named() {
        let asked = [Asked::Commands(1..=1), Asked::Commands(2..=9), Asked::Host];
        let mut finder = Finder::new(&asked);
        finder.take(&start(3, None, &[("command", b"a"), ("host", b"b")]));
        assert_eq!((finder.missed(), finder.commands()), (Some(1), 1));
    }
}
