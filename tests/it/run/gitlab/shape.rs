//! What GitLab's runner makes of a job's list of commands.

/// The form that a runner gives the text: by its version and its feature flags.
#[derive(Clone, Copy, Debug, Default)]
pub struct Shape {
    /// 0: since 19.1; 1: before; 2: before, with FF_USE_NEW_BASH_EVAL_STRATEGY.
    pub form: u8,
    /// FF_POSIXLY_CORRECT_ESCAPES
    pub posix: bool,
    /// FF_ENABLE_BASH_EXIT_CODE_CHECK
    pub check: bool,
    /// FF_SCRIPT_SECTIONS
    pub sections: bool,
}

impl Shape {
    /// Every form, with each flag.
    pub fn all() -> Vec<Shape> {
        let mut shapes = Vec::new();
        for form in 0..3 {
            for more in 0..4 {
                shapes.push(Shape { form, posix: more == 1, check: more == 2, sections: more == 3 });
            }
        }
        shapes
    }

    /// A word as the runner quotes it.
    pub fn quoted(self, text: &str) -> String {
        if self.posix {
            let escaped: String = text
                .chars()
                .map(|c| if "`\"$\\".contains(c) { format!("\\{c}") } else { c.into() })
                .collect();
            return format!("\"{escaped}\"");
        }
        let escaped: String = text
            .bytes()
            .map(|byte| match byte {
                b'\\' | b'\'' => format!("\\{}", char::from(byte)),
                b'\n' => "\\n".to_owned(),
                b'\t' => "\\t".to_owned(),
                b'\r' => "\\r".to_owned(),
                b' '..=b'~' => char::from(byte).to_string(),
                byte => format!("\\x{byte:02x}"),
            })
            .collect();
        format!("$'{escaped}'")
    }

    /// The script that the runner feeds to a shell; `before` stands before the job's items.
    pub fn script(self, items: &[&str], before: &str) -> String {
        let mut body = before.to_owned();
        for (at, item) in items.iter().enumerate() {
            let item = item.trim();
            let first = item.lines().next().unwrap_or_default();
            let more = if item.contains('\n') { " # collapsed multi-line command" } else { "" };
            let green = |text: &str| self.quoted(&format!("\x1b[32;1m$ {text}\x1b[0;m"));
            if self.sections && !more.is_empty() {
                let (name, text) = (format!("section_script_step_{at}"), green(item));
                body.push_str(&format!(
                    "printf '%b\\n' section_start:$(date +%s):{name}[collapsed=true]\r\x1b[0K{text}\n{item}\n\
                     printf '%b\\n' section_end:$(date +%s):{name}\r\x1b[0K\n"
                ));
            } else {
                body.push_str(&format!("echo {}\n{item}\n", green(&format!("{first}{more}"))));
            }
            if self.check {
                body.push_str(
                    "_runner_exit_code=$?; if [ $_runner_exit_code -ne 0 ]; then exit $_runner_exit_code; fi\n",
                );
            }
        }
        let text = self.quoted(&body);
        let call = match self.form {
            0 => format!("(trap 'exit 1' TERM; eval {text}) < /dev/null"),
            1 => format!(": | eval {text}"),
            _ => format!(": | (eval {text})"),
        };
        format!(
            "#!/usr/bin/env bash\n\ntrap 'exit 1' TERM\n\nif set -o | grep pipefail > /dev/null; then \
             set -o pipefail; fi; set -o errexit\nset +o noclobber\n{call}\nexit 0\n"
        )
    }
}
