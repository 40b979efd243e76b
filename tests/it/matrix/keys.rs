//! What bash runs or keeps without announcing it: commands of key bindings, lines that only
//! history gets. Each row says what must be told of it, and what must stay quiet.

use super::{Alone, Begin, INTERRUPT, Key, Line, Raw, Rest, each, run_alone, same, tail};
use crate::stage::pty::{Home, Rc, Terminal};
use crate::stage::shells::Family;

const PLAIN: Rc = Rc { before: "", after: "", bare: false, flags: &[], env: &[] };

/// An editor for `fc` and C-x C-e, and a key that keeps a line as other tools do.
const EDITOR: &str = "edits() { printf '%b\\n' \"${EDITED-touch precious}\" >\"$1\"; }; VISUAL=edits EDITOR=edits FCEDIT=edits\n\
    bind -x '\"\\C-g\": history -s forged'\n";
const BOTH: &str = concat!(
    "edits() { printf '%b\\n' \"${EDITED-touch precious}\" >\"$1\"; }; VISUAL=edits EDITOR=edits FCEDIT=edits\n",
    "bind -x '\"\\C-g\": history -s forged'\nHISTCONTROL=ignoreboth\n"
);
/// C-x C-e.
const EDIT: Key = Raw("\x18\x05");
const BOUND: Key = Raw("\x07");

const fn row(
    what: &'static str,
    before: &'static str,
    keys: &'static [Key],
    expect: &'static [&'static str],
) -> Alone {
    Alone { what, shells: "bash", rc: Rc { before, ..PLAIN }, keys, expect, gap: false }
}

#[test]
fn what_a_key_ran_is_hidden_or_said_not_to_have_run() {
    run_alone(Family::Bash, KEYS);
}

#[test]
fn another_line_is_recorded_for_a_hidden_one() {
    run_alone(Family::Bash, HIDDEN);
}

#[test]
fn what_ran_nothing_makes_a_session_incomplete() {
    run_alone(Family::Bash, QUIET);
}

#[test]
fn what_fc_ran_is_nowhere() {
    run_alone(Family::Bash, FC);
}

#[test]
fn a_shell_without_hooks_closes_as_if_all_was_seen() {
    run_alone(Family::Bash, UNHOOKED);
}

#[test]
fn names_and_settings_of_the_user_break_the_hook() {
    run_alone(Family::Bash, NAMES);
}

#[rustfmt::skip]
const FC: &[Alone] = &[
    row("fc, fc -s, fc -l", EDITOR, &[Line("echo a"), Line("fc"), Line("fc -s touch=ls"), Line("fc -l"), Line("fc -s nothing"), Line("true")],
        &["S echo a", "E 0", "S fc", "E 0", "N history touch precious", "S fc -s touch=ls", "E 0", "N history ls precious", "S fc -l", "E 0", "S fc -s nothing", "E 1", "S true", "E 0"]),
    row("several commands of an editor", EDITOR, &[Line("EDITED='true 1\\ntrue 2'"), Line("fc"), Line("echo b")],
        &["S EDITED='true 1\\ntrue 2'", "E 0", "S fc", "E 0", "N history true 1⏎true 2", "S echo b", "E 0"]),
    row("an editor that gives up", "v() { false; }; FCEDIT=v", &[Line("echo a"), Line("fc"), Line("echo b")], &["S echo a", "E 0", "S fc", "E 1", "S echo b", "E 0"]),
    row("an alias of fc, and fc in a list", "alias r='fc -s'", &[Line("touch z"), Line("r touch"), Line("true; fc -s touch"), Line("echo fc")],
        &["S touch z", "E 0", "S r touch", "E 0", "N history touch z", "S true; fc -s touch", "E 0", "N history touch z", "S echo fc", "E 0"]),
    row("fc runs a line that has its name", "alias x='echo rfc.txt' r='fc -s'", &[Line("echo ran # fc"), Line("fc -s"), Line("x"), Line("r"), Line("echo fc"), Line("fc -s echo")],
        &["S echo ran # fc", "E 0", "S fc -s", "E 0", "N history echo ran # fc", "S x", "E 0", "S r", "E 0", "N history x", "S echo fc", "E 0", "S fc -s echo", "E 0", "N history echo fc"]),
    row("an alias of fc behind another word", "alias p=q q='fc -s echo'", &[Line("echo a"), Line("true && q"), Line("p; true"), Line("alias"), Line("true")],
        &["S echo a", "E 0", "S true && q", "E 0", "N history echo a", "S p; true", "E 0", "N history echo a", "S alias", "E 0", "S true", "E 0"]),
    row("history does not keep again what fc ran", "HISTCONTROL=ignoreboth; alias r='fc -s'", &[Line("echo a"), Line("fc -s"), Line("r"), Line("echo fc"), Line("fc -l"), Line("fc -s echo"), Line(" fc -s echo")],
        &["S echo a", "E 0", "S fc -s", "E 0", "S r", "E 0", "S echo fc", "E 0", "S fc -l", "E 0", "S fc -s echo", "E 0", "N history echo fc", "S withheld", "E 0"]),
    row("history keeps what fc ran in one place", "HISTCONTROL=erasedups", &[Line("echo a"), Line("true"), Line("fc -s echo"), Line("history -d 1 # fc"), Line("echo b")],
        &["S echo a", "E 0", "S true", "E 0", "S fc -s echo", "E 0", "S history -d 1 # fc", "E 0", "S echo b", "E 0"]),
    row("an editor that gives up, and dups", "HISTCONTROL=ignoredups; v() { false; }; FCEDIT=v", &[Line("echo a"), Line("fc"), Line("echo b")], &["S echo a", "E 0", "S fc", "E 1", "S echo b", "E 0"]),
    row("fc in a restricted shell", "set -r", &[Line("echo a"), Line("echo fc"), Line("fc -s echo")], &["S echo a", "E 0", "S echo fc", "E 0", "S fc -s echo", "E 0", "N history echo fc"]),
    row("a trap that prints while fc runs", "set -T; alias x='echo rfc'", &[Line("trap 'echo D' DEBUG"), Line("x"), Line("fc -s x"), Line("trap - DEBUG")],
        &["S trap 'echo D' DEBUG", "E 0", "S x", "E 0", "S fc -s x", "E 0", "N history x", "S trap - DEBUG", "E 0"]),
    row("fc beside a prompt that reads history", "HISTFILE=~/h; PROMPT_COMMAND='history -a; history -c; history -r'", &[Line("echo a"), Line("echo fc"), Line("fc -s echo"), Line("true")],
        &["S echo a", "E 0", "S echo fc", "E 0", "S fc -s echo", "E 0", "S true", "E 0"]),
    row("a function that keeps a line in history", "alias r='fc -s'; keep() { history -s 'git push'; }; forget() { history -d -1; }; HISTCONTROL=ignoredups", &[Line("keep"), Line("echo a; forget"), Line("true")],
        &["S keep", "E 0", "N history git push", "S echo a; forget", "E 0", "S true", "E 0"]),
    row("a trace while fc runs", "alias r='fc -s'", &[Line("set -x"), Line("echo a"), Line("set +x"), Line("true")], &["S set -x", "E 0", "S echo a", "E 0", "S set +x", "E 0", "S true", "E 0"]),
    row("history shrinks before a command in a paste", EDITOR, &[Line("true"), Raw("\x1b[200~history -d 1\necho a\x1b[201~\r"), Line("true")], &["S true", "E 0", "S history -d 1", "E 0 next-start", "S none", "E 0", "S true", "E 0"]),
    row("history takes more than it keeps", "HISTSIZE=5; seq -f 'echo %g' 3000 >~/many", &[Line("echo a"), Line("history -r ~/many # fc"), Line("echo b")],
        &["S echo a", "E 0", "S history -r ~/many # fc", "E 0", "N history", "S echo b", "E 0"]),
    row("history takes a thousand lines", "HISTSIZE=9999; seq -f 'echo %g' 1000 >~/many", &[Line("echo a"), Line("history -r ~/many # fc"), Line("echo b")],
        &["S echo a", "E 0", "S history -r ~/many # fc", "E 0", "N history <475 bytes>", "S echo b", "E 0"]),
    row("a line with the byte of a mark", "", &[Raw("echo fc \x16\x01 x\r"), Line("echo b")], &["S echo fc \u{1} x", "E 0", "S echo b", "E 0"]),
    row("what fc ran is hidden", BOTH, &[Line("HISTIGNORE='*secret*'"), Line("fc -s \"HISTIGNORE='*secret*'\"='echo secret'"), Line("echo b")],
        &["S HISTIGNORE='*secret*'", "E 0", "N configuration…", "S withheld", "E…", "S echo b", "E 0"]),
];

#[rustfmt::skip]
const UNHOOKED: &[Alone] = &[
    Alone { gap: false, ..row("both hooks taken out, and exit", "", &[Line("echo a"), Line("PS0=; unset PROMPT_COMMAND"), Line("true"), Raw("false\r"), Raw("exit\r")],
        &["S echo a", "E 0", "S PS0=; unset PROMPT_COMMAND", "E unknown", "X exit 1", "END"]) },
];

#[rustfmt::skip]
const NAMES: &[Alone] = &[
    row("readonly names and attributes", "readonly verb=1 out=2 dir=3 nat=4 text=5 IFS=s=1; declare -i sh gen; declare -u why; declare -n rest=nowhere; shopt -s localvar_inherit",
        &[Line("false | true"), Line("# c"), Line("echo a")], &["S false | true", "E 0 ps 1,0", "U # c", "S echo a", "E 0"]),
    Alone { rc: Rc { after: "printf() { exit 7; }; local() { exit 7; }; eval() { exit 7; }; history() { exit 7; }; fc() { exit 7; }; :() { exit 7; }; set() { exit 7; }; mapfile() { exit 7; }; alias :=false set=false exec=false", ..PLAIN },
        ..row("functions and aliases over builtins", "", &[Line("false | true"), Line("# c"), Line("echo a")], &["S false | true", "E 0 ps 1,0", "U # c", "S echo a", "E 0"]) },
    row("posix, and a trace elsewhere", "exec 7>/dev/null; BASH_XTRACEFD=7; set -o posix; set -x", &[Line("false | true"), Line("# c"), Line("echo a")],
        &["S false | true", "E 0 ps 1,0", "U # c", "S echo a", "E 0"]),
    row("words of all places are variables", "", &[Line("echo a"), Line("set -k"), Raw("exit\r")], &["S echo a", "E 0", "S set -k", "E 0", "S exit", "E 0 exit", "X exit 0", "END"]),
    row("nounset and errexit before the hook", "set -eu; trap - ERR", &[Line("echo a"), Line("set +eu"), Line("false")], &["S echo a", "E 0", "S set +eu", "E 0", "S false", "E 1"]),
    row("a trap that prints in functions", "", &[Line("set -T"), Line("trap 'echo D' DEBUG"), Line("true"), Line("trap - DEBUG")],
        &["S set -T", "E 0", "S trap 'echo D' DEBUG", "E 0", "S true", "E 0", "S trap - DEBUG", "E 0"]),
    row("a shell without the hook below one that exports all", "set -a", &[Begin("bash --norc --noprofile"), Raw("false\r"), Raw("exit 4\r"), Line("echo b")],
        &["S bash --norc --noprofile", "E 4", "S echo b", "E 0"]),
    row("PS0 that was exported", "export PS0=", &[Begin("/bin/bash --norc --noprofile"), Raw("false\r"), Raw("exit 4\r"), Line("export -p | grep -c PS0")],
        &["S /bin/bash --norc --noprofile", "E 4", "S export -p | grep -c PS0", "E 1 ps 0,1"]),
    row("nocasematch and noclobber before the hook", "shopt -s nocasematch; set -C", &[Line("echo a"), Line("false")], &["S echo a", "E 0", "S false", "E 1"]),
    row("PS0 set at each prompt", "PROMPT_COMMAND=(true 'PS0=x')", &[Line("echo a"), Line("false")],
        &["N hook-repaired PS0", "S echo a", "E 0", "N hook-repaired PS0", "S false", "E 1", "N hook-repaired PS0"]),
];

#[rustfmt::skip]
const KEYS: &[Alone] = &[
    row("an editor's commands, then nothing", EDITOR, &[Line("echo a"), EDIT, Line("")],
        &["S echo a", "E 0", "N unannounced touch precious"]),
    row("an editor's commands, then ^C", EDITOR, &[Line("echo a"), EDIT, INTERRUPT, Line("")],
        &["S echo a", "E 0", "N unannounced touch precious"]),
    row("an editor's commands, then a command", EDITOR, &[Line("echo a"), Raw("echo half"), EDIT, Line("echo b")],
        &["S echo a", "E 0", "N unannounced echo half⏎touch precious", "S echo b", "E 0"]),
    row("an editor's commands, then a loop", EDITOR, &[EDIT, Raw("for i in 1\rdo true\rdone\r")],
        &["N unannounced touch precious", "S for i in 1; do true; done", "E 0"]),
    row("an editor's commands, then a paste", EDITOR, &[Line("EDITED='false\\n# c'"), EDIT, Raw("\x1b[200~# one\n\n\necho b\x1b[201~\r")],
        &["S EDITED='false\\n# c'", "E 0", "N unannounced false⏎# c⏎# one", "S echo b", "E 0"]),
    row("an editor's commands beside history -a", "v() { printf 'touch precious\\n' >\"$1\"; }; VISUAL=v; PROMPT_COMMAND='history -a; [ -n x ]'\n", &[Line("echo a"), EDIT, Line("")],
        &["S echo a", "E 0", "N unannounced touch precious"]),
    row("an editor's commands in vi's mode", "set -o vi\nv() { printf 'touch precious\\n' >\"$1\"; }; VISUAL=v\n", &[Line("echo a"), Raw("\x1bv"), Line("")],
        &["S echo a", "E 0", "N unannounced touch precious"]),
    row("the line itself from an editor, kept once", "HISTCONTROL=ignoredups\nv() { :; }; VISUAL=v\n", &[Raw("touch precious"), EDIT, Line("")],
        &["N unannounced touch precious"]),
    row("a key that runs a line which begins with an alias", "alias wenn=if; run() { L='wenn true; then touch ran; fi'; eval \"$L\"; history -s \"$L\"; }; bind -x '\"\\C-g\": run'", &[Line("echo a"), BOUND, Line("")],
        &["S echo a", "E 0", "N unannounced wenn true; then touch ran; fi"]),
    row("a key that keeps a line, then nothing", EDITOR, &[Line("echo a"), BOUND, Line("")],
        &["S echo a", "E 0", "N unannounced forged"]),
    row("a key that runs a line and keeps it", "f() { local c=false; history -s \"$c\"; eval \"$c\"; READLINE_LINE=; }; bind -x '\"\\C-g\": f'", &[Line("echo a"), BOUND, Line(""), Line("echo b")],
        &["S echo a", "E 0", "N unannounced false", "S echo b", "E 0"]),
    row("a line of an entry that looks like another entry", "f() { history -s $'echo c\\n    2  # d'; history -s 'touch ran'; }; bind -x '\"\\C-g\": f'", &[BOUND, Line("echo b")],
        &["N unannounced echo c⏎    2  # d⏎touch ran", "S echo b", "E 0"]),
    row("a key that types a line", "f() { READLINE_LINE='echo typed'; }; bind -x '\"\\C-x1\": f'; bind '\"\\C-g\": \"\\C-x1\\C-m\"'", &[Line("echo a"), BOUND, Line("echo b")],
        &["S echo a", "E 0", "S echo typed", "E 0", "S echo b", "E 0"]),
    row("a key that keeps a line, then a command", EDITOR, &[Line("echo a"), BOUND, Line("echo b")],
        &["S echo a", "E 0", "N unannounced forged", "S echo b", "E 0"]),
    row("a key that keeps a line within a loop", EDITOR, &[Raw("for i in 1\r"), BOUND, Raw("do true\rdone\r"), Line("echo b")],
        &["N unannounced…", "S none", "E 0", "S echo b", "E 0"]),
    row("an editor's line under erasedups", "HISTCONTROL=erasedups; VISUAL=true", &[Raw("touch ran"), EDIT, Line(""), Line("echo b")], &["N unannounced touch ran", "S echo b", "E 0"]),
    row("commands of a list kept line by line", "shopt -u cmdhist\nv() { printf 'touch precious\\n' >\"$1\"; }; VISUAL=v\n",
        &[EDIT, Raw("for i in 1\rdo true\rdone\r")], &["N unannounced touch precious", "S for i in 1⏎do true⏎done", "E 0"]),
];

#[rustfmt::skip]
const HIDDEN: &[Alone] = &[
    row("a line that was only printed", BOTH, &[Line("rm -f precious"), Line("true"), Raw("!rm:p\r"), Line(" export TOKEN=x"), Line("echo b")],
        &["S rm -f precious", "E 0", "S true", "E 0", "N unannounced rm -f precious", "S withheld", "E 0", "S echo b", "E 0"]),
    row("a line that a key kept", BOTH, &[Line("echo a"), BOUND, Line(" export TOKEN=x")],
        &["S echo a", "E 0", "N unannounced forged", "S withheld", "E 0"]),
    row("a line that a key kept, a loop", BOTH, &[Line("echo a"), BOUND, Raw(" for i in 1\rdo true\rdone\r")],
        &["S echo a", "E 0", "N unannounced forged", "S withheld", "E 0"]),
    row("a line that a key kept within a loop", BOTH, &[Line("echo a"), Raw(" for i in 1\r"), BOUND, Raw("do true\rdone\r")],
        &["S echo a", "E 0", "N unannounced forged", "S withheld", "E 0"]),
    row("an editor's line", BOTH, &[Line("echo a"), EDIT, Line(" export TOKEN=x")],
        &["S echo a", "E 0", "N unannounced touch precious", "S withheld", "E 0"]),
    row("a hidden line that an editor got", BOTH, &[Line("echo a"), Raw(" export TOKEN=x"), EDIT, Line("echo b")],
        &["S echo a", "E 0", "N unannounced", "S echo b", "E 0"]),
    row("erasedups and ignorespace", "HISTCONTROL=ignorespace:erasedups", &[Line("echo a"), Line(" echo secret"), Line("echo a"), Line(" echo a")],
        &["S echo a", "E 0", "S withheld", "E 0", "S echo a", "E 0", "S withheld", "E 0"]),
    row("a line given up, and again as the first of several", "HISTCONTROL=ignoredups:erasedups", &[Line("echo a"), Raw("for i in 1\r"), INTERRUPT, Raw("for i in 1\rdo echo $i; false\rdone\r"), Line("echo b"), Line("echo a"), Line("echo a")],
        &["S echo a", "E 0", "U for i in 1", "S withheld", "E 1", "S echo b", "E 0", "S echo a", "E 0", "S echo a (dup)", "E 0"]),
    row("a string given up, and again", "HISTCONTROL=ignoredups:erasedups", &[Line("echo a"), Raw("echo \"x\r"), INTERRUPT, Raw("echo \"x\ry\"\r"), Line("echo b")],
        &["S echo a", "E 0", "U echo \"x", "S withheld", "E 0", "S echo b", "E 0"]),
    row("a comment before a hidden line, and a short history", "HISTCONTROL=ignorespace HISTSIZE=1", &[Line("echo a"), Raw("\x1b[200~# c\n echo x\x1b[201~\r"), Line("echo b")],
        &["S echo a", "E 0", "S withheld", "E 0", "S echo b", "E 0"]),
    row("more comments than history keeps", "HISTSIZE=2", &[Line("echo d"), Raw("\x1b[200~# c1\n# c2\n# c3\necho e\x1b[201~\r"), Line("echo b")],
        &["S echo d", "E 0", "N unannounced", "S echo e", "E 0", "S echo b", "E 0"]),
    row("the first line of all", "HISTCONTROL=ignorespace", &[Line(" echo secret"), Line("echo a")], &["S withheld", "E 0", "S echo a", "E 0"]),
    Alone { rc: Rc { before: "HISTCONTROL=ignoreboth", flags: &["-r"], ..PLAIN },
        ..row("a restricted shell", "", &[Line("echo a"), Line(" echo secret"), Line("# c"), Raw("for i in 1\rdo true\rdone\r"), Line("echo b")],
        &["S echo a", "E 0", "S withheld", "E 0", "U # c", "S for i in 1; do true; done", "E 0", "S echo b", "E 0"]) },
    row("a history that readline emptied", "HISTCONTROL=ignoreboth", &[Line("echo a"), Line("bind 'set history-size 0'"), Line("echo secret"), Line("bind 'set history-size 100'"), Line("echo b")],
        &["S echo a", "E 0", "S bind 'set history-size 0'", "E 0", "S withheld", "E 0", "S withheld", "E 0", "S echo b", "E 0"]),
    row("a history of one line", "HISTCONTROL=ignoreboth HISTSIZE=1", &[Line("echo a"), Line(" echo secret"), Line("echo b")],
        &["S echo a", "E 0", "S withheld", "E 0", "S echo b", "E 0"]),
    row("readonly settings", "readonly HISTCONTROL=ignorespace HISTIGNORE='*secret*'", &[Line("echo a"), Line("echo secret"), Raw("for i in 1\rdo true\rdone\r"), Line("echo b")],
        &["S echo a", "E 0", "S withheld", "E 0", "S for i in 1; do true; done", "E 0", "S echo b", "E 0"]),
];

#[rustfmt::skip]
const QUIET: &[Alone] = &[
    row("lines given up", EDITOR, &[Raw("echo a \\\r"), INTERRUPT, Raw("cat <<E\r"), INTERRUPT, Raw("for i in 1; do\r"), INTERRUPT],
        &["U echo a \\", "U cat <<E", "U for i in 1; do"]),
    row("a line that was only printed, then nothing", EDITOR, &[Line("echo a"), Raw("!echo:p\r"), Line("")], &["S echo a", "E 0", "U echo a"]),
    row("a paste that runs nothing", EDITOR, &[Raw("\x1b[200~# one\n\n# two\necho )\x1b[201~\r")], &["U # one⏎# two⏎echo )"]),
    row("a paste with comments", EDITOR, &[Raw("\x1b[200~# one\n# two\necho a\n\n# three\necho )\necho b\x1b[201~\r")],
        &["S echo a", "E unknown", "S echo b", "E 0"]),
    row("a status of 2 in a paste", EDITOR, &[Raw("\x1b[200~(exit 2)\nfor i in 1; do\n(exit 2); done\necho b\x1b[201~\r")],
        &["S (exit 2)", "E 2 next-start", "S for i in 1; do (exit 2); done", "E 2 next-start", "S echo b", "E 0"]),
    row("lines given up where no prompt is seen", "readonly PROMPT_COMMAND=true", &[Line("false"), Raw("abc\x03"), Line("(exit 2)"), Line("echo )"), Line("echo b")],
        &["S false", "E unknown", "S (exit 2)", "E unknown", "S echo b", "E 0 next-start"]),
    row("a paste with comments and hidden lines", BOTH, &[Raw("\x1b[200~# one\n echo a\n# two\nfor i in 1\ndo true\ndone\x1b[201~\r")],
        &["S withheld", "E 0 next-start", "S for i in 1; do true; done", "E 0"]),
    row("lines of another shell that a function reads", "HISTFILE=~/h; hs() { history -a; history -n; }; PROMPT_COMMAND=hs\n", &[Line("(sleep 0.4; echo rm >>~/h) & disown"), Rest(1200), Line(""), Line("echo b")],
        &["S (sleep 0.4; echo rm >>~/h) & disown", "E 0", "S echo b", "E 0"]),
    row("lines of another shell that hooks in an array read", "HISTFILE=~/h; hs() { history -a; history -n; }; hooks=(true hs); run() { local h; for h in \"${hooks[@]}\"; do \"$h\"; done; }; PROMPT_COMMAND=run\n",
        &[Line("(sleep 0.4; echo rm >>~/h) & disown"), Rest(1200), Line(""), Line("echo b")], &["S (sleep 0.4; echo rm >>~/h) & disown", "E 0", "S echo b", "E 0"]),
    row("lines of another shell that a variable's commands read", "HISTFILE=~/h; own='history -a; history -n'; run() { eval \"${own-}\"; }; PROMPT_COMMAND=run\n",
        &[Line("(sleep 0.4; echo rm >>~/h) & disown"), Rest(1200), Line(""), Line("echo b")], &["S (sleep 0.4; echo rm >>~/h) & disown", "E 0", "S echo b", "E 0"]),
    row("lines of another shell that an alias or a quoted word reads", "shopt -s expand_aliases; HISTFILE=~/h; alias hn='history -n'; PROMPT_COMMAND='history -a; \"history\" \"-n\"; hn'\n",
        &[Line("(sleep 0.4; echo rm >>~/h) & disown"), Rest(1200), Line(""), Line("echo b")], &["S (sleep 0.4; echo rm >>~/h) & disown", "E 0", "S echo b", "E 0"]),
    row("lines of another shell that a command in a variable reads", "HISTFILE=~/h; hh=history; PROMPT_COMMAND='$hh -a; $hh -n'\n",
        &[Line("(sleep 0.4; echo rm >>~/h) & disown"), Rest(1200), Line(""), Line("echo b")], &["S (sleep 0.4; echo rm >>~/h) & disown", "E 0", "N unannounced rm", "S echo b", "E 0"]),
    row("lines of another shell that a function of an odd name or a trap reads", "HISTFILE=~/h; function sync@h { history -n; }; PROMPT_COMMAND='history -a; sync@h'; sy() { history -n; }; trap sy USR1\n",
        &[Line("(sleep 0.4; echo rm >>~/h) & disown"), Rest(1200), Line(""), Line("echo b")], &["S (sleep 0.4; echo rm >>~/h) & disown", "E 0", "S echo b", "E 0"]),
    row("lines of another shell that a file reads", "HISTFILE=~/h; echo 'history -a; history -n' >~/read; PROMPT_COMMAND='. ~/read'\n",
        &[Line("(sleep 0.4; echo rm >>~/h) & disown"), Rest(1200), Line(""), Line("echo b")], &["S (sleep 0.4; echo rm >>~/h) & disown", "E 0", "N unannounced rm", "S echo b", "E 0"]),
    row("a comment from the line (M-#)", EDITOR, &[Raw("rm -f x\x1b#"), Line("echo a")], &["U #rm -f x", "S echo a", "E 0"]),
    row("an editor that gives up", "v() { false; }; VISUAL=v", &[Line("echo a"), Raw("rm -f x"), EDIT, Line("")], &["S echo a", "E 0", "U rm -f x"]),
    row("the next line of history (C-o)", EDITOR, &[Line("echo a"), Line("echo b"), Raw("\x1b[A\x1b[A\x0f"), Raw("\r")],
        &["S echo a", "E 0", "S echo b", "E 0", "S echo a", "E 0", "S echo b", "E 0"]),
];

/// A shell that never comes to a prompt has no session; one that reads a pipe is recorded.
#[test]
fn a_shell_that_never_prompts_leaves_a_session() {
    each(&[Family::Bash], |shell, home| {
        let mut terminal = Terminal::start(shell, home, Rc::default());
        terminal.line("echo a");
        home.file("script", "echo from-a-file\nfalse\n");
        let bash = format!("{} --rcfile ~/.bashrc", shell.program.display());
        terminal.line(&format!("{bash} -ic 'echo \"[$PROMPT_COMMAND]\"'"));
        terminal.line(&format!("{bash} -i ~/script"));
        assert!(terminal.text().contains("from-a-file"), "{}: {}", shell.label(), tail(&terminal));
        let shells = home.lines().iter().filter(|line| line.starts_with("O ")).count();
        assert_eq!(shells, 1, "{}: {}", shell.label(), tail(&terminal));
        terminal.line(&format!("{bash} -i < ~/script"));
        let closed = |home: &Home| {
            let lines = home.lines();
            lines.iter().rev().nth(1).is_some_and(|line| line == "X eof 1")
        };
        terminal.wait(|_| closed(home));
        let lines = home.lines();
        let piped = ["S echo from-a-file", "E 0", "S false", "E 1", "X eof 1", "E 1"];
        assert!(same(&lines[lines.len() - piped.len()..], &piped), "{}: {lines:?}", shell.label());
    });
}
