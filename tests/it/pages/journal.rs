//! attesh-journal(5) against the code that reads and writes journals.

use std::collections::{BTreeMap, BTreeSet};

use attesh::clock::Moment;
use attesh::crypto::{ChainKey, Seed, label};
use attesh::journal::chain::Frontier;
use attesh::journal::state::{Condition, FileMark, SLOT_BYTES, Slot};
use attesh::journal::story::{Finding, FindingCode, Story};
use attesh::record::{
    Anomaly, Attached, Body, Close, CloseReason, Closes, Core, End, EndReason, Evidence, FORMAT, Fact,
    FactTime, Finish, From, Genesis, Inherited, Kind, Lost, Note, NoteWhat, Open, PROTECTION_FILE,
    PROTECTION_RECORDER, Pause, Plan, Prev, PrevWhy, Program, RECORDER_ID, Recorder, Recovered, Resume,
    Start, StateLevel, TextSource, Unseen,
};

use crate::stage::object::{Members, members, object};
use crate::stage::signer::Texts;

pub fn read(path: &str) -> String {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join(path);
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn page() -> String {
    read("man/attesh-journal.5")
}

/// The lines between a heading and the next of the same kind or above.
pub fn part(page: &str, heading: &str) -> Vec<String> {
    let lines = page.lines().skip_while(|line| *line != heading).skip(1);
    let subsection = heading.starts_with(".Ss ");
    let found: Vec<String> = lines
        .take_while(|line| !(line.starts_with(".Sh ") || subsection && line.starts_with(".Ss ")))
        .map(str::to_owned)
        .collect();
    assert!(!found.is_empty(), "there is no {heading}");
    found
}

// ── members ───────────────────────────────────────────────────────────────

/// One row of a table of members.
#[derive(Clone, Debug)]
struct Row {
    kind: String,
    presence: String,
}

type Table = Vec<(String, Row)>;

/// The tables of a subsection: the first, and those of the objects inside it by their name.
fn tables(heading: &str) -> (Table, BTreeMap<String, Table>) {
    let page = page();
    let (mut first, mut inner): (Option<Table>, BTreeMap<String, Table>) = (None, BTreeMap::new());
    let (mut named, mut rows) = (String::new(), Table::new());
    for line in part(&page, heading) {
        if let Some(name) = line.strip_prefix(".Va ") {
            named = name.trim_end_matches(" :").to_owned();
        } else if let Some(row) = line.strip_prefix(".It Va ") {
            let cells: Vec<&str> = row.split(" Ta ").collect();
            let [name, kind, presence, meaning] = cells[..] else { panic!("{heading}: {line}") };
            assert!(!meaning.is_empty());
            let row = Row { kind: kind.to_owned(), presence: presence.to_owned() };
            assert!(rows.iter().all(|(have, _)| have != name), "{heading}: {name} is given twice");
            rows.push((name.to_owned(), row));
        } else if line == ".El" && !rows.is_empty() {
            let table = std::mem::take(&mut rows);
            match first {
                None => first = Some(table),
                Some(_) => assert!(inner.insert(named.clone(), table).is_none()),
            }
        }
    }
    (first.unwrap_or_else(|| panic!("{heading} has no table")), inner)
}

fn genesis(full: bool) -> Body {
    let prev = Prev {
        session: "0190a0b0-0000-7000-8000-000000000001".into(),
        size: 3,
        root: [1; 32],
        why: PrevWhy::Sealed,
    };
    Body::Genesis(Box::new(Genesis {
        format: FORMAT.into(),
        session: "0190a0b0-0000-7000-8000-000000000002".into(),
        name: full.then(|| "name".into()),
        boot_id: full.then(|| "boot".into()),
        pid_ns: full.then_some(1),
        time_ns: full.then_some(2),
        recorder: Recorder { id: RECORDER_ID.into(), version: "0".into(), sha256: full.then_some([2; 32]) },
        protection: PROTECTION_FILE.into(),
        state: StateLevel::Shm.into(),
        origin_id: full.then_some([3; 8]),
        prev: full.then_some(prev),
        parent: full.then(|| "parent".into()),
        closes: Closes::LastShell,
        vk: [4; 32],
    }))
}

fn start(full: bool) -> Body {
    Body::Start(Start {
        shell: 1,
        n: 1,
        native: 2,
        skip: u64::from(full),
        text_source: if full { TextSource::Typed } else { TextSource::Withheld },
        truncated: full,
        prev_status: full.then_some(1),
        unit: full.then_some(1),
    })
}

fn finish(full: bool) -> Body {
    Body::Finish(Finish {
        shell: 1,
        n: 1,
        status: full.then_some(1),
        pipe_status: full.then(|| vec![0, 1]),
        from: if full { From::Prompt } else { From::Unknown },
        stale: false,
        outcome: None,
        native: full.then_some(3),
        shell_duration_us: full.then_some(4),
    })
}

fn stale() -> Body {
    let Body::Finish(finish) = finish(false) else { unreachable!() };
    Body::Finish(Finish { stale: true, ..finish })
}

fn sealing() -> Body {
    let Body::Finish(finish) = finish(false) else { unreachable!() };
    Body::Finish(Finish { outcome: Some(Unseen::Sealing), ..finish })
}

/// Bodies of a kind which together have every member that the kind can have.
fn samples(kind: Kind) -> Vec<Body> {
    let some = |full: bool, number: u64| full.then_some(number);
    let attached = Attached { name: "x".into(), size: 1, sha256: [5; 32], media_type: "text/plain".into() };
    let both = |make: fn(bool) -> Body| vec![make(true), make(false)];
    match kind {
        Kind::Genesis => both(genesis),
        Kind::Start => both(start),
        Kind::Finish => vec![finish(true), finish(false), stale(), sealing()],
        Kind::Fact => [(true, true), (false, true), (false, false)]
            .map(|(full, of_shell)| {
                Body::Fact(Box::new(Fact {
                    kind: "https://example.org/c".into(),
                    at: if full { FactTime::Command } else { FactTime::Start },
                    shell: some(of_shell, 1),
                    n: some(full, 2),
                    ok: true,
                    must: full,
                    attached: if full { vec![attached.clone()] } else { Vec::new() },
                }))
            })
            .into(),
        Kind::ShellOpen => vec![Body::Open(Box::new(Open {
            program: Program::Bash.into(),
            version: "5".into(),
            pid: 1,
            start_ticks: 2,
            native: 3,
            hook: "0".into(),
            typed: true,
        }))],
        Kind::ShellClose => [true, false]
            .map(|full| {
                Body::Close(Close {
                    shell: 1,
                    why: CloseReason::Exit,
                    status: full.then_some(0),
                    native: some(full, 1),
                    script_unchanged: full,
                })
            })
            .into(),
        Kind::Plan => [true, false]
            .map(|full| {
                Body::Plan(Plan {
                    shell: 1,
                    count: 2,
                    before: 1,
                    evidence: Evidence::Traps,
                    sha256: full.then_some([6; 32]),
                    inherited: vec![Inherited::Env],
                })
            })
            .into(),
        Kind::Note => vec![Body::Note(Note {
            shell: Some(1),
            what: NoteWhat::Remark,
            status: Some(1),
            native: Some(2),
        })],
        Kind::Pause => [true, false].map(|full| Body::Pause(Pause { shell: some(full, 1) })).into(),
        Kind::Resume => {
            let resume = |full| Resume { shell: some(full, 1), by: some(full, 2) };
            [true, false].map(|full| Body::Resume(resume(full))).into()
        }
        Kind::Lost => vec![Body::Lost(Lost { shell: 1, count: 2 })],
        Kind::Anomaly => vec![Body::Anomaly(Anomaly { what: "x".into() })],
        Kind::End => vec![Body::End(End { reason: EndReason::Seal, synced_to_disk: true })],
    }
}

/// The texts that a body commits to: all that its kind can have.
fn texts(body: &Body) -> Texts {
    let mut texts = Texts::default();
    let (always, optional) = body.kind().texts().unwrap_or((&["data"], &[]));
    for name in always.iter().chain(optional) {
        let withheld = matches!(body, Body::Start(start) if start.text_source == TextSource::Withheld);
        if !(withheld && *name == "command") {
            texts.commit(name, b"x");
        }
    }
    texts
}

/// The cores of a kind as they are spelled.
fn cores(kind: Kind) -> Vec<String> {
    let core = |body: Body| {
        let core = Core {
            index: 5,
            commitments: texts(&body).commitments(),
            body,
            time: Moment { realtime_ns: 1, boottime_ns: 2, synced: true },
            recovered: Some(Recovered { adopted: 1, cut_bytes: 2 }),
            next_key: (kind != Kind::End).then_some([7; 32]),
        };
        String::from_utf8(core.encode().unwrap()).unwrap()
    };
    samples(kind).into_iter().map(core).collect()
}

fn decodes(core: &str) -> bool {
    Core::decode(core.as_bytes()).is_ok()
}

/// A value of another type than the page names.
fn of_other_type(kind: &str) -> &'static str {
    match kind.trim_end_matches(" or null") {
        "integer" | "status" => "\"1\"",
        "flag" => "1",
        kind if kind.starts_with("list of ") => "1",
        _ => "1099511627776",
    }
}

/// The object inside a core that a table is about; of a list of objects the first.
fn inside(core: &str, name: &str) -> Option<String> {
    let (_, value) = members(core).into_iter().find(|(have, _)| have == name)?;
    let value = value.strip_prefix('[').map_or(value.as_str(), |list| list.trim_end_matches(']'));
    value.starts_with('{').then(|| value.to_owned())
}

/// Every member that the code writes stands in the table, in its order, and the other way round;
/// what may be missing or null may be so in the code, and nothing else.
fn compare(what: &str, table: &[(String, Row)], within: Option<&str>, cores: &[String]) {
    let object_of = |core: &String| within.map_or(Some(core.clone()), |name| inside(core, name));
    let with: Vec<(&String, String)> =
        cores.iter().filter_map(|core| Some((core, object_of(core)?))).collect();
    assert!(!with.is_empty(), "{what}: no sample has it");
    let order: Vec<&str> = table.iter().map(|(name, _)| name.as_str()).collect();
    let mut written = BTreeSet::new();
    for (_, spelled) in &with {
        let names: Vec<String> = members(spelled).into_iter().map(|(name, _)| name).collect();
        let places: Vec<usize> = names
            .iter()
            .map(|name| {
                order.iter().position(|have| have == name).unwrap_or_else(|| panic!("{what}: {name}"))
            })
            .collect();
        assert!(places.is_sorted(), "{what}: {names:?} is another order than {order:?}");
        written.extend(names);
    }
    assert_eq!(order.iter().map(|name| (*name).to_owned()).collect::<BTreeSet<_>>(), written, "{what}");
    for (name, row) in table {
        let changed = |change: &dyn Fn(&mut Members, usize)| -> Vec<bool> {
            let taken = with.iter().filter_map(|(core, spelled)| {
                let mut all = members(spelled);
                let at = all.iter().position(|(have, value)| have == name && value != "null")?;
                change(&mut all, at);
                Some(decodes(&core.replacen(spelled.as_str(), &object(&all), 1)))
            });
            taken.collect()
        };
        assert!(changed(&|_, _| ()).iter().all(|good| *good), "{what}: the sample itself");
        let missing = changed(&|all, at| {
            all.remove(at);
        });
        match row.presence.as_str() {
            "always" => assert!(missing.iter().all(|good| !good), "{what}: {name} may be missing"),
            "optional" => assert!(missing.iter().any(|good| *good), "{what}: {name} may not be missing"),
            "by case" => {}
            other => panic!("{what}: {name}: unknown presence {other}"),
        }
        let null = changed(&|all, at| all[at].1 = "null".into());
        // A status is null by case; then another sample has it so.
        let there = with.iter().any(|(_, spelled)| members(spelled).contains(&(name.clone(), "null".into())));
        let taken = null.iter().any(|good| *good) || there;
        assert_eq!(taken, row.kind.ends_with(" or null"), "{what}: may {name} be null?");
        let other = changed(&|all, at| all[at].1 = of_other_type(&row.kind).into());
        assert!(other.iter().all(|good| !good), "{what}: {name} is no {}", row.kind);
    }
    for (core, spelled) in &with {
        let mut all = members(spelled);
        all.push(("unheardOf".into(), "null".into()));
        assert!(!decodes(&core.replacen(spelled.as_str(), &object(&all), 1)), "{what}: an unknown member");
    }
}

#[test]
fn every_member_stands_in_its_table_and_none_other() {
    let (common, inner) = tables(".Ss Members of every core");
    let (front, back) = common.split_at(2);
    for kind in Kind::ALL {
        let (own, inside) = tables(&format!(".Ss Members of {}", kind.name()));
        let table = [front, &own[..], back].concat();
        let has = |name: &str| match name {
            "nk" => *kind != Kind::End,
            "c" => kind.texts() != Some((&[], &[])),
            _ => true,
        };
        let table: Vec<(String, Row)> = table.into_iter().filter(|(name, _)| has(name)).collect();
        let cores = cores(*kind);
        compare(kind.name(), &table, None, &cores);
        compare("recovered", &inner["recovered"], Some("recovered"), &cores);
        for (name, table) in &inside {
            compare(name, table, Some(name), &cores);
        }
        let objects = table.iter().filter(|(name, row)| row.kind.contains("object") && name != "c").count();
        assert_eq!(objects, 1 + inside.len(), "{}: an object without a table", kind.name());
    }
    let core = cores(Kind::End).remove(0);
    let with_key = core.replacen('}', &format!(",\"nk\":\"{}\"}}", "A".repeat(43)), 1);
    assert!(!decodes(&with_key), "end takes a key");
}

#[test]
fn the_texts_of_a_kind_are_those_that_its_page_names() {
    for kind in Kind::ALL {
        let Some((always, optional)) = kind.texts() else { continue };
        let heading = format!(".Ss Members of {}", kind.name());
        let members: BTreeSet<String> = tables(&heading).0.into_iter().map(|(name, _)| name).collect();
        let page = page();
        let lines = part(&page, &heading);
        let lines = lines.iter().skip_while(|line| !line.starts_with("Text"));
        let named: BTreeSet<String> = lines
            .take_while(|line| !line.starts_with("Members of"))
            .filter_map(|line| Some(line.strip_prefix(".Va ")?.trim_end_matches(" ,").to_owned()))
            .filter(|name| !members.contains(name))
            .collect();
        let code: BTreeSet<String> = always.iter().chain(optional).map(|name| (*name).to_owned()).collect();
        assert_eq!(named, code, "{}", kind.name());
    }
}

#[test]
fn every_kind_has_its_table_and_no_table_is_of_nothing() {
    let page = page();
    let headings: BTreeSet<&str> =
        page.lines().filter_map(|line| line.strip_prefix(".Ss Members of ")).collect();
    let kinds = Kind::ALL.iter().map(|kind| kind.name()).chain(["every core"]);
    assert_eq!(headings, kinds.collect::<BTreeSet<_>>());
}

// ── words, labels, limits ─────────────────────────────────────────────────

fn words_in_page() -> BTreeMap<String, Vec<String>> {
    let mut all: BTreeMap<String, Vec<String>> = BTreeMap::new();
    let mut member = String::new();
    for line in part(&page(), ".Ss Words") {
        if let Some(name) = line.strip_prefix(".It Va ") {
            member = name.replace(" No", "");
        } else if let Some(word) = line.strip_prefix(".Li ") {
            let word = word.split_ascii_whitespace().next().unwrap();
            all.entry(member.clone()).or_default().push(word.to_owned());
        }
    }
    all
}

#[test]
fn every_word_of_a_closed_set_stands_in_the_page_and_none_other() {
    fn names<T: Copy>(all: &[T], name: fn(T) -> &'static str) -> Vec<String> {
        all.iter().map(|word| name(*word).to_owned()).collect()
    }
    let mut code = BTreeMap::from([
        ("kind".to_owned(), names(Kind::ALL, Kind::name)),
        ("program".to_owned(), names(Program::ALL, Program::name)),
        ("state".to_owned(), names(StateLevel::ALL, StateLevel::name)),
        ("closes".to_owned(), names(Closes::ALL, Closes::name)),
        ("textSource".to_owned(), names(TextSource::ALL, TextSource::name)),
        ("from".to_owned(), names(From::ALL, From::name)),
        ("outcome".to_owned(), names(Unseen::ALL, Unseen::name)),
        ("why of shell-close".to_owned(), names(CloseReason::ALL, CloseReason::name)),
        ("what of note".to_owned(), names(NoteWhat::ALL, NoteWhat::name)),
        ("reason of end".to_owned(), names(EndReason::ALL, EndReason::name)),
    ]);
    code.extend([
        ("protection".to_owned(), vec![PROTECTION_FILE.to_owned(), PROTECTION_RECORDER.to_owned()]),
        ("at".to_owned(), names(FactTime::ALL, FactTime::name)),
        ("evidence".to_owned(), names(Evidence::ALL, Evidence::name)),
        ("inherited".to_owned(), names(Inherited::ALL, Inherited::name)),
        ("why of prev".to_owned(), names(PrevWhy::ALL, PrevWhy::name)),
    ]);
    let enums = read("src/record/words.rs").matches("\nwords! {").count();
    assert_eq!(enums + 1, code.len(), "a set of words that this test does not know");
    assert_eq!(words_in_page(), code);
    assert!(page().contains(&format!(".Li {}", attesh::record::FORMAT)));
}

#[test]
fn every_label_stands_in_the_page_and_none_other() {
    let escaped =
        |label: &[u8]| String::from_utf8(label.to_vec()).unwrap().replace('\0', "\\e0").replace('\n', "\\en");
    let mut code: BTreeSet<String> = label::ALL.iter().map(|label| (*label).to_owned()).collect();
    code.extend([label::FIELD, label::TAG, label::STEP].map(escaped));
    // Beside ALL, the label that attesh-seal(5) has.
    assert!(crate::pages::seal::page("attesh-seal.5").contains(&escaped(label::UNIT)));
    let constants = read("src/crypto.rs").matches("    pub const ").count() - 2;
    assert_eq!(constants, code.len(), "a label that ALL does not have");
    let page = page();
    let quoted: BTreeSet<String> = page
        .lines()
        .filter_map(|line| Some(line.split_once("\"attesh ")?.1.split('"').next()?.to_owned()))
        .map(|rest| format!("attesh {rest}"))
        .collect();
    assert_eq!(quoted, code);
}

/// The value of a constant in a source file, where it is not public.
fn private(file: &str, name: &str) -> u64 {
    let source = read(file);
    let line = source.lines().find(|line| line.contains(&format!("const {name}:"))).unwrap();
    line.split('=').nth(1).unwrap().trim().trim_end_matches(';').replace('_', "").parse().unwrap()
}

#[test]
fn every_limit_stands_in_the_page_with_its_value_and_none_other() {
    use attesh::{crypto, journal, lock, record};
    let limits: BTreeMap<&str, u64> = BTreeMap::from([
        ("LINE_MAX", record::LINE_MAX as u64),
        ("CORE_MAX", record::CORE_MAX as u64),
        ("TEXT_MAX", record::TEXT_MAX as u64),
        ("TEXT_PREFIX", record::TEXT_PREFIX as u64),
        ("TEXTS_MAX", record::TEXTS_MAX as u64),
        ("TEXT_NAME_MAX", record::TEXT_NAME_MAX as u64),
        ("ATTACHED_NAME_MAX", private("src/record/fact.rs", "ATTACHED_NAME_MAX")),
        ("INTEGER_MAX", record::INTEGER_MAX),
        ("WAIT_MS", u64::from(lock::WAIT_MS)),
        ("PATIENCE_MS", u64::from(lock::PATIENCE_MS)),
        ("SLOT_BYTES", SLOT_BYTES as u64),
        ("WHY_MAX", private("src/journal/state.rs", "WHY_MAX")),
        ("KEPT_FINDINGS_MAX", private("src/journal/story/kept.rs", "KEPT_FINDINGS_MAX")),
        ("SIZE_MAX", journal::chain::SIZE_MAX),
        ("OPEN_SHELLS_MAX", journal::story::OPEN_SHELLS_MAX as u64),
        ("ORIGIN_SECRET_MIN_BYTES", crypto::ORIGIN_SECRET_MIN_BYTES as u64),
    ]);
    let text = page().split_whitespace().collect::<Vec<_>>().join(" ");
    let mut named = BTreeSet::new();
    for (at, _) in text.match_indices('(') {
        let name = text[at + 1..].split(')').next().unwrap();
        if !name.contains('_') || !name.bytes().all(|byte| byte.is_ascii_uppercase() || byte == b'_') {
            continue;
        }
        named.insert(name);
        let value = *limits.get(name).unwrap_or_else(|| panic!("the page has a limit {name}"));
        let before: Vec<&str> = text[..at].split(' ').rev().skip(1).take(3).collect();
        let power = format!("2^{}", value.trailing_zeros());
        let there = before
            .iter()
            .any(|word| word.parse() == Ok(value) || (value.is_power_of_two() && *word == power));
        assert!(there, "{name} is {value}, the page says {before:?}");
    }
    assert_eq!(named, limits.keys().copied().collect::<BTreeSet<_>>());
}

// ── state and story ───────────────────────────────────────────────────────

const WHY: &str = "why not";

/// A slot whose every part has bytes of its own.
fn slot() -> Slot {
    let mut frontier = Frontier::default();
    for leaf in [[0xa1; 32], [0xa2; 32], [0xa3; 32]] {
        frontier.push(leaf);
    }
    let mut story = Story::default();
    (story.shells, story.clock_steps) = (200, 3);
    story.findings.push(Finding { record: 7, code: FindingCode::Gap, text: "why".into() });
    Slot {
        generation: 0x1111,
        session: [0x21; 16],
        genesis: [0x22; 32],
        boot_id: [0x23; 16],
        condition: Condition::Tampered(WHY.into()),
        frontier,
        running: [0x24; 32],
        mark: FileMark { dev: 0x31, ino: 0x32, length: 0x33, ctime_s: -2, ctime_ns: 0x35 },
        seed: Seed([0x25; 32]),
        public: [0x27; 32],
        chain_key: ChainKey([0x26; 32]),
        recovered: Recovered { adopted: 0x41, cut_bytes: 0x42 },
        sync_failed: true,
        story: Some(Box::new(story)),
    }
}

/// Offset, length and content of the parts of a slot, as the page has them.
fn parts_of_slot() -> Vec<(String, String, String)> {
    part(&page(), ".Sh THE STATE")
        .iter()
        .filter_map(|line| {
            let cells: Vec<&str> = line.strip_prefix(".It ")?.split(" Ta ").collect();
            let [offset, length, content] = cells[..] else { return None };
            offset.as_bytes()[0].is_ascii_digit().then(|| (offset.into(), length.into(), content.into()))
        })
        .collect()
}

#[test]
fn a_slot_is_laid_out_as_the_table_says() {
    let slot = slot();
    let roots = slot.frontier.roots().concat();
    let why = WHY;
    let bytes = slot.encode();
    let number = |value: u64| value.to_be_bytes().to_vec();
    let w = why.len();
    let content: [(&str, Vec<u8>); 21] = [
        ("the bytes ATTESH3", b"ATTESH3\0".to_vec()),
        ("generation", number(0x1111)),
        ("session id", vec![0x21; 16]),
        ("root_1", vec![0x22; 32]),
        ("boot id", vec![0x23; 16]),
        ("device number", number(0x31)),
        ("inode number", number(0x32)),
        ("length in bytes", number(0x33)),
        ("change time, seconds", (-2i64).to_be_bytes().to_vec()),
        ("change time, nanoseconds", number(0x35)),
        ("adopted", number(0x41)),
        ("cutBytes", number(0x42)),
        ("running digest", vec![0x24; 32]),
        ("seed", vec![0x25; 32]),
        ("public half", vec![0x27; 32]),
        ("chain key", vec![0x26; 32]),
        ("0: live; 1: tampered", vec![1]),
        ("1: bringing", vec![1]),
        ("w, the length", u16::try_from(w).unwrap().to_be_bytes().to_vec()),
        ("why it is", why.into()),
        ("size", number(3)),
    ];
    let rows = parts_of_slot();
    let resolve = |text: &str| -> usize {
        text.split('+').map(|term| if term == "w" { w } else { term.parse().unwrap() }).sum()
    };
    let mut end = 0;
    for (row, (starts, wanted)) in rows.iter().zip(&content) {
        assert!(row.2.starts_with(starts), "{row:?}, not {starts}");
        let (offset, length) = (resolve(&row.0), resolve(&row.1));
        assert_eq!(offset, end, "{row:?}");
        end = offset + length;
        assert_eq!(&bytes[offset..end], wanted, "{row:?}");
    }
    let [(_, _, roots_row), used, checksum] = &rows[content.len()..] else {
        panic!("{:?}", &rows[content.len()..])
    };
    assert!(roots_row.starts_with("the roots"));
    assert_eq!(resolve(&rows[content.len()].0), end);
    assert_eq!(&bytes[end..end + roots.len()], &roots[..]);
    let at = resolve(&checksum.0);
    // 1 and the story: no flag, 13 counts, one finding, no open shell.
    let story = [&[1, 0, 0xc8, 1], &[0; 11][..], &[3], b"\x01\x07\x03gap\x03why\0"].concat();
    let content_end = end + roots.len() + story.len();
    assert_eq!(bytes[end + roots.len()..content_end], story[..]);
    let used_at = resolve(&used.0);
    assert!(bytes[content_end..used_at].iter().all(|byte| *byte == 0));
    assert_eq!(bytes[used_at..at], u16::try_from(content_end).unwrap().to_be_bytes());
    assert_eq!(bytes[at..], blake3::hash(&bytes[..content_end]).as_bytes()[..]);
    assert_eq!(slot.offset(), SLOT_BYTES as u64, "an odd generation stands second");
}
