//! Which startup files a shell really reads.
//!
//! What lives here: the folder of zsh's files, as zsh itself says it, and whether a login shell of
//! bash comes to `.bashrc`. What does not: editing them (`rc`).
//!
//! Rules: of the user's own files only `.zshenv` runs, which is read by every zsh, whatever it is
//! started for. Files of bash are looked at, and none of them runs: a profile may do anything.

use std::os::unix::ffi::OsStringExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use memchr::memmem;

use super::args::ShellName;
use super::reached::{self, SHELL};
use crate::asked::ask;
use crate::files;
use crate::paths;
use crate::text::quoted;

/// The longest startup file that is looked at, in bytes.
const FILE_MAX: u64 = 1 << 20;
/// Stands before what zsh is asked: a `.zshenv` may print something, too.
const MARK: &[u8] = b"\0attesh\0";
/// Has a login shell of bash read its rc file. Other shells read `.profile`, too. An rc file may
/// read the profile in its turn, by whatever way: each shell comes here once.
const READ_RC: &str = r#"if [ -n "${BASH_VERSION-}" ] && shopt -q login_shell && [ "${attesh_rc-}" != $$ ] && [ -r ~/.bashrc ]; then attesh_rc=$$; . ~/.bashrc; fi"#;
/// What a login shell of bash reads: the first of these that is there.
const PROFILES: [&str; 3] = [".bash_profile", ".bash_login", ".profile"];

/// What zsh says of its startup files.
struct Zsh {
    folder: Option<PathBuf>,
    reads_rc: bool,
}

/// What zsh says; it is asked once.
fn zsh() -> Option<&'static Zsh> {
    static SAID: OnceLock<Option<Zsh>> = OnceLock::new();
    SAID.get_or_init(ask_zsh).as_ref()
}

fn ask_zsh() -> Option<Zsh> {
    let question = "printf '\\0attesh\\0%s\\0' \"${ZDOTDIR-}\"; [[ -o rcs ]] && printf on";
    let mut command = Command::new(paths::program("zsh")?);
    let said = ask(command.args(["-c", question]), b"", SHELL).ok()?.out;
    let at = memmem::rfind(&said, MARK)? + MARK.len();
    let mut parts = said[at..].split(|byte| *byte == 0);
    let folder = parts.next().filter(|folder| !folder.is_empty());
    let folder = folder.map(|folder| PathBuf::from(std::ffi::OsString::from_vec(folder.to_vec())));
    Some(Zsh { folder, reads_rc: parts.next()? == b"on" })
}

/// The folder of zsh's startup files, if that is not the home folder: `.zshenv` may set ZDOTDIR.
pub fn zsh_folder() -> Option<PathBuf> {
    let told = match zsh() {
        Some(zsh) => zsh.folder.clone(),
        None => paths::variable("ZDOTDIR").map(PathBuf::from),
    };
    told.filter(|folder| folder.is_absolute())
}

/// Why some shells will not read the rc file, and what to type so that they do; `None` if all do.
pub fn unread(shell: ShellName, rc: &Path) -> Option<String> {
    match shell {
        ShellName::Bash => login_bash(&paths::home()?),
        ShellName::Zsh if zsh().is_some_and(|zsh| !zsh.reads_rc) => {
            Some(format!("zsh does not read {}: the option rcs is off; look for it in .zshenv", rc.display()))
        }
        ShellName::Zsh if turns_rcs_off(&rc.with_file_name(".zprofile")) => Some(format!(
            "login shells of zsh do not read {}: .zprofile turns the option rcs off",
            rc.display()
        )),
        ShellName::Zsh | ShellName::Fish => None,
    }
}

/// Whether a line of a startup file of zsh turns the option `rcs` off, which zsh writes in many ways.
fn turns_rcs_off(path: &Path) -> bool {
    let text = String::from_utf8_lossy(&read(path).unwrap_or_default()).to_lowercase().replace('_', "");
    let off = |line: &str| {
        let words: Vec<&str> =
            line.split([' ', '\t', ';', '&', '|']).filter(|word| !word.is_empty()).collect();
        let has = |word: &str| words.contains(&word);
        !line.trim_start().starts_with('#')
            && (has("unsetopt") && has("rcs") || has("setopt") && has("norcs"))
    };
    text.lines().any(off)
}

fn login_bash(home: &Path) -> Option<String> {
    let system = ["/etc/profile".into()].into_iter().chain(scripts(Path::new("/etc/profile.d")));
    let home_rc =
        |text: &[u8]| ["~/.bashrc", "HOME/.bashrc", "HOME}/.bashrc"].iter().any(|rc| names(text, rc));
    if system.filter_map(|path| read(&path)).any(|text| home_rc(&text)) {
        return None;
    }
    // bash passes over one that it may not read.
    let first = PROFILES.iter().find(|name| read(&home.join(name)).is_some());
    if let Some(name) = first.filter(|name| comes_to_rc(home, name, PROFILES.len())) {
        return left_before_rc(&home.join(name));
    }
    let (why, file) = match first {
        Some(name) => (format!("they read {}, which does not", home.join(name).display()), *name),
        None => ("there is no .bash_profile, .bash_login or .profile".to_owned(), ".bash_profile"),
    };
    let told = format!("login shells (ssh, tmux, a console) do not read .bashrc: {why}");
    let text = read(&home.join(file)).unwrap_or_default();
    if let Some(why) = reached::swallowed(ShellName::Bash, &text) {
        let file = home.join(file);
        return Some(format!("{told}, and no line can stand behind its end ({}): {why}", file.display()));
    }
    let leaves = reached::leaves(&text).map_or_else(String::new, |(number, code)| {
        format!("; put the line before line {number} of it, which can end it: {code}")
    });
    let line = format!("printf '\\n%s\\n' '{READ_RC}' >> {}", quoted(home.join(file).as_os_str()));
    Some(format!("{told}. To have them read it type: {line}{leaves}"))
}

/// Says that a profile can end before it reads `.bashrc`.
fn left_before_rc(profile: &Path) -> Option<String> {
    let text = read(profile)?;
    let at = memmem::find(&text, b"bashrc")?;
    let above = &text[..memmem::rfind(&text[..at], b"\n").map_or(0, |end| end + 1)];
    let (number, code) = reached::leaves(above)?;
    Some(format!(
        "{}, line {number}, can end the file before it reads .bashrc, and a login shell that ends it there is not \
         recorded: {code}",
        profile.display()
    ))
}

/// Whether a profile leads to `.bashrc`, itself or by another profile.
fn comes_to_rc(home: &Path, name: &str, depth: usize) -> bool {
    let Some(text) = read(&home.join(name)) else { return false };
    let others = PROFILES.iter().filter(|other| **other != name && names(&text, other));
    names(&text, "bashrc") || depth > 0 && others.into_iter().any(|other| comes_to_rc(home, other, depth - 1))
}

/// Whether a line of a startup file, and no comment, has this name in it.
pub fn names(text: &[u8], name: &str) -> bool {
    let code = |line: &[u8]| !line.trim_ascii_start().starts_with(b"#");
    text.split(|byte| *byte == b'\n').any(|line| code(line) && memmem::find(line, name.as_bytes()).is_some())
}

fn scripts(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    entries.map(|entry| entry.path()).filter(|path| path.extension().is_some_and(|end| end == "sh")).collect()
}

fn read(path: &Path) -> Option<Vec<u8>> {
    files::read_limited(path, FILE_MAX).ok()
}
