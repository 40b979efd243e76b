//! Runs a command under ptrace and does one harm to it at one of its system calls.
#![expect(unsafe_code, reason = "a child has to ask to be traced between fork and exec")]

use std::io::Read;
use std::os::unix::process::CommandExt;
use std::process::Command;

use nix::sys::ptrace;
use nix::sys::signal::Signal;
use nix::sys::wait::{WaitPidFlag, WaitStatus, waitpid};
use nix::unistd::Pid;

/// What is done when a call is reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// SIGKILL before the call takes effect.
    Kill,
    /// The call does nothing and returns this error.
    Error(i32),
    /// The call takes effect and returns this error all the same.
    ErrorAfter(i32),
}

/// How a traced command went.
#[derive(Debug)]
pub struct Traced {
    /// Its exit code; none when a signal ended it.
    pub code: Option<i32>,
    /// System calls entered.
    pub calls: usize,
    /// The number of the call that was harmed, as the kernel counts calls.
    pub harmed: Option<u64>,
    /// Its standard output, if that was a pipe.
    pub output: Vec<u8>,
}

/// Runs the command; the call with this index, from 0, is harmed.
pub fn run(command: &mut Command, harm: Option<(usize, Fault)>) -> Traced {
    run_watched(command, harm, |_| ())
}

/// The same; `look` is shown the process at each call that it enters.
#[expect(clippy::zombie_processes, reason = "waitpid(2) reaps it: wait() knows no stops")]
pub fn run_watched(command: &mut Command, harm: Option<(usize, Fault)>, mut look: impl FnMut(Pid)) -> Traced {
    // SAFETY: ptrace(2) alone, which is async-signal-safe.
    unsafe { command.pre_exec(|| ptrace::traceme().map_err(Into::into)) };
    let mut child = command.spawn().unwrap();
    let pid = Pid::from_raw(child.id().cast_signed());
    assert!(matches!(waitpid(pid, None).unwrap(), WaitStatus::Stopped(_, Signal::SIGTRAP)));
    let options = ptrace::Options::PTRACE_O_TRACESYSGOOD | ptrace::Options::PTRACE_O_EXITKILL;
    ptrace::setoptions(pid, options).unwrap();
    let mut traced = Traced { code: None, calls: 0, harmed: None, output: Vec::new() };
    let (mut entering, mut pending, mut signal) = (true, None, None);
    loop {
        ptrace::syscall(pid, signal.take()).unwrap();
        match waitpid(pid, Some(WaitPidFlag::__WALL)).unwrap() {
            WaitStatus::PtraceSyscall(_) if entering => {
                entering = false;
                look(pid);
                if let Some((at, fault)) = harm
                    && at == traced.calls
                {
                    let mut registers = ptrace::getregs(pid).unwrap();
                    traced.harmed = Some(registers.orig_rax);
                    match fault {
                        Fault::Kill => ptrace::kill(pid).unwrap(),
                        Fault::Error(errno) => {
                            registers.orig_rax = u64::MAX;
                            ptrace::setregs(pid, registers).unwrap();
                            pending = Some(errno);
                        }
                        Fault::ErrorAfter(errno) => pending = Some(errno),
                    }
                    if fault == Fault::Kill {
                        let _ = waitpid(pid, None);
                        break;
                    }
                }
                traced.calls += 1;
            }
            WaitStatus::PtraceSyscall(_) => {
                entering = true;
                if let Some(errno) = pending.take() {
                    let mut registers = ptrace::getregs(pid).unwrap();
                    registers.rax = i64::from(-errno).cast_unsigned();
                    ptrace::setregs(pid, registers).unwrap();
                }
            }
            WaitStatus::Stopped(_, other) => signal = Some(other),
            WaitStatus::Exited(_, code) => {
                traced.code = Some(code);
                break;
            }
            WaitStatus::Signaled(..) => break,
            other => panic!("unexpected {other:?}"),
        }
    }
    if let Some(mut pipe) = child.stdout.take() {
        pipe.read_to_end(&mut traced.output).unwrap();
    }
    traced
}
