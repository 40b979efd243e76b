//! JSON: one object that names its schema; and policies and failures as members of one.

use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};

use serde_json::{Value, json};

use super::line;
use crate::failure::Failure;
use crate::mask::{in_message, in_words};
use crate::policy::{ContextRule, Denial, Policy, Runner, ScriptRule};
use crate::text::{Next, json_visible};

/// Prints a JSON object that names its schema.
///
/// # Errors
/// Standard output could not be written.
pub fn print(schema: &str, mut value: Value) -> Result<(), Failure> {
    let mut whole = serde_json::Map::new();
    whole.insert("schema".into(), json!(schema));
    if let Value::Object(members) = &mut value {
        whole.append(members);
    }
    JSON_PRINTED.store(true, Ordering::Relaxed);
    line(&json_visible(&Value::Object(whole).to_string()))
}

/// A path as JSON can hold it: what is no UTF-8 in it is replaced.
#[must_use]
pub fn path_json(path: &Path) -> Value {
    json!(path.display().to_string())
}

/// The result is one JSON object: a failure that comes after it stands inside.
static JSON_PRINTED: AtomicBool = AtomicBool::new(false);

/// A failure as JSON.
#[must_use]
pub fn failure_json(failure: &Failure) -> Value {
    let (kind, exit) = (failure.kind.word(), failure.kind.exit_code());
    let cause = failure.cause.as_deref();
    let mut value = json!({
        "kind": kind,
        "exit": exit,
        "code": cause.map(|cause| cause.code.word()),
        "record": cause.and_then(|cause| cause.record),
        "offset": cause.and_then(|cause| cause.offset),
        "message": in_message(&failure.message),
        "next": failure.next.as_ref().map(next_json),
    });
    if let Some(place) = &failure.place {
        value["file"] = json!(in_message(&place.file.display().to_string()));
        value["line"] = json!(place.line);
        value["column"] = json!(place.column);
    }
    value
}

fn next_json(next: &Next) -> Value {
    json!({"text": in_message(&next.to_string()), "argv": next.command().map(|command| in_words(command.argv()))})
}

/// Prints a failure as the result, unless a result was printed that has it in it.
pub fn failed(failure: &Failure) {
    if !JSON_PRINTED.load(Ordering::Relaxed) {
        let _ = print("attesh.error/v1", failure_json(failure));
    }
}

/// What a policy denies, as JSON.
#[must_use]
pub fn denial_json(denial: &Denial) -> Value {
    json!({"rule": denial.rule, "code": denial.code.word(), "line": denial.line, "text": denial.text})
}

/// A policy as JSON, with its defaults, and what it asks for in words.
#[must_use]
pub fn policy_json(policy: &Policy) -> Value {
    let session = &policy.session;
    let deny: Vec<&str> = policy.deny.iter().map(|pattern| pattern.as_str()).collect();
    let rules: Vec<Value> =
        policy.rules.iter().map(|rule| json!({"name": rule.name, "cel": rule.text})).collect();
    let materials = policy.materials.iter();
    let materials = materials.map(|rule| json!({"path": rule.path, "sha256": rule.sha256}));
    json!({
        "keys": policy.keys,
        "maxAgeSeconds": policy.max_age_s,
        "at": if policy.keys_when_sealed { "sealed" } else { "now" },
        "session": {
            "complete": session.complete,
            "maxLost": session.max_lost,
            "maxRedacted": session.max_redacted,
            "maxPaused": session.max_paused,
            "maxTailSeconds": session.max_tail_s,
        },
        "scripts": policy.scripts.iter().map(script_json).collect::<Vec<_>>(),
        "deny": deny,
        "denyMasked": if policy.deny_as_shown { "as-shown" } else { "denied" },
        "context": context_json(&policy.context),
        "subjects": policy.subjects,
        "products": policy.products,
        "materials": materials.collect::<Vec<_>>(),
        "rules": rules,
        "text": policy.explain(),
    })
}

fn context_json(rule: &ContextRule) -> Value {
    let asked = rule.members.iter().map(|(_, member, wanted)| ((*member).to_owned(), json!(wanted)));
    json!({
        "asked": asked.collect::<serde_json::Map<_, _>>(),
        "commitRequired": rule.commit_required,
        "clean": rule.clean,
        "sameAs": rule.same_as,
    })
}

fn script_json(script: &ScriptRule) -> Value {
    let commands = script.lines.iter().zip(&script.commands).enumerate();
    let json = |(at, (line, command))| json!({"line": line, "command": command, "masked": script.masked.contains(&at)});
    let commands: Vec<Value> = commands.map(json).collect();
    json!({
        "name": script.name,
        "mode": script.mode.word(),
        "sha256": script.sha256,
        "exit": script.exit,
        "pipe": script.pipe(),
        "evidence": script.evidence.name(),
        "arguments": script.arguments,
        "options": script.options,
        "environment": script.environment,
        "before": script.before,
        "runner": script.runner.map(Runner::word),
        "commands": commands,
    })
}
