//! What is masked beyond the built-in rules: a user's rules, and the values of variables.
//!
//! What lives here: what a file such as mask.toml says, its lines as a session keeps them, and the
//! masker that comes of it. What does not: where the file is (`session::masking`).
//!
//! Rules: attesh-mask(5) is normative. No value of a variable is kept anywhere: each recorder takes
//! it from its own environment.

use std::ops::Range;

use toml::Spanned;
use toml::de::DeValue;

use super::given::OF_VARIABLE;
use super::name::is_variable;
use super::{Masker, says_secret};
use crate::text::toml::{Source, Wrong};

/// The longest file of rules that is read, in bytes.
pub const FILE_MAX: usize = 256 << 10;
/// The most rules, and the most variables, of one session.
pub const ASKED_MAX: usize = 256;
/// What GitHub's runner is told a value by that it masks in its log.
const ADD_MASK: &[u8] = b"::add-mask::";

/// What is masked beyond the built-in rules.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Asked {
    /// The names of rules, and their patterns.
    pub rules: Vec<(String, String)>,
    /// The variables whose values are masked.
    pub variables: Vec<String>,
    /// Whether the value of each variable is masked whose name says that it is secret.
    pub secrets: bool,
}

impl Asked {
    /// Whether nothing is asked.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Asked::default()
    }

    /// Reads a file of rules.
    ///
    /// # Errors
    /// What is wrong with it, and where.
    pub fn read(bytes: &[u8]) -> Result<Self, Wrong> {
        let (source, file) = Source::read(bytes, FILE_MAX)?;
        let mut asked = Asked::default();
        let mut entries: Vec<_> = file.get_ref().iter().collect();
        entries.sort_by_key(|(key, _)| key.span().start);
        for (key, value) in entries {
            match (key.get_ref().as_ref(), value.get_ref()) {
                ("version", DeValue::Integer(number)) if number.as_str() == "1" => {}
                ("version", _) => return Err(source.wrong(value.span().start, "version must be 1")),
                ("env", DeValue::Array(names)) => {
                    for name in names.iter() {
                        asked.variables.push(variable(source, name)?);
                    }
                }
                ("env", _) => {
                    return Err(source.wrong(value.span().start, "env must be a list of names of variables"));
                }
                ("rule", DeValue::Array(tables)) => {
                    for table in tables.iter() {
                        asked.rules.push(rule(source, table)?);
                    }
                }
                ("rule", _) => {
                    return Err(
                        source.wrong(value.span().start, "rule must be tables, each begun with [[rule]]")
                    );
                }
                (other, _) => {
                    let what = format!("unknown key {other:?}; a file of rules has version, env and rule");
                    return Err(source.wrong(key.span().start, what));
                }
            }
        }
        asked.checked().map_err(|what| Wrong { line: 1, column: 1, what })
    }

    /// Refuses more than a session can have.
    fn checked(self) -> Result<Self, String> {
        match self.rules.len().max(self.variables.len()) {
            count if count > ASKED_MAX => {
                Err(format!("{count} rules or variables, the limit is {ASKED_MAX}"))
            }
            _ => Ok(self),
        }
    }

    /// Adds what another asks.
    ///
    /// # Errors
    /// That would be too many.
    pub fn add(&mut self, other: Asked) -> Result<(), String> {
        for rule in other.rules {
            if !self.rules.contains(&rule) {
                self.rules.push(rule);
            }
        }
        for name in other.variables {
            if !self.variables.contains(&name) {
                self.variables.push(name);
            }
        }
        self.secrets |= other.secrets;
        std::mem::take(self).checked().map(|checked| *self = checked)
    }

    /// The lines that a session keeps.
    #[must_use]
    pub fn encode(&self) -> String {
        let rules = self.rules.iter().map(|(name, pattern)| format!("rule {name} {pattern}\n"));
        let variables = self.variables.iter().map(|name| format!("env {name}\n"));
        let secrets = self.secrets.then(|| "secrets\n".to_owned());
        rules.chain(variables).chain(secrets).collect()
    }

    /// Reads the lines that a session keeps; `None` if one of them says nothing that is known.
    #[must_use]
    pub fn decode(text: &str) -> Option<Self> {
        let mut asked = Asked::default();
        for line in text.lines() {
            match line.split_once(' ').unwrap_or((line, "")) {
                ("rule", rule) => {
                    let (name, pattern) = rule.split_once(' ')?;
                    asked.rules.push((name.to_owned(), pattern.to_owned()));
                }
                ("env", name) => asked.variables.push(name.to_owned()),
                ("secrets", "") => asked.secrets = true,
                _ => return None,
            }
        }
        Some(asked)
    }

    /// The masker, with the values that the variables have: `names` lists the variables that there are.
    #[must_use]
    pub fn masker(
        &self,
        value: impl Fn(&str) -> Option<Vec<u8>>,
        names: impl FnOnce() -> Vec<String>,
    ) -> Masker {
        let mut masker = Masker::default();
        for (name, pattern) in &self.rules {
            // A pattern that is none was refused when it was asked for.
            let _ = masker.add_rule(name, pattern);
        }
        let said = if self.secrets { names() } else { Vec::new() };
        let secret = said.iter().filter(|name| says_secret(name.as_bytes()));
        for name in self.variables.iter().chain(secret) {
            if let Some(value) = value(name) {
                masker.add_value(&format!("{OF_VARIABLE}{name}"), &value);
            }
        }
        masker
    }
}

/// The most values that are taken from the text of a script.
const TOLD_MAX: usize = 256;

/// The values that a script tells GitHub's runner to mask: what stands behind `::add-mask::`, or what
/// the variable that is named there has, in the environment or by the script itself.
#[must_use]
pub fn told(script: &[u8], value: impl Fn(&str) -> Option<Vec<u8>>) -> Vec<Vec<u8>> {
    let mut all: Vec<Vec<u8>> = Vec::new();
    for at in memchr::memmem::find_iter(script, ADD_MASK) {
        let word = literal(&script[at + ADD_MASK.len()..]);
        let name = word.strip_prefix(b"${").and_then(|name| name.strip_suffix(b"}"));
        let name = name.or_else(|| word.strip_prefix(b"$")).and_then(|name| std::str::from_utf8(name).ok());
        match name.filter(|name| is_variable(name)) {
            Some(name) => {
                all.extend(value(name));
                all.extend(assigned(script, name));
            }
            None => all.push(word.to_vec()),
        }
        all.truncate(TOLD_MAX);
        if all.len() == TOLD_MAX {
            break;
        }
    }
    all
}

/// What a script gives a variable in its own text.
#[must_use]
pub fn assigned(script: &[u8], name: &str) -> Vec<Vec<u8>> {
    let begins = |at: usize| at == 0 || !script[at - 1].is_ascii_alphanumeric() && script[at - 1] != b'_';
    let assignment = format!("{name}=");
    let places = memchr::memmem::find_iter(script, assignment.as_bytes()).filter(|at| begins(*at));
    let values = places.map(|at| literal(&script[at + assignment.len()..]).to_vec());
    values.filter(|value| !value.is_empty() && !value.contains(&b'$')).take(TOLD_MAX).collect()
}

/// A word as it stands there, without the quotes around it.
fn literal(text: &[u8]) -> &[u8] {
    let text = text.strip_prefix(b" ").unwrap_or(text);
    let (text, ends): (_, &[u8]) = match text.first() {
        Some(b'"') => (&text[1..], b"\"\n\r"),
        Some(b'\'') => (&text[1..], b"'\n\r"),
        _ => (text, b"\"'\n\r|&;>"),
    };
    let end = text.iter().position(|byte| ends.contains(byte)).unwrap_or(text.len());
    // Behind a quote that closes before the value, as in "::add-mask::"VALUE.
    match (end, text.get(end), text.get(end + 1)) {
        (0, Some(b'"' | b'\''), Some(next)) if !b" \n".contains(next) => literal(&text[1..]),
        _ => text[..end].trim_ascii(),
    }
}

fn variable(source: Source, name: &Spanned<DeValue>) -> Result<String, Wrong> {
    let word = text(source, "a name of env", name)?;
    if is_variable(word) {
        return Ok(word.to_owned());
    }
    Err(source.wrong(name.span().start, format!("{word:?} cannot name a variable")))
}

fn text<'v>(source: Source, name: &str, value: &'v Spanned<DeValue>) -> Result<&'v str, Wrong> {
    match value.get_ref().as_str() {
        Some(text) if !text.is_empty() => Ok(text),
        _ => Err(source.wrong(value.span().start, format!("{name} must be a text that is not empty"))),
    }
}

/// Where a byte of a pattern stands in the file: behind the quote, if the text has no escapes.
fn within(source: Source, span: Range<usize>, pattern: &str, at: usize) -> usize {
    let quoted = source.0.get(span.clone()).unwrap_or_default();
    quoted.find(pattern).map_or(span.start, |quote| span.start + quote + at)
}

fn rule(source: Source, table: &Spanned<DeValue>) -> Result<(String, String), Wrong> {
    let Some(keys) = table.get_ref().as_table() else {
        return Err(source.wrong(table.span().start, "rule must be tables, each begun with [[rule]]"));
    };
    let (mut name, mut pattern) = (None, None);
    for (key, value) in keys.iter() {
        match key.get_ref().as_ref() {
            "name" => name = Some((text(source, "name", value)?, value.span())),
            "pattern" => pattern = Some((text(source, "pattern", value)?, value.span())),
            other => {
                let what = format!("unknown key {other:?}; [[rule]] has name and pattern");
                return Err(source.wrong(key.span().start, what));
            }
        }
    }
    let (Some((name, named)), Some((pattern, span))) = (name, pattern) else {
        return Err(source.wrong(table.span().start, "a [[rule]] must have name and pattern"));
    };
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"_.-".contains(&byte);
    if name.len() > 64 || !name.bytes().all(plain) {
        let what = "name must be at most 64 letters, digits, and characters of _.-";
        return Err(source.wrong(named.start, what));
    }
    if pattern.bytes().any(|byte| byte.is_ascii_control()) {
        return Err(
            source.wrong(span.start, "pattern must not have control characters: write \\n or \\t in it")
        );
    }
    match Masker::default().add_rule(name, pattern) {
        Ok(()) => Ok((name.to_owned(), pattern.to_owned())),
        Err(fault) => Err(source.wrong(within(source, span, pattern, fault.at), fault.what)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_of_rules_says_what_it_says() {
        let file = "version = 1\nenv = ['DEPLOY']\n[[rule]]\nname = 'acme'\npattern = 'acme_[a-z]{8}'\n";
        let asked = Asked::read(file.as_bytes()).unwrap();
        assert_eq!(asked.rules, [("acme".to_owned(), "acme_[a-z]{8}".to_owned())]);
        assert_eq!(asked.variables, ["DEPLOY"]);
        assert_eq!(Asked::decode(&asked.encode()), Some(asked.clone()));
        let masker = asked.masker(|name| (name == "DEPLOY").then(|| b"horse battery".to_vec()), Vec::new);
        let text = masker.mask(b"echo 'horse battery' acme_abcdefgh").unwrap().text;
        assert_eq!(text, b"echo '[env:DEPLOY*]' [acme*]");
    }

    #[test]
    fn what_a_script_tells_the_runner_is_found() {
        let script =
            b"echo \"::add-mask::$KEY\"\necho '::add-mask::s3cret word' x\necho ::add-mask::${OTHER}\n";
        let values = told(script, |name| (name == "KEY").then(|| b"of the key".to_vec()));
        assert_eq!(values, [b"of the key".to_vec(), b"s3cret word".to_vec()]);
    }

    #[test]
    fn a_file_of_rules_is_refused_where_it_is_wrong() {
        for (file, line, column) in [
            ("x = 1\n", 1, 1),
            ("version = 2\n", 1, 11),
            ("env = 'A'\n", 1, 7),
            ("env = ['A', '1']\n", 1, 13),
            ("rule = 1\n", 1, 8),
            ("[[rule]]\nname = 'a'\n", 1, 1),
            ("[[rule]]\nname = 'a b'\npattern = 'acme_[a-z]{8}'\n", 2, 8),
            ("[[rule]]\nname = 'a'\npattern = 'acme_[a-z'\n", 3, 17),
            ("[[rule]]\nname = 'a'\npattern = 'acme_[a-z]{8}'\nmore = 1\n", 4, 1),
            ("[[rule]\n", 1, 8),
        ] {
            let wrong = Asked::read(file.as_bytes()).unwrap_err();
            assert_eq!((wrong.line, wrong.column), (line, column), "{file}: {wrong}");
        }
        assert_eq!(Asked::read(b"env = ['\xff']").unwrap_err().column, 9);
    }
}
