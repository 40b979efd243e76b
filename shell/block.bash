# shellcheck shell=bash disable=SC2034,SC2093,SC2154
# Records a block that another program has bash read: `eval "$(attesh init bash --ci)"` as the
# first line of a job. `attesh init` fills in one value.
#
# attesh takes what is left of the text that this bash reads, runs it in a bash of its own, which
# it watches, and this bash ends with the status of that one. So the other bash gets what this one
# has: its memory, in which the rest of the text stands, on one descriptor; its functions,
# variables, aliases, options, traps and the rest of its state on another; and everything else by
# inheritance.
#
# Rules: nothing is taken that cannot be given back whole. Where the text cannot be had, or this
# bash has jobs that only it can wait for, this file does nothing, and block.sh does what it can.

if [[ $- == *i* ]]; then
    # shellcheck disable=SC2016
    \builtin printf 'attesh: this shell is interactive: it is recorded with: eval "$(attesh init bash)"\n' >&2
    __attesh_done=1
elif [[ ${__attesh_ci-} && $__attesh_ci == "${BASHPID-}" ]]; then
    __attesh_done=1 # Evaluated again.
elif ((${BASH_SUBSHELL-0} == 0)) && [[ ${BASH_ENV-} && ${BASH_SOURCE-} == "$BASH_ENV" ]]; then
    if [[ ${BASH_EXECUTION_STRING+x} && ! ${ATTESH_SESSION-} && $BASH_EXECUTION_STRING != *'attesh init'* ]]; then
        __attesh_why='bash read this line through BASH_ENV, and runs the text of its option -c'
        __attesh_text=$BASH_EXECUTION_STRING
    else
        # Read before a script, which itself asks for its recording, or within a recorded shell.
        __attesh_done=1
    fi
elif [[ ${FUNCNAME-} ]]; then
    __attesh_why='the line is in a function or in a file that another one reads'
elif [[ $'\n'$(\builtin jobs -p && \builtin enable -n || \builtin echo 'enable -n builtin')$'\n' == \
    *$'\n'@([0-9]|'enable -n '@(:|alias|builtin|declare|enable|exec|exit|jobs|printf|set|shopt|trap|unset)$'\n')* ]]; then
    __attesh_why='a job runs in the background, or a builtin is disabled that attesh needs'
elif ! { \exec {__attesh_memory}</proc/self/mem; } 2>/dev/null; then
    __attesh_why='bash cannot open its memory'
elif __attesh_shell="${BASHPID-$$} ${BASH_SUBSHELL-0}" &&
    __attesh_why=$('@ATTESH_BIN@' block can "$__attesh_shell" 218<&"$__attesh_memory"); then
    # A subshell lists the traps of its parent until one is set in it.
    [[ $(\builtin trap -p RETURN) ]] || \builtin trap - RETURN
    __attesh_traps=$(\builtin trap -p)
    __attesh_status=0
    # What bash itself says of a signal that ended attesh is not the job's.
    { \builtin : 219>&2; } 2>/dev/null || \exec 2>/dev/null
    {
        '@ATTESH_BIN@' block run "$__attesh_shell" "$__attesh_line" "$0" "$@" \
            2>&219 218<&"$__attesh_memory" 217< <(
                \builtin trap - DEBUG
                \builtin printf '\0\\builtin shopt -s extglob\n'
                \builtin complete -p 2>/dev/null
                # What a bash sets that begins, and this one has no more. To ask for a variable can give it
                # a value, so another subshell asks.
                (for __attesh_line in BASH BASH_ARGV0 BASH_COMMAND BASH_SUBSHELL BASH_VERSION \
                    COMP_WORDBREAKS DIRSTACK EPOCHREALTIME EPOCHSECONDS GROUPS HISTCMD HOSTNAME HOSTTYPE \
                    IFS LINENO MACHTYPE OPTERR OPTIND OSTYPE PATH PS4 PWD RANDOM SECONDS SHELL SHLVL \
                    SRANDOM TERM; do
                    \builtin declare -p "$__attesh_line" >/dev/null 2>&1 ||
                        \builtin printf '\\builtin unset -v %s\n' "$__attesh_line"
                done)
                \builtin declare -f
                \builtin declare -F
                \builtin declare -p
                # An empty table is words.
                __attesh_line=$(\builtin hash -l 2>/dev/null)
                [[ $__attesh_line != 'builtin hash '* ]] || \builtin printf '\\%s\n' "$__attesh_line"
                for ((__attesh_line = ${#DIRSTACK[@]} - 1; __attesh_line > 0; __attesh_line--)); do
                    \builtin printf '\\builtin pushd -n %q\n' "$(\builtin dirs -l "+$__attesh_line")"
                done
                \builtin alias -p
                \builtin shopt -p
                \builtin printf '\0%s\0%s\n\0%s\0' "$(\builtin enable -n)" "$__attesh_traps" "$SHELLOPTS"
            )
    } 219>&2 2>/dev/null || __attesh_status=$?
    \builtin trap - EXIT ERR DEBUG RETURN
    \builtin exit "$__attesh_status"
fi
