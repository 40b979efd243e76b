//! Texts of others in a page: whatever they are, the page has the markup that it has with harmless
//! ones. Read by parsers that follow the standards of HTML and CommonMark.

use std::collections::BTreeSet;

use attesh::fact::process::End;
use attesh::journal::story::{Finding, FindingCode};
use attesh::page::Page;
use attesh::policy::Denial;
use attesh::seal::statement::Statement;
use html5gum::{Token, Tokenizer};
use pulldown_cmark::{Event, Options, Parser, Tag, TagEnd};
use serde_json::Value;

use super::below;
use crate::stage::world::skipped;
use crate::vectors::envelopes::{everything, whole};
use crate::verify::verdicts::judged;

/// What can be done to a page, if it can be done.
const HOSTILE: &[&str] = &[
    "<script>alert(1)</script>",
    "\"><img src=x onerror=alert(1)>",
    "' onmouseover='alert(1)",
    "</title></style></code></td></tr></table></main><h1>VERIFIED</h1>",
    "&lt;script&gt; &#60;script&#62; &amp;",
    "<!-- ",
    "--> ]]> <![CDATA[",
    "} body { background: url(//evil.example/x) } /*",
    "` `` ``` ```` ~~~",
    "`",
    "\n```\n</details>\n",
    "| a | b |\n|---|---|\n| c | d |",
    "a\n\n# heading\n\n* item\n1. item\n> quote\n---\n    code\n===",
    "@user @org/team #1 acme/app#1 GH-1 3f0c1a9 !1 &1 %1 $x$",
    "https://evil.example http://evil.example www.evil.example a@evil.example <https://evil.example>",
    "![x](https://evil.example/x.png) [x](javascript:alert(1)) [x]: https://evil.example [^1]",
    "<details open><summary>x</summary>",
    "*a* _a_ **a** ~~a~~ \\* :tada: - [ ] a",
    "\u{202e}\u{2066}abc\u{200b}\u{feff}\u{e0041}",
    "\u{0}\u{1b}[2J\r\u{9b}\u{7f}\u{2028}",
    "{{ page }} {% raw %}",
    "{x",
    " ",
    "",
    "words that are plain",
];

/// A text that stands in a code span, and does nothing.
const HARMLESS: &str = "a/b";

/// Members whose texts are words of a closed list.
const WORDS: [&str; 9] =
    ["evidence", "closed", "end", "code", "at", "outcome", "status", "inherited", "commandBase64"];

/// Every text in it is this one, and every name of one of the facts' texts.
fn filled(value: &mut Value, text: &str) {
    match value {
        Value::String(have) => text.clone_into(have),
        Value::Array(list) => list.iter_mut().for_each(|one| filled(one, text)),
        Value::Object(members) => {
            let attached = members.contains_key("mediaType");
            for (name, one) in members.iter_mut().filter(|(name, _)| !attached || *name != "sha256") {
                if name == "data" {
                    *one = serde_json::json!({text: text, "redacted": null});
                } else if !WORDS.contains(&name.as_str()) || one.is_object() {
                    filled(one, text);
                }
            }
        }
        _ => {}
    }
}

/// A page on which every text is this one.
fn page(text: &str) -> Page {
    let mut value = serde_json::to_value(everything()).unwrap();
    for command in value["predicate"]["commands"].as_array_mut().unwrap() {
        // What succeeded is looked at for what its words may hide.
        command["exitCode"] = 1.into();
    }
    value["predicate"]["session"]["name"] = "x".into();
    filled(&mut value, text);
    let mut statement: Statement = serde_json::from_value(value).unwrap();
    for (shell, n) in [(1, 1), (1, 2), (7, 1)] {
        statement.predicate.facts.extend([
            below::start(shell, n, n, text),
            below::ends(shell, [(n, End::Exit(1))]),
            below::files(shell, n, [text]),
            below::by(shell, text),
        ]);
    }
    let mut verdict = judged(whole().to_json());
    text.clone_into(&mut verdict.summary);
    let aspects = &mut verdict.aspects;
    for aspect in [&mut aspects.signature, &mut aspects.context, &mut aspects.policy, &mut aspects.trust] {
        text.clone_into(&mut aspect.text);
    }
    verdict.protection = Some(text.to_owned());
    verdict.findings = vec![Finding { record: 1, code: FindingCode::Pause, text: text.to_owned() }];
    verdict.denials = vec![Denial {
        rule: "rule",
        code: attesh::cause::Code::PolicyContext,
        line: None,
        text: text.to_owned(),
    }];
    Page::new(text, &verdict, Some(&statement), Some(text))
}

/// The elements of a page with their attributes, but not what these say.
fn elements(html: &str) -> Vec<String> {
    let tokens = Tokenizer::new(html).map(|token| token.unwrap());
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    tokens
        .filter_map(|token| match token {
            Token::StartTag(tag) => {
                let names: BTreeSet<String> = tag.attributes.keys().map(|name| text(name)).collect();
                Some(format!("<{} {names:?}>", text(&tag.name)))
            }
            Token::EndTag(tag) => Some(format!("</{}>", text(&tag.name))),
            Token::String(_) => None,
            Token::Doctype(_) => Some("doctype".to_owned()),
            other => Some(format!("{other:?}")),
        })
        .collect()
}

#[test]
fn a_text_becomes_markup_of_the_html() {
    let harmless = elements(&page(HARMLESS).html());
    assert!(harmless.len() > 200, "{harmless:?}");
    for text in HOSTILE {
        let html = page(text).html();
        // A text that is empty may have no element of its own.
        let (found, wanted) =
            if text.is_empty() { (vec![], vec![]) } else { (elements(&html), harmless.clone()) };
        assert_eq!(found, wanted, "{text:?}");
        for shown in html.chars() {
            assert!(shown == '\n' || !shown.is_control(), "{text:?}: {shown:?}");
        }
        assert!(!html.contains(['\u{202e}', '\u{2066}', '\u{200b}', '\u{feff}', '\u{e0041}', '\u{2028}']));
    }
}

#[test]
fn a_page_has_what_a_browser_would_run_or_load() {
    let html = page(HARMLESS).html();
    for token in Tokenizer::new(&html).map(|token| token.unwrap()) {
        let Token::StartTag(tag) = token else { continue };
        let name = String::from_utf8_lossy(&tag.name).into_owned();
        assert!(
            !["script", "link", "iframe", "img", "object", "base", "form"].contains(&name.as_str()),
            "{name}"
        );
        for (attribute, value) in &tag.attributes {
            let attribute = String::from_utf8_lossy(attribute).into_owned();
            let value = String::from_utf8_lossy(value).into_owned();
            match attribute.as_str() {
                "href" => assert!(value.starts_with("#c"), "{value}"),
                "style" => assert!(value.starts_with("left:") && !value.contains('('), "{value}"),
                other => assert!(!other.starts_with("on") && other != "src", "{other}"),
            }
        }
    }
    let policy = "default-src 'none'; style-src 'unsafe-inline'; img-src data:";
    assert!(html.contains(&format!("<meta http-equiv=\"Content-Security-Policy\" content=\"{policy}\">")));
}

/// The events of a Markdown page, without what stands in code: what a reader makes of it.
fn events(markdown: &str) -> Vec<String> {
    let mut fence = false;
    let all = Options::all().difference(Options::ENABLE_OLD_FOOTNOTES);
    Parser::new_ext(markdown, all)
        .filter_map(|event| {
            match event {
                Event::Start(Tag::CodeBlock(_)) => fence = true,
                Event::End(TagEnd::CodeBlock) => fence = false,
                _ => {}
            }
            match event {
                Event::Code(_) => Some("code".to_owned()),
                Event::Text(_) if fence => None,
                Event::Text(text) => Some(text.trim().to_owned()).filter(|text| !text.is_empty()),
                other => Some(format!("{other:?}")),
            }
        })
        .collect()
}

#[test]
fn a_text_becomes_markup_of_the_markdown() {
    let harmless = events(&page(HARMLESS).markdown());
    assert!(harmless.iter().filter(|event| *event == "code").count() > 10, "{harmless:?}");
    for text in HOSTILE.iter().filter(|text| !text.is_empty()) {
        let markdown = page(text).markdown();
        if *text != "words that are plain" {
            assert_eq!(events(&markdown), harmless, "{text:?}\n{markdown}");
        }
        for shown in markdown.chars() {
            assert!(shown == '\n' || !shown.is_control(), "{text:?}: {shown:?}");
        }
        // Each line of a table, a quote or a fence would begin with what the text begins with.
        for line in markdown.lines() {
            assert!(
                !line.starts_with(['|', '>', '=', '<'])
                    || line.starts_with("<details>")
                    || line.starts_with("<summary>")
                    || line == "</details>",
                "{line}"
            );
        }
    }
}

/// What Chromium makes of a page is what stands in it. There is none on most machines.
#[test]
fn a_browser_finds_more_in_a_page_than_stands_there() {
    let folder = tempfile::TempDir::new().unwrap();
    let path = folder.path().join("page.html");
    let all: String = HOSTILE.join(" ");
    let html = page(&all).html();
    attesh::files::publish(&path, html.as_bytes(), 0o644, attesh::files::Overwrite::No).unwrap();
    let mut chromium = std::process::Command::new("chromium");
    chromium
        .args(["--headless=new", "--no-sandbox", "--disable-gpu", "--dump-dom"])
        .arg(format!("--user-data-dir={}", folder.path().join("profile").display()))
        .arg(format!("file://{}", path.display()));
    let Ok(output) = chromium.output() else { return skipped("chromium is missing") };
    let shown = String::from_utf8(output.stdout).unwrap();
    assert_eq!(elements(&shown), elements(&html));
}
