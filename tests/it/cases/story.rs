//! Cases of the shells' stories: complete ones, and every way to be incomplete.

use super::{Cases, Expect};
use crate::stage::signer::{Defect, Signer, Texts, close, finish, start, swap};
use attesh::record::{
    Body, Close, CloseReason, Evidence, Finish, From, INTEGER_MAX, Note, NoteWhat, Pause, Plan, Program,
    Recovered, Resume, Start, TextSource, Unseen,
};

pub fn add(cases: &mut Cases) {
    lifecycle(cases);
    numbers(cases);
    natives(cases);
    other_shells(cases);
    statuses(cases);
    pauses(cases);
    clocks(cases);
    notes(cases);
    scripts(cases);
}

/// The shell of a script that somebody else closed, or that was lost from sight.
fn scripts(cases: &mut Cases) {
    for why in CloseReason::ALL {
        let mut signer = Signer::base();
        let plan = Plan {
            shell: 1,
            count: 2,
            before: 0,
            evidence: Evidence::Reader,
            sha256: None,
            inherited: Vec::new(),
        };
        let texts = Texts::of(&[("name", b"build.sh"), ("ranges", b"1-1,2-2"), ("script", b"true\nfalse\n")]);
        signer.push(Body::Plan(plan), &texts, Defect::None);
        signer.command(1, 1);
        let (Body::Close(closed), texts) = close(1, None) else { unreachable!() };
        signer.push(Body::Close(Close { why: *why, ..closed }), &texts, Defect::None);
        signer.end();
        let own = ["exit", "eof", "signal"].contains(&why.name());
        let expect = if own { Expect::Complete(&[]) } else { Expect::Incomplete(&["cut-short"]) };
        cases.add(&format!("script-closed-{}", why.name()), signer.bytes, expect);
    }
    let mut signer = Signer::base();
    signer.command(1, 1);
    let (Body::Close(closed), texts) = close(1, None) else { unreachable!() };
    signer.push(Body::Close(Close { why: CloseReason::Stopped, ..closed }), &texts, Defect::None);
    signer.end();
    cases.add("typed-closed-stopped", signer.bytes, Expect::Complete(&[]));
}

/// Closes shell 1 and ends.
fn ended(mut signer: Signer, native: Option<u64>) -> Vec<u8> {
    signer.close(1, native);
    signer.end();
    signer.bytes
}

fn lifecycle(cases: &mut Cases) {
    let mut signer = Signer::begun(1);
    cases.add("genesis-alone", signer.bytes.clone(), Expect::Incomplete(&["no-end"]));
    signer.end();
    cases.add("genesis-and-end", signer.bytes, Expect::Complete(&[]));
    let signer = Signer::base();
    cases.add("shell-alone", signer.bytes, Expect::Incomplete(&["no-end", "open-shell"]));
    let mut signer = Signer::base();
    signer.command(1, 1);
    let mut open = signer.clone();
    open.end();
    cases.add("shell-never-closed", open.bytes, Expect::Incomplete(&["open-shell"]));
    let mut running = signer.clone();
    running.start(1, 2, 2, b"sleep 9");
    let mut cut = running.clone();
    cases.add(
        "killed-in-command",
        cut.bytes.clone(),
        Expect::Incomplete(&["no-end", "unfinished", "open-shell"]),
    );
    cut.end();
    cases.add("ended-in-command", cut.bytes, Expect::Incomplete(&["unfinished", "open-shell"]));
    cases.add("closed-in-command", ended(running.clone(), Some(2)), Expect::Incomplete(&["unfinished"]));
    running.start(1, 3, 3, b"true");
    running.finish(1, 3, 0);
    cases.add("finish-missing", ended(running, Some(3)), Expect::Incomplete(&["unfinished"]));
    let mut signer = Signer::base();
    signer.close(7, None);
    cases.add("close-of-unknown-shell", ended(signer, Some(0)), Expect::Incomplete(&["unknown-shell"]));
    let mut signer = Signer::base();
    signer.close(1, Some(0));
    signer.close(1, Some(0));
    signer.end();
    cases.add("shell-closed-twice", signer.bytes, Expect::Incomplete(&["unknown-shell"]));
    let mut signer = Signer::base();
    signer.start(3, 1, 1, b"true");
    cases.add("start-of-unknown-shell", ended(signer, Some(0)), Expect::Incomplete(&["unknown-shell"]));
    let mut signer = Signer::base();
    let second = signer.open(Program::Zsh, 4);
    signer.start(1, 1, 1, b"true");
    signer.start(second, 1, 5, b"true");
    signer.finish(1, 1, 0);
    signer.finish(second, 1, 1);
    signer.close(second, None);
    cases.add("two-shells", ended(signer, Some(1)), Expect::Complete(&[]));
}

fn numbers(cases: &mut Cases) {
    let with = |n, native, finished| {
        let mut signer = Signer::base();
        signer.command(1, 1);
        signer.start(1, n, native, b"true");
        signer.finish(1, finished, 0);
        ended(signer, Some(native))
    };
    cases.add("number-skipped", with(3, 2, 3), Expect::Incomplete(&["gap"]));
    cases.add("number-used-twice", with(1, 2, 1), Expect::Incomplete(&["counter"]));
    cases.add("number-zero", with(0, 2, 0), Expect::Incomplete(&["counter"]));
    let largest = with(INTEGER_MAX, 2, INTEGER_MAX);
    cases.add("number-largest", largest, Expect::Incomplete(&["gap"]));
    let mut signer = Signer::base();
    for n in [INTEGER_MAX, 1] {
        signer.command(1, n);
    }
    cases.add("numbers-overflow", ended(signer, Some(1)), Expect::Incomplete(&["gap", "counter", "counter"]));
    cases.add(
        "finish-of-another-number",
        with(2, 2, 3),
        Expect::Incomplete(&["finish-without-start", "unfinished"]),
    );
    let mut signer = Signer::base();
    signer.command(1, 1);
    signer.finish(1, 1, 0);
    cases.add("finish-twice", ended(signer, Some(1)), Expect::Incomplete(&["finish-without-start"]));
    let mut signer = Signer::base();
    signer.finish(1, 1, 0);
    cases.add("finish-without-start", ended(signer, Some(0)), Expect::Incomplete(&["finish-without-start"]));
}

fn natives(cases: &mut Cases) {
    let with = |native, at_close| {
        let mut signer = Signer::base();
        signer.start(1, 1, native, b"true");
        signer.finish(1, 1, 0);
        ended(signer, at_close)
    };
    cases.add("bash-counter-jumps", with(3, Some(3)), Expect::Incomplete(&["gap"]));
    cases.add("bash-counter-goes-back", with(0, Some(0)), Expect::Incomplete(&["counter"]));
    cases.add("bash-counter-jumps-before-close", with(1, Some(2)), Expect::Incomplete(&["gap"]));
    cases.add("bash-counter-largest", with(INTEGER_MAX, None), Expect::Incomplete(&["gap"]));
    // The sums of two such journals go past 64 bits.
    let mut signer = Signer::base();
    signer.start(1, 1, INTEGER_MAX, b"true");
    signer.finish(1, 1, 0);
    signer.start(1, 2, INTEGER_MAX, b"true");
    signer.finish(1, 2, 0);
    signer.start(1, 3, 1, b"true");
    signer.finish(1, 3, 0);
    let codes = &["gap", "counter", "counter", "gap"];
    cases.add("bash-counters-overflow", ended(signer, Some(INTEGER_MAX)), Expect::Incomplete(codes));
    let again = |status| {
        let mut signer = Signer::base();
        signer.start(1, 1, 1, b"sleep 9");
        signer.finish(1, 1, status);
        signer.start(1, 2, 1, b"true");
        signer.finish(1, 2, 0);
        ended(signer, Some(1))
    };
    cases.add("bash-number-again-after-interrupt", again(130), Expect::Complete(&[]));
    cases.add("bash-number-again", again(0), Expect::Incomplete(&["counter"]));
}

fn skipping(signer: &mut Signer, shell: u64, n: u64, native: u64, skip: u64) {
    let (Body::Start(body), texts) = start(shell, n, native, b"true") else { unreachable!() };
    signer.push(Body::Start(Start { skip, ..body }), &texts, Defect::None);
    signer.finish(shell, n, 0);
}

fn other_shells(cases: &mut Cases) {
    let with = |program, native, skip| {
        let mut signer = Signer::begun(1);
        signer.open(program, 4);
        skipping(&mut signer, 1, 1, native, skip);
        ended(signer, None)
    };
    cases.add("zsh-blank-lines", with(Program::Zsh, 7, 2), Expect::Complete(&[]));
    cases.add("zsh-line-missing", with(Program::Zsh, 7, 1), Expect::Incomplete(&["gap"]));
    cases.add("zsh-skips-more-than-moved", with(Program::Zsh, 7, 3), Expect::Incomplete(&["counter"]));
    cases.add("zsh-skip-largest", with(Program::Zsh, 7, INTEGER_MAX), Expect::Incomplete(&["counter"]));
    cases.add("fish-generation-stays", with(Program::Fish, 4, 0), Expect::Complete(&[]));
    cases.add("fish-generation-moves", with(Program::Fish, 6, 0), Expect::Incomplete(&["gap"]));
    cases.add("fish-generation-goes-back", with(Program::Fish, 3, 0), Expect::Incomplete(&["counter"]));
    cases.add("fish-skips", with(Program::Fish, 6, 2), Expect::Complete(&[]));
    cases.add("fish-skips-less-than-moved", with(Program::Fish, 7, 2), Expect::Incomplete(&["gap"]));
    cases.add("fish-skips-more-than-moved", with(Program::Fish, 4, 1), Expect::Incomplete(&["counter"]));
    let closed = |program, native, close| {
        let mut signer = Signer::begun(1);
        signer.open(program, 4);
        skipping(&mut signer, 1, 1, native, 0);
        ended(signer, Some(close))
    };
    cases.add("zsh-close-agrees", closed(Program::Zsh, 5, 5), Expect::Complete(&[]));
    cases.add("zsh-close-shows-unseen-commands", closed(Program::Zsh, 5, 7), Expect::Incomplete(&["gap"]));
    cases.add("sh-blank-lines", with(Program::Sh, 7, 2), Expect::Complete(&[]));
    cases.add("sh-line-missing", with(Program::Sh, 7, 1), Expect::Incomplete(&["gap"]));
    let mut signer = Signer::begun(1);
    signer.open(Program::Fish, 4);
    signer.start(1, 1, 4, b"true");
    let Body::Finish(body) = finish(1, 1, 0) else { unreachable!() };
    signer.push(Body::Finish(Finish { native: Some(5), ..body }), &Texts::default(), Defect::None);
    signer.start(1, 2, 5, b"set x 1");
    let Body::Finish(body) = finish(1, 2, 0) else { unreachable!() };
    let stale = Finish { status: None, stale: true, native: Some(5), ..body };
    signer.push(Body::Finish(stale), &Texts::default(), Defect::None);
    cases.add("fish-generation-of-finish-counts", ended(signer.clone(), Some(5)), Expect::Complete(&[]));
    cases.add("fish-close-shows-unseen-commands", ended(signer, Some(9)), Expect::Incomplete(&["gap"]));
}

fn statuses(cases: &mut Cases) {
    let with = |from, outcome| {
        let mut signer = Signer::base();
        signer.start(1, 1, 1, b"attesh seal");
        let body = Finish {
            shell: 1,
            n: 1,
            status: None,
            pipe_status: None,
            from,
            stale: false,
            outcome,
            native: None,
            shell_duration_us: None,
        };
        signer.push(Body::Finish(body), &Texts::default(), Defect::None);
        ended(signer, Some(1))
    };
    cases.add("status-not-observed", with(From::Unknown, None), Expect::Incomplete(&["unobserved"]));
    cases.add("sealing", with(From::Unknown, Some(Unseen::Sealing)), Expect::Complete(&[]));
    cases.add("stopping", with(From::Unknown, Some(Unseen::Stopping)), Expect::Complete(&[]));
    cases.add("replaced", with(From::Unknown, Some(Unseen::Replaced)), Expect::Complete(&["replaced"]));
    let mut signer = Signer::base();
    signer.start(1, 1, 1, b"false | true");
    let Body::Finish(body) = finish(1, 1, 0) else { unreachable!() };
    let pipe = Finish { pipe_status: Some(vec![1, 0]), shell_duration_us: Some(7), ..body };
    signer.push(Body::Finish(pipe), &Texts::default(), Defect::None);
    cases.add("pipe-statuses", ended(signer, Some(1)), Expect::Complete(&[]));
    let mut signer = Signer::base();
    signer.start(1, 1, 1, b"set x 1");
    let Body::Finish(body) = finish(1, 1, 0) else { unreachable!() };
    let stale = Finish { status: None, stale: true, ..body };
    signer.push(Body::Finish(stale), &Texts::default(), Defect::None);
    cases.add("status-not-set", ended(signer, Some(1)), Expect::Complete(&[]));
    let mut signer = Signer::base();
    let (Body::Start(body), texts) = start(1, 1, 1, b"x") else { unreachable!() };
    let body = Start { text_source: TextSource::Withheld, prev_status: Some(255), ..body };
    signer.push(Body::Start(body), &texts.without("command"), Defect::None);
    signer.finish(1, 1, 0);
    cases.add("withheld", ended(signer, Some(1)), Expect::Complete(&[]));
}

fn pauses(cases: &mut Cases) {
    let plain = |signer: &mut Signer, body| signer.push(body, &Texts::default(), Defect::None);
    let pause = |shell| Body::Pause(Pause { shell });
    let resume = |shell, by| Body::Resume(Resume { shell, by });
    // pause and resume are typed: the pausing line is recorded, the resuming one is not.
    let paused = |all: bool, resumed: bool, native: u64| {
        let shell = (!all).then_some(1);
        let mut signer = Signer::base();
        signer.start(1, 1, 1, b"attesh pause");
        plain(&mut signer, pause(shell));
        signer.finish(1, 1, 0);
        if resumed {
            plain(&mut signer, resume(shell, Some(1)));
        }
        signer.start(1, 2, native, b"true");
        signer.finish(1, 2, 0);
        ended(signer, Some(native))
    };
    let both = &["pause", "resume"];
    cases.add("pause-of-shell", paused(false, true, 6), Expect::Complete(both));
    cases.add("pause-of-all", paused(true, true, 6), Expect::Complete(both));
    cases.add("pause-of-nothing", paused(false, true, 2), Expect::Complete(both));
    let mut signer = Signer::base();
    let reason = |text: &[u8]| Texts::of(&[("reason", text)]);
    signer.push(Body::Pause(Pause { shell: Some(1) }), &reason(b"lunch"), Defect::None);
    signer.push(Body::Resume(Resume { shell: Some(1), by: None }), &reason(b"done"), Defect::None);
    cases.add("pause-and-resume-with-reasons", ended(signer, Some(0)), Expect::Complete(both));
    cases.add("pause-to-the-end", paused(false, false, 2), Expect::Complete(&["pause"]));
    let mut signer = Signer::base();
    plain(&mut signer, pause(Some(1)));
    cases.add("pause-until-close", ended(signer, Some(5)), Expect::Complete(&["pause"]));
    let mut signer = Signer::base();
    plain(&mut signer, pause(Some(1)));
    cases.add("pause-until-seal", ended(signer, None), Expect::Complete(&["pause"]));
    let mut signer = Signer::base();
    plain(&mut signer, pause(Some(9)));
    cases.add("pause-of-another-shell", ended(signer, Some(5)), Expect::Incomplete(&["pause", "gap"]));
    let mut signer = Signer::base();
    plain(&mut signer, pause(Some(1)));
    plain(&mut signer, resume(Some(1), None));
    signer.start(1, 1, 1, b"true");
    signer.finish(1, 1, 0);
    signer.start(1, 2, 5, b"true");
    signer.finish(1, 2, 0);
    cases.add("gap-after-pause", ended(signer, Some(5)), Expect::Incomplete(&["pause", "resume", "gap"]));
}

fn clocks(cases: &mut Cases) {
    let with = |realtime: i64, boottime: i64| {
        let mut signer = Signer::base();
        signer.now.realtime_ns = signer.now.realtime_ns.checked_add_signed(realtime).unwrap();
        signer.now.boottime_ns = signer.now.boottime_ns.checked_add_signed(boottime).unwrap();
        signer.command(1, 1);
        ended(signer, Some(1))
    };
    cases.add("clock-set-forward", with(3_600_000_000_000, 0), Expect::Complete(&["clock"]));
    cases.add("clock-set-back", with(-3_600_000_000_000, 0), Expect::Complete(&["clock"]));
    cases.add(
        "clock-slewed",
        with(3_600_000_000_000 + 1_000_000_000, 3_600_000_000_000),
        Expect::Complete(&[]),
    );
    cases.add("boottime-goes-back", with(0, -1_000_000_000), Expect::Complete(&["clock"]));
    let zero = |name| if name == "realtimeNs" { "0" } else { "18446744073709551615" };
    let mut signer = Signer::base();
    let (body, texts) = start(1, 1, 1, b"true");
    let edit = |core: Vec<u8>| {
        let core = swap(
            "\"realtimeNs\":\"1763812800002000000\"",
            &format!("\"realtimeNs\":\"{}\"", zero("realtimeNs")),
        )(core);
        swap("\"boottimeNs\":\"5002000000\"", &format!("\"boottimeNs\":\"{}\"", zero("")))(core)
    };
    signer.push(body, &texts, Defect::Core(&edit));
    signer.finish(1, 1, 0);
    cases.add("clock-extremes", ended(signer, Some(1)), Expect::Complete(&["clock", "clock", "clock"]));
}

fn notes(cases: &mut Cases) {
    let mut signer = Signer::base();
    signer.recovered = Some(Recovered { adopted: 1, cut_bytes: 0 });
    signer.command(1, 1);
    signer.recovered = Some(Recovered { adopted: 0, cut_bytes: 512 });
    cases.add("recovered-twice", ended(signer, Some(1)), Expect::Complete(&["recovered", "recovered"]));
    let mut signer = Signer::base();
    for what in NoteWhat::ALL.iter().filter(|what| **what != NoteWhat::Unannounced) {
        let note = Note { shell: Some(1), what: *what, status: None, native: None };
        signer.push(Body::Note(note), &Texts::default(), Defect::None);
    }
    let codes = &["hook-repaired", "reported-gap", "configuration"];
    cases.add("every-note", ended(signer, Some(0)), Expect::Complete(codes));
    let mut signer = Signer::base();
    let note = Note { shell: Some(1), what: NoteWhat::Unannounced, status: None, native: Some(0) };
    signer.push(Body::Note(note), &Texts::default(), Defect::None);
    cases.add("unannounced", ended(signer, Some(0)), Expect::Incomplete(&["unannounced"]));
    let mut signer = Signer::base();
    let (body, texts) = close(1, Some(0));
    signer.push(body, &texts, Defect::Core(&swap("\"status\":0", "\"status\":null")));
    signer.end();
    cases.add("close-without-status", signer.bytes, Expect::Complete(&[]));
}
