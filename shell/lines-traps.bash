# shellcheck shell=bash disable=SC2016,SC2034,SC2078,SC2154
# What a bash below `attesh run --lines` evaluates whose text has several units; it follows
# trap.bash, whose rules hold here too. A message is a name that bash opens, see lines.bash; what bash
# reads there is the answer: the last line of the unit that begins. If nobody answers, the traps
# remove themselves without a word.
#
# The words of a `for` are expanded before DEBUG fires for it: so the first command of the EXIT trap
# is known by its kind.

__attesh_kind='' __attesh_dead=''
__attesh_ask='
    __attesh_text=${BASH_COMMAND:0:400}
    \builtin read -r -N 8 __attesh_text <>"/proc/attesh/$__attesh_kind $__attesh_was ${__attesh_pipe// /,} $((${#BASH_COMMAND} > 400)) ${__attesh_text//[[:cntrl:]]/ } " ||
        __attesh_dead=1
    __attesh_kind=""'
__attesh_unit='case $BASH_SUBSHELL$__attesh_kind${BASH_SOURCE[1]+s} in 0) __attesh_was="$? $LINENO" __attesh_pipe="${PIPESTATUS[@]}" __attesh_last=$_ __attesh_kind=U
        '$__attesh_ask'
        [[ $__attesh_dead ]] || __attesh_high=$__attesh_text ;;
    0x) __attesh_kind=X __attesh_high=9223372036854775807 ;;
    *) __attesh_last=$_ ;;
    esac
    \builtin export -n __attesh_was __attesh_pipe __attesh_last __attesh_kind __attesh_text __attesh_high \
        __attesh_dead
    [[ ! $__attesh_dead ]]'
__attesh_gone='\builtin trap - DEBUG; __attesh_dead=1'
if [[ ! '@ATTESH_UNHOOKS@' ]]; then
    \builtin trap 'for __attesh_text in "${__attesh_kind:=x}"; do case $BASH_SUBSHELL$__attesh_dead in 0) __attesh_was="$? 0" __attesh_pipe="${PIPESTATUS[@]}" __attesh_kind=x __attesh_high=-1; [[ ! ${BASH_SOURCE[1]+s} ]] || __attesh_kind=X; \builtin eval "$__attesh_ask"; \builtin trap - DEBUG EXIT; \builtin trap -p 1<>/proc/attesh/T;; esac; done 2>/dev/null || \builtin :' EXIT
fi
\builtin export -n __attesh_kind __attesh_dead __attesh_ask __attesh_unit __attesh_gone __attesh_last
__attesh_high=9223372036854775807
\builtin trap 'case $((LINENO>__attesh_high)) in 1) \builtin eval "$__attesh_unit" && \builtin : "$__attesh_last";; esac 2>/dev/null || \builtin eval "$__attesh_gone"' DEBUG
