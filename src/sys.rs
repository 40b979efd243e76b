//! System calls without a safe wrapper in nix, and the recorder's memory ([`arena`]): the only unsafe
//! code of the package.
#![allow(unsafe_code)]

use std::ffi::CStr;
use std::fs::File;
use std::io::{self, Read, Write};
use std::os::fd::{AsFd, AsRawFd, FromRawFd, OwnedFd, RawFd};
use std::os::unix::net::UnixStream;
use std::os::unix::process::CommandExt;
use std::process::Command;
use std::sync::atomic::{AtomicI32, Ordering};

use nix::fcntl::OFlag;
use nix::sys::signal::{SaFlags, SigAction, SigHandler, SigSet, SigmaskHow, Signal, sigaction, sigprocmask};
use nix::unistd::{Pid, pipe2};
use zeroize::Zeroize;

pub mod arena;
mod child;
pub mod notify;
mod signals;

pub use child::{child, end};
pub use signals::{hear_children, ignore_all_signals, keep_signals, outlive_size_limit, with_numbers};

/// Whether the kernel says that its clock is synchronised.
#[must_use]
pub fn clock_is_synced() -> bool {
    // SAFETY: an all-zero timex is a valid value, and with modes 0 the call only reads.
    unsafe {
        let mut timex: libc::timex = std::mem::zeroed();
        let state = libc::adjtimex(&raw mut timex);
        state >= 0 && state != libc::TIME_ERROR && timex.status & libc::STA_UNSYNC == 0
    }
}

/// The standard streams that were closed, a bit each.
static CLOSED: AtomicI32 = AtomicI32::new(0);

/// Before `main` the standard library opens /dev/null for a closed standard descriptor, which
/// hides that the output is lost, and from the programs that this one starts. So this function looks
/// earlier. The standard library also sets SIGPIPE, which those programs must find as this one found it.
extern "C" fn look_around() {
    // One call for all three: each call of a hook comes here.
    let mut streams = [0, 1, 2].map(|fd| libc::pollfd { fd, events: 0, revents: 0 });
    // SAFETY: the list outlives the call, which waits for nothing.
    unsafe { libc::poll(streams.as_mut_ptr(), 3, 0) };
    let is_closed = |stream: &&libc::pollfd| stream.revents & libc::POLLNVAL != 0;
    let closed = streams.iter().filter(is_closed).map(|stream| 1 << stream.fd).sum();
    CLOSED.store(closed, Ordering::Relaxed);
    signals::look_around();
}

// SAFETY: the C library calls what is in this section once, before main, and the function
// needs nothing that is not set up by then.
#[used]
#[unsafe(link_section = ".init_array")]
static LOOK_AROUND: extern "C" fn() = look_around;

/// Whether standard output was closed when the program began.
#[must_use]
pub fn output_was_closed() -> bool {
    CLOSED.load(Ordering::Relaxed) & 1 << libc::STDOUT_FILENO != 0
}

/// Gives a program the standard streams closed that this one found so.
pub fn keep_closed(command: &mut Command) {
    let closed = CLOSED.load(Ordering::Relaxed);
    let restore = move || {
        for stream in (0..3).filter(|stream| closed & 1 << stream != 0) {
            // SAFETY: in the child nothing holds this number yet.
            unsafe { libc::close(stream) };
        }
        Ok(())
    };
    // SAFETY: between fork and exec it makes system calls and takes no memory.
    unsafe { command.pre_exec(restore) };
}

/// Seconds since 1970 of a calendar time in the zone of this machine and environment, as
/// mktime(3) has it; `None` if that time does not exist.
#[must_use]
pub fn local_second(year: i32, month: i32, day: i32, hour: i32, minute: i32, second: i32) -> Option<i64> {
    // SAFETY: an all-zero tm is a valid value, and mktime reads and normalises it.
    let at = unsafe {
        let mut tm: libc::tm = std::mem::zeroed();
        (tm.tm_year, tm.tm_mon, tm.tm_mday) = (year - 1900, month - 1, day);
        (tm.tm_hour, tm.tm_min, tm.tm_sec, tm.tm_isdst) = (hour, minute, second, -1);
        libc::mktime(&raw mut tm)
    };
    (at >= 0).then_some(at)
}

/// The same open file under another descriptor, the lowest free one from `least` on.
///
/// # Errors
/// No descriptor is left.
pub fn duplicate_from(fd: impl AsFd, least: RawFd) -> io::Result<OwnedFd> {
    let number = nix::fcntl::fcntl(fd, nix::fcntl::FcntlArg::F_DUPFD_CLOEXEC(least))?;
    // SAFETY: the kernel has just made this descriptor, and nobody else knows it.
    Ok(unsafe { OwnedFd::from_raw_fd(number) })
}

/// Ends this program by a signal, as the program that it stood for was ended.
pub fn die_of(signal: i32) {
    let Ok(signal) = Signal::try_from(signal) else { return };
    // One image of memory is enough, and it is the other program's.
    let _ = nix::sys::resource::setrlimit(nix::sys::resource::Resource::RLIMIT_CORE, 0, 0);
    let _ = signals::take(signal, false);
    let _ = nix::sys::signal::raise(signal);
    let _ = sigprocmask(SigmaskHow::SIG_UNBLOCK, Some(&SigSet::from(signal)), None);
}

/// Ignores the signals that must not end a recorder in the middle of an append. SIGPIPE is ignored
/// already: the standard library does that before main.
pub fn ignore_signals() {
    for signal in
        [Signal::SIGINT, Signal::SIGQUIT, Signal::SIGTSTP, Signal::SIGHUP, Signal::SIGTERM, Signal::SIGXFSZ]
    {
        let _ = signals::take(signal, true);
    }
}

extern "C" fn wake(_: libc::c_int) {}

/// Makes blocking calls return EINTR every `interval_ms` until [`stop_alarm`].
///
/// The timer repeats, so an alarm that fires before the call blocks is not the last one.
///
/// # Errors
/// The kernel refused the timer.
pub fn start_alarm(interval_ms: u32) -> io::Result<()> {
    // No SA_RESTART: the point is the interruption.
    let action = SigAction::new(SigHandler::Handler(wake), SaFlags::empty(), SigSet::empty());
    // SAFETY: the handler does nothing, which is async-signal-safe.
    unsafe { sigaction(Signal::SIGALRM, &action)? };
    // A parent may have blocked it; then the deadline would never fire.
    sigprocmask(SigmaskHow::SIG_UNBLOCK, Some(&SigSet::from(Signal::SIGALRM)), None)?;
    set_timer(interval_ms)
}

/// Ends what [`start_alarm`] began.
pub fn stop_alarm() {
    let _ = set_timer(0);
}

fn set_timer(interval_ms: u32) -> io::Result<()> {
    let micros = i64::from(interval_ms) * 1000;
    let time = libc::timeval { tv_sec: micros / 1_000_000, tv_usec: micros % 1_000_000 };
    let timer = libc::itimerval { it_interval: time, it_value: time };
    // SAFETY: the struct is initialised and outlives the call; the old value is not asked for.
    let result = unsafe { libc::setitimer(libc::ITIMER_REAL, &raw const timer, std::ptr::null_mut()) };
    if result == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
}

/// A child that waits for a word before it becomes a program.
pub struct Held {
    pid: Pid,
    go: File,
    failed: File,
}

/// A child that is to become a program, and waits. It can be traced.
///
/// # Errors
/// The kernel made none.
pub fn hold(command: &mut Command) -> io::Result<Held> {
    let (wait, go) = pipe2(OFlag::O_CLOEXEC)?;
    let (failed, fail) = pipe2(OFlag::O_CLOEXEC)?;
    let (mut failed, mut fail) = (File::from(failed), File::from(fail));
    match child()? {
        Some(child) => {
            drop((wait, fail));
            let ready = failed.read_exact(&mut [0]);
            let held = Held { pid: child, go: go.into(), failed };
            match ready {
                Ok(()) => Ok(held),
                Err(error) => {
                    held.forget();
                    Err(error)
                }
            }
        }
        None => {
            drop((go, failed));
            // Nobody may trace a process that is hidden as its parent is; what the parent hides is
            // out of its reach first.
            forget_private();
            set_dumpable(true);
            let _ = fail.write_all(b".");
            let mut word = [0];
            if matches!(File::from(wait).read(&mut word), Ok(1)) {
                let error = command.exec();
                let number = error.raw_os_error().unwrap_or(libc::ENOENT);
                let _ = fail.write_all(&number.to_ne_bytes());
            }
            end(127)
        }
    }
}

impl Held {
    /// Its process id.
    #[must_use]
    pub fn pid(&self) -> Pid {
        self.pid
    }

    /// It becomes the program; what stops it from that is told by [`Held::failure`].
    ///
    /// # Errors
    /// It is gone.
    pub fn release(&mut self) -> io::Result<()> {
        self.go.write_all(b".")
    }

    /// Why it did not become the program, if it did not.
    #[must_use]
    pub fn failure(mut self) -> Option<io::Error> {
        let mut number = [0; 4];
        self.failed.read_exact(&mut number).ok()?;
        Some(io::Error::from_raw_os_error(i32::from_ne_bytes(number)))
    }

    /// It ends without becoming a program.
    pub fn forget(self) {
        let pid = self.pid;
        drop(self);
        // It may have been let go already, and be held at its first call by a filter that nobody hears.
        send(pid, libc::SIGKILL);
        let _ = nix::sys::wait::waitpid(pid, None);
    }
}

/// Has a program put a filter on itself before it starts, hand its listener to these sockets, and leave
/// these descriptors, which it has beside the process that made it.
pub fn listened(
    command: &mut Command,
    mut filter: Vec<notify::Line>,
    to: [UnixStream; 2],
    leave: Vec<RawFd>,
) {
    let listen = move || {
        // Whoever listens reads what this process is to become.
        set_dumpable(true);
        let listener = notify::listen(&mut filter)?;
        // Without a recorder, whoever stays in its place lets it pass.
        let handed = to.each_ref().map(|to| notify::hand_over(to, listener.as_fd()));
        for number in &leave {
            // SAFETY: nobody in this process uses it; one that is not open is no matter.
            unsafe { libc::close(*number) };
        }
        if handed.iter().any(Result::is_ok) { Ok(()) } else { Err(io::ErrorKind::BrokenPipe.into()) }
    };
    // SAFETY: between fork and exec it makes system calls alone.
    unsafe { command.pre_exec(listen) };
}

/// A filter of system calls that refuses these four to a program, and to what it becomes.
fn refuse_processes() -> io::Result<()> {
    const LOAD_NUMBER: u32 = libc::BPF_LD | libc::BPF_W | libc::BPF_ABS;
    const IF_EQUAL: u32 = libc::BPF_JMP | libc::BPF_JEQ | libc::BPF_K;
    const ANSWER: u32 = libc::BPF_RET | libc::BPF_K;
    let line = |code: u32, jt, jf, k| libc::sock_filter { code: code as u16, jt, jf, k };
    #[cfg(target_arch = "x86_64")]
    let calls = [libc::SYS_clone, libc::SYS_clone3, libc::SYS_fork, libc::SYS_vfork];
    #[cfg(not(target_arch = "x86_64"))]
    let calls = [libc::SYS_clone, libc::SYS_clone3];
    let mut lines = vec![line(LOAD_NUMBER, 0, 0, 0)];
    for (at, call) in calls.iter().enumerate() {
        let to_refusal = u8::try_from(calls.len() - at).unwrap_or_default();
        lines.push(line(IF_EQUAL, to_refusal, 0, u32::try_from(*call).unwrap_or_default()));
    }
    lines.push(line(ANSWER, 0, 0, libc::SECCOMP_RET_ALLOW));
    lines.push(line(ANSWER, 0, 0, libc::SECCOMP_RET_ERRNO | libc::EPERM.cast_unsigned()));
    let length = u16::try_from(lines.len()).unwrap_or_default();
    let program = libc::sock_fprog { len: length, filter: lines.as_mut_ptr() };
    // SAFETY: the program and its lines outlive the calls, which copy them.
    let done = unsafe {
        libc::prctl(libc::PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0
            && libc::prctl(libc::PR_SET_SECCOMP, libc::SECCOMP_MODE_FILTER, &raw const program) == 0
    };
    if done { Ok(()) } else { Err(io::Error::last_os_error()) }
}

/// A program that can start no process, write no file and take no more than this much time of a
/// processor. Where the kernel has no filters, a limit holds in place of one; it does not bind root.
pub fn confine(command: &mut Command, seconds: u64) {
    let limit = move || {
        for (resource, most) in [
            (nix::sys::resource::Resource::RLIMIT_CPU, seconds),
            (nix::sys::resource::Resource::RLIMIT_NPROC, 0),
            (nix::sys::resource::Resource::RLIMIT_FSIZE, 0),
            (nix::sys::resource::Resource::RLIMIT_CORE, 0),
        ] {
            nix::sys::resource::setrlimit(resource, most, most)?;
        }
        let _ = refuse_processes();
        Ok(())
    };
    // SAFETY: between fork and exec the only thread makes system calls and takes a little memory.
    unsafe { command.pre_exec(limit) };
}

/// The descriptor that no process but this one and the one at its other end may have.
static PRIVATE: AtomicI32 = AtomicI32::new(-1);

/// The end of a socket that no program gets, also none that is held before it starts.
pub struct Private(UnixStream);

impl std::ops::Deref for Private {
    type Target = UnixStream;

    fn deref(&self) -> &UnixStream {
        &self.0
    }
}

impl Drop for Private {
    fn drop(&mut self) {
        // The next file that is opened gets its number.
        PRIVATE.store(-1, Ordering::Relaxed);
    }
}

fn forget_private() {
    let private = PRIVATE.swap(-1, Ordering::Relaxed);
    if private >= 0 {
        // SAFETY: only a child closes it, and that never uses it.
        unsafe { libc::close(private) };
    }
}

fn set_dumpable(whether: bool) {
    // SAFETY: this call follows no pointer.
    unsafe { libc::prctl(libc::PR_SET_DUMPABLE, libc::c_ulong::from(whether), 0, 0, 0) };
}

/// Hides the memory, the environment and the descriptors of this process from every other of its
/// user: none may trace it, and no signal makes an image of it. Programs that it starts are as
/// they would be.
pub fn hide() {
    set_dumpable(false);
}

/// Starts a child that does this work in a process of its own, at the other end of a socket, and
/// ends; returns this end and the child. Both are hidden. No program that this process starts gets
/// this end.
///
/// # Errors
/// The kernel made none.
pub fn apart(work: impl FnOnce(UnixStream) -> u8) -> io::Result<(Private, Pid)> {
    let (own, child) = beside(work)?;
    PRIVATE.store(own.as_raw_fd(), Ordering::Relaxed);
    Ok((Private(own), child))
}

/// As [`apart`], where the child is the one that starts programs.
///
/// # Errors
/// The kernel made none.
pub fn beside(work: impl FnOnce(UnixStream) -> u8) -> io::Result<(UnixStream, Pid)> {
    hide();
    let (own, other) = UnixStream::pair()?;
    match child()? {
        Some(child) => Ok((own, child)),
        None => {
            drop(own);
            forget_private();
            end(work(other))
        }
    }
}

/// Leaves the terminal and every file behind but this one, keeps nothing on a disk, and takes no
/// rights from a program.
pub fn withdraw(kept: RawFd) {
    ignore_signals();
    let _ = nix::unistd::setsid();
    let _ = nix::sys::resource::setrlimit(nix::sys::resource::Resource::RLIMIT_CORE, 0, 0);
    // SAFETY: this call follows no pointer.
    unsafe { libc::prctl(libc::PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) };
    leave_streams();
    let close = |from: RawFd, to: u32| {
        let from = from.cast_unsigned();
        // SAFETY: the call follows no pointer, and nobody in this process uses what it closes. A
        // kernel without it leaves the files open, which gives nothing away.
        unsafe { libc::syscall(libc::SYS_close_range, from, to, 0) };
    };
    if kept > 3 {
        close(3, kept.cast_unsigned() - 1);
    }
    close(kept + 1, u32::MAX);
}

/// Leaves the standard streams to whoever else has them.
pub fn leave_streams() {
    let nothing = nix::fcntl::open(c"/dev/null", OFlag::O_RDWR, nix::sys::stat::Mode::empty());
    for standard in 0..3 {
        let Ok(nothing) = &nothing else { break };
        // SAFETY: both are numbers; nobody in this process uses the standard streams any more.
        unsafe { libc::dup2(nothing.as_raw_fd(), standard) };
    }
}

/// Keeps the pages of a value out of swap, as far as the limit on locked memory allows.
pub fn keep_in_memory<T>(value: &T) {
    // SAFETY: the value is there, and locking its pages changes none of its bytes.
    unsafe { libc::mlock(std::ptr::from_ref(value).cast(), size_of::<T>()) };
}

/// Overwrites a variable where the environment of this process began, which other processes can
/// read, and takes it from the programs that this one starts.
pub fn forget_variable(name: &CStr) {
    unsafe extern "C" {
        static environ: *const *mut libc::c_char;
    }
    // SAFETY: this program has one thread here. The list ends with a null pointer and each text in
    // it with a NUL; they are of this process alone, and unsetenv leaves their bytes as they are.
    unsafe {
        let mut entry = environ;
        while !entry.is_null() && !(*entry).is_null() {
            let text = std::slice::from_raw_parts_mut((*entry).cast::<u8>(), libc::strlen(*entry));
            let name = name.to_bytes();
            if text.starts_with(name) && text.get(name.len()) == Some(&b'=') {
                text[name.len() + 1..].zeroize();
            }
            entry = entry.add(1);
        }
        libc::unsetenv(name.as_ptr());
    }
}

/// Closes an inherited descriptor.
pub fn close_inherited(descriptor: RawFd) {
    // SAFETY: no value of this program owns a descriptor that it was started with.
    unsafe { libc::close(descriptor) };
}

/// What has become of a child, as wait(2) codes it; `None` if nothing has and `wait` is false.
///
/// # Errors
/// There is no such child.
pub fn wait_for(pid: Pid, wait: bool) -> io::Result<Option<i32>> {
    let options = if wait { 0 } else { libc::WNOHANG };
    let mut state = 0;
    loop {
        // SAFETY: the state outlives the call.
        match unsafe { libc::waitpid(pid.as_raw(), &raw mut state, options | libc::__WALL) } {
            0 => return Ok(None),
            -1 => {
                let error = io::Error::last_os_error();
                if error.kind() != io::ErrorKind::Interrupted {
                    return Err(error);
                }
            }
            _ => return Ok(Some(state)),
        }
    }
}

/// Whether the kernel has something to tell of a child that it has not told.
#[must_use]
pub fn has_news(pid: Pid) -> bool {
    child::news(libc::P_PID, pid.as_raw().unsigned_abs()).is_some_and(|pid| pid != 0)
}

/// How a stopped child that this program traces goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Resume {
    /// It runs, and gets this signal; 0 is none. A realtime signal has no name, so it is a number.
    Go(i32),
    /// It runs one instruction.
    Step,
    /// It stays stopped until a SIGCONT.
    Stay,
}

/// Lets a stopped child that this program traces go on.
///
/// # Errors
/// It is not stopped, or gone.
pub fn resume(pid: Pid, how: Resume) -> io::Result<()> {
    let (request, signal) = match how {
        Resume::Go(signal) => (libc::PTRACE_CONT, signal),
        Resume::Step => (libc::PTRACE_SINGLESTEP, 0),
        Resume::Stay => (libc::PTRACE_LISTEN, 0),
    };
    let nothing = std::ptr::null_mut::<libc::c_void>();
    let signal = std::ptr::without_provenance_mut::<libc::c_void>(usize::try_from(signal).unwrap_or(0));
    // SAFETY: none of these requests follows a pointer.
    match unsafe { libc::ptrace(request, pid.as_raw(), nothing, signal) } {
        -1 => Err(io::Error::last_os_error()),
        _ => Ok(()),
    }
}

/// Sends a child a signal. A realtime signal has no name, so it is a number.
pub fn send(pid: Pid, signal: i32) {
    // SAFETY: kill follows no pointer. A child that is gone and not waited for gets nothing.
    unsafe { libc::kill(pid.as_raw(), signal) };
}

/// Sets a group of registers of a stopped child that this program traces.
///
/// # Errors
/// It has no such registers.
#[cfg(target_arch = "aarch64")]
pub fn set_registers(pid: Pid, group: i32, state: &mut [u8]) -> io::Result<()> {
    let mut vector = libc::iovec { iov_base: state.as_mut_ptr().cast(), iov_len: state.len() };
    let group = std::ptr::without_provenance_mut::<libc::c_void>(usize::try_from(group).unwrap_or(0));
    // SAFETY: the vector and the bytes that it names outlive the call.
    match unsafe { libc::ptrace(libc::PTRACE_SETREGSET, pid.as_raw(), group, &raw mut vector) } {
        -1 => Err(io::Error::last_os_error()),
        _ => Ok(()),
    }
}

/// Whether a file has an extended attribute.
#[must_use]
pub fn has_attribute(path: &std::path::Path, name: &std::ffi::CStr) -> bool {
    let Ok(path) = std::ffi::CString::new(std::os::unix::ffi::OsStrExt::as_bytes(path.as_os_str())) else {
        return false;
    };
    // SAFETY: both texts outlive the call, and a length of 0 asks for the size alone.
    unsafe { libc::getxattr(path.as_ptr(), name.as_ptr(), std::ptr::null_mut(), 0) > 0 }
}

/// The same open file under another descriptor.
///
/// # Errors
/// There is no such descriptor.
pub fn copy_of(descriptor: RawFd) -> io::Result<File> {
    // SAFETY: a descriptor that this program does not own is only copied.
    match unsafe { libc::fcntl(descriptor, libc::F_DUPFD_CLOEXEC, 3) } {
        -1 => Err(io::Error::last_os_error()),
        // SAFETY: the kernel has just made this descriptor, and nobody else knows it.
        copy => Ok(unsafe { File::from_raw_fd(copy) }),
    }
}

/// Gives a program an open file under this descriptor.
///
/// # Errors
/// No descriptor is left.
pub fn inherit(command: &mut Command, file: &File, descriptor: RawFd) -> io::Result<()> {
    // Away from every number that another file is to have.
    const APART: RawFd = 300;
    let kept = duplicate_from(file, APART).or_else(|_| duplicate_from(file, APART / 3))?;
    let give = move || {
        // SAFETY: both are numbers; what the second was is closed, and nobody in the child owns it.
        match unsafe { libc::dup2(std::os::fd::AsRawFd::as_raw_fd(&kept), descriptor) } {
            -1 => Err(io::Error::last_os_error()),
            _ => Ok(()),
        }
    };
    // SAFETY: between fork and exec it makes one system call.
    unsafe { command.pre_exec(give) };
    Ok(())
}

/// Keeps an inherited descriptor from the programs that this one starts.
pub fn keep(descriptor: RawFd) {
    // SAFETY: a descriptor that this program does not own is only marked.
    unsafe { libc::fcntl(descriptor, libc::F_SETFD, libc::FD_CLOEXEC) };
}
