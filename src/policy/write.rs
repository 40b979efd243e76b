//! A policy written for a script.
//!
//! What lives here: TOML that [`Policy::read`](super::Policy::read) takes, with remarks for
//! who will edit it.

use super::{Mode, PlanAt, ScriptRule};
use crate::script::Script;
use crate::script::silent::{is_definition, may_be_silent, may_fail_silently};
use crate::script::traps;

impl ScriptRule {
    /// The rule for a script: it ran from its first command to its last.
    ///
    /// # Errors
    /// The script has no command, or one that is not UTF-8, which TOML cannot hold.
    pub fn of(script: &Script, plan: PlanAt) -> Result<Self, String> {
        let mut commands = Vec::new();
        for unit in script.units() {
            let text = std::str::from_utf8(unit.text);
            let text =
                text.map_err(|_| format!("line {} is not UTF-8: a policy cannot hold it", unit.first))?;
            commands.push(text.to_owned());
        }
        if commands.is_empty() {
            return Err("the script has no command".into());
        }
        let lines = script.units().map(|unit| unit.first).collect();
        let exit = Some(vec![0]);
        Ok(ScriptRule { name: None, plan, mode: Mode::Entire, sha256: None, commands, lines, exit })
    }

    /// As a `[[script]]` of a policy.
    #[must_use]
    pub fn to_toml(&self) -> String {
        let mut out = "[[script]]\n".to_owned();
        let mut put = |key: &str, value: &str| out.push_str(&format!("{key} = {value}\n"));
        if let Some(name) = &self.name {
            put("name", &text(name));
        }
        if let Some(plan) = self.plan.word() {
            put("plan", &format!("\"{plan}\""));
        }
        put("mode", &format!("\"{}\"", self.mode.word()));
        if let Some(sha256) = &self.sha256 {
            put("sha256", &format!("\"{sha256}\""));
        }
        match self.exit.as_deref() {
            None => put("exit", "\"any\""),
            Some([one]) => put("exit", &one.to_string()),
            Some(several) => put("exit", &format!("{several:?}")),
        }
        out.push_str("commands = [\n");
        for command in &self.commands {
            out.push_str(&format!("  {},\n", text(command)));
        }
        out.push_str("]\n");
        if !self.lines.iter().copied().eq(1..=self.lines.len() as u64) {
            out.push_str(&format!("lines = {:?}\n", self.lines));
        }
        out
    }
}

/// What bash does not report of a script, so that its policy denies a good run, and how to mend
/// it.
#[must_use]
pub fn remarks(script: &Script) -> Vec<String> {
    let units: Vec<(u64, std::borrow::Cow<str>)> =
        script.units().map(|unit| (unit.first, String::from_utf8_lossy(unit.text))).collect();
    let mut out = Vec::new();
    for two in units.windows(2) {
        let [(line, text), (_, next)] = two else { continue };
        if may_be_silent(next) && may_fail_silently(text) && !is_definition(text) {
            out.push(format!("line {line}: bash does not report how this ends before what follows it; add a line with : after it, or write || exit behind it"));
        }
    }
    let Some((line, last)) = units.last() else { return out };
    if may_be_silent(last) && traps::at_exit(script) {
        out.push(format!(
            "line {line}: with an EXIT trap bash does not report that this ran; add a line with : after it"
        ));
    }
    if traps::may_end_well(script) {
        out.push(format!("line {line}: a trap that ends with exit 0 hides how this ends; end the trap with the status that it began with"));
    }
    out
}

/// A whole policy of these scripts; `from` says what it was made of.
#[must_use]
pub fn whole(from: &str, scripts: &[ScriptRule]) -> String {
    let from: String = from.chars().map(|c| if c.is_control() { '?' } else { c }).collect();
    let mut out = format!("# What {from} must have run: see attesh-policy(5).\nversion = 1\n\n");
    out.push_str("[session]\ncomplete = true\nmax-lost = 0\nmax-redacted = 0\nmax-paused = 0\n");
    for script in scripts {
        out.push('\n');
        out.push_str(&script.to_toml());
    }
    out
}

/// A text as TOML has it, literal if possible.
fn text(text: &str) -> String {
    let plain = |c: char| c == '\t' || !c.is_control();
    if !text.contains('\'') && text.chars().all(plain) {
        return format!("'{text}'");
    }
    let lines = text.chars().all(|c| plain(c) || c == '\n');
    if lines && text.contains('\n') && !text.contains("'''") && !text.ends_with('\'') {
        return format!("'''\n{text}'''");
    }
    let mut out = "\"".to_owned();
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\t' => out.push_str("\\t"),
            '\r' => out.push_str("\\r"),
            c if c.is_control() => out.push_str(&format!("\\u{:04X}", u32::from(c))),
            c => out.push(c),
        }
    }
    out.push('"');
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_written_as_toml_reads_them() {
        for (plain, toml) in [
            ("a \"b\"", "'a \"b\"'"),
            ("it's", "\"it's\""),
            ("a\nb", "'''\na\nb'''"),
            ("a\nb'", "\"a\\nb'\""),
            ("\r\u{7f}\\'", "\"\\r\\u007F\\\\'\""),
        ] {
            assert_eq!(text(plain), toml);
        }
    }
}
