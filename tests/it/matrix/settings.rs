//! Rows about options and history settings: each in a shell of its own.

use super::{Alone, INTERRUPT, Line, Raw, Rest, run_alone};
use crate::stage::pty::Rc;
use crate::stage::shells::Family;

#[test]
fn bash_settings_give_a_wrong_text_or_status() {
    run_alone(Family::Bash, BASH);
}

#[test]
fn zsh_settings_give_a_wrong_text_or_status() {
    run_alone(Family::Zsh, ZSH);
}

#[test]
fn fish_settings_give_a_wrong_text_or_status() {
    run_alone(Family::Fish, FISH);
}

const PLAIN: Rc = Rc { before: "", after: "", bare: false, flags: &[], env: &[] };

const fn after(lines: &'static str) -> Rc<'static> {
    Rc { after: lines, ..PLAIN }
}

const fn before(lines: &'static str) -> Rc<'static> {
    Rc { before: lines, ..PLAIN }
}

const fn alone(
    what: &'static str,
    rc: Rc<'static>,
    keys: &'static [super::Key],
    expect: &'static [&'static str],
) -> Alone {
    Alone { what, shells: "bash zsh fish", rc, keys, expect, gap: false }
}

const fn with_gap(row: Alone) -> Alone {
    Alone { gap: true, ..row }
}

const fn only(shells: &'static str, row: Alone) -> Alone {
    Alone { shells, ..row }
}

#[rustfmt::skip]
const BASH: &[Alone] = &[
    alone("nounset", PLAIN, &[Line("set -u"), Line("echo $nothing_here"), Line("true")],
        &["S set -u", "E 0", "S echo $nothing_here", "E 1", "S true", "E 0"]),
    alone("a prompt that runs commands", after("PROMPT_COMMAND='false; history -a'\nPS1='$(false)[[$?]]% '"),
        &[Line("echo a"), Line("sh -c 'exit 4'"), Line("")], &["S echo a", "E 0", "S sh -c 'exit 4'", "E 4"]),
    alone("errexit", PLAIN, &[Line("set -e"), Line("! true"), Line("echo alive")],
        &["S set -e", "E 0", "S ! true", "E 1", "S echo alive", "E 0"]),
    alone("functrace", PLAIN, &[Line("set -T; trap 'true debug' DEBUG"), Line("f() { (true; true); }; f"), Line("(exit 3)")],
        &["S set -T; trap 'true debug' DEBUG", "E 0", "S f() { (true; true); }; f", "E 0", "S (exit 3)", "E 3"]),
    alone("noclobber and posix", PLAIN, &[Line("set -o noclobber -o posix"), Line("echo a"), Line("false")],
        &["S set -o noclobber -o posix", "E 0", "S echo a", "E 0", "S false", "E 1"]),
    alone("a DEBUG trap of the user", PLAIN, &[Line("trap 'dbg+=x' DEBUG"), Line("false"), Line("(exit 3)")],
        &["S trap 'dbg+=x' DEBUG", "E 0", "S false", "E 1", "S (exit 3)", "E 3"]),
    alone("pipe statuses of an earlier pipeline, and a bar in the line", after("true | false | true"), &[Line("f() { true | cat; }"), Line("(exit 3) | true"), Line("f ( ) { true | cat; }"), Line("case x in a|b) ;; esac"), Line("(exit 3) | true"), Line("for x in; do a | b; done"), Line("ls /nosuch 2>&1 | cat >/dev/null"), Line("ls /nosuch 2>&1 | cat >/dev/null"), Line("true; true && echo before | diff - /dev/null >a | cat"), Line("true && echo before | diff - /dev/null >a | cat")],
        &["S f() { true | cat; }", "E 0", "S (exit 3) | true", "E 0 ps 3,0", "S f ( ) { true | cat; }", "E 0", "S case x in a|b) ;; esac", "E 0", "S (exit 3) | true", "E 0 ps 3,0", "S for x in; do a | b; done", "E 0", "S ls /nosuch 2>&1 | cat >/dev/null", "E 0 ps 2,0", "S ls /nosuch 2>&1 | cat >/dev/null", "E 0 ps 2,0", "S true; true && echo before | diff - /dev/null >a | cat", "E 0 ps 0,1,0", "S true && echo before | diff - /dev/null >a | cat", "E 0 ps 0,1,0"]),
    alone("HISTTIMEFORMAT", after("HISTTIMEFORMAT='%F %T '"), &[Line("echo a"), Line("# b"), Line("false")],
        &["S echo a", "E 0", "U # b", "S false", "E 1"]),
    alone("a readonly HISTTIMEFORMAT", after("readonly HISTTIMEFORMAT='%F %T '"), &[Line("echo a"), Line("# b"), Line("false")],
        &["S echo a", "E 0", "U # b", "S false", "E 1"]),
    alone("history -c", PLAIN, &[Line("echo a"), Line("history -c"), Line("echo b"), Line("echo c")],
        &["S echo a", "E 0", "S history -c", "E 0", "S echo b", "E 0", "S echo c", "E 0"]),
    alone("HISTIGNORE", after("HISTIGNORE='*secret*:fg'"), &[Line("echo a"), Line("sh -c 'exit 2' secret"), Line("echo b")],
        &["S echo a", "E 0", "S withheld", "E 2", "S echo b", "E 0"]),
    alone("a leading blank under ignoreboth", after("HISTCONTROL=ignoreboth"), &[Line("echo a"), Line(" echo secret"), Line("echo b"), Line(" echo b")],
        &["S echo a", "E 0", "S withheld", "E 0", "S echo b", "E 0", "S withheld", "E 0"]),
    alone("a leading blank under ignorespace", before("HISTCONTROL=ignorespace"), &[Line("echo a"), Line(" echo a"), Line("echo a")],
        &["S echo a", "E 0", "S withheld", "E 0", "S echo a", "E 0"]),
    alone("a repeat under ignoredups", before("HISTCONTROL=ignoredups"), &[Line("echo a"), Line("echo a"), Line("echo b")],
        &["S echo a", "E 0", "S echo a (dup)", "E 0", "S echo b", "E 0"]),
    // The hook cannot tell a repeat from a hidden line here, so only an absent text is right.
    alone("a repeat under ignoreboth", before("HISTCONTROL=ignoreboth"), &[Line("echo a"), Line("echo a"), Line("echo b")],
        &["S echo a", "E 0", "S withheld", "E 0", "S echo b", "E 0"]),
    alone("erasedups", before("HISTCONTROL=erasedups"), &[Line("echo a"), Line("echo b"), Line("echo a"), Line("echo a")],
        &["S echo a", "E 0", "S echo b", "E 0", "S echo a", "E 0", "S echo a", "E 0"]),
    alone("set +o history", PLAIN, &[Line("set +o history"), Line("echo secret"), Line("set -o history"), Line("echo b")],
        &["S set +o history", "E 0", "N configuration HISTCONTROL= HISTIGNORE= history=off", "S withheld", "E 0", "S withheld", "E 0",
            "N configuration HISTCONTROL= HISTIGNORE= history=on", "S echo b", "E 0"]),
    alone("HISTSIZE=0", PLAIN, &[Line("HISTSIZE=0"), Line("echo secret"), Line("HISTSIZE=100"), Line("echo b")],
        &["S HISTSIZE=0", "E 0", "N configuration HISTCONTROL= HISTIGNORE= history=on HISTSIZE=0", "S withheld", "E 0", "S withheld", "E 0",
            "N configuration HISTCONTROL= HISTIGNORE= history=on", "S echo b", "E 0"]),
    alone("lines of a paste that history hides", before("HISTCONTROL=ignorespace"), &[Raw("\x1b[200~# note\n echo secret\x1b[201~\r")],
        &["S withheld", "E 0"]),
    alone("PROMPT_COMMAND assigned later", PLAIN, &[Line("PROMPT_COMMAND='true x'"), Line("false")],
        &["S PROMPT_COMMAND='true x'", "E 0", "S false", "E 1"]),
    only("bash5.1 bash5.2", alone("PROMPT_COMMAND unset", PLAIN, &[Line("unset PROMPT_COMMAND"), Line("false"), Line("echo a")],
        &["S unset PROMPT_COMMAND", "E 0 next-start", "S false", "E 1 next-start", "S echo a", "E 0 next-start"])),
    only("bash5.3", alone("PROMPT_COMMAND unset", PLAIN, &[Line("unset PROMPT_COMMAND"), Line("false"), Line("echo a")],
        &["S unset PROMPT_COMMAND", "E 0 next-start", "S false", "N hook-repaired PROMPT_COMMAND", "E 1", "S echo a", "E 0"])),
    alone("PS0 emptied", PLAIN, &[Line("PS0="), Line("false")],
        &["S PS0=", "E 0", "N hook-repaired PS0", "S false", "E 1"]),
    with_gap(alone("both hooks taken out, and put back", PLAIN,
        &[Line("p=$PS0; PC=(\"${PROMPT_COMMAND[@]}\"); PS0=; unset PROMPT_COMMAND"), Line("echo a"), Line("echo b"), Line("PS0=$p; PROMPT_COMMAND=(\"${PC[@]}\")"), Line("false")],
        &["S p=…", "E unknown", "N gap 2..4", "S false", "E 1"])),
    with_gap(alone("promptvars off", PLAIN, &[Line("shopt -u promptvars"), Line("echo a"), Line("shopt -s promptvars"), Line("false")],
        &["S shopt -u promptvars", "E 0", "N gap 2..2", "N gap 3..3", "S false", "E 1"])),
    only("bash5.1 bash5.2", alone("a readonly PROMPT_COMMAND", before("readonly PROMPT_COMMAND='true x'"), &[Line("false"), Line("echo a")],
        &["S false", "E 1 next-start", "S echo a", "E 0 next-start"])),
    only("bash5.3", alone("a readonly PROMPT_COMMAND", before("readonly PROMPT_COMMAND='true x'"), &[Line("false"), Line("echo a")],
        &["S false", "E 1 next-start", "S echo a", "E 0 next-start"])),
    alone("a restricted shell", Rc { flags: &["-r"], ..PLAIN }, &[Line("echo a"), Line("false"), Line("# c")],
        &["S echo a", "E 0", "S false", "E 1", "U # c"]),
    alone("cmdhist off", after("shopt -u cmdhist"), &[Raw("for i in 1 2\rdo true\rdone\r"), Line("false")],
        &["S for i in 1 2⏎do true⏎done", "E 0", "S false", "E 1"]),
    alone("lithist", after("shopt -s lithist"), &[Raw("for i in 1 2\rdo true\rdone\r"), Line("false")],
        &["S for i in 1 2⏎do true⏎done", "E 0", "S false", "E 1"]),
    alone("the user's own history -s", PLAIN, &[Line("history -s forged line"), Line("echo a")],
        &["S history -s forged line", "E 0", "S echo a", "E 0"]),
    alone("history read anew at each prompt", after("PROMPT_COMMAND='history -a; history -c; history -r'"), &[Line("echo a"), Line("false"), Line("")],
        &["S echo a", "E 0", "S false", "E 1"]),
    alone("all of errexit, nounset, xtrace, functrace, keyword", PLAIN, &[Line("set -euxTk"), Line("! true"), Line("(exit 0)")],
        &["S set -euxTk", "E 0", "S ! true", "E 1", "S (exit 0)", "E 0"]),
];

#[rustfmt::skip]
const ZSH: &[Alone] = &[
    alone("nounset", PLAIN, &[Line("set -u"), Line("echo $nothing_here"), Line("true")],
        &["S set -u", "E 0", "S echo $nothing_here", "E 1", "S true", "E 0"]),
    alone("a prompt that runs commands", after("setopt prompt_subst\nprecmd() { false }\nPS1='$(false)[[%?]]%% '"),
        &[Line("echo a"), Line("sh -c 'exit 4'"), Line("")], &["S echo a", "E 0", "S sh -c 'exit 4'", "E 4"]),
    alone("errexit", PLAIN, &[Line("set -e"), Line("! true"), Line("echo alive")],
        &["S set -e", "E 0", "S ! true", "E 1", "S echo alive", "E 0"]),
    alone("noclobber", PLAIN, &[Line("set -o noclobber"), Line("false")], &["S set -o noclobber", "E 0", "S false", "E 1"]),
    alone("hist_ignore_space", before("setopt hist_ignore_space"), &[Line("echo a"), Line(" echo secret"), Line("echo b")],
        &["S echo a", "E 0", "S withheld", "E 0", "S echo b", "E 0"]),
    alone("hist_ignore_dups", after("setopt hist_ignore_all_dups"), &[Line("echo a"), Line("echo a")],
        &["S echo a", "E 0", "S echo a", "E 0"]),
    alone("HISTORY_IGNORE", after("HISTORY_IGNORE='*secret*'"), &[Line("echo a"), Line("echo secret"), Line("echo b")],
        &["S echo a", "E 0", "S withheld", "E 0", "S echo b", "E 0"]),
    alone("hidden lines that do not run", before("setopt hist_ignore_space interactive_comments"),
        &[Line("echo a"), Line(" echo secret )"), Line(" # secret"), Raw(" for x in secret\r"), INTERRUPT, Line("echo )"), Line("echo b")],
        &["S echo a", "E 0", "U withheld", "U withheld", "U withheld", "U echo )", "S echo b", "E 0"]),
    alone("ignored lines that do not run", before("HISTORY_IGNORE='*secret*'; setopt interactive_comments"),
        &[Line("echo secret )"), Line("# secret"), Raw("for x in secret\r"), INTERRUPT, Line("echo b")],
        &["U withheld", "U withheld", "U withheld", "S echo b", "E 0"]),
    alone("aliases that begin with a blank", before("setopt hist_ignore_space\nalias jrnl=' echo' j=jrnl plain=echo"),
        &[Line("jrnl secret"), Line("true; j secret"), Line("echo jrnlx"), Line("plain a"), Raw("jr\\\rnl secret\r"), Line("false")],
        &["S withheld", "E 0", "S withheld", "E 0", "S echo jrnlx", "E 0", "S plain a", "E 0", "S withheld", "E 0", "S false", "E 1"]),
    alone("hist_no_store and hist_no_functions", before("setopt hist_no_store hist_no_functions"),
        &[Line("f() { true secret; }"), Line("function g { true secret }; f"), Line("history"), Line("builtin fc -l 1"), Line("f secret"), Line("fcx=1")],
        &["S withheld", "E 0", "S withheld", "E 0", "S withheld", "E 0", "S withheld", "E 0", "S f secret", "E 0", "S fcx=1", "E 0"]),
    alone("a zshaddhistory of the user's", after("zshaddhistory() { [[ $1 != *secret* ]] }"), &[Line("echo secret"), Line("echo secret )"), Line("exit 3")],
        &["S withheld", "E 0", "U withheld", "S withheld", "E 3 exit", "X exit 3", "END"]),
    alone("a zshaddhistory function of the user's", before("keep() { [[ $1 != *secret* ]] || return 2 }\nzshaddhistory_functions=(keep)"),
        &[Line("echo secret"), Line("zshaddhistory_functions=(${zshaddhistory_functions:#keep})"), Line("false")],
        &["S withheld", "E 0", "S withheld", "E 0", "N configuration HISTORY_IGNORE= histignorespace=off", "S false", "E 1"]),
    alone("a zshaddhistory function that sends a line elsewhere", before("zshaddhistory() { [[ $1 != *secret* ]] || fc -p /dev/null; return 0 }"),
        &[Line("echo secret"), Line("exit 3")], &["S withheld", "E 0", "S withheld", "E 3 exit", "X exit 3", "END"]),
    alone("a zshaddhistory function that is said to hide nothing", after("take() { seen=$1 }\nzshaddhistory_functions+=(take)\nATTESH_ZSHADDHISTORY=keeps"),
        &[Line("false"), Line("ATTESH_ZSHADDHISTORY=no"), Line("echo secret"), Line("zshaddhistory_functions=(${zshaddhistory_functions:#take})"), Line("false")],
        &["S false", "E 1", "S ATTESH_ZSHADDHISTORY=no", "E 0", "N configuration HISTORY_IGNORE= histignorespace=off zshaddhistory=hides",
            "S withheld", "E 0", "S withheld", "E 0", "N configuration HISTORY_IGNORE= histignorespace=off", "S false", "E 1"]),
    alone("a zshaddhistory that hides one line and goes", after("zshaddhistory() { unfunction zshaddhistory; return 1 }"), &[Line("echo secret"), Line("false")],
        &["S withheld", "E 0", "N configuration HISTORY_IGNORE= histignorespace=off", "S false", "E 1"]),
    alone("blank aliases under another IFS", after("setopt hist_ignore_space; alias hid=' echo'; IFS=$'\\n'"), &[Line("hid secret"), Line("true; hid secret"), Line("false")],
        &["S withheld", "E 0", "S withheld", "E 0", "S false", "E 1"]),
    alone("a DEBUG trap that assigns", after("trap 's=$? line=$LINENO text=x lines=7 ps=9' DEBUG"), &[Line("echo two"), Line("(exit 4)"), Line("false"), Line("trap - DEBUG")],
        &["S echo two", "E 0", "S (exit 4)", "E 4", "S false", "E 1", "S trap - DEBUG", "E 0"]),
    alone("pipe statuses that are an earlier pipeline's", PLAIN, &[Line("false | true"), Line("x=1"), Line("[[ a == a ]]"), Line("true | true"), Line("false | true")],
        &["S false | true", "E 0 ps 1,0", "S x=1", "E 0", "S [[ a == a ]]", "E 0", "S true | true", "E 0 ps 0,0", "S false | true", "E 0 ps 1,0"]),
    alone("pipe statuses of an earlier pipeline, and a bar in the line", PLAIN, &[Line("(exit 3) | true"), Line("n=$(ls | wc -l)"), Line("[[ -d /nosuch || -d / ]]"), Line("x='a|b'"), Line("case x in (a|b);; esac"), Line("f() { true | cat }"), Line("x=1 # a | b"), Line("false | true"), Line("false | true"), Line("true | (exit 1)"), Line("false | echo ${nosuch?err}")],
        &["S (exit 3) | true", "E 0 ps 3,0", "S n=$(ls | wc -l)", "E 0", "S [[ -d /nosuch || -d / ]]", "E 0", "S x='a|b'", "E 0", "S case x in (a|b);; esac", "E 0", "S f() { true | cat }", "E 0", "S x=1 # a | b", "E…", "S false | true", "E 0 ps 1,0", "S false | true", "E 0 ps 1,0", "S true | (exit 1)", "E 1 ps 0,1", "S false | echo ${nosuch?err}", "E 1"]),
    alone("pipe statuses of the rc file", after("true | false | true"), &[Line("x=1"), Line("false")], &["S x=1", "E 0", "S false", "E 1"]),
    alone("statuses that no process can have", PLAIN, &[Line("f() { return $1 }"), Line("f 300"), Line("f -1"), Line("echo hi"), Line("f 256"), Raw("exit -1\r")],
        &["S f() { return $1 }", "E 0", "S f 300", "E unknown", "S f -1", "E unknown", "S echo hi", "E 0", "S f 256", "E unknown", "S exit -1", "E 255 exit", "X exit 255", "END"]),
    alone("blank aliases behind global and suffix aliases", after("setopt hist_ignore_space; alias sec=' echo'; alias -g GG=sec; alias -s txt=sec"), &[Line("GG secret"), Line("secret.txt"), Line("false")],
        &["S withheld", "E 0", "S withheld", "E 0", "S false", "E 1"]),
    alone("a function that calls the hooks of all", after("chpwd() { for f ($precmd_functions) $f; for f ($preexec_functions) $f a b c }"), &[Line("cd /; (exit 5)"), Line("false")],
        &["S cd /; (exit 5)", "E 5", "S false", "E 1"]),
    alone("a zshaddhistory function that takes itself away", after("once() { [[ $1 == *arm* ]] || zshaddhistory_functions=(${zshaddhistory_functions:#once}); return 1 }; zshaddhistory_functions+=(once)"), &[Line("echo secret"), Line("echo more")],
        &["S withheld", "E…", "N configuration…", "S echo more", "E 0"]),
    alone("a preexec function that takes the line away", after("pf() { [[ $1 != bad* ]] || : ${undef?err} }; preexec_functions+=(pf)"), &[Line("true"), Line("bad x"), Line("false")],
        &["S true", "E 0", "S bad x", "E unknown", "S false", "E 1"]),
    alone("^C in a slow preexec function", after("slow() { [[ $1 != touch* ]] || sleep 2 }; preexec_functions+=(slow)"), &[Line("false"), Raw("touch ran\r"), Rest(600), INTERRUPT, Line("[[ ! -e ran ]]")],
        &["S false", "E 1", "S touch ran", "E unknown", "S [[ ! -e ran ]]", "E 0"]),
    alone("an exit that waits, and a hangup", PLAIN, &[Line("true"), Raw("exit $(kill -HUP $$; sleep 3)\r"), Rest(1500)], &["S true", "E 0", "S exit…", "X unknown…", "END…"]),
    alone("a zshaddhistory function that changes an option", before("keep() { case $1 in (*secret*) set -o histignorespace ;; esac }\nzshaddhistory() { keep \"$1\"; return 0 }"),
        &[Line(" echo secret"), Line("exit 3")],
        &["S withheld", "E 0", "N configuration HISTORY_IGNORE= histignorespace=on zshaddhistory=hides", "S withheld", "E 3 exit", "X exit 3", "END"]),
    alone("a HISTORY_IGNORE that zsh cannot read", PLAIN, &[Line("HISTORY_IGNORE='('"), Line("echo secret"), Line("HISTORY_IGNORE="), Line("false")],
        &["S HISTORY_IGNORE='('", "E 0", "N configuration HISTORY_IGNORE=( histignorespace=off", "S withheld", "E 0", "S withheld", "E 0",
            "N configuration HISTORY_IGNORE= histignorespace=off", "S false", "E 1"]),
    alone("a HISTORY_IGNORE in zsh's longer language", before("setopt extended_glob\nHISTORY_IGNORE='(#i)*SECRET*~*open*'"), &[Line("echo secret"), Line("false")],
        &["S withheld", "E 0", "S false", "E 1"]),
    alone("fc and r", before("export FCEDIT='sh -c \"echo echo edited > \\$1\" x'"),
        &[Line("echo one"), Line("fc"), Line("r"), Line("r edited=two"), Line("f() { fc -e - echo }"), Line("f"), Line("fc -l"), Line("false")],
        &["S echo one", "E 0", "S fc", "N history echo edited", "E 0", "S r", "N history echo edited", "E 0",
            "S r edited=two", "N history echo two", "E 0", "S f() { fc -e - echo }", "E 0", "S f", "N history echo two", "E 0",
            "S fc -l", "E 0", "S false", "E 1"]),
    alone("a hidden line that fc runs", before("setopt hist_ignore_space\nexport FCEDIT='sh -c \"echo \\\" echo secret\\\" > \\$1\" x'"),
        &[Line("echo one"), Line("fc"), Line("false")], &["S echo one", "E 0", "S fc", "N history", "E 0", "S false", "E 1"]),
    alone("a preexec function that fails", after("fails() { local x='('; [[ a == ${~x} ]] }\npreexec_functions=(fails $preexec_functions)"), &[Line("true"), Line("false")],
        &["S true", "E unknown", "S false", "E unknown"]),
    alone("HISTSIZE=0 and hist_ignore_space, later", PLAIN, &[Line("HISTSIZE=0"), Line("echo secret"), Line("HISTSIZE=100; setopt hist_ignore_space"), Line("echo b")],
        &["S HISTSIZE=0", "E 0", "N configuration HISTORY_IGNORE= histignorespace=off HISTSIZE=1", "S withheld", "E 0", "S withheld", "E 0",
            "N configuration HISTORY_IGNORE= histignorespace=on", "S echo b", "E 0"]),
    alone("precmd_functions emptied", PLAIN, &[Line("precmd_functions=()"), Line("false")],
        &["S precmd_functions=()", "E 0 next-start", "N hook-repaired precmd_functions", "S false", "E 1"]),
    alone("preexec_functions emptied", PLAIN, &[Line("preexec_functions=()"), Line("false")],
        &["S preexec_functions=()", "E 0", "N hook-repaired preexec_functions", "S false", "E 1"]),
    with_gap(alone("all hooks taken out, and put back", PLAIN,
        &[Line("a=($precmd_functions) b=($preexec_functions) c=($zshaddhistory_functions); precmd_functions=() preexec_functions=() zshaddhistory_functions=()"),
          Line("echo a"), Line("echo b"), Line("precmd_functions=($a) preexec_functions=($b) zshaddhistory_functions=($c)"), Line("false")],
        &["S a=…", "E unknown", "N gap…", "S false", "E 1"])),
    alone("odd options", after("setopt ksh_arrays sh_word_split err_return warn_create_global null_glob glob_subst"), &[Line("echo a"), Line("false|true"), Line("false")],
        &["S echo a", "E 0", "S false|true", "E 0 ps 1,0", "S false", "E 1"]),
    alone("aliases over builtins", before("alias local=false print=false test=false emulate=false set=false typeset=false shift=false return=false eval='builtin eval'"),
        &[Line("echo a"), Line("false")], &["S echo a", "E 0", "S false", "E 1"]),
    alone("hist_reduce_blanks", after("setopt hist_reduce_blanks"), &[Line("echo   a    b")], &["S echo   a    b", "E 0"]),
    alone("interactive_comments", after("setopt interactive_comments"), &[Line("# only this"), Line("false")],
        &["U # only this", "S false", "E 1"]),
    alone("errexit, nounset, xtrace", PLAIN, &[Line("set -eux"), Line("! true"), Line("(exit 0)")],
        &["S set -eux", "E 0", "S ! true", "E 1", "S (exit 0)", "E 0"]),
    alone("a word of history that is not there", PLAIN, &[Line("!nosuch"), Line("false"), Line("!nosuch"), Line("exit 3")],
        &["S false", "E 1", "S exit 3", "E 3 exit", "X exit 3", "END"]),
    alone("functions with the names of builtins", PLAIN,
        &[Line("for f in print set setopt trap shift zle printf alias typeset emulate zmodload; do functions[$f]=true; done"), Line("false"), Line("echo )"), Line("exit 3")],
        &["S for f…", "E 0", "S false", "E 1", "U echo )", "S exit 3", "E 3 exit", "X exit 3", "END"]),
    // zsh runs the line and calls no function behind the one that fails.
    with_gap(alone("a preexec of the user's that fails", PLAIN,
        &[Line("preexec() { local x='('; [[ a == ${~x} ]] }"), Line("echo unseen"), Line("echo )"), Line("# unseen"), Line("unfunction preexec"), Line("false")],
        &["S preexec() {…", "E 0", "N gap lines 3..3", "U echo )", "N gap lines 5..5", "N gap lines 6..6", "S false", "E 1"])),
    alone("the hook's own preexec taken away", PLAIN, &[Line("unfunction __attesh_preexec"), Line("echo unseen"), Line("exit")],
        &["S unfunction __attesh_preexec", "E 0", "N gap lines 3..3", "X unknown 0", "END"]),
];

#[rustfmt::skip]
const FISH: &[Alone] = &[
    alone("a prompt that runs commands", after("function fish_right_prompt; false; end"),
        &[Line("echo a"), Line("sh -c 'exit 4'"), Line("")], &["S echo a", "E 0", "S sh -c 'exit 4'", "E 4"]),
    alone("a leading blank", PLAIN, &[Line("echo a"), Line(" echo secret"), Line("echo b")],
        &["S echo a", "E 0", "S withheld", "E 0", "S echo b", "E 0"]),
    alone("hidden lines that do not run", PLAIN, &[Line("echo a"), Raw(" echo secret )\r"), INTERRUPT, Raw("echo )\r"), INTERRUPT, Line("echo b")],
        &["S echo a", "E 0", "U withheld", "U echo )", "S echo b", "E 0"]),
    alone("a private shell's lines that do not run", Rc { flags: &["--private"], ..PLAIN }, &[Raw("echo secret )\r"), INTERRUPT, Line("exit")],
        &["U withheld", "S withheld", "E 0", "X exit 0", "END"]),
    alone("lines that fish_should_add_to_history refuses", after("function fish_should_add_to_history; not string match -q '*secret*' -- $argv[1]; end"),
        &[Line("echo secret"), Raw("echo secret )\r"), INTERRUPT, Line("false")], &["S withheld", "E 0", "U withheld", "S false", "E 1"]),
    alone("a handler that set starts", after("function seen --on-variable X; true; end"), &[Line("false"), Line("set X 1"), Line("set -q nosuch"), Line("set X (false)"), Line("true")],
        &["S false", "E 1", "S set X 1", "E stale", "S set -q nosuch", "E 1", "S set X (false)", "E 1", "S true", "E 0"]),
    alone("functions with the names of builtins", before("function math; command true; end; function count; end; function contains; end"),
        &[Line("function echo; end; function printf; end; function functions; end; function test; end"), Line("true"), Line("sh -c 'exit 3'"), Line("set X 1")],
        &["S function echo;…", "E…", "S true", "E 0", "S sh -c 'exit 3'", "E 3", "S set X 1", "E stale"]),
    alone("a private shell", Rc { flags: &["--private"], ..PLAIN }, &[Line("echo secret"), Line("exit")], &["S withheld", "E 0", "S withheld", "E 0", "X exit 0", "END"]),
    alone("fish_history emptied later", PLAIN, &[Line("set fish_history ''"), Line("false"), Line("set -e fish_history"), Line("echo b")],
        &["S set fish_history ''", "E stale", "N configuration private= fish_history=", "S withheld", "E 1", "S withheld", "E…",
            "N configuration private=", "S echo b", "E 0"]),
    alone("the postexec handler erased", PLAIN, &[Line("functions -e __attesh_postexec"), Line("false")],
        &["S functions -e __attesh_postexec", "N hook-repaired fish_postexec", "E 0 next-start", "S false", "E 1"]),
    alone("the preexec handler erased", PLAIN, &[Line("functions -e __attesh_preexec"), Line("false")],
        &["S functions -e __attesh_preexec", "E 0…", "N hook-repaired fish_preexec", "S false", "E 1"]),
    with_gap(alone("all handlers erased, and put back", PLAIN,
        &[Line("functions -e __attesh_preexec __attesh_postexec __attesh_prompt"), Line("echo a"), Line("echo b"), Line("__attesh_define"), Line("false")],
        &["S functions…", "E unknown", "S false", "E 1"])),
];
