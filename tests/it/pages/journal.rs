//! attesh-journal(5) against the code that reads and writes journals.

use std::collections::{BTreeMap, BTreeSet};

use attesh::clock::Moment;
use attesh::crypto::{ChainKey, Seed, label};
use attesh::journal::chain::Frontier;
use attesh::journal::state::{Condition, FileMark, SLOT_BYTES, Slot};
use attesh::record::{
    Anomaly, Body, Close, CloseReason, Closes, Collect, CommandText, Commitment, Core, End, EndReason,
    Finish, From, Genesis, Kind, Lost, Note, NoteWhat, Open, Outcome, Pause, Plan, PlanTime, Prev, Program,
    Recovered, Resume, Start, StateLevel, TextSource,
};
use serde_json::Value;

fn read(path: &str) -> String {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join(path);
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn page() -> String {
    read("man/attesh-journal.5")
}

/// The lines between a heading and the next of the same kind or above.
fn part(page: &str, heading: &str) -> Vec<String> {
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
#[derive(Debug)]
struct Row {
    kind: String,
    presence: String,
}

type Table = BTreeMap<String, Row>;

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
            assert!(rows.insert(name.to_owned(), row).is_none(), "{heading}: {name} is given twice");
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

const TEXT: Commitment = Commitment([9; 32]);

fn genesis(full: bool) -> Body {
    let prev = Prev {
        session: "0190a0b0-0000-7000-8000-000000000001".into(),
        size: 3,
        root: [1; 32],
        why: "sealed".into(),
    };
    Body::Genesis(Box::new(Genesis {
        session: "0190a0b0-0000-7000-8000-000000000002".into(),
        name: full.then(|| "name".into()),
        boot_id: "boot".into(),
        pid_ns: 1,
        time_ns: 2,
        recorder_version: "0".into(),
        recorder_digest: [2; 32],
        state: StateLevel::Shm,
        state_dir: TEXT,
        host: TEXT,
        user: TEXT,
        origin_id: full.then_some([3; 8]),
        prev: full.then_some(prev),
        parent: full.then(|| "parent".into()),
        closes: Closes::LastShell,
        verify_key: [4; 32],
    }))
}

fn start(full: bool) -> Body {
    Body::Start(Start {
        shell: 1,
        n: 1,
        native: 2,
        skip: u64::from(full),
        source: if full { TextSource::Typed } else { TextSource::Withheld },
        command: full.then_some(CommandText { commitment: TEXT, truncated: true }),
        workdir: TEXT,
        prev_status: full.then_some(1),
        planned: full,
        late: full,
    })
}

fn finish(full: bool) -> Body {
    Body::Finish(Finish {
        shell: 1,
        n: 1,
        status: full.then_some(1),
        pipe_status: full.then(|| vec![0, 1]),
        from: if full { From::Prompt } else { From::Unknown },
        stale: full,
        outcome: None,
        native: full.then_some(3),
        shell_duration_us: full.then_some(4),
    })
}

fn sealing() -> Body {
    let Body::Finish(finish) = finish(false) else { unreachable!() };
    Body::Finish(Finish { outcome: Some(Outcome::Sealing), ..finish })
}

/// Bodies of a kind which together have every member that the kind can have.
fn samples(kind: Kind) -> Vec<Body> {
    let some = |full: bool, number: u64| full.then_some(number);
    let both = |make: fn(bool) -> Body| vec![make(true), make(false)];
    match kind {
        Kind::Genesis => both(genesis),
        Kind::Start => both(start),
        Kind::Finish => vec![finish(true), finish(false), sealing()],
        Kind::Collect => vec![Body::Collect(Collect {
            collector: "https://example.org/c".into(),
            at: "start".into(),
            ok: true,
            data: Some(TEXT),
        })],
        Kind::ShellOpen => vec![Body::Open(Box::new(Open {
            program: Program::Bash,
            version: "5".into(),
            pid: 1,
            start_ticks: 2,
            native: 3,
            hook: "0".into(),
            typed: true,
            workdir: TEXT,
            history: TEXT,
        }))],
        Kind::ShellClose => [true, false]
            .map(|full| {
                Body::Close(Close {
                    shell: 1,
                    why: CloseReason::Exit,
                    status: some(full, 0),
                    native: some(full, 1),
                    script_unchanged: full,
                    workdir: TEXT,
                })
            })
            .into(),
        Kind::Plan => {
            let recorded_at = PlanTime::Exit;
            vec![Body::Plan(Plan { shell: 1, count: 2, recorded_at, name: TEXT, ranges: TEXT, script: TEXT })]
        }
        Kind::Note => vec![Body::Note(Note {
            shell: Some(1),
            what: NoteWhat::Remark,
            text: Some(TEXT),
            status: Some(1),
            native: Some(2),
        })],
        Kind::Pause => {
            [true, false].map(|full| Body::Pause(Pause { shell: some(full, 1), reason: Some(TEXT) })).into()
        }
        Kind::Resume => {
            let resume = |full| Resume { shell: some(full, 1), by: some(full, 2), reason: Some(TEXT) };
            [true, false].map(|full| Body::Resume(resume(full))).into()
        }
        Kind::Lost => vec![Body::Lost(Lost { shell: 1, count: 2 })],
        Kind::Anomaly => vec![Body::Anomaly(Anomaly { what: "x".into(), detail: Some(TEXT) })],
        Kind::End => vec![Body::End(End { reason: EndReason::Seal, synced_to_disk: true })],
    }
}

/// The cores of a kind as JSON.
fn cores(kind: Kind) -> Vec<Value> {
    let core = |body: Body| {
        let core = Core {
            index: 5,
            time: Moment { realtime_ns: 1, boottime_ns: 2, synced: true },
            next_key: (kind != Kind::End).then_some([7; 32]),
            recovered: Some(Recovered { adopted: 1, cut_bytes: 2 }),
            body,
        };
        serde_json::from_slice(&core.encode()).unwrap()
    };
    samples(kind).into_iter().map(core).collect()
}

fn decodes(core: &Value) -> bool {
    Core::decode(&serde_json::to_vec(core).unwrap()).is_ok()
}

/// A value of another type than the page names.
fn of_other_type(kind: &str) -> Value {
    match kind.trim_end_matches(" or null") {
        "integer" | "status" => Value::from("1"),
        "list of status" => Value::from(1),
        _ => Value::from(1u64 << 40),
    }
}

/// Every member that the code writes stands in the table and the other way round; what may
/// be missing or null may be so in the code, and nothing else.
fn compare(what: &str, table: &Table, inside: &[&str], cores: &[Value]) {
    let at = |core: &Value| inside.iter().fold(core.clone(), |value, name| value[*name].clone());
    let at_mut = |core: &mut Value, change: &dyn Fn(&mut serde_json::Map<String, Value>)| {
        let target = inside.iter().fold(core, |value, name| &mut value[*name]);
        change(target.as_object_mut().unwrap());
    };
    let with: Vec<&Value> = cores.iter().filter(|core| at(core).is_object()).collect();
    let written: BTreeSet<String> = with
        .iter()
        .flat_map(|core| at(core).as_object().unwrap().keys().cloned().collect::<Vec<_>>())
        .collect();
    assert_eq!(table.keys().cloned().collect::<BTreeSet<_>>(), written, "{what}: the page, and the code");
    for (name, row) in table {
        let having: Vec<&&Value> = with.iter().filter(|core| !at(core)[name].is_null()).collect();
        let changed = |change: &dyn Fn(&mut serde_json::Map<String, Value>)| -> Vec<bool> {
            having
                .iter()
                .map(|core| {
                    let mut core = (**core).clone();
                    at_mut(&mut core, change);
                    decodes(&core)
                })
                .collect()
        };
        assert!(changed(&|_| ()).iter().all(|good| *good), "{what}: the sample itself");
        let missing = changed(&|object| {
            object.remove(name);
        });
        match row.presence.as_str() {
            "always" => assert!(missing.iter().all(|good| !good), "{what}: {name} may be missing"),
            "optional" => assert!(missing.iter().any(|good| *good), "{what}: {name} may not be missing"),
            "by case" => {}
            other => panic!("{what}: {name}: unknown presence {other}"),
        }
        let null = changed(&|object| {
            object.insert(name.clone(), Value::Null);
        });
        let or_null = row.kind.ends_with(" or null");
        // A status is null by case; then another sample has it so.
        let taken =
            null.iter().any(|good| *good) || with.iter().any(|core| at(core).get(name) == Some(&Value::Null));
        assert_eq!(taken, or_null, "{what}: may {name} be null?");
        let other = changed(&|object| {
            object.insert(name.clone(), of_other_type(&row.kind));
        });
        assert!(other.iter().all(|good| !good), "{what}: {name} is no {}", row.kind);
    }
    for core in &with {
        let mut core = (*core).clone();
        at_mut(&mut core, &|object| {
            object.insert("unheardOf".into(), Value::Null);
        });
        assert!(!decodes(&core), "{what}: an unknown member is taken");
    }
}

#[test]
fn every_member_stands_in_its_table_and_none_other() {
    let (common, inner) = tables(".Ss Members of every core");
    for kind in Kind::ALL {
        let (own, inside) = tables(&format!(".Ss Members of {}", kind.name()));
        let mut table = own;
        for (name, row) in &common {
            if *kind == Kind::End && name == "nk" {
                continue;
            }
            let row = Row { kind: row.kind.clone(), presence: row.presence.clone() };
            assert!(table.insert(name.clone(), row).is_none(), "{name} stands in two tables");
        }
        let cores = cores(*kind);
        compare(kind.name(), &table, &[], &cores);
        compare("recovered", &inner["recovered"], &["recovered"], &cores);
        for (name, table) in &inside {
            compare(name, table, &[name], &cores);
        }
        let objects = table.values().filter(|row| row.kind.starts_with("object")).count();
        assert_eq!(objects, 1 + inside.len(), "{}: an object without a table", kind.name());
    }
    let mut core = cores(Kind::End).remove(0);
    core["nk"] = Value::from("A".repeat(43));
    assert!(!decodes(&core), "end takes a key");
}

#[test]
fn the_members_of_type_commitment_are_those_that_texts_are_disclosed_for() {
    for kind in Kind::ALL {
        let (table, _) = tables(&format!(".Ss Members of {}", kind.name()));
        let page: BTreeSet<&str> =
            table.iter().filter(|(_, row)| row.kind == "commitment").map(|(name, _)| name.as_str()).collect();
        let bodies = samples(*kind);
        let code: BTreeSet<&str> = bodies.iter().flat_map(Body::commitments).map(|(name, _)| name).collect();
        assert_eq!(page, code, "{}", kind.name());
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
        ("recordedAt".to_owned(), names(PlanTime::ALL, PlanTime::name)),
        ("state".to_owned(), names(StateLevel::ALL, StateLevel::name)),
        ("closes".to_owned(), names(Closes::ALL, Closes::name)),
        ("textSource".to_owned(), names(TextSource::ALL, TextSource::name)),
        ("from".to_owned(), names(From::ALL, From::name)),
        ("outcome".to_owned(), names(Outcome::ALL, Outcome::name)),
        ("why of shell-close".to_owned(), names(CloseReason::ALL, CloseReason::name)),
        ("what of note".to_owned(), names(NoteWhat::ALL, NoteWhat::name)),
        ("reason of end".to_owned(), names(EndReason::ALL, EndReason::name)),
    ]);
    let source = ["words", "body", "genesis"].map(|name| read(&format!("src/record/{name}.rs"))).concat();
    let enums = source.matches("\nwords! {").count();
    assert_eq!(enums, code.len(), "a set of words that this test does not know");
    // Those that are checked where they are read.
    for piece in source.split("one_of(").skip(1) {
        let Some((member, rest)) = piece.split_once("&[") else { continue };
        let Some(member) = member.split('"').nth(1) else { continue };
        let list = rest.split(']').next().unwrap();
        let list: Vec<String> = list.split('"').skip(1).step_by(2).map(str::to_owned).collect();
        let member = if member == "why" { "why of prev" } else { member };
        if !list.is_empty() && member != "protection" {
            code.insert(member.to_owned(), list);
        }
    }
    assert_eq!(words_in_page(), code);
    assert!(page().contains("Ta only file:") || page().contains("only file: the same user"));
    assert!(page().contains(&format!(".Li {}", attesh::record::FORMAT)));
}

#[test]
fn every_label_stands_in_the_page_and_none_other() {
    let escaped =
        |label: &[u8]| String::from_utf8(label.to_vec()).unwrap().replace('\0', "\\e0").replace('\n', "\\en");
    let mut code: BTreeSet<String> = label::ALL.iter().map(|label| (*label).to_owned()).collect();
    code.extend([label::FIELD, label::TAG, label::STEP].map(escaped));
    let constants = read("src/crypto.rs").matches("    pub const ").count() - 1;
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
        ("WAIT_MS", u64::from(lock::WAIT_MS)),
        ("PATIENCE_MS", u64::from(lock::PATIENCE_MS)),
        ("SLOT_BYTES", SLOT_BYTES as u64),
        ("WHY_MAX", private("src/journal/state.rs", "WHY_MAX")),
        ("SIZE_MAX", journal::chain::SIZE_MAX),
        ("OPEN_SHELLS_MAX", journal::shells::OPEN_SHELLS_MAX as u64),
        ("FINDINGS_MAX", journal::shells::FINDINGS_MAX as u64),
        ("CLOCK_STEP_NS", journal::shells::CLOCK_STEP_NS),
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
        ("the bytes ATTESH2", b"ATTESH2\0".to_vec()),
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
    let (used_at, content_end) = (resolve(&used.0), end + roots.len());
    assert!(bytes[content_end..used_at].iter().all(|byte| *byte == 0));
    assert_eq!(bytes[used_at..at], u16::try_from(content_end).unwrap().to_be_bytes());
    assert_eq!(bytes[at..], blake3::hash(&bytes[..content_end]).as_bytes()[..]);
    assert_eq!(slot.offset(), SLOT_BYTES as u64, "an odd generation stands second");
}

#[test]
fn every_finding_stands_in_the_page_with_its_weight_and_none_other() {
    let source = read("src/journal/shells.rs");
    let source = source.split("#[cfg(test)]").next().unwrap();
    let mut code: BTreeMap<String, &str> = BTreeMap::new();
    for (call, weight) in [("self.note(", "note"), ("self.incomplete(", "incomplete")] {
        for piece in source.split(call).skip(1) {
            let word = piece.split('"').nth(1).unwrap();
            assert!(word.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'-'), "{word}");
            code.insert(word.to_owned(), weight);
        }
    }
    let rules = ["last_n", "last", "pending", "own", "interrupted", "missing", "moved"];
    let text = part(&page(), ".Sh THE STORY").join("\n");
    let mut page = BTreeMap::new();
    for (at, _) in text.match_indices("\n.Em ") {
        let word = text[at + 5..].split_whitespace().next().unwrap();
        if rules.contains(&word) {
            continue;
        }
        // The weight is the next of the two words, within the same paragraph.
        let rest = text[at..].split("\n.Pp").next().unwrap();
        let near = |weight: &str| rest.find(weight).unwrap_or(usize::MAX);
        let weight = if near("incomplete") < near("note") { "incomplete" } else { "note" };
        page.insert(word.to_owned(), weight);
    }
    assert_eq!(page, code);
}
