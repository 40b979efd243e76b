//! `attesh init --install` and `--uninstall`: one line in the rc file of a shell.
//!
//! What lives here: which file that is, and how it is written. What does not: the line, where it goes and
//! how it comes out again (`rcline`), which files a shell reads (`login`), whether it comes to the line
//! (`reached`), the hook that the line evaluates (`init`).
//!
//! Rules: `--uninstall` leaves every byte as it was before `--install`. What differs is written into
//! the file itself, from the first byte that does: owner, group, mode, attributes and links stay. The line names attesh by its whole path: a login shell
//! may read its rc file before PATH has the folder. A shell that does not find attesh says so, for
//! one that is not recorded must not look like one that is.

use std::fs::{File, Metadata, Permissions};
use std::io::Write as _;
use std::os::unix::fs::{FileExt as _, MetadataExt as _, OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use memchr::memmem;
use nix::fcntl::OFlag;

use super::args::{Init, ShellName};
use super::given::Exit;
use super::rcline::{self, Form, Without, above};
use super::{login, reached};
use crate::failure::Failure;
use crate::files::{self, FileError, Overwrite, Published};
use crate::paths;
use crate::report;
use crate::text::{Command, visible};

/// The words of a line that starts the recording.
const START: &[u8] = b"attesh init ";
/// How many symbolic links may follow one another.
const LINKS_MAX: usize = 40;
/// The longest rc file that is edited, in bytes.
pub const RC_MAX: u64 = 16 << 20;

/// The rc file of a shell.
pub fn rc_file(shell: ShellName) -> Result<PathBuf, Failure> {
    let no_home = || Failure::unable("there is no home folder").next("set HOME");
    match shell {
        ShellName::Bash => Ok(paths::home().ok_or_else(no_home)?.join(".bashrc")),
        ShellName::Zsh => match login::zsh_folder() {
            Some(folder) => Ok(folder.join(".zshrc")),
            None => Ok(paths::home().ok_or_else(no_home)?.join(".zshrc")),
        },
        ShellName::Fish => paths::fish_config().ok_or_else(no_home),
    }
}

/// The path of this program, for a line that outlives this process.
pub fn program() -> Result<String, Failure> {
    let path = paths::called().or_else(paths::executable);
    let path = path.ok_or_else(|| Failure::unable("attesh cannot find its own executable file"))?;
    match path.to_str().filter(|path| !path.contains('\n')) {
        Some(path) => Ok(path.to_owned()),
        None => {
            let what = format!("{}: no line can hold the path of this program", path.display());
            Err(Failure::unable(what).next("move it to a folder whose name is plain UTF-8"))
        }
    }
}

/// Writes the line, or removes it.
pub fn edit(args: &Init) -> Exit {
    let rc = rc_file(args.shell)?;
    let form = rcline::of_recording(args.shell);
    let path = led_to(&rc)?;
    let before = match files::read_limited(&path, RC_MAX) {
        Ok(bytes) => Some(bytes),
        Err(FileError::Missing(_)) => None,
        Err(error) => return Err(error.into()),
    };
    if args.uninstall {
        return uninstall(args.shell, &form, &rc, &path, &before.unwrap_or_default());
    }
    let line = rcline::recording(args.shell, &program()?, &rc);
    let after = rcline::with_line(before.as_deref(), &form, &line);
    let text = before.as_deref().unwrap_or_default();
    match after {
        None => report::line(&format!("{} holds the line already", rc.display()))?,
        Some(after) => {
            if let Some(why) = reached::swallowed(args.shell, above(text, &form)) {
                return Err(Failure::unable(format!(
                    "{}: the line cannot stand behind its end: {why}",
                    rc.display()
                ))
                .next("mend the end of the file, an empty line more may do, and type it again"));
            }
            write(&path, before.as_deref(), &after)?;
            report::line(&format!(
                "added to {}:\n  {line}\nattesh records each new shell that comes to this line; to see that one is \
                 recorded, type in it: attesh doctor\nto remove the line type: {}",
                rc.display(),
                Command::new("attesh init").word(form.name).word("--uninstall")
            ))?;
        }
    }
    if let Some((number, code)) = reached::leaves(above(text, &form)) {
        report::say(&format!(
            "{}, line {number}, can end the file before the line of attesh, and a shell that ends it there is not \
             recorded: {code}. If it is to be, move the line of attesh above that one, out of any case or if",
            rc.display()
        ));
    }
    if let Some(unread) = login::unread(args.shell, &rc) {
        report::say(&unread);
    }
    if let Some(words) = hides(args.shell, text) {
        report::say(&format!("{}: {words}", rc.display()));
    }
    Ok(0)
}

/// What a setting in the rc file keeps out of the journal, where its user may not expect it.
fn hides(shell: ShellName, text: &[u8]) -> Option<&'static str> {
    match shell {
        ShellName::Bash if login::names(text, "ignoreboth") => Some(
            "HISTCONTROL=ignoreboth hides the texts of repeated commands, too; HISTCONTROL=ignoredups shows them",
        ),
        ShellName::Zsh
            if login::names(text, "zshaddhistory") && !login::names(text, "ATTESH_ZSHADDHISTORY") =>
        {
            Some(
                "a zshaddhistory function hides the texts of all commands; if yours hides no line, ATTESH_ZSHADDHISTORY=keeps shows them",
            )
        }
        _ => None,
    }
}

fn uninstall(shell: ShellName, form: &Form, rc: &Path, path: &Path, text: &[u8]) -> Exit {
    let Some(Without { text: after, goes }) = rcline::without_line(text, form, &rcline::all(shell)) else {
        report::line(&format!("{} does not hold the line", rc.display()))?;
        tell_left(rc, text);
        return Ok(0);
    };
    if goes {
        std::fs::remove_file(path).map_err(|error| FileError::Io(path.to_owned(), error))?;
        report::line(&format!("{} held nothing else and was removed", rc.display()))?;
        return Ok(0);
    }
    write(path, Some(text), &after)?;
    let left = tell_left(rc, &after);
    let so = if left { "" } else { ": attesh does not record new shells" };
    report::line(&format!("removed from {}{so}", rc.display()))?;
    Ok(0)
}

/// Writes the file. A new one belongs, with the folders that it needs, to the owner of the folder
/// around: root may do this in the home of another.
pub fn write(path: &Path, before: Option<&[u8]>, bytes: &[u8]) -> Result<(), Failure> {
    if let Some(before) = before {
        return amend(path, before, bytes).map_err(|error| match error {
            FileError::Owner(..) => Failure::from(error).next("have that user type the same"),
            other => other.into(),
        });
    }
    let io = |path: &Path, error| FileError::Io(path.to_owned(), error);
    let folder = path.parent().unwrap_or(Path::new("/"));
    let around = folder.ancestors().find(|folder| folder.is_dir()).unwrap_or(Path::new("/"));
    let owner = around.metadata().map_err(|error| io(around, error))?;
    std::fs::create_dir_all(folder).map_err(|error| io(folder, error))?;
    let root = nix::unistd::geteuid().is_root();
    for made in folder.ancestors().take_while(|made| root && *made != around) {
        std::os::unix::fs::chown(made, Some(owner.uid()), Some(owner.gid()))
            .map_err(|error| io(made, error))?;
    }
    let own = || (nix::unistd::geteuid().as_raw(), nix::unistd::getegid().as_raw());
    let (uid, gid) = if root { (owner.uid(), owner.gid()) } else { own() };
    let io = |error| FileError::Io(path.to_owned(), error);
    let mut published = Published::create(path, 0o644)?;
    let file = published.file();
    file.write_all(bytes).map_err(io)?;
    let made = file.metadata().map_err(io)?;
    if (made.uid(), made.gid()) != (uid, gid) {
        std::os::unix::fs::fchown(&*file, Some(uid), Some(gid)).map_err(io)?;
    }
    file.set_permissions(Permissions::from_mode(0o644)).map_err(io)?;
    Ok(published.publish(Overwrite::No)?)
}

/// Writes what differs into the file itself, from the first byte that does: the usual line at the
/// end is one write behind all that is there. If that fails the file is as it was.
fn amend(path: &Path, before: &[u8], after: &[u8]) -> Result<(), FileError> {
    let io = |error| FileError::Io(path.to_owned(), error);
    let meta = std::fs::metadata(path).map_err(io)?;
    let file = open_to_write(path, &meta)?;
    let same = before.iter().zip(after).take_while(|(one, other)| one == other).count();
    let write = |text: &[u8]| {
        file.write_all_at(&text[same..], same as u64).and_then(|()| file.set_len(text.len() as u64))
    };
    let written = write(after).and_then(|()| file.sync_all());
    if written.is_err() {
        let _ = write(before);
    }
    // Writing can have taken some of its mode away.
    let kept = file.set_permissions(meta.permissions());
    written.and(kept).map_err(io)
}

/// Opens a file to write into it, also one that its owner may only read.
fn open_to_write(path: &Path, meta: &Metadata) -> Result<File, FileError> {
    let open = || File::options().write(true).custom_flags(OFlag::O_NOFOLLOW.bits()).open(path);
    let owned = meta.uid() == nix::unistd::geteuid().as_raw();
    let opened = match open() {
        Err(error) if error.kind() == std::io::ErrorKind::PermissionDenied && owned => {
            let with = |mode| std::fs::set_permissions(path, Permissions::from_mode(mode));
            with(meta.mode() & 0o7777 | 0o200).and_then(|()| {
                let opened = open();
                with(meta.mode() & 0o7777).and(opened)
            })
        }
        other => other,
    };
    opened.map_err(|error| match error.kind() {
        std::io::ErrorKind::PermissionDenied if !owned => FileError::Owner(path.to_owned(), meta.uid()),
        _ => FileError::Io(path.to_owned(), error),
    })
}

/// The file that a path leads to. An rc file is often a link into a folder of dotfiles: attesh
/// edits the file there, or makes it if it is missing, and keeps the link.
pub fn led_to(path: &Path) -> Result<PathBuf, Failure> {
    let mut path = path.to_owned();
    for _ in 0..LINKS_MAX {
        match std::fs::canonicalize(&path) {
            Ok(whole) => return Ok(whole),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
            Err(error) => return Err(FileError::Io(path, error).into()),
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
