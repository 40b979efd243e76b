//! Cases of the core: JSON, members, their types and values, and what contradicts itself.

use super::{Cases, Expect};
use crate::stage::signer::{self, Defect, Signer, Texts, close, end, finish, open, start, swap};
use attesh::record::{
    Anomaly, Attached, Body, Evidence, Fact, FactTime, Finish, From, KNOWN_TYPES, Kind, Lost, Note, NoteWhat,
    Pause, Plan, Program, Recovered, Resume, TextSource, Unseen,
};

pub fn add(cases: &mut Cases) {
    json(cases);
    common(cases);
    genesis(cases);
    genesis_prev(cases);
    starts(cases);
    finishes(cases);
    others(cases);
    spelled_otherwise(cases);
    facts(cases);
    commitments(cases);
    accepted(cases);
}

const JSON: &str = "record.json";
const MEMBER: &str = "record.member";
const SPELLING: &str = "record.spelling";

fn json(cases: &mut Cases) {
    for (name, from, to, why) in [
        ("json-unknown-member", "{\"i\":2,", "{\"x\":1,\"i\":2,", SPELLING),
        ("json-duplicate-member", "{\"i\":2,", "{\"i\":2,\"i\":2,", MEMBER),
        ("json-duplicate-by-escape", "{\"i\":2,", "{\"\\u0069\":2,\"i\":2,", MEMBER),
        ("json-case-variant", "\"kind\":", "\"Kind\":", MEMBER),
        ("json-float", "{\"i\":2,", "{\"i\":2.0,", MEMBER),
        ("json-exponent", "{\"i\":2,", "{\"i\":2e0,", MEMBER),
        ("json-negative", "{\"i\":2,", "{\"i\":-2,", MEMBER),
        ("json-minus-zero", "\"n\":1,", "\"n\":-0,", MEMBER),
        ("json-leading-zero", "{\"i\":2,", "{\"i\":02,", JSON),
        ("json-beyond-64-bits", "\"n\":1,", "\"n\":18446744073709551616,", MEMBER),
        ("json-nan", "\"n\":1,", "\"n\":NaN,", JSON),
        ("json-lone-surrogate", "\"typed\"", "\"\\ud800\"", JSON),
        ("json-raw-control", "\"typed\"", "\"ty\u{1}ped\"", JSON),
        ("json-trailing-comma", "\"}", "\",}", JSON),
        ("json-two-objects", "{\"i\"", "{}{\"i\"", JSON),
        ("json-comment", "{\"i\"", "{/**/\"i\"", JSON),
        ("json-single-quotes", "\"start\"", "'start'", JSON),
        ("json-byte-order-mark", "{\"i\"", "\u{feff}{\"i\"", JSON),
    ] {
        cases.bad_start(name, Defect::Core(&swap(from, to)), why);
    }
    cases.bad_start("json-array", Defect::Core(&|core| [b"[", &core[..], b"]"].concat()), JSON);
    cases.bad_start("json-empty", Defect::Core(&|_| Vec::new()), JSON);
    cases.bad_start("json-cut", Defect::Core(&|core| core[..core.len() - 1].to_vec()), JSON);
    let not_text = |core: Vec<u8>| {
        let at = core.windows(5).position(|window| window == b"typed").unwrap();
        [&core[..at], b"\xff", &core[at + 1..]].concat()
    };
    cases.bad_start("json-not-utf-8", Defect::Core(&not_text), JSON);
    let deep = |core: Vec<u8>| {
        let nest = [&b"{\"x\":"[..], &[b'['; 300], &[b']'; 300], b","].concat();
        [&nest[..], &core[1..]].concat()
    };
    cases.bad_start("json-nested-300-deep", Defect::Core(&deep), JSON);
}

fn common(cases: &mut Cases) {
    for (name, from, to, why) in [
        ("index-of-another", "{\"i\":2,", "{\"i\":3,", "record.index"),
        ("index-as-text", "{\"i\":2,", "{\"i\":\"2\",", MEMBER),
        ("index-missing", "{\"i\":2,", "{", MEMBER),
        ("kind-unknown", "\"kind\":\"start\"", "\"kind\":\"begin\"", MEMBER),
        ("kind-in-capitals", "\"kind\":\"start\"", "\"kind\":\"Start\"", MEMBER),
        ("kind-as-number", "\"kind\":\"start\"", "\"kind\":1", MEMBER),
        ("kind-of-another", "\"kind\":\"start\"", "\"kind\":\"finish\"", MEMBER),
        (
            "time-as-number",
            "\"realtimeNs\":\"1763812800002000000\"",
            "\"realtimeNs\":1763812800002000000",
            MEMBER,
        ),
        ("time-with-leading-zero", "\"realtimeNs\":\"1", "\"realtimeNs\":\"01", MEMBER),
        ("time-with-plus", "\"realtimeNs\":\"1", "\"realtimeNs\":\"+1", MEMBER),
        ("time-negative", "\"realtimeNs\":\"1", "\"realtimeNs\":\"-1", MEMBER),
        ("time-beyond-64-bits", "\"realtimeNs\":\"1", "\"realtimeNs\":\"991", MEMBER),
        ("boottime-missing", "\"boottimeNs\":\"5002000000\",", "", MEMBER),
        ("synced-missing", "\"synced\":true,", "", MEMBER),
        ("synced-as-number", "\"synced\":true", "\"synced\":1", MEMBER),
        ("next-key-missing", "\"nk\":", "\"mk\":", "record.key"),
        ("next-key-padded", "\"}", "=\"}", MEMBER),
        (
            "recovered-with-unknown",
            "\"synced\":true",
            "\"synced\":true,\"recovered\":{\"adopted\":1,\"cutBytes\":0,\"x\":0}",
            SPELLING,
        ),
        ("recovered-half", "\"synced\":true", "\"synced\":true,\"recovered\":{\"adopted\":1}", MEMBER),
    ] {
        cases.bad_start(name, Defect::Core(&swap(from, to)), why);
    }
    let slack = |core: Vec<u8>| {
        // 43 characters hold 258 bits: the lowest two of the last one must be zero.
        let at = core.len() - 3;
        let mut core = core;
        core[at] += 1;
        core
    };
    cases.bad_start("next-key-slack-bits", Defect::Core(&slack), MEMBER);
    let with_key = "\"syncedToDisk\":true,\"nk\":\"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\"";
    let edit = swap("\"syncedToDisk\":true", with_key);
    cases.bad("end-with-next-key", end(), &Texts::default(), Defect::Core(&edit), "record.key");
}

fn genesis(cases: &mut Cases) {
    let id = signer::SESSION;
    let upper = id.to_uppercase();
    let bare = id.replace('-', "");
    for (name, from, to, why) in [
        ("format-lower", "attesh-journal/1", "attesh-journal/0", "journal.format"),
        ("format-higher", "attesh-journal/1", "attesh-journal/2", "journal.format"),
        ("format-of-another-kind", "attesh-journal/1", "other-journal/1", MEMBER),
        ("format-missing", "\"format\":\"attesh-journal/1\",", "", MEMBER),
        ("session-in-capitals", id, upper.as_str(), MEMBER),
        ("session-without-dashes", id, bare.as_str(), MEMBER),
        ("name-missing", "\"name\":null,", "", MEMBER),
        ("name-as-number", "\"name\":null", "\"name\":1", MEMBER),
        ("closes-unknown", "\"closes\":\"last-shell\"", "\"closes\":\"never\"", MEMBER),
        ("origin-id-short", "\"originId\":null", "\"originId\":\"00\"", MEMBER),
        ("origin-id-in-capitals", "\"originId\":null", "\"originId\":\"00000000000000AA\"", MEMBER),
        ("recorder-missing", "\"recorder\":", "\"recorded\":", MEMBER),
        ("recorder-with-unknown", "\"recorder\":{", "\"recorder\":{\"x\":0,", SPELLING),
        ("recorder-digest-short", "\"sha256\":\"09", "\"sha256\":\"", MEMBER),
        ("parent-missing", "\"parent\":null,", "", MEMBER),
        ("pid-namespace-as-number", "\"pidNs\":\"4026531836\"", "\"pidNs\":4026531836", MEMBER),
        ("host-missing", "\"host\":", "\"hast\":", "record.commitments"),
        ("state-folder-missing", "\"stateDir\":", "\"stateDor\":", "record.commitments"),
        ("verify-key-missing", "\"vk\":", "\"vq\":", MEMBER),
    ] {
        let name = format!("genesis-{name}");
        cases.bad_genesis(&name, Defect::Core(&swap(from, to)), why);
    }
}

fn genesis_prev(cases: &mut Cases) {
    let zeros = "0".repeat(64);
    let id = signer::SESSION;
    let prev = |session: &str, size: &str, root: &str, why: &str, more: &str| {
        format!(
            "\"prev\":{{\"session\":\"{session}\",\"size\":{size},\"root\":\"{root}\",\"why\":\"{why}\"{more}}}"
        )
    };
    for (name, text, why) in [
        ("why-unknown", prev(id, "1", &zeros, "bored", ""), MEMBER),
        ("session-empty", prev("", "1", &zeros, "ended", ""), MEMBER),
        ("size-negative", prev(id, "-1", &zeros, "ended", ""), MEMBER),
        ("root-short", prev(id, "1", "00", "ended", ""), MEMBER),
        ("with-unknown", prev(id, "1", &zeros, "ended", ",\"x\":1"), SPELLING),
    ] {
        let name = format!("genesis-prev-{name}");
        cases.bad_genesis(&name, Defect::Core(&swap("\"prev\":null", &text)), why);
    }
    for word in ["sealed", "stopped", "ended", "tampered", "lost"] {
        let mut signer = Signer::new(1);
        let text = prev(id, "7", &zeros, word, "");
        signer.genesis(Defect::Core(&swap("\"prev\":null", &text)));
        let codes: &[_] =
            if ["tampered", "lost"].contains(&word) { &["after-loss", "no-end"] } else { &["no-end"] };
        cases.add(&format!("genesis-prev-{word}"), signer.bytes, Expect::Incomplete(codes));
    }
}

fn starts(cases: &mut Cases) {
    for (name, from, to, why) in [
        ("start-source-unknown", "\"textSource\":\"typed\"", "\"textSource\":\"heard\"", MEMBER),
        ("start-source-missing", "\"textSource\":\"typed\",", "", MEMBER),
        (
            "start-withheld-with-text",
            "\"textSource\":\"typed\"",
            "\"textSource\":\"withheld\"",
            "record.text",
        ),
        ("start-none-with-text", "\"textSource\":\"typed\"", "\"textSource\":\"none\"", "record.text"),
        ("start-native-missing", "\"native\":1,", "", MEMBER),
        ("start-n-null", "\"n\":1,", "\"n\":null,", MEMBER),
        ("start-shell-missing", "\"shell\":1,", "", MEMBER),
        ("start-skip-as-text", "\"n\":1,", "\"n\":1,\"skip\":\"1\",", MEMBER),
        ("start-prev-status-256", "\"n\":1,", "\"n\":1,\"prevStatus\":256,", MEMBER),
        ("start-unit-0", "\"n\":1,", "\"n\":1,\"unit\":0,", MEMBER),
        ("start-unit-null", "\"n\":1,", "\"n\":1,\"unit\":null,", MEMBER),
        ("start-truncated-as-number", "\"n\":1,", "\"n\":1,\"truncated\":1,", MEMBER),
        ("start-workdir-missing", "\"workdir\":", "\"workdor\":", "record.commitments"),
        ("start-command-short", "\"command\":\"", "\"command\":\"A", MEMBER),
    ] {
        cases.bad_start(name, Defect::Core(&swap(from, to)), why);
    }
    let texts = Texts::of(&[("workdir", b"/")]);
    let mut bare = |name: &str, source, edit: Option<(&str, &str)>, why| {
        let body = Body::Start(attesh::record::Start {
            shell: 1,
            n: 1,
            native: 1,
            skip: 0,
            text_source: source,
            truncated: false,
            prev_status: None,
            unit: None,
        });
        let change = edit.map(|(from, to)| swap(from, to));
        let defect = change.as_ref().map_or(Defect::None, |change| Defect::Core(change));
        cases.bad(name, body, &texts, defect, why);
    };
    bare("start-typed-without-text", TextSource::Typed, None, "record.text");
    let truncated = Some(("\"n\":1,", "\"n\":1,\"truncated\":true,"));
    bare("start-truncated-without-text", TextSource::None, truncated, "record.text");
}

fn finishes(cases: &mut Cases) {
    for (name, from, to, why) in [
        ("finish-status-256", "\"status\":0", "\"status\":256", MEMBER),
        ("finish-status-missing", "\"status\":0,", "", MEMBER),
        ("finish-status-null-at-prompt", "\"status\":0", "\"status\":null", "record.status"),
        ("finish-status-from-nowhere", "\"from\":\"prompt\"", "\"from\":\"unknown\"", "record.status"),
        (
            "finish-outcome-with-status",
            "\"from\":\"prompt\"",
            "\"from\":\"prompt\",\"outcome\":\"sealing\"",
            "record.status",
        ),
        ("finish-outcome-unknown", "\"from\":\"prompt\"", "\"from\":\"prompt\",\"outcome\":\"fine\"", MEMBER),
        ("finish-from-unknown-word", "\"from\":\"prompt\"", "\"from\":\"hearsay\"", MEMBER),
        ("finish-from-missing", "\"from\":\"prompt\",", "", MEMBER),
        ("finish-pipe-256", "\"from\"", "\"pipeStatus\":[0,256],\"from\"", MEMBER),
        ("finish-pipe-nested", "\"from\"", "\"pipeStatus\":[[0]],\"from\"", MEMBER),
        ("finish-pipe-as-number", "\"from\"", "\"pipeStatus\":0,\"from\"", MEMBER),
        (
            "finish-stale-and-status",
            "\"from\":\"prompt\"",
            "\"from\":\"prompt\",\"stale\":true",
            "record.status",
        ),
        ("finish-stale-as-text", "\"from\"", "\"stale\":\"yes\",\"from\"", MEMBER),
        ("finish-native-null", "\"from\"", "\"native\":null,\"from\"", MEMBER),
        ("finish-with-text", "\"from\"", "\"command\":\"x\",\"from\"", SPELLING),
    ] {
        cases.bad(name, finish(1, 1, 0), &Texts::default(), Defect::Core(&swap(from, to)), why);
    }
}

/// A fact, as an honest recorder writes it.
pub fn fact() -> Fact {
    Fact {
        kind: "https://example.org/git".into(),
        at: FactTime::Start,
        shell: None,
        n: None,
        ok: true,
        must: false,
        attached: Vec::new(),
    }
}

/// One of each further kind, as an honest recorder writes it.
pub fn other_bodies() -> Vec<(Kind, Body, Texts)> {
    let mut all = Vec::new();
    let mut one = |make: &dyn Fn(&mut Texts) -> Body| {
        let mut texts = Texts::default();
        let body = make(&mut texts);
        all.push((body.kind(), body, texts));
    };
    one(&|texts| {
        texts.commit("data", b"{}");
        Body::Fact(Box::new(fact()))
    });
    one(&|texts| {
        *texts = Texts::of(&[
            ("arguments", b"--fast\0"),
            ("name", b"build.sh"),
            ("options", b"-e\0"),
            ("path", b"/bin/bash"),
            ("ranges", b"1-1,2-2,4-6"),
            ("script", b"cd src\nmake\n\nif :\nthen :\nfi\n"),
        ]);
        Body::Plan(Plan {
            shell: 1,
            count: 3,
            before: 1,
            evidence: Evidence::Traps,
            sha256: Some([8; 32]),
            inherited: vec![attesh::record::Inherited::BashEnv, attesh::record::Inherited::ShellOpts],
        })
    });
    one(&|texts| {
        texts.commit("text", b"# a comment");
        Body::Note(Note { shell: Some(1), what: NoteWhat::Unexecuted, status: Some(0), native: Some(1) })
    });
    one(&|texts| {
        texts.commit("reason", b"lunch");
        Body::Pause(Pause { shell: Some(1) })
    });
    one(&|_| Body::Resume(Resume { shell: Some(1), by: None }));
    one(&|_| Body::Lost(Lost { shell: 1, count: 2 }));
    one(&|texts| {
        texts.commit("detail", b"x");
        Body::Anomaly(Anomaly { what: "boot".into() })
    });
    all.push((Kind::ShellClose, close(1, Some(0)).0, close(1, Some(0)).1));
    all.push((Kind::ShellOpen, open(Program::Zsh, 0).0, open(Program::Zsh, 0).1));
    all.push((Kind::Start, start(1, 1, 1, b"ls").0, start(1, 1, 1, b"ls").1));
    all.push((Kind::Finish, finish(1, 1, 1), Texts::default()));
    all.push((Kind::End, end(), Texts::default()));
    all
}

fn others(cases: &mut Cases) {
    for (kind, name, from, to, why) in [
        (Kind::Fact, "fact-at-unknown", "\"at\":\"start\"", "\"at\":\"noon\"", MEMBER),
        (Kind::Fact, "fact-ok-missing", "\"ok\":true,", "", MEMBER),
        (Kind::Plan, "plan-evidence-unknown", "\"evidence\":\"traps\"", "\"evidence\":\"noon\"", MEMBER),
        (Kind::Plan, "plan-before-missing", "\"before\":1,", "", MEMBER),
        (Kind::Plan, "plan-script-missing", "\"script\":", "\"skript\":", "record.commitments"),
        (Kind::Note, "note-what-unknown", "\"what\":\"unexecuted\"", "\"what\":\"hum\"", MEMBER),
        (Kind::Note, "note-status-256", "\"status\":0", "\"status\":256", MEMBER),
        (Kind::Pause, "pause-shell-missing", "\"shell\":1,", "", MEMBER),
        (Kind::Resume, "resume-by-missing", "\"by\":null,", "", MEMBER),
        (Kind::Lost, "lost-count-missing", "\"count\":2,", "", MEMBER),
        (Kind::Anomaly, "anomaly-what-missing", "\"what\":\"boot\",", "", MEMBER),
        (Kind::ShellClose, "close-why-unknown", "\"why\":\"exit\"", "\"why\":\"bored\"", MEMBER),
        (Kind::ShellClose, "close-status-256", "\"status\":0", "\"status\":256", MEMBER),
        (Kind::ShellClose, "close-status-missing", "\"status\":0,", "", MEMBER),
        (Kind::ShellOpen, "open-typed-missing", "\"typed\":true,", "", MEMBER),
        (Kind::ShellOpen, "open-ticks-as-number", "\"startTicks\":\"99\"", "\"startTicks\":99", MEMBER),
        (Kind::End, "end-reason-unknown", "\"reason\":\"last-shell\"", "\"reason\":\"done\"", MEMBER),
        (Kind::End, "end-synced-missing", ",\"syncedToDisk\":true", "", MEMBER),
    ] {
        let (_, body, texts) = other_bodies().into_iter().find(|(have, ..)| *have == kind).unwrap();
        cases.bad(name, body, &texts, Defect::Core(&swap(from, to)), why);
    }
}

/// Facts: of types that are not known, and what contradicts itself in one.
fn facts(cases: &mut Cases) {
    let texts = Texts::of(&[("data", b"{}")]);
    let mut bad = |name: &str, fact: Fact| {
        cases.bad(name, Body::Fact(Box::new(fact)), &texts, Defect::None, "record.fact");
    };
    bad("fact-type-no-uri", Fact { kind: "git".into(), ..fact() });
    bad("fact-number-without-shell", Fact { at: FactTime::Command, n: Some(1), ..fact() });
    bad("fact-of-command-without-number", Fact { at: FactTime::Command, shell: Some(1), ..fact() });
    bad("fact-number-at-start", Fact { shell: Some(1), n: Some(1), ..fact() });
    let attached = |name: &str| {
        let one = Attached { name: name.into(), size: 3, sha256: [7; 32], media_type: "text/plain".into() };
        Fact { attached: vec![one], ..fact() }
    };
    for (name, file) in [("fact-attached-elsewhere", "../x"), ("fact-attached-nameless", "")] {
        bad(name, attached(file));
    }
    let mut good = |name: &str, facts: &[Fact], expect| {
        let mut signer = Signer::base();
        signer.command(1, 1);
        for fact in facts {
            signer.push(Body::Fact(Box::new(fact.clone())), &texts, Defect::None);
        }
        signer.close(1, Some(1));
        signer.end();
        cases.add(name, signer.bytes, expect);
    };
    let complete = Expect::Complete(&[]);
    let about = Fact { at: FactTime::Command, shell: Some(1), n: Some(1), ..fact() };
    good("fact-of-unknown-type", &[fact(), about], complete);
    let known = KNOWN_TYPES.iter().map(|kind| Fact { kind: (*kind).into(), must: true, ..fact() });
    good("fact-of-known-types", &known.collect::<Vec<_>>(), complete);
    good("fact-with-attached", &[attached("files-1.json.gz")], complete);
    let must = Expect::Unsupported(5, "fact.unknown");
    good("fact-that-must-be-understood", &[fact(), Fact { must: true, ..fact() }], must);
    let many: Vec<(String, Vec<u8>)> = (0..64).map(|at| (format!("variable.V{at}"), vec![b'x'])).collect();
    let many: Vec<(&str, &[u8])> =
        many.iter().map(|(name, value)| (name.as_str(), value.as_slice())).collect();
    let mut signer = Signer::begun(1);
    signer.push(Body::Fact(Box::new(fact())), &Texts::of(&many).redacted("variable.V7"), Defect::None);
    signer.end();
    cases.add("fact-of-64-texts", signer.bytes, Expect::Complete(&[]));
    let more = [&many[..], &[("one.more", b"x")]].concat();
    let body = || Body::Fact(Box::new(fact()));
    cases.bad("fact-of-65-texts", body(), &Texts::of(&more), Defect::None, "record.commitments");
}

/// What a core commits to is what its kind has, under names that can be.
fn commitments(cases: &mut Cases) {
    let fact = || Body::Fact(Box::new(fact()));
    for (name, text) in
        [("blank", "a b"), ("empty", ""), ("not-ascii", "\u{e9}"), ("of-129-bytes", &"x".repeat(129))]
    {
        let name = format!("text-name-{name}");
        cases.bad(&name, fact(), &Texts::of(&[(text, b"")]), Defect::None, "record.commitments");
    }
    let (_, texts) = start(1, 1, 1, b"true");
    let one = |names: &[(&str, &[u8])]| Texts::of(names);
    cases.bad("texts-on-finish", finish(1, 1, 0), &texts, Defect::None, "record.commitments");
    cases.bad("texts-on-end", end(), &one(&[("detail", b"")]), Defect::None, "record.commitments");
    let (body, texts) = close(1, Some(0));
    let with = |mut texts: Texts| {
        texts.commit("command", b"x");
        texts
    };
    cases.bad("text-more-on-close", body.clone(), &with(texts.clone()), Defect::None, "record.commitments");
    cases.bad("text-missing-on-close", body, &texts.without("workdir"), Defect::None, "record.commitments");
    cases.bad_start(
        "commitments-out-of-order",
        Defect::Core(&|core| {
            let text = String::from_utf8(core).unwrap();
            let (before, rest) = text.split_once("\"c\":{").unwrap();
            let (inner, after) = rest.split_once('}').unwrap();
            let (one, two) = inner.split_once(',').unwrap();
            format!("{before}\"c\":{{{two},{one}}}{after}").into_bytes()
        }),
        "record.spelling",
    );
}

/// A core has one spelling: what JSON leaves free is refused.
fn spelled_otherwise(cases: &mut Cases) {
    for (name, from, to, code) in [
        ("odd-spaces-in-core", "\"n\":1,", " \"n\" : 1 ,", SPELLING),
        ("odd-escape-in-core", "\"kind\":\"start\"", "\"k\\u0069nd\":\"st\\u0061rt\"", SPELLING),
        ("odd-order-in-core", "\"shell\":1,\"n\":1,", "\"n\":1,\"shell\":1,", SPELLING),
        (
            "odd-flag-false",
            "\"textSource\":\"typed\",",
            "\"textSource\":\"typed\",\"truncated\":false,",
            MEMBER,
        ),
        ("odd-skip-zero", "\"native\":1,", "\"native\":1,\"skip\":0,", SPELLING),
        ("odd-null-for-missing", "\"native\":1,", "\"native\":1,\"prevStatus\":null,", MEMBER),
    ] {
        cases.bad_start(name, Defect::Core(&swap(from, to)), code);
    }
    let empty = swap("\"synced\"", "\"c\":{},\"synced\"");
    cases.bad(
        "odd-no-commitments",
        finish(1, 1, 0),
        &Texts::default(),
        Defect::Core(&empty),
        "record.spelling",
    );
}

/// One of every kind.
fn accepted(cases: &mut Cases) {
    let mut signer = Signer::base();
    signer.recovered = Some(Recovered { adopted: 0, cut_bytes: 12 });
    for (kind, body, texts) in other_bodies() {
        if kind == Kind::Finish {
            let finish = Finish {
                shell: 1,
                n: 1,
                status: None,
                pipe_status: None,
                from: From::Unknown,
                stale: false,
                outcome: Some(Unseen::Replaced),
                native: Some(3),
                shell_duration_us: Some(12),
            };
            signer.push(Body::Finish(finish), &texts, Defect::None);
        } else if !matches!(kind, Kind::ShellClose | Kind::ShellOpen | Kind::End) {
            signer.push(body, &texts, Defect::None);
        }
    }
    signer.close(1, None);
    signer.end();
    let notes: &[_] = &["recovered", "pause", "resume", "reported-loss", "anomaly", "replaced"];
    cases.add("every-kind", signer.bytes, Expect::Complete(notes));
}
