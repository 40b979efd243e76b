# shellcheck shell=sh disable=SC2154
# What block.bash leaves: a shell whose commands nobody sees, because it is no bash, or a bash
# whose text cannot be taken over. It records the beginning, the end and the status, and says so.
# `attesh init` fills in one value.

if __attesh_block=$(printf %s "${__attesh_text-}" |
    '@ATTESH_BIN@' block begin "${BASH_VERSION:+ba}sh" "${BASH_VERSION-}" $$); then
    ATTESH_SESSION=${__attesh_block%%
*}
    export ATTESH_SESSION
    echo "attesh: of this shell attesh records the beginning, the end and the status, and no command${__attesh_why:+: $__attesh_why}; to record each command of a script type: attesh sh FILE" >&2
    trap '__attesh_status=$?; '\''@ATTESH_BIN@'\'' block end "$__attesh_block" "$__attesh_status" </dev/null || :' 0
fi
