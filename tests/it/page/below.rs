//! What a page tells of the programs below the commands: each in its place, what failed, what was
//! touched, and how many have no room.

use attesh::agent::ORPHAN;
use attesh::fact::manifest::{Entry, Special, Thing};
use attesh::fact::process::{self, End, When};
use attesh::fact::touched::{self, Change, Touched};
use attesh::fact::{AGENT, FILES, PROCESS, PROCESS_END, PROCESSES};
use attesh::seal::statement::{FactFacts, Statement};

use super::told::{both, edited, has, has_not};
use crate::vectors::envelopes::{commands, everything, facts, whole};

/// A fact below a shell.
fn fact(shell: u64, when: When, kind: &str, texts: &[(&str, Option<&str>)]) -> FactFacts {
    let (at, n) = when.said();
    let data = texts.iter().map(|(name, text)| ((*name).to_owned(), text.map(str::to_owned))).collect();
    FactFacts { kind: kind.to_owned(), at, shell: Some(shell), n, data, ..facts()[0].clone() }
}

/// A start with this argument, in a folder of that name; it came of the one before the last.
pub fn start(shell: u64, n: u64, id: u64, text: &str) -> FactFacts {
    let of = if id > 2 { (id - 2).to_string() } else { "-".to_owned() };
    let numbers = format!("{id} {of} {}", 1_000 + id);
    let words = format!("{text}\0{text}\0");
    let texts = [("process", Some(&*numbers)), ("arguments", Some(&words)), ("path", Some(text))];
    fact(shell, When::In(n), PROCESS, &[&texts[..], &[("workdir", Some(text))]].concat())
}

/// The ends of starts.
pub fn ends(shell: u64, all: impl IntoIterator<Item = (u64, End)>) -> FactFacts {
    let text = process::ends(&all.into_iter().collect::<Vec<_>>());
    fact(shell, When::In(1), PROCESS_END, &[(process::ENDS, Some(&text))])
}

/// Files that the first start made.
pub fn files<'a>(shell: u64, n: u64, names: impl IntoIterator<Item = &'a str>) -> FactFacts {
    let thing = Thing::File { mode: 0o644, sha256: [0xab; 32], size: 3 };
    let one = |name: &str| Touched {
        change: Change::Made,
        by: vec![1],
        entry: Entry { path: name.as_bytes().to_vec(), thing: thing.clone() },
    };
    let list: String = names.into_iter().map(|name| one(name).line()).collect();
    listed(shell, When::In(n), &list)
}

fn listed(shell: u64, when: When, list: &str) -> FactFacts {
    let texts = [(touched::FILES, Some(list)), (touched::PASSING, Some("0")), (touched::LOST, Some("0"))];
    fact(shell, when, FILES, &texts)
}

/// Who has the program of a shell run.
pub fn by(shell: u64, author: &str) -> FactFacts {
    fact(shell, When::In(1), AGENT, &[("author", Some(author)), ("path", Some("/bin/x"))])
}

fn count(shell: u64, seen: &str, by: &str) -> FactFacts {
    let none = Some("0");
    let texts = [
        ("seen", Some(seen)),
        ("lost", none),
        ("notStarted", Some("4")),
        ("reached", none),
        ("running", Some("1")),
        ("toldBy", Some("pidfd")),
        ("seenBy", Some(by)),
    ];
    fact(shell, When::Outside, PROCESSES, &texts)
}

/// A start by its path alone.
fn program(shell: u64, when: When, numbers: &str, path: &str) -> FactFacts {
    let words = format!("{path}\0-x\0");
    let texts = [("process", Some(numbers)), ("arguments", Some(&*words)), ("path", Some(path))];
    fact(shell, when, PROCESS, &texts)
}

/// What was told of the commands of a script, and of what is in none of them.
fn traced() -> (Statement, u64) {
    let mut one = whole();
    let shell = commands(&mut one)[0].shell;
    let gone = Touched {
        change: Change::Removed,
        by: vec![3, 4],
        entry: Entry { path: b"/tmp/gone".to_vec(), thing: Thing::Special(Special::Vanished) },
    };
    one.predicate.facts = vec![
        program(shell, When::Before, "1 - 10", "/bin/bash"),
        program(shell, When::In(1), "2 1 11", "/bin/sh"),
        program(shell, When::In(1), "3 2 12", "/bin/false"),
        program(shell, When::In(2), "4 1 13", "/bin/sleep"),
        program(shell, When::Outside, "5 1 14", "/bin/trapped"),
        program(shell, When::In(9), "6 1 15", "/bin/stray"),
        files(shell, 1, ["/tmp/made"]),
        listed(shell, When::Before, &gone.line()),
        ends(shell, [(1, End::Exit(0)), (2, End::Exit(0)), (3, End::Exit(1)), (4, End::Running)]),
        ends(shell, [(5, End::Signal(9)), (6, End::Untold)]),
        count(shell, "6", "seccomp"),
    ];
    (one, shell)
}

/// What stands in the row of a command of the page of HTML.
fn row_of(html: &str, seq: u64) -> &str {
    let (_, row) = html.split_once(&format!("<tr id=\"c{seq}\"")).unwrap();
    row.split_once("<tr id=\"c")
        .map_or(row, |(row, _)| row)
        .split_once("</section>")
        .map_or(row, |(it, _)| it)
}

#[test]
fn a_start_is_told_of_another_command_or_of_none() {
    let page = edited(&traced().0);
    let html = page.html();
    for (seq, there) in [(1, &["/bin/sh", "/bin/false", "/tmp/made"][..]), (2, &["/bin/sleep"]), (3, &[])] {
        let row = html.split_once(&format!("<tr id=\"c{seq}\"")).unwrap().1;
        let row = row.split("<tr id=\"c").next().unwrap().split("</section>").next().unwrap();
        for name in ["/bin/sh", "/bin/false", "/tmp/made", "/bin/sleep", "/bin/trapped", "/bin/bash"] {
            assert_eq!(row.contains(&format!("<code>{name}")), there.contains(&name), "{seq} {name}: {row}");
        }
    }
    let row = row_of(&html, 1);
    assert!(
        row.contains("<summary class=\"bad\">2 program starts, 1 failed; files: 1 made</summary>"),
        "{row}"
    );
    assert!(row.contains("<td class=\"d1\"><code>/bin/false -x</code>"), "{row}");
    assert!(row.contains(&"ab".repeat(32)) && row.contains("by 1, 3 bytes"), "{row}");
    let (_, others) = html.split_once("<h2 id=\"programs\">").unwrap();
    let others = others.split("</section>").next().unwrap();
    for (title, name) in [
        ("before the first command", "/bin/bash -x"),
        ("before the first command", "/tmp/gone"),
        ("outside of its units", "/bin/trapped -x"),
        ("in command 9 of its shell", "/bin/stray -x"),
    ] {
        let part = others.split("<details").find(|part| part.contains(&format!("{title}: ")));
        assert!(part.is_some_and(|part| part.contains(name)), "{title}: {others}");
    }
    let counted = "6 starts seen, 0 not recorded, 4 asked for in vain, 1 went on, 0 calls to reach the recorder refused";
    has(
        &page,
        &["6 program starts below, 3 failed, 1 went on; files: 1 made, 0 changed, 1 removed", counted],
    );
    assert!(html.contains("<a href=\"#c1\">in command 1</a>"), "{others}");
    assert!(html.contains("<li class=\"open\">3 of the programs below failed</li>"), "{html}");
    // They stand in their place, and not among the other facts.
    assert!(!html.contains("attesh.dev/fact/process"), "{html}");
}

#[test]
fn the_markdown_tells_of_every_start_or_of_no_failure() {
    let markdown = edited(&traced().0).markdown();
    let (_, told) = markdown.split_once("**Programs below the commands**\n\n").unwrap();
    let lines: Vec<&str> = told.split("\n\n").next().unwrap().lines().skip(2).collect();
    let digest = "ab".repeat(32);
    assert_eq!(
        lines,
        [
            "* start 3 in command 1 failed with 1: `/bin/false -x`",
            "* start 6 in command 9 of its shell failed with untold: `/bin/stray -x`",
            "* start 5 outside of its units failed with signal 9: `/bin/trapped -x`",
            "* removed before the first command: `/tmp/gone`",
            &format!("* made in command 1: `/tmp/made` `{digest}`"),
        ]
    );
}

#[test]
fn a_page_without_starts_speaks_of_them() {
    for one in [whole(), everything()] {
        let page = edited(&one);
        has_not(&page, &["Programs below", "program start", "class=\"below\"", "<details class"]);
        assert!(!page.html().contains("fold"));
    }
    // What a bash starts that tells its lines below a program stands with that.
    let (mut one, shell) = traced();
    one.predicate.facts.push(FactFacts { record: 0, ..count(shell + 70, "0", "above") });
    let page = edited(&one);
    has_not(&page, &[&format!("hell {}", shell + 70)]);
    assert!(page.html().contains("The starts of 1 more stand among those of another shell"));
}

#[test]
fn starts_below_commands_that_are_not_there_are_not_told() {
    let (mut one, _) = traced();
    one.predicate.commands = None;
    let page = edited(&one);
    has(&page, &["in command 1 of its shell", "/bin/false -x", "/tmp/made"]);
    assert!(page.html().contains("/bin/sleep -x"));
}

#[test]
fn a_start_without_its_text_is_shown_with_one_or_not_at_all() {
    let (mut one, shell) = traced();
    let masked = "curl\0-u\0[masked:url-password:1]\0";
    one.predicate.facts = vec![
        fact(shell, When::In(1), PROCESS, &[("process", Some("1 - 9")), ("path", None), ("arguments", None)]),
        fact(
            shell,
            When::In(2),
            PROCESS,
            &[
                ("process", Some("2 - 9")),
                ("path", Some("/usr/bin/curl")),
                ("arguments", Some(masked)),
                ("cut", Some("1")),
                ("unsure", Some("1")),
            ],
        ),
        // Nobody knows which start that was.
        fact(shell, When::In(3), PROCESS, &[("process", None), ("path", Some("/bin/x"))]),
        ends(shell, [(1, End::Exit(3))]),
    ];
    let page = edited(&one);
    let html = page.html();
    let row = row_of(&html, 1);
    assert!(row.contains("<span class=\"dim\">(redacted)</span>"), "{row}");
    assert!(row.contains("its path is redacted") && row.contains("<td class=\"end\">3</td>"), "{row}");
    let row = row_of(&html, 2);
    for text in ["arguments were left out", "nobody saw what it became", "/usr/bin/curl", ">unknown</td>"] {
        assert!(row.contains(text), "{text}: {row}");
    }
    has(&page, &["a start has no numbers"]);
    assert!(
        page.markdown().contains("* start 1 in command 1 failed with 3: redacted"),
        "{}",
        page.markdown()
    );
}

#[test]
fn what_an_author_ran_is_not_told() {
    let (mut one, shell) = traced();
    one.predicate.facts.push(by(shell, "opencode"));
    one.predicate.facts.push(fact(
        shell,
        When::In(1),
        PROCESS,
        &[
            ("process", Some("7 - 16")),
            ("path", Some("/bin/bash")),
            ("arguments", Some("bash\0-c\0echo <b>\0")),
        ],
    ));
    let page = edited(&one);
    has(&page, &["run by opencode: 7 starts: "]);
    let html = page.html();
    let (_, ran) = html.split_once("what the author ran: ").unwrap();
    let ran = ran.split("</details>").next().unwrap();
    assert!(ran.contains("<code>echo &#60;b&#62;</code>") && ran.contains(ORPHAN.trim()), "{ran}");
    assert!(row_of(&html, 1).contains(" <b>command</b>"), "{html}");
}

/// How many starts stand on a page of HTML, and how many it says do not.
fn shown(html: &str) -> (usize, usize) {
    let left_out =
        html.split(" not shown</td>").filter_map(|text| text.rsplit_once("<td>")?.1.parse::<usize>().ok());
    (html.matches("</th><td class=\"end\">").count(), left_out.sum())
}

#[test]
fn many_starts_make_a_page_without_a_limit_or_hide_a_failure() {
    let of_one = |_: u64| 1_u64;
    let of_each = |id: u64| 1 + id % 3;
    for of in [&of_one as &dyn Fn(u64) -> u64, &of_each] {
        let (mut one, shell) = traced();
        let all = 1..=10_000_u64;
        let path = |id| format!("/bin/p{id}");
        let mut facts: Vec<FactFacts> =
            all.clone().map(|id| program(shell, When::In(of(id)), &format!("{id} - 9"), &path(id))).collect();
        facts.push(ends(shell, all.map(|id| (id, End::Exit(u8::from(id % 1_000 == 999))))));
        let names: Vec<String> = (0..5_000).map(|at| format!("/tmp/f{at:04}")).collect();
        facts.push(files(shell, 1, names.iter().map(String::as_str)));
        facts.push(count(shell, "10000", "seccomp"));
        one.predicate.facts = facts;
        let page = edited(&one);
        let [markdown, html] = both(&page);
        // What three cannot have in equal parts is left.
        let (there, left_out) = shown(&html);
        assert!((1_998..=2_000).contains(&there) && there + left_out == 10_000, "{there} {left_out}");
        for id in (1..10).map(|thousand| thousand * 1_000 + 999) {
            assert!(html.contains(&format!("<code>/bin/p{id} -x</code>")), "{id}");
        }
        assert_eq!(
            (html.matches("<code>/tmp/f").count(), html.contains("3000 files not shown")),
            (2_000, true)
        );
        assert!(html.len() < 2_000_000, "{} bytes", html.len());
        has(&page, &["10000 program starts below, 10 failed", "files: 5000 made"]);
        assert!(markdown.contains("* 4990 more files") && markdown.len() < 10_000, "{markdown}");
    }
}
