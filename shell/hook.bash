# shellcheck shell=bash disable=SC2016,SC2030,SC2031,SC2034,SC2154
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
# that the history settings hide, and never records another in its place. All names
# are the hook's own, `__attesh__NAME` those of locals: whatever attributes the user
# gives to other variables, whatever IFS is, the hook reads no word otherwise.

__attesh_boot() {
    __attesh_bin='@ATTESH_BIN@'
    __attesh_version='@ATTESH_VERSION@'
    __attesh_hook='@ATTESH_HOOK@'
    __attesh_name='@ATTESH_NAME@'
    __attesh_pid=$$
    # What PS0 holds. Its arithmetic runs in this shell and prints nothing.
    # Its substitution is the one child: it fetches the text and becomes the
    # recorder. `p o n` are the previous command's number, this one's, and the
    # count of starts. `i` is 1 until the child has recorded the start and 2 behind it, so that the
    # prompt sees an interrupted PS0. The child exits with 111 if it has nothing to record, with 112 if
    # it told the user why, and with 113 if it recorded a line that may call `fc`: PS0 then
    # keeps what history shows (element 1 of __attesh_x is unset).
    # A restricted shell allows neither `>` nor a path as a command's name. It
    # is not restricted yet while it reads its rc file.
    \builtin local __attesh__quiet='{ __attesh_newest_entry; } 2>/dev/null'
    if __attesh_restricted; then
        __attesh__quiet=__attesh_newest_entry
        if [[ $- == *r* ]]; then
            __attesh_bin=attesh
        else
            \builtin hash -p "$__attesh_bin" __attesh_recorder
            __attesh_bin=__attesh_recorder
        fi
        __attesh_ps0='$(__attesh_child \#)'
        __attesh_pc='__attesh_prompt "${LINENO-}" || \builtin :'
        __attesh_mark='__attesh_last "${LINENO-}" || \builtin :'
    else
        __attesh_ps0='$({ __attesh_child \#; } >/dev/null 2>&1)'
        __attesh_pc='{ __attesh_prompt "${LINENO-}" || \builtin :; } >/dev/null 2>&1'
        __attesh_mark='{ __attesh_last "${LINENO-}" || \builtin :; } >/dev/null 2>&1'
    fi
    __attesh_ps0='${__attesh_e:$((__attesh_q=$?,__attesh_y=LINENO,__attesh_p=__attesh_o,__attesh_o=\#,__attesh_n+=1,__attesh_i=1,0)):0}'$__attesh_ps0
    __attesh_ps0+='${__attesh_e:$((__attesh_k=$?,__attesh_f=__attesh_k==113,__attesh_i=__attesh_k==0||__attesh_f?2:1,__attesh_k==111||__attesh_k==112?(__attesh_n-=1,__attesh_o=0,__attesh_c=\#,__attesh_u=__attesh_k):(__attesh_r=__attesh_f?0:__attesh_k,__attesh_l=__attesh_r?__attesh_l+1:0),0)):0}${__attesh_x[__attesh_f]-${__attesh_g/${__attesh_v[\#]:=$('$__attesh__quiet')}/}}${__attesh_e:$((__attesh_i=0,__attesh_m=0,__attesh_h=HISTCMD,__attesh_z=__attesh_y,0)):0}'
    # bash 5.3 can run a list in this very shell: no child but the recorder.
    if ((BASH_VERSINFO[0] > 5 || BASH_VERSINFO[1] >= 3)); then
        if __attesh_restricted; then
            __attesh_ps0='${ __attesh_here \# || \builtin :; \builtin eval "${__attesh_doc-}"; }'
        else
            __attesh_ps0='${ { __attesh_here \# || \builtin :; \builtin eval "${__attesh_doc-}"; } >/dev/null 2>&1; }'
        fi
        __attesh_ps0='${__attesh_e:$((__attesh_q=$?,__attesh_y=LINENO,0)):0}'$__attesh_ps0
    fi
    __attesh_default
}

__attesh_restricted() { [[ $- == *r* ]] || \builtin shopt -q restricted_shell; }

# Are the variables that PS0 reads as they must be? This puts back those that somebody unset.
__attesh_defaults() {
    [[ $__attesh_e && $__attesh_n && $__attesh_o && $__attesh_p && $__attesh_l && $__attesh_i && $__attesh_r && $__attesh_q && $__attesh_h && $__attesh_m && $__attesh_c && $__attesh_y && $__attesh_z && $__attesh_f && $__attesh_u && ${__attesh_x+x} && ! $__attesh_g ]] || __attesh_default
}

# ── talking to the recorder ───────────────────────────────────────────────

# __attesh_rec VERB KEY=VALUE…: makes one call and counts a loss.
__attesh_rec() {
    \builtin local __attesh__verb="$1"
    \builtin shift
    if "$__attesh_bin" rec "$__attesh__verb" p=1 d="$__attesh_dir" g="$__attesh_gen" sh="$__attesh_sh" lost="$__attesh_l" "$@"; then
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
    \builtin local __attesh__out __attesh__all
    __attesh_dir=
    __attesh_settings
    # shellcheck disable=SC2154  # every version this file accepts has it
    __attesh__out=$("$__attesh_bin" rec open p=1 kind=bash ver="$BASH_VERSION" pid="$$" \
        hist="$__attesh_cf" \
        hook="$__attesh_hook" name="$__attesh_name" env="${ATTESH_SESSION-}" "$@") || {
        __attesh_r=$? __attesh_say=${__attesh__out##*$'\n'}
        \builtin : "${__attesh_say:="$__attesh_bin gives status $__attesh_r"}"
        \builtin return 1
    }
    # The command substitution took off the sixth line, if it was blank.
    \builtin mapfile -t __attesh__all <<<"$__attesh__out"
    [[ ${__attesh__all[0]-} == /* && ${__attesh__all[1]-} && ${__attesh__all[2]-} ]] || {
        __attesh_r=5 __attesh_say="$__attesh_bin names no session"
        \builtin return 1
    }
    __attesh_dir=${__attesh__all[0]} __attesh_gen=${__attesh__all[1]} __attesh_sh=${__attesh__all[2]}
    __attesh_tmp=${__attesh__all[3]-} __attesh_short=${__attesh__all[4]-} __attesh_say=${__attesh__all[5]-}
    __attesh_n=0 __attesh_o=0 __attesh_p=0 __attesh_i=0 __attesh_r=0 __attesh_dead="" __attesh_cw=$__attesh_cf
    \builtin export ATTESH_SESSION="$__attesh_dir"
}

# ── before a command ──────────────────────────────────────────────────────

__attesh_paused() { [[ -e $__attesh_dir/pause-all || -e $__attesh_dir/pause-$__attesh_sh ]]; }

# Puts the newest history entry into __attesh_t, without a further process where
# this shell may write files.
# Where the state is on a disk, no text goes into a file.
__attesh_fetch() { if __attesh_restricted || [[ $__attesh_tmp == - ]] || __attesh_limited; then __attesh_t=$(\builtin history 1); else __attesh_file; fi; }

__attesh_file() {
    \builtin local __attesh__all
    \builtin history 1 >|"$__attesh_tmp/text-$$" || \builtin return 0
    \builtin mapfile -d '' __attesh__all <"$__attesh_tmp/text-$$"
    __attesh_t=${__attesh__all[0]-}
    __attesh_t=${__attesh_t%$'\n'}
    \builtin : >|"$__attesh_tmp/text-$$"
}
# An older bash cannot parse what bash 5.3 can do.
! ((BASH_VERSINFO[0] > 5 || BASH_VERSINFO[0] == 5 && BASH_VERSINFO[1] >= 3)) || \builtin eval '__attesh_file() { __attesh_t=${ \builtin history 1; }; }'

# Finds the text, and where it comes from. History's newest entry is the line that
# runs, or equals it, unless the settings can hide a line: then bash must say so.
__attesh_text() {
    __attesh_src=withheld __attesh_t='' __attesh_beside=0
    [[ -o history && ${HISTSIZE-} != 0 && ${HISTCMD-} == [0-9]* ]] || \builtin return 0
    __attesh_top=$HISTCMD __attesh_lines=$((__attesh_y - __attesh_z)) __attesh_grown=1 __attesh_own=1
    ((__attesh_h < 0)) || __attesh_grown=$((HISTCMD - __attesh_h))
    if [[ ":${HISTCONTROL-}:" == *:@(ignorespace|ignoreboth):* || ${HISTIGNORE-} ]]; then
        if ((__attesh_grown > 0)) || [[ :${HISTCONTROL-}: == *:erasedups:* ]]; then
            __attesh_entry && __attesh_mine || __attesh_own=0
        else
            __attesh_own=0
        fi
        ((__attesh_own)) && [[ $__attesh_t ]] || __attesh_src=withheld __attesh_t=
    elif ((__attesh_grown > 0)) || [[ :${HISTCONTROL-}: == *:erasedups:* ]]; then
        __attesh_entry
        # A repeat of the newest line is not taken; of an older one, that one goes.
        ((__attesh_grown > 0)) || [[ $__attesh_src == none || :$HISTCONTROL: != *:ignoredups:* ]] || __attesh_mine || __attesh_src=dup
    elif [[ :${HISTCONTROL-}: == *:ignoredups:* ]]; then
        __attesh_entry
        [[ $__attesh_src != history ]] || __attesh_src=dup
    else
        # No setting hides it: a command before it took entries away.
        __attesh_src=none
    fi
    # Did history grow by more than this command?
    __attesh_beside=$((__attesh_grown - __attesh_own))
}

# Takes the number that `history` prints off __attesh_t, whatever bytes follow.
__attesh_strip() {
    __attesh_t=${__attesh_t#"${__attesh_t%%[! ]*}"}
    __attesh_t=${__attesh_t#"${__attesh_t%%[!0-9]*}"}
    __attesh_t=${__attesh_t:2}
}

# The newest entry, or the newest lines of a command that history keeps line by line
# (cmdhist off).
__attesh_entry() {
    __attesh_src=history
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
    if ((__attesh_grown > 1 && __attesh_lines > 1)) && ! \builtin shopt -q cmdhist; then
        __attesh_by_line
        \builtin return 0
    fi
    __attesh_fetch
    [[ $__attesh_t ]] || __attesh_src=none
}

# Is the newest entry the one of the command that bash just read? `history -s` and
# `history -p` would take such an entry away. This is for a child: it changes history.
__attesh_taken() {
    \builtin history -p ''
    ((HISTCMD == __attesh_top)) || \builtin return 0
    # A command of several lines: bash looks at its first one if it counts a line. The
    # second `history -s` takes nothing away: it tells whether history takes such a text.
    ((__attesh_lines > 1)) || \builtin return 1
    (
        [[ ${HISTCONTROL@a} == *r* ]] || HISTCONTROL=
        [[ ${HISTIGNORE@a} == *r* ]] || HISTIGNORE=
        \builtin eval $'\\builtin set -o history; \\builtin history -s attesh 1\n'
        __attesh_k=$HISTCMD
        \builtin history -s attesh 2
        ((__attesh_k - __attesh_top == HISTCMD - __attesh_k - 1))
    )
}
__attesh_mine() { __attesh_taken; }
# bash 5.3 has no child here. fc skips the line that it stands in, if history has that
# line and another before it.
! ((BASH_VERSINFO[0] > 5 || BASH_VERSINFO[0] == 5 && BASH_VERSINFO[1] >= 3)) || \builtin eval '__attesh_mine() {
    if ((__attesh_lines == 1)) && [[ ${HISTFILE@a} != *r* ]]; then
        \builtin local HISTFILE=
        __attesh_k=${ \builtin set -o history; \builtin fc -l -1 -1; }
        ((${__attesh_k%%[!0-9]*} == HISTCMD - 1)) || \builtin return 0
    fi
    (__attesh_taken)
}'

# __attesh_late N NAT: the finish of a command that no prompt followed. Its status is $?,
# unless a line that was given up (130) or a syntax error (2) came since. There was no
# syntax error if bash read one line, or history took one and hides none.
__attesh_late() {
    if ((__attesh_q == 130)) || { ((__attesh_q == 2 && __attesh_y - __attesh_z != 1)) &&
        [[ ! -o history || :${HISTCONTROL-}: == *:ignore* || ${HISTIGNORE-} || $((HISTCMD - __attesh_h)) != 1 ]]; }; then
        __attesh_rec e n="$1" nat="$2" from=unknown
    else
        __attesh_rec e n="$1" nat="$2" st="$__attesh_q" from=next-start
    fi
}

# __attesh_start NAT KEY=VALUE…: tells the start of command __attesh_n.
__attesh_start() {
    \builtin local __attesh__nat="$1"
    \builtin shift
    if [[ $__attesh_t == *attesh\ doctor* && $__attesh_tmp != - ]] && ! __attesh_restricted; then
        if __attesh_limited; then (__attesh_facts); else __attesh_facts; fi
    fi
    ((__attesh_beside < 1)) || __attesh_besides "$__attesh__nat"
    # Where a line calls `fc`, the prompt compares history with what it was.
    __attesh_f=0
    [[ $__attesh_t != *fc* && "${BASH_ALIASES[*]}" != *fc* ]] || __attesh_f=1
    \builtin set -- s n="$__attesh_n" nat="$__attesh__nat" src="$__attesh_src" prev="$__attesh_q" "$@"
    # A bash that is to be an older one writes each here-string to a file under TMPDIR.
    if ((${#__attesh_t} <= 15000)) && [[ ! ${BASH_COMPAT-} ]]; then
        __attesh_call "$@" <<<"$__attesh_t"
    elif [[ $- == *r* || $__attesh_tmp == - || ${BASH_COMPAT-} ]] || __attesh_limited; then
        __attesh_pipe "$__attesh_t" "$@"
    else
        \builtin printf '%s\n' "$__attesh_t" >|"$__attesh_tmp/text-$$"
        __attesh_call "$@" <"$__attesh_tmp/text-$$"
        # The text must not outlive the call. The call's status must.
        \builtin set -- "$?"
        \builtin : >|"$__attesh_tmp/text-$$"
        \builtin return "$1"
    fi
}
__attesh_call() { __attesh_rec "$@"; }

# __attesh_pipe TEXT VERB KEY=VALUE…: sends a long text without a file.
__attesh_pipe() {
    \builtin printf '%s\n' "$1" | (
        __attesh_rec "${@:2}" || \builtin :
        \builtin exit "$__attesh_r"
    )
    __attesh_r=$?
    __attesh_l=$((__attesh_r ? __attesh_l + 1 : 0))
    \builtin return "$((__attesh_r ? 1 : 0))"
}

# The child of PS0 (bash 5.1 and 5.2). It becomes the recorder, so that a start
# costs one fork.
__attesh_child() {
    # A bash without the hook, which got these functions from the environment.
    [[ $$ == "$__attesh_pid" || ! $__attesh_pid ]] || \builtin exit 111
    \builtin set +aeuxkET
    __attesh_call() {
        if [[ $- == *r* ]] || ((${#__attesh_t} > 15000 || __attesh_f)); then
            __attesh_rec "$@"
        else
            \builtin exec "$__attesh_bin" rec "$1" p=1 d="$__attesh_dir" g="$__attesh_gen" sh="$__attesh_sh" lost="$__attesh_l" "${@:2}"
        fi
    }
    [[ $__attesh_dir ]] || __attesh_unopened
    if ((__attesh_p)); then
        # No prompt came between: the user pasted a block of lines.
        __attesh_late "$((__attesh_n - 1))" "$__attesh_p"
    fi
    ! __attesh_paused || \builtin exit 111
    __attesh_text
    __attesh_start "$1"
    ((__attesh_r || !__attesh_f)) || __attesh_r=113
    \builtin exit "$__attesh_r"
}

# Does the same in bash 5.3, in this shell.
__attesh_here() { [[ $BASHPID != "$__attesh_pid" ]] || __attesh_announced "$1"; }
__attesh_announced() {
    \builtin local -
    \builtin set +aeuxkET
    __attesh_doc=
    __attesh_defaults
    # An rc file took the hook out of PROMPT_COMMAND again.
    [[ $__attesh_dir ]] || __attesh_reopen "$(($1 - 1))"
    [[ $__attesh_dir ]] || \builtin return 0
    if ((__attesh_o)); then
        __attesh_late "$__attesh_n" "$__attesh_o"
        __attesh_o=0 __attesh_pw=\?
    fi
    if __attesh_paused; then
        __attesh_c=$1 __attesh_m=0 __attesh_h=$HISTCMD __attesh_z=$__attesh_y
        \builtin return 0
    fi
    __attesh_o=$1 __attesh_n=$((__attesh_n + 1)) __attesh_i=1
    __attesh_text
    __attesh_start "$1"
    __attesh_i=0 __attesh_m=0 __attesh_h=$HISTCMD __attesh_z=$__attesh_y __attesh_t=
    ((!__attesh_f)) || __attesh_v[$1]=$(__attesh_newest_entry)
    [[ ${PROMPT_COMMAND[1]-} == "$__attesh_pc" ]] || __attesh_hooked || __attesh_repair_pc
}

# ── before a prompt ───────────────────────────────────────────────────────

__attesh_prompt() {
    # One plain assignment: any command before it would change either value.
    __attesh_s=$? __attesh_ps=${PIPESTATUS[0]} __attesh_pa=("${PIPESTATUS[@]}")
    \builtin local -
    \builtin set +aeuxkET
    \builtin local __attesh__nat='\#' __attesh__again=
    ((${#__attesh_pa[@]} == 1)) || __attesh_statuses
    if [[ ! ${__attesh__nat-} ]]; then
        __attesh_overridden
    elif [[ $BASHPID == "$__attesh_pid" ]]; then
        __attesh_prompted "$1"
    fi
}

# __attesh_prompted LINE
__attesh_prompted() {
    __attesh__nat=${__attesh__nat@P}
    __attesh_defaults
    if ((__attesh_o)); then
        # ^C cut the first run short and this is the second: the first one's status counts.
        if [[ ${__attesh_w-} == "$__attesh_n" ]]; then
            __attesh_s=$__attesh_ws __attesh_ps=$__attesh_wp __attesh__again=1
        fi
        __attesh_w=$__attesh_n __attesh_ws=$__attesh_s __attesh_wp=$__attesh_ps
    fi
    if [[ -z $__attesh_dir || -e $__attesh_dir/next || $__attesh_r == [13] ]]; then
        # No command runs before the first prompt, whatever bash 5.3 counts there.
        [[ $__attesh_dir ]] || __attesh__nat=0
        __attesh_reopen "$__attesh__nat"
    elif ((__attesh_o)); then
        __attesh_finish "$__attesh__nat" ${__attesh__again:+"r=1"}
        ((!__attesh_f)) || __attesh_took "$__attesh__nat"
    else
        __attesh_idle "$__attesh__nat" "$1"
    fi
    __attesh_o=0 __attesh_p=0 __attesh_i=0 __attesh_w="" __attesh_c=$__attesh__nat __attesh_v=() __attesh_pw=$__attesh_ps
    __attesh_settings
    [[ $__attesh_cf == "${__attesh_cw-}" ]] || __attesh_configured
    [[ $__attesh_r == [0134] && -z ${__attesh_dead-} ]] || __attesh_trouble
    [[ -z ${__attesh_to-} ]] || __attesh_move "${__attesh_at:-$__attesh__nat}"
    __attesh_at=
    if [[ ${PROMPT_COMMAND[-1]} == "$__attesh_pc" ]]; then
        __attesh_last "$1"
    else
        __attesh_place_mark
    fi
}

# __attesh_finish NAT [r=1]: the open command is over.
__attesh_finish() {
    \builtin local __attesh__nat="$1" __attesh__pipe
    \builtin shift
    if ((__attesh_i)); then
        # ^C came while PS0 ran: bash does not run the command. If it came while the child
        # ran, the recorder may not have got the start.
        if __attesh_paused; then
            __attesh_n=$((__attesh_n - 1))
            \builtin return 0
        fi
        if ((__attesh_i == 1)); then
            __attesh_text
            __attesh_start "$__attesh_o" r=1
            __attesh_t=
        fi
        __attesh_rec e n="$__attesh_n" nat="$__attesh_o" st="$__attesh_s" from=interrupt "$@"
    elif ((__attesh__nat == __attesh_o)); then
        __attesh__pipe=$__attesh_ps
        [[ $__attesh_ps == "$__attesh_s" ]] || __attesh_pipe_true || __attesh__pipe=
        __attesh_rec e n="$__attesh_n" nat="$__attesh__nat" st="$__attesh_s" ${__attesh__pipe:+"ps=$__attesh__pipe"} from=prompt "$@"
    else
        # Commands ran unseen since, and the status is one of theirs.
        __attesh_rec e n="$__attesh_n" nat="$__attesh_o" from=unknown "$@"
        ((__attesh__nat < __attesh_o)) || __attesh_unseen "$((__attesh_o + 1))" "$__attesh__nat"
    fi
}

# Did this command set PIPESTATUS? Many do not (a function's definition, a
# stopped job) and leave an earlier command's.
__attesh_pipe_true() {
    \builtin local __attesh__last="${__attesh_ps##* }"
    if [[ $__attesh__last != "$__attesh_s" ]]; then
        [[ -o pipefail && " $__attesh_ps " == *" $__attesh_s "* ]] || \builtin return 1
    fi
    # No prompt told what the command before it left there, if none came between.
    [[ $__attesh_ps == *\ * && ($__attesh_p != 0 || ${__attesh_pw-\?} == @("$__attesh_ps"|\?)) ]] || \builtin return 0
    __attesh_grown=1
    __attesh_entry
    __attesh__last=$__attesh_t __attesh_t=
    [[ $__attesh__last == *'|'* ]] && __attesh_is_pipeline "$__attesh__last"
}

# No command ran. History may have grown by a line that PS0 never saw.
__attesh_idle() {
    if (($1 > __attesh_c && __attesh_c >= 0)) && ! __attesh_paused; then
        __attesh_unseen "$((__attesh_c + 1))" "$1"
    elif ((__attesh_m && HISTCMD > __attesh_h)) && [[ -o history ]] && ! __attesh_paused; then
        __attesh_unread "$1" "$2"
    fi
}

# __attesh_note WHAT NAT TEXT
__attesh_note() {
    \builtin set -- "$3" n what="$1" nat="$2" st="$__attesh_s"
    if ((${#1} <= 15000)) && [[ ! ${BASH_COMPAT-} ]]; then __attesh_rec "${@:2}" <<<"$1"; else __attesh_pipe "$@"; fi
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
# An entry before this one may set PS0 at each prompt.
__attesh_last() {
    __attesh_h=${HISTCMD-0} __attesh_m=1 __attesh_z=$1
    # Two equal texts are compared faster than a part is found.
    [[ ${PS0-} == "${__attesh_w0-}" ]] || __attesh_look_ps0
}
__attesh_hooked() {
    \builtin local __attesh__entry
    for __attesh__entry in "${PROMPT_COMMAND[@]}"; do
        [[ $__attesh__entry != "$__attesh_pc" ]] || \builtin return 0
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
    # Another bash has no use for it.
    \builtin export -n PS0
}

# ── the shell's end ───────────────────────────────────────────────────────

__attesh_exit() {
    __attesh_s=$?
    [[ $BASHPID == "$__attesh_pid" && $__attesh_dir ]] || \builtin return "$__attesh_s"
    if __attesh_restricted; then
        __attesh_close "$BASH_COMMAND" || \builtin :
    else
        __attesh_close "$BASH_COMMAND" >/dev/null 2>&1 || \builtin :
    fi
    \builtin return "$__attesh_s"
}

# A typed `exit` is the last command and has the shell's status. Whatever else ends
# a shell within a command (a hangup, errexit) leaves that command unfinished.
__attesh_close() {
    \builtin local -
    \builtin set +aeuxkET
    \builtin local __attesh__why=unknown __attesh__nat='\#'
    __attesh__nat=${__attesh__nat@P}
    __attesh_defaults
    if ((__attesh_o && __attesh__nat != __attesh_o)); then
        # Commands ran unseen since, and this may be the exit of one of them.
        __attesh_rec e n="$__attesh_n" nat="$__attesh_o" from=unknown
        [[ $1 != @(exit|logout|return)?(\ *) ]] || __attesh__why='exit'
    elif ((!__attesh_o)); then
        __attesh__why=eof
        [[ -t 0 || ! $__attesh_tty ]] || __attesh__why=signal
    elif [[ $1 == @(exit|logout|return)?(\ *) ]]; then
        __attesh__why='exit'
        __attesh_rec e n="$__attesh_n" nat="$__attesh_o" st="$__attesh_s" from=exit
    fi
    __attesh_rec x nat="$__attesh__nat" why="$__attesh__why" st="$__attesh_s"
    [[ $__attesh_r != 3 ]] || ((__attesh_l < 2)) || __attesh_tell "session $__attesh_short has ended; what this shell ran since is in none"
    __attesh_dir=
}

# The hook keeps the user's own EXIT trap, which runs after the hook's, with its own $?.
__attesh_hook_exit() {
    \builtin local __attesh__was
    __attesh__was=$(\builtin trap -p EXIT)
    [[ $__attesh__was != *__attesh_exit* ]] || \builtin return 0
    \builtin eval "\\builtin set -- ${__attesh__was:-- - - -}"
    [[ $__attesh__was ]] || \builtin set -- trap -- '' EXIT
    if __attesh_restricted; then
        \builtin trap -- "__attesh_exit && \\builtin :${3:+
$3}" EXIT
    else
        \builtin trap -- "{ __attesh_exit; } 2>/dev/null && \\builtin :${3:+
$3}" EXIT
    fi
}

# ── installation ──────────────────────────────────────────────────────────

__attesh_install() {
    \builtin local -
    \builtin set +aeuxkET
    \builtin local __attesh__typed=0 __attesh__nat='\#' __attesh__say
    __attesh__nat=${__attesh__nat@P}
    if [[ $- == *s* ]]; then
        __attesh__typed=1
        # bash 5.3 also counts the running command until it knows a PS0.
        [[ $BASH_VERSION == 5.[12].* || ${PS0-} ]] || __attesh__nat=$((__attesh__nat - 1))
    else
        __attesh__nat=0
    fi
    __attesh_boot
    if [[ ${PS0@a} == *r* ]]; then
        __attesh_pid=
        \builtin printf 'attesh: not recording this shell: PS0 is readonly\n' >&2
        \builtin return 0
    fi
    __attesh_dir='' __attesh_say='' __attesh_at='' __attesh_tty=''
    [[ ! -t 0 ]] || __attesh_tty=1
    __attesh_hooked || __attesh_hook_pc || __attesh__say='PROMPT_COMMAND is readonly: a status is seen only at the next command'
    # An rc file is also read by shells that never come to a prompt (`bash -i FILE`): the
    # first prompt opens the session.
    if ((__attesh__typed)) || [[ $__attesh__say ]]; then
        if ! __attesh_open nat="$__attesh__nat" typed="$__attesh__typed"; then
            \builtin printf 'attesh: not recording this shell: %s\n' "$__attesh_say" >&2
            __attesh_pid=
            \builtin return 0
        fi
        # No command runs before the first prompt, whatever bash 5.3 counts there.
        __attesh__say=$__attesh_say${__attesh_say:+${__attesh__say:+; }}$__attesh__say __attesh_at=$__attesh__nat
    fi
    [[ ${PS0-} == *"$__attesh_ps0"* ]] || __attesh_hook_ps0
    __attesh_hook_exit
    \builtin shopt -q promptvars || __attesh__say="${__attesh__say:+$__attesh__say; }promptvars is off: no command is seen"
    # bash says only at a prompt how much history there is.
    __attesh_h=-1 __attesh_m=0
    if [[ $__attesh__say ]]; then
        \builtin printf 'attesh: %s\n' "$__attesh__say" >&2
    elif ((__attesh__typed)); then
        \builtin printf 'attesh: recording this shell (session %s). attesh log · attesh pause · attesh seal\n' "$__attesh_short"
        [[ :${HISTCONTROL-}: != *:ignoreboth:* ]] || \builtin printf 'attesh: HISTCONTROL=ignoreboth hides the texts of repeats, too; HISTCONTROL=ignoredups shows them\n'
    fi
}

if [[ ${__attesh_pid-} == "$$" ]]; then
    # The shell evaluates this file again.
    __attesh_to='@ATTESH_NAME@' __attesh_dead=
    __attesh_put_back
elif [[ $- != *i* ]]; then
    \builtin printf 'attesh: this shell is not interactive, nothing is recorded here; attesh sh FILE records a script, attesh init bash --ci a job of GitLab\n' >&2
elif __attesh_k=${-%%c*} && ((${#__attesh_k} < ${#-})); then
    # `bash -ic COMMAND` is one command of the shell that typed it. (nocasematch does not change
    # this way to look for a c.)
    \builtin :
elif ((BASH_VERSINFO[0] < 5 || BASH_VERSINFO[0] == 5 && BASH_VERSINFO[1] < 1)); then
    \builtin printf 'attesh: not recording this shell: bash %s is older than 5.1\n' "$BASH_VERSION" >&2
else
    __attesh_install
fi
[[ $__attesh_a != *a* ]] || \builtin set -a
