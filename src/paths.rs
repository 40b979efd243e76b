//! Where things are: the only reader of the environment and of `directories`.

use std::ffi::OsString;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use directories::BaseDirs;
use nix::unistd::geteuid;

use crate::os::memory;

/// A variable of the environment; an empty one counts as missing.
#[must_use]
#[expect(clippy::disallowed_methods, reason = "the one reader of the environment")]
pub fn variable(name: &str) -> Option<OsString> {
    std::env::var_os(name).filter(|value| !value.is_empty())
}

/// What a variable of the environment lists, with colons between.
#[must_use]
pub fn listed(name: &str) -> Vec<String> {
    let value = variable(name).map(|value| value.to_string_lossy().into_owned()).unwrap_or_default();
    value.split(':').filter(|one| !one.is_empty()).map(str::to_owned).collect()
}

/// The names of the variables that begin so.
#[must_use]
#[expect(clippy::disallowed_methods, reason = "the one reader of the environment")]
pub fn names_beginning(begin: &str) -> Vec<OsString> {
    let names = std::env::vars_os().map(|(name, _)| name);
    names.filter(|name| name.as_encoded_bytes().starts_with(begin.as_bytes())).collect()
}

/// The one variable that a recorded shell exports: its session folder.
pub const SESSION_VARIABLE: &str = "ATTESH_SESSION";
/// Which collectors look where nobody says: their names with commas between, or none.
pub const COLLECT_VARIABLE: &str = "ATTESH_COLLECT";
/// The paths that are materials, with colons between.
pub const MATERIALS_VARIABLE: &str = "ATTESH_MATERIALS";
/// The patterns that name products, with colons between.
pub const PRODUCTS_VARIABLE: &str = "ATTESH_PRODUCTS";
/// The variable with a token that says who the job is.
pub const IDENTITY_VARIABLE: &str = "ATTESH_IDENTITY_TOKEN";
/// Files of rules for what is masked, with colons between.
pub const MASK_VARIABLE: &str = "ATTESH_MASK";
/// The variables whose values are masked, with colons between.
pub const MASK_ENV_VARIABLE: &str = "ATTESH_MASK_ENV";
/// The file with what users are told.
pub const NOTICE_VARIABLE: &str = "ATTESH_NOTICE";
/// What the session is for.
pub const PURPOSE_VARIABLE: &str = "ATTESH_PURPOSE";
/// For how long the session is kept.
pub const RETAIN_VARIABLE: &str = "ATTESH_RETAIN";
/// By whom the units of a script are to be seen.
pub const EVIDENCE_VARIABLE: &str = "ATTESH_EVIDENCE";
/// The variable that asks for every program that starts below a script.
pub const TRACE_VARIABLE: &str = "ATTESH_TRACE";

/// Whether the environment has a function for bash.
#[must_use]
#[expect(clippy::disallowed_methods, reason = "the one reader of the environment")]
pub fn brings_function() -> bool {
    let mut names = std::env::vars_os().map(|(name, _)| name);
    names.any(|name| name.as_encoded_bytes().starts_with(b"BASH_FUNC_"))
}

/// The session folder that the surrounding shell exports.
#[must_use]
pub fn exported_session() -> Option<PathBuf> {
    variable(SESSION_VARIABLE).map(PathBuf::from)
}

/// The first executable file of this name on the PATH.
#[must_use]
pub fn program(name: &str) -> Option<PathBuf> {
    let path = variable("PATH").unwrap_or_else(|| "/usr/local/bin:/usr/bin:/bin".into());
    std::env::split_paths(&path)
        .map(|folder| folder.join(name))
        .find(|file| file.is_file() && nix::unistd::access(file, nix::unistd::AccessFlags::X_OK).is_ok())
}

fn base() -> Option<BaseDirs> {
    BaseDirs::new().filter(|dirs| dirs.home_dir().is_absolute())
}

/// `$XDG_STATE_HOME/attesh`.
#[must_use]
pub fn state_home() -> Option<PathBuf> {
    base()?.state_dir().map(|dir| dir.join("attesh"))
}

/// `$XDG_STATE_HOME/attesh/sessions`: one folder a session, named by its id.
#[must_use]
pub fn sessions() -> Option<PathBuf> {
    state_home().map(|dir| dir.join("sessions"))
}

/// `$XDG_STATE_HOME/attesh/origin-secret`: made once per user.
#[must_use]
pub fn origin_secret() -> Option<PathBuf> {
    state_home().map(|dir| dir.join("origin-secret"))
}

/// `$XDG_STATE_HOME/attesh`, and the names in it of the tombstones of sessions that were removed and
/// of the key that signs them.
pub const REMOVED: (&str, &str) = ("removed", "removed.key");

/// `$XDG_CONFIG_HOME/attesh`.
#[must_use]
pub fn config() -> Option<PathBuf> {
    Some(base()?.config_dir().join("attesh"))
}

/// The user's home folder. A shell takes an empty HOME for no home, and so does this: the files
/// that are edited there must be those of the shell.
#[must_use]
#[expect(clippy::disallowed_methods, reason = "the one reader of the environment")]
pub fn home() -> Option<PathBuf> {
    let emptied = std::env::var_os("HOME").is_some_and(|home| home.is_empty());
    base().filter(|_| !emptied).map(|dirs| dirs.home_dir().to_owned())
}

/// Whether the home folder belongs to this user, and this process is another's.
#[must_use]
pub fn home_is_of(uid: u32) -> bool {
    uid != geteuid().as_raw()
        && home().and_then(|home| home.metadata().ok()).is_some_and(|meta| meta.uid() == uid)
}

/// fish's configuration file.
#[must_use]
pub fn fish_config() -> Option<PathBuf> {
    let elsewhere = variable("XDG_CONFIG_HOME").is_some_and(|path| Path::new(&path).is_absolute());
    Some(base().filter(|_| elsewhere || home().is_some())?.config_dir().join("fish/config.fish"))
}

/// The folders that may hold the state of a journal, best first, each with the word that
/// genesis has for its place.
#[must_use]
pub fn state_candidates() -> Vec<(&'static str, PathBuf)> {
    let mut list = Vec::new();
    if let Some(dir) = base().and_then(|dirs| dirs.runtime_dir().map(Path::to_owned)) {
        list.push(("runtime", dir.join("attesh")));
    }
    let uid = geteuid();
    list.push(("shm", memory::folder(uid)));
    match state_home() {
        Some(dir) => list.push(("disk", dir.join("state"))),
        None => list.push(("disk", PathBuf::from(format!("/tmp/attesh-{uid}")))),
    }
    list
}

/// A system that runs jobs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ci {
    /// GitHub Actions: `GITHUB_ACTIONS` is set.
    Github,
    /// GitLab: `GITLAB_CI` is set.
    Gitlab,
    /// Jenkins: `JENKINS_URL` or `JENKINS_HOME` is set, and `WORKSPACE`.
    Jenkins,
    /// Another: `CI` is set.
    Other,
}

impl Ci {
    /// The variable that names the folder in which sessions are kept there, if it has one.
    #[must_use]
    pub fn folder_variable(self) -> Option<&'static str> {
        match self {
            Ci::Github => Some("RUNNER_TEMP"),
            Ci::Gitlab => Some("CI_PROJECT_DIR"),
            Ci::Jenkins => Some("WORKSPACE"),
            Ci::Other => None,
        }
    }
}

/// The system that runs this job, by the environment; `None` outside of CI.
#[must_use]
pub fn ci() -> Option<Ci> {
    let on = |name: &str| variable(name).is_some_and(|value| value != "false" && value != "0");
    if on("GITHUB_ACTIONS") {
        Some(Ci::Github)
    } else if on("GITLAB_CI") {
        Some(Ci::Gitlab)
    } else if (on("JENKINS_URL") || on("JENKINS_HOME")) && on("WORKSPACE") {
        Some(Ci::Jenkins)
    } else if on("CI") {
        Some(Ci::Other)
    } else {
        None
    }
}

/// The session folder of a job that names none: `$RUNNER_TEMP/attesh`,
/// `$CI_PROJECT_DIR/.attesh` or `$WORKSPACE/.attesh`.
#[must_use]
pub fn ci_folder() -> Option<PathBuf> {
    let ci = ci()?;
    let base = variable(ci.folder_variable()?).map(PathBuf::from).filter(|path| path.is_absolute())?;
    Some(base.join(if ci == Ci::Github { "attesh" } else { ".attesh" }))
}

/// The file that holds the outputs of a step: `$GITHUB_OUTPUT`.
#[must_use]
pub fn github_output() -> Option<PathBuf> {
    variable("GITHUB_OUTPUT").map(PathBuf::from)
}

/// The path under which this program was called, where that still leads to it: what a person
/// calls it by outlives a new version behind a link.
#[must_use]
pub fn called() -> Option<PathBuf> {
    let name = PathBuf::from(std::env::args_os().next()?);
    let path = match name.components().count() {
        1 if !name.is_absolute() => program(name.to_str()?)?,
        _ => name,
    };
    let path = std::path::absolute(path).ok()?;
    (path.canonicalize().ok()? == executable()?.canonicalize().ok()?).then_some(path)
}

/// The absolute path of this executable file.
#[must_use]
pub fn executable() -> Option<PathBuf> {
    std::env::current_exe().ok()
}
