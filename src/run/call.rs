//! How `attesh sh` calls bash: the words, and the file that bash reads first.
//!
//! What lives here: bash's options as they are typed, and how its hook (`shell/trap.bash`) gets
//! into it. What does not: what bash says then (`script`).
//!
//! Rules: bash gets the words that were typed. attesh holds back only the options that would
//! show the hook itself, and the hook sets them.

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::channel::Channel;
use crate::failure::Failure;
use crate::files;
use crate::paths;
use crate::session::Session;
use crate::sys;
use crate::text::{Fault, posix_quoted};

/// What bash reads first.
pub const TRAP: &str = include_str!("../../shell/trap.bash");

/// The oldest bash that is asked for units.
const VERSION_MIN: (u32, u32) = (4, 4);

/// The bash that runs scripts, and that says where their units end.
///
/// # Errors
/// The PATH has no bash.
pub fn bash() -> Result<PathBuf, Failure> {
    paths::program("bash")
        .ok_or_else(|| Failure::unable("the PATH has no bash").next("install bash 4.4 or newer"))
}

/// bash takes these with one dash, too.
const LONG: &[&str] = &[
    "debug",
    "debugger",
    "dump-po-strings",
    "dump-strings",
    "help",
    "init-file",
    "login",
    "noediting",
    "noprofile",
    "norc",
    "posix",
    "pretty-print",
    "protected",
    "rcfile",
    "restricted",
    "verbose",
    "version",
    "wordexp",
];

fn ended_by_nul(words: &[OsString]) -> Vec<u8> {
    words.iter().flat_map(|word| [word.as_bytes(), b"\0"].concat()).collect()
}

/// Where bash takes its script from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Input {
    /// A file.
    File(PathBuf),
    /// The text behind `-c`.
    Text(OsString),
    /// Standard input.
    Standard,
}

/// The words behind `attesh sh`: bash's options, the script, its arguments.
pub struct BashCall {
    options: Vec<OsString>,
    /// The script.
    pub input: Input,
    arguments: Vec<OsString>,
    /// The options without those that show what bash reads: -x, -v.
    quiet: Vec<OsString>,
    traced: bool,
    verbose: bool,
    /// bash reads BASH_ENV.
    hooked: bool,
}

impl BashCall {
    /// Reads them.
    ///
    /// # Errors
    /// They name no file, or have an option with which bash reads none.
    pub fn parse(words: &[OsString]) -> Result<Self, Failure> {
        let mut call = BashCall {
            options: Vec::new(),
            input: Input::Standard,
            arguments: Vec::new(),
            quiet: Vec::new(),
            traced: false,
            verbose: false,
            hooked: true,
        };
        let mut words = words.iter();
        let mut first = None;
        while let Some(word) = words.next() {
            let text = word.as_bytes();
            if text == b"--" || text == b"-" {
                call.keep(&[word]);
                first = words.next();
                break;
            }
            if !text.starts_with(b"-") && !text.starts_with(b"+") || text.len() < 2 {
                first = Some(word);
                break;
            }
            let long = text.strip_prefix(b"--").or(text.strip_prefix(b"-")).unwrap_or(text);
            if text.starts_with(b"--") || LONG.iter().any(|name| name.as_bytes() == long) {
                call.long(word, long, &mut words)?;
            } else {
                call.letters(word, &mut words)?;
            }
        }
        let named = |letter: u8| {
            let short = |word: &&OsString| {
                !word.as_bytes().starts_with(b"--")
                    && !LONG.iter().any(|name| word.as_bytes().strip_prefix(b"-") == Some(name.as_bytes()))
            };
            let mut words = call.options.iter().filter(short);
            words.any(|word| word.as_bytes().starts_with(b"-") && word.as_bytes().contains(&letter))
        };
        if named(b'c') {
            let what = "-c: no text is named";
            let text = first.ok_or_else(|| Failure::usage(what).next("type: attesh sh -c TEXT"))?;
            call.input = Input::Text(text.clone());
        } else if named(b's') || first.is_none() {
            call.arguments.extend(first.cloned());
        } else if let Some(file) = first {
            if file.is_empty() {
                return Err(Failure::usage("the script's name is empty")
                    .next("type: attesh sh FILE, bash's options before it"));
            }
            call.input = Input::File(file.into());
        }
        call.arguments.extend(words.cloned());
        Ok(call)
    }

    /// What its script is called: the file as it was named, or the option that bash has for it.
    #[must_use]
    pub fn name(&self) -> Vec<u8> {
        match &self.input {
            Input::File(path) => path.as_os_str().as_bytes().to_vec(),
            Input::Text(_) => b"-c".to_vec(),
            Input::Standard => b"-s".to_vec(),
        }
    }

    /// Whether bash reads with these options what BASH_ENV names.
    #[must_use]
    pub fn is_hooked(&self) -> bool {
        self.hooked
    }

    /// bash's options as they were typed, a NUL behind each word.
    #[must_use]
    pub fn options(&self) -> Vec<u8> {
        ended_by_nul(&self.options)
    }

    /// The script's arguments, a NUL behind each.
    #[must_use]
    pub fn arguments(&self) -> Vec<u8> {
        ended_by_nul(&self.arguments)
    }

    fn keep(&mut self, words: &[&OsString]) {
        self.options.extend(words.iter().copied().cloned());
        self.quiet.extend(words.iter().copied().cloned());
    }

    fn long<'a>(
        &mut self,
        word: &OsString,
        name: &[u8],
        words: &mut impl Iterator<Item = &'a OsString>,
    ) -> Result<(), Failure> {
        self.hooked &= ![&b"posix"[..], b"restricted"].contains(&name);
        match name {
            b"verbose" => {
                self.options.push(word.clone());
                self.verbose = true;
            }
            b"rcfile" | b"init-file" => {
                let what = format!("{}: no file is named", word.display());
                self.keep(&[word, words.next().ok_or_else(|| Failure::usage(what))?]);
            }
            _ => self.keep(&[word]),
        }
        Ok(())
    }

    /// A word of single letters: -ex, -eo pipefail, +O extglob.
    fn letters<'a>(
        &mut self,
        word: &OsString,
        words: &mut impl Iterator<Item = &'a OsString>,
    ) -> Result<(), Failure> {
        let text = word.as_bytes();
        let on = text[0] == b'-';
        let (mut left, mut names, mut shown) = (vec![text[0]], Vec::new(), Vec::new());
        for letter in &text[1..] {
            match letter {
                b'o' | b'O' => {
                    let name = words
                        .next()
                        .ok_or_else(|| Failure::usage("-o is the last word, and names no option of bash"))?;
                    shown.push(name);
                    self.hooked &=
                        !on || !["posix", "privileged"].map(OsStr::new).contains(&name.as_os_str());
                    match name.as_bytes() {
                        b"xtrace" if *letter == b'o' => self.traced = on,
                        b"verbose" if *letter == b'o' => self.verbose = on,
                        _ => {
                            left.push(*letter);
                            names.push(name);
                        }
                    }
                    continue;
                }
                b'x' => self.traced = on,
                b'v' => self.verbose = on,
                b'p' | b'r' | b'i' => {
                    self.hooked &= !on;
                    left.push(*letter);
                }
                _ => left.push(*letter),
            }
        }
        self.options.push(word.clone());
        self.options.extend(shown.into_iter().cloned());
        if left.len() > 1 {
            self.quiet.push(OsString::from_vec(left));
            self.quiet.extend(names.into_iter().cloned());
        }
        Ok(())
    }

    /// bash with the words as they are.
    #[must_use]
    pub fn command(&self, bash: &Path) -> Command {
        self.with(bash, &self.options)
    }

    fn with(&self, bash: &Path, options: &[OsString]) -> Command {
        let mut command = Command::new(bash);
        // Its name is `$0` where the script is no file.
        command.arg0("bash").args(options);
        match &self.input {
            Input::File(path) => command.arg(path),
            Input::Text(text) => command.arg(text),
            Input::Standard => &mut command,
        };
        command.args(&self.arguments).env("_", bash);
        sys::keep_signals(&mut command);
        sys::keep_closed(&mut command);
        command
    }

    /// bash with its hook, which it finds through BASH_ENV, and the channel on which it reports.
    ///
    /// # Errors
    /// bash cannot report, and why.
    pub fn heard(&self, bash: &Path, session: &Session) -> Result<(Command, Channel, HookFile), String> {
        let inherited = paths::variable("SHELLOPTS").unwrap_or_default().to_string_lossy().into_owned();
        let modes = ["posix", "privileged"];
        let posix = paths::variable("POSIXLY_CORRECT").is_some()
            || inherited.split(':').any(|word| modes.contains(&word));
        if !self.hooked {
            return Err("bash reads no hook with these options".to_owned());
        }
        if posix {
            return Err("bash reads no hook in posix or privileged mode".to_owned());
        }
        let mut command = self.with(bash, &self.quiet);
        let (mut traced, mut verbose) = (self.traced, self.verbose);
        if !inherited.is_empty() {
            traced |= inherited.split(':').any(|word| word == "xtrace");
            verbose |= inherited.split(':').any(|word| word == "verbose");
            let rest = inherited.split(':').filter(|word| !["xtrace", "verbose"].contains(word));
            command.env("SHELLOPTS", rest.collect::<Vec<_>>().join(":"));
        }
        let set = match (traced, verbose) {
            (false, false) => "",
            (true, false) => "-x",
            (false, true) => "-v",
            (true, true) => "-xv",
        };
        let (channel, theirs) = Channel::new().map_err(|error| {
            format!("attesh could not open its channel to bash: {}", files::words(&error))
        })?;
        let own_env = paths::variable("BASH_ENV").unwrap_or_default().into_string();
        let own_env = own_env.map_err(|_| "BASH_ENV is not UTF-8".to_owned())?;
        let folder = session.state_folder().map_err(|error| error.told())?;
        let name = format!("trap-{}", std::process::id());
        let path = folder.path().join(&name);
        let place = path.to_str().ok_or("the folder of the session's state is not UTF-8")?;
        let text = TRAP
            .replace("'@ATTESH_ENV@'", &posix_quoted(&own_env))
            .replace("'@ATTESH_FILE@'", &posix_quoted(place))
            .replace("@ATTESH_PID@", &std::process::id().to_string())
            .replace("@ATTESH_FD@", &theirs.to_string())
            .replace("@ATTESH_SET@", set);
        // A killed process that had this process id may have left its file.
        let _ = folder.remove(&name);
        folder.publish_new(&name, text.as_bytes()).map_err(|error| error.told())?;
        command.env("BASH_ENV", path);
        Ok((command, channel, HookFile { folder, name }))
    }
}

/// The file that bash reads first, in memory if possible.
pub struct HookFile {
    folder: files::Folder,
    name: String,
}

impl HookFile {
    /// The hook emptied the file: it had no other way to say that it cannot report.
    #[must_use]
    pub fn is_gone(&self) -> bool {
        self.folder.read(&self.name, TRAP.len() as u64 * 4).is_ok_and(|text| text.is_empty())
    }
}

impl Drop for HookFile {
    fn drop(&mut self) {
        let _ = self.folder.remove(&self.name);
    }
}

/// bash's version from its first message, and why attesh does not ask it for units, if it does not.
#[must_use]
pub fn unheard(message: &str) -> (&str, Option<String>) {
    let (version, traps) = message.split_once(' ').unwrap_or((message, ""));
    let mut numbers = version.split('.').map(|part| part.parse().unwrap_or(0));
    let found: (u32, u32) = (numbers.next().unwrap_or(0), numbers.next().unwrap_or(0));
    let why = if found < VERSION_MIN {
        Some(format!("bash {version} is older than {}.{}", VERSION_MIN.0, VERSION_MIN.1))
    } else if !traps.is_empty() {
        Some("the file that BASH_ENV names sets a DEBUG, ERR or EXIT trap".to_owned())
    } else {
        None
    };
    (version, why)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn call(line: &str) -> BashCall {
        let words: Vec<OsString> = line.split(' ').map(OsString::from).collect();
        BashCall::parse(&words).unwrap_or_else(|_| panic!("{line}"))
    }

    #[test]
    fn options_that_show_the_hook_are_held_back_and_no_others() {
        for (line, quiet, set) in [
            ("-ex s a -x", "-e", (true, false)),
            ("-xv s", "", (true, true)),
            ("-eo xtrace -o pipefail s", "-e -o pipefail", (true, false)),
            ("-oxe pipefail s", "-oe pipefail", (true, false)),
            ("-x +x -u s", "-u", (false, false)),
            ("-O extglob +o verbose s", "-O extglob", (false, false)),
            ("--verbose --norc -- s", "--norc --", (false, true)),
            ("-norc --rcfile x s", "-norc --rcfile x", (false, false)),
        ] {
            let call = call(line);
            let kept: Vec<&str> = call.quiet.iter().map(|word| word.to_str().unwrap()).collect();
            assert_eq!((kept.join(" ").as_str(), (call.traced, call.verbose)), (quiet, set), "{line}");
            assert!(call.hooked && call.input == Input::File("s".into()), "{line}");
            let all: Vec<&str> = call.options.iter().map(|word| word.to_str().unwrap()).collect();
            assert!(line.starts_with(&format!("{} s", all.join(" "))), "{line}: {all:?}");
        }
        for line in ["--posix s", "-posix s", "-ep s", "-o posix s", "-r s"] {
            assert!(!call(line).hooked, "{line}");
        }
    }

    #[test]
    fn an_old_bash_is_asked_for_no_units() {
        for old in ["4.3.48(1)-release", "4.2", "3.2.57(1)-release", "0", ""] {
            let (version, why) = unheard(old);
            assert!(version == old && why.is_some_and(|why| why.contains("older than 4.4")), "{old}");
        }
        for new in ["4.4.0(1)-release", "4.10", "5.2.15(1)-release", "6.0.1-beta"] {
            assert_eq!(unheard(new), (new, None));
        }
        let (version, why) = unheard("5.2.15(1)-release trap");
        assert!(version == "5.2.15(1)-release" && why.unwrap().contains("BASH_ENV"));
    }
}
