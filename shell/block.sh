# shellcheck shell=sh disable=SC2154
# Like block.bash, for a shell that shows no commands, or has none to show: not bash, an old
# one, or a bash that evaluates no block of a runner. The beginning, the end and the status
# are recorded. `attesh init` fills one value in.

if __attesh_block=$('@ATTESH_BIN@' block begin "${BASH_VERSION:+ba}sh" "${BASH_VERSION-}" $$ </dev/null); then
    ATTESH_SESSION=${__attesh_block%%
*}
    export ATTESH_SESSION
    echo 'attesh: the commands of this shell cannot be told: its beginning, its end and its status are recorded. attesh sh FILE records each command of a script' >&2
    trap '__attesh_status=$?; '\''@ATTESH_BIN@'\'' block end "$__attesh_block" 0 "$__attesh_status" "" </dev/null || :' 0
fi
