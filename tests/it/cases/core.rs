//! Cases of the core: JSON, members, their types and values, and what contradicts itself.

use super::{Cases, Expect};
use crate::stage::signer::{self, Defect, Signer, Texts, close, end, finish, open, start, swap};
use attesh::record::{
    Anomaly, Attached, Body, Evidence, Fact, FactTime, Finish, From, Kind, Lost, Note, NoteWhat, Pause, Plan,
    PlanTime, Program, Recovered, Resume, TextSource, Unseen,
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

const JSON: &str = "not well-formed JSON";
const NUMBER: &str = "not a non-negative integer";
const STATUS: &str = "is above 255";
const KEY: &str = "not 32 bytes in base64url";

fn json(cases: &mut Cases) {
    for (name, from, to, why) in [
        ("json-unknown-member", "{\"i\":2,", "{\"x\":1,\"i\":2,", "unknown member \"x\""),
        ("json-duplicate-member", "{\"i\":2,", "{\"i\":2,\"i\":2,", "duplicate member \"i\""),
        ("json-duplicate-by-escape", "{\"i\":2,", "{\"\\u0069\":2,\"i\":2,", "duplicate member \"i\""),
        ("json-case-variant", "\"kind\":", "\"Kind\":", "member \"kind\" is missing"),
        ("json-float", "{\"i\":2,", "{\"i\":2.0,", JSON),
        ("json-exponent", "{\"i\":2,", "{\"i\":2e0,", JSON),
        ("json-negative", "{\"i\":2,", "{\"i\":-2,", JSON),
        ("json-minus-zero", "\"n\":1,", "\"n\":-0,", JSON),
        ("json-leading-zero", "{\"i\":2,", "{\"i\":02,", JSON),
        ("json-beyond-64-bits", "\"n\":1,", "\"n\":18446744073709551616,", JSON),
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
    cases.bad_start(
        "json-array",
        Defect::Core(&|core| [b"[", &core[..], b"]"].concat()),
        "not a JSON object",
    );
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
    let time = "member \"realtimeNs\" is";
    for (name, from, to, why) in [
        ("index-of-another", "{\"i\":2,", "{\"i\":3,", "calls itself record 3"),
        ("index-as-text", "{\"i\":2,", "{\"i\":\"2\",", NUMBER),
        ("index-missing", "{\"i\":2,", "{", "member \"i\" is missing"),
        ("kind-unknown", "\"kind\":\"start\"", "\"kind\":\"begin\"", "unknown value \"begin\""),
        ("kind-in-capitals", "\"kind\":\"start\"", "\"kind\":\"Start\"", "unknown value \"Start\""),
        ("kind-as-number", "\"kind\":\"start\"", "\"kind\":1", "\"kind\" is not a string"),
        ("kind-of-another", "\"kind\":\"start\"", "\"kind\":\"finish\"", "is missing"),
        (
            "time-as-number",
            "\"realtimeNs\":\"1763812800002000000\"",
            "\"realtimeNs\":1763812800002000000",
            time,
        ),
        ("time-with-leading-zero", "\"realtimeNs\":\"1", "\"realtimeNs\":\"01", time),
        ("time-with-plus", "\"realtimeNs\":\"1", "\"realtimeNs\":\"+1", time),
        ("time-negative", "\"realtimeNs\":\"1", "\"realtimeNs\":\"-1", time),
        ("time-beyond-64-bits", "\"realtimeNs\":\"1", "\"realtimeNs\":\"991", time),
        ("boottime-missing", "\"boottimeNs\":\"5002000000\",", "", "\"boottimeNs\" is missing"),
        ("synced-missing", "\"synced\":true,", "", "\"synced\" is missing"),
        ("synced-as-number", "\"synced\":true", "\"synced\":1", "not true or false"),
        ("next-key-missing", "\"nk\":", "\"mk\":", "\"nk\" is missing"),
        ("next-key-padded", "\"}", "=\"}", KEY),
        (
            "recovered-with-unknown",
            "\"synced\":true",
            "\"synced\":true,\"recovered\":{\"adopted\":1,\"cutBytes\":0,\"x\":0}",
            "unknown member \"x\"",
        ),
        (
            "recovered-half",
            "\"synced\":true",
            "\"synced\":true,\"recovered\":{\"adopted\":1}",
            "\"cutBytes\" is missing",
        ),
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
    cases.bad_start("next-key-slack-bits", Defect::Core(&slack), KEY);
    let with_key = "\"syncedToDisk\":true,\"nk\":\"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\"";
    let edit = swap("\"syncedToDisk\":true", with_key);
    cases.bad("end-with-next-key", end(), &Texts::default(), Defect::Core(&edit), "unknown member \"nk\"");
}

fn genesis(cases: &mut Cases) {
    let id = signer::SESSION;
    let upper = id.to_uppercase();
    let bare = id.replace('-', "");
    let canonical = "not a UUID in its canonical form";
    for (name, from, to, why) in [
        ("format-lower", "attesh-journal/1", "attesh-journal/0", "unknown value \"attesh-journal/0\""),
        ("format-higher", "attesh-journal/1", "attesh-journal/2", "unknown value \"attesh-journal/2\""),
        ("format-missing", "\"format\":\"attesh-journal/1\",", "", "\"format\" is missing"),
        ("session-in-capitals", id, upper.as_str(), canonical),
        ("session-without-dashes", id, bare.as_str(), canonical),
        ("name-missing", "\"name\":null,", "", "\"name\" is missing"),
        ("name-as-number", "\"name\":null", "\"name\":1", "\"name\" is not a string"),
        (
            "protection-unknown",
            "\"protection\":\"file\"",
            "\"protection\":\"none\"",
            "unknown value \"none\"",
        ),
        ("state-unknown", "\"state\":\"runtime\"", "\"state\":\"memory\"", "unknown value \"memory\""),
        ("closes-unknown", "\"closes\":\"last-shell\"", "\"closes\":\"never\"", "unknown value \"never\""),
        ("origin-id-short", "\"originId\":null", "\"originId\":\"00\"", "not 8 bytes"),
        ("origin-id-in-capitals", "\"originId\":null", "\"originId\":\"00000000000000AA\"", "not 8 bytes"),
        ("recorder-missing", "\"recorder\":", "\"recorded\":", "\"recorder\" is missing"),
        ("recorder-with-unknown", "\"recorder\":{", "\"recorder\":{\"x\":0,", "unknown member \"x\""),
        ("recorder-digest-short", "\"sha256\":\"09", "\"sha256\":\"", "not 32 bytes"),
        ("parent-missing", "\"parent\":null,", "", "\"parent\" is missing"),
        ("pid-namespace-as-number", "\"pidNs\":\"4026531836\"", "\"pidNs\":4026531836", "\"pidNs\" is"),
        ("host-missing", "\"host\":", "\"hast\":", "\"host\" is missing"),
        ("state-folder-missing", "\"stateDir\":", "\"stateDor\":", "\"stateDir\" is missing"),
        ("verify-key-missing", "\"vk\":", "\"vq\":", "\"vk\" is missing"),
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
        ("why-unknown", prev(id, "1", &zeros, "bored", ""), "unknown value \"bored\""),
        ("session-empty", prev("", "1", &zeros, "ended", ""), "canonical form"),
        ("size-negative", prev(id, "-1", &zeros, "ended", ""), JSON),
        ("root-short", prev(id, "1", "00", "ended", ""), "not 32 bytes"),
        ("with-unknown", prev(id, "1", &zeros, "ended", ",\"x\":1"), "unknown member \"x\""),
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
        (
            "start-source-unknown",
            "\"textSource\":\"typed\"",
            "\"textSource\":\"heard\"",
            "unknown value \"heard\"",
        ),
        ("start-source-missing", "\"textSource\":\"typed\",", "", "\"textSource\" is missing"),
        (
            "start-withheld-with-text",
            "\"textSource\":\"typed\"",
            "\"textSource\":\"withheld\"",
            "says otherwise",
        ),
        ("start-none-with-text", "\"textSource\":\"typed\"", "\"textSource\":\"none\"", "says otherwise"),
        ("start-native-missing", "\"native\":1,", "", "\"native\" is missing"),
        ("start-n-null", "\"n\":1,", "\"n\":null,", NUMBER),
        ("start-shell-missing", "\"shell\":1,", "", "\"shell\" is missing"),
        ("start-skip-as-text", "\"n\":1,", "\"n\":1,\"skip\":\"1\",", NUMBER),
        ("start-prev-status-256", "\"n\":1,", "\"n\":1,\"prevStatus\":256,", STATUS),
        ("start-truncated-as-number", "\"n\":1,", "\"n\":1,\"truncated\":1,", "not true or false"),
        ("start-workdir-missing", "\"workdir\":", "\"workdor\":", "\"workdir\" is missing"),
        ("start-command-short", "\"command\":\"", "\"command\":\"A", KEY),
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
            planned: false,
            late: false,
        });
        let change = edit.map(|(from, to)| swap(from, to));
        let defect = change.as_ref().map_or(Defect::None, |change| Defect::Core(change));
        cases.bad(name, body, &texts, defect, why);
    };
    bare("start-typed-without-text", TextSource::Typed, None, "says otherwise");
    let truncated = Some(("\"n\":1,", "\"n\":1,\"truncated\":true,"));
    bare("start-truncated-without-text", TextSource::None, truncated, "without \"command\"");
}

fn finishes(cases: &mut Cases) {
    let contradict = "contradict each other";
    for (name, from, to, why) in [
        ("finish-status-256", "\"status\":0", "\"status\":256", STATUS),
        ("finish-status-missing", "\"status\":0,", "", "\"status\" is missing"),
        ("finish-status-null-at-prompt", "\"status\":0", "\"status\":null", contradict),
        ("finish-status-from-nowhere", "\"from\":\"prompt\"", "\"from\":\"unknown\"", contradict),
        (
            "finish-outcome-with-status",
            "\"from\":\"prompt\"",
            "\"from\":\"prompt\",\"outcome\":\"sealing\"",
            contradict,
        ),
        (
            "finish-outcome-unknown",
            "\"from\":\"prompt\"",
            "\"from\":\"prompt\",\"outcome\":\"fine\"",
            "unknown value \"fine\"",
        ),
        (
            "finish-from-unknown-word",
            "\"from\":\"prompt\"",
            "\"from\":\"hearsay\"",
            "unknown value \"hearsay\"",
        ),
        ("finish-from-missing", "\"from\":\"prompt\",", "", "\"from\" is missing"),
        ("finish-pipe-256", "\"from\"", "\"pipeStatus\":[0,256],\"from\"", "above 255"),
        ("finish-pipe-nested", "\"from\"", "\"pipeStatus\":[[0]],\"from\"", "not a list of integers"),
        ("finish-pipe-as-number", "\"from\"", "\"pipeStatus\":0,\"from\"", "not a list of integers"),
        ("finish-stale-as-text", "\"from\"", "\"stale\":\"yes\",\"from\"", "not true or false"),
        ("finish-native-null", "\"from\"", "\"native\":null,\"from\"", NUMBER),
        ("finish-with-text", "\"from\"", "\"command\":\"x\",\"from\"", "unknown member \"command\""),
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
            recorded_at: PlanTime::Start,
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
        (Kind::Fact, "fact-at-unknown", "\"at\":\"start\"", "\"at\":\"noon\"", "unknown value \"noon\""),
        (Kind::Fact, "fact-ok-missing", "\"ok\":true,", "", "\"ok\" is missing"),
        (
            Kind::Plan,
            "plan-recorded-at-unknown",
            "\"recordedAt\":\"start\"",
            "\"recordedAt\":\"noon\"",
            "unknown value",
        ),
        (Kind::Plan, "plan-script-missing", "\"script\":", "\"skript\":", "\"script\" is missing"),
        (
            Kind::Note,
            "note-what-unknown",
            "\"what\":\"unexecuted\"",
            "\"what\":\"hum\"",
            "unknown value \"hum\"",
        ),
        (Kind::Note, "note-status-256", "\"status\":0", "\"status\":256", STATUS),
        (Kind::Pause, "pause-shell-missing", "\"shell\":1,", "", "\"shell\" is missing"),
        (Kind::Resume, "resume-by-missing", "\"by\":null,", "", "\"by\" is missing"),
        (Kind::Lost, "lost-count-missing", "\"count\":2,", "", "\"count\" is missing"),
        (Kind::Anomaly, "anomaly-what-missing", "\"what\":\"boot\",", "", "\"what\" is missing"),
        (
            Kind::ShellClose,
            "close-why-unknown",
            "\"why\":\"exit\"",
            "\"why\":\"bored\"",
            "unknown value \"bored\"",
        ),
        (Kind::ShellClose, "close-status-256", "\"status\":0", "\"status\":256", STATUS),
        (Kind::ShellClose, "close-status-missing", "\"status\":0,", "", "\"status\" is missing"),
        (
            Kind::ShellOpen,
            "open-program-unknown",
            "\"program\":\"zsh\"",
            "\"program\":\"tcsh\"",
            "unknown value \"tcsh\"",
        ),
        (Kind::ShellOpen, "open-typed-missing", "\"typed\":true,", "", "\"typed\" is missing"),
        (
            Kind::ShellOpen,
            "open-ticks-as-number",
            "\"startTicks\":\"99\"",
            "\"startTicks\":99",
            "\"startTicks\" is",
        ),
        (
            Kind::End,
            "end-reason-unknown",
            "\"reason\":\"last-shell\"",
            "\"reason\":\"done\"",
            "unknown value \"done\"",
        ),
        (Kind::End, "end-synced-missing", ",\"syncedToDisk\":true", "", "\"syncedToDisk\" is missing"),
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
    let mut good = |name: &str, facts: &[Fact]| {
        let mut signer = Signer::base();
        signer.command(1, 1);
        for fact in facts {
            signer.push(Body::Fact(Box::new(fact.clone())), &texts, Defect::None);
        }
        signer.close(1, Some(1));
        signer.end();
        cases.add(name, signer.bytes, Expect::Complete(&[]));
    };
    let about = Fact { at: FactTime::Command, shell: Some(1), n: Some(1), ..fact() };
    good("fact-of-unknown-type", &[fact(), about]);
    good("fact-with-attached", &[attached("files-1.json.gz")]);
    good("fact-that-must-be-understood", &[fact(), Fact { must: true, ..fact() }]);
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
    for (name, from, to) in [
        ("odd-spaces-in-core", "\"n\":1,", " \"n\" : 1 ,"),
        ("odd-escape-in-core", "\"kind\":\"start\"", "\"k\\u0069nd\":\"st\\u0061rt\""),
        ("odd-order-in-core", "\"shell\":1,\"n\":1,", "\"n\":1,\"shell\":1,"),
        ("odd-flag-false", "\"textSource\":\"typed\",", "\"textSource\":\"typed\",\"truncated\":false,"),
        ("odd-skip-zero", "\"native\":1,", "\"native\":1,\"skip\":0,"),
        ("odd-null-for-missing", "\"native\":1,", "\"native\":1,\"prevStatus\":null,"),
    ] {
        cases.bad_start(name, Defect::Core(&swap(from, to)), "record.spelling");
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
