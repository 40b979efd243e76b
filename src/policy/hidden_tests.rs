//! Tests of what hides a failure.

use super::*;

/// The script of these units.
fn of(units: &[&str], options: Options) -> Vec<(u64, Hides)> {
    let (mut ranges, mut line) = (Vec::new(), 1);
    for unit in units {
        let lines = unit.matches('\n').count() as u64 + 1;
        ranges.push((line, line + lines - 1));
        line += lines;
    }
    let text = units.iter().map(|unit| format!("{unit}\n")).collect::<String>();
    hidden(&Script::new(text.into_bytes(), ranges).unwrap(), options)
}

#[test]
fn what_hides_a_failure_is_not_warned_of() {
    use Hides::{Background, InnerPipeline, List, Loop, Or, Pipeline, Program};
    for (units, found) in [
        (&["./bad | tail -3"][..], &[(1, Pipeline)][..]),
        (&["a", "b |& c"], &[(2, Pipeline)]),
        (&["if a; then\n  b | c\nfi"], &[(2, InnerPipeline)]),
        (
            &["set -e; a | b; c", "a | b;", "! a | b", "a | b && c"],
            &[(1, InnerPipeline), (2, Pipeline), (3, InnerPipeline), (4, InnerPipeline)],
        ),
        (&["{ a; } | b"], &[(1, Pipeline)]),
        (&["x=$(a | b)"], &[(1, InnerPipeline)]),
        (&["echo \"`a | b`\""], &[(1, InnerPipeline)]),
        (&["a | b", "set -o pipefail", "a | b", "set +o pipefail", "a | b"], &[(1, Pipeline), (5, Pipeline)]),
        (&["(set -o pipefail)", "a | b"], &[(2, Pipeline)]),
        (&["a; b"], &[(1, List)]),
        (&["{ a\nb\n}"], &[(1, List)]),
        (&["( a; b )"], &[(1, List)]),
        (&["f() {\n  a\n  b\n}", "f x", "g"], &[(2, List)]),
        (&["if x; then a; b; fi"], &[(1, List)]),
        (&["case x in\ny) a\n  b;;\nesac"], &[(2, List)]),
        (&["for i in 1 2; do a; done"], &[(1, Loop)]),
        (&["while read x; do a; done < f"], &[(1, Loop)]),
        (&["set -e; a && b; c"], &[(1, List)]),
        (&["./bad || true"], &[(1, Or)]),
        (&["./bad || :"], &[(1, Or)]),
        (&["a || b"], &[(1, Or)]),
        (&["a ||\n  exit 0"], &[(1, Or)]),
        (&["set -e", "f() {\n  a || true\n}", "g"], &[(3, Or)]),
        (&["./bad & wait"], &[(1, Background)]),
        (&["./bad &", "wait"], &[(1, Background)]),
        (&["a & b &", "wait $!", "c &"], &[(3, Background)]),
        (&["main() { a; }", "main \"$@\""], &[(2, Program)]),
        (&["set -e", "x=1", "f() { a; }", "function main {\n  a\n}", "main"], &[(7, Program)]),
        (&["main() { a; b; }; main"], &[(1, List), (1, Program)]),
    ] {
        assert_eq!(of(units, Options::default()), found, "{units:?}");
    }
}

#[test]
fn what_hides_nothing_is_warned_of() {
    for units in [
        &["a", "b", "c"][..],
        &["a && b"],
        &["cd x || exit 1", "a || exit", "b || { echo no >&2; exit 3; }"],
        &["set -eo pipefail", "a | b", "for i in 1; do a; b; done", "f() { a; b; }", "f", "c"],
        &["#!/bin/bash -e", "a; b"],
        &["#!/usr/bin/env -S bash -euo pipefail", "a; b | c"],
        &["sleep 1 &", "pid=$!", "wait $pid"],
        &["if a | b || c; then d; fi", "while x || y; do :; done"],
        &["echo 'a | b; c || d &' \"e; f\" # g; h | i"],
        &["cat <<E\na | b; c || true\nE"],
        &["[[ a || b ]]", "((a | b))", "x=$((1 | 2))"],
        &["case x in a|b) c;; *) d;; esac"],
        &["f() { a; }", "b", "f"],
        &["x=1; set -e"],
    ] {
        let options = Options { errexit: true, pipefail: true };
        let found = of(units, options);
        assert!(found.is_empty(), "{units:?}: {found:?}");
    }
    assert!(of(&["a", "b || exit 3", "a && b"], Options::default()).is_empty());
}

#[test]
fn a_text_that_is_not_understood_ends_the_program() {
    let text = "if a; then b | c; fi\nfor x in $(d); do { e; }; done\ncase i in (j) k;; esac\nf() (g)\nh || l & [[ m ]]";
    for at in 0..text.len() {
        of(&[&text[at..]], Options::default());
        of(&[&text[..at]], Options::default());
        of(&[&(text[..at].to_owned() + "} ) done ;; esac " + &text[at..])], Options::default());
    }
    for many in ["( ", "{ ", "if ", "while ", "case x in y) ", "f() ", "$(", "do ", "} ", ") ", ";; "] {
        of(&[&many.repeat(2_000)], Options::default());
    }
}
