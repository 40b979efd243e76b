# shellcheck shell=bash disable=SC1090,SC2016,SC2034,SC2078,SC2154
# What a bash below `attesh run --lines` reads first (BASH_ENV). `attesh run` fills in one value and
# leaves the remarks out.
#
# bash tells the recorder of itself by opening a name below /proc/attesh/, which nothing can have: a
# filter holds the call, the recorder reads the name and gives bash a file with its answer. Where no
# recorder holds it there is no such file, and this one does nothing. The answer is what bash has
# to evaluate: nothing, where its text is one unit, else lines-traps.bash.
#
# Rules: $?, $_, the options, the traps and the environment are the script's. This file prints
# nothing and starts no process, unless the user's own file was read or bash is a login shell:
# then a subshell lists the traps. With `bash -v` its first line is printed.

{ __attesh_last=$_ __attesh_set=$- __attesh_theirs=; \builtin set +vx; } 2>/dev/null
if [[ '@ATTESH_ENV@' ]]; then
    __attesh_own=$BASH_ENV BASH_ENV='@ATTESH_ENV@'
    \builtin eval "__attesh_text=\"$BASH_ENV\""
    if [[ -r $__attesh_text ]]; then
        { [[ $__attesh_set != *v* ]] || \builtin set -v; [[ $__attesh_set != *x* ]] || \builtin set -x; } 2>/dev/null
        \builtin . "$__attesh_text"
        { __attesh_set=$-; \builtin set +vx; } 2>/dev/null
    fi
    # Children read both again, unless that file names another one.
    [[ $BASH_ENV != '@ATTESH_ENV@' ]] || BASH_ENV=$__attesh_own
fi
if [[ '@ATTESH_ENV@' ]] || \builtin shopt -q login_shell; then
    __attesh_theirs=$(\builtin trap -p DEBUG ERR EXIT)
fi
__attesh_text=
{ \builtin read -r -d '' __attesh_text <>"/proc/attesh/B ${BASH_VERSION// /} ${__attesh_theirs:+trap} "; } 2>/dev/null || __attesh_text=
\builtin unset __attesh_own __attesh_theirs
\builtin eval "$__attesh_text"
{ [[ $__attesh_set != *v* ]] || \builtin set -v; [[ $__attesh_set != *x* ]] || \builtin set -x; \builtin unset __attesh_text __attesh_set; \builtin : "$__attesh_last"; if [[ ${__attesh_high-} ]]; then ((__attesh_high = 0, 1)); else \builtin unset __attesh_last; fi; } 2>/dev/null
