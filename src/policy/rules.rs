//! The expressions of a policy.
//!
//! What lives here: CEL, and which texts of a statement an expression would have to see and cannot.
//! What does not: everything else that a policy asks (`judge`).
//!
//! Rules: of a text that is not there an expression says nothing, whatever it evaluates to; so one that
//! reads its member is denied, unless it says that it means to do without.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use cel::ExecutionError;
use cel::extractors::This;
use serde_json::Value as Json;

use super::reads::Reads;
use super::scripts::{deny_unseen, unseen};
use super::{Policy, Ruling};
use crate::cause::Code;
use crate::fact::process::{SeenBy, Told};
use crate::mask::has_sign;
use crate::record::{Program, shown_name};
use crate::seal::statement::{CommandText, Predicate, Statement};

/// Why a rule that reads a text is denied.
const MISSING: &str =
    "one of these texts was redacted, masked or not disclosed; to do without it write hidden = \"as-absent\"";

/// A member of which a text is not there.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Hidden {
    name: String,
    /// What has the masked form, if that is there.
    shown: Option<String>,
}

impl Hidden {
    /// Whether an expression reads the member, and knows nothing of its masked form.
    fn is_read_by(&self, reads: &Reads) -> bool {
        reads.has(&self.name) && !self.shown.as_deref().is_some_and(|shown| reads.names(shown))
    }
}

/// The members of which a text is not there.
fn hidden(predicate: &Predicate) -> BTreeSet<Hidden> {
    let mut all = BTreeSet::new();
    let mut hide = |name: &str, shown: Option<String>| all.insert(Hidden { name: name.to_owned(), shown });
    let commands = predicate.commands.iter().flatten().map(|command| &command.text);
    let units = predicate.plans.iter().flat_map(|plan| plan.units.iter().flatten()).map(|unit| &unit.text);
    for text in commands.chain(units) {
        let shown = || text.is_masked().then(|| shown_name("command"));
        if text.is_masked() || matches!(text, CommandText::Redacted(_) | CommandText::Withheld(_)) {
            hide("command", shown());
            hide("commandBase64", shown());
        }
    }
    for data in predicate.facts.iter().map(|fact| &fact.data) {
        for (name, _) in data.iter().filter(|(_, text)| text.is_none()) {
            let shown = Some(shown_name(name)).filter(|shown| data.get(shown).is_some_and(Option::is_some));
            hide(name, shown);
        }
    }
    // What is null for another reason than that it was taken out is no text that was there.
    let gone = predicate.outcome.redacted_count > 0;
    let is_gone = |text: Option<&str>| text.map_or(gone, |text| has_sign(text.as_bytes()));
    let mut missing = |name, is_missing: bool| {
        if is_missing {
            hide(name, None);
        }
    };
    missing("host", is_gone(predicate.session.host.as_deref()));
    missing("user", is_gone(predicate.session.user.as_deref()));
    for command in predicate.commands.iter().flatten() {
        missing("workdir", is_gone(command.workdir.as_deref()));
    }
    for plan in &predicate.plans {
        let shell = &plan.interpreter;
        let are_gone = |words: &Option<Vec<String>>| match words {
            None => gone,
            Some(words) => words.iter().any(|word| has_sign(word.as_bytes())),
        };
        missing("name", is_gone(plan.name.as_deref()));
        missing("units", gone && plan.units.is_none());
        missing("path", is_gone(shell.path.as_deref()));
        missing("options", are_gone(&shell.options));
        missing("arguments", are_gone(&shell.arguments));
        missing("workdir", is_gone(shell.workdir.as_deref()));
        // A script whose digest is not told, or only beside the envelope, is no subject.
        missing("sha256", plan.sha256.is_none());
        missing("subject", plan.sha256.is_none() || predicate.disclosures.is_some());
    }
    all
}

/// Judges a statement by the expressions of a policy.
pub(super) fn judge(policy: &Policy, statement: &Statement, ruling: &mut Ruling) {
    if policy.rules.is_empty() {
        return;
    }
    let by_kernel = by_kernel(&statement.predicate);
    for shell in unseen(&statement.predicate).into_iter().filter(|shell| !by_kernel.contains(shell)) {
        deny_unseen(shell, "rule.cel", ruling);
    }
    let whole = serde_json::to_value(statement).unwrap_or_default();
    let mut context = cel::Context::default();
    context.add_variable_from_value("predicate", value(&whole["predicate"]));
    context.add_variable_from_value("subject", value(&whole["subject"]));
    // If cel had this function already, every rule that uses it would be denied.
    let _ = context.add_function("matches", matches);
    let hidden = hidden(&statement.predicate);
    for (at, rule) in policy.rules.iter().enumerate() {
        let name = rule.name.clone().unwrap_or_else(|| format!("{}", at + 1));
        let reads = Reads::of(rule.program.expression());
        // The one command of attesh run says nothing of what ran below it.
        if ["commands", "outcome", "plans"].iter().any(|member| reads.has(member)) {
            by_kernel.iter().for_each(|shell| deny_unseen(*shell, "rule.cel", ruling));
        }
        if let Some(member) = hidden.iter().find(|hidden| !rule.as_absent && hidden.is_read_by(&reads)) {
            let what = format!("rule {name} reads {}, and {MISSING}: {}", member.name, rule.text.trim());
            ruling.deny("rule.cel", Code::PolicyRule, None, what);
            continue;
        }
        let why = match rule.program.execute(&context) {
            Ok(cel::Value::Bool(true)) => continue,
            Ok(cel::Value::Bool(false)) => "is false".to_owned(),
            Ok(other) => format!("is neither true nor false but of the type {}", other.type_of()),
            Err(error) => format!("cannot be evaluated: {error}"),
        };
        ruling.deny("rule.cel", Code::PolicyRule, None, format!("rule {name} {why}: {}", rule.text.trim()));
    }
}

/// The shells of `attesh run` of which every start is told, and nothing went on when they ended.
fn by_kernel(predicate: &Predicate) -> BTreeSet<u64> {
    let is_held = |told: &Told| told.seen_by != Some(SeenBy::Trace);
    let is_whole = |told: &Told| {
        is_held(told) && told.gap().is_none() && told.count.is_some_and(|count| count.running == 0)
    };
    let shells = predicate.session.shells.iter().filter(|shell| shell.program == Program::Run.name());
    let ids: BTreeSet<u64> = shells.map(|shell| shell.id).collect();
    let told = predicate.processes().into_iter().filter(|(_, told)| is_whole(told));
    told.map(|(shell, _)| shell).filter(|shell| ids.contains(shell)).collect()
}

/// CEL's `matches`, by the expressions that `[deny]` has too.
fn matches(This(text): This<Arc<String>>, pattern: Arc<String>) -> Result<bool, ExecutionError> {
    let pattern = regex::Regex::new(&pattern);
    let pattern = pattern.map_err(|error| ExecutionError::function_error("matches", error))?;
    Ok(pattern.is_match(&text))
}

/// JSON as a value of CEL. Integers are of one type, so that a rule may compare them with its own.
fn value(json: &Json) -> cel::Value {
    match json {
        Json::Null => cel::Value::Null,
        Json::Bool(flag) => (*flag).into(),
        Json::Number(number) => match number.as_i64() {
            Some(integer) => cel::Value::Int(integer),
            None => cel::Value::Float(number.as_f64().unwrap_or(f64::NAN)),
        },
        Json::String(text) => text.as_str().into(),
        Json::Array(list) => list.iter().map(value).collect::<Vec<_>>().into(),
        Json::Object(members) => {
            let members = members.iter().map(|(name, json)| (name.clone(), value(json)));
            members.collect::<HashMap<String, cel::Value>>().into()
        }
    }
}
