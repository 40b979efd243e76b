# shellcheck shell=bash disable=SC2016,SC2034
# attesh's hook for bash 5.1 and newer. `attesh init bash` fills the four
# values below and prints this file inside a guard that other shells skip.
#
# bash expands PS0 once for each top-level command, before the command runs, and
# runs PROMPT_COMMAND once before each prompt. This file leaves DEBUG alone.
# docs/hook-protocol.md says what the hook tells the recorder, and when.
#
# Rules: the user's $?, $_, PIPESTATUS, options, traps and history settings are as
# they would be without this file. A command's text goes through standard input
# or a private file, never through an argument. The hook does not record a text
# that the history settings hide, and never records another in its place.

__attesh_boot() {
    __attesh_bin='@ATTESH_BIN@'
    __attesh_version='@ATTESH_VERSION@'
    __attesh_hook='@ATTESH_HOOK@'
    __attesh_name='@ATTESH_NAME@'
    __attesh_pid=$$
    # What PS0 holds. Its arithmetic runs in this shell and prints nothing.
    # Its substitution is the one child: it fetches the text and becomes the
    # recorder. `p o n` are the previous command's number, this one's, and the
    # count of starts. `i` is 1 while the child runs, so that the prompt sees an
    # interrupted PS0. The child exits with 111 if it has nothing to record.
    # A restricted shell allows neither `>` nor a path as a command's name. It
    # is not restricted yet while it reads its rc file.
    if __attesh_restricted; then
        if [[ $- == *r* ]]; then
            __attesh_bin=attesh
        else
            \builtin hash -p "$__attesh_bin" __attesh_recorder
            __attesh_bin=__attesh_recorder
        fi
        __attesh_ps0='$(__attesh_child \#)'
        __attesh_pc='__attesh_prompt "${LINENO-}" || :'
        __attesh_mark='__attesh_last "${LINENO-}" || :'
    else
        __attesh_ps0='$({ __attesh_child \#; } >/dev/null 2>&1)'
        __attesh_pc='{ __attesh_prompt "${LINENO-}" || :; } >/dev/null 2>&1'
        __attesh_mark='{ __attesh_last "${LINENO-}" || :; } >/dev/null 2>&1'
    fi
    __attesh_ps0='${__attesh_e:$((__attesh_q=$?,__attesh_y=LINENO,__attesh_p=__attesh_o,__attesh_o=\#,__attesh_n+=1,__attesh_i=1,0)):0}'$__attesh_ps0
    __attesh_ps0+='${__attesh_e:$((__attesh_r=$?,__attesh_i=0,__attesh_m=0,__attesh_h=HISTCMD,__attesh_r==111?(__attesh_n-=1,__attesh_o=0,__attesh_c=\#):(__attesh_l=__attesh_r?__attesh_l+1:0),0)):0}'
    # bash 5.3 can run a list in this very shell: no child but the recorder.
    if ((BASH_VERSINFO[0] > 5 || BASH_VERSINFO[1] >= 3)); then
        if __attesh_restricted; then
            __attesh_ps0='${ __attesh_here \# || :; eval "${__attesh_doc-}"; }'
        else
            __attesh_ps0='${ { __attesh_here \# || :; eval "${__attesh_doc-}"; } >/dev/null 2>&1; }'
        fi
        __attesh_ps0='${__attesh_e:$((__attesh_q=$?,__attesh_y=LINENO,0)):0}'$__attesh_ps0
    fi
    __attesh_defaults
}

__attesh_restricted() { [[ $- == *r* ]] || \builtin shopt -q restricted_shell; }

# The variables that arithmetic in PS0 reads. This puts back those that somebody unset.
__attesh_defaults() {
    __attesh_e=x
    : "${__attesh_n:=0}" "${__attesh_o:=0}" "${__attesh_p:=0}" "${__attesh_l:=0}" "${__attesh_i:=0}"
    : "${__attesh_r:=0}" "${__attesh_q:=0}" "${__attesh_h:=0}" "${__attesh_m:=0}" "${__attesh_c:=0}"
    : "${__attesh_y:=0}" "${__attesh_z:=0}"
}

# ── talking to the recorder ───────────────────────────────────────────────

# __attesh_rec VERB KEY=VALUE…: makes one call and counts a loss.
__attesh_rec() {
    \builtin local verb="$1"
    \builtin shift
    if "$__attesh_bin" rec "$verb" p=1 d="$__attesh_dir" g="$__attesh_gen" sh="$__attesh_sh" lost="$__attesh_l" "$@"; then
        __attesh_l=0 __attesh_r=0
    else
        __attesh_r=$?
        __attesh_l=$((__attesh_l + 1))
        \builtin return 1
    fi
}

# The settings that decide which texts history shows, in bash's own words. HISTSIZE
# counts only if it is 0: bash sets its own default late.
__attesh_settings() {
    __attesh_cf="HISTCONTROL=${HISTCONTROL-} HISTIGNORE=${HISTIGNORE-} history=off"
    [[ ! -o history ]] || __attesh_cf=${__attesh_cf%off}on
    [[ ${HISTSIZE-} != 0 ]] || __attesh_cf+=' HISTSIZE=0'
}

# __attesh_open KEY=VALUE…: gets the session to record into, or fails.
__attesh_open() {
    \builtin local out dir gen sh tmp short say
    __attesh_dir=
    __attesh_settings
    # shellcheck disable=SC2154  # every version this file accepts has it
    out=$("$__attesh_bin" rec open p=1 kind=bash ver="$BASH_VERSION" pid="$$" \
        hist="$__attesh_cf" \
        hook="$__attesh_hook" name="$__attesh_name" env="${ATTESH_SESSION-}" "$@") || {
        __attesh_r=$? __attesh_say=${out##*$'\n'}
        : "${__attesh_say:="$__attesh_bin gives status $__attesh_r"}"
        \builtin return 1
    }
    {
        IFS= \builtin read -r dir
        IFS= \builtin read -r gen
        IFS= \builtin read -r sh
        IFS= \builtin read -r tmp
        IFS= \builtin read -r short
        IFS= \builtin read -r say
    } <<<"$out"
    [[ $dir == /* && $gen && $sh ]] || {
        __attesh_r=5 __attesh_say="$__attesh_bin names no session"
        \builtin return 1
    }
    __attesh_dir=$dir __attesh_gen=$gen __attesh_sh=$sh __attesh_tmp=$tmp __attesh_short=$short __attesh_say=$say
    __attesh_n=0 __attesh_o=0 __attesh_p=0 __attesh_i=0 __attesh_r=0 __attesh_dead="" __attesh_cw=$__attesh_cf
    \builtin export ATTESH_SESSION="$dir"
}

# Tells the user something: the hook's own output goes nowhere.
__attesh_tell() {
    if __attesh_restricted; then
        \builtin printf 'attesh: %s\n' "$1"
    else
        \builtin printf 'attesh: %s\n' "$1" >/dev/tty
    fi
}

# Goes to another session: this one ended, or the recorder refused it.
__attesh_reopen() {
    \builtin local dir="$__attesh_dir" gen="$__attesh_gen"
    if __attesh_open d="$dir" g="$gen" nat="$1" typed=0; then
        [[ -z $__attesh_say ]] || __attesh_tell "$__attesh_say"
    else
        __attesh_dir=$dir __attesh_gen=$gen __attesh_l=$((__attesh_l + 1)) __attesh_o=0
        [[ -n ${__attesh_dead-} ]] || __attesh_tell "not recording this shell: $__attesh_say"
        __attesh_dead=1
    fi
}

# ── before a command ──────────────────────────────────────────────────────

__attesh_paused() { [[ -e $__attesh_dir/pause-all || -e $__attesh_dir/pause-$__attesh_sh ]]; }

# Is there a limit on the size of files? Then writing a file could end this shell.
__attesh_limited() {
    \builtin local IFS=' ' a b c soft='' rest
    # The third line: Max file size SOFT HARD bytes.
    { \builtin read -r a && \builtin read -r a && \builtin read -r a b c soft rest; } </proc/self/limits
    [[ $soft == [0-9]* ]]
}

# Puts the newest history entry into __attesh_t, without a further process where
# this shell may write files.
__attesh_fetch() { if __attesh_restricted || __attesh_limited; then __attesh_t=$(\builtin history 1); else __attesh_file; fi; }

__attesh_file() {
    \builtin history 1 >|"$__attesh_tmp/text-$$" || \builtin return 0
    IFS= \builtin read -r -d '' __attesh_t <"$__attesh_tmp/text-$$"
    __attesh_t=${__attesh_t%$'\n'}
    ((${#__attesh_t} > 15000)) || : >|"$__attesh_tmp/text-$$"
}
# An older bash cannot parse what bash 5.3 can do.
! ((BASH_VERSINFO[0] > 5 || BASH_VERSINFO[0] == 5 && BASH_VERSINFO[1] >= 3)) || \builtin eval '__attesh_file() { __attesh_t=${ \builtin history 1; }; }'

# Finds the text, and where it comes from. HISTCMD says by how much history grew
# since the last prompt. If it did not grow, the line is hidden or a repeat; it is
# a repeat only if the settings cannot hide a line.
__attesh_text() {
    \builtin local grown hides=
    __attesh_src=withheld __attesh_t=
    [[ -o history && ${HISTSIZE-} != 0 && ${HISTCMD-} == [0-9]* ]] || \builtin return 0
    grown=$((HISTCMD - __attesh_h))
    [[ ":${HISTCONTROL-}:" != *:@(ignorespace|ignoreboth):* && -z ${HISTIGNORE-} ]] || hides=1
    if ((__attesh_h < 0)); then
        [[ -z $hides ]] || \builtin return 0
        grown=1
    fi
    if ((grown < 1)); then
        if [[ $hides ]]; then
            ((grown < 0)) || \builtin return 0
            [[ :${HISTCONTROL-}: == *:erasedups:* ]] || \builtin return 0
            __attesh_src=history
        elif [[ :${HISTCONTROL-}: == *:erasedups:* ]]; then
            __attesh_src=history
        elif [[ :${HISTCONTROL-}: == *:ignoredups:* ]]; then
            __attesh_src=dup
        else
            \builtin return 0
        fi
    elif [[ $hides && ($__attesh_q == 2 || $__attesh_q == 130) ]] && ((__attesh_y - __attesh_z != 1)); then
        # In a pasted block history may have taken a line that did not run: a
        # syntax error, which shows in $?, or a comment, which shows below. It is
        # surely this line only if bash read one line since the prompt.
        \builtin return 0
    else
        __attesh_src=history
    fi
    __attesh_entry "$grown"
    if [[ $hides ]]; then
        grown=$__attesh_t
        __attesh_strip
        [[ $__attesh_t != *([[:blank:]])'#'* ]] || __attesh_src=withheld grown=
        __attesh_t=$grown
    fi
}

# Takes the number that `history` prints off __attesh_t, whatever bytes follow.
__attesh_strip() {
    __attesh_t=${__attesh_t#"${__attesh_t%%[! ]*}"}
    __attesh_t=${__attesh_t#"${__attesh_t%%[!0-9]*}"}
    __attesh_t=${__attesh_t:2}
}

# __attesh_entry GROWN: the newest entry, or the newest lines of a command that
# history keeps line by line (cmdhist off).
__attesh_entry() {
    \builtin local lines='' rest
    if [[ $HISTTIMEFORMAT ]]; then
        if [[ ${HISTTIMEFORMAT@a} == *r* ]]; then
            # This hook cannot blank a readonly time; fc prints no time.
            __attesh_src=typed
            __attesh_t=$(\builtin fc -ln -0 -0)
            __attesh_t=${__attesh_t:2}
            \builtin return 0
        fi
        \builtin local HISTTIMEFORMAT=
    fi
    if (($1 > 1)) && ! \builtin shopt -q cmdhist; then
        rest=$(\builtin history "$1")$'\n'
        while [[ $rest ]]; do
            __attesh_t=${rest%%$'\n'*} rest=${rest#*$'\n'}
            __attesh_strip
            lines+=${lines:+$'\n'}$__attesh_t
        done
        __attesh_src=typed __attesh_t=$lines
        \builtin return 0
    fi
    __attesh_fetch
    [[ $__attesh_t ]] || __attesh_src=none
}

# __attesh_start NAT KEY=VALUE…: tells the start of command __attesh_n.
__attesh_start() {
    \builtin local nat="$1"
    \builtin shift
    if [[ $__attesh_t == *attesh\ doctor* ]] && ! __attesh_restricted; then
        if __attesh_limited; then (__attesh_facts); else __attesh_facts; fi
    fi
    \builtin set -- s n="$__attesh_n" nat="$nat" src="$__attesh_src" prev="$__attesh_q" "$@"
    if ((${#__attesh_t} <= 15000)); then
        __attesh_call "$@" <<<"$__attesh_t"
    elif [[ $- == *r* ]] || __attesh_limited; then
        __attesh_pipe "$__attesh_t" "$@"
    else
        \builtin printf '%s\n' "$__attesh_t" >|"$__attesh_tmp/text-$$"
        __attesh_call "$@" <"$__attesh_tmp/text-$$"
        # The text must not outlive the call. The call's status must.
        \builtin set -- "$?"
        : >|"$__attesh_tmp/text-$$"
        \builtin return "$1"
    fi
}
__attesh_call() { __attesh_rec "$@"; }

# __attesh_pipe TEXT VERB KEY=VALUE…: sends a long text without a file.
__attesh_pipe() {
    \builtin printf '%s\n' "$1" | (
        __attesh_rec "${@:2}" || :
        \builtin exit "$__attesh_r"
    )
    __attesh_r=$?
    __attesh_l=$((__attesh_r ? __attesh_l + 1 : 0))
    \builtin return "$((__attesh_r ? 1 : 0))"
}

# The child of PS0 (bash 5.1 and 5.2). It becomes the recorder, so that a start
# costs one fork.
__attesh_child() {
    \builtin set +euk
    IFS=' '
    __attesh_call() {
        if [[ $- == *r* ]] || ((${#__attesh_t} > 15000)); then
            __attesh_rec "$@"
        else
            \builtin exec "$__attesh_bin" rec "$1" p=1 d="$__attesh_dir" g="$__attesh_gen" sh="$__attesh_sh" lost="$__attesh_l" "${@:2}"
        fi
    }
    [[ $__attesh_dir ]] || \builtin exit 111
    if ((__attesh_p)); then
        # No prompt came between: the user pasted a block of lines.
        __attesh_rec e n="$((__attesh_n - 1))" nat="$__attesh_p" st="$__attesh_q" from=next-start
    fi
    ! __attesh_paused || \builtin exit 111
    __attesh_text
    __attesh_start "$1"
    \builtin exit "$__attesh_r"
}

# Does the same in bash 5.3, in this shell.
__attesh_here() {
    \builtin local - IFS=' '
    \builtin set +euk
    __attesh_doc=
    [[ $BASHPID == "$__attesh_pid" && $__attesh_dir ]] || \builtin return 0
    __attesh_defaults
    if ((__attesh_o)); then
        __attesh_rec e n="$__attesh_n" nat="$__attesh_o" st="$__attesh_q" from=next-start
        __attesh_o=0
    fi
    if __attesh_paused; then
        __attesh_c=$1 __attesh_m=0 __attesh_h=$HISTCMD
        \builtin return 0
    fi
    __attesh_o=$1 __attesh_n=$((__attesh_n + 1)) __attesh_i=1
    __attesh_text
    __attesh_start "$1"
    __attesh_i=0 __attesh_m=0 __attesh_h=$HISTCMD __attesh_t=
    __attesh_hooked || __attesh_repair_pc
}

# ── before a prompt ───────────────────────────────────────────────────────

__attesh_prompt() {
    # One plain assignment: any command before it would change either value,
    # and a declaration would split the words by IFS.
    __attesh_s=$? __attesh_pa=("${PIPESTATUS[@]}")
    \builtin local - IFS=' '
    \builtin set +euk
    __attesh_ps="${__attesh_pa[*]}"
    [[ $BASHPID == "$__attesh_pid" ]] || \builtin return 0
    \builtin local nat='\#' again=
    nat=${nat@P}
    __attesh_defaults
    if ((__attesh_o)); then
        # ^C cut the first run short and this is the second: the first one's status counts.
        if [[ ${__attesh_w-} == "$__attesh_n" ]]; then
            __attesh_s=$__attesh_ws __attesh_ps=$__attesh_wp again=r=1
        fi
        __attesh_w=$__attesh_n __attesh_ws=$__attesh_s __attesh_wp=$__attesh_ps
    fi
    if [[ -z $__attesh_dir || -e $__attesh_dir/next || $__attesh_r == [13] ]]; then
        __attesh_reopen "$nat"
    elif ((__attesh_o)); then
        __attesh_finish "$nat" $again
    else
        __attesh_idle "$nat"
    fi
    __attesh_o=0 __attesh_p=0 __attesh_i=0 __attesh_w="" __attesh_c=$nat
    __attesh_settings
    [[ $__attesh_cf == "${__attesh_cw-}" ]] || __attesh_configured
    [[ $__attesh_r != 5 && -z ${__attesh_dead-} ]] || __attesh_trouble
    [[ -z ${__attesh_to-} ]] || __attesh_move "${__attesh_at:-$nat}"
    __attesh_at=
    __attesh_repair_ps0
    if [[ ${PROMPT_COMMAND[-1]} == "$__attesh_pc" ]]; then
        __attesh_last "$1"
    else
        __attesh_place_mark
    fi
}

# __attesh_finish NAT [r=1]: the open command is over.
__attesh_finish() {
    \builtin local nat="$1" pipe
    \builtin shift
    if ((__attesh_i)); then
        # ^C came while PS0 ran: bash does not run the command, and the recorder
        # may not have got its start.
        if __attesh_paused; then
            __attesh_n=$((__attesh_n - 1))
            \builtin return 0
        fi
        __attesh_text
        __attesh_start "$__attesh_o" r=1
        __attesh_t=
        __attesh_rec e n="$__attesh_n" nat="$__attesh_o" st="$__attesh_s" from=interrupt "$@"
    elif ((nat == __attesh_o)); then
        pipe=$__attesh_ps
        __attesh_pipe_true || pipe=
        __attesh_rec e n="$__attesh_n" nat="$nat" st="$__attesh_s" ${pipe:+ps="$pipe"} from=prompt "$@"
    else
        # Commands ran unseen since, and the status is one of theirs.
        __attesh_rec e n="$__attesh_n" nat="$__attesh_o" from=unknown "$@"
        ((nat < __attesh_o)) || __attesh_note gap "$nat" "$((__attesh_o + 1))..$nat"
    fi
}

# Did this command set PIPESTATUS? Many do not (a function's definition, a
# stopped job) and leave an earlier command's.
__attesh_pipe_true() {
    \builtin local last="${__attesh_ps##* }" was="${__attesh_pw-}"
    __attesh_pw=$__attesh_ps
    if [[ $last != "$__attesh_s" ]]; then
        [[ -o pipefail && " $__attesh_ps " == *" $__attesh_s "* ]] || \builtin return 1
    fi
    [[ $__attesh_ps == *\ * && $__attesh_ps == "$was" ]] || \builtin return 0
    __attesh_entry 1
    last=$__attesh_t __attesh_t=
    [[ $last == *'|'* ]]
}

# No command ran. A line that history took and PS0 never saw was a comment, a
# syntax error, or an input that the user cut off at the second prompt.
__attesh_idle() {
    if (($1 > __attesh_c)) && [[ ${__attesh_c} != 0 ]] && ! __attesh_paused; then
        __attesh_note gap "$1" "$((__attesh_c + 1))..$1"
    elif ((__attesh_m && HISTCMD > __attesh_h)) && [[ -o history && ${PROMPT_COMMAND[*]} != *history* ]] && ! __attesh_paused; then
        __attesh_entry 1
        [[ $__attesh_src == typed ]] || __attesh_strip
        [[ $__attesh_t != *[![:space:]]* ]] || __attesh_note unexecuted "$1" "$__attesh_t"
        __attesh_t=
    fi
}

# __attesh_note WHAT NAT TEXT
__attesh_note() {
    \builtin set -- "$3" n what="$1" nat="$2" st="$__attesh_s"
    if ((${#1} <= 15000)); then __attesh_rec "${@:2}" <<<"$1"; else __attesh_pipe "$@"; fi
}

# Records that the history settings changed.
__attesh_configured() {
    [[ $__attesh_dir ]] && ! __attesh_paused || \builtin return 0
    ! __attesh_note configuration "$__attesh_c" "$__attesh_cf" || __attesh_cw=$__attesh_cf
}

# ── staying in place ──────────────────────────────────────────────────────

# Notes how much history there is just before bash reads a line. This comes last
# at a prompt, because other tools read history files in PROMPT_COMMAND. It also
# notes the number of the last line, which a function's own LINENO does not say.
__attesh_last() { __attesh_h=${HISTCMD-0} __attesh_m=1 __attesh_z=$1; }

__attesh_place_mark() {
    \builtin local i
    [[ ${PROMPT_COMMAND[-1]} != "$__attesh_mark" ]] || \builtin return 0
    for i in "${!PROMPT_COMMAND[@]}"; do
        [[ ${PROMPT_COMMAND[i]} != "$__attesh_mark" ]] || \builtin unset "PROMPT_COMMAND[$i]"
    done
    PROMPT_COMMAND+=("$__attesh_mark")
}

__attesh_hooked() {
    \builtin local entry
    for entry in "${PROMPT_COMMAND[@]}"; do
        [[ $entry != "$__attesh_pc" ]] || \builtin return 0
    done
    \builtin return 1
}

# The hook is an element of its own and never the first: a tool that assigns
# PROMPT_COMMAND as if it were no array replaces element 0. bash gives each
# element of the array the user's own $? and PIPESTATUS.
__attesh_hook_pc() {
    [[ ${PROMPT_COMMAND@a} != *r* ]] || \builtin return 1
    PROMPT_COMMAND[0]=${PROMPT_COMMAND[0]-}
    PROMPT_COMMAND+=("$__attesh_pc")
}

__attesh_repair_pc() {
    __attesh_hook_pc || \builtin return 0
    __attesh_s=$__attesh_q
    __attesh_note hook-repaired "$__attesh_o" PROMPT_COMMAND
}

# The hook stands first in PS0: a substitution before it would change the $? that it reads.
__attesh_hook_ps0() {
    [[ ${PS0@a} != *r* ]] || \builtin return 1
    PS0=$__attesh_ps0${PS0-}
}

__attesh_repair_ps0() {
    [[ ${PS0-} != *"$__attesh_ps0"* ]] || \builtin return 0
    __attesh_hook_ps0 || \builtin return 0
    [[ -z $__attesh_dir ]] || __attesh_note hook-repaired "$__attesh_c" PS0
}

# ── the shell's end ───────────────────────────────────────────────────────

__attesh_exit() {
    __attesh_s=$?
    [[ $BASHPID == "$__attesh_pid" && $__attesh_dir ]] || \builtin return "$__attesh_s"
    if __attesh_restricted; then
        __attesh_close "$BASH_COMMAND" || :
    else
        __attesh_close "$BASH_COMMAND" >/dev/null 2>&1 || :
    fi
    \builtin return "$__attesh_s"
}

# A typed `exit` is the last command and has the shell's status. Whatever else ends
# a shell within a command (a hangup, errexit) leaves that command unfinished.
__attesh_close() {
    \builtin local why=unknown IFS=' '
    \builtin local -
    \builtin set +euk
    __attesh_defaults
    if ((!__attesh_o)); then
        why=eof
        [[ -t 0 ]] || why=signal
    elif [[ $1 == @(exit|logout|return)?(\ *) ]]; then
        why='exit'
        __attesh_rec e n="$__attesh_n" nat="$__attesh_o" st="$__attesh_s" from=exit
    fi
    __attesh_rec x nat="$__attesh_c" why="$why" st="$__attesh_s"
    __attesh_dir=
}

# The hook keeps the user's own EXIT trap, which runs after the hook's, with its own $?.
__attesh_hook_exit() {
    \builtin local was
    was=$(\builtin trap -p EXIT)
    [[ $was != *__attesh_exit* ]] || \builtin return 0
    \builtin eval "set -- ${was:-- - - -}"
    [[ $was ]] || \builtin set -- trap -- '' EXIT
    if __attesh_restricted; then
        \builtin trap -- "__attesh_exit && :${3:+
$3}" EXIT
    else
        \builtin trap -- "{ __attesh_exit; } 2>/dev/null && :${3:+
$3}" EXIT
    fi
}

# ── installation ──────────────────────────────────────────────────────────

__attesh_install() {
    \builtin local typed=0 nat='\#' say
    nat=${nat@P}
    if [[ $- == *s* ]]; then
        typed=1
        # bash 5.3 also counts the running command until it knows a PS0.
        [[ $BASH_VERSION == 5.[12].* || ${PS0-} ]] || nat=$((nat - 1))
    else
        nat=0
    fi
    __attesh_boot
    if ! __attesh_open nat="$nat" typed="$typed"; then
        \builtin printf 'attesh: not recording this shell: %s\n' "$__attesh_say" >&2
        __attesh_pid=
        \builtin return 0
    fi
    # No command runs before the first prompt, whatever bash 5.3 counts there.
    say=$__attesh_say __attesh_at=$nat
    if [[ ${PS0@a} == *r* ]]; then
        __attesh_pid="" __attesh_dir=""
        \builtin printf 'attesh: not recording this shell: PS0 is readonly\n' >&2
        \builtin return 0
    fi
    [[ ${PS0-} == *"$__attesh_ps0"* ]] || __attesh_hook_ps0
    __attesh_hooked || __attesh_hook_pc || say="${say:+$say; }PROMPT_COMMAND is readonly: a status is seen only at the next command"
    __attesh_hook_exit
    \builtin shopt -q promptvars || say="${say:+$say; }promptvars is off: no command is seen"
    # bash says only at a prompt how much history there is.
    __attesh_h=-1 __attesh_m=0
    if [[ $say ]]; then
        \builtin printf 'attesh: %s\n' "$say" >&2
    elif ((typed)); then
        \builtin printf 'attesh: recording this shell (session %s). attesh log · attesh pause · attesh seal\n' "$__attesh_short"
    fi
}

if [[ ${__attesh_pid-} == "$$" ]]; then
    # The shell evaluates this file again: it puts back hooks that somebody removed.
    __attesh_defaults
    __attesh_to='@ATTESH_NAME@' __attesh_dead=
    [[ ${PS0-} == *"$__attesh_ps0"* ]] || __attesh_hook_ps0
    __attesh_hooked || __attesh_hook_pc
elif [[ $- != *i* ]]; then
    \builtin printf 'attesh: this shell is not interactive, nothing is recorded here; attesh sh FILE records a script, attesh init bash --ci a job of GitLab\n' >&2
elif ((BASH_VERSINFO[0] < 5 || BASH_VERSINFO[0] == 5 && BASH_VERSINFO[1] < 1)); then
    \builtin printf 'attesh: not recording this shell: bash %s is older than 5.1\n' "$BASH_VERSION" >&2
else
    __attesh_install
fi
