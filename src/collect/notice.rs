//! What users are told, for what, and for how long the session is kept: read when it begins.
//!
//! What lives here: the file and the variables. What does not: which texts these can be
//! (`fact::notice`), the options that say the same (`cli::given`).

use std::ffi::OsStr;
use std::path::Path;

use crate::fact::notice::{self, NOTICE_BYTES_MAX, Notice};
use crate::fact::{NOTICE, Seen, Texts};
use crate::files;
use crate::paths;
use crate::report;
use crate::session::{Session, began};

/// The notice in a file. Nothing waits for a pipe.
///
/// # Errors
/// It holds none: what is wrong with it.
pub fn read(path: &Path) -> Result<String, String> {
    let file = files::open_regular(path).map_err(|error| error.reason())?;
    let limit = NOTICE_BYTES_MAX as u64;
    notice::text(files::read_open(file, path, limit).map_err(|error| error.reason())?)
}

/// What is said by an option, so that nobody looks at its variable.
#[derive(Clone, Copy, Debug, Default)]
pub struct Said {
    /// What users are told.
    pub text: bool,
    /// What the session is for.
    pub purpose: bool,
    /// For how long it is kept.
    pub retain: bool,
}

/// What the environment says beside that, or which variable says what cannot be recorded.
///
/// # Errors
/// One of the variables is wrong: which, and why.
pub fn usual(said: Said) -> Result<Notice, String> {
    fn of<T>(
        name: &str,
        said: bool,
        read: impl Fn(&OsStr) -> Result<T, String>,
    ) -> Result<Option<T>, String> {
        let value = paths::variable(name).filter(|_| !said);
        value.map(|value| read(&value)).transpose().map_err(|why| format!("{name}: {why}"))
    }
    let line = |value: &OsStr| value.to_str().map(str::to_owned).ok_or_else(|| "not UTF-8".to_owned());
    Ok(Notice {
        text: of(paths::NOTICE_VARIABLE, said.text, |file| read(Path::new(file)))?,
        purpose: of(paths::PURPOSE_VARIABLE, said.purpose, |value| notice::purpose(&line(value)?))?,
        retain_s: of(paths::RETAIN_VARIABLE, said.retain, |value| notice::retain_s(&line(value)?))?,
    })
}

/// The fact of what was said; nothing where nothing was.
pub(super) fn seen(notice: &Notice) -> Option<Seen> {
    let mut texts = Texts::default();
    notice.texts().for_each(|(name, text)| texts.add(name, text));
    (*notice != Notice::default()).then(|| Seen::new(NOTICE, texts))
}

/// Shows the user of a shell what is recorded that users were told; nothing where nothing is.
pub fn show_that_of(session: &Session) {
    if let Some(notice) = began::notice(session) {
        show(&notice);
    }
}

/// Shows what users are to be told.
pub fn show(notice: &Notice) {
    let Some(text) = &notice.text else { return };
    report::say("notice for the users of this session:");
    for line in text.trim_end().lines() {
        report::say(&format!("  {line}"));
    }
}
