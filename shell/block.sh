# shellcheck shell=sh disable=SC2154
# Does what block.bash does, for a shell that shows no commands or has none to show: not bash,
# an old bash, or a bash that evaluates no block of a runner. It records the beginning, the end
# and the status. `attesh init` fills in one value.

if __attesh_block=$('@ATTESH_BIN@' block begin "${BASH_VERSION:+ba}sh" "${BASH_VERSION-}" $$ </dev/null); then
    ATTESH_SESSION=${__attesh_block%%
*}
    export ATTESH_SESSION
    echo 'attesh: of this shell attesh records the beginning, the end and the status, and no command; to record each command of a script type: attesh sh FILE' >&2
    trap '__attesh_status=$?; '\''@ATTESH_BIN@'\'' block end "$__attesh_block" 0 "$__attesh_status" "" </dev/null || :' 0
fi
