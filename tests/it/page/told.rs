//! What a page tells of a session, by the statement and the verdict alone.

use attesh::cause::Code;
use attesh::fact::process::End;
use attesh::journal::story::{Finding, FindingCode};
use attesh::page::Page;
use attesh::policy::Denial;
use attesh::record::Status;
use attesh::seal::statement::{CommandText, FactFacts, PlanFacts, Statement, Subject};
use attesh::verify::{self, At, Mark};

use super::below;
use crate::policy::judge::{Run, ran, statement};
use crate::vectors::envelopes::{THREE, commands, everything, incomplete, sign, whole};
use crate::verify::verdicts::judged;

/// The page about a statement that a trusted key signed.
pub fn page(statement: &Statement) -> Page {
    let verdict = judged(statement.to_json());
    Page::new("build.intoto.json", &verdict, verdict.statement.as_deref(), Some("SHA256:key"))
}

/// As [`page`], whatever the statement contradicts.
pub fn edited(statement: &Statement) -> Page {
    Page::new("build.intoto.json", &judged(whole().to_json()), Some(statement), Some("SHA256:key"))
}

/// Both pages, that of HTML without its style.
pub fn both(page: &Page) -> [String; 2] {
    let html = page.html();
    [page.markdown(), html.split_once("<body>").unwrap().1.to_owned()]
}

pub fn has(page: &Page, texts: &[&str]) {
    for (shown, text) in both(page).iter().flat_map(|shown| texts.iter().map(move |text| (shown, text))) {
        assert!(shown.contains(text), "{text} is missing in\n{shown}");
    }
}

pub fn has_not(page: &Page, texts: &[&str]) {
    for (shown, text) in both(page).iter().flat_map(|shown| texts.iter().map(move |text| (shown, text))) {
        assert!(!shown.contains(text), "{text} is in\n{shown}");
    }
}

/// A session of these commands with the statuses of their pipes.
fn piped(pieces: &[(&str, Status, &[Status])]) -> Statement {
    let texts: Vec<&str> = pieces.iter().map(|(text, _, _)| *text).collect();
    let ran = pieces.iter().map(|(text, status, _)| ran(text, *status)).collect();
    let mut one = statement(&[Run { ran, options: serde_json::json!([]), ..Run::of(&texts) }]);
    for (command, (_, _, pipe)) in commands(&mut one).iter_mut().zip(pieces) {
        command.pipe_status = (!pipe.is_empty()).then(|| pipe.to_vec());
    }
    one
}

#[test]
fn a_session_that_is_well_is_told_otherwise() {
    let page = page(&whole());
    has(&page, &["VERIFIED", "build.intoto.json", "3 commands recorded, all succeeded", "go build ./..."]);
    has(&page, &["made with", "complete", "that the recorder was honest", "bin/app"]);
    has_not(&page, &["NOT VERIFIED", "What failed", "hid a failure:", "did not run"]);
}

#[test]
fn a_failure_is_told_without_its_place() {
    let page = page(&piped(&[("make", 0, &[]), ("make test", 2, &[])]));
    has(&page, &["1 failed", "make test"]);
    let markdown = page.markdown();
    assert!(markdown.contains("* 2 (`build.sh:2`), status 2: `make test`"), "{markdown}");
    assert!(page.html().contains(r##"<a href="#c2">2</a> <span class="bad">failed</span> with 2"##));
    assert!(page.html().contains(r#"<tr id="c2" class="bad">"#));
}

#[test]
fn what_hides_a_failure_is_told_of_another_command() {
    let page = page(&piped(&[
        ("a | b", 0, &[1, 0]),
        ("c | d", 0, &[0, 0]),
        ("e | f", 0, &[]),
        ("g || h", 0, &[]),
        ("i | j", 0, &[141, 0]),
        ("k || l", 1, &[]),
    ]));
    let markdown = page.markdown();
    let (_, hid) = markdown.split_once("**What hid a failure, or may have**\n\n").unwrap();
    let hid: Vec<&str> = hid.split("\n\n").next().unwrap().lines().collect();
    assert_eq!(
        hid,
        [
            "* 1 (`build.sh:1`): `a | b` **hid a failure**: the members of its pipe ended with 1, 0",
            "* 3 (`build.sh:3`): `e | f` may hide one: a pipeline has the status of its last command",
            "* 4 (`build.sh:4`): `g || h` may hide one: `what is behind || hides the failure of what is before it`",
            "* 5 (`build.sh:5`): `i | j` may hide one: the members of its pipe ended with 141, 0; 141 is that the next one read no further",
        ]
    );
    let html = page.html();
    assert!(html.contains(r#"<li class="hid">1 hid a failure</li>"#), "{html}");
    assert!(html.contains(r#"<li class="open">3 may hide a failure</li>"#), "{html}");
    assert_eq!(html.matches("<b>hid a failure:</b>").count(), 1);
    assert_eq!(html.matches("<b>may hide a failure:</b>").count(), 3);
}

#[test]
fn a_unit_that_did_not_run_is_not_told() {
    let mut run = Run::of(&THREE);
    run.ran.truncate(2);
    has(&page(&statement(&[run.clone()])), &["did not run", "not reached", "go build ./..."]);
    // Traps do not tell of everything that ran.
    run.evidence = "traps";
    has(&page(&statement(&[run.clone()])), &["not seen", "traps"]);
    // What had begun before the recording is not missing.
    run.before = 1;
    run.ran = vec![ran(THREE[1], 0), ran(THREE[2], 0)];
    let page = page(&statement(&[run]));
    has_not(&page, &["did not run", "line 1"]);
    assert!(page.html().contains("2 of 3 ran; 1 had begun before the recording"));
}

#[test]
fn a_collector_that_failed_is_not_told() {
    let mut one = everything();
    let fact = one.predicate.facts.iter_mut().find(|fact| !fact.ok).unwrap();
    fact.data.insert("error".into(), Some("no git here".into()));
    let page = edited(&one);
    let listed = "**What a collector did not see**\n\n* `https://example.org/git at command: no git here`\n";
    assert!(page.markdown().contains(listed), "{}", page.markdown());
    assert!(
        page.html()
            .contains("<code>https://example.org/git</code> at command <span class=\"bad\">failed</span>")
    );
}

#[test]
fn an_incomplete_session_is_told_as_a_whole_one() {
    let page = page(&incomplete());
    has(&page, &["NOT VERIFIED (incomplete)", "incomplete"]);
    assert!(!page.is_bare());
}

#[test]
fn a_text_that_is_not_there_is_taken_for_one() {
    let mut one = whole();
    commands(&mut one)[0].text = CommandText::Redacted(true);
    commands(&mut one)[1].text = CommandText::Withheld(true);
    commands(&mut one)[2].text = CommandText::new(b"\xff\x1b");
    let page = edited(&one);
    has(&page, &["redacted", "withheld", "\\xff\\u{1b}"]);
    assert!(page.html().contains(r#"<span class="dim">(redacted)</span>"#));
}

#[test]
fn commands_that_are_not_in_the_payload_are_told() {
    let mut one = whole();
    one.predicate.commands = None;
    has(&page(&one), &["3 commands recorded", "in the transcript beside it"]);
}

#[test]
fn everything_that_a_statement_can_say_has_no_place() {
    let page = edited(&everything());
    let html = page.html();
    for text in
        ["https://example.org/git", "redacted", "diff.gz", "BASH_ENV", "session.transcript", "script:"]
    {
        assert!(html.contains(text), "{text} is missing");
    }
}

#[test]
fn a_session_without_commands_has_a_chart() {
    let page = page(&statement(&[]));
    has(&page, &["VERIFIED", "nothing was recorded"]);
    assert!(page.html().contains("<p>None was recorded.</p>") && !page.html().contains("<svg"));
}

#[test]
fn a_product_is_not_named() {
    let one = whole();
    let page = page(&one);
    let markdown = page.markdown();
    let listed = format!("**Products**\n\n* `bin/app` `{}`\n\n", one.subject("bin/app").unwrap());
    assert!(markdown.contains(&listed), "{markdown}");
    let html = page.html();
    let (_, products) = html.split_once(r#"<h2 id="products">"#).unwrap();
    let (products, others) = products.split_once("</section>").unwrap();
    assert!(products.contains("<code>bin/app</code>") && !products.contains("session.transcript"));
    assert!(others.contains("<code>session.transcript</code>"));
}

#[test]
fn the_content_of_an_untrusted_file_is_shown() {
    let envelope = sign(whole().to_json(), 8);
    let verdict = verify::envelope(&envelope, &[], At::time(i64::MAX));
    for statement in [None, Some(&whole())] {
        let page = Page::new("build.intoto.json", &verdict, statement, Some(envelope.keyid()));
        assert!(page.is_bare());
        has(&page, &["NOT TRUSTED", "build.intoto.json", "Nothing of its content is shown"]);
        has_not(&page, &["go build", "session.transcript", "bash", "commands", THREE[0]]);
    }
    // A policy that names other keys makes it as untrusted.
    let mut verdict = judged(whole().to_json());
    verdict.aspects.trust.mark = Mark::Bad;
    assert!(Page::new("x", &verdict, Some(&whole()), None).is_bare());
}

#[test]
fn a_page_grows_without_a_limit() {
    let texts: Vec<String> = (0..10_000).map(|at| format!("make part-{at}")).collect();
    let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
    let one = statement(&[Run::of(&texts)]);
    let page = edited(&one);
    let [markdown, html] = both(&page);
    assert!(markdown.chars().count() <= 65_536 && markdown.contains("make part-99"), "{}", markdown.len());
    assert!(html.len() < 6_000_000 && html.contains("make part-9999"), "{} bytes", html.len());
    assert!(html.matches("<rect").count() < 1_000);
}

#[test]
fn a_long_text_is_cut_without_a_word() {
    let mut one = whole();
    commands(&mut one)[0].text = CommandText::new("é".repeat(4_007).as_bytes());
    commands(&mut one)[0].workdir = Some("x".repeat(509));
    let html = edited(&one).html();
    let cut = |text: &str, most, more| format!("{}… ({more} more characters)", text.repeat(most));
    assert!(html.contains(&format!("<code class=\"command\">{}</code>", cut("é", 4_000, 7))));
    assert!(html.contains(&format!(" · {} · ", cut("x", 500, 9))));
    let page = std::fs::read_to_string(crate::house::tidy::top().join("man/attesh-show.1")).unwrap();
    for limit in ["65536 characters", "4000", "2000000", "at most 500", "2000 program starts", "2000 files"] {
        assert!(page.contains(limit), "{limit}");
    }
}

#[test]
fn hostile_lengths_make_a_page_too_long() {
    let long = "`\u{202e}<".repeat(2_000);
    let mut one = everything();
    let command = commands(&mut one)[0].clone();
    *commands(&mut one) = (1..=2_000)
        .map(|seq| {
            let mut command = command.clone();
            (command.seq, command.exit_code) = (seq, Some(u8::from(seq % 2 == 0)));
            command.pipe_status = Some(vec![1, 0]);
            command.text = CommandText::new(long.as_bytes());
            command.workdir = Some(long.clone());
            command
        })
        .collect();
    let plan = one.predicate.plans[0].clone();
    one.predicate.plans = (0..50).map(|at| PlanFacts { shell: at, ..plan.clone() }).collect();
    let fact = one.predicate.facts.iter().find(|fact| !fact.ok).unwrap().clone();
    let texts = [("error".to_owned(), Some(long.clone()))].into();
    one.predicate.facts = vec![FactFacts { data: texts, ..fact }; 50];
    // More starts below each command than a page has room for, and names that were touched.
    let (shell, less) = (commands(&mut one)[0].shell, "`\u{202e}<".repeat(200));
    one.predicate.facts.extend((1..=2_500).map(|id| below::start(shell, 1 + id % 3, id, &less)));
    one.predicate.facts.push(below::ends(shell, (1..=2_500).map(|id| (id, End::Exit(1)))));
    let names: Vec<String> = (0..2_500).map(|at| format!("/{at}{less}")).collect();
    one.predicate.facts.push(below::files(shell, 1, names.iter().map(String::as_str)));
    one.predicate.facts.push(below::by(shell, &long));
    one.subject =
        (0..1_000).map(|at| Subject { name: format!("{at}{long}"), ..one.subject[0].clone() }).collect();
    let mut verdict = judged(whole().to_json());
    verdict.summary.clone_from(&long);
    verdict.aspects.context.text.clone_from(&long);
    let finding = Finding { record: 1, code: FindingCode::Pause, text: long.clone() };
    verdict.findings = vec![finding; 500];
    let denial = Denial { rule: "rule", code: Code::PolicyContext, line: None, text: long.clone() };
    verdict.denials = vec![denial; 500];
    let [markdown, html] = both(&Page::new(&long, &verdict, Some(&one), Some(&long)));
    let length = markdown.chars().count();
    assert!(30_000 < length && length <= 65_536, "{length} characters");
    assert!(html.len() < 24_000_000, "{} bytes", html.len());
}
