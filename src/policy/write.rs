//! A policy written for a script.
//!
//! What lives here: TOML that [`Policy::read`](super::Policy::read) takes, with remarks for
//! who will edit it.

use super::plan::INIT;
use super::{Mode, ScriptRule};
use crate::mask::Masker;
use crate::record::{Evidence, Inherited};
use crate::script::{Script, Unit};

impl ScriptRule {
    /// The rule for a script: it ran from its first command to its last. Secrets in it are masked
    /// as a recorder masks them.
    ///
    /// # Errors
    /// The script has no command, or one that is not UTF-8, which TOML cannot hold.
    pub fn of(script: &Script, masker: &Masker) -> Result<Self, String> {
        let (mut before, masked): (Vec<String>, Vec<bool>) = texts(script, masker)?.into_iter().unzip();
        let mut lines: Vec<u64> = script.units().map(|unit| unit.first).collect();
        // A text that asks for its own recording is recorded from there on.
        let init = before.iter().position(|text| text.as_bytes() == INIT);
        let from = init.map_or(0, |init| init + 1);
        let commands = before.split_off(from);
        lines.drain(..from);
        let masked = (0..commands.len()).filter(|at| masked[from + at]).collect();
        before.truncate(init.unwrap_or(0));
        if commands.is_empty() {
            return Err("the script has no command".into());
        }
        Ok(ScriptRule {
            name: None,
            mode: Mode::Entire,
            sha256: None,
            commands,
            masked,
            opaque_as_shown: false,
            lines,
            exit: Some(vec![0]),
            every_pipe: false,
            evidence: Evidence::Reader,
            arguments: Vec::new(),
            options: None,
            environment: Vec::new(),
            before,
            runner: None,
        })
    }

    /// As a `[[script]]` of a policy.
    #[must_use]
    pub fn to_toml(&self) -> String {
        let mut out = "[[script]]\n".to_owned();
        let mut put = |key: &str, value: &str| out.push_str(&format!("{key} = {value}\n"));
        if let Some(name) = &self.name {
            put("name", &text(name));
        }
        put("mode", &format!("\"{}\"", self.mode.word()));
        if let Some(runner) = self.runner {
            put("runner", &format!("\"{}\"", runner.word()));
        }
        if let Some(sha256) = &self.sha256 {
            put("sha256", &format!("\"{sha256}\""));
        }
        match self.exit.as_deref() {
            None => put("exit", "\"any\""),
            Some([one]) => put("exit", &one.to_string()),
            Some(several) => put("exit", &format!("{several:?}")),
        }
        if self.every_pipe {
            put("pipe", &format!("\"{}\"", self.pipe()));
        }
        if self.evidence != Evidence::Reader {
            put("evidence", &format!("\"{}\"", self.evidence.name()));
        }
        if !self.arguments.is_empty() {
            put("arguments", &list(&self.arguments));
        }
        if let Some(options) = &self.options {
            put("options", &list(options));
        }
        if !self.environment.is_empty() {
            let names: Vec<&str> = self.environment.iter().copied().map(Inherited::name).collect();
            put("environment", &format!("{names:?}"));
        }
        if !self.before.is_empty() {
            put("before", &list(&self.before));
        }
        out.push_str("commands = [\n");
        for command in &self.commands {
            out.push_str(&format!("  {},\n", text(command)));
        }
        out.push_str("]\n");
        if !self.masked.is_empty() {
            let numbers: Vec<usize> = self.masked.iter().map(|at| at + 1).collect();
            out.push_str(&format!("masked = {numbers:?}\n"));
        }
        if self.opaque_as_shown {
            out.push_str("opaque = \"as-shown\"\n");
        }
        if !self.lines.iter().copied().eq(1..=self.lines.len() as u64) {
            out.push_str(&format!("lines = {:?}\n", self.lines));
        }
        out
    }
}

/// A text as a recorder shows it, and whether a secret in it is masked.
pub(super) fn masked_text(text: String, masker: &Masker) -> (String, bool) {
    match masker.mask_new(text.as_bytes()) {
        None => (text, false),
        Some(masked) => (String::from_utf8_lossy(&masked.text).into_owned(), true),
    }
}

/// The texts of a script's units as a recorder shows them, and whether each is masked.
///
/// # Errors
/// One is not UTF-8, which TOML cannot hold.
pub fn texts(script: &Script, masker: &Masker) -> Result<Vec<(String, bool)>, String> {
    let of = |unit: Unit| match std::str::from_utf8(unit.text) {
        Ok(text) => Ok(masked_text(text.to_owned(), masker)),
        Err(_) => Err(format!("line {} is not UTF-8: a policy cannot hold it", unit.first)),
    };
    script.units().map(of).collect()
}

/// A whole policy of these scripts; `from` says what it was made of, the remarks what its
/// reader should know, `context` on what a session must have run.
#[must_use]
pub fn whole(
    from: &str,
    remarks: &[String],
    context: &[(&str, Vec<String>)],
    scripts: &[ScriptRule],
) -> String {
    let line = |text: &str| text.chars().map(|c| if c.is_control() { '?' } else { c }).collect::<String>();
    let mut out = format!("# What {} must have run: see attesh-policy(5).\n", line(from));
    for remark in remarks {
        out.push_str(&format!("# {}\n", line(remark)));
    }
    out.push_str("version = 1\n\n");
    out.push_str("[session]\ncomplete = true\nmax-lost = 0\nmax-redacted = 0\nmax-paused = 0\n");
    if !context.is_empty() {
        out.push_str("\n[context]\n# repository = 'github.com/OWNER/NAME'\n# ref = 'refs/heads/main'\n");
    }
    for (member, says) in context {
        out.push_str(&format!("{member} = {}\n", if let [one] = &says[..] { text(one) } else { list(says) }));
    }
    for script in scripts {
        out.push('\n');
        out.push_str(&script.to_toml());
    }
    out
}

/// Texts as TOML has them.
fn list(texts: &[String]) -> String {
    let texts: Vec<String> = texts.iter().map(|one| text(one)).collect();
    format!("[{}]", texts.join(", "))
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
