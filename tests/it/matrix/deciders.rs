//! Which zshaddhistory functions the hook takes for ones that keep every line in history: a table
//! that each zsh judges. settings.rs has what the journal then holds.
//!
//! A row is lines of zsh. They define `zshaddhistory`, and what it calls.

use std::process::Command;

use crate::stage::shells::{self, Family};

const OPEN: &[&str] = &[
    "zshaddhistory() { return 0 }",
    "zshaddhistory() { emulate -L zsh; return 0 }",
    "zshaddhistory() { emulate -L zsh -o extended_glob -o no_short_loops; return 0 }",
    r#"zshaddhistory() { emulate -LR zsh; setopt local_options extended_glob; [[ $1 == ls* ]] && return 0; print -sr -- "${1%%$'\n'}"; return 0 }"#,
    "zshaddhistory() { setopt localoptions noshwordsplit; return 0 }",
    r#"zshaddhistory() { print -r -- "$(date +%s) $1" >> ~/.zsh_history_all; return 0 }"#,
    r#"zshaddhistory() { printf '%s\n' "$1" >>$HOME/.history.log 2>/dev/null; return 0 }"#,
    "zshaddhistory() { local line=${1%%$'\\n'}; if [[ -n $line && $line != (ls|cd)* ]]; then _last=$line; else _last=; fi; return 0 }",
    r#"zshaddhistory() { helper "$1"; return 0 }; helper() { (( ${#1} > 3 )) && return 1; local x=$1; return 2 }"#,
    "zshaddhistory() { helper; other; helper; return 0 }; helper() { other }; other() { : }",
    "zshaddhistory() { helper; return 0 }; helper() { : }; other() { fc -p }",
    "zshaddhistory() { case $1 in (ls*|cd*) return 0 ;; (*secret*) _s=1 ;; esac; return 0 }",
    r#"zshaddhistory() { case $1 in ls*) ;; *) { echo "$1"; } ;; esac >/dev/null; return 0 }"#,
    "zshaddhistory() { for w in a b $1; do echo $w; done; return 0 }",
    "zshaddhistory() { /bin/cat </dev/null | cat >/dev/null & ; sleep 0 &!; return 0 }",
    "zshaddhistory() { builtin print -rs -- x; command cat /dev/null; ! true || false; return 0 }",
    r#"zshaddhistory() { local -a words=(a "$1" ${(z)1}); words+=(b); x=1 y=2 && z=3; typeset -g g=1; return 0 }"#,
    r#"zshaddhistory() { while [ -z "$1" ]; do true; done; ( echo a; x=1 ); return 0 }"#,
    "zshaddhistory() { [[ -o hist_ignore_space && $1 == ' '* ]] && return 0; return 0 }",
    "zshaddhistory() { echo source eval fc ...; return 0 }",
    "zshaddhistory() { [[ -n ${1:0:3} && ! -e ~/x || $1 > a ]] || : ${1:2} ${1[0,-2]}; return 0 }",
    "zshaddhistory() { myeval=1 mysource=2; [[ $1 == *eval* ]] && x=fc; return 0 }",
    "zshaddhistory() { (( $+commands[cat] )) && cat /dev/null; return 0 }",
    r#"zshaddhistory() { local id line=${1%$'\n'}; [[ $line == \#* && $line != *$'\n'* ]] || return 0; id=$(X=zsh cat -- "$line" 2>/dev/null); [[ -n $id ]] && (cat -- "$id" >/dev/null 2>&1 &); return 0 }"#,
    "zshaddhistory_functions+=(taker gone); taker() { return 0 }",
    "zshaddhistory() { :; return 0 }; alias zshaddhistory=false return='fc -p'",
];

const CLOSED: &[&str] = &[
    // What it returns.
    "zshaddhistory() { [[ $1 != *secret* ]] }",
    "zshaddhistory() { helper }; helper() { return 1 }",
    "zshaddhistory() { [[ $1 != *secret* ]] || return; return 0 }",
    "zshaddhistory() { [[ $1 != *secret* ]] || return $x; return 0 }",
    "zshaddhistory() { [[ $1 != *secret* ]] || return 1; return 0 }",
    "zshaddhistory() { return 0 >/nosuch/dir; return 0 }",
    "zshaddhistory() { true || return 0 }",
    "zshaddhistory() { if true; then return 0; fi }",
    "zshaddhistory() { exit; return 0 }",
    "zshaddhistory_functions+=(taker); taker() { return 1 }",
    "__attesh_odd=1; zshaddhistory() { [[ $1 != *secret* ]]; return 0 }",
    // What may end in an error.
    "zshaddhistory() { echo *secret*; return 0 }",
    "zshaddhistory() { [[ a == ${~x} ]]; return 0 }",
    "zshaddhistory() { [[ a == $~x ]]; return 0 }",
    "zshaddhistory() { [[ $1 =~ $x ]]; return 0 }",
    "zshaddhistory() { : ${x:?}; return 0 }",
    "zshaddhistory() { : ${1:0:-9}; return 0 }",
    "zshaddhistory() { local x; typeset -A m=(a $1); return 0 }",
    "zshaddhistory() { helper; return 0 }; helper() { other }; other() { helper }",
    "zshaddhistory_functions+=(taker); taker() { zshaddhistory; return 0 }; zshaddhistory() { taker; return 0 }",
    "zshaddhistory() { nosuchcommand; return 0 }",
    // Options.
    "zshaddhistory() { emulate zsh; return 0 }",
    "zshaddhistory() { emulate -R zsh; return 0 }",
    "zshaddhistory() { emulate -L sh; return 0 }",
    "zshaddhistory() { emulate -L zsh -o hist_ignore_space; return 0 }",
    "zshaddhistory() { emulate -L zsh -c 'fc -p'; return 0 }",
    "zshaddhistory() { setopt HIST_IGNORE_SPACE; return 0 }",
    "zshaddhistory() { setopt no_hist_ignore_space; return 0 }",
    "zshaddhistory() { setopt inc_append_history; return 0 }",
    "zshaddhistory() { setopt local_options err_return; [[ $1 != *secret* ]]; return 0 }",
    "zshaddhistory() { unsetopt local_options; return 0 }",
    "zshaddhistory() { unsetopt bang_hist; return 0 }",
    "zshaddhistory() { setopt -g; return 0 }",
    "zshaddhistory() { set -o histignorespace; return 0 }",
    "zshaddhistory() { set -g; return 0 }",
    "zshaddhistory() { options[histignorespace]=on; return 0 }",
    "zshaddhistory() { options+=(histignorespace on); return 0 }",
    // Parameters, and text that is read as arithmetic or as code.
    "zshaddhistory() { HISTSIZE=1; return 0 }",
    "zshaddhistory() { HISTFILE=/dev/null; return 0 }",
    "zshaddhistory() { local SAVEHIST=0; return 0 }",
    "zshaddhistory() { export HISTFILE=/dev/null; return 0 }",
    "zshaddhistory() { typeset -g HISTORY_IGNORE=\"$1\"; return 0 }",
    "zshaddhistory() { : ${HISTORY_IGNORE::=$1}; return 0 }",
    "zshaddhistory() { : ${(P)x::=/dev/null}; return 0 }",
    "zshaddhistory() { for HISTORY_IGNORE in a; do :; done; return 0 }",
    "zshaddhistory() { read HISTFILE; return 0 }",
    "zshaddhistory() { unset HISTFILE; return 0 }",
    "zshaddhistory() { sed -i /x/d $HISTFILE; return 0 }",
    "zshaddhistory() { (( HISTSIZE = 0 )); return 0 }",
    "zshaddhistory() { (( $1 )); return 0 }",
    "zshaddhistory() { x=$((HISTSIZE=0)); return 0 }",
    "zshaddhistory() { [[ $1 -eq 1 ]]; return 0 }",
    "zshaddhistory() { [ $1 -eq 3 ]; return 0 }",
    "zshaddhistory() { [[ -t $1 ]]; return 0 }",
    "zshaddhistory() { [[ -v $1 ]]; return 0 }",
    "zshaddhistory() { : \"${x[$1]}\"; return 0 }",
    "zshaddhistory() { : \"$x[$1]\"; return 0 }",
    "zshaddhistory() { local -i x=$1; return 0 }",
    "typeset -gi whole; zshaddhistory() { whole=$1; return 0 }",
    "zshaddhistory() { : ${(e)x}; return 0 }",
    "zshaddhistory() { printf '%d' \"$1\"; return 0 }",
    "zshaddhistory() { printf \"$1\"; return 0 }",
    "zshaddhistory() { printf -v HISTORY_IGNORE x; return 0 }",
    "zshaddhistory() { print $1; return 0 }",
    "zshaddhistory() { print -P \"$1\"; return 0 }",
    "zshaddhistory() { echo x {HISTSIZE}>/dev/null; return 0 }",
    "zshaddhistory() { zshaddhistory_functions=(); return 0 }",
    "zshaddhistory() { __attesh_dir=; return 0 }",
    // Commands, wherever they stand and however they are written.
    "zshaddhistory() { fc -p; return 0 }",
    "zshaddhistory() { builtin fc -p; return 0 }",
    "zshaddhistory() { command fc -p; return 0 }",
    "zshaddhistory() { - fc -p; return 0 }",
    "zshaddhistory() { noglob fc -p; return 0 }",
    "zshaddhistory() { time fc -p; return 0 }",
    "zshaddhistory() { 'fc' -p; return 0 }",
    "zshaddhistory() { f\\c -p; return 0 }",
    "alias log='fc -p'\nzshaddhistory() { log; return 0 }",
    "zshaddhistory() { $cmd -p; return 0 }",
    "zshaddhistory() { \"$f\"; return 0 }",
    "zshaddhistory() { x=1 fc -p; return 0 }",
    "zshaddhistory() { if true; then fc -p; fi; return 0 }",
    "zshaddhistory() { case $1 in (a) fc -p ;; esac; return 0 }",
    "zshaddhistory() { { : } always { fc -p }; return 0 }",
    "zshaddhistory() { () { fc -p }; return 0 }",
    "zshaddhistory() { helper() { fc -p }; return 0 }",
    "zshaddhistory() { exec true; return 0 }",
    "zshaddhistory() { trap 'fc -p' EXIT; return 0 }",
    "zshaddhistory() { eval \"$1\"; return 0 }",
    "zshaddhistory() { . file; return 0 }",
    "zshaddhistory() { source file; return 0 }",
    "zshaddhistory() { >x; return 0 }",
    "zshaddhistory() { alias x=fc; return 0 }",
    "zshaddhistory() { helper; return 0 }; helper() { fc -p }",
    "zshaddhistory() { helper; return 0 }; helper() { other }; other() { SAVEHIST=0 }",
    "zshaddhistory() { helper; return 0 }; autoload -U helper",
    "autoload -U zshaddhistory",
    "functions[print]='fc -p'; zshaddhistory() { print -r x; return 0 }",
    "zshaddhistory() { :; return 0 }; TRAPDEBUG() { fc -p }",
    "zshaddhistory() { :; return 0 }; trap 'fc -p' ZERR",
];

/// Loads the hook's functions, and judges each argument in a shell of its own. The second answer is of
/// the kept one.
const JUDGE: &str = r#"
zmodload zsh/parameter
emulate zsh -o no_aliases -c "$(<$1)"
shift
__attesh_boot
for lines; do (
    __attesh_odd= zshaddhistory_functions=(__attesh_addhistory)
    setopt aliases
    eval $lines
    a=closed b=closed
    __attesh_open_minded && a=open
    __attesh_open_minded && b=open
    builtin print -r -- "$a $b"
) done
"#;

#[test]
fn zsh_functions_that_can_keep_a_line_out_of_history_are_known() {
    let hook = concat!(env!("CARGO_MANIFEST_DIR"), "/shell/hook.zsh");
    for shell in shells::all(Family::Zsh) {
        let output = Command::new(&shell.program)
            .args(["-f", "-c", JUDGE, "zsh", hook])
            .args(OPEN)
            .args(CLOSED)
            .output()
            .unwrap_or_else(|error| panic!("{}: {error}", shell.label()));
        let (answers, errors) =
            (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        let answers: Vec<&str> = answers.lines().collect();
        assert_eq!(answers.len(), OPEN.len() + CLOSED.len(), "{}: {errors}", shell.label());
        let expected = OPEN.iter().map(|_| "open open").chain(CLOSED.iter().map(|_| "closed closed"));
        let wrong: Vec<_> = OPEN
            .iter()
            .chain(CLOSED)
            .zip(answers.iter().zip(expected))
            .filter(|(_, (answer, right))| *answer != right)
            .collect();
        assert!(wrong.is_empty(), "{}: {wrong:#?}\n{errors}", shell.label());
    }
}
