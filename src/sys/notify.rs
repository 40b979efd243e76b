//! Seccomp's user notification and process descriptors: a filter whose listener holds a process at a
//! system call, and how a process ended, whoever its parent is.
//!
//! What lives here: the calls and their structures, from seccomp(2), seccomp_unotify(2), pidfd_open(2)
//! and the kernel's `linux/pidfd.h`. What does not: which calls are held (`os::held`), and what is
//! answered (`supervise`).

use std::fs::File;
use std::io;
use std::os::fd::{AsRawFd, BorrowedFd, FromRawFd, OwnedFd};
use std::sync::atomic::AtomicU64;

use nix::poll::{PollFd, PollFlags, PollTimeout, poll};

use super::child::{child, end, news};

/// One instruction of a filter.
pub type Line = libc::sock_filter;

/// `SECCOMP_IOCTL_NOTIF_RECV`, `_SEND` and `_ID_VALID`: `_IOWR('!', 0, …)`, `_IOWR('!', 1, …)` and
/// `_IOW('!', 2, __u64)`.
const RECEIVE: u32 = request(3, size_of::<libc::seccomp_notif>(), b'!', 0);
const SEND: u32 = request(3, size_of::<libc::seccomp_notif_resp>(), b'!', 1);
const IS_VALID: u32 = request(1, size_of::<u64>(), b'!', 2);
/// `SECCOMP_IOCTL_NOTIF_ADDFD`: `_IOW('!', 3, struct seccomp_notif_addfd)`.
const GIVE: u32 = request(1, size_of::<Given>(), b'!', 3);
/// `SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV` (linux/seccomp.h).
const WAIT_KILLABLE: libc::c_ulong = 1 << 5;
/// `PIDFD_GET_INFO`: `_IOWR(0xff, 11, struct pidfd_info)`.
const INFO: u32 = request(3, size_of::<Info>(), 0xff, 11);
/// `PIDFD_INFO_EXIT`: how the process ended, once somebody has waited for it.
const INFO_EXIT: u64 = 1 << 3;

/// The number of an ioctl(2).
const fn request(direction: u32, size: usize, kind: u8, number: u32) -> u32 {
    direction << 30 | (size as u32) << 16 | (kind as u32) << 8 | number
}

/// The first 64 bytes of `struct pidfd_info`, which the first kernel that had it filled.
#[repr(C)]
#[derive(Default)]
struct Info {
    mask: u64,
    cgroup: u64,
    pid: u32,
    process: u32,
    parent: u32,
    owners: [u32; 8],
    exit: i32,
}

/// `struct seccomp_notif_addfd`
#[repr(C)]
struct Given {
    id: u64,
    flags: u32,
    ours: u32,
    theirs: u32,
    their_flags: u32,
}

/// A system call at which a process is held.
#[derive(Clone, Copy, Debug)]
pub struct Call {
    /// By what it is answered.
    pub id: u64,
    /// The thread that made it.
    pub thread: u32,
    /// Its number.
    pub number: i32,
    /// The kind of processor that it is a call of (`AUDIT_ARCH_…`).
    pub machine: u32,
    /// Its arguments.
    pub arguments: [u64; 6],
}

/// Puts a filter on this process and on all that it starts; returns the listener. A process that may
/// not do that otherwise gives up its right to gain rights first.
///
/// # Errors
/// The kernel has no such filters, or another listener is there (EBUSY).
pub fn listen(lines: &mut [Line]) -> io::Result<OwnedFd> {
    let length = u16::try_from(lines.len()).map_err(|_| io::ErrorKind::InvalidInput)?;
    let program = libc::sock_fprog { len: length, filter: lines.as_mut_ptr() };
    let set = |flags: libc::c_ulong| {
        // SAFETY: the program and its lines outlive the call, which copies them.
        let number = unsafe {
            libc::syscall(libc::SYS_seccomp, libc::SECCOMP_SET_MODE_FILTER, flags, &raw const program)
        };
        i32::try_from(number).ok().filter(|number| *number >= 0).ok_or_else(io::Error::last_os_error)
    };
    let or_bare = |flags: libc::c_ulong| match set(flags) {
        Err(error) if error.raw_os_error() == Some(libc::EACCES) => {
            // SAFETY: this call follows no pointer.
            unsafe { libc::prctl(libc::PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) };
            set(flags)
        }
        other => other,
    };
    // Once a call has been heard, a signal that does not kill waits for the answer: else the call would
    // fail with EINTR, which it does not without a filter. A kernel before 5.19 does not know that.
    let listens = libc::SECCOMP_FILTER_FLAG_NEW_LISTENER;
    let number = match or_bare(listens | WAIT_KILLABLE) {
        Err(error) if error.raw_os_error() == Some(libc::EINVAL) => or_bare(listens)?,
        other => other?,
    };
    // SAFETY: the kernel has just made this descriptor, and nobody else knows it.
    Ok(unsafe { OwnedFd::from_raw_fd(number) })
}

/// An ioctl(2) on a value.
fn control<T>(on: BorrowedFd, request: u32, value: &mut T) -> io::Result<()> {
    // SAFETY: each request above has the size of the value that it is called with, which outlives it.
    let done = unsafe { libc::ioctl(on.as_raw_fd(), request as libc::Ioctl, std::ptr::from_mut(value)) };
    if done < 0 { Err(io::Error::last_os_error()) } else { Ok(()) }
}

/// The next call at which a process is held; waits for one. `None` if the process is gone.
///
/// # Errors
/// The listener cannot be read.
pub fn next(listener: BorrowedFd) -> io::Result<Option<Call>> {
    // SAFETY: an all-zero structure is a valid value, and the kernel asks for one.
    let mut held: libc::seccomp_notif = unsafe { std::mem::zeroed() };
    match control(listener, RECEIVE, &mut held) {
        Ok(()) => Ok(Some(Call {
            id: held.id,
            thread: held.pid,
            number: held.data.nr,
            machine: held.data.arch,
            arguments: held.data.args,
        })),
        Err(error) if matches!(error.raw_os_error(), Some(libc::ENOENT | libc::EINTR)) => Ok(None),
        Err(error) => Err(error),
    }
}

/// How many calls before the last that was heard may still be held, and behind it.
const OPEN_MAX: u64 = 4096;
const BEHIND_MAX: u64 = 16;

/// A number that this process shares with those that it makes from here on: the last call that was heard.
///
/// # Errors
/// The kernel has no memory left.
pub fn shared() -> io::Result<&'static AtomicU64> {
    // SAFETY: the kernel chooses the place; it has room for the number, aligned and zero, and stays.
    unsafe {
        let (access, kind) = (libc::PROT_READ | libc::PROT_WRITE, libc::MAP_SHARED | libc::MAP_ANONYMOUS);
        let at = libc::mmap(std::ptr::null_mut(), size_of::<AtomicU64>(), access, kind, -1, 0);
        if at == libc::MAP_FAILED { Err(io::Error::last_os_error()) } else { Ok(&*at.cast::<AtomicU64>()) }
    }
}

/// Lets go on who is held at a call that somebody heard who is gone: the kernel numbers calls one by one,
/// and nobody can hear one again. Calls that nobody heard yet take no answer, and wait to be heard.
pub fn let_go_on(listener: BorrowedFd, last: u64) {
    for id in last.saturating_sub(OPEN_MAX)..=last.saturating_add(BEHIND_MAX) {
        let _ = answer(listener, id, None);
    }
}

/// Whether the process still is held at this call: what was read of it before then is of it.
#[must_use]
pub fn is_held(listener: BorrowedFd, id: u64) -> bool {
    control(listener, IS_VALID, &mut { id }).is_ok()
}

/// Lets a process go on with the call, or refuses it with this error; false if it was gone, so that what
/// was read of it may be of another.
///
/// # Errors
/// The kernel did not take the answer.
pub fn answer(listener: BorrowedFd, id: u64, refused: Option<i32>) -> io::Result<bool> {
    let flags = if refused.is_none() { libc::SECCOMP_USER_NOTIF_FLAG_CONTINUE as u32 } else { 0 };
    let mut answer = libc::seccomp_notif_resp { id, val: 0, error: -refused.unwrap_or(0), flags };
    match control(listener, SEND, &mut answer) {
        Err(error) if error.raw_os_error() == Some(libc::ENOENT) => Ok(false),
        sent => sent.map(|()| true),
    }
}

/// Answers a call that is to open something with this file. One that is gone needs no answer.
///
/// # Errors
/// The process may open no more, or the kernel is older than 5.9: the call waits for another answer.
pub fn give(listener: BorrowedFd, id: u64, file: BorrowedFd) -> io::Result<()> {
    let (ours, their_flags) = (file.as_raw_fd().cast_unsigned(), libc::O_CLOEXEC.cast_unsigned());
    let given = Given { id, flags: 0, ours, theirs: 0, their_flags };
    // SAFETY: the request has the size of the value, which outlives the call.
    let number = unsafe { libc::ioctl(listener.as_raw_fd(), GIVE as libc::Ioctl, &raw const given) };
    if number < 0 {
        return Err(io::Error::last_os_error());
    }
    let mut answer = libc::seccomp_notif_resp { id, val: number.into(), error: 0, flags: 0 };
    match control(listener, SEND, &mut answer) {
        Err(error) if error.raw_os_error() != Some(libc::ENOENT) => Err(error),
        _ => Ok(()),
    }
}

/// A descriptor of a process.
///
/// # Errors
/// It is gone, or the kernel is older than 5.3.
pub fn process(pid: u32) -> io::Result<OwnedFd> {
    // SAFETY: this call follows no pointer.
    let number = unsafe { libc::syscall(libc::SYS_pidfd_open, pid, 0) };
    let number = i32::try_from(number).ok().filter(|number| *number >= 0);
    // SAFETY: the kernel has just made this descriptor, and nobody else knows it.
    number.map(|number| unsafe { OwnedFd::from_raw_fd(number) }).ok_or_else(io::Error::last_os_error)
}

/// How a process ended, as wait(2) codes it; `None` if nobody has waited for it yet, or the kernel is
/// older than 6.15.
#[must_use]
pub fn ending(process: BorrowedFd) -> Option<i32> {
    let mut info = Info { mask: INFO_EXIT, ..Info::default() };
    control(process, INFO, &mut info).ok()?;
    (info.mask & INFO_EXIT != 0).then_some(info.exit)
}

/// The number of a process and of its parent; `None` if it has ended, or the kernel is older than 6.13.
#[must_use]
pub fn kin(process: BorrowedFd) -> Option<(u32, u32)> {
    let mut info = Info::default();
    control(process, INFO, &mut info).ok()?;
    Some((info.process, info.parent))
}

/// Tries to put a filter with a listener on a process that ends at once.
///
/// # Errors
/// The kernel refused it.
pub fn can_listen(lines: &mut [Line]) -> io::Result<()> {
    super::hear_children();
    let Some(child) = child()? else {
        let error = listen(lines).err().map_or(0, |error| error.raw_os_error().unwrap_or(libc::EIO));
        end(u8::try_from(error).unwrap_or(u8::MAX))
    };
    match nix::sys::wait::waitpid(child, None)? {
        nix::sys::wait::WaitStatus::Exited(_, 0) => Ok(()),
        nix::sys::wait::WaitStatus::Exited(_, error) => Err(io::Error::from_raw_os_error(error)),
        _ => Err(io::ErrorKind::Other.into()),
    }
}

/// Whether nobody is left whom a listener could tell of.
#[must_use]
pub fn is_over(listener: BorrowedFd) -> bool {
    events(listener).contains(PollFlags::POLLHUP)
}

/// Whether there is a call that nobody has heard.
#[must_use]
pub fn has_call(listener: BorrowedFd) -> bool {
    events(listener).contains(PollFlags::POLLIN)
}

/// Whether a process has ended, waited for or not.
#[must_use]
pub fn has_ended(process: BorrowedFd) -> bool {
    !events(process).is_empty()
}

/// What can be read of a descriptor now.
fn events(of: BorrowedFd) -> PollFlags {
    let mut one = [PollFd::new(of, PollFlags::POLLIN)];
    let ready = poll(&mut one, PollTimeout::ZERO).is_ok_and(|ready| ready > 0);
    one[0].revents().filter(|_| ready).unwrap_or(PollFlags::empty())
}

/// Whether the kernel tells how a process ended to one that is not its parent.
#[must_use]
pub fn tells_endings() -> bool {
    super::hear_children();
    let child = match child() {
        Ok(Some(child)) => child,
        Ok(None) => end(7),
        Err(_) => return false,
    };
    let handle = process(child.as_raw().unsigned_abs());
    let _ = nix::sys::wait::waitpid(child, None);
    handle.ok().and_then(|handle| ending(std::os::fd::AsFd::as_fd(&handle))) == Some(7 << 8)
}

/// Follows a thread until it becomes another program; false if somebody else does.
#[must_use]
pub fn follow(thread: u32) -> bool {
    let options = libc::PTRACE_O_TRACEEXEC as usize;
    let nothing = std::ptr::null_mut::<libc::c_void>();
    let options = std::ptr::without_provenance_mut::<libc::c_void>(options);
    // SAFETY: the request follows no pointer.
    unsafe { libc::ptrace(libc::PTRACE_SEIZE, thread.cast_signed(), nothing, options) == 0 }
}

/// Has a thread stop that is followed; false if it is not, or is gone.
#[must_use]
pub fn interrupt(thread: u32) -> bool {
    let nothing = std::ptr::null_mut::<libc::c_void>();
    // SAFETY: the request follows no pointer.
    unsafe { libc::ptrace(libc::PTRACE_INTERRUPT, thread.cast_signed(), nothing, nothing) == 0 }
}

/// Follows a child, all that it starts, and all that those start, until they end. Should this process
/// end first, they are let go; with `closed` they are killed.
///
/// # Errors
/// The kernel refused it.
pub fn follow_all(child: nix::unistd::Pid, closed: bool) -> io::Result<()> {
    use nix::sys::ptrace::{Options, seize};
    let mut options = Options::PTRACE_O_TRACEEXEC
        | Options::PTRACE_O_TRACEFORK
        | Options::PTRACE_O_TRACEVFORK
        | Options::PTRACE_O_TRACECLONE;
    options.set(Options::PTRACE_O_EXITKILL, closed);
    Ok(seize(child, options)?)
}

/// Whether this process has a child, or follows one.
#[must_use]
pub fn has_children() -> bool {
    news(libc::P_ALL, 0).is_some()
}

/// Whether a process is a child of this one, ended or not.
#[must_use]
pub fn is_child(process: u32) -> bool {
    news(libc::P_PID, process).is_some()
}

/// The thread that became the program which a process has just become: it has the process's id now.
#[must_use]
pub fn former(process: i32) -> Option<u32> {
    let thread = nix::sys::ptrace::getevent(nix::unistd::Pid::from_raw(process)).ok()?;
    u32::try_from(thread).ok()
}

/// Lets a thread go that is followed and has stopped; it gets this signal, 0 is none.
pub fn let_go(thread: i32, signal: i32) {
    let nothing = std::ptr::null_mut::<libc::c_void>();
    let signal = std::ptr::without_provenance_mut::<libc::c_void>(usize::try_from(signal).unwrap_or(0));
    // SAFETY: the request follows no pointer. One that is gone needs nothing.
    unsafe { libc::ptrace(libc::PTRACE_DETACH, thread, nothing, signal) };
}

/// Ends, stops, and that what had stopped goes on, of every kind of child.
const CHANGES: i32 = libc::WNOHANG | libc::WUNTRACED | libc::WCONTINUED | libc::__WALL;

/// The next change of a child, or of a thread that is followed, as wait(2) codes it.
#[must_use]
pub fn next_change() -> Option<(i32, i32)> {
    let mut state = 0;
    // SAFETY: the state outlives the call.
    let pid = unsafe { libc::waitpid(-1, &raw mut state, CHANGES) };
    (pid > 0).then_some((pid, state))
}

/// Hands an open file over a socket.
///
/// # Errors
/// The other end is closed.
pub fn hand_over(to: &std::os::unix::net::UnixStream, file: BorrowedFd) -> io::Result<()> {
    use nix::sys::socket::{ControlMessage, MsgFlags, sendmsg};
    let files = [file.as_raw_fd()];
    let data = [io::IoSlice::new(b"l")];
    sendmsg::<()>(to.as_raw_fd(), &data, &[ControlMessage::ScmRights(&files)], MsgFlags::MSG_NOSIGNAL, None)?;
    Ok(())
}

/// An open file that was handed over; `None` if the other end closed.
///
/// # Errors
/// The socket cannot be read.
pub fn handed(from: &std::os::unix::net::UnixStream) -> io::Result<Option<File>> {
    use nix::sys::socket::{ControlMessageOwned, MsgFlags, recvmsg};
    let mut space = nix::cmsg_space!([std::os::fd::RawFd; 1]);
    let mut byte = [0];
    let mut data = [io::IoSliceMut::new(&mut byte)];
    let got = recvmsg::<()>(from.as_raw_fd(), &mut data, Some(&mut space), MsgFlags::MSG_CMSG_CLOEXEC)?;
    let number = got.cmsgs()?.find_map(|message| match message {
        ControlMessageOwned::ScmRights(files) => files.first().copied(),
        _ => None,
    });
    // SAFETY: the kernel has just made this descriptor, and nobody else knows it.
    Ok(number.map(|number| unsafe { File::from_raw_fd(number) }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::fd::AsFd as _;
    use std::os::unix::net::UnixStream;
    use std::process::Command;

    /// Holds execve(2) of the kind of processor of this program.
    fn filter() -> Vec<Line> {
        let line =
            |code: u32, yes: u8, no: u8, k: u32| libc::sock_filter { code: code as u16, jt: yes, jf: no, k };
        vec![
            line(libc::BPF_LD | libc::BPF_W | libc::BPF_ABS, 0, 0, 0),
            line(libc::BPF_JMP | libc::BPF_JEQ | libc::BPF_K, 0, 1, libc::SYS_execve as u32),
            line(libc::BPF_RET | libc::BPF_K, 0, 0, libc::SECCOMP_RET_USER_NOTIF),
            line(libc::BPF_RET | libc::BPF_K, 0, 0, libc::SECCOMP_RET_ALLOW),
        ]
    }

    #[test]
    fn a_call_that_was_heard_by_who_is_gone_is_held_for_ever() {
        let (ours, theirs) = UnixStream::pair().unwrap();
        let started = std::thread::spawn(move || {
            let mut command = Command::new("/bin/true");
            crate::sys::listened(&mut command, filter(), [theirs.try_clone().unwrap(), theirs], Vec::new());
            command.status().unwrap()
        });
        let listener = handed(&ours).unwrap().unwrap();
        let heard = shared().unwrap();
        let call = next(listener.as_fd()).unwrap().unwrap();
        heard.store(call.id - 3, std::sync::atomic::Ordering::Relaxed);
        assert!(is_held(listener.as_fd(), call.id));
        // Another listener, or calls long ago.
        let_go_on(listener.as_fd(), call.id + 2 * OPEN_MAX);
        assert!(is_held(listener.as_fd(), call.id));
        let_go_on(listener.as_fd(), heard.load(std::sync::atomic::Ordering::Relaxed));
        assert!(started.join().unwrap().success());
    }
}
