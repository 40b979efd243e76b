# shellcheck shell=bash disable=SC2016,SC2034,SC2154
# What the hook for bash needs seldom. `attesh init bash` prints this file before shell/hook.bash.

# What the hook defines is for this shell alone: no `set -a` exports it.
__attesh_a=$-
\builtin set +a

# ── trouble, and another session ──────────────────────────────────────────

# Tells the user something: the hook's own output goes nowhere.
__attesh_tell() {
    if __attesh_restricted; then
        \builtin printf 'attesh: %s\n' "$1"
    else
        \builtin printf 'attesh: %s\n' "$1" >/dev/tty
    fi
}

# Goes to a session: the first one, or another where this one ended or the recorder
# refused it.
__attesh_reopen() {
    \builtin local __attesh__dir="$__attesh_dir" __attesh__gen="$__attesh_gen"
    if __attesh_open d="$__attesh__dir" g="$__attesh__gen" lost="$__attesh_l" nat="$1" typed=0; then
        [[ -z $__attesh_say ]] || __attesh_tell "$__attesh_say"
    else
        __attesh_dir=$__attesh__dir __attesh_gen=$__attesh__gen __attesh_l=$((__attesh_l + 1)) __attesh_o=0
        [[ -n ${__attesh_dead-} ]] || __attesh_tell "not recording this shell: $__attesh_say"
        __attesh_dead=1
        # A shell that never had a session does without.
        [[ $__attesh_dir ]] || __attesh_pid=
    fi
}

# Says once, at the prompt, why the recorder cannot record, and when it can again.
__attesh_trouble() {
    \builtin local __attesh__why="$__attesh_bin cannot be run any more (status $__attesh_r); put it back, or begin a new shell"
    if [[ $__attesh_r != [0134] && -z ${__attesh_dead-} ]]; then
        __attesh_dead=1
        case $__attesh_r in
            2) __attesh__why="$__attesh_bin is of another version than the hook in this shell; begin a new one" ;;
            5) __attesh__why=$("$__attesh_bin" rec why p=1 d="$__attesh_dir" g="$__attesh_gen") || \builtin return 0 ;;
        esac
        __attesh_dead=told
        __attesh_tell "not recording this shell: $__attesh__why"
    elif ((__attesh_r == 0)) && [[ $__attesh_dead == told ]]; then
        __attesh_dead=
        __attesh_tell 'recording this shell again; what was lost is counted (attesh status)'
    fi
}

# __attesh_unseen FIRST LAST: these commands ran, and PS0 did not come.
__attesh_unseen() {
    __attesh_note gap "$2" "$1..$2"
    ((__attesh_u)) || __attesh_tell 'commands ran here unrecorded: something took PS0 away (attesh doctor looks for it)'
    __attesh_u=1
}

# In the child of PS0: no prompt came that could have opened a session.
__attesh_unopened() {
    [[ $__attesh_pid ]] || \builtin exit 111
    ((__attesh_u)) || __attesh_tell 'not recording this shell: PROMPT_COMMAND lost the hook; the line of attesh comes last in ~/.bashrc'
    \builtin exit 112
}

# `builtin` calls none: a function of the user's has its name, or it is disabled.
__attesh_overridden() {
    ((__attesh_u)) || printf 'attesh: not recording this shell: a function is called builtin, or enable -n took that away\n' >/dev/tty
    __attesh_u=1 __attesh_pid=
}

# __attesh_move NAT: the user typed `init --session` here again; goes to that session, or stays.
__attesh_move() {
    \builtin local __attesh__dir="$__attesh_dir" __attesh__sh="$__attesh_sh" __attesh__n="$__attesh_n" __attesh__r="$__attesh_r" __attesh__dead="${__attesh_dead-}" __attesh__cw="$__attesh_cw"
    __attesh_name=$__attesh_to __attesh_to=
    if ! __attesh_open d="$__attesh__dir" g="$__attesh_gen" sh="$__attesh__sh" lost="$__attesh_l" nat="$1" typed=1; then
        __attesh_dir=$__attesh__dir __attesh_r=$__attesh__r
        __attesh_tell "this shell stays in session $__attesh_short: $__attesh_say"
    elif [[ $__attesh__dir:$__attesh__sh == "$__attesh_dir:$__attesh_sh" ]]; then
        __attesh_n=$__attesh__n __attesh_r=$__attesh__r __attesh_dead=$__attesh__dead __attesh_cw=$__attesh__cw
    else
        __attesh_l=0
        __attesh_tell "$__attesh_say"
    fi
}

# Puts the mark, __attesh_last, behind all other entries.
__attesh_place_mark() {
    \builtin local __attesh__i
    [[ ${PROMPT_COMMAND[-1]} != "$__attesh_mark" ]] || \builtin return 0
    for __attesh__i in "${!PROMPT_COMMAND[@]}"; do
        [[ ${PROMPT_COMMAND[__attesh__i]} != "$__attesh_mark" ]] || \builtin unset "PROMPT_COMMAND[$__attesh__i]"
    done
    PROMPT_COMMAND+=("$__attesh_mark")
    # bash runs it from the next prompt on.
    __attesh_look_ps0
}

# The variables that PS0 reads, at first and where somebody unset one.
__attesh_default() {
    __attesh_e=x __attesh_g='' __attesh_w0='' __attesh_x=('')
    \builtin : "${__attesh_n:=0}" "${__attesh_o:=0}" "${__attesh_p:=0}" "${__attesh_l:=0}" "${__attesh_i:=0}"
    \builtin : "${__attesh_r:=0}" "${__attesh_q:=0}" "${__attesh_h:=0}" "${__attesh_m:=0}" "${__attesh_c:=-1}"
    \builtin : "${__attesh_y:=0}" "${__attesh_z:=0}" "${__attesh_f:=0}" "${__attesh_u:=0}"
}

# The statuses of a pipeline, whatever IFS is.
__attesh_statuses() {
    \builtin printf -v __attesh_ps '%s ' "${__attesh_pa[@]}"
    __attesh_ps=${__attesh_ps% }
}

# Puts back hooks that somebody removed.
__attesh_put_back() {
    \builtin local -
    \builtin set +aeuxkET
    __attesh_default
    [[ ${PS0-} == *"$__attesh_ps0"* ]] || __attesh_hook_ps0
    __attesh_hooked || __attesh_hook_pc
}

__attesh_look_ps0() {
    [[ ${PS0-} == *"$__attesh_ps0"* ]] || __attesh_repair_ps0
    __attesh_w0=${PS0-}
}

__attesh_repair_ps0() {
    __attesh_hook_ps0 || \builtin return 0
    [[ -z $__attesh_dir || $BASHPID != "$__attesh_pid" ]] || __attesh_note hook-repaired "$__attesh_c" PS0
}

# ── what history has and bash did not announce ────────────────────────────

# A key can run commands: an editor's (C-x C-e, v), or what `bind -x` gave it. bash
# announces none of them, but history may grow.

# __attesh_besides NAT: history grew by more than the command that starts now. What
# was pasted before the command and certainly ran nothing is no news.
__attesh_besides() {
    \builtin local __attesh__text='' __attesh__inert=1 __attesh__own
    __attesh_s=$__attesh_q
    __attesh_newest "$((__attesh_top - __attesh_own - __attesh_beside))" "$((__attesh_top - __attesh_own))"
    # A command ran. What bash cannot parse is the rest of a line that a key took history away from.
    if [[ $__attesh_src == history ]]; then
        __attesh__own=$__attesh_t
        __attesh_strip
        if __attesh_inert "$__attesh_t"; then
            __attesh__inert=0 __attesh_src=none __attesh__own=
        fi
        __attesh_t=$__attesh__own
    fi
    ((__attesh__inert && __attesh_beside < __attesh_lines)) || __attesh_note unannounced "$1" "$__attesh__text"
}

# __attesh_unread NAT LINE: history grew, and no command ran. An entry that bash took
# from the line that it read last ran nothing: PS0 did not come.
__attesh_unread() {
    \builtin local __attesh__text='' __attesh__inert=1 __attesh__reads
    # Entries that another tool read from a file look the same.
    __attesh__reads=$(__attesh_reads_history)
    [[ $__attesh__reads != *yes ]] || \builtin return 0
    # Under erasedups history does not grow by a repeat.
    [[ :${HISTCONTROL-}: != *:erasedups:* ]] || __attesh__reads=unknown
    __attesh_top=$HISTCMD __attesh_grown=$((HISTCMD - __attesh_h)) __attesh_lines=2
    if ((__attesh_grown == 1)) && [[ $__attesh__reads == *no && $(__attesh_taken && \builtin echo 1) == *1 ]]; then
        __attesh_entry
        [[ $__attesh_src == typed ]] || __attesh_strip
        __attesh__text=$__attesh_t __attesh_t=
    else
        __attesh_newest "$__attesh_h" "$__attesh_top"
        ((__attesh__inert && __attesh_grown <= $2 - __attesh_z)) || {
            __attesh_note unannounced "$1" "$__attesh__text"
            \builtin return 0
        }
    fi
    [[ $__attesh__text != *[![:space:]]* ]] || __attesh_note unexecuted "$1" "$__attesh__text"
}

# Does an entry of PROMPT_COMMAND, or a function, an alias or a variable that one names, change history
# otherwise than by `history -a`? Says yes, no or unknown. This is for a child: a match sets BASH_REMATCH.
__attesh_reads_history() {
    \builtin local __attesh__todo="${PROMPT_COMMAND[*]//"$__attesh_pc"/}" __attesh__seen=' ' __attesh__word __attesh__values __attesh__says=no
    \builtin local __attesh__code='(^|[[:space:];&|({!])(builtin[[:blank:]]+|command[[:blank:]]+)*(\.[[:blank:]]|(source|eval|trap)[[:blank:]]|[$])'
    \builtin local -a __attesh__words
    # Traps and keys run at the prompt, too, and so does what PS1 calls.
    __attesh__values=$(\builtin trap -p)
    __attesh__todo+=$'\n'${__attesh__values//trap -- /}
    [[ ${PS1-}$(\builtin bind -X) != *history*-[nr]* ]] || __attesh__says=unknown
    while [[ $__attesh__todo ]]; do
        __attesh__todo=${__attesh__todo//[\"\'\\]}
        [[ ! $__attesh__todo =~ history([[:space:]]+-a)*[[:space:]]+-[a-z]*[b-z] ]] || { \builtin printf yes; \builtin return; }
        [[ ! $__attesh__todo =~ $__attesh__code && ! $__attesh__todo =~ history[[:space:]]+[$] ]] || __attesh__says=unknown
        \builtin mapfile -t __attesh__words <<<"${__attesh__todo//[][:space:]&|;<>()\{\}\`=\$[]/$'\n'}"
        __attesh__todo=
        for __attesh__word in "${__attesh__words[@]}"; do
            [[ $__attesh__word && $__attesh__word != *__attesh_* && $__attesh__seen != *" $__attesh__word "* ]] || \builtin continue
            __attesh__seen+="$__attesh__word "
            ! \builtin declare -F -- "$__attesh__word" >/dev/null || __attesh__todo+=$(\builtin declare -f -- "$__attesh__word")$'\n'
            # What follows an alias belongs to it.
            [[ ! ${BASH_ALIASES[$__attesh__word]-} ]] || __attesh__todo+="${BASH_ALIASES[$__attesh__word]}"$'\n'
            [[ ${BASH_ALIASES[$__attesh__word]-} != *history* ]] || __attesh__says=unknown
            __attesh__word=${__attesh__word%%[^[:alnum:]_]*}
            [[ $__attesh__word == [[:alpha:]_]* ]] || \builtin continue
            __attesh__values="${__attesh__word}[@]"
            __attesh__todo+="${!__attesh__values-}"$'\n'
        done
    done
    \builtin printf '%s' "$__attesh__says"
}

# The newest entry of history with its number, behind what a DEBUG trap said. This is for a child.
__attesh_newest_entry() {
    \builtin set +euxkET
    \builtin trap - DEBUG
    [[ ${HISTTIMEFORMAT@a} == *r* ]] || HISTTIMEFORMAT=
    \builtin printf '\1attesh\1'
    \builtin history 1
}

# __attesh_took NAT: did history take lines while the command ran? `fc` takes its own line out of
# history and puts in what it runs.
__attesh_took() {
    \builtin local __attesh__text='' __attesh__inert=0 __attesh__was="${__attesh_v[$1]-}" __attesh__now __attesh__from=$((__attesh_h - 1))
    __attesh_f=0 __attesh__was=${__attesh__was#*$'\1attesh\1'}
    [[ -o history && $__attesh__was ]] && ((__attesh__from > 0 && HISTCMD >= __attesh_h)) && ! __attesh_paused && [[ $(__attesh_reads_history) != *yes ]] || \builtin return 0
    __attesh__now=$(__attesh_entries "$__attesh__from")
    [[ $__attesh__now != "$__attesh__was" && $__attesh__now != "$__attesh__was"$'\n'*(\ )"$__attesh_h"[\ *]* ]] || __attesh__from=$__attesh_h
    ((__attesh__from < HISTCMD)) || \builtin return 0
    __attesh_newest "$__attesh__from" "$HISTCMD"
    __attesh_note history "$1" "$__attesh__text"
}

# __attesh_entries START: the entries of history from this number on.
__attesh_entries() {
    [[ ${HISTTIMEFORMAT@a} == *r* ]] || HISTTIMEFORMAT=
    \builtin history "$((HISTCMD - $1))"
}

# __attesh_newest START END: puts the texts of the entries from number START to before
# END into __attesh__text, unless the settings might hide one, and 0 into
# __attesh__inert unless none can have run. Of many it takes the last 50.
__attesh_newest() {
    \builtin local __attesh__at="$1" __attesh__entry __attesh__shown=1
    \builtin local -a __attesh__all
    if (($2 - $1 > 50)); then
        __attesh__at=$(($2 - 50)) __attesh__inert=0 __attesh__text="($((__attesh__at - $1)) lines before these)"
    fi
    __attesh_each "$__attesh__at"
    # What left history again is not known, nor is what the settings might hide.
    ((${#__attesh__all[@]} >= $2 - __attesh__at)) && [[ ${HISTTIMEFORMAT@a} != *r* && -z ${HISTIGNORE-} ]] || __attesh__shown=0 __attesh__inert=0
    for __attesh__entry in "${__attesh__all[@]:0:$2-__attesh__at}"; do
        [[ $__attesh__entry != [[:blank:]]* || :${HISTCONTROL-}: != *:@(ignorespace|ignoreboth):* ]] || __attesh__shown=0
        ((!__attesh__inert)) || __attesh_inert "$__attesh__entry" || __attesh__inert=0
        __attesh__text+=${__attesh__text:+$'\n'}$__attesh__entry
    done
    ((__attesh__shown)) || __attesh__text=
}

# __attesh_each START: puts the entries from this number on into __attesh__all; none if the first
# is not there any more.
__attesh_each() {
    \builtin local __attesh__line __attesh__mark __attesh__rest='' __attesh__alike=0
    \builtin local -a __attesh__listed
    __attesh__all=()
    \builtin mapfile -t __attesh__listed <<<"$(__attesh_entries "$1")"
    for __attesh__line in "${__attesh__listed[@]}"; do
        \builtin printf -v __attesh__mark '%5d' "$(($1 + ${#__attesh__all[@]}))"
        if [[ $__attesh__line == "$__attesh__mark"[\ *]\ * ]]; then
            __attesh__all+=("${__attesh__line:${#__attesh__mark}+2}")
        elif ((${#__attesh__all[@]})); then
            [[ $__attesh__line != *(\ )+([0-9])[\ *]\ * ]] || __attesh__alike=1
            __attesh__all[-1]+=$'\n'$__attesh__line
        fi
    done
    ((__attesh__alike)) || \builtin return 0
    # A line within an entry looks like the first one of the next. What is listed from each entry on
    # ends with what is listed from the next one on.
    __attesh__all=()
    \builtin mapfile -d $'\1' -t __attesh__listed <<<"$(__attesh_entries_of "$1")"
    for __attesh__line in "${__attesh__listed[@]}"; do
        __attesh__line=${__attesh__line%$'\n'}
        if [[ $__attesh__rest ]]; then
            \builtin printf -v __attesh__mark '%5d' "$(($1 + ${#__attesh__all[@]}))"
            __attesh__rest=${__attesh__rest%$'\n'"$__attesh__line"}
            __attesh__all+=("${__attesh__rest:${#__attesh__mark}+2}")
        fi
        __attesh__rest=$__attesh__line
    done
}

# __attesh_entries_of START: what `history` lists from each number on, the last list empty.
__attesh_entries_of() {
    \builtin local __attesh__at
    [[ ${HISTTIMEFORMAT@a} == *r* ]] || HISTTIMEFORMAT=
    for ((__attesh__at = HISTCMD - $1; __attesh__at > 0; __attesh__at--)); do
        \builtin history "$__attesh__at"
        \builtin printf '\1'
    done
}

# __attesh_is_pipeline TEXT: does a line with a bar surely run a pipeline, if it leaves the
# statuses of one? A definition does not, nor what runs only where something holds, nor a job in
# the background.
__attesh_is_pipeline() {
    \builtin local __attesh__text="${1//[<>|&]&}"
    __attesh__text=${__attesh__text//&>}
    [[ $__attesh__text != *'&'* && $'\n'$1"${BASH_ALIASES[*]}" != *'('*([[:blank:]])')'* ]] &&
        [[ $'\n'$1$'\n' != *[[:space:]\;\|\&\(\)\{\}]@(function|case|for|select|while|until|if|coproc)[[:space:]\;]* ]]
}

# __attesh_inert TEXT: does it certainly run nothing? It is a comment, or bash can
# parse neither the whole of it nor any lines from its first on.
__attesh_inert() {
    \builtin local __attesh__rest="$1" __attesh__part='' __attesh__name __attesh__options
    __attesh__options=(-p -n)
    [[ $__attesh__rest == *[![:space:]]* ]] || \builtin return 0
    if [[ $__attesh__rest != *$'\n'* && $__attesh__rest == *([[:blank:]])'#'* ]]; then
        \builtin shopt -q interactive_comments
        \builtin return
    fi
    # An alias can turn what has no sense into a command.
    for __attesh__name in "${!BASH_ALIASES[@]}"; do
        [[ $__attesh__rest != *"$__attesh__name"* || ${BASH_ALIASES[$__attesh__name]} != *[!\ [:alnum:]_./:=,+-]* && ${BASH_ALIASES[$__attesh__name]%% *} != @(if|then|else|elif|fi|case|esac|for|select|while|until|do|done|in|function|time|coproc) ]] || \builtin return 1
    done
    # Each line begins a bash below.
    __attesh__part=${__attesh__rest//[!$'\n']}
    ((${#__attesh__part} < 200)) && ! __attesh_restricted || \builtin return 1
    __attesh__part=
    ! \builtin shopt -q extglob || __attesh__options+=(-O extglob)
    [[ ! -o posix ]] || __attesh__options+=(-o posix)
    while [[ $__attesh__rest ]]; do
        __attesh__part+=${__attesh__rest%%$'\n'*}
        [[ $__attesh__rest == *$'\n'* ]] || __attesh__rest+=$'\n'
        __attesh__rest=${__attesh__rest#*$'\n'}
        # -p: it reads no BASH_ENV. -n: it runs nothing.
        "$BASH" "${__attesh__options[@]}" <<<"$__attesh__part" 2>/dev/null
        (($? == 2)) || \builtin return 1
        __attesh__part+=$'\n'
    done
}

# The newest lines of a command that history keeps line by line.
__attesh_by_line() {
    \builtin local __attesh__rest __attesh__lines='' __attesh__count=$((__attesh_grown < __attesh_lines ? __attesh_grown : __attesh_lines))
    __attesh__rest=$(\builtin history "$__attesh__count")$'\n'
    while [[ $__attesh__rest ]]; do
        __attesh_t=${__attesh__rest%%$'\n'*} __attesh__rest=${__attesh__rest#*$'\n'}
        __attesh_strip
        __attesh__lines+=${__attesh__lines:+$'\n'}$__attesh_t
    done
    __attesh_src=typed __attesh_t=$__attesh__lines __attesh_own=$__attesh__count
}

# ── what only the shell can see, for `attesh doctor` ──────────────────────

__attesh_facts() {
    \builtin local __attesh__i __attesh__at='' __attesh__mask
    for __attesh__i in "${!PROMPT_COMMAND[@]}"; do
        [[ ${PROMPT_COMMAND[__attesh__i]} != "$__attesh_pc" ]] || __attesh__at=$__attesh__i
    done
    __attesh_doc='' __attesh__mask=$(\builtin umask)
    \builtin umask 077
    {
        \builtin printf '%s=%q\n' shell bash version "$BASH_VERSION" hook "$__attesh_hook" hook_version "$__attesh_version" \
            pid "$$" flags "$-" lost "$__attesh_l" ps0_hooked "$([[ ${PS0-} == *"$__attesh_ps0"* ]] && \builtin echo 1)" \
            prompt_command_at "$__attesh__at" prompt_command_count "${#PROMPT_COMMAND[@]}" \
            ps0 "$(\builtin declare -p PS0 2>&1)" prompt_command "$(\builtin declare -p PROMPT_COMMAND 2>&1)" \
            histcontrol "$(\builtin declare -p HISTCONTROL 2>&1)" histignore "$(\builtin declare -p HISTIGNORE 2>&1)" \
            histsize "$(\builtin declare -p HISTSIZE 2>&1)" histtimeformat "$(\builtin declare -p HISTTIMEFORMAT 2>&1)" \
            shopt "$BASHOPTS" options "$SHELLOPTS" trap_exit "$(\builtin trap -p EXIT)" trap_debug "$(\builtin trap -p DEBUG)" \
            blesh "${BLE_VERSION-}" bash_preexec "${bash_preexec_imported-${__bp_imported-}}" \
            starship "${STARSHIP_SHELL-}" vscode "${VSCODE_SHELL_INTEGRATION-${VSCODE_INJECTION-}}"
    } >|"$__attesh_tmp/facts-$$"
    \builtin umask "$__attesh__mask"
    # In 5.3 this code runs in a function, where bash hides the DEBUG trap. PS0
    # evaluates the next line outside of it.
    __attesh_doc='\builtin printf "trap_debug=%q\n" "$(\builtin trap -p DEBUG)" >>"$__attesh_tmp/facts-$$"'
}


# ── writing files ──────────────────────────────────────────────────────────

# Is there a limit on the size of files? Then writing a file could end this shell.
__attesh_limited() {
    \builtin local __attesh__all
    # The third line: Max file size SOFT HARD bytes.
    \builtin mapfile -t -n 3 __attesh__all </proc/self/limits
    [[ ${__attesh__all[2]-} == 'Max file size'+([[:blank:]])[0-9]* ]]
}
