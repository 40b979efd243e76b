//! Errors of the kernel at every system call of the recorder.
//!
//! Whatever fails: the call is acknowledged and its record is there, or it is not
//! acknowledged; never an accusation, never an end; the next call finds all in order.

use std::path::Path;
use std::process::Command;

use nix::libc::{EACCES, EDQUOT, EFBIG, EINTR, EIO, EMFILE, ENOSPC};

use crate::stage::fault::{Fault, run};
use crate::stage::world::{Opened, World, code, sized, skipped};
use crate::verify::rules::codes;

/// What the kernel may answer.
pub const ERRORS: [i32; 7] = [ENOSPC, EIO, EDQUOT, EFBIG, EINTR, EMFILE, EACCES];

/// How many commands one session takes before the next begins.
const COMMANDS_A_SESSION: u64 = 100;

fn judge(world: &World, at: &Opened, commands: u64) {
    assert_eq!(code(&mut world.close(at, commands, false)), Some(0));
    let checked = at.check();
    let odd: Vec<_> = codes(&checked).into_iter().filter(|code| *code != "recovered").collect();
    assert_eq!((&checked.rejection, odd), (&None, vec![]));
    assert!(checked.story.is_complete());
    assert_eq!(checked.story.commands, commands);
}

/// A session whose calls are harmed one by one.
struct Bench {
    world: World,
    at: Opened,
    n: u64,
    points: usize,
}

impl Bench {
    fn new() -> Self {
        let world = World::new();
        let at = world.open(None);
        Bench { world, at, n: 0, points: 0 }
    }

    /// Harms call `index` of a start and of its finish; false when neither has so many.
    fn point(&mut self, index: usize, fault: Fault) -> bool {
        self.n += 1;
        let mut harmed = false;
        for finish in [false, true] {
            let make = |again| match finish {
                false => self.world.start(&self.at, self.n, again),
                true => self.world.finish(&self.at, self.n, again),
            };
            let traced = run(&mut make(false), Some((index, fault)));
            harmed |= traced.harmed.is_some();
            self.points += usize::from(traced.harmed.is_some());
            let told = format!("{fault:?} at call {index} (number {:?}), finish: {finish}", traced.harmed);
            assert!(!matches!(traced.code, Some(1 | 3)), "{told}: exit {:?}", traced.code);
            let acknowledged = traced.code == Some(0);
            if acknowledged {
                let kind = if finish { "\"kind\":\"finish\"" } else { "\"kind\":\"start\"" };
                assert!(self.last_line().contains(kind), "{told}: acknowledged and not there");
            } else {
                assert_eq!(code(&mut make(true)), Some(0), "after {told}");
            }
        }
        if self.n == COMMANDS_A_SESSION {
            let old = std::mem::replace(self, Bench { points: self.points, ..Bench::new() });
            judge(&old.world, &old.at, old.n);
        }
        harmed
    }

    fn last_line(&self) -> String {
        let text = String::from_utf8(self.at.bytes()).unwrap();
        text.lines().last().unwrap().to_owned()
    }
}

#[test]
fn an_error_of_the_kernel_loses_accuses_or_ends() {
    let mut bench = Bench::new();
    for (at, errno) in ERRORS.into_iter().enumerate() {
        // Before the journal is opened every error is the runtime's own affair.
        let mut index = if at == 0 { 0 } else { sized(30, 0) };
        while bench.point(index, Fault::Error(errno)) {
            index += 1;
        }
    }
    println!("{} points", bench.points);
    assert!(bench.points > 450, "only {} points", bench.points);
    judge(&bench.world, &bench.at, bench.n);
}

#[test]
fn an_error_after_the_bytes_arrived_loses_accuses_or_ends() {
    let mut bench = Bench::new();
    for errno in ERRORS.into_iter().take(sized(2, ERRORS.len())) {
        // The first calls are those of the runtime: what mmap gave would not be there.
        let mut index = 35;
        while bench.point(index, Fault::ErrorAfter(errno)) {
            index += 1;
        }
    }
    println!("{} points", bench.points);
    assert!(bench.points > 60, "only {} points", bench.points);
    judge(&bench.world, &bench.at, bench.n);
}

#[test]
fn an_error_while_closing_loses_the_end() {
    for errno in [EIO, EMFILE] {
        for index in (30..).step_by(sized(3, 1)) {
            let world = World::new();
            let at = world.open(None);
            let traced = run(&mut world.close(&at, 0, false), Some((index, Fault::Error(errno))));
            assert!(!matches!(traced.code, Some(1)), "{errno} at {index}");
            if traced.code != Some(0) {
                let again = code(&mut world.close(&at, 0, true));
                assert!(matches!(again, Some(0 | 3)), "{errno} at {index}: {again:?}");
            }
            let checked = at.check();
            assert!(checked.story.is_complete(), "{errno} at {index}: {:?}", checked.story.findings);
            if traced.harmed.is_none() {
                break;
            }
        }
    }
}

/// A command under a shell that first lowers the largest file size, in blocks of 512 bytes.
pub fn limited(command: &Command, blocks: usize) -> Command {
    let mut limited = Command::new("sh");
    limited.arg("-c").arg(format!("ulimit -f {blocks}; exec \"$@\"")).arg("sh");
    limited.arg(command.get_program()).args(command.get_args()).env_clear();
    limited.current_dir(command.get_current_dir().unwrap());
    limited.envs(command.get_envs().filter_map(|(name, value)| Some((name, value?))));
    limited
}

#[test]
fn a_file_size_limit_tears_a_line() {
    let world = World::new();
    let at = world.open(None);
    let mut n = 0;
    // A limit of 512 bytes more than the journal has takes one line and part of the next.
    for _ in 0..sized(10, 100) {
        n += 1;
        let blocks = at.bytes().len() / 512 + 1;
        let full = code(&mut limited(&world.start(&at, n, false), blocks));
        assert!(matches!(full, Some(0 | 5)), "{full:?}");
        assert!(at.bytes().ends_with(b"\n"));
        assert_eq!(code(&mut world.start(&at, n, true)), Some(0));
        assert_eq!(code(&mut world.finish(&at, n, false)), Some(0));
    }
    // The state does not fit either.
    assert_eq!(code(&mut limited(&world.start(&at, n + 1, false), 0)), Some(5));
    judge(&world, &at, n);
}

/// Mounts a file system for a test; says loudly if that is impossible.
pub fn mounted(arguments: &[&str], at: &Path) -> bool {
    let output = Command::new("mount").args(arguments).arg(at).output();
    let done = output.is_ok_and(|output| output.status.success());
    if !done {
        skipped(&format!("cannot mount {arguments:?}"));
    }
    done
}

#[test]
fn a_full_disk_tears_a_line() {
    let world = World::new();
    let home = world.home.path().join("small");
    std::fs::create_dir(&home).unwrap();
    if !mounted(&["-t", "tmpfs", "-o", "size=64k,mode=0700", "tmpfs"], &home) {
        return;
    }
    let mut open = world.opening(None);
    let output = open.env("HOME", &home).stdout(std::process::Stdio::piped()).output().unwrap();
    let at = Opened::parse(&output.stdout);
    let (mut n, mut size) = (0, 64);
    while size < 64 + sized(40, 400) {
        n += 1;
        for make in [World::start, World::finish] {
            if code(&mut make(&world, &at, n, false)) == Some(0) {
                continue;
            }
            assert!(at.bytes().ends_with(b"\n"), "a torn line is left");
            assert_eq!(code(&mut make(&world, &at, n, true)), Some(5), "the disk is still full");
            size += 4;
            assert!(mounted(&["-o", &format!("remount,size={size}k")], &home));
            assert_eq!(code(&mut make(&world, &at, n, true)), Some(0));
        }
    }
    assert!(mounted(&["-o", "remount,size=1m"], &home));
    judge(&world, &at, n);
    assert!(Command::new("umount").arg(&home).status().unwrap().success());
}
