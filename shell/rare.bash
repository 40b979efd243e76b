# shellcheck shell=bash disable=SC2016,SC2034,SC2154
# What the hook for bash needs seldom. `attesh init bash` prints this file before shell/hook.bash.

# ── trouble, and another session ──────────────────────────────────────────

# Says once, at the prompt, why the recorder cannot record, and when it can again.
__attesh_trouble() {
    \builtin local why
    if ((__attesh_r == 5)) && [[ -z ${__attesh_dead-} ]]; then
        __attesh_dead=1
        why=$("$__attesh_bin" rec why p=1 d="$__attesh_dir" g="$__attesh_gen") || \builtin return 0
        __attesh_dead=told
        __attesh_tell "not recording this shell: $why"
    elif ((__attesh_r == 0)) && [[ $__attesh_dead == told ]]; then
        __attesh_dead=
        __attesh_tell 'recording this shell again; what was lost is counted (attesh status)'
    fi
}

# __attesh_move NAT: the user typed `init --session` here again; goes to that session, or stays.
__attesh_move() {
    \builtin local dir="$__attesh_dir" sh="$__attesh_sh" n="$__attesh_n" r="$__attesh_r" dead="${__attesh_dead-}" cw="$__attesh_cw"
    __attesh_name=$__attesh_to __attesh_to=
    if ! __attesh_open d="$dir" g="$__attesh_gen" sh="$sh" lost="$__attesh_l" nat="$1" typed=1; then
        __attesh_dir=$dir __attesh_r=$r
        __attesh_tell "this shell stays in session $__attesh_short: $__attesh_say"
    elif [[ $dir:$sh == "$__attesh_dir:$__attesh_sh" ]]; then
        __attesh_n=$n __attesh_r=$r __attesh_dead=$dead __attesh_cw=$cw
    else
        __attesh_l=0
        __attesh_tell "$__attesh_say"
    fi
}

# ── what only the shell can see, for `attesh doctor` ──────────────────────

__attesh_facts() {
    \builtin local i at=
    for i in "${!PROMPT_COMMAND[@]}"; do
        [[ ${PROMPT_COMMAND[i]} != "$__attesh_pc" ]] || at=$i
    done
    __attesh_doc=
    {
        \builtin printf '%s=%q\n' shell bash version "$BASH_VERSION" hook "$__attesh_hook" hook_version "$__attesh_version" \
            pid "$$" flags "$-" lost "$__attesh_l" ps0_hooked "$([[ ${PS0-} == *"$__attesh_ps0"* ]] && \builtin echo 1)" \
            prompt_command_at "$at" prompt_command_count "${#PROMPT_COMMAND[@]}" \
            ps0 "$(\builtin declare -p PS0 2>&1)" prompt_command "$(\builtin declare -p PROMPT_COMMAND 2>&1)" \
            histcontrol "$(\builtin declare -p HISTCONTROL 2>&1)" histignore "$(\builtin declare -p HISTIGNORE 2>&1)" \
            histsize "$(\builtin declare -p HISTSIZE 2>&1)" histtimeformat "$(\builtin declare -p HISTTIMEFORMAT 2>&1)" \
            shopt "$BASHOPTS" options "$SHELLOPTS" trap_exit "$(\builtin trap -p EXIT)" trap_debug "$(\builtin trap -p DEBUG)" \
            blesh "${BLE_VERSION-}" bash_preexec "${bash_preexec_imported-${__bp_imported-}}" \
            starship "${STARSHIP_SHELL-}" vscode "${VSCODE_SHELL_INTEGRATION-${VSCODE_INJECTION-}}"
    } >|"$__attesh_tmp/facts-$$"
    # In 5.3 this code runs in a function, where bash hides the DEBUG trap. PS0
    # evaluates the next line outside of it.
    __attesh_doc='\builtin printf "trap_debug=%q\n" "$(\builtin trap -p DEBUG)" >>"$__attesh_tmp/facts-$$"'
}

