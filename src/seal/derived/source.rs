//! What the formats of others are made of, and what they have in common.
//!
//! Rules: a session names its files; the names that the sealer gives are not among them.

use serde_json::{Value, json};

use crate::fact::GIT;
use crate::seal::statement::{CommandText, Completeness, SUBJECT_SESSION, SUBJECT_TRANSCRIPT, Statement};
use crate::text::cleaned;

/// The product that the link of a whole session has, and no other. Its digest is the journal's
/// root.
pub const PRODUCT_COMPLETE: &str = "session.complete";

/// Names and SHA-256 digests, in hexadecimal, of what a session began with and what came of it.
#[derive(Clone, Copy, Debug, Default)]
pub struct Files<'a> {
    /// What was there.
    pub materials: &'a [(String, String)],
    /// What came of it.
    pub products: &'a [(String, String)],
}

/// What a derived file is made of.
#[derive(Clone, Copy)]
pub struct Sealed<'a> {
    /// What was sealed.
    pub statement: &'a Statement,
    /// The payload of the envelope: its SHA-256 in hexadecimal.
    pub payload_sha256: &'a str,
    /// The name that the files of the seal have in common.
    pub name: &'a str,
    /// The files around the commands.
    pub files: Files<'a>,
}

impl Sealed<'_> {
    /// The products, and the transcript behind them.
    pub(super) fn products(&self) -> impl Iterator<Item = (String, &str)> {
        let transcript = self.statement.predicate.transcript.sha256.as_str();
        named(self.files.products).chain(std::iter::once((SUBJECT_TRANSCRIPT.to_owned(), transcript)))
    }

    /// What ties the file to one session and one envelope.
    pub(super) fn session(&self) -> Value {
        let predicate = &self.statement.predicate;
        let changed = predicate.seen_at_start(GIT).and_then(|git| git.text("changedCount"));
        json!({
            "attestation": {"sha256": self.payload_sha256},
            "clean": changed.map(|count| count == "0"),
            "end": predicate.outcome.end,
            "head": self.statement.head().map(|head| head.to_string()),
            "predicateType": self.statement.predicate_type,
            "sealedAt": predicate.sealed_at,
            "transcript": {"sha256": predicate.transcript.sha256},
            "whole": self.is_whole(),
        })
    }

    /// Whether nothing is missing of the session, declared or not: a complete one without pauses, of
    /// which no text was taken out.
    pub(super) fn is_whole(&self) -> bool {
        let outcome = &self.statement.predicate.outcome;
        outcome.end == Completeness::Complete && outcome.pause_count == 0 && outcome.redacted_count == 0
    }

    /// What ran as one call of the shell; empty where the commands are too many to be listed.
    pub(super) fn call(&self) -> Vec<String> {
        let predicate = &self.statement.predicate;
        let Some(commands) = predicate.commands.as_deref().filter(|commands| !commands.is_empty()) else {
            return Vec::new();
        };
        let shells = &predicate.session.shells;
        let program = shells.iter().find(|shell| shell.id == commands[0].shell);
        let program = program.map_or("sh", |shell| &shell.program);
        call(program, commands.iter().map(|command| shown(&command.text)))
    }
}

/// Files, none of them under a name that the sealer gives.
pub(super) fn named(files: &[(String, String)]) -> impl Iterator<Item = (String, &str)> {
    let own = [SUBJECT_SESSION, SUBJECT_TRANSCRIPT, PRODUCT_COMPLETE];
    let name = move |name: &String| match own.contains(&&*cleaned(name)) {
        true => format!("file:{name}"),
        false => name.clone(),
    };
    // Some verifiers shorten a path before they compare it.
    files.iter().map(move |(file, sha256)| (name(file), sha256.as_str()))
}

/// A call of a shell that runs these texts, one after the other.
#[must_use]
pub fn call(program: &str, texts: impl Iterator<Item = String>) -> Vec<String> {
    let block: String = texts.map(|text| format!("{}\n", text.trim_end_matches('\n'))).collect();
    vec![program.to_owned(), "-c".to_owned(), block]
}

/// A text as it stands in a call. What is not there is a comment, and bytes that are not UTF-8 stand
/// as U+FFFD.
fn shown(text: &CommandText) -> String {
    match text {
        CommandText::Redacted(_) => "# redacted".to_owned(),
        CommandText::Withheld(_) => "# withheld".to_owned(),
        text => String::from_utf8_lossy(&text.bytes().unwrap_or_default()).into_owned(),
    }
}
