# shellcheck shell=bash disable=SC2154,SC2078,SC2261
# What bash reads first (BASH_ENV) when `attesh sh` runs a script in it. `attesh sh` fills the
# three values and listens at the other end of the descriptor.
#
# DEBUG fires before each simple command of the script itself. Within the lines of the
# unit that runs it costs one comparison; at another line the recorder is told and
# answers with one line, the first and last line of the unit that begins there, once the start
# is in the journal. Each message is one datagram; bash never dies of writing one.
#
# Rules kept here: $?, $_, PIPESTATUS and the options are the script's; nothing is printed
# (what `set -x` would print of a trap goes down the same descriptor and is passed over);
# without an answer within two seconds the hooks take themselves off, say so, and the
# script goes on.

__attesh_begin() {
    \builtin unset -f __attesh_begin
    if [[ '@ATTESH_ENV@' ]]; then
        \builtin export BASH_ENV='@ATTESH_ENV@'
        \builtin eval "__attesh_file=\"$BASH_ENV\""
        # shellcheck disable=SC1090
        [[ ! -r $__attesh_file ]] || \builtin . "$__attesh_file"
        \builtin unset __attesh_file
    else
        \builtin unset BASH_ENV
    fi
    # The shell was started by another: this file leaked.
    [[ $PPID == '@ATTESH_PID@' ]] || \builtin return 0
    __attesh_low=0 __attesh_high=0
    __attesh_ask B "$BASH_VERSION" || \builtin return 0
    \builtin trap '{ ((__attesh_status=$?,BASH_SUBSHELL||LINENO>=__attesh_low&&LINENO<=__attesh_high)) || __attesh_unit U "$BASH_COMMAND" "$LINENO" "${FUNCNAME-}" "$_"; } 2>&@ATTESH_FD@' DEBUG
    \builtin trap '{ ((__attesh_status=$?,BASH_SUBSHELL)) || __attesh_unit F "$BASH_COMMAND" "$LINENO" "${FUNCNAME-}" "$_"; } 2>&@ATTESH_FD@' ERR
    \builtin trap '{ ((__attesh_status=$?,BASH_SUBSHELL)) || __attesh_unit X "$BASH_COMMAND" 0 "${FUNCNAME+__attesh_unit}$(\builtin trap -p DEBUG)" "$_"; } 2>&@ATTESH_FD@' EXIT
}

# __attesh_ask KIND TEXT…: one datagram, and its answer.
__attesh_ask() {
    \builtin local answer IFS=' '
    \builtin printf '%s ' "$@" >&@ATTESH_FD@ 2>/dev/null || \builtin return 1
    IFS= \builtin read -r -t 2 -u @ATTESH_FD@ answer 2>/dev/null || \builtin return 1
    __attesh_low=${answer% *} __attesh_high=${answer#* }
}

# __attesh_unit KIND COMMAND LINE CONTEXT LAST; LAST is what $_ is to be again.
__attesh_unit() {
    \builtin local text="${2:0:400}" seen=0
    if [[ $1 == X ]]; then
        [[ $4 != *__attesh_unit* ]] || seen=1
    elif [[ $4 ]]; then
        # Within a function or a sourced file, where the script traces those.
        \builtin return 0
    fi
    __attesh_ask "$1" "$__attesh_status" "$3" "$seen" "${text//$'\n'/ }" || {
        \builtin trap - ERR EXIT
        \builtin trap '__attesh_gone "$_"' DEBUG
    }
    \builtin return 0
}

__attesh_gone() {
    \builtin trap - DEBUG
    \builtin printf 'attesh: the recorder is gone; the script goes on unrecorded\n' >&2
}

__attesh_begin "$_"
