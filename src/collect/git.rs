//! Asks the `git` program what a repository says of itself.
//!
//! Rules: nothing of the repository runs. git is told to run no monitor, no hook, no filter, no
//! transport and no helper; the user's own settings of git hold. It writes nothing.

use std::collections::HashSet;
use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::{OsStrExt as _, OsStringExt as _};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use crate::asked::{Answer, Limits, ask, both};
use crate::clock::Deadline;
use crate::fact::git::{Index, NAMES_MAX, Repository, Setting, object, read_config, read_index, read_status};
use crate::fact::{GIT, Seen};
use crate::files;
use crate::paths;
use crate::text::visible;

/// How much git may print.
const BYTES: usize = 256 << 20;
/// The variables by which a user leads git to a repository.
const LEADS: [&str; 4] = ["GIT_DIR", "GIT_WORK_TREE", "GIT_COMMON_DIR", "GIT_CEILING_DIRECTORIES"];
/// How deep submodules lie in one another that are looked at.
const DEPTH_MAX: usize = 8;

/// What the repository around a folder says of itself, as a fact.
pub(super) fn look(folder: &Path, limit: Duration) -> Seen {
    match Git::new(folder, limit).and_then(|git| git.repository(DEPTH_MAX)) {
        Ok(repository) => repository.seen(),
        Err(why) => Seen::failed(GIT, &why),
    }
}

/// The paths below a folder that git ignores and does not have: a folder where it ignores the whole.
pub(super) fn ignored(folder: &Path, limit: Duration) -> Result<Vec<PathBuf>, String> {
    let question = ["ls-files", "-z", "--others", "--ignored", "--exclude-standard", "--directory"];
    let git = Git::new(folder, limit)?;
    let listed = |said: Vec<u8>| -> Vec<Vec<u8>> {
        said.split(|byte| *byte == 0).filter(|path| !path.is_empty()).map(<[u8]>::to_vec).collect()
    };
    let mut paths = listed(git.said(&question)?);
    // git names a folder, too, in which all that is there now is ignored.
    let folders: Vec<Vec<u8>> = paths.iter().filter(|path| path.ends_with(b"/")).cloned().collect();
    if !folders.is_empty() {
        // Without the slash: with it a rule for what is in the folder would fit, too.
        let bare: Vec<&[u8]> = folders.iter().map(|folder| &folder[..folder.len() - 1]).collect();
        let answer = git.answer_to(&["check-ignore", "-z", "--stdin"], &bare.join(&0))?;
        // It ends with 1 where it ignores none of them.
        if !matches!(answer.status.code(), Some(0 | 1)) {
            return Err(refusal(&answer));
        }
        let whole: HashSet<Vec<u8>> =
            listed(answer.out).into_iter().map(|path| [path.as_slice(), b"/"].concat()).collect();
        if folders.iter().any(|folder| !whole.contains(folder)) {
            let is_within = |path: &[u8]| {
                let ends = path.iter().enumerate().filter(|(_, byte)| **byte == b'/').map(|(at, _)| at + 1);
                ends.into_iter().any(|end| whole.contains(&path[..end]))
            };
            paths = listed(git.said(&question[..question.len() - 1])?);
            paths.retain(|path| !is_within(path));
            paths.extend(whole);
        }
    }
    Ok(paths.iter().map(|path| folder.join(OsStr::from_bytes(path))).collect())
}

/// Where a repository is, and of which kind.
struct Place {
    bare: bool,
    shallow: bool,
    /// The tree of HEAD; none before the first commit.
    tree: Option<String>,
    /// The top of its files; of a bare one its git folder.
    folder: Vec<u8>,
}

/// Asks one repository.
struct Git {
    program: PathBuf,
    folder: PathBuf,
    /// Options that keep the repository from running anything.
    safe: Vec<OsString>,
    until: Deadline,
    /// How long all questions may take.
    limit: Duration,
    /// Which variables of git lead to it.
    leads: &'static [&'static str],
}

impl Git {
    fn new(folder: &Path, limit: Duration) -> Result<Self, String> {
        let program = paths::program("git").ok_or("there is no git program")?;
        let safe = [
            "core.fsmonitor=",
            "core.hooksPath=/dev/null",
            "core.sshCommand=false",
            "core.askPass=",
            "core.alternateRefsCommand=",
            "credential.helper=",
            "protocol.allow=never",
            "core.pager=cat",
            // What a repository can say so that status looks at less.
            "core.trustctime=true",
            "core.checkStat=default",
            "core.ignoreStat=false",
            "core.untrackedCache=false",
            "core.commitGraph=false",
            "core.ignoreCase=false",
        ];
        let safe = safe.iter().flat_map(|option| ["-c".into(), OsString::from(option)]).collect();
        Ok(Git {
            program,
            folder: folder.to_owned(),
            safe,
            until: Deadline::after(limit),
            limit,
            leads: &LEADS,
        })
    }

    /// The answer to a question, whatever it is.
    fn answer(&self, words: &[&str]) -> Result<Answer, String> {
        self.answer_to(words, b"")
    }

    /// The answer to a question about what git reads.
    fn answer_to(&self, words: &[&str], text: &[u8]) -> Result<Answer, String> {
        let mut command = Command::new(&self.program);
        command
            .args(["--no-optional-locks", "--no-replace-objects"])
            .args(&self.safe)
            .arg("-C")
            .arg(&self.folder)
            .args(words);
        // What the user set for git holds; what would trace, or run something, does not.
        for name in paths::names_beginning("GIT_") {
            let name_bytes = name.as_bytes();
            let leads = self.leads.iter().any(|lead| lead.as_bytes() == name_bytes);
            if !leads && !name_bytes.starts_with(b"GIT_CONFIG") {
                command.env_remove(name);
            }
        }
        // What opens a key is not git's.
        paths::names_beginning("ATTESH_").into_iter().for_each(|name| {
            command.env_remove(name);
        });
        command.env("LC_ALL", "C").env("GIT_TERMINAL_PROMPT", "0").env("GIT_NO_LAZY_FETCH", "1");
        let limits = Limits { time: self.until.left(), bytes: BYTES };
        ask(&mut command, text, limits).map_err(|error| match error.kind() {
            std::io::ErrorKind::TimedOut => format!("git took longer than {} s", self.limit.as_secs()),
            _ => format!("git could not be asked: {}", files::words(&error)),
        })
    }

    /// What git prints to a question that it answers.
    fn said(&self, words: &[&str]) -> Result<Vec<u8>, String> {
        let answer = self.answer(words)?;
        if answer.status.success() {
            return Ok(answer.out);
        }
        Err(refusal(&answer))
    }

    /// The same of what git says of files: one that it could not look at it tells, and leaves out.
    fn said_of_files(&self, words: &[&str]) -> Result<Vec<u8>, String> {
        let answer = self.answer(words)?;
        if answer.status.success() && answer.err.is_empty() {
            return Ok(answer.out);
        }
        Err(refusal(&answer))
    }

    /// All that is asked. Where several answers do not depend on one another they come together.
    fn repository(mut self, depth: usize) -> Result<Repository, String> {
        let (place, config) = both(|| self.place(), || self.config());
        let (place, config) = (place?, config?);
        if !place.bare && !self.is_at(Path::new(OsStr::from_bytes(&place.folder))) {
            return Err(format!(
                "the files of the repository are said to be in another folder: {}",
                visible(&place.folder)
            ));
        }
        self.silence_filters(&config);
        let of_files = |git: &Self| match place.bare {
            true => git.bare(),
            false => git.files(&place.folder, depth),
        };
        let (files, tags) =
            both(|| of_files(&self), || if place.tree.is_some() { self.tags() } else { Ok(Vec::new()) });
        let tags = tags?;
        let mut remotes: Vec<(Vec<u8>, Vec<u8>)> = Vec::new();
        for Setting { name, value, .. } in config {
            let name = name.strip_prefix(b"remote.").and_then(|name| name.strip_suffix(b".url"));
            // Of several URLs git fetches from the first.
            if let Some(name) = name.filter(|name| !remotes.iter().any(|(have, _)| have == name)) {
                remotes.push((name.to_vec(), value));
            }
        }
        let files = files?;
        let Place { bare, shallow, tree, folder } = place;
        Ok(Repository { tree, tags, remotes, bare, shallow, folder, ..files })
    }

    /// Whether the files that are at a top are those in which a person would look for the repository:
    /// where its `.git` is, or where a variable leads.
    fn is_at(&self, top: &Path) -> bool {
        let Ok(folder) = self.folder.canonicalize() else { return false };
        // A submodule is asked where it is, and no variable leads to it.
        if self.leads.is_empty() {
            return folder == top;
        }
        let is_set = |name| paths::variable(name).is_some();
        if is_set("GIT_WORK_TREE") {
            return folder.starts_with(top);
        }
        // git passes over a folder of this name that has nothing of a repository in it.
        let has_git = |above: &&Path| {
            let git = above.join(".git");
            git.is_file() || git.join("HEAD").symlink_metadata().is_ok()
        };
        (is_set("GIT_DIR") && folder == top) || folder.ancestors().find(has_git) == Some(top)
    }

    /// Where the repository is, and of which kind.
    fn place(&self) -> Result<Place, String> {
        const TREE: &str = "HEAD^{tree}";
        let (top, folder) = ("--show-toplevel", "--absolute-git-dir");
        let ask = |folder: &str, tree: &[&str]| -> Result<Option<Place>, String> {
            let answer = self.answer(&[&["rev-parse", "--is-shallow-repository", folder], tree].concat())?;
            let place = || place_of(&answer.out, folder != top, !tree.is_empty());
            Ok(if answer.status.success() { place() } else { None })
        };
        // There is a top of the files where there are files, and a tree behind the first commit.
        if let Some(place) = ask(top, &[TREE])? {
            return Ok(place);
        }
        self.said(&["rev-parse", folder])?;
        for (folder, tree) in [(top, &[][..]), (folder, &[TREE])] {
            if let Some(place) = ask(folder, tree)? {
                return Ok(place);
            }
        }
        ask(folder, &[])?.ok_or_else(|| "git rev-parse said something that is not known".to_owned())
    }

    /// The settings of remotes and filters.
    fn config(&self) -> Result<Vec<Setting>, String> {
        let question =
            ["config", "--null", "--show-scope", "--get-regexp", "^(remote\\..*\\.url|filter\\..*)$"];
        let answer = self.answer(&question)?;
        // git config ends with 1 where no name fits.
        match answer.status.code() {
            Some(0 | 1) => Ok(read_config(&answer.out)),
            _ => Err(refusal(&answer)),
        }
    }

    /// Takes the programs of the repository's own filters away: status would run them over files
    /// that changed. Those that the user has for every repository do what a checkout needs.
    fn silence_filters(&mut self, config: &[Setting]) {
        let is_filter = |setting: &&Setting| setting.name.starts_with(b"filter.") && !setting.is_users;
        for Setting { name, .. } in config.iter().filter(is_filter) {
            let value: &[u8] = if name.ends_with(b".required") { b"=false" } else { b"=" };
            self.safe.extend(["-c".into(), OsString::from_vec([name.as_slice(), value].concat())]);
        }
    }

    /// Commit and branch of a repository without files.
    fn bare(&self) -> Result<Repository, String> {
        let commit = self.answer(&["rev-parse", "--verify", "--quiet", "HEAD^{commit}"])?;
        let reference = self.answer(&["symbolic-ref", "--quiet", "HEAD"])?;
        let reference = reference.out.trim_ascii().to_vec();
        Ok(Repository {
            commit: object(&commit.out),
            reference: (!reference.is_empty()).then_some(reference),
            ..Repository::default()
        })
    }

    /// The tags at HEAD.
    fn tags(&self) -> Result<Vec<Vec<u8>>, String> {
        let said =
            self.said(&["for-each-ref", "--points-at=HEAD", "--format=%(refname:strip=2)", "refs/tags"])?;
        let tags = said.split(|byte| *byte == b'\n').filter(|name| !name.is_empty());
        Ok(tags.take(NAMES_MAX).map(<[u8]>::to_vec).collect())
    }

    /// The files: which differ, and those of the submodules. Each submodule is asked by itself, so
    /// that its own settings are as harmless.
    fn files(&self, top: &[u8], depth: usize) -> Result<Repository, String> {
        let status = [
            "status",
            "--porcelain=v2",
            "--branch",
            "-z",
            "--untracked-files=normal",
            "--no-renames",
            "--ignore-submodules=dirty",
        ];
        let (status, index) = both(
            || self.said_of_files(&status),
            || self.said_of_files(&["ls-files", "--stage", "-v", "-z", "--full-name", "--", ":/"]),
        );
        let mut repository = read_status(&status?).ok_or("git status said something that is not known")?;
        let index = read_index(&index?).ok_or("git ls-files said something that is not known")?;
        let Index { submodules, unwatched, absent } = index;
        let folder = Path::new(OsStr::from_bytes(top)).to_owned();
        let is_there = |path: &Vec<u8>| folder.join(OsStr::from_bytes(path)).symlink_metadata().is_ok();
        let mut changed: Vec<Vec<u8>> = unwatched;
        changed.extend(absent.into_iter().filter(is_there));
        for (path, _) in &submodules {
            changed.extend(self.submodule(folder.join(OsStr::from_bytes(path)), path, depth)?);
        }
        let have: HashSet<&Vec<u8>> = repository.changed.iter().collect();
        changed.retain(|path| !have.contains(path));
        repository.changed.extend(changed);
        repository.submodules = submodules;
        Ok(repository)
    }

    /// What differs of a submodule, or that it does.
    fn submodule(&self, at: PathBuf, path: &[u8], depth: usize) -> Result<Vec<Vec<u8>>, String> {
        let itself = || vec![path.to_vec()];
        if at.join(".git").symlink_metadata().is_err() {
            // Nobody says what is in the place of one that is not checked out.
            let is_empty = || std::fs::read_dir(&at).is_ok_and(|mut entries| entries.next().is_none());
            let is_clean = at.symlink_metadata().is_err() || is_empty();
            return Ok(if is_clean { Vec::new() } else { itself() });
        }
        if depth == 0 {
            return Ok(itself());
        }
        let inner = Git { until: self.until, leads: &[], ..Git::new(&at, self.limit)? };
        let inner = inner.repository(depth - 1)?;
        // One that says that it has no files says nothing of those that are there.
        let mut changed = if inner.bare { itself() } else { Vec::new() };
        changed.extend(inner.changed.iter().map(|inner| [path, b"/", inner].concat()));
        Ok(changed)
    }
}

/// What `git rev-parse` says of a place: whether it is shallow, its folder, and its tree if that was
/// asked for. A folder may have a newline in its name.
fn place_of(said: &[u8], bare: bool, has_tree: bool) -> Option<Place> {
    let said = said.strip_suffix(b"\n")?;
    let end = said.iter().position(|byte| *byte == b'\n')?;
    let (shallow, rest) = (&said[..end] == b"true", &said[end + 1..]);
    let (folder, tree) = match has_tree {
        true => {
            let end = rest.iter().rposition(|byte| *byte == b'\n')?;
            (&rest[..end], object(&rest[end + 1..]))
        }
        false => (rest, None),
    };
    Some(Place { bare, shallow, tree, folder: folder.to_vec() })
}

/// Why git did not answer, in its own words.
fn refusal(answer: &Answer) -> String {
    let line = answer.err.split(|byte| *byte == b'\n').find(|line| !line.is_empty());
    visible(line.unwrap_or(b"git failed"))
}
