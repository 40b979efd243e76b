//! Rows that leave the shell as it was: typed one after another into one shell.

use super::{Begin, Case, INTERRUPT, Line, Raw, Rest, Row, SUSPEND, run_together};
use crate::stage::shells::Family;

#[test]
fn bash_records_what_it_ran() {
    run_together(Family::Bash, ROWS);
}

#[test]
fn zsh_records_what_it_ran() {
    run_together(Family::Zsh, ROWS);
}

#[test]
fn fish_records_what_it_ran() {
    run_together(Family::Fish, ROWS);
}

const fn row(what: &'static str, cases: &'static [Case]) -> Row {
    Row { what, cases }
}

const fn case(shells: &'static str, keys: &'static [super::Key], expect: &'static [&'static str]) -> Case {
    Case { shells, keys, expect }
}

const PASTE: &str = "\x1b[200~echo a\nfalse\necho c\x1b[201~\r";

#[rustfmt::skip]
const ROWS: &[Row] = &[
    row("a command", &[case("bash zsh fish", &[Line("echo hi")], &["S echo hi", "E 0"])]),
    row("a failing command", &[case("bash zsh fish", &[Line("false")], &["S false", "E 1"])]),
    row("leading blanks", &[
        case("bash zsh", &[Line("   echo hi")], &["S    echo hi", "E 0"]),
        case("fish", &[Line("   echo hi")], &["S withheld", "E 0"])]),
    row("the same twice", &[case("bash zsh fish", &[Line("echo hi"), Line("echo hi")], &["S echo hi", "E 0", "S echo hi", "E 0"])]),
    row("pipe statuses", &[case("bash zsh fish", &[Line("false|sh -c 'exit 3'|true")], &["S false|sh -c 'exit 3'|true", "E 0 ps 1,3,0"])]),
    row("an empty line", &[
        case("bash zsh", &[Line(""), Line("  "), Line("")], &[]),
        case("fish", &[Line(""), Line("  "), Line("")], &["S withheld", "E stale"])]),
    row("a comment", &[
        case("bash", &[Line("# only this")], &["U # only this"]),
        case("zsh", &[Line("# only this")], &["S # only this", "E 127"]),
        case("fish", &[Line("# only this")], &["S # only this", "E stale"])]),
    row("a trailing comment", &[case("bash zsh fish", &[Line("echo hi # there")], &["S echo hi # there", "E 0"])]),
    row("a syntax error", &[
        case("bash zsh", &[Line("echo )")], &["U echo )"]),
        case("fish", &[Raw("echo )\r"), INTERRUPT, Rest(200)], &["U echo )"])]),
    row("several lines", &[
        case("bash", &[Raw("for i in 1 2\rdo true\rdone\r")], &["S for i in 1 2; do true; done", "E 0"]),
        case("zsh", &[Raw("for i in 1 2\rdo true\rdone\r")], &["S for i in 1 2⏎do true⏎done", "E 0"]),
        case("fish", &[Raw("for i in 1 2\rtrue\rend\r")], &["S for i in 1 2⏎true⏎end", "E 0"])]),
    row("a here-document", &[
        case("bash5.1 bash5.2", &[Raw("cat <<E\rone two\rE\r")], &["S cat <<E⏎one two⏎E⏎", "E 0"]),
        case("bash zsh", &[Raw("cat <<E\rone two\rE\r")], &["S cat <<E⏎one two⏎E", "E 0"])]),
    row("a quoted newline", &[case("bash zsh fish", &[Raw("echo \"a\rb\"\r")], &["S echo \"a⏎b\"", "E 0"])]),
    row("a line that goes on", &[
        case("bash", &[Raw("echo a \\\rb\r")], &["S echo a b", "E 0"]),
        case("zsh fish", &[Raw("echo a \\\rb\r")], &["S echo a \\⏎b", "E 0"])]),
    row("a list", &[case("bash zsh fish", &[Line("true; false; sh -c 'exit 4'")], &["S true; false; sh -c 'exit 4'", "E 4"])]),
    row("and, or", &[case("bash zsh fish", &[Line("false && true || sh -c 'exit 5'")], &["S false && true || sh -c 'exit 5'", "E 5"])]),
    row("typed ahead", &[case("bash zsh fish", &[Raw("sleep 0.4\recho ahead\r"), Rest(600)], &["S sleep 0.4", "E 0", "S echo ahead", "E 0"])]),
    row("three commands pasted at once", &[
        case("bash", &[Raw(PASTE)], &["S echo a", "E 0 next-start", "S false", "E 1 next-start", "S echo c", "E 0"]),
        case("zsh fish", &[Raw(PASTE)], &["S echo a⏎false⏎echo c", "E 0"])]),
    row("a paste that ends within a loop", &[
        case("bash", &[Raw("\x1b[200~echo a\nfor i in 1; do\x1b[201~\r"), Raw("true\rdone\r")],
            &["S echo a", "E 0 next-start", "S for i in 1; do true; done", "E 0"]),
        case("zsh", &[Raw("\x1b[200~echo a\nfor i in 1; do\x1b[201~\r"), Raw("true\rdone\r")],
            &["S echo a⏎for i in 1; do⏎true⏎done", "E 0"]),
        case("fish", &[Raw("\x1b[200~echo a\nfor i in 1\x1b[201~\r"), Raw("true\rend\r")],
            &["S echo a⏎for i in 1⏎true⏎end", "E 0"])]),
    row("in the background", &[
        case("bash zsh", &[Line("sleep 0.1 &"), Rest(200)], &["S sleep 0.1 &", "E 0"]),
        case("fish", &[Line("sleep 0.1 &"), Rest(200)], &["S sleep 0.1 &", "E stale"])]),
    row("a subshell", &[case("bash zsh", &[Line("(exit 6)")], &["S (exit 6)", "E 6"])]),
    row("a group", &[
        case("bash zsh", &[Line("{ false; }")], &["S { false; }", "E 1"]),
        case("fish", &[Line("begin; false; end")], &["S begin; false; end", "E 1"])]),
    row("a function's definition", &[
        case("bash zsh", &[Line("f() { false; }")], &["S f() { false; }", "E 0"]),
        case("fish", &[Line("function f; false; end")], &["S function f; false; end", "E 0…"])]),
    row("a function's status", &[
        case("bash zsh", &[Line("g() { return 7; }; g")], &["S g() { return 7; }; g", "E 7"]),
        case("fish", &[Line("function g; return 7; end; g")], &["S function g; return 7; end; g", "E 7"])]),
    row("an alias", &[
        case("bash zsh", &[Line("alias hey='echo al'"), Line("hey")], &["S alias hey='echo al'", "E 0", "S hey", "E 0"]),
        case("fish", &[Line("alias hey='echo al'"), Line("hey")], &["S alias hey='echo al'", "E 0…", "S hey", "E 0"])]),
    row("a history expansion", &[case("bash zsh", &[Line("echo one two"), Line("echo !!:1")], &["S echo one two", "E 0", "S echo one", "E 0"])]),
    row("an assignment", &[
        case("bash zsh", &[Line("X=5")], &["S X=5", "E 0"]),
        case("fish", &[Line("set X 5")], &["S set X 5", "E stale"])]),
    row("arithmetic", &[case("bash zsh", &[Line("((0))")], &["S ((0))", "E 1"])]),
    row("a condition without a branch", &[
        case("bash zsh", &[Line("if false; then :; fi")], &["S if false; then :; fi", "E 0"]),
        case("fish", &[Line("if false; end")], &["S if false; end", "E 0…"])]),
    row("time", &[case("bash zsh fish", &[Line("time true")], &["S time true", "E 0"])]),
    row("a coprocess", &[
        case("bash", &[Line("coproc sleep 0.1"), Line("wait")], &["S coproc sleep 0.1", "E 0", "S wait", "E 0"]),
        case("zsh", &[Line("coproc sleep 0.1"), Line("wait")], &["S coproc sleep 0.1", "E 0", "S wait", "E 0"])]),
    row("no such command", &[case("bash zsh fish", &[Line("no-such-command-here")], &["S no-such-command-here", "E 127"])]),
    row("^C at the prompt", &[case("bash zsh fish", &[Raw("echo half"), INTERRUPT], &[])]),
    row("^C in a command", &[case("bash zsh fish", &[Begin("sleep 5"), INTERRUPT], &["S sleep 5", "E 130"])]),
    row("^C in a list", &[case("bash zsh fish", &[Begin("sleep 5; echo no"), INTERRUPT], &["S sleep 5; echo no", "E 130"])]),
    row("^Z and fg", &[
        case("bash zsh", &[Begin("sleep 1"), SUSPEND, Begin("fg"), Rest(1200)], &["S sleep 1", "E 148", "S fg", "E 0"]),
        case("fish", &[Begin("sleep 1"), SUSPEND, Begin("fg"), Rest(1200)], &["S sleep 1", "E stale", "S fg", "E 0"])]),
    row("^C within a command that is being typed", &[
        case("bash zsh", &[Raw("echo \"open\r"), INTERRUPT], &["U echo \"open"]),
        case("fish", &[Raw("echo \"open\r"), INTERRUPT], &[])]),
    row("a killed child", &[case("bash zsh fish", &[Line("sh -c 'kill -9 $$'")], &["S sh -c 'kill -9 $$'", "E 137"])]),
    row("what a command reads", &[case("bash zsh fish", &[Begin("read v"), Raw("hunter2\r")], &["S read v", "E 0"])]),
    row("eval", &[case("bash zsh fish", &[Line("eval 'true; false'")], &["S eval 'true; false'", "E 1"])]),
    row("a sourced file", &[case("bash zsh fish", &[Line("echo 'true; false' > f"), Line(". ./f")], &["S echo 'true; false' > f", "E 0", "S . ./f", "E 1"])]),
    row("UTF-8", &[case("bash zsh fish", &[Line("echo häß ✓ 日本")], &["S echo häß ✓ 日本", "E 0"])]),
    row("a shell without the hook", &[case("bash zsh fish", &[Begin("dash"), Raw("true\r"), Raw("exit 3\r")], &["S dash", "E 3"])]),
    row("a pipe status left by an earlier command", &[
        case("bash zsh", &[Line("true | false"), Line("h() { :; }")], &["S true | false", "E 1 ps 0,1", "S h() { :; }", "E 0"]),
        case("fish", &[Line("true | false"), Line("set Y 1")], &["S true | false", "E 1 ps 0,1", "S set Y 1", "E stale"])]),
    row("words that look like options", &[
        case("bash zsh fish", &[Line("-n"), Line("--")], &["S -n", "E 127", "S --", "E 127"])]),
];
