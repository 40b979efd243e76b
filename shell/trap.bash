# shellcheck shell=bash disable=SC2016,SC2034,SC2078,SC2154
# What bash reads first (BASH_ENV) when `attesh sh` runs a script in it. `attesh sh` fills in the
# values and listens at the other end of the descriptor.
#
# DEBUG fires before each simple command of the script itself. Up to the last line of the unit
# that runs, it costs one comparison. Beyond that line it tells `attesh sh`, which answers with
# the last line of the unit that begins there, once the start is in the journal. Each message is
# one datagram; bash never dies of writing one. What runs at each turn of a loop is short: bash
# parses the text of a trap each time.
#
# Rules: $?, $_, PIPESTATUS, the options and the environment are the script's. This file prints
# nothing; what `set -x` prints of a trap goes down the same descriptor, and `attesh sh` ignores
# it. If the descriptor is closed or brings no answer within two seconds, the traps remove
# themselves and say so, and the script goes on.
#
# What the traps do is text for `eval` and no function: under `set -T` a function would set off
# the RETURN trap of the script. They look with `case`, which leaves $? and PIPESTATUS alone.
# They start no process: its end would set off the CHLD trap of the script.

__attesh_last=$_ __attesh_theirs=
if [[ '@ATTESH_ENV@' ]]; then
    \builtin export BASH_ENV='@ATTESH_ENV@'
    \builtin eval "__attesh_text=\"$BASH_ENV\""
    if [[ -r $__attesh_text ]]; then
        # shellcheck disable=SC1090
        \builtin . "$__attesh_text"
    fi
    # What it traps stays trapped.
    __attesh_theirs=$(\builtin trap -p DEBUG ERR EXIT)
else
    \builtin unset BASH_ENV
fi
# An answer below zero: no units. 1: the script may set a DEBUG trap, which the commands of our
# EXIT trap would set off, so it is left out. Where another started this shell, this file
# leaked.
__attesh_high=-1
if [[ $PPID == '@ATTESH_PID@' ]] &&
    { \builtin printf 'B %s %s ' "${BASH_VERSION// /}" "${__attesh_theirs:+trap}" >&@ATTESH_FD@; } 2>/dev/null; then
    \builtin read -r -N 8 -t 2 -u @ATTESH_FD@ __attesh_high 2>/dev/null || __attesh_high=-1
fi
\builtin unset __attesh_theirs __attesh_text
if [[ $__attesh_high != *-* ]]; then
    __attesh_kind='' __attesh_dead='' __attesh_said='' __attesh_file='@ATTESH_FILE@'

    # One datagram, and its answer.
    __attesh_ask='
        __attesh_text=${BASH_COMMAND:0:400}
        \builtin printf "%s " "$__attesh_kind" "$__attesh_was" "${__attesh_pipe// /,}" "$((${#BASH_COMMAND} > 400))" \
            "${__attesh_text//[[:cntrl:]]/ }" >&@ATTESH_FD@ &&
            \builtin read -r -N 8 -t 2 -u @ATTESH_FD@ __attesh_text || __attesh_dead=1
        __attesh_kind=""'
    # Where there is a second source, this is a function or a sourced file that the script
    # traces. What the EXIT trap does are commands to this one: that it fires then says that it is
    # still ours (it does not fire in functions and sourced files). $LINENO is right on the
    # first line.
    __attesh_unit='case $BASH_SUBSHELL$__attesh_kind${BASH_SOURCE[1]+s} in 0) __attesh_was="$? $LINENO" __attesh_pipe="${PIPESTATUS[@]}" __attesh_last=$_ __attesh_kind=U
            '$__attesh_ask'
            [[ $__attesh_dead ]] || __attesh_high=$__attesh_text ;;
        0x) __attesh_kind=X __attesh_high=9223372036854775807 ;;
        *) __attesh_last=$_ ;;
        esac
        \builtin export -n __attesh_was __attesh_pipe __attesh_last __attesh_kind __attesh_text __attesh_high \
            __attesh_dead
        [[ ! $__attesh_dead ]]'
    __attesh_gone='
        \builtin trap - DEBUG
        if [[ ! $__attesh_said ]]; then
            __attesh_dead=1 __attesh_said=1
            \builtin : 2>/dev/null >|"$__attesh_file"
            \builtin printf "attesh: the recorder is gone; the script goes on unrecorded\n" >&2
        fi'

    # The words of a `for` are expanded before DEBUG fires for it: so the first command of the EXIT
    # trap, which bash takes for one of line 1, is known by its kind. Then it tells which traps
    # are set besides: such a trap may have ended the script with a status of its own.
    if ((__attesh_high != 1)); then
        \builtin trap 'for __attesh_text in "${__attesh_kind:=x}"; do case $BASH_SUBSHELL$__attesh_dead in 0) __attesh_was="$? 0" __attesh_pipe="${PIPESTATUS[@]}" __attesh_kind=x __attesh_high=-1; [[ ! ${BASH_SOURCE[1]+s} ]] || __attesh_kind=X; \builtin eval "$__attesh_ask"; \builtin trap - DEBUG EXIT; \builtin trap -p >&@ATTESH_FD@;; esac; done 2>&- 2>&@ATTESH_FD@ || \builtin :' EXIT
    fi
    \builtin export -n __attesh_kind __attesh_dead __attesh_said __attesh_file __attesh_ask __attesh_unit __attesh_gone
    # Whatever follows here is no command of the script, until the last of it has run.
    __attesh_high=9223372036854775807
    \builtin trap 'case $((LINENO>__attesh_high)) in 1) \builtin eval "$__attesh_unit" && \builtin : "$__attesh_last";; esac 2>&@ATTESH_FD@ || \builtin eval "$__attesh_gone"' DEBUG
else
    \builtin unset __attesh_high
fi
# Options that would have shown this file are set here: -x, -v.
{ [[ ! '@ATTESH_SET@' ]] || \builtin set '@ATTESH_SET@'; \builtin : "$__attesh_last"; [[ ! ${__attesh_high-} ]] || ((__attesh_high = 0, 1)); } 2>/dev/null
