//! Harm to `stop` and `seal` at every system call: killed once and twice, and errors of the
//! kernel. Whatever happens: no record is lost, half an attestation never stands under its
//! name, and the same command typed again brings it to its end.

use std::process::Command;

use crate::proofs::inject::{ERRORS, limited};
use crate::stage::fault::{Fault, Traced, run, run_watched};
use crate::stage::world::{Opened, World, code, sized};

/// A session with one command, a key, and the verb that is harmed.
struct Bench {
    world: World,
    at: Opened,
    verb: &'static str,
}

impl Bench {
    fn new(verb: &'static str) -> Self {
        let (world, at) = World::after(1);
        assert_eq!(code(&mut world.attesh(&["key", "generate", "-o", "k", "--no-passphrase"])), Some(0));
        Bench { world, at, verb }
    }

    fn words(&self, verb: &str) -> Vec<&str> {
        let folder = self.at.folder.to_str().unwrap();
        match verb {
            "stop" => vec!["stop", folder],
            _ => vec!["seal", folder, "--key", "k", "-o", "a"],
        }
    }

    /// The verb.
    fn command(&self) -> Command {
        let mut words = self.words(self.verb);
        // The second of two may find the files of the first.
        if self.verb == "seal" {
            words.push("--force");
        }
        self.world.attesh(&words)
    }

    /// The verb, with one of its calls harmed.
    fn harmed(&self, at: usize, fault: Fault) -> Traced {
        run(&mut self.command(), Some((at, fault)))
    }

    fn verifies(&self) -> bool {
        code(&mut self.world.attesh(&["verify", "a", "--trust", "k.pub"])) == Some(0)
    }

    /// What is there after the harm holds, and what is typed next brings it to its end.
    fn judge(&self, told: &str) {
        if self.world.home.path().join("a").exists() {
            assert!(self.verifies(), "{told}: half an attestation");
        }
        if self.verb == "stop" {
            // 5: it ended before the harm, as the journal has to say.
            let again = code(&mut self.world.attesh(&self.words("stop")));
            assert!(matches!(again, Some(0 | 5)), "{told}: {again:?}");
            assert!(self.at.check().story.ended, "{told}");
        }
        let again = code(&mut self.world.attesh(&[&self.words("seal")[..], &["--force"]].concat()));
        assert_eq!(again, Some(0), "{told}");
        assert!(self.verifies(), "{told}");
        let checked = self.at.check();
        assert_eq!((&checked.rejection, checked.story.is_complete()), (&None, true), "{told}");
        assert_eq!(checked.story.commands, 1, "{told}");
    }
}

/// How many calls the verb makes when nothing happens to it.
fn calls_of(verb: &'static str) -> usize {
    let bench = Bench::new(verb);
    let traced = bench.harmed(usize::MAX, Fault::Kill);
    assert_eq!(traced.code, Some(0), "{verb}");
    traced.calls
}

#[test]
fn a_kill_while_stopping_or_sealing_loses_the_end_or_leaves_half_an_attestation() {
    for verb in ["stop", "seal"] {
        let calls = calls_of(verb);
        for kill in (0..calls).step_by(sized(37, 1)) {
            let bench = Bench::new(verb);
            let traced = bench.harmed(kill, Fault::Kill);
            // Calls that depend on time and chance can be one or two less.
            assert!(traced.code.is_none() || traced.harmed.is_none(), "{verb} killed at {kill}");
            bench.judge(&format!("{verb} killed at {kill}"));
        }
        println!("{verb}: {calls} calls");
        assert!(calls > 60, "only {calls} points");
    }
}

#[test]
fn a_second_kill_while_stopping_or_sealing_loses_more() {
    for verb in ["stop", "seal"] {
        let calls = calls_of(verb);
        let (step, mut points) = (sized(91, 3), 0);
        // Nothing of ours has happened before the journal is opened.
        for first in (calls / 4..calls).step_by(step) {
            for second in (calls / 4 + first % step..calls).step_by(step) {
                let bench = Bench::new(verb);
                let kills = [first, second].map(|kill| bench.harmed(kill, Fault::Kill));
                for (at, traced) in [first, second].iter().zip(kills) {
                    // Killed; or done, or refused (5: it had ended), before it got so far.
                    let told =
                        format!("{verb} killed at {first} and {second}: exit {:?} at {at}", traced.code);
                    match traced.harmed {
                        Some(_) => assert_eq!(traced.code, None, "{told}"),
                        None => assert!(matches!(traced.code, Some(0 | 5)), "{told}"),
                    }
                }
                bench.judge(&format!("{verb} killed at {first} and {second}"));
                points += 1;
            }
        }
        println!("{verb}: {points} pairs");
    }
}

#[test]
fn an_error_while_stopping_or_sealing_loses_the_end_or_leaves_half_an_attestation() {
    for verb in ["stop", "seal"] {
        let calls = calls_of(verb);
        let mut points = 0;
        for (number, errno) in ERRORS.into_iter().enumerate() {
            // Before the journal is opened every error is the runtime's own affair.
            for at in (calls / 4 + number..calls).step_by(sized(53, 1)) {
                let bench = Bench::new(verb);
                let traced = bench.harmed(at, Fault::Error(errno));
                let told = format!("{verb}, error {errno} at call {at} (number {:?})", traced.harmed);
                // Never an accusation, never a verdict on what could not be read.
                assert!(!matches!(traced.code, Some(1 | 3 | 4)), "{told}: exit {:?}", traced.code);
                if traced.code == Some(0) && verb == "seal" {
                    assert!(bench.verifies(), "{told}: said to be done");
                }
                bench.judge(&told);
                points += 1;
            }
        }
        println!("{verb}: {points} points");
        assert!(points > 10, "only {points} points");
    }
}

/// At each look at a file, in the bounded form too: what cannot be looked at is not another file.
#[test]
fn a_file_that_cannot_be_looked_at_is_called_another() {
    for verb in ["stop", "seal"] {
        let (mut looks, mut call) = (Vec::new(), 0);
        let bench = Bench::new(verb);
        let traced = run_watched(&mut bench.command(), None, |pid| {
            let number = nix::sys::ptrace::getregs(pid).unwrap().orig_rax;
            if [nix::libc::SYS_fstat, nix::libc::SYS_newfstatat].contains(&number.cast_signed()) {
                looks.push(call);
            }
            call += 1;
        });
        assert_eq!(traced.code, Some(0));
        looks.retain(|at| *at > call / 4);
        for at in &looks {
            let bench = Bench::new(verb);
            let traced = bench.harmed(*at, Fault::Error(nix::libc::EIO));
            let told = format!("{verb}, the look at call {at}: exit {:?}", traced.code);
            assert!(!matches!(traced.code, Some(1 | 3 | 4)), "{told}");
            bench.judge(&told);
        }
        println!("{verb}: {} looks", looks.len());
        assert!(looks.len() > 5, "{} looks", looks.len());
    }
}

#[test]
fn a_limit_on_the_size_of_files_leaves_half_an_attestation() {
    for verb in ["stop", "seal"] {
        for blocks in (0..40).step_by(sized(4, 1)) {
            let bench = Bench::new(verb);
            let command = bench.world.attesh(&bench.words(verb));
            let ended = code(&mut limited(&command, blocks));
            assert!(matches!(ended, Some(0 | 5)), "{verb}, {blocks} blocks: {ended:?}");
            bench.judge(&format!("{verb}, {blocks} blocks"));
        }
    }
}
