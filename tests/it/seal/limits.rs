//! What is at a limit of a statement, and what is one beyond it.

use attesh::cause::Code;
use attesh::fact::{PROCESS, PROCESSES, PRODUCTS};
use attesh::journal::line;
use attesh::protocol::{Key, Verb};
use attesh::record::{Body, Evidence, Fact, INTEGER_MAX, Pause, Plan, Program};
use attesh::seal::form;
use attesh::seal::statement::{COMMANDS_MAX, Statement};
use attesh::verify;
use nix::sys::time::TimeValLike as _;

use crate::policy::judge::{Run, statement};
use crate::stage::signer::{self, Defect, Signer, Texts, close, finish, start};
use crate::stage::world::{Opened, World, code};
use crate::vectors::envelopes::{sign, taken};
use crate::verify::verdicts::{against_journal, drafted, fact};

fn is_taken(statement: &Statement) -> (bool, String) {
    let taken = taken(&sign(statement.to_json(), 7).to_json());
    // A sealer asks the same before it signs.
    assert_eq!(verify::objection(&statement.to_json()).is_none(), taken.0);
    taken
}

#[test]
fn more_commands_than_the_limit_stand_in_a_statement() {
    let of = |count: usize| statement(&[Run::of(&vec!["x"; count])]);
    assert_eq!(is_taken(&of(COMMANDS_MAX)).1, "10000 commands recorded, all succeeded");
    let (good, why) = is_taken(&of(COMMANDS_MAX + 1));
    assert_eq!(
        (good, &*why),
        (false, "a member of the statement does not have its form: commands is not at most 10000 commands")
    );
}

/// A session of so many commands, shells and facts.
pub fn long(commands: u64, shells: u64, facts: usize) -> Vec<u8> {
    let mut signer = Signer::begun(1);
    let shell = signer.open(Program::Bash, 0);
    for n in 1..=commands {
        let (body, texts) = start(shell, n, n, b"x");
        signer.push(body, &texts, Defect::None);
        signer.push(finish(shell, n, 0), &Texts::default(), Defect::None);
    }
    signer.close(shell, Some(commands));
    for _ in 1..shells {
        let shell = signer.open(Program::Bash, 0);
        let (body, texts) = close(shell, Some(0));
        signer.push(body, &texts, Defect::None);
    }
    for _ in 0..facts {
        let body = Body::Fact(Box::new(fact("https://example.org/git")));
        signer.push(body, &Texts::default(), Defect::None);
    }
    signer.push(signer::end(), &Texts::default(), Defect::None);
    signer.bytes
}

#[test]
fn a_long_session_is_sealed_and_not_taken() {
    for (commands, shells, facts) in [(10_000, 1, 0), (10_001, 1, 0), (1, 10_001, 0), (1, 1, 10_001)] {
        let told = format!("{commands} commands, {shells} shells, {facts} facts");
        let made = drafted(&long(commands, shells, facts), true).1;
        let predicate = &made.predicate;
        let (good, said) = is_taken(&made);
        assert!(good && said.ends_with(" recorded, all succeeded"), "{told}: {said}");
        assert_eq!(predicate.commands.is_some(), commands <= 10_000, "{told}");
        assert_eq!(predicate.session.shells.len() as u64, shells.min(10_000), "{told}");
        assert_eq!(predicate.facts.len(), facts.min(10_000), "{told}");
        assert_eq!(predicate.outcome.fact_count, facts as u64, "{told}");
        // Genesis, each open and close, the last record: the last one has the last place.
        assert_eq!(predicate.heads.len() as u64, (2 * shells + 2).min(10_000), "{told}");
        assert_eq!(predicate.outcome.command_count, commands, "{told}");
    }
}

#[test]
fn a_fact_that_must_be_understood_is_left_out_of_a_long_list() {
    let mut signer = Signer::begun(1);
    let plain = fact("https://example.org/git");
    for _ in 0..10_000 {
        signer.push(Body::Fact(Box::new(plain.clone())), &Texts::default(), Defect::None);
    }
    for kind in ["https://example.org/one", "https://example.org/two", "https://example.org/two"] {
        let must = Fact { must: true, ..fact(kind) };
        signer.push(Body::Fact(Box::new(must)), &Texts::default(), Defect::None);
    }
    signer.push(signer::end(), &Texts::default(), Defect::None);
    let made = drafted(&signer.bytes, true).1;
    let facts = &made.predicate.facts;
    let musts: Vec<&str> = facts.iter().filter(|one| one.must).map(|one| &*one.kind).collect();
    assert_eq!((facts.len(), musts), (10_000, vec!["https://example.org/one", "https://example.org/two"]));
    let taken = attesh::verify::objection(&made.to_json());
    assert_eq!(taken, None, "what is sealed is read");
}

/// A build starts any number of programs, and what the collectors see at its end stands behind them.
#[test]
fn many_starts_take_the_room_of_what_is_told_once() {
    let mut signer = Signer::begun(1);
    let mut push = |kind: &str, count: usize| {
        for _ in 0..count {
            signer.push(Body::Fact(Box::new(fact(kind))), &Texts::default(), Defect::None);
        }
    };
    push(PROCESS, 10_000);
    push(PROCESSES, 1);
    push(PROCESS, 5);
    push(PRODUCTS, 1);
    signer.push(signer::end(), &Texts::default(), Defect::None);
    let made = drafted(&signer.bytes, true).1;
    let facts = &made.predicate.facts;
    let (last, first) = facts.split_last_chunk::<2>().map(|(first, last)| (last, first)).unwrap();
    assert_eq!(last.each_ref().map(|fact| &*fact.kind), [PROCESSES, PRODUCTS]);
    assert!(first.iter().all(|fact| fact.kind == PROCESS) && first.len() == 9_998);
    assert!(first.windows(2).all(|pair| pair[0].record + 1 == pair[1].record), "without a gap");
    assert_eq!(against(&made, &signer.bytes), None);
    assert_eq!(attesh::verify::objection(&made.to_json()), None);
}

/// A plan of so many units, each a line of this length.
fn plan(signer: &mut Signer, shell: u64, units: u64, length: usize) {
    let script = format!("{}\n", "\u{1}".repeat(length)).repeat(usize::try_from(units).unwrap());
    let ranges: Vec<String> = (1..=units).map(|line| format!("{line}-{line}")).collect();
    let plan = Plan {
        shell,
        count: units,
        before: 0,
        evidence: Evidence::Reader,
        sha256: None,
        inherited: Vec::new(),
    };
    let ranges = ranges.join(",");
    let texts = [("name", &b"build.sh"[..]), ("ranges", ranges.as_bytes()), ("script", script.as_bytes())];
    let texts = Texts::of(&texts);
    signer.push(Body::Plan(plan), &texts, Defect::None);
}

/// Which plans have their units.
fn with_units(made: &Statement) -> Vec<bool> {
    made.predicate.plans.iter().map(|plan| plan.units.is_some()).collect()
}

/// What a verifier finds that holds the statement against the journal.
fn against(made: &Statement, journal: &[u8]) -> Option<Code> {
    against_journal(made.to_json(), journal).failure.map(|one| one.code)
}

/// Long commands, and plans whose units have no room: a letter takes six bytes in JSON.
#[test]
fn a_long_session_is_not_that_of_its_journal() {
    let mut signer = Signer::begun(1);
    let shell = signer.open(Program::Bash, 0);
    // 1.4 million letters spelled with six bytes each are more than 8 MiB; of the two plans the
    // first fits, and both do not.
    for n in 1..=4 {
        signer.start(shell, n, n, "\u{1}".repeat(360_000).as_bytes());
        signer.finish(shell, n, 0);
    }
    signer.close(shell, Some(4));
    for _ in 0..2 {
        let shell = signer.open(Program::Bash, 0);
        plan(&mut signer, shell, 1_000, 900);
        signer.close(shell, Some(0));
    }
    signer.end();
    let made = drafted(&signer.bytes, true).1;
    assert!(is_taken(&made).0);
    assert_eq!((made.predicate.commands.is_some(), with_units(&made)), (false, vec![true, false]));
    assert_eq!(against(&made, &signer.bytes), None);
    // The first script is redacted: that leaves room, and it is still the same journal.
    let lines = signer.lines();
    let without = |name: &str| {
        let quoted = format!("\"{name}\":[");
        let at = lines.iter().position(|line| String::from_utf8_lossy(line).contains(&quoted)).unwrap();
        let columns = line::split(&lines[at]).unwrap();
        let texts = Texts::read(columns.disclosures).redacted(name).column();
        let redacted = line::join(columns.core, &texts, &columns.auth);
        [lines[..at].concat(), redacted, lines[at + 1..].concat()].concat()
    };
    assert_eq!(with_units(&drafted(&without("script"), true).1), [false, true]);
    assert_eq!(against(&made, &without("script")), None);
    // A sealer who leaves the units out says less than the journal, whatever else was redacted.
    let mut less = made.clone();
    less.predicate.plans[0].units = None;
    for journal in [&signer.bytes, &without("command")] {
        assert_eq!(against(&less, journal), Some(Code::SealedStatement));
    }
}

#[test]
fn more_units_than_the_limit_stand_in_a_statement() {
    for (units, there) in
        [([10_000, 1], [true, false]), ([9_999, 1], [true, true]), ([10_001, 10_000], [false, true])]
    {
        let mut signer = Signer::begun(1);
        for count in units {
            let shell = signer.open(Program::Bash, 0);
            plan(&mut signer, shell, count, 1);
            signer.close(shell, Some(0));
        }
        signer.end();
        let made = drafted(&signer.bytes, true).1;
        assert_eq!(with_units(&made), there);
        assert!(is_taken(&made).0);
    }
}

/// A journal that keeps tens of thousands of commands open is sealed in the time of one that does not.
#[test]
fn what_never_ends_is_searched_again_and_again() {
    let mut signer = Signer::begun(1);
    let shell = signer.open(Program::Bash, 0);
    for n in 1..=20_000 {
        let (body, texts) = start(shell, n, n, b"x");
        signer.push(body, &texts, Defect::None);
        // It belongs to no shell, so nothing ever finishes it.
        let (body, texts) = start(1 << 40, n, n, b"x");
        signer.push(body, &texts, Defect::None);
    }
    signer.push(finish(shell, 20_000, 7), &Texts::default(), Defect::None);
    let cpu =
        || nix::sys::resource::getrusage(nix::sys::resource::UsageWho::RUSAGE_THREAD).unwrap().user_time();
    let before = cpu();
    let checked = crate::verify::rules::verify(&signer.bytes, None);
    let verified = cpu() - before;
    let before = cpu();
    let made = drafted(&signer.bytes, true).1;
    let drafted = cpu() - before;
    let outcome = &made.predicate.outcome;
    assert_eq!((outcome.command_count, outcome.failed_count, outcome.unobserved_count), (40_000, 1, 39_999));
    assert_eq!((outcome.exit_code, checked.story.commands), (Some(7), 40_000));
    let (most, had) = (verified.num_milliseconds() * 4 + 2_000, drafted.num_milliseconds());
    assert!(had < most, "{had} ms, where verifying takes {} ms", verified.num_milliseconds());
}

/// A command says what the shell's counter is; the seal of what it says is taken all the same.
/// What no record can hold is not taken from a hook.
#[test]
fn a_counter_that_cannot_be_makes_a_seal_that_is_refused() {
    let start = |world: &World, at: &Opened, native: u64| {
        let values = [Key::Number.is(1), Key::Native.is(native), Key::Source.is("none")];
        code(&mut world.call(Verb::Start, at, values))
    };
    for native in [INTEGER_MAX + 1, u64::MAX] {
        let world = World::new();
        let at = world.open(None);
        assert_eq!(start(&world, &at, native), Some(2), "{native}");
    }
    for native in [INTEGER_MAX - 7, INTEGER_MAX] {
        let world = World::new();
        let at = world.open(None);
        assert_eq!(start(&world, &at, native), Some(0), "{native}");
        assert_eq!(code(&mut world.finish(&at, 1, false)), Some(0));
        assert_eq!(code(&mut world.close(&at, 1, false)), Some(0));
        let folder = at.folder.to_str().unwrap();
        for words in [
            &["key", "generate", "-o", "k", "--no-passphrase"][..],
            &["seal", folder, "--key", "k", "-o", "a"],
        ] {
            assert_eq!(code(&mut world.attesh(words)), Some(0), "{words:?}");
        }
        let verify = ["verify", "a", "--trust", "k.pub", "--journal", folder];
        assert_eq!(code(&mut world.attesh(&verify)), Some(4), "{native}");
        let envelope = std::fs::read(world.home.path().join("a")).unwrap();
        let envelope = attesh::seal::envelope::Envelope::read(&envelope).unwrap();
        let said = form::read(envelope.unverified_payload()).unwrap();
        assert_eq!(said.predicate.outcome.lost_count, native - 1);
    }
}

/// Two shells whose counters together are more than a number can be, while recording is paused
/// and while it is not.
#[test]
fn more_commands_than_there_can_be_are_told_as_they_are() {
    for paused in [true, false] {
        let mut signer = Signer::begun(1);
        let shells = [signer.open(Program::Bash, 0), signer.open(Program::Bash, 0)];
        if paused {
            signer.push(Body::Pause(Pause { shell: None }), &Texts::default(), Defect::None);
        }
        for shell in shells {
            signer.close(shell, Some(INTEGER_MAX));
        }
        signer.end();
        let made = drafted(&signer.bytes, true).1;
        let outcome = &made.predicate.outcome;
        let told = if paused { outcome.paused_command_count } else { Some(outcome.lost_count) };
        assert_eq!(told, Some(INTEGER_MAX));
        assert!(is_taken(&made).0);
    }
}

/// What a sealer would sign must be what a verifier takes.
#[test]
fn a_payload_that_no_verifier_takes_is_not_objected_to() {
    let good = statement(&[Run::of(&["x"])]);
    assert_eq!(verify::objection(&good.to_json()), None);
    let mut bad = good.clone();
    bad.predicate.outcome.command_count = 2;
    let said = verify::objection(&bad.to_json()).unwrap();
    let why = "outcome.commandCount is not the number of the transcript's lines";
    assert_eq!((said.code, said.detail.as_str()), (Code::StatementCount, why));
    bad = good;
    bad.predicate.outcome.lost_count = INTEGER_MAX + 1;
    let said = verify::objection(&bad.to_json()).unwrap();
    let why = "outcome.lostCount is not an integer below 2^53";
    assert_eq!((said.code, said.detail.as_str()), (Code::StatementMember, why));
}
