//! What a transcript and a recording tell of the same commands, as rows and as JSON.
//!
//! What lives here: the words. What does not: the comparison (`agent::reconcile`).

use std::path::PathBuf;

use serde_json::{Value, json};

use super::row::put_text;
use crate::agent::ORPHAN;
use crate::agent::reconcile::{Compared, Ends, Reconciled, Seen};
use crate::agent::rules::Shown;
use crate::agent::transcript::{Outcome, Told, Transcript};
use crate::fact::process::End;
use crate::failure::Failure;
use crate::mask::has_sign;
use crate::report;
use crate::text::{count, visible};

/// A command of both sides with the same end.
const SAME: &str = "same";
/// A command of both sides of whose end the transcript tells nothing.
const NOT_TOLD: &str = "not-told";

/// A command of one side or both, by its places there.
struct Item {
    what: &'static str,
    told: Option<usize>,
    seen: Option<usize>,
    compared: Option<Compared>,
    moved: bool,
}

/// A transcript and its file.
pub struct Source {
    /// The file.
    pub path: PathBuf,
    /// What it tells.
    pub transcript: Transcript,
}

/// Both sides, and what the comparison found.
pub struct Sides<'a> {
    /// The transcripts.
    pub sources: &'a [Source],
    /// What they tell, each with the place of its transcript.
    pub told: &'a [(usize, Told)],
    /// What the kernel told.
    pub seen: &'a [Seen],
    /// The shell-open of the program of each.
    pub shells: &'a [u64],
    /// What was found.
    pub all: &'a Reconciled,
    /// Why the recording does not tell of every start.
    pub gaps: Vec<String>,
    /// How many programs are of other agents.
    pub left_out: usize,
    /// By which rules the commands were found.
    pub rules: String,
}

impl Sides<'_> {
    /// Prints it for a person.
    pub fn print(&self, words: &str, agrees: bool) -> Result<(), Failure> {
        report::line(words)?;
        for source in self.sources {
            let transcript = &source.transcript;
            let version = transcript
                .version
                .as_deref()
                .map_or_else(String::new, |version| format!(" {}", visible(version.as_bytes())));
            let path = source.path.display().to_string();
            report::line(&format!(
                "transcript  {}: {}{version}, {}",
                visible(path.as_bytes()),
                transcript.kind.word(),
                count(transcript.commands.len(), "command")
            ))?;
            for (what, times) in &transcript.unknown {
                report::line(&format!(
                    "unknown     {} of its: {}",
                    if *times == 1 { "1 entry".to_owned() } else { format!("{times} entries") },
                    visible(what.as_bytes())
                ))?;
            }
        }
        report::line(&format!("rules       {}", self.rules))?;
        if self.left_out > 0 {
            report::line(&format!("left out    {} of other agents", count(self.left_out, "program")))?;
        }
        for gap in &self.gaps {
            report::line(&format!("gap         {}", visible(gap.as_bytes())))?;
        }
        report::line(&self.sum(agrees))?;
        let items = self.items();
        let other = items.iter().filter(|item| ![SAME, NOT_TOLD].contains(&item.what));
        other.map(|item| self.row(item)).try_for_each(|row| report::line(&row))
    }

    /// The sum in one line.
    fn sum(&self, agrees: bool) -> String {
        let all = self.all;
        let mut words = format!("told {}, the kernel saw {}", count(self.ran(), "command"), self.seen.len());
        let mut add = |number: usize, noun: &str, what: &str| {
            if number > 0 {
                words.push_str(&format!("; {} {what}", count(number, noun)));
            }
        };
        let differ = all.count(Ends::Differ);
        add(differ, "status", if differ == 1 { "differs" } else { "differ" });
        add(all.count(Ends::RanUntold), "command", "not told to have run, and seen to");
        add(all.only_told.len(), "command", "only told");
        add(all.only_seen.len(), "command", "only seen");
        add(all.taken_out.len(), "text", "taken out, and not comparable");
        add(self.hidden(Compared::AroundAnything), "text", "masked, and not comparable");
        add(self.hidden(Compared::AroundSecrets), "text", "compared but for a masked secret");
        add(all.count(Ends::NotSeen), "status", "not recorded");
        add(all.count(Ends::NotTold), "status", "not told");
        add(all.not_run.len(), "command", "asked for and not told to have run");
        if agrees {
            words.push_str(": they agree");
        }
        words.replace("statuss", "statuses")
    }

    /// How many commands are told to have run.
    fn ran(&self) -> usize {
        self.told.iter().filter(|(_, told)| told.outcome != Outcome::NotRun).count()
    }

    fn hidden(&self, text: Compared) -> usize {
        self.all.pairs.iter().filter(|pair| pair.text == text).count()
    }

    /// Every command of both sides, each once: those of both in the order of the transcript, then those
    /// that one side has.
    fn items(&self) -> Vec<Item> {
        let all = self.all;
        let pairs = all.pairs.iter().map(|pair| Item {
            what: match (pair.ends, pair.text) {
                (Ends::Differ, _) => "differs",
                (Ends::RanUntold, _) => "ran-untold",
                (Ends::NotSeen, _) => "no-status",
                (_, Compared::AroundAnything) => "masked",
                (Ends::NotTold, _) => NOT_TOLD,
                (Ends::Same, _) => SAME,
            },
            told: Some(pair.told),
            seen: Some(pair.seen),
            compared: Some(pair.text),
            moved: pair.moved,
        });
        let one = |what, told, seen| Item { what, told, seen, compared: None, moved: false };
        let only_told = all.only_told.iter().map(|place| one("only-told", Some(*place), None));
        let only_seen = all.only_seen.iter().map(|at| one("only-seen", None, Some(*at)));
        let taken_out = all.taken_out.iter().map(|at| one("taken-out", None, Some(*at)));
        let not_run = all.not_run.iter().map(|place| one("not-run", Some(*place), None));
        pairs.chain(only_told).chain(only_seen).chain(taken_out).chain(not_run).collect()
    }

    /// The row of a command.
    fn row(&self, item: &Item) -> String {
        let what = item.what.replace('-', " ");
        let of_told = |place: usize| (&self.told[place].1, self.line(place));
        match (item.told.map(of_told), item.seen) {
            (Some((told, line)), Some(at)) => {
                let (start, end, text) = (self.start(at), self.end(at), asked(told));
                let told = match told.outcome {
                    Outcome::Exit(_) | Outcome::Signal(_) => format!("told {}", told.outcome),
                    Outcome::NotTold | Outcome::NotRun => told.outcome.to_string(),
                };
                format!("{what:<11} {start}, {line}: {told}, the kernel saw {end}  {text}")
            }
            (Some((told, line)), None) => format!("{what:<11} {line}: {}  {}", told.outcome, asked(told)),
            (None, at) => {
                let at = at.unwrap_or_default();
                let orphan = if self.seen[at].orphan { ORPHAN } else { "" };
                let text =
                    self.text_of_seen(at).map_or_else(|| "(redacted)".to_owned(), |text| visible(&text));
                format!("{what:<11} {}: {}  {text}{orphan}", self.start(at), self.end(at))
            }
        }
    }

    fn end(&self, at: usize) -> String {
        self.seen[at].end.map_or_else(|| "unknown".to_owned(), End::word)
    }

    fn start(&self, at: usize) -> String {
        let several = self.shells.first() != self.shells.last();
        let shell = if several { format!(" of shell {}", self.shells[at]) } else { String::new() };
        format!("start {}{shell}", self.seen[at].start)
    }

    fn line(&self, place: usize) -> String {
        let (source, told) = &self.told[place];
        let id = visible(told.id.as_bytes());
        match self.sources.len() {
            1 => format!("line {} ({id})", told.line),
            _ => {
                let path = self.sources[*source].path.display().to_string();
                format!("{} line {} ({id})", visible(path.as_bytes()), told.line)
            }
        }
    }

    fn text_of_seen(&self, at: usize) -> Option<Vec<u8>> {
        self.seen[at].shown.as_ref().map(Shown::text)
    }

    /// Prints it for a program.
    pub fn json(&self, trusted: Option<bool>, agrees: bool, wrong: Option<&Failure>) -> Result<(), Failure> {
        let of_source = |source: &Source| {
            let unknown = source.transcript.unknown.iter();
            json!({
                "path": report::path_json(&source.path),
                "agent": source.transcript.kind.word(),
                "version": source.transcript.version,
                "commands": source.transcript.commands.len(),
                "unknown": unknown.map(|(what, count)| json!({"what": what, "count": count})).collect::<Vec<_>>(),
            })
        };
        let of_item = |item: &Item| {
            json!({
                "what": item.what,
                "told": item.told.map(|place| self.told_json(place)),
                "seen": item.seen.map(|at| self.seen_json(at)),
                "compared": item.compared.map(|text| match text {
                    Compared::Whole => "whole",
                    Compared::AroundSecrets => "around-secrets",
                    Compared::AroundAnything => "around-anything",
                }),
                "moved": item.moved,
            })
        };
        let mut value = json!({
            "sealed": trusted.is_some(),
            "trusted": trusted,
            "agrees": agrees,
            "rules": self.rules,
            "programsLeftOut": self.left_out,
            "gaps": self.gaps,
            "transcripts": self.sources.iter().map(of_source).collect::<Vec<_>>(),
            "told": self.ran(),
            "seen": self.seen.len(),
            "commands": self.items().iter().map(of_item).collect::<Vec<_>>(),
        });
        if let Some(failure) = wrong {
            value["failure"] = report::failure_json(failure);
        }
        report::json("attesh.reconcile/v1", value)
    }

    fn told_json(&self, place: usize) -> Value {
        let (source, told) = &self.told[place];
        let status = match told.outcome {
            Outcome::Exit(status) => Some(status),
            _ => None,
        };
        let mut out = json!({
            "transcript": source,
            "line": told.line,
            "id": told.id,
            "end": told.outcome.to_string(),
            "exitCode": status,
        });
        let text = told.asked.text();
        put_text(&mut out, &text, false);
        out
    }

    fn seen_json(&self, at: usize) -> Value {
        let seen = &self.seen[at];
        let mut out = json!({
            "shell": self.shells[at],
            "start": seen.start,
            "end": seen.end.map(|end| end.to_string()),
            "orphan": seen.orphan,
        });
        if let Some(text) = self.text_of_seen(at) {
            put_text(&mut out, &text, has_sign(&text));
        }
        out
    }
}

fn asked(told: &Told) -> String {
    visible(&told.asked.text())
}
