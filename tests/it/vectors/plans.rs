//! Journals of scripts that ran: the plan, what was seen of it, and what the policy made of
//! the script says. MANIFEST says what must come of each.

use std::collections::BTreeMap;

use attesh::cause::Code;
use attesh::encoding::hex;
use attesh::journal::check::Knowledge;
use attesh::policy::{self, Policy, ScriptRule};
use attesh::record::{
    Body, Close, CloseReason, Evidence, Finish, From, Plan, Program, Start, Status, TextSource, Unseen,
};
use attesh::script::Script;
use attesh::seal::draft::Draft;

use super::{files_of, kept};
use crate::stage::signer::{Defect, Signer, Texts, end, masker, open};
use crate::verify::rules::codes;

const HEADER: &str = "\
# Journals of scripts, and what must come of each. Columns, separated by tabs:
#   file     NAME.journal beside this file
#   verdict  complete or incomplete
#   found    the findings of the journal's check, in order, else -
#   units    how many units of scripts the statement has, else - where it cannot have them
#   policy   the policy beside this file that the statement is held against
#   ruling   met or denied
#   code     the code of the first denial, else -
#   why      words that are in the first denial, or in the summary
# Made from fixed seeds by the test that compares them: see tests/it/vectors/plans.rs.
";

/// A name, a script, and the lines of its units.
type Lines = (&'static str, &'static str, &'static [(u64, u64)]);

/// Each with a policy of its name.
const SCRIPTS: &[Lines] = &[
    ("three", "cd src/\n\n# a remark\necho \"something\"\ngo build ./...\n", &[(1, 1), (4, 4), (5, 5)]),
    ("compound", "set -e\nif make; then\n  echo yes\nfi\ncat <<E\na\nE\n", &[(1, 1), (2, 4), (5, 7)]),
    ("silent", "make\nf() { :; }\n(make check)\nf; f\n", &[(1, 1), (2, 2), (3, 3), (4, 4)]),
    ("replaced", "make\nexec make check\n", &[(1, 1), (2, 2)]),
    ("bytes", "echo \u{fc}\nmake", &[(1, 1), (2, 2)]),
];

fn script(name: &str) -> Script {
    let (_, text, ranges) = SCRIPTS.iter().find(|(have, ..)| *have == name).unwrap();
    Script::new(text.as_bytes().to_vec(), ranges.to_vec()).unwrap()
}

/// What a command was seen to be.
#[derive(Clone, Copy, PartialEq)]
enum Told {
    /// The unit of the plan.
    Planned,
    /// None of the plan's.
    Other,
}

/// How a command ended.
#[derive(Clone, Copy)]
enum End {
    Seen(Status),
    Untold,
    Replaced,
    Running,
}

use End::{Replaced, Running, Seen, Untold};
use Told::{Other, Planned};

/// A run of a script.
struct Case {
    name: &'static str,
    script: &'static str,
    found: &'static [&'static str],
    units: Option<usize>,
    /// The code of the first denial; none where the policy is met.
    code: Option<Code>,
    why: &'static str,
    journal: Vec<u8>,
}

/// A journal of one bash that runs a script.
struct Recorded {
    signer: Signer,
    shell: u64,
    n: u64,
    evidence: Evidence,
}

impl Recorded {
    fn new() -> Self {
        let mut recorded = Recorded { signer: Signer::begun(2), shell: 0, n: 0, evidence: Evidence::Reader };
        recorded.open();
        recorded
    }

    fn open(&mut self) {
        let (body, texts) = open(Program::Bash, 0);
        let Body::Open(mut open) = body else { unreachable!() };
        open.typed = false;
        self.shell = self.signer.push(Body::Open(open), &texts, Defect::None);
        self.n = 0;
    }

    fn plan(&mut self, script: &Script) {
        self.plan_of(script.bytes(), &script.ranges_text(), script.units().len() as u64, &[]);
    }

    /// A plan of these texts, without some of them.
    fn plan_of(&mut self, script: &[u8], ranges: &str, count: u64, without: &[&str]) {
        let texts = Texts::of(&[
            ("name", b"build.sh"),
            ("ranges", ranges.as_bytes()),
            ("script", script),
            ("path", b"/usr/bin/bash"),
            ("options", b"-e\0"),
            ("arguments", b""),
        ]);
        let body = Plan {
            shell: self.shell,
            count,
            before: 0,
            evidence: self.evidence,
            sha256: Some([0x0b; 32]),
            inherited: Vec::new(),
        };
        let texts = without.iter().fold(texts, |texts, name| texts.redacted(name));
        self.signer.push(Body::Plan(body), &texts, Defect::None);
    }

    /// A command; the unit that it is counts from 0.
    fn ran(&mut self, text: &[u8], (unit, told): (usize, Told), ended: End) {
        self.n += 1;
        let (shell, n) = (self.shell, self.n);
        let texts = Texts::of(&[("command", text), ("workdir", b"/work")]);
        let start = Start {
            shell,
            n,
            native: n,
            skip: 0,
            text_source: TextSource::Script,
            truncated: false,
            prev_status: None,
            unit: (told == Planned).then_some(unit as u64 + 1),
        };
        self.signer.push(Body::Start(start), &texts, Defect::None);
        let (status, from, outcome) = match ended {
            Seen(status) => (Some(status), From::NextStart, None),
            Untold => (None, From::Unknown, Some(Unseen::Untold)),
            Replaced => (None, From::Unknown, Some(Unseen::Replaced)),
            Running => return,
        };
        let (pipe_status, stale, native, shell_duration_us) = (None, false, None, None);
        let finish =
            Finish { shell, n, status, pipe_status, from, stale, outcome, native, shell_duration_us };
        self.signer.push(Body::Finish(finish), &Texts::default(), Defect::None);
    }

    /// All units of a script, each with status 0.
    fn whole(&mut self, script: &Script) {
        for (at, unit) in script.units().enumerate() {
            self.ran(unit.text, (at, Planned), Seen(0));
        }
    }

    fn close(&mut self, why: CloseReason, status: Option<Status>, script_unchanged: bool) {
        let texts = Texts::of(&[("workdir", b"/work")]);
        let close = Close { shell: self.shell, why, status, native: Some(self.n), script_unchanged };
        self.signer.push(Body::Close(close), &texts, Defect::None);
    }

    fn end(mut self) -> Vec<u8> {
        self.signer.push(end(), &Texts::default(), Defect::None);
        self.signer.bytes
    }
}

/// Whether a script had a plan, what ran of it, and how its shell ended.
type Ran<'a> = (bool, &'a [(usize, Told, End)], (CloseReason, Option<Status>, bool));

fn journal(name: &str, (planned, ran, (why, status, unchanged)): Ran) -> Vec<u8> {
    let script = script(name);
    let mut recorded = Recorded::new();
    if planned {
        recorded.plan(&script);
    }
    for (unit, told, ended) in ran {
        recorded.ran(script.unit(*unit).unwrap().text, (*unit, *told), *ended);
    }
    recorded.close(why, status, unchanged);
    recorded.end()
}

const OVER: (CloseReason, Option<Status>, bool) = (CloseReason::Exit, Some(0), true);
const ALL: &[(usize, Told, End)] = &[(0, Planned, Seen(0)), (1, Planned, Seen(0)), (2, Planned, Seen(0))];

/// Runs of scripts that meet their policy.
fn met(add: &mut impl FnMut(&'static str, &'static str, Option<Code>, &'static str, Ran)) {
    let met3 = "3 of 3 commands ran, in order, exit 0";
    add("whole", "three", None, met3, (true, ALL, OVER));
    add("compound", "compound", None, met3, (true, ALL, OVER));
    let latin = [(0, Planned, Seen(0)), (1, Planned, Seen(0))];
    add("no-newline-at-the-end", "bytes", None, "2 of 2 commands ran", (true, &latin, OVER));
    let silent = [0, 1, 2, 3].map(|unit| (unit, Planned, Seen(0)));
    add("silent", "silent", None, "4 of 4 commands ran", (true, &silent, OVER));
    let exec = [(0, Planned, Seen(0)), (1, Planned, Replaced)];
    add("replaced", "replaced", None, "2 of 2 commands ran", (true, &exec, OVER));
}

/// Runs whose record is complete, and that the policy denies.
fn denied(add: &mut impl FnMut(&'static str, &'static str, Option<Code>, &'static str, Ran)) {
    let failed = (CloseReason::Exit, Some(1), true);
    let midway = [(0, Planned, Seen(0)), (1, Planned, Seen(1))];
    let why = "line 4 `echo \"something\"` ended with 1; 0 is allowed";
    add("failed-midway", "three", Some(Code::ScriptStatus), why, (true, &midway, failed));
    let went_on = [(0, Planned, Seen(0)), (1, Planned, Seen(1)), (2, Planned, Seen(0))];
    add("failed-and-went-on", "three", Some(Code::ScriptStatus), why, (true, &went_on, OVER));
    let last = [(0, Planned, Seen(0)), (1, Planned, Seen(0)), (2, Planned, Seen(2))];
    let why = "line 5 `go build ./...` ended with 2; 0 is allowed";
    add(
        "failed-last",
        "three",
        Some(Code::ScriptStatus),
        why,
        (true, &last, (CloseReason::Exit, Some(2), true)),
    );
    let why = "line 1 `cd src/` did not run; no command did";
    add("nothing-reached", "three", Some(Code::ScriptLineMissing), why, (true, &[], failed));
    let why = "line 5 `go build ./...` did not run; the command before it that did was line 4";
    add("left-early", "three", Some(Code::ScriptLineMissing), why, (true, &ALL[..2], OVER));
    let other = [(0, Planned, Seen(0)), (1, Other, Seen(0)), (2, Planned, Seen(0))];
    let why = "command 2 `echo \"something\"` is no command of the script";
    add("something-else-ran", "three", Some(Code::ScriptLineUnplanned), why, (true, &other, OVER));
    let why = "its shell read something that is not the planned script";
    add(
        "file-changed",
        "three",
        Some(Code::ScriptChanged),
        why,
        (true, ALL, (CloseReason::Exit, Some(0), false)),
    );
    let why = "a signal ended the script; the last command that ran was line 5";
    add(
        "signalled",
        "three",
        Some(Code::ScriptEnd),
        why,
        (true, ALL, (CloseReason::Signal, Some(143), true)),
    );
    let untold = [(0, Planned, Untold), (1, Planned, Seen(0)), (2, Planned, Seen(0))];
    let why = "line 1 `cd src/` ended with a status that nobody saw; 0 is allowed";
    add("untold", "three", Some(Code::ScriptStatusUntold), why, (true, &untold, OVER));
    let unannounced = [(0, Planned, Untold), (3, Planned, Seen(0))];
    let why = "line 2 `f() { :; }` did not run";
    add("unannounced", "silent", Some(Code::ScriptLineMissing), why, (true, &unannounced, OVER));
    let bare: Vec<(usize, Told, End)> = ALL.iter().map(|(unit, _, end)| (*unit, Other, *end)).collect();
    let why = "line 1 `cd src/` cannot be shown to have run: there is no plan";
    add("without-a-plan", "three", Some(Code::ScriptPlanMissing), why, (false, &bare, OVER));
}

/// A name, what is special in it, the first denial, and the journal.
type Denied<T> = (&'static str, T, Code, &'static str, Vec<u8>);

/// Runs of which something was not recorded: what is incomplete is denied for that as well.
fn incomplete() -> Vec<Denied<&'static [&'static str]>> {
    let script = script("three");
    let mut running = Recorded::new();
    running.plan(&script);
    running.ran(script.unit(0).unwrap().text, (0, Planned), Seen(0));
    running.ran(script.unit(1).unwrap().text, (1, Planned), Running);
    let mut not_closed = Recorded::new();
    not_closed.plan(&script);
    not_closed.whole(&script);
    let mut no_end = Recorded::new();
    no_end.plan(&script);
    no_end.whole(&script);
    no_end.close(CloseReason::Exit, Some(0), true);
    let mut unseen = Recorded::new();
    unseen.evidence = Evidence::Whole;
    unseen.plan(&script);
    unseen.close(CloseReason::Exit, Some(0), true);
    let seen = "the script was not seen to come to its end";
    let mut stopped = Recorded::new();
    stopped.plan(&script);
    stopped.ran(script.unit(0).unwrap().text, (0, Planned), Seen(0));
    stopped.close(CloseReason::Stopped, None, false);
    let mut lost = Recorded::new();
    lost.plan(&script);
    lost.ran(script.unit(0).unwrap().text, (0, Planned), Seen(0));
    lost.n += 1;
    lost.close(CloseReason::Exit, Some(0), true);
    let near = "line 4 `echo \"something\"` was not seen to run; the command before it that did was line 1";
    vec![
        ("stopped-within", &["cut-short"], Code::ScriptLineMissing, near, stopped.end()),
        ("last-start-lost", &["gap"], Code::ScriptLineMissing, near, lost.end()),
        (
            "killed",
            &["no-end", "unfinished", "open-shell"],
            Code::ScriptStatusUnseen,
            "line 4 `echo \"something\"` was not seen to end",
            running.signer.bytes,
        ),
        ("not-closed", &["no-end", "open-shell"], Code::ScriptEnd, seen, not_closed.signer.bytes),
        (
            "recorded-as-a-whole",
            &["unseen-commands"],
            Code::ScriptEvidence,
            "the script was recorded as one command, so nobody saw what ran of it",
            unseen.end(),
        ),
        ("not-ended", &["no-end"], Code::SessionIncomplete, "the session is incomplete", no_end.signer.bytes),
    ]
}

/// A script of three units that ran as planned.
fn planned(plan: &dyn Fn(&mut Recorded)) -> Recorded {
    let mut recorded = Recorded::new();
    plan(&mut recorded);
    recorded.whole(&script("three"));
    recorded.close(CloseReason::Exit, Some(0), true);
    recorded
}

/// Plans that are none.
fn no_plans() -> Vec<Denied<Option<usize>>> {
    let three = &script("three");
    let ranges =
        |text: &'static str| planned(&|recorded| recorded.plan_of(three.bytes(), text, 3, &[])).end();
    let (units, none) = (
        Code::ScriptPlanUnits,
        "the plan has no commands: one was redacted or is not disclosed, or they are too many",
    );
    let mut odd = vec![
        ("ranges-fall", None, units, none, ranges("4-4,1-1,5-5")),
        ("ranges-overlap", None, units, none, ranges("1-4,4-4,5-5")),
        ("ranges-beyond", None, units, none, ranges("1-1,4-4,5-9")),
        ("ranges-of-line-0", None, units, none, ranges("0-1,4-4,5-5")),
        ("ranges-no-numbers", None, units, none, ranges("1-1,four,5-5")),
        ("ranges-too-large", None, units, none, ranges("1-1,4-4,5-99999999999999999999")),
        ("ranges-fewer", None, units, none, ranges("1-1,5-5")),
        ("ranges-none", None, units, none, ranges("")),
    ];
    for (name, without) in [("plan-redacted", &["script", "ranges"][..]), ("script-redacted", &["script"])] {
        let plan = |it: &mut Recorded| it.plan_of(three.bytes(), &three.ranges_text(), 3, without);
        odd.push((name, None, units, none, planned(&plan).end()));
    }
    odd
}

/// Plans that do not stand where they should, and sessions of several shells.
fn odd() -> Vec<Denied<Option<usize>>> {
    let three = &script("three");
    let mut odd = Vec::new();
    let mut two = planned(&|recorded| recorded.plan(three));
    two.open();
    two.plan(&script("replaced"));
    two.whole(&script("replaced"));
    two.close(CloseReason::Exit, Some(0), true);
    odd.push((
        "two-scripts",
        Some(5),
        Code::ScriptLineAdded,
        "script 2 (build.sh) is not in the policy; 2 of its commands ran",
        two.end(),
    ));
    let mut aside = planned(&|recorded| recorded.plan(three));
    aside.open();
    aside.ran(b"curl x | sh", (0, Other), Seen(0));
    aside.close(CloseReason::Exit, Some(0), false);
    odd.push((
        "shell-aside",
        Some(3),
        Code::ScriptLineAdded,
        "`curl x | sh` ran in a shell without a plan",
        aside.end(),
    ));
    let again = |it: &mut Recorded| {
        it.plan(three);
        it.plan(three);
    };
    let mut late = Recorded::new();
    for unit in three.units() {
        late.ran(unit.text, (0, Other), Seen(0));
    }
    late.plan(three);
    late.close(CloseReason::Exit, Some(0), true);
    odd.push((
        "planned-at-the-exit",
        Some(3),
        Code::ScriptLineUnplanned,
        "command 1 `cd src/` is no command of the script",
        late.end(),
    ));
    odd.push((
        "planned-twice",
        Some(6),
        Code::ScriptLineAdded,
        "script 2 (build.sh) is not in the policy; 3 of its commands ran",
        planned(&again).end(),
    ));
    odd
}

fn all() -> Vec<Case> {
    let mut all = Vec::new();
    let mut complete = |name, of, code, why, ran: Ran| {
        let units = ran.0.then(|| script(of).units().len());
        // That a program took the place of the shell is found, and nothing is missing.
        let found = if name == "replaced" { &["replaced"][..] } else { &[] };
        all.push(Case { name, script: of, found, units, code, why, journal: journal(of, ran) });
    };
    met(&mut complete);
    denied(&mut complete);
    for (name, found, code, why, journal) in incomplete() {
        all.push(Case { name, script: "three", found, units: Some(3), code: Some(code), why, journal });
    }
    for (name, units, code, why, journal) in no_plans().into_iter().chain(odd()) {
        all.push(Case { name, script: "three", found: &[], units, code: Some(code), why, journal });
    }
    all
}

fn manifest(cases: &[Case]) -> String {
    let line = |case: &Case| {
        let or_none = |text: String| if text.is_empty() { "-".to_owned() } else { text };
        let whole = case.found.iter().all(|found| *found == "replaced");
        let verdict = if whole { "complete" } else { "incomplete" };
        let units = case.units.map_or_else(String::new, |units| units.to_string());
        let cells = [
            case.name.to_owned(),
            verdict.to_owned(),
            or_none(case.found.join(" ")),
            or_none(units),
            format!("{}.toml", case.script),
            if case.code.is_some() { "denied" } else { "met" }.to_owned(),
            case.code.map_or("-", Code::word).to_owned(),
            case.why.to_owned(),
        ];
        cells.join("\t") + "\n"
    };
    HEADER.to_owned() + &cases.iter().map(line).collect::<String>()
}

#[test]
fn the_plans_are_not_those_of_the_cases() {
    let cases = all();
    let mut files: BTreeMap<String, Vec<u8>> =
        cases.iter().map(|case| (format!("{}.journal", case.name), case.journal.clone())).collect();
    assert_eq!(files.len(), cases.len(), "a name is there twice");
    for (name, text, _) in SCRIPTS {
        let rule = ScriptRule::of(&script(name), masker()).unwrap();
        let digest = hex(&attesh::crypto::sha256(&[text.as_bytes()]));
        let rule = ScriptRule { sha256: Some(digest), ..rule };
        files.insert(format!("{name}.toml"), policy::whole("build.sh", &[], &[], &[rule]).into_bytes());
    }
    files.insert("MANIFEST".into(), manifest(&cases).into_bytes());
    kept("plans", &files);
}

#[test]
fn a_plan_is_judged_otherwise_than_its_manifest_says() {
    let files = files_of("plans");
    let text = String::from_utf8(files["MANIFEST"].clone()).unwrap();
    let mut wrong = Vec::new();
    for row in text.lines().filter(|line| !line.starts_with('#')) {
        let [name, verdict, found, units, policy, must, code, why] = row.split('\t').collect::<Vec<_>>()[..]
        else {
            panic!("{row}")
        };
        let journal = &files[&format!("{name}.journal")];
        let knowledge = Knowledge { threads: 1, ..Knowledge::default() };
        let draft = Draft::gather(&journal[..], knowledge).unwrap_or_else(|why| panic!("{name}: {why:?}"));
        let statement = draft.statement(&journal[..], &mut std::io::sink(), &[], 0, true).unwrap();
        let policy = Policy::read(&files[policy]).unwrap();
        let ruling = policy::judge(&policy, &statement, 0, &policy::Beside::default());
        let counted: Option<usize> =
            statement.predicate.plans.iter().map(|plan| plan.units.as_ref().map(Vec::len)).sum();
        let counted = counted.filter(|_| !statement.predicate.plans.is_empty());
        let complete = if draft.checked().story.is_complete() { "complete" } else { "incomplete" };
        let (word, told, said) = match ruling.denials.first() {
            Some(denial) => ("denied", denial.code.word(), denial.text.clone()),
            None => ("met", "-", ruling.summary.unwrap_or_default()),
        };
        let of = |text: String| if text.is_empty() { "-".to_owned() } else { text };
        let codes = of(codes(draft.checked()).join(" "));
        let counted = of(counted.map_or_else(String::new, |units| units.to_string()));
        if (complete, codes.as_str(), counted.as_str(), word, told) != (verdict, found, units, must, code)
            || !said.contains(why)
        {
            wrong.push(format!("{row}\nand is {complete} {codes} {counted} {word} {told} {said}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(text.lines().count() >= 30);
}
