//! A verdict, for a person and as JSON.

use serde_json::{Value, json};

use super::json::{denial_json, failure_json};
use super::{Style, line};
use crate::failure::{Failure, Kind};
use crate::mask::in_message;
use crate::text::{count, visible};
use crate::verify::{Mark, Objection, Verdict, not_proven};

/// Prints a verdict for a person.
///
/// # Errors
/// Standard output could not be written.
pub fn verdict(file: &str, verdict: &Verdict, verbose: bool) -> Result<(), Failure> {
    let style = Style::for_output();
    let file = visible(file.as_bytes());
    match &verdict.failure {
        None if verdict.unsealed => line(&format!("INTACT {file}: {}", verdict.summary))?,
        None => line(&format!("{} {file}: {}", style.good("VERIFIED"), verdict.summary))?,
        Some(objection) => {
            let word = style.bad(&format!("NOT VERIFIED ({})", objection.kind().word()));
            let why = in_message(&objection.text);
            line(&format!("{word} {}: {}", in_message(&file), visible(why.as_bytes())))?;
        }
    }
    if verdict.failure.as_ref().is_some_and(|objection| objection.kind() == Kind::Unable) {
        return Ok(());
    }
    for (name, aspect) in verdict.aspects.named() {
        let text = visible(aspect.text.as_bytes());
        let text = match aspect.mark {
            Mark::Good => style.good(&text),
            Mark::Bad => style.bad(&text),
            Mark::Open => text,
        };
        line(&format!("  {name:<13} {text}"))?;
    }
    for (name, text) in verdict.notice.iter().flat_map(|(notice, ended_ns)| notice.rows(*ended_ns)) {
        line(&format!("  {name:<13} {}", visible(text.as_bytes())))?;
    }
    let told = if verbose { verdict.denials.len() } else { 6 };
    for denial in verdict.denials.iter().take(told).skip(1) {
        line(&format!("  {:<13} {}", "denied", visible(denial.text.as_bytes())))?;
    }
    if verdict.denials.len() > told {
        line(&format!("  {:<13} {} more; to see them add -v", "denied", verdict.denials.len() - told))?;
    }
    for (given, subject) in &verdict.artifacts {
        let (given, subject) = (visible(given.as_bytes()), visible(subject.as_bytes()));
        line(&format!("  {:<13} {given} is the subject {subject}", "artifact"))?;
    }
    for text in verdict.refused.iter().filter(|_| verbose).skip(1) {
        line(&format!("  {:<13} {}", "refused", visible(text.as_bytes())))?;
    }
    let shown = if verbose { verdict.findings.len() } else { 5 };
    for finding in verdict.findings.iter().take(shown) {
        line(&format!(
            "  {:<13} record {}: {}",
            "finding",
            finding.record,
            visible(finding.text.as_bytes())
        ))?;
    }
    if verdict.findings.len() > shown {
        line(&format!("  {:<13} {} more; to see them add -v", "finding", verdict.findings.len() - shown))?;
    }
    notes(verdict)?;
    if verbose {
        for text in not_proven(verdict) {
            let text = visible(text.as_bytes());
            line(&format!("  {:<13} {text}", "not proven"))?;
        }
    } else {
        let text = "that nothing else ran, that the recorder was honest, or the time: add -v";
        line(&style.dim(&format!("  {:<13} {text}", "not proven")))?;
    }
    Ok(())
}

/// What was not known here, and so not judged.
fn notes(verdict: &Verdict) -> Result<(), Failure> {
    if verdict.unknown_facts > 0 {
        let facts = count(verdict.unknown_facts, "fact");
        line(&format!("  {:<13} {facts} of types that this verifier does not know", "note"))?;
    }
    if verdict.unlisted_facts > 0 {
        let facts = count(verdict.unlisted_facts, "fact");
        let such =
            verdict.statement.as_ref().is_some_and(|statement| !statement.predicate.processes().is_empty());
        let such = if such { ", such as starts of programs" } else { "" };
        let text =
            format!("{facts} without room in the statement{such}: the journal has them, add --journal");
        line(&format!("  {:<13} {text}", "note"))?;
    }
    if verdict.unknown_extensions > 0 {
        let extensions = count(verdict.unknown_extensions, "extension");
        line(&format!("  {:<13} {extensions} that this verifier does not know", "note"))?;
    }
    if verdict.missing_attached > 0 {
        let files = count(verdict.missing_attached, "attached file");
        line(&format!("  {:<13} {files} not beside the journal, so not compared with the digests", "note"))?;
    }
    Ok(())
}

fn objection_json(objection: &Objection) -> Value {
    let kind = objection.kind();
    json!({
        "kind": kind.word(),
        "exit": kind.exit_code(),
        "code": objection.code.word(),
        "record": objection.record,
        "offset": objection.offset,
        "line": objection.line,
        "why": in_message(&objection.text),
        "next": Value::Null,
    })
}

/// A failure in the place of a verdict: the members of one, with `why` for `message`.
fn instead_json(failure: &Failure) -> Value {
    let mut value = failure_json(failure);
    value["why"] = value["message"].take();
    value["line"] = Value::Null;
    if let Value::Object(members) = &mut value {
        members.remove("message");
    }
    value
}

/// A verdict as JSON, or why there is none.
#[must_use]
pub fn verdict_json(file: &str, verdict: Result<&Verdict, &Failure>) -> Value {
    let verdict = match verdict {
        Ok(verdict) => verdict,
        Err(failure) => {
            let mut value = verdict_json(file, Ok(&Verdict::default()));
            value["verified"] = json!(false);
            value["sealed"] = Value::Null;
            value["failure"] = instead_json(failure);
            return value;
        }
    };
    let mut out = serde_json::Map::new();
    out.insert("file".into(), json!(file));
    out.insert("verified".into(), json!(verdict.is_verified()));
    out.insert("sealed".into(), json!(!verdict.unsealed));
    if let Some(objection) = &verdict.failure {
        out.insert("failure".into(), objection_json(objection));
    }
    for (name, aspect) in verdict.aspects.named() {
        out.insert(name.into(), json!({"status": aspect.mark.name(), "text": aspect.text}));
    }
    let (notice, ended_ns) = verdict.notice.clone().unwrap_or_default();
    out.extend(notice.members(ended_ns));
    let denials = verdict.denials.iter().map(denial_json);
    out.insert("denials".into(), denials.collect());
    let artifact = |(file, subject): &(String, String)| json!({"file": file, "subject": subject});
    out.insert("artifacts".into(), verdict.artifacts.iter().map(artifact).collect());
    out.insert("refused".into(), json!(verdict.refused));
    let findings = verdict.findings.iter().map(|finding| {
        json!({"record": finding.record, "code": finding.code.name(),
            "incomplete": finding.is_incomplete(), "text": finding.text})
    });
    out.insert("findings".into(), findings.collect());
    out.insert("unknownFacts".into(), json!(verdict.unknown_facts));
    out.insert("unlistedFacts".into(), json!(verdict.unlisted_facts));
    out.insert("unknownExtensions".into(), json!(verdict.unknown_extensions));
    out.insert("missingAttached".into(), json!(verdict.missing_attached));
    if let Some(told) = verdict.told {
        out.insert("disclosures".into(), json!({"disclosed": told.disclosed, "of": told.of}));
    }
    out.insert("notProven".into(), json!(not_proven(verdict)));
    Value::Object(out)
}
