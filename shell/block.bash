# shellcheck shell=bash disable=SC2154,SC2034,SC2016,SC2064
# Records a block that another program has bash evaluate: `eval "$(attesh init bash --ci)"`
# as the first line of a job of GitLab. `attesh init` fills in one value.
#
# The runner hands the job's list of commands to `eval` as one text, with a notice, an echo in
# green, before each item. The DEBUG trap knows those notices: each ends the item before it
# and begins the next. When the block ends, bash gives the EXIT trap the whole text, and its
# items behind this line are the plan. A bash that reads this file as its BASH_ENV sees the
# text before it runs.
#
# Rules: $?, $_, PIPESTATUS, the exit status, standard input and traps that were set before are
# the job's. This file prints only what could not be recorded, and the journal's head. It asks
# for traps and sets them outside of functions, for bash hides some of them within one. Each
# trap keeps $? in a variable of its own, for DEBUG runs within the others.

# As BASH_ENV: waits for the eval, and goes away at any other command that the runner does not run.
__attesh_see() {
    case $1 in
        eval\ *attesh\ init*) __attesh_text=$1 ;;
        # The end of this text itself.
        case*__attesh_ci*) \builtin return 0 ;;
        trap\ * | set\ * | grep\ * | \[\ * | : | echo\ * | start_json=*) \builtin return 0 ;;
    esac
    \builtin trap - DEBUG
    \builtin set +T
}

# __attesh_line COMMAND LAST: a line of the runner's own; $_ becomes LAST again.
__attesh_line() {
    if '@ATTESH_BIN@' block line "$__attesh_block" "$__attesh_lost" "$__attesh_status" <<<"$1"; then
        __attesh_lost=0
    else
        __attesh_lost=$((__attesh_lost + 1))
    fi
    \builtin return 0
}

# __attesh_end COMMAND: the block has ended. Descriptor 3 is where the job's errors go.
__attesh_end() {
    [[ ! ${__attesh_ended-} ]] || \builtin return "$__attesh_exit"
    __attesh_ended=1
    \builtin local -
    \builtin set +eux
    \builtin trap - DEBUG ERR
    \builtin printf '%s\n' "$1" |
        '@ATTESH_BIN@' block end "$__attesh_block" "$__attesh_lost" "$__attesh_exit" "$__attesh_failed" 2>&3 3>&-
    \builtin return "$__attesh_exit"
}

if [[ $- == *i* ]]; then
    \builtin printf 'attesh: this shell is interactive: it is recorded with: eval "$(attesh init bash)"\n' >&2
    __attesh_ci=no
elif ((BASH_SUBSHELL == 0)) && [[ ${BASH_ENV-} && ${BASH_SOURCE-} == "$BASH_ENV" ]]; then
    __attesh_ci=no
    # Not in what a recorded shell starts, nor where `attesh sh` or another trap is at work.
    if [[ ! ${ATTESH_SESSION-} && " ${FUNCNAME[*]-} " != *' __attesh_begin '* && ! $(\builtin trap -p DEBUG) ]]; then
        \builtin set -T
        \builtin trap '{ __attesh_see "$BASH_COMMAND" "$_"; } 2>/dev/null' DEBUG
    fi
elif [[ ${__attesh_ci-} == "$BASHPID" ]]; then
    : # Evaluated again.
elif ((BASH_SUBSHELL > 0)); then
    __attesh_ci=$BASHPID __attesh_lost=0 __attesh_failed=
    if __attesh_block=$('@ATTESH_BIN@' block begin bash "$BASH_VERSION" "$BASHPID" <<<"${__attesh_text-}"); then
        \builtin export ATTESH_SESSION="${__attesh_block%%$'\n'*}"
        # A subshell lists the traps of its parent until one is set in it.
        [[ $(\builtin trap -p RETURN) ]] || \builtin trap - RETURN
        __attesh_notice=$'@(@(echo|printf)\\ *\e\\[32;1m?(\\\\)\\$\\ *|printf\\ *section_end:*|_runner_exit_code=\\$\\?)'
        __attesh_level=$BASH_SUBSHELL __attesh_theirs=$(\builtin trap -p EXIT)
        \builtin eval "__attesh_theirs=(${__attesh_theirs:-x x ''})"
        # Without a descriptor 2 there is nothing that 3 could be.
        \builtin trap "{ ((__attesh_exit=\$?,1)); } 2>/dev/null
{ ((BASH_SUBSHELL!=__attesh_level)) || __attesh_end \"\$BASH_COMMAND\" && :; } 3>&2 2>/dev/null ||
{ ((BASH_SUBSHELL!=__attesh_level)) || __attesh_end \"\$BASH_COMMAND\" && :; } 3>/dev/null 2>/dev/null
${__attesh_theirs[2]}" EXIT
        [[ $(\builtin trap -p ERR) ]] ||
            \builtin trap '{ ((__attesh_error=$?,1)) && [[ $- == *e* ]] && __attesh_failed=$__attesh_error; } 2>/dev/null' ERR
        [[ $(\builtin trap -p DEBUG) ]] ||
            \builtin trap '{ ((__attesh_status=$?,BASH_SUBSHELL!=__attesh_level)) || [[ $BASH_COMMAND != $__attesh_notice ]] || __attesh_line "$BASH_COMMAND" "$_"; } 2>/dev/null' DEBUG
    fi
fi
