//! SIGKILL at every system call of the recorder.
//!
//! Every killed call is repeated as the hook repeats it. At the end the journal itself is
//! the witness: it is complete, so each command has one start and one finish, in order,
//! with no number missing or used twice.

use attesh::protocol::{Key, Verb};

use crate::stage::fault::{Fault, run};
use crate::stage::random::Random;
use crate::stage::world::{Opened, World, a_bash, code, sized};
use crate::verify::rules::codes;

/// How many points one session takes before the next begins: a recovery reads it all.
const POINTS_A_SESSION: u64 = 200;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Call {
    Start,
    Finish,
}

/// A session in which calls are killed.
struct Bench {
    world: World,
    at: Opened,
    n: u64,
    points: u64,
}

impl Bench {
    fn new() -> Self {
        let world = World::new();
        let at = world.open(None);
        Bench { world, at, n: 0, points: 0 }
    }

    fn command(&self, call: Call, again: bool) -> std::process::Command {
        match call {
            Call::Start => self.world.start(&self.at, self.n, again),
            Call::Finish => self.world.finish(&self.at, self.n, again),
        }
    }

    /// One command, whose start or finish is killed at these calls, one attempt after the
    /// other. False when the last of them was past the end of its attempt.
    fn point(&mut self, victim: Call, kills: &[usize]) -> bool {
        self.n += 1;
        self.points += 1;
        let mut reached = true;
        for call in [Call::Start, Call::Finish] {
            let mut again = false;
            for kill in kills.iter().filter(|_| call == victim) {
                let traced = run(&mut self.command(call, again), Some((*kill, Fault::Kill)));
                assert!(matches!(traced.code, None | Some(0)), "{victim:?} {kills:?}: {:?}", traced.code);
                reached = traced.code.is_none();
                again = true;
            }
            assert_eq!(code(&mut self.command(call, again)), Some(0), "{victim:?} killed at {kills:?}");
        }
        if self.points == POINTS_A_SESSION {
            std::mem::replace(self, Bench::new()).finish();
        }
        reached
    }

    /// Closes and judges; how many repairs the journal names.
    fn finish(self) -> usize {
        assert_eq!(code(&mut self.world.close(&self.at, self.n, false)), Some(0));
        let checked = self.at.check();
        let (repairs, odd): (Vec<_>, Vec<_>) =
            codes(&checked).into_iter().partition(|code| *code == "recovered");
        assert_eq!((&checked.rejection, odd), (&None, vec![]));
        assert!(checked.story.is_complete());
        assert_eq!(checked.story.commands, self.n);
        repairs.len()
    }
}

fn calls_of(victim: Call) -> usize {
    let mut bench = Bench::new();
    bench.n = 1;
    if victim == Call::Finish {
        assert_eq!(code(&mut bench.command(Call::Start, false)), Some(0));
    }
    let calls = run(&mut bench.command(victim, false), None).calls;
    println!("{victim:?}: {calls} system calls");
    calls
}

#[test]
fn a_single_kill_loses_doubles_or_accuses() {
    for victim in [Call::Start, Call::Finish] {
        let mut bench = Bench::new();
        let mut kill = 0;
        while bench.point(victim, &[kill]) {
            kill += 1;
        }
        assert!(kill > 20, "only {kill} points");
        // Between the line and the slot there is at least one call.
        assert!(bench.finish() > 0, "no kill left a line to take over");
    }
}

#[test]
fn a_second_kill_while_recovering_loses_doubles_or_accuses() {
    // Every first kill with every second one; the default form takes a third of them.
    let step = sized(3, 1);
    for victim in [Call::Start, Call::Finish] {
        let calls = calls_of(victim);
        let mut bench = Bench::new();
        let mut points = 0;
        // Nothing of ours has happened before the journal is opened.
        for first in (calls / 3)..calls {
            let mut second = first % step + calls / 3;
            while bench.point(victim, &[first, second]) {
                second += step;
                points += 1;
            }
        }
        bench.finish();
        println!("{victim:?}: {points} pairs");
    }
}

#[test]
fn three_kills_in_a_row_lose_double_or_accuse() {
    let (mut random, total) = (Random::new(1), sized(150, 100_000));
    let calls = [calls_of(Call::Start), calls_of(Call::Finish)];
    let mut bench = Bench::new();
    for at in 0..total {
        let (victim, calls) = if at % 2 == 0 { (Call::Start, calls[0]) } else { (Call::Finish, calls[1]) };
        // Recovery makes an attempt longer than an undisturbed one.
        let mut draw = || calls / 3 + random.below(calls * 2 / 3 + 10);
        let kills = [draw(), draw(), draw()];
        bench.point(victim, &kills);
    }
    bench.finish();
}

#[test]
fn a_repeat_writes_the_line_again() {
    let bench = Bench { n: 1, ..Bench::new() };
    for call in [Call::Start, Call::Finish] {
        assert_eq!(code(&mut bench.command(call, false)), Some(0));
        // Another shell may write more than one window in between.
        assert_eq!(code(&mut bench.command(call, true)), Some(0));
    }
    assert_eq!(bench.at.check().size, 4);
    bench.finish();
}

#[test]
fn a_repeat_after_long_texts_of_other_shells_is_written_twice() {
    let world = World::new();
    let one = world.open(None);
    assert_eq!(code(&mut world.start(&one, 1, false)), Some(0));
    let mut sleeper = std::process::Command::new("sleep").arg("60").spawn().unwrap();
    let exported = Key::Exported.is(one.folder.display());
    let mut open = world.ask(Verb::Open, a_bash(sleeper.id()).into_iter().chain([exported]));
    let two = Opened::parse(&open.stdout(std::process::Stdio::piped()).output().unwrap().stdout);
    let text = world.home.path().join("text");
    attesh::files::publish(&text, &vec![b'x'; 900_000], 0o600, attesh::files::Overwrite::No).unwrap();
    let long = [Key::Number.is(1), Key::Native.is(1), Key::Source.is("typed")];
    let mut long = world.call(Verb::Start, &two, long);
    assert_eq!(code(long.stdin(std::fs::File::open(&text).unwrap())), Some(0));
    let before = one.check().size;
    assert_eq!(code(&mut world.start(&one, 1, true)), Some(0));
    assert_eq!(one.check().size, before);
    sleeper.kill().unwrap();
    sleeper.wait().unwrap();
}

#[test]
fn a_kill_while_closing_leaves_a_session_without_end() {
    let mut kill = 0;
    loop {
        let (world, at) = World::after(1);
        let traced = run(&mut world.close(&at, 1, false), Some((kill, Fault::Kill)));
        // The end may be written and not acknowledged: then the session is over.
        let again = code(&mut world.close(&at, 1, true));
        assert!(matches!(again, Some(0 | 3)), "killed at {kill}: {again:?}");
        let checked = at.check();
        assert!(
            checked.rejection.is_none() && checked.story.is_complete(),
            "{kill}: {:?}",
            checked.story.findings
        );
        if traced.code == Some(0) {
            break;
        }
        kill += sized(2, 1);
    }
    assert!(kill > 30, "only {kill} points");
}

#[test]
fn a_kill_while_opening_leaves_a_session_nobody_can_join() {
    let mut kill = 0;
    let world = World::new();
    let at = world.open(None);
    loop {
        let traced = run(&mut world.opening(Some(&at.folder)), Some((kill, Fault::Kill)));
        if traced.code == Some(0) {
            break;
        }
        let again = world.open(Some(&at.folder));
        assert_eq!(again.folder, at.folder, "killed at {kill}");
        kill += sized(3, 1);
    }
    let last = world.open(Some(&at.folder));
    assert_eq!(code(&mut world.close(&last, 0, false)), Some(0));
    let checked = at.check();
    assert!(checked.rejection.is_none() && checked.story.is_complete(), "{:?}", checked.story.findings);
}

#[test]
fn a_kill_while_a_session_is_born_blocks_the_next() {
    let world = World::new();
    // The first one makes the origin secret; what comes after it differs.
    let mut kill = 0;
    let step = sized(7, 1);
    loop {
        let traced = run(&mut world.opening(None), Some((kill, Fault::Kill)));
        if traced.code == Some(0) {
            break;
        }
        let at = world.open(None);
        assert_eq!(at.shell, "1", "killed at {kill}");
        assert!(at.check().rejection.is_none());
        kill += step;
    }
    assert!(kill > 40, "only {kill} points");
}
