//! What stands at a limit of a statement, and what is one beyond it.

use attesh::journal::check::Knowledge;
use attesh::record::{Body, Collect, Program};
use attesh::seal::draft::Draft;
use attesh::seal::statement::{COMMANDS_MAX, INTEGER_MAX, Statement};
use attesh::verify;

use crate::policy::{Run, statement};
use crate::signer::{self, Defect, Signer, Texts, close, finish, start};
use crate::vectors::envelopes::{sign, taken};
use crate::world::{World, code};

fn drafted(journal: &[u8]) -> Statement {
    let draft = Draft::gather(journal, Knowledge::default()).unwrap_or_else(|error| panic!("{error:?}"));
    draft.statement(journal, &mut std::io::sink(), &[], 1_763_812_900_000_000_000, true).unwrap()
}

fn is_taken(statement: &Statement) -> (bool, String) {
    let taken = taken(&sign(statement.to_json(), 7).to_json());
    // A sealer asks the same before it signs.
    assert_eq!(verify::objection(&statement.to_json()).is_none(), taken.0);
    taken
}

#[test]
fn more_commands_than_the_limit_stand_in_a_statement() {
    let of = |count: usize| {
        let mut made = statement(&[Run::of(&vec!["x"; count])]);
        made.predicate.journal.size = 30_000;
        made
    };
    assert_eq!(is_taken(&of(COMMANDS_MAX)).1, "10000 commands recorded, all succeeded");
    let (good, why) = is_taken(&of(COMMANDS_MAX + 1));
    assert_eq!(
        (good, &*why),
        (false, "the payload is not well formed: commands is not at most 10000 commands")
    );
}

/// A session of so many commands and so many shells.
fn long(commands: u64, shells: u64, collected: usize) -> Vec<u8> {
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
    for _ in 0..collected {
        let body =
            Collect { collector: "https://example.org/git".into(), at: "start".into(), ok: true, data: None };
        signer.push(Body::Collect(body), &Texts::default(), Defect::None);
    }
    signer.push(signer::end(), &Texts::default(), Defect::None);
    signer.bytes
}

#[test]
fn a_long_session_is_sealed_and_not_taken() {
    for (commands, shells, collected) in [(10_000, 1, 0), (10_001, 1, 0), (1, 10_001, 0), (1, 1, 10_001)] {
        let told = format!("{commands} commands, {shells} shells, {collected} collected");
        let made = drafted(&long(commands, shells, collected));
        let predicate = &made.predicate;
        let (good, said) = is_taken(&made);
        assert!(good && said.ends_with(" recorded, all succeeded"), "{told}: {said}");
        assert_eq!(predicate.commands.is_some(), commands <= 10_000, "{told}");
        assert_eq!(predicate.session.shells.len() as u64, shells.min(10_000), "{told}");
        assert_eq!(predicate.collected.len(), collected.min(10_000), "{told}");
        assert_eq!(predicate.outcome.command_count, commands, "{told}");
    }
}

/// A command says what the shell's counter is; the seal of what it says is taken all the same.
#[test]
fn a_counter_that_cannot_be_makes_a_seal_that_is_refused() {
    for native in ["9007199254740999", "18446744073709551615"] {
        let world = World::new();
        let at = world.open(None);
        let nat = format!("nat={native}");
        let words = ["n=1", &nat, "src=none"].map(str::to_owned);
        assert_eq!(code(&mut world.call("s", &at, &words)), Some(0));
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
        let said = Statement::read(envelope.unverified_payload()).unwrap();
        assert_eq!(said.predicate.outcome.lost_count, INTEGER_MAX);
    }
}

/// What a sealer would sign must be what a verifier takes.
#[test]
fn a_payload_that_no_verifier_takes_is_not_objected_to() {
    let good = statement(&[Run::of(&["x"])]);
    assert_eq!(verify::objection(&good.to_json()), None);
    let mut bad = good.clone();
    bad.predicate.outcome.command_count = 2;
    let why = "outcome.commandCount is not the number of the transcript's lines";
    assert_eq!(verify::objection(&bad.to_json()).as_deref(), Some(why));
    bad = good;
    bad.predicate.outcome.lost_count = INTEGER_MAX + 1;
    let why = "the payload is not well formed: outcome.lostCount is not an integer below 2^53";
    assert_eq!(verify::objection(&bad.to_json()).as_deref(), Some(why));
}
