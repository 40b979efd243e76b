//! What was found of a session that has ended, kept until this machine restarts: a list of many
//! sessions need not verify each of them again.
//!
//! What lives here: a text that is kept beside the states, and when it still holds. What does not:
//! what the text says (`cli::sessions`), and any verdict: `verify`, `status` and `log` read the
//! journal each time.
//!
//! Rules: a text is kept under the identity of the journal (device, inode, length, change time),
//! which is what an appender trusts of it too; it is kept in memory alone.

use std::os::unix::fs::MetadataExt as _;

use super::Session;
use crate::clock;
use crate::files::Folder;
use crate::os::memory;
use crate::paths;

/// The longest text that is kept, in bytes.
const TEXT_MAX: usize = 4096;
/// How old a change of the journal must be, in nanoseconds: one that comes after the look then has
/// another time.
const SETTLED_NS: i128 = 1_000_000_000;

/// What is kept of a session, if its journal is as it was then.
#[must_use]
pub fn kept(session: &Session) -> Option<String> {
    let text = folder()?.read(&name(session), 2 * TEXT_MAX as u64).ok()?;
    let (of, text) = std::str::from_utf8(&text).ok()?.split_once('\n')?;
    (of == identity(session)?).then(|| text.to_owned())
}

/// Keeps a text of a session that has ended. If it cannot, the next look is as long as this one.
pub fn keep(session: &Session, text: &str) {
    let Some((folder, of)) = folder().zip(identity(session)).filter(|_| text.len() <= TEXT_MAX) else {
        return;
    };
    if folder.remove(&name(session)).is_ok() {
        let _ = folder.publish_new(&name(session), format!("{of}\n{text}").as_bytes());
    }
}

/// Removes what is kept of a session.
pub fn forget(session: &Session) {
    if let Some(folder) = folder() {
        let _ = folder.remove(&name(session));
    }
}

/// The folder of states in memory, if there is one.
fn folder() -> Option<Folder> {
    let candidates = paths::state_candidates().into_iter().map(|(_, path)| path);
    candidates.filter(|path| memory::is_in_memory(path)).find_map(|path| Folder::open(&path).ok())
}

fn name(session: &Session) -> String {
    format!("{}.told", session.id())
}

/// Which file the journal is, and as of when; `None` if it was changed just now.
fn identity(session: &Session) -> Option<String> {
    let meta = session.journal().metadata().ok()?;
    let changed = i128::from(meta.ctime()) * 1_000_000_000 + i128::from(meta.ctime_nsec());
    let settled = i128::from(clock::now().realtime_ns) - changed > SETTLED_NS;
    settled.then(|| format!("{:x} {:x} {} {changed}", meta.dev(), meta.ino(), meta.len()))
}
