//! The expressions of a policy.
//!
//! What lives here: CEL, and which texts of a statement an expression would have to see and cannot.
//! What does not: everything else that a policy asks (`judge`).
//!
//! Rules: of a text that is not there an expression says nothing, whatever it evaluates to; so one that
//! names its member is denied, unless it says that it means to do without.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use cel::ExecutionError;
use cel::extractors::This;
use serde_json::Value as Json;

use super::judge::unseen;
use super::{Policy, Ruling};
use crate::cause::Code;
use crate::record::shown_name;
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
    /// It is among the data of a fact.
    of_fact: bool,
}

impl Hidden {
    /// Whether an expression names the member, and not its masked form.
    fn is_read_by(&self, rule: &str) -> bool {
        let names = |name: &str| after(rule, name).next().is_some();
        let by_itself = |rest: &str| match rest.strip_prefix('[') {
            Some(key) => !key.trim_start().starts_with(['"', '\'']),
            None => rest.strip_prefix('.').is_none_or(is_macro),
        };
        let unnamed = self.of_fact && after(rule, "data").any(by_itself);
        unnamed || names(&self.name) && !self.shown.as_deref().is_some_and(names)
    }
}

/// What stands behind each place of an expression where it has a name, also within a text.
fn after<'a>(rule: &'a str, name: &'a str) -> impl Iterator<Item = &'a str> {
    let is_word = |c: char| c.is_ascii_alphanumeric() || c == '_';
    rule.match_indices(name).filter_map(move |(at, _)| {
        let rest = &rule[at + name.len()..];
        (!rule[..at].ends_with(is_word) && !rest.starts_with(is_word)).then_some(rest)
    })
}

/// Whether a function is called that looks at all members.
fn is_macro(member: &str) -> bool {
    let name = member.trim_start_matches(|c: char| c.is_ascii_alphanumeric() || c == '_');
    name.trim_start().starts_with('(')
}

/// The members of which a text is not there.
fn hidden(predicate: &Predicate) -> BTreeSet<Hidden> {
    let mut all = BTreeSet::new();
    let mut hide = |name: &str, shown: Option<String>, of_fact| {
        all.insert(Hidden { name: name.to_owned(), shown, of_fact });
    };
    let commands = predicate.commands.iter().flatten().map(|command| &command.text);
    let units = predicate.plans.iter().flat_map(|plan| plan.units.iter().flatten()).map(|unit| &unit.text);
    for text in commands.chain(units) {
        let shown = || text.is_masked().then(|| shown_name("command"));
        if text.is_masked() || matches!(text, CommandText::Redacted(_) | CommandText::Withheld(_)) {
            hide("command", shown(), false);
            hide("commandBase64", shown(), false);
        }
    }
    for data in predicate.facts.iter().map(|fact| &fact.data) {
        for (name, _) in data.iter().filter(|(_, text)| text.is_none()) {
            let shown = Some(shown_name(name)).filter(|shown| data.get(shown).is_some_and(Option::is_some));
            hide(name, shown, true);
        }
    }
    // What is null for another reason is no text that was there.
    if predicate.outcome.redacted_count == 0 {
        return all;
    }
    let mut missing = |name, is_missing: bool| {
        if is_missing {
            hide(name, None, false);
        }
    };
    missing("host", predicate.session.host.is_none());
    missing("user", predicate.session.user.is_none());
    missing("workdir", predicate.commands.iter().flatten().any(|command| command.workdir.is_none()));
    for plan in &predicate.plans {
        let shell = &plan.interpreter;
        missing("name", plan.name.is_none());
        missing("sha256", plan.sha256.is_none());
        missing("units", plan.units.is_none());
        missing("path", shell.path.is_none());
        missing("options", shell.options.is_none());
        missing("arguments", shell.arguments.is_none());
        missing("workdir", shell.workdir.is_none());
    }
    all
}

/// Judges a statement by the expressions of a policy.
pub(super) fn judge(policy: &Policy, statement: &Statement, ruling: &mut Ruling) {
    if policy.rules.is_empty() {
        return;
    }
    unseen(statement, "rule.cel", ruling);
    let whole = serde_json::to_value(statement).unwrap_or_default();
    let mut context = cel::Context::default();
    context.add_variable_from_value("predicate", value(&whole["predicate"]));
    context.add_variable_from_value("subject", value(&whole["subject"]));
    // If cel had this function already, every rule that uses it would be denied.
    let _ = context.add_function("matches", matches);
    let hidden = hidden(&statement.predicate);
    for (at, rule) in policy.rules.iter().enumerate() {
        let name = rule.name.clone().unwrap_or_else(|| format!("{}", at + 1));
        if let Some(member) = hidden.iter().find(|hidden| !rule.as_absent && hidden.is_read_by(&rule.text)) {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_expression_reads_a_member_by_another_way_of_writing() {
        let hidden = |shown: Option<&str>| Hidden {
            name: "command".to_owned(),
            shown: shown.map(str::to_owned),
            of_fact: false,
        };
        for (rule, reads) in [
            ("predicate.commands.all(c, c.command != \"x\")", true),
            ("predicate.commands.all(c, c['command'] != 'x')", true),
            ("predicate.commands.all(c, has(c.command))", true),
            ("predicate.commands.size() < 9", false),
            ("predicate.commands.all(c, c.commandShown != 'x')", false),
        ] {
            assert_eq!(hidden(None).is_read_by(rule), reads, "{rule}");
        }
        let both = "has(c.command) ? c.command != 'x' : c.commandShown != 'x'";
        assert!(hidden(None).is_read_by(both) && !hidden(Some("commandShown")).is_read_by(both));
        let path = Hidden { name: "env.PATH".to_owned(), shown: None, of_fact: true };
        for (rule, reads) in [
            ("predicate.facts.all(f, f.data['env.PATH'] != '/x')", true),
            ("predicate.facts.all(f, f.data.all(name, f.data[name] != '/x'))", true),
            ("predicate.facts.all(f, 'x' in f.data)", true),
            ("predicate.facts.all(f, f.data[ \"env.HOME\" ] != '/x' && f.data.folder != '/')", false),
        ] {
            assert_eq!(path.is_read_by(rule), reads, "{rule}");
        }
    }
}
