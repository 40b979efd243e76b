//! The lines that GitLab's runner itself writes among the items of a job.
//!
//! What lives here: whether a unit is, byte for byte, a line that a runner would have written.
//! Pure. What does not: what a policy does with such a unit (`policy`).
//!
//! Rules: a line is taken apart and written again as the runner writes it; unless the two are
//! equal, the line is the job's own. No form has room for a word that bash would run or expand,
//! but for the time of a section.
//!
//! Source of the forms: gitlab-runner, `shells/bash.go` and `shells/abstract.go`; with
//! FF_CONCRETE `functions/concrete/run/stages/internal/scriptwriter`; with
//! FF_SCRIPT_TO_STEP_MIGRATION `functions/script_legacy/internal`.

use super::quoted::unquoted;

/// What FF_ENABLE_BASH_EXIT_CODE_CHECK puts behind each item.
const EXIT_CODE_CHECK: &[u8] =
    b"_runner_exit_code=$?; if [ $_runner_exit_code -ne 0 ]; then exit $_runner_exit_code; fi";
/// How a notice of an item begins and ends, by the part of the runner that wrote it.
const NOTICES: [(&str, &str); 4] = [
    ("\x1b[32;1m$ ", "\x1b[0;m"),
    ("\x1b[32;1m$ ", "\x1b[0m"),
    ("\x1b[1;32m$ ", "\x1b[0m"),
    ("\x1b[1;32m$ ", "\x1b[0;m"),
];
/// How a runner asks for the time.
const TIMES: [&str; 2] = ["$(awk 'BEGIN{srand(); print srand()}')", "$(date +%s)"];
/// How it prints where a section begins or ends.
const PRINTS: [&str; 2] = ["printf '%b\\n' ", "printf '%s\\n' "];
/// What it prints behind the name of a section.
const CLEAR: &str = "\r\x1b[0K";
/// The same, in the text that `printf` itself decodes (FF_CONCRETE).
const CLEAR_WRITTEN: &str = "\\r\\033[0K";

/// Whether a unit is one of the runner's own lines.
#[must_use]
pub fn is_own(unit: &[u8]) -> bool {
    if unit == EXIT_CODE_CHECK {
        return true;
    }
    if let Some(word) = unit.strip_prefix(b"echo ") {
        return is_notice(word);
    }
    // All of these are text, but for what the notice has quoted.
    is_section(unit) || is_concrete_section(unit)
}

/// Whether this is one word, quoted as the runner does, that prints an item.
fn is_notice(word: &[u8]) -> bool {
    let Some(plain) = unquoted(word) else { return false };
    let is = |(begin, end): &(&str, &str)| {
        plain.len() >= begin.len() + end.len()
            && plain.starts_with(begin.as_bytes())
            && plain.ends_with(end.as_bytes())
    };
    NOTICES.iter().any(is) && (word == ansi_c(&plain) || word == double_quoted(&plain))
}

/// The line that begins a section, with its notice, or that ends one.
fn is_section(unit: &[u8]) -> bool {
    let after_print = PRINTS.iter().find_map(|print| unit.strip_prefix(print.as_bytes()));
    let Some(rest) = after_print else { return false };
    let (rest, begins) = match (rest.strip_prefix(b"section_start:"), rest.strip_prefix(b"section_end:")) {
        (Some(rest), _) => (rest, true),
        (_, Some(rest)) => (rest, false),
        _ => return false,
    };
    let named = TIMES.iter().find_map(|time| rest.strip_prefix(time.as_bytes()));
    let Some(rest) = named.and_then(|rest| rest.strip_prefix(b":section_")).and_then(after_name) else {
        return false;
    };
    let rest = if begins { after_options(rest) } else { Some(rest) };
    match rest.and_then(|rest| rest.strip_prefix(CLEAR.as_bytes())) {
        Some(rest) if begins => is_notice(rest),
        rest => rest.is_some_and(<[u8]>::is_empty),
    }
}

/// The same, as FF_CONCRETE writes it: the notice is a line of its own.
fn is_concrete_section(unit: &[u8]) -> bool {
    let of = |begin: &[u8], options: bool| {
        let rest = after_name(unit.strip_prefix(begin)?)?;
        let rest = if options { after_options(rest)? } else { rest };
        rest.strip_prefix(CLEAR_WRITTEN.as_bytes())?.strip_prefix(b"\" \"$(date +%s)\"")
    };
    let start = of(b"printf \"section_start:%s:", true);
    start.or_else(|| of(b"printf \"section_end:%s:", false)).is_some_and(<[u8]>::is_empty)
}

/// What follows the name of a section, which has only characters that mean nothing to bash.
fn after_name(text: &[u8]) -> Option<&[u8]> {
    let is = |byte: &u8| byte.is_ascii_alphanumeric() || *byte == b'_';
    let length = text.iter().take_while(|byte| is(byte)).count();
    (length > 0).then_some(&text[length..])
}

/// What follows `[collapsed=true]` and the like, if that is there.
fn after_options(text: &[u8]) -> Option<&[u8]> {
    let Some(rest) = text.strip_prefix(b"[") else { return Some(text) };
    let is = |byte: &u8| byte.is_ascii_lowercase() || b"_=,".contains(byte);
    let length = rest.iter().take_while(|byte| is(byte)).count();
    rest[length..].strip_prefix(b"]").filter(|_| length > 0)
}

/// A word as `helpers.ShellEscape` of the runner quotes it.
fn ansi_c(plain: &[u8]) -> Vec<u8> {
    let mut out = b"$'".to_vec();
    for byte in plain {
        let letter = match byte {
            7 => b'a',
            8 => b'b',
            b'\t' => b't',
            b'\n' => b'n',
            11 => b'v',
            12 => b'f',
            b'\r' => b'r',
            b'\'' | b'\\' => *byte,
            b' '..=b'~' => {
                out.push(*byte);
                continue;
            }
            other => {
                out.extend_from_slice(format!("\\x{other:02x}").as_bytes());
                continue;
            }
        };
        out.extend_from_slice(&[b'\\', letter]);
    }
    out.push(b'\'');
    out
}

/// A word as `helpers.PosixShellEscape` of the runner quotes it.
fn double_quoted(plain: &[u8]) -> Vec<u8> {
    let mut out = b"\"".to_vec();
    for byte in plain {
        if b"`\"\\$".contains(byte) {
            out.push(b'\\');
        }
        out.push(*byte);
    }
    out.push(b'"');
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    const AWK: &str = "$(awk 'BEGIN{srand(); print srand()}')";

    #[test]
    fn a_line_that_a_runner_writes_is_taken_for_the_jobs() {
        for own in [
            "_runner_exit_code=$?; if [ $_runner_exit_code -ne 0 ]; then exit $_runner_exit_code; fi",
            r"echo $'\x1b[32;1m$ cd src\x1b[0;m'",
            r"echo $'\x1b[32;1m$ echo \'a\\n\' \xc3\xa9 # collapsed multi-line command\x1b[0;m'",
            "echo \"\x1b[32;1m\\$ a \\\"b\\\" \\`c\\` \\\\ \\$d\x1b[0;m\"",
            // FF_CONCRETE, and FF_SCRIPT_TO_STEP_MIGRATION.
            "echo \"\x1b[32;1m\\$ if x\nthen y\nfi\x1b[0m\"",
            r"echo $'\x1b[1;32m$ make\x1b[0m'",
            "echo \"\x1b[1;32m\\$ make\x1b[0m\"",
            "printf \"section_start:%s:step_script_1[hide_duration=true,collapsed=true]\\r\\033[0K\" \"$(date +%s)\"",
            "printf \"section_end:%s:step_script_1\\r\\033[0K\" \"$(date +%s)\"",
        ] {
            assert!(is_own(own.as_bytes()), "{own}");
        }
        for time in [AWK, "$(date +%s)"] {
            for print in ["%b", "%s"] {
                for options in ["", "[collapsed=true]", "[hide_duration=true,collapsed=true]"] {
                    for word in [r"$'\x1b[32;1m$ a\nb\x1b[0;m'", "\"\x1b[32;1m\\$ a\nb\x1b[0;m\""] {
                        let start = format!(
                            "printf '{print}\\n' section_start:{time}:section_step_script_0{options}\r\x1b[0K{word}"
                        );
                        assert!(is_own(start.as_bytes()), "{start:?}");
                    }
                }
                let end = format!("printf '{print}\\n' section_end:{time}:section_step_script_0\r\x1b[0K");
                assert!(is_own(end.as_bytes()), "{end:?}");
            }
        }
    }

    #[test]
    fn a_text_hides_behind_the_runners_exit_code() {
        let check = String::from_utf8_lossy(EXIT_CODE_CHECK).into_owned();
        for hidden in [
            "_runner_exit_code=$?".to_owned(),
            "_runner_exit_code=$?; echo EVIL".to_owned(),
            "_runner_exit_code=$(evil)".to_owned(),
            format!("{check}; evil"),
            format!("{check}\nevil"),
            format!("{check} # evil"),
            format!(" {check}"),
            format!("evil\n{check}"),
            check.replace("exit $", "evil $"),
            check.replace("-ne 0", "-ne 1"),
        ] {
            assert!(!is_own(hidden.as_bytes()), "{hidden}");
        }
    }

    #[test]
    fn a_text_hides_in_or_behind_a_notice() {
        let word = r"$'\x1b[32;1m$ cd src\x1b[0;m'";
        let plain = "\x1b[32;1m\\$ cd src\x1b[0;m";
        for hidden in [
            format!("echo {word}; evil"),
            format!("echo {word} | evil"),
            format!("echo {word} && evil"),
            format!("echo {word}&"),
            format!("echo {word} > ~/.bashrc"),
            format!("echo {word} $(evil)"),
            format!("echo {word}$(evil)"),
            format!("echo {word}`evil`"),
            format!("echo {word}\"$(evil)\""),
            format!("echo {word} more"),
            format!("echo {word}more"),
            format!("echo {word}\nevil"),
            format!("echo {word}\n"),
            format!("echo {word} "),
            format!("echo {word} # evil"),
            format!("echo  {word}"),
            format!("echo -n {word}"),
            format!("echo x{word}"),
            format!(" echo {word}"),
            format!("command echo {word}"),
            format!("evil {word}"),
            format!("echo <(evil){word}"),
            // An expansion within the quotes, and another way to write the same word.
            format!("echo \"{plain}$(evil)\""),
            format!("echo \"{}\"", plain.replace("src", "$(evil)")),
            format!("echo \"{}\"", plain.replace("src", "`evil`")),
            format!("echo \"{}\"", plain.replace("src", "${x:=evil}")),
            format!("echo \"{}\"", plain.replace("\\$", "$")),
            format!("echo {plain}"),
            format!("echo '{}'", plain.replace("\\$", "$")),
            r"echo $'\e[32;1m$ cd src\e[0;m'".to_owned(),
            r"echo $'\033[32;1m$ cd src\033[0;m'".to_owned(),
            r"echo $'\x1b[32;1m$ cd'' src\x1b[0;m'".to_owned(),
            r"echo $'\x1B[32;1m$ cd src\x1B[0;m'".to_owned(),
            // What the runner does not print of an item.
            r"echo $'\x1b[32;1mgreen\x1b[0;m'".to_owned(),
            r"echo $'\x1b[32;1m$ '".to_owned(),
            r"echo $'cd src'".to_owned(),
            "echo hello".to_owned(),
            "echo".to_owned(),
            "echo ".to_owned(),
            String::new(),
        ] {
            assert!(!is_own(hidden.as_bytes()), "{hidden:?}");
        }
    }

    #[test]
    fn a_text_hides_in_or_behind_a_section() {
        let word = r"$'\x1b[32;1m$ a\nb\x1b[0;m'";
        let start = |time: &str, name: &str, word: &str| {
            format!("printf '%b\\n' section_start:{time}:section_{name}\r\x1b[0K{word}")
        };
        let end =
            |time: &str, name: &str| format!("printf '%b\\n' section_end:{time}:section_{name}\r\x1b[0K");
        let good = "$(date +%s)";
        let concrete = "printf \"section_end:%s:step_1\\r\\033[0K\" \"$(date +%s)\"";
        for hidden in [
            start("$(evil)", "x_0", word),
            start("$(date +%s; evil)", "x_0", word),
            start("$(date +%s >> f)", "x_0", word),
            start("$(awk 'BEGIN{system(\"evil\")}')", "x_0", word),
            start(&AWK.replace("print srand()", "print srand(); system(\"evil\")"), "x_0", word),
            start("`evil`", "x_0", word),
            start("1", "x_0", word),
            start(good, "$(evil)", word),
            start(good, "x_0;evil", word),
            start(good, "x_0 evil", word),
            start(good, "x_0\nevil", word),
            start(good, "", word),
            start(good, "x_0[$(evil)]", word),
            start(good, "x_0[]", word),
            start(good, "x_0[a=b", word),
            start(good, "x_0", ""),
            start(good, "x_0", &format!("{word}; evil")),
            start(good, "x_0", &format!("{word}\nevil")),
            start(good, "x_0", &format!("{word} $(evil)")),
            start(good, "x_0", "\"\x1b[32;1m\\$ $(evil)\x1b[0;m\""),
            start(good, "x_0", word).replace("'%b\\n'", "-v PATH '%b\\n'"),
            start(good, "x_0", word).replace("'%b\\n'", "'%b\\n' x"),
            start(good, "x_0", word).replace("printf", "evil"),
            start(good, "x_0", word).replace('\r', "\r\n"),
            end("$(evil)", "x_0"),
            end(good, "x_0; evil"),
            end(good, "x_0") + word,
            end(good, "x_0") + "; evil",
            end(good, "x_0") + "\nevil",
            end(good, "x_0[a=b]"),
            end(good, "x_0") + "&",
            concrete.replace("$(date +%s)", "$(evil)"),
            concrete.replace("step_1", "$(evil)"),
            concrete.replace("step_1", "a\\x24b"),
            concrete.to_owned() + "; evil",
            concrete.to_owned() + " evil",
            concrete.to_owned() + "\nevil",
            concrete.replace("printf", "printf -v PATH"),
            concrete.replace("_end", "_start").replace("step_1", "step_1[`evil`]"),
        ] {
            assert!(!is_own(hidden.as_bytes()), "{hidden:?}");
        }
    }
}
