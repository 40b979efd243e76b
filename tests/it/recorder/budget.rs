//! What a call of the recorder costs, in system calls and in bytes.
//!
//! The numbers are upper limits; to raise one is a decision. One of them is the look at standard
//! output before main, which the commands need and which cannot tell yet that it is the recorder.

use attesh::protocol::{Key, Verb};

use crate::stage::fault::run;
use crate::stage::world::{World, code};

/// System calls of a start, from exec to exit, in the development build. One looks for what is masked
/// in this session beyond the built-in rules; one hides the process.
const START_CALLS: usize = 62;
/// System calls of a finish.
const FINISH_CALLS: usize = 59;

#[test]
fn a_call_of_the_recorder_costs_more_than_its_budget() {
    let world = World::new();
    let at = world.open(None);
    for n in 1..=3 {
        let start = run(&mut world.start(&at, n, false), None);
        let finish = run(&mut world.finish(&at, n, false), None);
        assert_eq!((start.code, finish.code), (Some(0), Some(0)));
        println!("start {}, finish {}", start.calls, finish.calls);
        assert!(start.calls <= START_CALLS, "start: {} system calls", start.calls);
        assert!(finish.calls <= FINISH_CALLS, "finish: {} system calls", finish.calls);
    }
    // The cost does not grow with the journal.
    for n in 4..40 {
        assert_eq!(code(&mut world.start(&at, n, false)), Some(0));
        assert_eq!(code(&mut world.finish(&at, n, false)), Some(0));
    }
    let late = run(&mut world.start(&at, 40, false), None);
    assert!(late.calls <= START_CALLS, "late start: {} system calls", late.calls);
}

#[test]
fn a_short_command_takes_more_than_a_kibibyte() {
    let world = World::new();
    let at = world.open(None);
    let text = world.home.path().join("text");
    attesh::files::publish(&text, b"make -j4 test\n", 0o600, attesh::files::Overwrite::No).unwrap();
    let before = at.bytes().len();
    let values = [Key::Number.is(1), Key::Native.is(1), Key::Source.is("typed"), Key::Previous.is(0)];
    let mut start = world.call(Verb::Start, &at, values);
    start.stdin(std::fs::File::open(&text).unwrap()).current_dir(world.home.path());
    assert_eq!(code(&mut start), Some(0));
    assert_eq!(code(&mut world.finish(&at, 1, false)), Some(0));
    let bytes = at.bytes().len() - before;
    println!("{bytes} bytes");
    assert!((500..=1024).contains(&bytes), "{bytes} bytes");
}
