//! Texts that a selective statement leaves out: commitments in it, disclosures beside it.
//!
//! What lives here: where a text of a statement stands, the commitments to those that are left out,
//! the file with the texts, and filling them in. What does not: the commitment itself (`crypto`),
//! where a sealer finds the texts (`scribe`), what a verdict says of it (`verify`).
//!
//! Rules: the commitments are signed and the file is not, so each line of it is held against its
//! commitment before it is believed; lines can be missing, and nothing else can be other than it was.

mod meant;

use std::collections::{BTreeMap, HashMap};
use std::io::{self, Write};

use serde::{Deserialize, Serialize};

pub use super::committed::{ALGORITHM, CommittedText, DisclosureFacts};
use super::few::WORDS_MAX;
use super::statement::{CommandText, PlanFacts, Predicate};
use crate::cause::{Cause, Code};
use crate::crypto::unit_salt;
use crate::record::{Commitment, Disclosure, Record, Status, base_name, shown_name};
use crate::script::Script;
use crate::text::short;

pub use meant::meant;

/// What the file beside NAME.intoto.json is called: NAME and this.
pub const DISCLOSURES_FILE: &str = "disclosures";
/// The longest file of disclosures in bytes.
pub const MAX_DISCLOSURES_BYTES: usize = 64 << 20;

/// A text of a statement.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Place {
    /// The name of the host.
    Host,
    /// The name of the user.
    User,
    /// Of the command at this place of the list.
    Command(usize, OfCommand),
    /// Of the plan at this place.
    Plan(usize, OfPlan),
    /// Of the fact at this place, by its name there.
    Fact(usize, String),
}

/// A text of a command.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum OfCommand {
    /// What ran.
    Text,
    /// Where.
    Workdir,
}

/// A text of a plan.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum OfPlan {
    /// Its name.
    Name,
    /// The unit at this place.
    Unit(usize),
    /// Its shell's executable file.
    Path,
    /// The options before the script.
    Options,
    /// The arguments behind it.
    Arguments,
    /// The folder it began in.
    Workdir,
    /// The digest of its script: without a salt it would let everybody try what the script was.
    Digest,
}

/// A member that can hold a text.
enum Slot<'a> {
    Text(&'a mut CommandText),
    One(&'a mut Option<String>),
    Words(&'a mut Option<Vec<String>>),
}

impl Place {
    /// The place and the name of the text that a pointer in its one spelling means.
    #[must_use]
    pub fn read(at: &str) -> Option<(Place, &str)> {
        let mut parts: Vec<&str> = at.strip_prefix('/')?.split('/').collect();
        let name = parts.pop()?;
        let number = |text: &str| text.parse().ok().filter(|number: &usize| number.to_string() == text);
        let place = match (&parts[..], base_name(name)) {
            (["session"], "host") => Place::Host,
            (["session"], "user") => Place::User,
            (["commands", at], "command") => Place::Command(number(at)?, OfCommand::Text),
            (["commands", at], "workdir") => Place::Command(number(at)?, OfCommand::Workdir),
            (["plans", at], "name") => Place::Plan(number(at)?, OfPlan::Name),
            (["plans", at], "sha256") if name == "sha256" => Place::Plan(number(at)?, OfPlan::Digest),
            (["plans", at, "units", unit], "command") => {
                Place::Plan(number(at)?, OfPlan::Unit(number(unit)?))
            }
            (["plans", at, "interpreter"], base) => {
                let what = match base {
                    "path" => OfPlan::Path,
                    "options" => OfPlan::Options,
                    "arguments" => OfPlan::Arguments,
                    "workdir" => OfPlan::Workdir,
                    _ => return None,
                };
                Place::Plan(number(at)?, what)
            }
            (["facts", at, "data"], _) => Place::Fact(number(at)?, name.to_owned()),
            _ => return None,
        };
        Some((place, name))
    }

    /// The pointer to it, of a text of this name.
    fn at(&self, name: &str) -> String {
        match self {
            Place::Host | Place::User => format!("/session/{name}"),
            Place::Command(at, _) => format!("/commands/{at}/{name}"),
            Place::Plan(at, OfPlan::Name | OfPlan::Digest) => format!("/plans/{at}/{name}"),
            Place::Plan(at, OfPlan::Unit(unit)) => format!("/plans/{at}/units/{unit}/{name}"),
            Place::Plan(at, _) => format!("/plans/{at}/interpreter/{name}"),
            Place::Fact(at, _) => format!("/facts/{at}/data/{name}"),
        }
    }

    /// Whether nothing stands there; `None`: there is no such place.
    fn is_empty(&self, predicate: &Predicate) -> Option<bool> {
        Some(match self {
            Place::Host => predicate.session.host.is_none(),
            Place::User => predicate.session.user.is_none(),
            Place::Command(at, what) => {
                let command = predicate.commands.as_ref()?.get(*at)?;
                match what {
                    OfCommand::Text => matches!(command.text, CommandText::Redacted(_)),
                    OfCommand::Workdir => command.workdir.is_none(),
                }
            }
            Place::Plan(at, what) => {
                let plan = predicate.plans.get(*at)?;
                let shell = &plan.interpreter;
                match what {
                    OfPlan::Name => plan.name.is_none(),
                    OfPlan::Unit(unit) => {
                        matches!(plan.units.as_ref()?.get(*unit)?.text, CommandText::Redacted(_))
                    }
                    OfPlan::Path => shell.path.is_none(),
                    OfPlan::Options => shell.options.is_none(),
                    OfPlan::Arguments => shell.arguments.is_none(),
                    OfPlan::Workdir => shell.workdir.is_none(),
                    OfPlan::Digest => plan.sha256.is_none(),
                }
            }
            Place::Fact(at, name) => {
                let data = &predicate.facts.get(*at)?.data;
                // Of a masked text the masked form alone can be told.
                let told = data.get(name).filter(|_| !data.contains_key(&shown_name(name)));
                told?.is_none()
            }
        })
    }

    fn slot<'a>(&self, predicate: &'a mut Predicate) -> Option<Slot<'a>> {
        Some(match self {
            Place::Host => Slot::One(&mut predicate.session.host),
            Place::User => Slot::One(&mut predicate.session.user),
            Place::Command(at, what) => {
                let command = predicate.commands.as_mut()?.get_mut(*at)?;
                match what {
                    OfCommand::Text => Slot::Text(&mut command.text),
                    OfCommand::Workdir => Slot::One(&mut command.workdir),
                }
            }
            Place::Plan(at, what) => {
                let plan = predicate.plans.get_mut(*at)?;
                let shell = &mut plan.interpreter;
                match what {
                    OfPlan::Name => Slot::One(&mut plan.name),
                    OfPlan::Unit(unit) => Slot::Text(&mut plan.units.as_mut()?.get_mut(*unit)?.text),
                    OfPlan::Path => Slot::One(&mut shell.path),
                    OfPlan::Options => Slot::Words(&mut shell.options),
                    OfPlan::Arguments => Slot::Words(&mut shell.arguments),
                    OfPlan::Workdir => Slot::One(&mut shell.workdir),
                    OfPlan::Digest => Slot::One(&mut plan.sha256),
                }
            }
            Place::Fact(at, name) => Slot::One(predicate.facts.get_mut(*at)?.data.get_mut(name)?),
        })
    }
}

impl Slot<'_> {
    fn clear(self) {
        match self {
            Slot::Text(text) => *text = CommandText::Redacted(true),
            Slot::One(text) => *text = None,
            Slot::Words(words) => *words = None,
        }
    }

    fn fill(self, name: &str, value: &[u8]) {
        match self {
            Slot::Text(text) => *text = CommandText::recorded(value, base_name(name) != name),
            Slot::One(text) => *text = Some(String::from_utf8_lossy(value).into_owned()),
            Slot::Words(list) => *list = words(value),
        }
    }
}

/// The words of a text that each end with a NUL, where they are not too many.
pub(super) fn words(text: &[u8]) -> Option<Vec<String>> {
    let words = text.split_inclusive(|byte| *byte == 0);
    if words.clone().nth(WORDS_MAX).is_some() {
        return None;
    }
    let plain = |word: &[u8]| String::from_utf8_lossy(word.strip_suffix(b"\0").unwrap_or(word)).into_owned();
    Some(words.map(plain).collect())
}

/// The line of a transcript for a command whose text is left out.
#[must_use]
pub fn transcript_line(name: &str, commitment: &Commitment, exit_code: Option<Status>) -> Vec<u8> {
    let status = exit_code.map_or_else(|| "null".to_owned(), |status| status.to_string());
    let commitment = crate::encoding::base64url(&commitment.0);
    format!("{{\"{name}Commitment\":\"{commitment}\",\"exitCode\":{status}}}\n").into_bytes()
}

/// The texts that a sealer leaves out of a statement, by their places.
#[derive(Debug, Default)]
pub struct Apart(BTreeMap<Place, (String, Disclosure)>);

impl Apart {
    /// Takes a text of a record, or its masked form, where one is there.
    pub(super) fn take(&mut self, place: Place, record: &Record, base: &str) {
        if let Some((name, one)) = disclosed(record, base) {
            self.0.insert(place, (name.to_owned(), one.clone()));
        }
    }

    /// Takes the texts of a fact.
    pub(super) fn take_fact(&mut self, at: usize, record: &Record) {
        for (name, one) in record.disclosures.iter() {
            self.0.insert(Place::Fact(at, name.to_owned()), (name.to_owned(), one.clone()));
        }
    }

    /// Takes the units and the digest of a plan's script, each under a salt of its own.
    pub(super) fn take_script(
        &mut self,
        at: usize,
        script: Option<&Script>,
        sha256: Option<String>,
        record: &Record,
    ) {
        let Some((_, whole)) = disclosed(record, "script") else { return };
        let mut take = |what, number, name: String, value| {
            let one = Disclosure { salt: unit_salt(&whole.salt, number), value };
            self.0.insert(Place::Plan(at, what), (name, one));
        };
        for (number, unit) in script.into_iter().flat_map(Script::units).enumerate() {
            let name = if unit.masked { shown_name("command") } else { "command".to_owned() };
            take(OfPlan::Unit(number), number, name, unit.text.to_vec());
        }
        if let Some(sha256) = sha256 {
            // No script has so many units.
            take(OfPlan::Digest, usize::MAX, "sha256".to_owned(), sha256.into_bytes());
        }
    }

    /// Leaves the texts out of a predicate, which gets the commitments to them.
    pub(super) fn leave_out(&mut self, predicate: &mut Predicate) {
        self.0.retain(|place, _| place.is_empty(predicate) == Some(false));
        self.0.keys().filter_map(|place| place.slot(predicate).map(Slot::clear)).count();
        let one = |(place, (name, one)): (&Place, &(String, Disclosure))| CommittedText {
            at: place.at(name),
            commitment: one.commitment(name),
        };
        let commitments: Vec<CommittedText> = self.0.iter().map(one).collect();
        let count = commitments.len() as u64;
        predicate.disclosures = Some(DisclosureFacts { algorithm: ALGORITHM.to_owned(), count, commitments });
    }

    /// Writes the file.
    ///
    /// # Errors
    /// It could not be written.
    pub fn write(&self, out: &mut dyn Write) -> io::Result<()> {
        self.0.iter().try_for_each(|(place, (name, one))| {
            out.write_all(&Line { at: place.at(name), text: one.clone() }.to_json())
        })
    }
}

/// A text of a record, or its masked form: the name under which it is disclosed, and the text.
pub(super) fn disclosed<'a>(record: &'a Record, base: &str) -> Option<(&'a str, &'a Disclosure)> {
    let shown = shown_name(base);
    record.disclosures.iter().find(|(name, _)| *name == base || *name == shown)
}

/// A line of the file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Line {
    /// Where the text belongs: a JSON Pointer into the predicate.
    pub at: String,
    /// The salt and the text.
    pub text: Disclosure,
}

impl Line {
    /// Its one spelling, newline included.
    ///
    /// # Panics
    /// Never: it holds nothing that JSON cannot carry.
    #[must_use]
    pub fn to_json(&self) -> Vec<u8> {
        let mut line = serde_json::to_vec(self).expect("texts always serialise");
        line.push(b'\n');
        line
    }

    fn read(bytes: &[u8]) -> Result<Self, Cause> {
        let of = |why: String| Cause::new(Code::DisclosuresLine, why);
        let line: Line = serde_json::from_slice(bytes).map_err(|error| of(short(&error.to_string())))?;
        match line.to_json().strip_suffix(b"\n") == Some(bytes) {
            true => Ok(line),
            false => Err(of("it is not in its one spelling".to_owned())),
        }
    }
}

/// A line that is not to be believed.
#[derive(Debug)]
pub struct BadLine {
    /// Which, from 1.
    pub number: usize,
    /// Why.
    pub cause: Cause,
}

impl DisclosureFacts {
    /// What is wrong with them in a predicate that has them.
    pub(super) fn fault(&self, predicate: &Predicate) -> Option<&'static str> {
        if self.algorithm != ALGORITHM {
            return Some("disclosures.algorithm is not attesh field v1");
        }
        if self.count != self.commitments.len() as u64 {
            return Some("disclosures.count is not the number of the commitments");
        }
        if predicate.commands.is_none() {
            return Some("disclosures is not in a statement with commands");
        }
        let (mut last, mut units) = (None, 0);
        for one in &self.commitments {
            let place = Place::read(&one.at).map(|(place, _)| place);
            if place.as_ref().and_then(|place| place.is_empty(predicate)) != Some(true) {
                return Some("disclosures.commitments.at is not the pointer to a text that is left out");
            }
            if place <= last {
                return Some("disclosures.commitments is not in the order of the places, each once");
            }
            units += usize::from(matches!(place, Some(Place::Plan(_, OfPlan::Unit(_)))));
            last = place;
        }
        let left_out = |plan: &PlanFacts| {
            let units = plan.units.iter().flatten();
            units.filter(|unit| unit.text.bytes().is_none()).count()
        };
        let all: usize = predicate.plans.iter().map(left_out).sum();
        (all != units).then_some("the text of a unit is not in its one form, or among the commitments")
    }

    /// The names and commitments of the commands' texts, by the places of the commands.
    #[must_use]
    pub fn of_commands(&self) -> HashMap<usize, (&str, &Commitment)> {
        let command = |one: &'_ CommittedText| match Place::read(&one.at)?.0 {
            Place::Command(at, OfCommand::Text) => Some(at),
            _ => None,
        };
        let name = |at: &'_ str| at.rfind('/').map_or(0, |slash| slash + 1);
        let of = self.commitments.iter();
        of.filter_map(|one| Some((command(one)?, (&one.at[name(&one.at)..], &one.commitment)))).collect()
    }

    /// Reads lines of disclosures, and holds each against its commitment.
    ///
    /// # Errors
    /// The first that is misspelled, opens no commitment, comes twice or is out of order.
    pub fn open(&self, bytes: &[u8]) -> Result<Vec<Line>, BadLine> {
        let places: HashMap<&str, usize> =
            self.commitments.iter().enumerate().map(|(place, one)| (one.at.as_str(), place)).collect();
        let (mut lines, mut next) = (Vec::new(), 0);
        for (number, line) in (1..).zip(bytes.split_inclusive(|byte| *byte == b'\n')) {
            let bad = |cause| BadLine { number, cause };
            let of = |code, why: &str| bad(Cause::new(code, why));
            let whole = line.strip_suffix(b"\n");
            let whole = whole.ok_or_else(|| of(Code::DisclosuresLine, "it does not end with a newline"))?;
            let line = Line::read(whole).map_err(bad)?;
            let Some(place) = places.get(line.at.as_str()).copied() else {
                let why = format!("there is none at {}", short(&line.at));
                return Err(of(Code::DisclosuresCommitment, &why));
            };
            let name = line.at.rsplit('/').next().unwrap_or_default();
            if line.text.commitment(name) != self.commitments[place].commitment {
                return Err(of(Code::DisclosuresCommitment, &format!("not that at {}", short(&line.at))));
            }
            if place < next {
                return Err(of(Code::DisclosuresLine, "it comes twice, or not in the order of the places"));
            }
            next = place + 1;
            lines.push(line);
        }
        Ok(lines)
    }
}

/// Fills in the texts that were disclosed. What is not disclosed counts as redacted; a plan of which a
/// unit is not has no units, as one whose script was redacted.
pub fn tell(predicate: &mut Predicate, lines: &[Line]) {
    for line in lines {
        let Some((place, name)) = Place::read(&line.at) else { continue };
        if let Some(slot) = place.slot(predicate) {
            slot.fill(name, &line.text.value);
        }
    }
    let count = predicate.disclosures.as_ref().map_or(0, |facts| facts.commitments.len());
    predicate.outcome.redacted_count += (count - lines.len().min(count)) as u64;
    for plan in &mut predicate.plans {
        let told = |units: &Vec<_>| {
            units.iter().all(|unit: &super::statement::UnitFacts| unit.text.bytes().is_some())
        };
        plan.units = plan.units.take().filter(told);
    }
}
