//! `attesh init`: the hook's text, and the one line in an rc file.

use std::path::{Path, PathBuf};

use memchr::memmem;

use super::args::{Init, ShellName};
use super::given::Exit;
use crate::crypto;
use crate::encoding::hex;
use crate::failure::Failure;
use crate::files::{self, Overwrite};
use crate::paths;
use crate::record::Program;
use crate::report;
use crate::run::block::HOOKS;
use crate::run::rest::OWN;
use crate::text::{Command, fish_quoted, posix_quoted, visible};

const BASH: &str = concat!(include_str!("../../shell/rare.bash"), include_str!("../../shell/hook.bash"));
const ZSH: &str = include_str!("../../shell/hook.zsh");
const FISH: &str = include_str!("../../shell/hook.fish");

/// The end of the line in an rc file, by which attesh knows the line.
const LINE_MARK: &str = "# attesh";
/// What follows the line if a newline had to be added before it.
const NO_NEWLINE: &str = " (no newline before)";
/// What follows the line if attesh made the file.
const NEW_FILE: &str = " (new file)";
/// The words of a line that starts the recording.
const START: &[u8] = b"attesh init ";
/// How many symbolic links may follow one another.
const LINKS_MAX: usize = 40;
/// The longest rc file that is edited, in bytes.
const RC_MAX: u64 = 16 << 20;

pub fn run(args: &Init) -> Exit {
    if args.install || args.uninstall {
        return edit_rc(args);
    }
    if args.ci && !matches!(args.shell, ShellName::Bash) {
        return Err(Failure::usage("--ci: jobs of a CI run in bash or sh")
            .next("type: eval \"$(attesh init bash --ci)\""));
    }
    let executable =
        paths::executable().ok_or_else(|| Failure::unable("attesh cannot find its own executable file"))?;
    let executable = executable.to_str().ok_or_else(|| {
        Failure::unable(format!("{}: the path of this program is not UTF-8", executable.display()))
    })?;
    if let Some(name) = &args.session
        && name.contains('\n')
    {
        return Err(Failure::usage("--session: a session is named on one line"));
    }
    let text = match args.ci {
        true => block(executable),
        false => snippet(args.shell, executable, args.session.as_deref().unwrap_or("")),
    };
    report::out(text.as_bytes())?;
    Ok(0)
}

/// The digest that names a hook's text: 16 hexadecimal digits.
pub fn hook_digest(text: &str) -> String {
    hex(&crypto::sha256(&[text.as_bytes()])[..8])
}

/// The hook's text as stored.
pub fn template(program: Program) -> &'static str {
    match program {
        Program::Bash => BASH,
        Program::Zsh => ZSH,
        Program::Fish => FISH,
        Program::Sh => HOOKS[1],
    }
}

/// The hook with its placeholders filled, in a guard that other shells skip.
fn snippet(shell: ShellName, executable: &str, session: &str) -> String {
    let (program, quote): (Program, fn(&str) -> String) = match shell {
        ShellName::Bash => (Program::Bash, posix_quoted),
        ShellName::Zsh => (Program::Zsh, posix_quoted),
        ShellName::Fish => (Program::Fish, fish_quoted),
    };
    let template = template(program);
    let fields = [
        ("@ATTESH_BIN@", executable),
        ("@ATTESH_VERSION@", env!("CARGO_PKG_VERSION")),
        ("@ATTESH_HOOK@", &hook_digest(template)),
        ("@ATTESH_NAME@", session),
    ];
    let mut text = template.to_owned();
    for (field, value) in fields {
        text = text.replace(&format!("'{field}'"), &quote(value));
    }
    // A shell that is not the right one must not even parse the hook.
    match shell {
        ShellName::Bash => {
            format!("case ${{BASH_VERSION-}} in ?*) eval {};; esac\n", posix_quoted(&text))
        }
        // `emulate -c` keeps the user's aliases and options from the definitions, and from
        // each function whenever it runs.
        ShellName::Zsh => format!(
            "case ${{ZSH_VERSION-}} in ?*) \\builtin emulate zsh -o no_aliases -o no_xtrace -c {};; esac\n",
            posix_quoted(&text)
        ),
        ShellName::Fish => text,
    }
}

/// The hook of a block. Another shell, or a bash that is too old, must not parse bash's hook.
fn block(executable: &str) -> String {
    let [bash, other] = HOOKS.map(|text| {
        // In the text of a trap the quotes are within quotes.
        let inner = posix_quoted(executable).replace('\'', r"'\''");
        let text = text.replace(r"'\''@ATTESH_BIN@'\''", &inner);
        posix_quoted(&text.replace("'@ATTESH_BIN@'", &posix_quoted(executable)))
    });
    format!(
        "{OWN}${{LINENO-1}} __attesh_done=; case ${{BASH_VERSION-}} in 4.[4-9]*|[5-9].*|[1-9][0-9]*) eval {bash};; esac\n\
         case $__attesh_done in ?*) ;; *) eval {other};; esac\n"
    )
}

struct Rc {
    path: PathBuf,
    line: &'static str,
}

fn rc(shell: ShellName) -> Result<Rc, Failure> {
    let home = || paths::home().ok_or_else(|| Failure::unable("there is no home folder").next("set HOME"));
    Ok(match shell {
        ShellName::Bash => Rc {
            path: home()?.join(".bashrc"),
            line: "command -v attesh >/dev/null 2>&1 && case $- in *i*) eval \"$(attesh init bash)\";; esac # attesh",
        },
        ShellName::Zsh => Rc {
            path: paths::variable("ZDOTDIR").map_or_else(home, |dir| Ok(PathBuf::from(dir)))?.join(".zshrc"),
            line: "command -v attesh >/dev/null 2>&1 && [[ -o interactive ]] && eval \"$(attesh init zsh)\" # attesh",
        },
        ShellName::Fish => Rc {
            path: paths::fish_config()
                .ok_or_else(|| Failure::unable("there is no home folder").next("set HOME"))?,
            line: "command -q attesh; and status is-interactive; and attesh init fish | source # attesh",
        },
    })
}

fn edit_rc(args: &Init) -> Exit {
    let rc = rc(args.shell)?;
    let path = led_to(&rc.path)?;
    let before = match files::read_limited(&path, RC_MAX) {
        Ok(bytes) => Some(bytes),
        Err(files::FileError::Missing(_)) => None,
        Err(error) => return Err(error.into()),
    };
    let text = before.clone().unwrap_or_default();
    let after = match (args.install, &before) {
        (true, None) => Some(format!("{}{NEW_FILE}\n", rc.line).into_bytes()),
        (true, Some(text)) => with_line(text, rc.line),
        (false, _) => without_line(&text, rc.line),
    };
    let Some(after) = after else {
        let state = if args.install { "holds the line already" } else { "does not hold the line" };
        report::line(&format!("{} {state}", rc.path.display()))?;
        if args.uninstall {
            tell_left(&rc.path, &text);
        }
        return Ok(0);
    };
    let made = text.strip_suffix(b"\n").unwrap_or(&text).ends_with(NEW_FILE.as_bytes());
    if after.is_empty() && args.uninstall && made {
        std::fs::remove_file(&path).map_err(|error| files::FileError::Io(path.clone(), error))?;
        report::line(&format!("{} held nothing else and was removed", rc.path.display()))?;
        return Ok(0);
    }
    let mode =
        std::fs::metadata(&path).map_or(0o644, |meta| std::os::unix::fs::MetadataExt::mode(&meta) & 0o7777);
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder).map_err(|error| files::FileError::Io(folder.to_owned(), error))?;
    }
    files::publish(&path, &after, mode, Overwrite::Yes)?;
    if args.install {
        report::line(&format!(
            "added to {}:\n  {}\nattesh records new shells; to remove the line type: {}",
            rc.path.display(),
            rc.line,
            Command::new("attesh init").word(name(args.shell)).word("--uninstall")
        ))?;
    } else {
        let left = tell_left(&rc.path, &after);
        let so = if left { "" } else { ": attesh does not record new shells" };
        report::line(&format!("removed from {}{so}", rc.path.display()))?;
    }
    Ok(0)
}

/// The file that a path leads to. An rc file is often a link into a folder of dotfiles: attesh
/// edits the file there, or makes it if it is missing, and keeps the link.
fn led_to(path: &Path) -> Result<PathBuf, Failure> {
    let mut path = path.to_owned();
    for _ in 0..LINKS_MAX {
        match std::fs::canonicalize(&path) {
            Ok(whole) => return Ok(whole),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
            Err(error) => return Err(files::FileError::Io(path, error).into()),
        }
        let Ok(target) = std::fs::read_link(&path) else { return Ok(path) };
        path = path.parent().unwrap_or(Path::new("/")).join(target);
    }
    Err(Failure::unable(format!("{}: too many symbolic links", path.display())))
}

/// Names the other lines of an rc file that start the recording; returns whether any does.
fn tell_left(path: &Path, text: &[u8]) -> bool {
    let mut left = false;
    for (at, line) in text.split(|byte| *byte == b'\n').enumerate() {
        let line = line.trim_ascii();
        let starts = memmem::find(line, START).is_some();
        if starts && !line.starts_with(b"#") {
            left = true;
            report::say(&format!(
                "{}, line {}, is not one that --install writes, so it stays: {}",
                path.display(),
                at + 1,
                visible(line)
            ));
        }
    }
    left
}

fn name(shell: ShellName) -> &'static str {
    match shell {
        ShellName::Bash => "bash",
        ShellName::Zsh => "zsh",
        ShellName::Fish => "fish",
    }
}

/// The text with the line at its end; `None` if it has the line already. A newline that has to be
/// added before it is marked, so that removing the line leaves every byte as it was.
fn with_line(text: &[u8], line: &str) -> Option<Vec<u8>> {
    if find_line(text, line).is_some() {
        return None;
    }
    let mut out = text.to_vec();
    if !out.is_empty() && out.last() != Some(&b'\n') {
        out.push(b'\n');
        out.extend_from_slice(line.as_bytes());
        out.extend_from_slice(NO_NEWLINE.as_bytes());
        out.push(b'\n');
    } else {
        out.extend_from_slice(line.as_bytes());
        out.push(b'\n');
    }
    Some(out)
}

fn find_line(text: &[u8], line: &str) -> Option<std::ops::Range<usize>> {
    debug_assert!(line.ends_with(LINE_MARK));
    let mut start = 0;
    for piece in text.split_inclusive(|byte| *byte == b'\n') {
        let end = start + piece.len();
        if piece
            .strip_prefix(line.as_bytes())
            .map(|rest| rest.strip_suffix(b"\n").unwrap_or(rest))
            .is_some_and(|rest| [b"", NO_NEWLINE.as_bytes(), NEW_FILE.as_bytes()].contains(&rest))
        {
            let joined = piece.trim_ascii_end().ends_with(NO_NEWLINE.as_bytes()) && start > 0;
            return Some(start - usize::from(joined)..end);
        }
        start = end;
    }
    None
}

/// The text without the line, however often it has it; `None` if it does not have it.
fn without_line(text: &[u8], line: &str) -> Option<Vec<u8>> {
    let mut without = without_one(text, line)?;
    while let Some(less) = without_one(&without, line) {
        without = less;
    }
    Some(without)
}

fn without_one(text: &[u8], line: &str) -> Option<Vec<u8>> {
    let range = find_line(text, line)?;
    // Lines added behind this one since then need the newline that was added before it.
    let range =
        if range.end < text.len() && text[range.start] == b'\n' { range.start + 1..range.end } else { range };
    Some([&text[..range.start], &text[range.end..]].concat())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_rc_file_is_byte_for_byte_as_before_after_install_and_uninstall() {
        let line = "x # attesh";
        for text in ["", "a\n", "a", "a\n\n", "a\r\n", "\n", "a\nx # attesh something else\n"] {
            let with = with_line(text.as_bytes(), line).unwrap();
            assert!(with_line(&with, line).is_none(), "added twice to {text:?}");
            assert_eq!(without_line(&with, line).unwrap(), text.as_bytes());
            assert!(without_line(text.as_bytes(), line).is_none());
            let twice = [with.as_slice(), line.as_bytes(), b"\n"].concat();
            assert!(find_line(&without_line(&twice, line).unwrap(), line).is_none(), "{text:?}");
            let mut grown = with.clone();
            grown.extend_from_slice(b"later\n");
            let kept = without_line(&grown, line).unwrap();
            assert!(
                kept.ends_with(b"later\n") && !kept.windows(6).any(|six| six == b"attesh")
                    || text.contains("attesh")
            );
        }
    }
}
