//! Signals to `attesh sh`: the script gets them as bash alone would.

use std::io::{BufRead as _, BufReader};
use std::os::unix::fs::OpenOptionsExt as _;
use std::process::{Child, Stdio};

use nix::fcntl::OFlag;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use crate::run::script::Place;
use crate::stage::pty::ATTESH;

fn pid(child: &Child) -> Pid {
    Pid::from_raw(i32::try_from(child.id()).unwrap())
}

/// A script that tells of a signal by its status, and waits.
fn waiting(signal: Signal) -> Place {
    let name = signal.as_str().trim_start_matches("SIG");
    let turns = "for i in {1..100}; do sleep 0.1; done";
    Place::new(&format!("trap 'echo got > got; exit 5' {name}\necho ready > ready\n{turns}\nexit 9\n"))
}

/// Waits until a file of the script is there.
fn await_file(place: &Place, name: &str) {
    for _ in 0..500 {
        if place.folder.path().join(name).exists() {
            return;
        }
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
    panic!("the script made no file {name}");
}

#[test]
fn a_signal_to_the_recorder_does_not_reach_the_script() {
    for evidence in ["reader", "traps"] {
        for signal in [
            Signal::SIGPIPE,
            Signal::SIGSEGV,
            Signal::SIGBUS,
            Signal::SIGILL,
            Signal::SIGFPE,
            Signal::SIGSYS,
            Signal::SIGPWR,
            Signal::SIGSTKFLT,
            Signal::SIGTERM,
        ] {
            let place = waiting(signal);
            let mut command = place.command(ATTESH, &["sh", "script.sh"]);
            let mut child = command.env("ATTESH_EVIDENCE", evidence).spawn().unwrap();
            await_file(&place, "ready");
            kill(pid(&child), signal).unwrap();
            assert_eq!(child.wait().unwrap().code(), Some(5), "{evidence} {signal}");
        }
    }
}

#[test]
fn a_broken_pipe_of_the_recorder_ends_the_script() {
    // What attesh says of a script without a plan goes to a pipe that nobody reads.
    let place = Place::new(&format!("sleep 0.2\nexit 3\n#{}\n", "x".repeat(1 << 20)));
    let mut command = place.command(ATTESH, &["sh", "script.sh"]);
    let mut child = command.stderr(broken()).spawn().unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(3));
}

fn broken() -> Stdio {
    let (read, write) = nix::unistd::pipe2(OFlag::O_CLOEXEC).unwrap();
    drop(read);
    write.into()
}

#[test]
fn a_hangup_of_the_terminal_does_not_reach_the_script() {
    for program in [&["bash", "script.sh"][..], &[ATTESH, "sh", "script.sh"]] {
        let place = waiting(Signal::SIGHUP);
        // No other test's child may keep it open.
        let flags = OFlag::O_RDWR | OFlag::O_NOCTTY | OFlag::O_CLOEXEC;
        let master = nix::pty::posix_openpt(flags).unwrap();
        nix::pty::grantpt(&master).unwrap();
        nix::pty::unlockpt(&master).unwrap();
        let name = nix::pty::ptsname_r(&master).unwrap();
        let mut options = std::fs::OpenOptions::new();
        options.read(true).write(true).custom_flags(OFlag::O_NOCTTY.bits());
        let slave = options.open(name).unwrap();
        let mut command = place.command("setsid", &[&["--ctty"], program].concat());
        command.stdin(slave.try_clone().unwrap()).stdout(slave).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        drop(command);
        await_file(&place, "ready");
        drop(master);
        await_file(&place, "got");
        let code = child.wait().unwrap().code();
        let said: Vec<String> = BufReader::new(child.stderr.unwrap()).lines().map_while(Result::ok).collect();
        assert_eq!(code, Some(5), "{program:?}: {said:?}");
    }
}
