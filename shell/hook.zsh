# attesh's hook for zsh 5.8 and newer. `attesh init zsh` fills the four values
# below and prints this file as `emulate zsh -o no_aliases -o no_xtrace -o local_traps -c '…'`, inside a guard that
# other shells skip. So the user's aliases do not reach the definitions, and
# each function runs with zsh's own options and gives the user's back.
#
# zshaddhistory sees each line as zsh read it, preexec follows before the line
# runs, precmd before each prompt. zsh hands every hook function the user's $?
# and pipestatus, so the order among several tools does not matter.
# docs/hook-protocol.md says what the hook tells the recorder, and when.
#
# In an rc file the hook only takes its places. It opens the session at the first prompt, so a
# shell that never has one (zsh -ic) has no session, and nothing is said before the prompt.
#
# The shell's counter is the number of the interactive line. It also moves at
# lines that run nothing, so the hook counts the lines that zsh shows it: `skip`.

__attesh_boot() {
    typeset -g __attesh_bin='@ATTESH_BIN@'
    typeset -g __attesh_version='@ATTESH_VERSION@'
    typeset -g __attesh_hook='@ATTESH_HOOK@'
    typeset -g __attesh_name='@ATTESH_NAME@'
    typeset -g __attesh_pid=$$ __attesh_dir= __attesh_say= __attesh_dead= __attesh_line= __attesh_text= __attesh_cf= __attesh_cw= __attesh_wait= __attesh_tty= __attesh_pw=
    typeset -g __attesh_places='__attesh_precmd __attesh_preexec __attesh_runs __attesh_addhistory __attesh_zshexit'
    [[ ! -t 0 ]] || __attesh_tty=1
    typeset -gi __attesh_n=0 __attesh_open=0 __attesh_lost=0 __attesh_rc=0 __attesh_lines=0 __attesh_nat=0 __attesh_busy=0 __attesh_seen=0 __attesh_fresh=0 __attesh_first=0 __attesh_at=0 __attesh_shown=0 __attesh_run=0
}

# ── talking to the recorder ───────────────────────────────────────────────

# __attesh_rec VERB KEY=VALUE…: makes one call and counts a loss.
__attesh_rec() {
    local verb=$1
    builtin shift
    if $__attesh_bin rec $verb p=1 d=$__attesh_dir g=$__attesh_gen sh=$__attesh_sh lost=$__attesh_lost "$@"; then
        __attesh_lost=0 __attesh_rc=0
    else
        __attesh_rc=$?
        __attesh_lost+=1
    fi
    return 0
}

# __attesh_tell TEXT VERB KEY=VALUE…: makes a call with a text. zsh writes a
# here-string to a file under TMPPREFIX and unlinks it before the call, so that has
# to be the private folder; where that is on a disk, the text goes through a pipe, which costs a fork. Under a limit on the size of files, writing it must not end
# this shell; the recorder sees that the newline is missing.
__attesh_tell() {
    builtin trap '' XFSZ
    local TMPPREFIX=$__attesh_tmp/zsh text=$1
    builtin shift
    if [[ $__attesh_tmp == - ]]; then
        builtin print -r -- "$text" | __attesh_rec "$@"
    else
        __attesh_rec "$@" <<<"$text"
    fi
}

# __attesh_session KEY=VALUE…: gets the session to record into, or fails.
__attesh_session() {
    local out hist
    local -a lines
    __attesh_settings
    hist=$__attesh_cf
    __attesh_dir=
    out=$($__attesh_bin rec open p=1 kind=zsh ver=$ZSH_VERSION pid=$$ hist=$hist hook=$__attesh_hook \
        name=$__attesh_name env=${ATTESH_SESSION-} "$@"; builtin print -r -- "status $?")
    __attesh_rc=${out##*status }
    lines=("${(@f)out}")
    typeset -g __attesh_say=${lines[6]-}
    [[ $__attesh_say != status\ <-> ]] || __attesh_say=
    if [[ $__attesh_rc != 0 || $lines[1] != /* || -z $lines[2] || -z $lines[3] ]]; then
        __attesh_say=${__attesh_say:-$__attesh_bin gives status $__attesh_rc}
        return 1
    fi
    typeset -g __attesh_gen=$lines[2] __attesh_sh=$lines[3] __attesh_tmp=$lines[4] __attesh_short=$lines[5]
    __attesh_dir=$lines[1] __attesh_n=0 __attesh_open=0 __attesh_lines=0 __attesh_dead= __attesh_cw=$hist
    typeset -gx ATTESH_SESSION=$__attesh_dir
}

# Goes to another session: this one ended, or the recorder refused it.
__attesh_reopen() {
    local dir=$__attesh_dir gen=$__attesh_gen
    if __attesh_session d=$dir g=$gen lost=$__attesh_lost nat=$1 typed=0; then
        [[ -z $__attesh_say ]] || builtin print -r -- "attesh: $__attesh_say" >/dev/tty
    else
        __attesh_dir=$dir __attesh_gen=$gen __attesh_open=0
        __attesh_lost+=1
        [[ -n $__attesh_dead ]] || builtin print -r -- "attesh: not recording this shell: $__attesh_say" >/dev/tty
        __attesh_dead=1
    fi
}

# Says once, at the prompt, why the recorder cannot record, and when it can again.
__attesh_trouble() {
    local why="$__attesh_bin cannot be run any more (status $__attesh_rc); put it back, or begin a new shell"
    if [[ $__attesh_rc != [0134] && -z $__attesh_dead ]]; then
        __attesh_dead=1
        case $__attesh_rc in
            2) why="$__attesh_bin is of another version than the hook in this shell; begin a new one" ;;
            5) why=$($__attesh_bin rec why p=1 d=$__attesh_dir g=$__attesh_gen) || return 0 ;;
        esac
        __attesh_dead=told
        builtin print -r -- "attesh: not recording this shell: $why" >/dev/tty
    elif [[ $__attesh_rc == 0 && $__attesh_dead == told ]]; then
        __attesh_dead=
        builtin print -r -- 'attesh: recording this shell again; what was lost is counted (attesh status)' >/dev/tty
    fi
}

# __attesh_move NAT: the user typed `init --session` here again; goes to that session, or stays.
__attesh_move() {
    local dir=$__attesh_dir sh=$__attesh_sh dead=$__attesh_dead cw=$__attesh_cw
    local -i n=__attesh_n rc=__attesh_rc lines=__attesh_lines
    __attesh_name=$__attesh_to __attesh_to=
    if ! __attesh_session d=$dir g=$__attesh_gen sh=$sh lost=$__attesh_lost nat=$1 typed=1; then
        __attesh_dir=$dir __attesh_rc=rc
        builtin print -r -- "attesh: this shell stays in session $__attesh_short: $__attesh_say" >/dev/tty
    elif [[ $dir:$sh == $__attesh_dir:$__attesh_sh ]]; then
        __attesh_n=n __attesh_rc=rc __attesh_lines=lines __attesh_dead=$dead __attesh_cw=$cw
    else
        __attesh_lost=0 __attesh_nat=$1
        builtin print -r -- "attesh: $__attesh_say" >/dev/tty
    fi
}

# The settings that hide lines, in zsh's own words. `emulate` leaves them as they are.
__attesh_settings() {
    __attesh_cf="HISTORY_IGNORE=${HISTORY_IGNORE-} histignorespace=off"
    [[ ! -o hist_ignore_space ]] || __attesh_cf=${__attesh_cf%off}on
    ((HISTSIZE > 1)) || __attesh_cf+=" HISTSIZE=$HISTSIZE"
    (($#zshaddhistory_functions < 2 && !${+functions[zshaddhistory]})) || ! __attesh_decided || __attesh_cf+=" zshaddhistory=${${(M)ATTESH_ZSHADDHISTORY:#keeps}:-hides}"
}

# Does a function of the user's decide what history takes? The one of atuin takes every line.
__attesh_decided() {
    local -a others=(${zshaddhistory_functions:#(__attesh_addhistory|_atuin_zshaddhistory)})
    (($#others || ${+functions[zshaddhistory]}))
}

# Records that the history settings changed.
__attesh_configured() {
    __attesh_settings
    [[ $__attesh_cf != $__attesh_cw && -n $__attesh_dir ]] && ! __attesh_paused || return 0
    __attesh_tell "$__attesh_cf" n what=configuration nat=$__attesh_nat ${${(M)1:#<0-255>}:+st=$1}
    ((__attesh_rc)) || __attesh_cw=$__attesh_cf
}

__attesh_paused() { [[ -e $__attesh_dir/pause-all || -e $__attesh_dir/pause-$__attesh_sh ]] }

# A call costs in zsh, so what runs at each command has few: each hook looks itself whether this
# shell records. The redirection stands within each function: zsh ignores one that follows a
# function's body when it calls the function as a hook.

# ── hooks ─────────────────────────────────────────────────────────────────

# Only this hook sees what zsh read: hist_reduce_blanks changes what preexec gets,
# and blank lines and syntax errors never reach preexec.
__attesh_addhistory() {
    {
        builtin trap - DEBUG
        local lines=${1//[^$'\n']/} line=${1%$'\n'}
        # No precmd came: one of the user's fails.
        [[ -z $__attesh_wait ]] || __attesh_begin $((${functrace[-1]##*:} - $#lines))
        [[ $__attesh_pid == $$ && $ZSH_SUBSHELL == 0 && -n $__attesh_dir ]] || return 0
        if [[ $ZSH_EVAL_CONTEXT != shfunc ]]; then
            # No line of the prompt: `fc` or `r` runs it within the command that is open.
            [[ $line != *[^[:space:]]* ]] || __attesh_paused || __attesh_aside history 0 $__attesh_nat "$line"
            return 0
        fi
        # A function behind this one may take itself away.
        (($#zshaddhistory_functions < 2)) || __attesh_settings
        __attesh_line=$line
        __attesh_lines+=$#lines
        __attesh_shown+=$#lines
        return 0
    } 2>/dev/null
}

__attesh_preexec() {
    {
        local __attesh__s=$?
        builtin trap - DEBUG
        local s=$__attesh__s src=typed text=$__attesh_line
        # A function of the user's may call the hooks of all.
        [[ $__attesh_pid == $$ && $ZSH_SUBSHELL == 0 && -n $__attesh_dir && $ZSH_EVAL_CONTEXT == shfunc ]] || return 0
        local -i nat=${functrace[-1]##*:}
        if ((__attesh_open)); then
            # No prompt hook ran in between: $? is still that command's, unless
            # zsh read lines that it showed to no hook.
            if ((__attesh_run && nat == __attesh_nat + __attesh_lines)); then
                __attesh_ended $s from=next-start
            else
                __attesh_ended '' from=unknown
            fi
            # Which pipeline set pipestatus last, no prompt told.
            __attesh_pw=?
            __attesh_open=0
        fi
        __attesh_line= __attesh_shown=-1
        [[ "$precmd_functions[1] $preexec_functions[1] $preexec_functions[-1] $zshaddhistory_functions[1] $zshexit_functions[1]" == $__attesh_places ]] || __attesh_hooked $s
        if __attesh_paused; then
            __attesh_lines=0
            return 0
        fi
        if [[ -z $text ]]; then
            # zsh read no line, so the hook counted none.
            text=$1
            [[ -n $text ]] || { text=$3 src=rendered }
            __attesh_lines+=$((1 + ${#text//[^$'\n']/}))
        fi
        [[ -n $text ]] || src=none
        __attesh_text=$text
        __attesh_hidden "$text" "$@" && { src=withheld text= }
        [[ $__attesh_text != *attesh\ doctor* ]] || __attesh_facts
        __attesh_n+=1 __attesh_open=1 __attesh_nat=$nat __attesh_run=0
        __attesh_tell "$text" s n=$__attesh_n nat=$nat skip=$((__attesh_lines > 0 ? __attesh_lines - 1 : 0)) src=$src ${${(M)s:#<0-255>}:+prev=$s}
        __attesh_lines=0
        return 0
    } >/dev/null 2>&1
}

# The last of the preexec functions. ^C or an error in one before it can make zsh drop the line.
__attesh_runs() { __attesh_run=1 }

# __attesh_hidden TEXT HISTORY JOB RENDERED: does zsh keep this line out of its history? Where nobody
# can judge it, too. The last three are what preexec gets.
__attesh_hidden() {
    # zsh makes 1 of a 0: a user who sets it wants no history.
    ((HISTSIZE > 1)) || return 0
    # What a function of the user's decides, only zsh knows, unless the user says that it hides nothing.
    # One that was there at the prompt counts, too.
    [[ $__attesh_cf != *addhistory=hides ]] || return 0
    (($#zshaddhistory_functions < 2 && !${+functions[zshaddhistory]})) || ! __attesh_decided || [[ ${ATTESH_ZSHADDHISTORY-} == keeps ]] || return 0
    if [[ -o hist_ignore_space ]]; then
        [[ $1 != ' '* ]] && ! __attesh_blank_alias "$1" || return 0
    fi
    [[ ! -o hist_no_store || ${3#builtin } != (history|r|fc)(| *) ]] || return 0
    [[ ! -o hist_no_functions || ${4%%$'\n'*} != (*'()'*|*function*) ]] || return 0
    [[ -n ${HISTORY_IGNORE-} ]] && { __attesh_ignored "$1" || __attesh_ignored "$2" }
}

# zsh hides a line under hist_ignore_space, too, if it expands an alias that begins with a blank.
# Is there a word in TEXT that may lead to one?
__attesh_blank_alias() {
    local line word blank=' *'
    local -a words=("${1//\\$'\n'/}") next
    local -A seen
    [[ "${(t)aliases} ${(t)galiases} ${(t)saliases}" == association*special*\ association*special*\ association*special* ]] || return 0
    [[ -n ${(k)aliases[(R)$blank]}${(k)galiases[(R)$blank]}${(k)saliases[(R)$blank]} ]] || return 1
    while (($#words)); do
        next=()
        # The user's IFS does not count.
        line="${(j: :)words}"
        for word in ${(s: :)line//[[:space:];&|()<>\`\$\"\'\{\}]/ }; do
            ((!${+seen[$word]})) || continue
            seen[$word]=1
            for word in "${aliases[$word]-}" "${galiases[$word]-}" "${saliases[${word##*.}]-}"; do
                [[ $word != ' '* ]] || return 0
                [[ -z $word ]] || next+=("$word")
            done
        done
        words=("$next[@]")
    done
    return 1
}

# Does HISTORY_IGNORE match TEXT? zsh matches when it writes its history, with the options that it
# has then. So each way to read the pattern counts, and one that zsh cannot read hides everything.
__attesh_ignored() {
    builtin setopt local_options
    local more found=
    {
        for more in '' extended_glob ksh_glob 'extended_glob ksh_glob' sh_glob; do
            builtin setopt no_extended_glob no_ksh_glob no_sh_glob ${(s: :)more}
            [[ $1 != ${~HISTORY_IGNORE} ]] || found=1
        done
    } always {
        ((TRY_BLOCK_ERROR == 0)) || found=1 TRY_BLOCK_ERROR=0
    }
    [[ -n $found ]]
}

# __attesh_aside WHAT STATUS NAT LINE: notes a line that is no command of its own.
__attesh_aside() {
    local line=$4
    __attesh_hidden "$4" "$4" "$4" "$4" && line=
    __attesh_tell "$line" n what=$1 nat=$3 ${${(M)2:#<0-255>}:+st=$2}
}

# __attesh_refused STATUS: zsh read a line and preexec did not see it. Did it surely run nothing?
__attesh_refused() {
    ((!__attesh_first)) || return 0
    [[ $1 == 127 || ${__attesh_line//[[:space:]]/} != \#* ]] || return 0
    # A syntax error leaves a status; reading the line as a function runs nothing of it.
    (($1)) && (functions[__attesh_read]=$__attesh_line; ((!${+functions[__attesh_read]})))
}

__attesh_precmd() {
    {
        local __attesh__s=$? __attesh__ps="${(j: :)pipestatus}"
        builtin trap - DEBUG
        local s=$__attesh__s ps=$__attesh__ps lines
        [[ -z $__attesh_wait ]] || __attesh_begin ${functrace[-1]##*:}
        [[ $__attesh_pid == $$ && $ZSH_SUBSHELL == 0 && -n $__attesh_dir && $ZSH_EVAL_CONTEXT == shfunc ]] || return 0
        # Plugins call precmd functions from widgets, where no command has ended.
        ! builtin zle || return 0
        local -i nat=${functrace[-1]##*:}
        if ((__attesh_fresh)); then
            # The line that installed this hook is over: the hook knows now where it ended.
            __attesh_lines+=$((nat - __attesh_nat)) __attesh_fresh=0 __attesh_nat=$nat
        fi
        if [[ -e $__attesh_dir/next || $__attesh_rc == [13] ]]; then
            __attesh_reopen $nat
        elif ((__attesh_open && nat != __attesh_nat)); then
            # Commands ran unseen since, and the status is one of theirs.
            __attesh_ended '' from=unknown
            __attesh_tell "lines $((__attesh_nat + 1))..$nat" n what=gap nat=$nat ${${(M)s:#<0-255>}:+st=$s}
        elif ((__attesh_open && !__attesh_run)); then
            __attesh_ended '' from=unknown
        elif ((__attesh_open)); then
            __attesh_finish $s "$ps"
        elif ((__attesh_first && __attesh_shown >= 0 && nat > __attesh_at + __attesh_shown)); then
            # zsh refused a line before it showed it to anybody: `!nosuch`.
            __attesh_lines+=$((nat - __attesh_at - __attesh_shown))
        elif [[ $__attesh_line == *[^[:space:]]* ]] && ! __attesh_paused; then
            if __attesh_refused $s; then
                __attesh_aside unexecuted $s $nat "$__attesh_line"
            else
                # It may have run, so it is not among the lines that ran nothing.
                lines=${__attesh_line//[^$'\n']/}
                __attesh_lines+=$((-1 - $#lines))
                __attesh_tell "lines $((nat - $#lines))..$nat" n what=gap nat=$nat ${${(M)s:#<0-255>}:+st=$s}
            fi
        fi
        __attesh_open=0 __attesh_line= __attesh_text= __attesh_seen=$s __attesh_at=$nat __attesh_shown=0 __attesh_pw=$ps
        __attesh_configured $s
        [[ $__attesh_rc == [0134] && -z $__attesh_dead ]] || __attesh_trouble
        [[ -z ${__attesh_to-} ]] || __attesh_move $nat
        [[ "$precmd_functions[1] $preexec_functions[1] $preexec_functions[-1] $zshaddhistory_functions[1] $zshexit_functions[1]" == $__attesh_places ]] || __attesh_hooked $s
        # If a preexec function fails, zsh runs the line and calls none behind it.
        __attesh_first=$((${+functions[__attesh_preexec]} && !${+functions[preexec]}))
        return 0
    } >/dev/null 2>&1
}

# __attesh_finish STATUS PIPESTATUS: the open command is over. If ^C cuts the call
# short, zsh comes back here with another status: the hook sends the first one again.
__attesh_finish() {
    local ps=$2 again=
    if ((__attesh_busy == __attesh_n)); then
        again=r=1
    else
        typeset -g __attesh_s=$1 __attesh_ps=$2
    fi
    __attesh_busy=__attesh_n
    # Some commands leave pipestatus as it was before them.
    ps=$__attesh_ps
    [[ ${ps##* } == $__attesh_s || ( -o pipefail && " $ps " == *" $__attesh_s "* ) ]] || ps=
    [[ $ps != *\ * || ( $ps != $__attesh_pw && $__attesh_pw != \? ) ]] || __attesh_is_pipeline || ps=
    [[ " $ps" != *\ (<256->|-)* ]] || ps=
    __attesh_ended $__attesh_s ${ps:+ps=$ps} from=prompt $again
    __attesh_busy=0
}

# __attesh_ended STATUS KEY=VALUE…: tells the end of the open command. zsh lets a function return what no
# process can: no record has such a status.
__attesh_ended() {
    [[ -n $1 && $1 != <0-255> ]] && builtin set -- '' from=unknown
    __attesh_rec e n=$__attesh_n nat=$__attesh_nat ${1:+st=$1} "${@[2,-1]}"
}

# Is the line one pipeline, and nothing else? Then pipestatus is that of this line. An error of zsh itself
# in its last command leaves the one that was there.
__attesh_is_pipeline() {
    [[ $__attesh_s == 0 ]] || return 1
    local word
    local -i found=0
    for word in "${(@Z:C:)__attesh_text}"; do
        case $word in
            (\||\|\&) ((found += 1)) ;;
            (\;|\;\;|\&|\&\&|\&\!|\&\||\|\||[\(\)\{\}]|\(\)|\(\(*|\[\[|\!|case|coproc|do|for|foreach|function|if|repeat|select|time|until|while) return 1 ;;
            (*) [[ "${aliases[$word]-}${galiases[$word]-}" != *[\;\&\|\#\(\{]* ]] || return 1 ;;
        esac
    done
    ((found)) && [[ $__attesh_text != *$'\n'* ]]
}

# zsh also runs zshexit in a subshell that calls exit, hence the test.
__attesh_zshexit() {
    {
        local __attesh__s=$?
        builtin trap - DEBUG
        local s=$__attesh__s why=unknown
        local -a words
        [[ $__attesh_pid == $$ && $ZSH_SUBSHELL == 0 && -n $__attesh_dir ]] || return 0
        local -i nat=__attesh_nat
        if [[ $__attesh_open == 0 && $ZSH_EVAL_CONTEXT == shfunc ]]; then
            # At the prompt a signal sets $?; the end of input does not.
            why=eof
            [[ ( -t 0 || -z $__attesh_tty ) && $s == $__attesh_seen ]] || why=signal
            # Without the lines that ran nothing, this is the counter of the last start.
            nat=$((${functrace[-1]##*:} - __attesh_lines))
        elif ((!__attesh_open)); then
            # Nobody announced the line that leaves.
            nat+=1
        else
            # Only a line that is a plain `exit`: a signal may have ended
            # whatever else a line does.
            words=(${(z)__attesh_text})
            if [[ ${words[1]-} == (exit|logout|bye) && "${words[2,-1]}" == (|(|-)<->)(|(| )\;) ]] && ((!${+functions[$words[1]]} && !${+aliases[$words[1]]})); then
                why=exit
                __attesh_rec e n=$__attesh_n nat=$__attesh_nat st=$((s & 255)) from=exit
            fi
        fi
        # The system keeps eight bits of what a process exits with.
        __attesh_rec x nat=$nat why=$why st=$((s & 255))
        __attesh_dir=
        return 0
    } >/dev/null 2>&1
}

# ── staying in place ──────────────────────────────────────────────────────

# __attesh_hooked STATUS: puts back what somebody took out of the arrays, each to the first place:
# if a function fails, zsh leaves out those behind it.
__attesh_hooked() {
    local pair array name gone=
    for pair in precmd:precmd preexec:preexec zshaddhistory:addhistory zshexit:zshexit; do
        array=${pair%:*}_functions name=__attesh_${pair#*:}
        [[ ${${(P)array}[1]-} != $name ]] || continue
        [[ " ${(P)array} " == *" $name "* ]] || gone+=" $array"
        typeset -ga $array
        builtin set -A $array $name ${${(P)array}:#$name}
    done
    [[ ${preexec_functions[-1]-} == __attesh_runs ]] || preexec_functions=(${preexec_functions:#__attesh_runs} __attesh_runs)
    [[ -z $gone || $1 == install ]] || __attesh_tell "${gone# }" n what=hook-repaired nat=$__attesh_nat ${${(M)1:#<0-255>}:+st=$1}
    return 0
}

# What only the shell can see, for `attesh doctor`.
__attesh_facts() {
    [[ $__attesh_tmp != - ]] || return 0
    # In a child, because a limit on the size of files may end it.
    (
        umask 077
        builtin printf '%s=%s\n' shell zsh version $ZSH_VERSION hook $__attesh_hook hook_version $__attesh_version \
            pid $$ flags $- lost $__attesh_lost \
            precmd_functions "${(j: :)${(@q)precmd_functions}}" preexec_functions "${(j: :)${(@q)preexec_functions}}" \
            zshaddhistory_functions "${(j: :)${(@q)zshaddhistory_functions}}" \
            zshexit_functions "${(j: :)${(@q)zshexit_functions}}" \
            zshaddhistory "${(q)ATTESH_ZSHADDHISTORY-}" \
            functions "${(j: :)${(@)$(typeset +f | grep -E '^(precmd|preexec|zshaddhistory|zshexit|TRAP[A-Z]+)$')}}" \
            histsize "$HISTSIZE" savehist "${SAVEHIST-}" histfile "${(q)HISTFILE-}" history_ignore "${(q)HISTORY_IGNORE-}" \
            options "${(j: :)${(@f)$(setopt)}}" traps "${(q)$(trap)}" \
            starship "${STARSHIP_SHELL-}" vscode "${VSCODE_SHELL_INTEGRATION-${VSCODE_INJECTION-}}" >|$__attesh_tmp/facts-$$
    )
}

# ── installation ──────────────────────────────────────────────────────────

# __attesh_begin NAT: the first prompt of a shell whose rc file has the hook.
__attesh_begin() {
    [[ ${__attesh_pid-} == $$ && $ZSH_SUBSHELL == 0 ]] || return 0
    __attesh_wait=
    if ! __attesh_session nat=$1 typed=0; then
        __attesh_pid=
        __attesh_say="not recording this shell: $__attesh_say"
    fi
    __attesh_nat=$1
    [[ -z $__attesh_say ]] || builtin print -r -- "attesh: $__attesh_say" >/dev/tty
}

# Once, at the first prompt: zsh restricts itself (zsh -r) only behind its rc files. Each function of the
# hook that redirects something is an error then, so they go.
__attesh_restriction() {
    precmd_functions=(${precmd_functions:#__attesh_restriction})
    [[ -o restricted ]] || return 0
    builtin unfunction ${=__attesh_places}
    precmd_functions=(${precmd_functions:#__attesh_*}) preexec_functions=(${preexec_functions:#__attesh_*})
    zshaddhistory_functions=(${zshaddhistory_functions:#__attesh_*}) zshexit_functions=(${zshexit_functions:#__attesh_*})
    __attesh_pid=
    builtin print -u2 -r -- 'attesh: not recording this shell: it is restricted, and may neither write files nor run a program by its path'
}

# __attesh_install CONTEXT
__attesh_install() {
    local -i nat=${functrace[-1]##*:}
    __attesh_boot
    if [[ $1 != toplevel* ]]; then
        __attesh_wait=1
        __attesh_hooked install
        precmd_functions=(__attesh_restriction $precmd_functions)
        return 0
    fi
    if ! __attesh_session nat=$nat typed=1; then
        builtin print -r -- "attesh: not recording this shell: $__attesh_say" >&2
        __attesh_pid=
        return 0
    fi
    __attesh_nat=nat __attesh_fresh=1
    __attesh_hooked install
    if [[ -n $__attesh_say ]]; then
        builtin print -r -- "attesh: $__attesh_say" >&2
    else
        builtin print -r -- "attesh: recording this shell (session $__attesh_short). attesh log · attesh pause · attesh seal"
    fi
}

if [[ ${__attesh_pid-} == $$ ]]; then
    __attesh_to='@ATTESH_NAME@' __attesh_dead=
    __attesh_hooked install
elif [[ ! -o interactive ]]; then
    # Nobody typed it if a startup file has it.
    [[ $ZSH_EVAL_CONTEXT == *file* ]] || builtin print -r -- 'attesh: this shell is not interactive, nothing is recorded here; attesh sh FILE records a script, attesh init bash --ci a job of GitLab' >&2
elif [[ -o restricted ]]; then
    builtin print -r -- 'attesh: not recording this shell: it is restricted, and may neither write files nor run a program by its path' >&2
elif [[ $ZSH_VERSION != (5.<8->*|<6->.*) ]]; then
    builtin print -r -- "attesh: not recording this shell: zsh $ZSH_VERSION is older than 5.8" >&2
else
    __attesh_install "$ZSH_EVAL_CONTEXT"
fi
