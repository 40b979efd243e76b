//! Every check of the verifier, one defect at a time.

use crate::cases::{self, Case};
use crate::stage::object::{members, object};
use crate::stage::signer::{Defect, Signer, Texts, finish, open, start};
use attesh::cause::Code;
use attesh::crypto::OriginSecret;
use attesh::failure::Kind;
use attesh::journal::check::{Checked, Knowledge, Rejection, check};
use attesh::journal::line;
use attesh::journal::story::OPEN_SHELLS_MAX;
use attesh::record::{Anomaly, Body, CORE_MAX, LINE_MAX, Program};

pub fn verify(journal: &[u8], secret: Option<&[u8]>) -> Checked {
    let secret = secret.map(|bytes| OriginSecret::new(bytes.to_vec()).unwrap());
    check(journal, Knowledge { secret: secret.as_ref(), threads: 1, sizes: &[] }, &mut |_| {}).unwrap()
}

pub fn codes(checked: &Checked) -> Vec<&'static str> {
    checked.story.findings.iter().map(|finding| finding.code.name()).collect()
}

/// What a manifest says of a journal: the verdict, the record, the code or the findings.
pub fn judged(checked: &Checked) -> (&'static str, String, String) {
    let must = checked.story.must_understand.as_ref();
    match &checked.rejection {
        Some(Rejection { record, cause, .. }) => {
            let word = if cause.code.kind() == Kind::Unsupported { "unsupported" } else { "rejected" };
            (word, record.to_string(), cause.code.word().to_owned())
        }
        None if must.is_some() => {
            ("unsupported", must.unwrap().0.to_string(), Code::FactUnknown.word().to_owned())
        }
        None if checked.story.is_complete() => ("complete", "-".to_owned(), codes(checked).join(" ")),
        None => ("incomplete", "-".to_owned(), codes(checked).join(" ")),
    }
}

/// What is wrong with the verdict on a case, if anything.
fn wrong(case: &Case) -> Option<String> {
    let checked = verify(&case.journal, case.secret);
    let whole = checked.rejection.as_ref().is_none_or(|rejection| checked.size == rejection.record);
    let fits = whole && judged(&checked) == case.expect.row();
    let found = || format!("{:?} {:?}", checked.rejection, checked.story.findings);
    (!fits).then(|| format!("{}: expected {:?}, found {}", case.name, case.expect, found()))
}

#[test]
fn a_check_is_missing_or_says_something_else() {
    let cases = cases::all();
    let wrong: Vec<String> = cases.iter().filter_map(wrong).collect();
    assert!(wrong.is_empty(), "{} of {}:\n{}", wrong.len(), cases.len(), wrong.join("\n"));
    assert!(cases.len() >= 100, "{} cases", cases.len());
}

#[test]
fn a_journal_without_any_one_of_its_members_passes() {
    for (kind, body, texts) in cases::other_bodies() {
        let mut signer = Signer::base();
        signer.push(body.clone(), &texts, Defect::None);
        let honest = verify(&signer.bytes, None);
        assert!(honest.rejection.is_none(), "{kind:?}: {:?}", honest.rejection);
        let core = signer.lines()[2].split(|byte| *byte == b'\t').next().unwrap().to_vec();
        for (name, _) in members(std::str::from_utf8(&core).unwrap()) {
            for twice in [false, true] {
                let edit = |core: Vec<u8>| without_or_twice(&core, &name, twice);
                let mut signer = Signer::base();
                signer.push(body.clone(), &texts, Defect::Core(&edit));
                let checked = verify(&signer.bytes, None);
                let may_lack = matches!(
                    (kind.name(), name.as_str()),
                    ("note", "shell" | "status" | "native") | ("shell-close", "native")
                );
                let rejected = checked.rejection.as_ref().map(|rejection| rejection.record);
                let due = (twice || !may_lack).then_some(2);
                assert_eq!(rejected, due, "{kind:?} {name} twice: {twice}");
            }
        }
    }
}

/// Takes a member out of an object, or writes it twice.
fn without_or_twice(core: &[u8], name: &str, twice: bool) -> Vec<u8> {
    let mut all = members(std::str::from_utf8(core).unwrap());
    let at = all.iter().position(|(have, _)| have == name).unwrap();
    if twice {
        all.push(all[at].clone());
    } else {
        all.remove(at);
    }
    object(&all).into_bytes()
}

#[test]
fn a_line_or_core_longer_than_the_limit_is_taken() {
    // The longest text whose line still fits, and one byte more.
    let line = |length: usize| {
        let mut signer = Signer::base();
        let (body, texts) = start(1, 1, 1, &vec![b'x'; length]);
        signer.push(body, &texts, Defect::None);
        let last = signer.bytes.len() - signer.starts[2];
        (signer.bytes, last)
    };
    let (_, overhead) = line(0);
    let (fits, length) = line(LINE_MAX - overhead);
    assert_eq!(length, LINE_MAX);
    assert!(verify(&fits, None).rejection.is_none());
    let rejection = verify(&line(LINE_MAX - overhead + 1).0, None).rejection.unwrap();
    assert_eq!((rejection.record, rejection.cause.code), (2, Code::LineLength));
    // The same for the core, which a long word makes longer.
    let core = |length: usize| {
        let anomaly = |length: usize| Body::Anomaly(Anomaly { what: "x".repeat(length) });
        let mut signer = Signer::base();
        signer.push(anomaly(0), &Texts::default(), Defect::None);
        let lines = signer.lines();
        let overhead = line::split(&lines[2]).unwrap().core.len();
        let mut signer = Signer::base();
        signer.push(anomaly(length - overhead), &Texts::default(), Defect::None);
        verify(&signer.bytes, None).rejection
    };
    assert_eq!(core(CORE_MAX), None);
    assert_eq!(core(CORE_MAX + 1).unwrap().cause.code, Code::RecordLength);
}

#[test]
fn more_open_shells_than_the_limit_are_taken() {
    let mut signer = Signer::begun(1);
    let (body, texts) = open(Program::Bash, 0);
    for _ in 0..=OPEN_SHELLS_MAX {
        signer.push(body.clone(), &texts, Defect::None);
    }
    let checked = verify(&signer.bytes, None);
    assert_eq!(
        checked.rejection.as_ref().map(|rejection| rejection.record),
        Some(OPEN_SHELLS_MAX as u64 + 1)
    );
    assert_eq!(checked.rejection.unwrap().cause.code, Code::JournalShells);
}

/// Two of everything, so that no count is right by chance.
#[test]
fn a_story_counts_what_is_not_there() {
    use attesh::journal::story::FINDINGS_MAX;
    use attesh::record::{From, Pause, TextSource};
    let mut signer = Signer::begun(1);
    let shells = [signer.open(Program::Bash, 0), signer.open(Program::Bash, 0)];
    for shell in shells {
        let (body, texts) = start(shell, 1, 1, b"make");
        // A text that was taken out since.
        signer.push(body, &texts.redacted("command"), Defect::None);
        signer.push(finish(shell, 1, 2), &Texts::default(), Defect::None);
        let (mut body, texts) = start(shell, 2, 2, b"");
        if let Body::Start(start) = &mut body {
            start.text_source = TextSource::Withheld;
        }
        signer.push(body, &texts.without("command"), Defect::None);
        let mut unseen = finish(shell, 2, 0);
        if let Body::Finish(finish) = &mut unseen {
            (finish.status, finish.from) = (None, From::Unknown);
        }
        signer.push(unseen, &Texts::default(), Defect::None);
        // Two that ran unrecorded, by both counters.
        let (body, texts) = start(shell, 5, 5, b"make");
        signer.now.realtime_ns += 3_600_000_000_000;
        signer.push(body, &texts, Defect::None);
        signer.push(finish(shell, 5, 0), &Texts::default(), Defect::None);
        signer.push(Body::Pause(Pause { shell: Some(shell) }), &Texts::default(), Defect::None);
        let anomaly = Anomaly { what: "odd".into() };
        signer.push(Body::Anomaly(anomaly), &Texts::default(), Defect::None);
    }
    let before = verify(&signer.bytes, None).story;
    for _ in 0..FINDINGS_MAX + 5 {
        let anomaly = Anomaly { what: "odd".into() };
        signer.push(Body::Anomaly(anomaly), &Texts::default(), Defect::None);
    }
    // While they are paused three and four run.
    signer.close(shells[0], Some(8));
    signer.close(shells[1], Some(9));
    signer.end();
    let checked = verify(&signer.bytes, None);
    assert_eq!(checked.rejection, None);
    let story = checked.story;
    let counted = [
        story.shells,
        story.commands,
        story.failed,
        story.unobserved,
        story.lost,
        story.pauses,
        story.withheld,
        story.redacted,
        story.clock_steps,
        story.paused_commands().unwrap(),
    ];
    assert_eq!(counted, [2, 6, 2, 2, 4, 2, 2, 2, 2, 7]);
    // Of the two shells before: unobserved, a gap, a clock, a pause and an anomaly each; no-end and
    // two that were open.
    assert_eq!((before.anomalies, before.findings.len(), before.more_findings), (2, 13, 0));
    let anomalies = 2 + FINDINGS_MAX as u64 + 5;
    assert_eq!((story.anomalies, story.findings.len()), (anomalies, FINDINGS_MAX));
    // Eight beside the anomalies: two each of unobserved, gap, clock and pause.
    assert_eq!(story.more_findings, 8 + anomalies - FINDINGS_MAX as u64);
    assert!(story.ended && !story.is_complete());
}

/// What the shells' marks do over several commands: codes of the findings, and paused commands.
#[test]
fn a_mark_of_a_shell_stays_or_goes_at_the_wrong_command() {
    use attesh::record::{Body, Pause, Resume};
    let plain = |signer: &mut Signer, body| signer.push(body, &Texts::default(), Defect::None);
    let told = |signer: &Signer| {
        let story = verify(&signer.bytes, None).story;
        let codes: Vec<&str> = story.findings.iter().map(|finding| finding.code.name()).collect();
        (codes.join(" "), story.paused_commands(), story.lost)
    };
    let ended = |mut signer: Signer, natives: &[Option<u64>]| {
        for (at, native) in natives.iter().enumerate() {
            signer.close(at as u64 + 1, *native);
        }
        signer.end();
        told(&signer)
    };
    let pause = |shell| Body::Pause(Pause { shell });
    let resume = |shell| Body::Resume(Resume { shell, by: None });
    let command = |signer: &mut Signer, shell, n, native| {
        signer.start(shell, n, native, b"x");
        signer.finish(shell, n, 0);
    };
    // Only the counter that bash gives at its end counts the commands of a pause up to that end.
    for (native, paused) in [(Some(3), Some(3)), (None, None)] {
        let mut signer = Signer::base();
        plain(&mut signer, pause(Some(1)));
        assert_eq!(ended(signer, &[native]), ("pause".into(), paused, 0));
    }
    let mut signer = Signer::base();
    plain(&mut signer, pause(Some(1)));
    signer.end();
    assert_eq!(told(&signer).1, None);
    // What is recorded in a pause does not end it; resuming one shell is not resuming another.
    let mut signer = Signer::base();
    signer.open(Program::Bash, 0);
    plain(&mut signer, pause(None));
    plain(&mut signer, resume(Some(1)));
    command(&mut signer, 2, 1, 4);
    command(&mut signer, 2, 2, 9);
    command(&mut signer, 1, 1, 3);
    command(&mut signer, 1, 2, 4);
    assert_eq!(ended(signer, &[Some(4), Some(10)]), ("pause resume".into(), Some(3 + 4 + 2 + 1), 0));
    // The number that bash gives again after an interrupt it gives again once, and zsh never.
    for (program, again, codes) in [
        (Program::Bash, 1, "unfinished"),
        (Program::Bash, 2, "unfinished unfinished counter"),
        (Program::Zsh, 1, "unfinished counter"),
    ] {
        let mut signer = Signer::begun(1);
        signer.open(program, 0);
        signer.start(1, 1, 1, b"x");
        signer.finish(1, 1, 130);
        for n in 2..2 + again {
            signer.start(1, n, 1, b"x");
        }
        let said = ended(signer, &[Some(1)]).0;
        let mut sorted: Vec<&str> = said.split(' ').collect();
        sorted.sort_unstable();
        let mut wanted: Vec<&str> = codes.split(' ').collect();
        wanted.sort_unstable();
        assert_eq!(sorted, wanted, "{program:?} {again}");
    }
    // A number that was used does not turn back the count of those to come.
    let mut signer = Signer::base();
    for (n, native) in [(5, 5), (3, 6), (6, 7)] {
        command(&mut signer, 1, n, native);
    }
    assert_eq!(ended(signer, &[Some(7)]), ("gap counter".into(), Some(0), 4));
}

#[test]
fn what_runs_still_is_told_like_what_was_lost() {
    let mut signer = Signer::base();
    signer.start(1, 1, 1, b"lost");
    signer.start(1, 2, 2, b"runs");
    let long = Anomaly { what: format!("x{}", "é".repeat(400)) };
    signer.push(Body::Anomaly(long), &Texts::default(), Defect::None);
    let story = verify(&signer.bytes, None).story;
    let told = |lives: bool| -> Vec<(&str, u64, bool)> {
        let findings = story.findings.iter();
        findings.map(|one| (one.code.name(), one.record, story.is_in_progress(one, |_| lives))).collect()
    };
    let mut wanted = [
        ("unfinished", 2, false),
        ("anomaly", 4, false),
        ("no-end", 4, true),
        ("unfinished", 3, true),
        ("open-shell", 4, true),
    ];
    assert_eq!(told(true), wanted);
    // Of a shell that was killed they say that it is gone.
    (wanted[3].2, wanted[4].2) = (false, false);
    assert_eq!(told(false), wanted);
    // 512 bytes of the text, cut between two letters.
    let text = &story.findings[1].text;
    assert!(text.ends_with("é…") && (511 + 3..=512 + 3).contains(&text.len()), "{}", text.len());
}

#[test]
fn a_record_is_shown_before_everything_about_it_was_checked() {
    for case in cases::all() {
        let secret = case.secret.map(|bytes| OriginSecret::new(bytes.to_vec()).unwrap());
        for threads in [1, 3] {
            let mut shown = 0;
            let knowledge = Knowledge { secret: secret.as_ref(), threads, sizes: &[] };
            let checked = check(&case.journal[..], knowledge, &mut |passed| {
                assert_eq!(passed.record.core.index, shown);
                shown += 1;
            });
            let checked = checked.unwrap();
            assert_eq!(shown, checked.size, "{}", case.name);
            if let Some(rejection) = checked.rejection {
                assert!(shown <= rejection.record, "{}", case.name);
            }
        }
    }
}

#[test]
fn an_unreadable_journal_is_a_finding_and_not_an_error() {
    struct Broken(usize);
    impl std::io::Read for Broken {
        fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
            if self.0 == 0 {
                return Err(std::io::Error::from_raw_os_error(5));
            }
            let bytes = Signer::whole().bytes;
            let count = self.0.min(buffer.len());
            buffer[..count].copy_from_slice(&bytes[..count]);
            self.0 -= count;
            Ok(count)
        }
    }
    for length in [0, 10, 2000] {
        assert!(check(Broken(length), Knowledge::default(), &mut |_| {}).is_err());
    }
}

#[test]
fn the_finding_that_makes_a_session_incomplete_is_lost_behind_notes() {
    use attesh::journal::story::{FINDINGS_MAX, FindingCode};

    let mut signer = Signer::begun(1);
    let shell = signer.open(Program::Bash, 0);
    for _ in 0..=FINDINGS_MAX {
        let anomaly = Anomaly { what: "odd".into() };
        signer.push(Body::Anomaly(anomaly), &Texts::default(), Defect::None);
    }
    let (body, texts) = start(shell, 3, 3, b"make");
    signer.push(body, &texts, Defect::None);
    signer.push(finish(shell, 3, 0), &Texts::default(), Defect::None);
    signer.close(shell, Some(3));
    signer.end();
    let story = verify(&signer.bytes, None).story;
    assert_eq!((story.is_complete(), story.findings.len()), (false, FINDINGS_MAX));
    assert_eq!(story.findings.last().unwrap().code, FindingCode::Gap);
}
