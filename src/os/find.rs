//! What a process finds by a name, where that may be another thing than this process finds by it.
//!
//! What lives here: following a name part by part. What does not: which names are asked about (`exec`,
//! `held`, `touch`).
//!
//! Rules: a link from the root on begins at the root of the process; `self` in `/proc` is the process; a
//! link that the kernel makes of something open leads to the path of that.

use std::collections::VecDeque;
use std::ffi::{OsStr, OsString};
use std::fs;
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Component, Path, PathBuf};

use super::proc;

/// The most links that the kernel follows in one name.
const LINKS_MAX: usize = 40;

/// Whether a name, from a folder on, is of what the process itself has open or runs, by how it is written:
/// it comes, part by part, to a folder of such names, whatever it goes through before.
#[must_use]
pub fn is_own(folder: &Path, name: &Path) -> bool {
    let whole = folder.join(name);
    let mut at: Vec<&OsStr> = Vec::new();
    whole.components().any(|part| {
        match part {
            Component::Normal(part) => at.push(part),
            // Of a link before it this may be another folder: who looks further follows the links.
            Component::ParentDir => drop(at.pop()),
            _ => {}
        }
        match at[..] {
            [first] => first == "proc",
            [first, second] if first == "dev" => {
                ["fd", "stdin", "stdout", "stderr"].iter().any(|own| second == *own)
            }
            _ => false,
        }
    })
}

/// The number that a thread, or its process, has in the `/proc` that it sees: by these names, the number
/// here, and those in each namespace down to its own.
fn number_in_own(thread: u32, here: &str, each: &str) -> Option<u32> {
    let text = proc::small(&format!("/proc/{thread}/status")).ok()?;
    // A `/proc` that numbers processes otherwise does not know this one.
    if fs::read_link(within(thread, Path::new("/proc/self"))).is_ok() {
        return proc::numbered(&text, here);
    }
    let numbers = text.split(|byte| *byte == b'\n').find_map(|line| line.strip_prefix(each.as_bytes()))?;
    std::str::from_utf8(numbers).ok()?.split_ascii_whitespace().next_back()?.parse().ok()
}

/// Where this process finds what another has under a path from its root on.
#[must_use]
pub fn within(thread: u32, path: &Path) -> PathBuf {
    PathBuf::from(format!("/proc/{thread}/root")).join(path.strip_prefix("/").unwrap_or(path))
}

/// The path from its root on, without links, of what a thread finds by a name: from its working folder
/// on, if the name begins nowhere else. A link at the end is followed only on request; what is not there
/// stays as it is named. `None` if the thread is gone, or the name has more links than may be.
#[must_use]
pub fn find(thread: u32, name: &Path, follows: bool) -> Option<PathBuf> {
    let root = fs::read_link(format!("/proc/{thread}/root")).ok()?;
    // From the root of the thread on.
    let inside = |path: &Path| Path::new("/").join(path.strip_prefix(&root).unwrap_or(path));
    let mut at = match name.is_absolute() {
        true => PathBuf::from("/"),
        false => inside(&fs::read_link(format!("/proc/{thread}/cwd")).ok()?),
    };
    let parts = |path: &Path| -> Vec<OsString> { path.iter().map(OsStr::to_owned).collect() };
    let mut left: VecDeque<OsString> = parts(name).into();
    let mut links = 0;
    while let Some(part) = left.pop_front() {
        match Path::new(&part).components().next() {
            Some(Component::Normal(_)) => {}
            Some(Component::ParentDir) => {
                at.pop();
                continue;
            }
            _ => continue,
        }
        if at == Path::new("/proc") && (part == "self" || part == "thread-self") {
            at.push(number_in_own(thread, "Tgid:", "NStgid:")?.to_string());
            if part == "thread-self" {
                at.push(format!("task/{}", number_in_own(thread, "Pid:", "NSpid:")?));
            }
            continue;
        }
        let next = at.join(&part);
        if left.is_empty() && !follows {
            return Some(next);
        }
        let Ok(target) = fs::read_link(within(thread, &next)) else {
            at = next;
            continue;
        };
        links += 1;
        if links > LINKS_MAX {
            return None;
        }
        if is_made(&next) {
            // What has no name, such as a pipe, stays what it is here.
            let is_path = target.is_absolute() && !target.as_os_str().as_bytes().ends_with(b" (deleted)");
            at = if is_path { inside(&target) } else { next };
            continue;
        }
        if target.is_absolute() {
            at = PathBuf::from("/");
        }
        parts(&target).into_iter().rev().for_each(|part| left.push_front(part));
    }
    Some(at)
}

/// Whether a link is one that the kernel makes of what a process has open or runs.
fn is_made(link: &Path) -> bool {
    let Ok(below) = link.strip_prefix("/proc") else { return false };
    let of_process = below.iter().next().is_some_and(|id| id.as_bytes().iter().all(u8::is_ascii_digit));
    let (name, folder) = (link.file_name(), link.parent().and_then(Path::file_name));
    let is_open = folder.is_some_and(|folder| folder == "fd" || folder == "map_files");
    of_process && (is_open || name.is_some_and(|name| name == "cwd" || name == "root" || name == "exe"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::fd::AsRawFd as _;
    use std::os::unix::fs::symlink;

    #[test]
    fn a_name_that_goes_up_hides_that_it_is_of_what_is_open() {
        for (folder, name, is) in [
            ("/home/u", "/proc/self/fd/9", true),
            ("/home/u", "/dev/../proc/self/fd/9", true),
            ("/home/u", "//dev/./fd//9", true),
            ("/home/u", "/dev/shm/../fd/9", true),
            ("/home/u", "/../dev/x/y/../../fd/9", true),
            ("/home/u", "../../proc/self/exe", true),
            ("/home/u", "../../../../proc/self/exe", true),
            ("/dev", "fd/9", true),
            ("/dev/shm", "../stdin", true),
            ("/proc/self", "fd/9", true),
            // Where that leads, nobody knows by how it is written.
            ("/home/u", "/proc/self/cwd/../../x", true),
            ("/home/u", "proc/self/fd/9", false),
            ("/home/u", "../proc/self/fd/9", false),
            ("/home/u", "/dev/pts/../null", false),
            ("/home/u", "/dev/shm/fd/9", false),
            ("/home/u", "/bin/../usr/proc", false),
            ("/dev", "null", false),
        ] {
            assert_eq!(is_own(Path::new(folder), Path::new(name)), is, "{folder} {name}");
        }
    }

    #[test]
    fn a_name_of_another_process_is_followed_as_if_it_were_of_this_one() {
        let folder = tempfile::tempdir().unwrap();
        let top = folder.path().canonicalize().unwrap();
        fs::create_dir(top.join("sub")).unwrap();
        symlink("/proc/self/cwd/x", top.join("own")).unwrap();
        symlink("sub/../to", top.join("near")).unwrap();
        symlink("round", top.join("round")).unwrap();
        crate::files::publish(&top.join("open"), b"", 0o600, crate::files::Overwrite::No).unwrap();
        let open = fs::File::open(top.join("open")).unwrap();
        let mut child =
            std::process::Command::new("sleep").arg("60").current_dir(top.join("sub")).spawn().unwrap();
        let of = |name: &str| find(child.id(), Path::new(name), true);
        let in_top = |name: &str| Some(top.join(name));
        let own = top.to_str().unwrap();
        assert_eq!(of("/proc/self/cwd/y"), in_top("sub/y"));
        assert_eq!(of("/proc/./self/cwd/y"), in_top("sub/y"));
        assert_eq!(of("/proc/thread-self/cwd/../y"), in_top("y"));
        assert_eq!(of(&format!("{own}/own")), in_top("sub/x"));
        assert_eq!(of(&format!("{own}/near")), in_top("to"));
        assert_eq!(of("../round"), None);
        assert_eq!(of("not/there/.."), in_top("sub/not"));
        assert_eq!(of("/proc/self/exe"), Some(fs::canonicalize("/bin/sleep").unwrap()));
        assert_eq!(find(child.id(), Path::new("../own"), false), in_top("own"));
        let this = std::process::id();
        let number = open.as_raw_fd();
        assert_eq!(find(this, Path::new(&format!("/dev/fd/{number}")), true), in_top("open"));
        child.kill().unwrap();
        child.wait().unwrap();
        assert_eq!(find(child.id(), Path::new("/proc/self/cwd"), true), None);
    }
}
