//! Which members of a statement an expression of CEL reads.
//!
//! What lives here: the walk over an expression. What does not: which members have texts that are not
//! there, and what becomes of the rule (`rules`).
//!
//! Rules: in doubt it reads everything. An object is known member by member only where each use of it
//! names one; whoever compares, prints or walks through a whole object reads all of it.

use std::collections::HashSet;

use cel::IdedExpr;
use cel::common::ast::{ComprehensionExpr, EntryExpr, Expr, LiteralValue, operators};

/// Members that are objects.
const OBJECTS: [&str; 12] = [
    "predicate",
    "recorder",
    "session",
    "journal",
    "outcome",
    "clock",
    "transcript",
    "origin",
    "disclosures",
    "interpreter",
    "digest",
    "data",
];
/// Members that are lists of objects.
const LISTS: [&str; 10] = [
    "subject",
    "commands",
    "plans",
    "facts",
    "anomalies",
    "heads",
    "shells",
    "units",
    "attached",
    "commitments",
];

/// What an expression reads.
#[derive(Debug, Default)]
pub(super) struct Reads {
    names: HashSet<String>,
    /// It uses an object as a whole.
    all: bool,
    /// The variables of macros that stand for objects.
    objects: Vec<String>,
}

/// What a value is, as far as its name tells.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Object,
    /// Of objects.
    List,
    Other,
}

impl Reads {
    /// What this expression reads.
    pub(super) fn of(expression: &IdedExpr) -> Self {
        let mut reads = Reads::default();
        reads.whole(expression);
        reads
    }

    /// Whether it may read a member of this name.
    pub(super) fn has(&self, name: &str) -> bool {
        self.all || self.names.contains(name)
    }

    /// Whether it names a member.
    pub(super) fn names(&self, name: &str) -> bool {
        self.names.contains(name)
    }

    /// A value that is used as it is.
    fn whole(&mut self, expression: &IdedExpr) {
        if self.walk(expression) != Kind::Other {
            self.all = true;
        }
    }

    fn named(&mut self, name: &str) -> Kind {
        self.names.insert(name.to_owned());
        match name {
            _ if OBJECTS.contains(&name) => Kind::Object,
            _ if LISTS.contains(&name) => Kind::List,
            _ => Kind::Other,
        }
    }

    fn walk(&mut self, expression: &IdedExpr) -> Kind {
        match &expression.expr {
            Expr::Ident(name) if self.objects.contains(name) => Kind::Object,
            Expr::Ident(name) => self.named(name),
            Expr::Select(select) => {
                // A list has no members; of another value nothing is known.
                if self.walk(&select.operand) == Kind::List {
                    self.all = true;
                }
                let kind = self.named(&select.field);
                if select.test { Kind::Other } else { kind }
            }
            Expr::Call(call) => self.call(&call.func_name, call.target.as_deref(), &call.args),
            Expr::Comprehension(comprehension) => self.comprehension(comprehension),
            Expr::List(list) => {
                list.elements.iter().for_each(|element| self.whole(element));
                Kind::Other
            }
            Expr::Map(map) => {
                map.entries.iter().for_each(|entry| self.entry(&entry.expr));
                Kind::Other
            }
            Expr::Struct(made) => {
                made.entries.iter().for_each(|entry| self.entry(&entry.expr));
                Kind::Other
            }
            Expr::Literal(_) | Expr::Unspecified => Kind::Other,
        }
    }

    fn entry(&mut self, entry: &EntryExpr) {
        match entry {
            EntryExpr::StructField(field) => self.whole(&field.value),
            EntryExpr::MapEntry(pair) => {
                self.whole(&pair.key);
                self.whole(&pair.value);
            }
        }
    }

    fn call(&mut self, function: &str, target: Option<&IdedExpr>, args: &[IdedExpr]) -> Kind {
        match (function, target, args) {
            (operators::INDEX, None, [of, key]) => {
                let kind = self.walk(of);
                match (kind, &key.expr) {
                    (Kind::Object, Expr::Literal(LiteralValue::String(name))) => self.named(name.inner()),
                    (Kind::Object, _) => {
                        self.all = true;
                        Kind::Other
                    }
                    (kind, _) => {
                        self.whole(key);
                        if kind == Kind::List { Kind::Object } else { Kind::Other }
                    }
                }
            }
            ("size", None, [of]) | ("size", Some(of), []) => {
                if self.walk(of) == Kind::Object {
                    self.all = true;
                }
                Kind::Other
            }
            (operators::CONDITIONAL, None, [condition, one, other]) => {
                self.whole(condition);
                match (self.walk(one), self.walk(other)) {
                    (one, other) if one == other => one,
                    _ => {
                        self.all = true;
                        Kind::Other
                    }
                }
            }
            _ => {
                target.into_iter().chain(args).for_each(|value| self.whole(value));
                Kind::Other
            }
        }
    }

    /// A macro: `all`, `exists`, `map` and their like.
    fn comprehension(&mut self, of: &ComprehensionExpr) -> Kind {
        let kind = self.walk(&of.iter_range);
        // Who walks through an object sees each of its members.
        self.all |= kind == Kind::Object;
        let outer = self.objects.clone();
        // With two variables the first is the place.
        let element = of.iter_var2.as_ref().unwrap_or(&of.iter_var);
        if kind == Kind::List {
            self.objects.push(element.clone());
        } else {
            self.objects.retain(|name| name != element);
        }
        for part in [&of.accu_init, &of.loop_cond, &of.loop_step, &of.result] {
            self.whole(part);
        }
        self.objects = outer;
        Kind::Other
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reads(rule: &str) -> Reads {
        Reads::of(cel::Program::compile(rule).unwrap_or_else(|error| panic!("{rule}: {error}")).expression())
    }

    #[test]
    fn an_expression_reads_a_member_in_another_way_of_writing() {
        for rule in [
            "predicate.session.host != 'x'",
            "predicate['session']['host'] != 'x'",
            "predicate.session['ho\\x73t'] != 'x'",
            "predicate.session['ho' + 'st'] != 'x'",
            "predicate.session.all(k, predicate.session[k] != 'x')",
            "has(predicate.session.host)",
            "'host' in predicate.session",
            "predicate.session == predicate.session",
            "[predicate.session][0].host == 'x' || true",
            "(true ? predicate.session : predicate.outcome).host != 'x'",
            "{'a': predicate.session}.size() == 1",
            "dyn(predicate.session) != null",
            "predicate.all(k, k != 'x')",
            "predicate.commands.all(c, c.all(k, k != 'host'))",
            "predicate.commands.exists(c, 'x' in c.map(k, c[k]))",
            "predicate.commands == []",
            "predicate.commands[0] != null",
            "predicate.commands.filter(c, c.exitCode == 0).exists(c, c != null)",
            "string(predicate) == 'x'",
            "!predicate.commands.exists(c, [1].exists(c, false) || 'x' in c.map(k, c[k]))",
            "predicate.commands.exists(c, [1].all(c, c == 1) && 'host' in c)",
        ] {
            assert!(reads(rule).has("host"), "{rule}");
        }
    }

    #[test]
    fn an_expression_that_names_what_it_reads_reads_everything() {
        for rule in [
            "predicate.outcome.commandCount < 200",
            "predicate.commands.all(c, c.exitCode == 0)",
            "predicate.commands[0].exitCode == 0 && size(predicate.commands) > 1",
            "predicate.commands.size() == predicate.outcome.commandCount",
            "predicate.facts.exists(f, f.type == 'x' && int(f.data.retainSeconds) <= 2592000)",
            "predicate.facts.all(f, f.data['env.PATH'] != 'x')",
            "subject.exists(s, s.name != 'host' && s.digest.sha256 != 'x')",
            "predicate.plans.all(p, p.units.size() > 0 && p.interpreter.options == ['-e'])",
            "true || 'command' == ''",
        ] {
            let reads = reads(rule);
            assert!(!reads.has("host") && !reads.has("command"), "{rule}: {reads:?}");
        }
        let fact = reads("predicate.facts.all(f, f.data['env.PATH'] != 'x')");
        assert!(fact.has("env.PATH") && !fact.has("env.HOME"));
    }
}
