# attesh's hook for fish 3.1 and newer. `attesh init fish` fills the four
# values below and prints this file, for `source` to read.
#
# fish announces a command before and after it runs (fish_preexec,
# fish_postexec), a line it refused (fish_posterror) and its own end
# (fish_exit), and gives $status back after each of these.
# docs/hook-protocol.md says what the hook tells the recorder, and when.
#
# Some commands leave $status alone (a comment, `set`, a stopped job). fish's
# counter $status_generation shows it: if neither its generation nor its value
# changed, the hook sends no status, only that there was none.
#
# In config.fish the hook only takes its places. It opens the session at the first prompt, so a
# shell that never has one (fish -ic) has no session.
#
# A user's function can have the name of any builtin that fish does not reserve
# (math, count, contains, echo, printf, functions): these are called by `builtin`.

function __attesh_boot
    set -g __attesh_bin '@ATTESH_BIN@'
    set -g __attesh_version '@ATTESH_VERSION@'
    set -g __attesh_hook '@ATTESH_HOOK@'
    set -g __attesh_name '@ATTESH_NAME@'
    set -g __attesh_pid $fish_pid
    set -g __attesh_dir ''
    set -g __attesh_n 0
    set -g __attesh_open 0
    set -g __attesh_lost 0
    set -g __attesh_rc 0
    set -g __attesh_skip 0
    set -g __attesh_nat $status_generation
    set -g __attesh_dead ''
    set -g __attesh_last ''
    set -g __attesh_wait ''
    set -g __attesh_handlers __attesh_preexec __attesh_postexec __attesh_posterror __attesh_prompt __attesh_exit
    # Lines that set no status unless they fail: a lone `set` that asks, lists and erases nothing.
    set -g __attesh_leaves_alone '^\\s*set(\\s+(-[aglfpUux]+|--(append|prepend|local|function|global|universal|(un)?export|(un)?path)))*\\s+[^-\\s][^;|&()\\n]*$'
    set -g __attesh_typed 0
end

# ── talking to the recorder ───────────────────────────────────────────────

# Command substitutions and calls of functions are what costs in fish. So what runs at each command has
# no substitution (`read` takes what a builtin prints), and few calls.
#
# fish reports a missing command on the terminal, whatever the redirection. So look first.

# __attesh_missed STATUS: counts a loss.
function __attesh_missed
    set -g __attesh_rc $argv[1]
    set -g __attesh_lost (builtin math $__attesh_lost + 1)
end

# __attesh_rec VERB KEY=VALUE…: makes one call.
function __attesh_rec
    if not test -x $__attesh_bin
        __attesh_missed 127
    else if $__attesh_bin rec $argv[1] p=1 d=$__attesh_dir g=$__attesh_gen sh=$__attesh_sh lost=$__attesh_lost $argv[2..-1] </dev/null
        set -g __attesh_rc 0
        set -g __attesh_lost 0
    else
        __attesh_missed $status
    end
end

# __attesh_tell TEXT VERB KEY=VALUE…: makes a call with a text. printf is a builtin, so the
# text is in no argument list.
function __attesh_tell
    if not test -x $__attesh_bin
        __attesh_missed 127
    else if builtin printf '%s\n' "$argv[1]" | $__attesh_bin rec $argv[2] p=1 d=$__attesh_dir g=$__attesh_gen sh=$__attesh_sh lost=$__attesh_lost $argv[3..-1]
        set -g __attesh_rc 0
        set -g __attesh_lost 0
    else
        __attesh_missed $status
    end
end

# Gets the settings that hide lines, in fish's own words.
function __attesh_settings
    set -g __attesh_now "private=$fish_private_mode"
    set -q fish_history; and set -g __attesh_now "$__attesh_now fish_history=$fish_history"
    builtin functions -q fish_should_add_to_history; and set -g __attesh_now "$__attesh_now fish_should_add_to_history"
end

# Records that the history settings changed.
function __attesh_configured
    __attesh_settings
    test "$__attesh_now" = "$__attesh_configuration"; or __attesh_paused; and return 0
    __attesh_tell "$__attesh_now" n what=configuration nat=$status_generation st=$argv[1]
    test $__attesh_rc -eq 0; and set -g __attesh_configuration $__attesh_now
end

# __attesh_session KEY=VALUE…: gets the session to record into, or fails.
function __attesh_session
    __attesh_settings
    set -l lines ($__attesh_bin rec open p=1 kind=fish ver=$version pid=$fish_pid hist="$__attesh_now" \
        hook=$__attesh_hook name="$__attesh_name" env="$ATTESH_SESSION" $argv)
    set -g __attesh_rc $status
    set -g __attesh_say "$lines[6]"
    if test $__attesh_rc -ne 0; or test (builtin count $lines) -lt 5
        test -n "$__attesh_say"; or set -g __attesh_say "$__attesh_bin gives status $__attesh_rc"
        return 1
    end
    set -g __attesh_dir $lines[1]
    set -g __attesh_gen $lines[2]
    set -g __attesh_sh $lines[3]
    set -g __attesh_tmp $lines[4]
    set -g __attesh_short $lines[5]
    set -g __attesh_n 0
    set -g __attesh_open 0
    set -g __attesh_skip 0
    set -g __attesh_dead ''
    set -g __attesh_configuration $__attesh_now
    set -gx ATTESH_SESSION $__attesh_dir
end

# Goes to another session: this one ended, or the recorder refused it.
function __attesh_reopen
    if __attesh_session d=$__attesh_dir g=$__attesh_gen lost=$__attesh_lost nat=$status_generation typed=0 2>/dev/null
        set -g __attesh_nat $status_generation
        test -z "$__attesh_say"; or builtin echo "attesh: $__attesh_say" >&2
    else
        set -g __attesh_open 0
        set -g __attesh_lost (builtin math $__attesh_lost + 1)
        test -n "$__attesh_dead"; or builtin echo "attesh: not recording this shell: $__attesh_say" >&2
        set -g __attesh_dead 1
    end
end

# Says once, at the prompt, why the recorder cannot record, and when it can again.
function __attesh_trouble
    if not builtin contains -- $__attesh_rc 0 1 3 4; and test -z "$__attesh_dead"
        set -g __attesh_dead 1
        set -l why "$__attesh_bin cannot be run any more (status $__attesh_rc); put it back, or begin a new shell"
        switch $__attesh_rc
            case 2
                set why "$__attesh_bin is of another version than the hook in this shell; begin a new one"
            case 5
                set why ($__attesh_bin rec why p=1 d=$__attesh_dir g=$__attesh_gen); or return 0
        end
        set -g __attesh_dead told
        builtin echo "attesh: not recording this shell: $why" >&2
    else if test $__attesh_rc -eq 0; and test "$__attesh_dead" = told
        set -g __attesh_dead ''
        builtin echo 'attesh: recording this shell again; what was lost is counted (attesh status)' >&2
    end
end

# The user typed `init --session` here again; goes to that session, or stays.
function __attesh_move
    set -l was $__attesh_dir $__attesh_sh
    set -l kept "$__attesh_n" "$__attesh_rc" "$__attesh_skip" "$__attesh_dead" "$__attesh_configuration"
    set -g __attesh_name $__attesh_to
    set -g __attesh_to ''
    if not __attesh_session d=$was[1] g=$__attesh_gen sh=$was[2] lost=$__attesh_lost nat=$status_generation typed=1 2>/dev/null
        set -g __attesh_rc $kept[2]
        builtin echo "attesh: this shell stays in session $__attesh_short: $__attesh_say" >&2
    else if test "$was" = "$__attesh_dir $__attesh_sh"
        set -g __attesh_n $kept[1]
        set -g __attesh_rc $kept[2]
        set -g __attesh_skip $kept[3]
        set -g __attesh_dead $kept[4]
        set -g __attesh_configuration $kept[5]
    else
        set -g __attesh_lost 0
        set -g __attesh_nat $status_generation
        builtin echo "attesh: $__attesh_say" >&2
    end
end

function __attesh_paused
    test -e $__attesh_dir/pause-all; or test -e $__attesh_dir/pause-$__attesh_sh
end

# Would fish itself keep this line out of its history?
function __attesh_hidden
    string match -q -- ' *' "$argv[1]"; and return 0
    test -n "$fish_private_mode"; and return 0
    set -q fish_history; and test -z "$fish_history"; and return 0
    builtin functions -q fish_should_add_to_history; or return 1
    not fish_should_add_to_history "$argv[1]" >/dev/null
end

# ── hooks ─────────────────────────────────────────────────────────────────

# In a function, so that the hook can put back a handler that somebody erased.
function __attesh_define
    function __attesh_preexec --on-event fish_preexec
        set -l st $status
        set -l gen $status_generation
        test "$__attesh_pid" = $fish_pid; and test -n "$__attesh_dir"; and __attesh_before $st $gen "$argv[1]" 2>/dev/null
    end
    function __attesh_postexec --on-event fish_postexec
        set -l st $status
        set -l ps $pipestatus
        set -l gen $status_generation
        set -l ms $CMD_DURATION
        test "$__attesh_pid" = $fish_pid; and test -n "$__attesh_dir"; and __attesh_after $st $gen "$ps" "$ms" "$argv[1]" 2>/dev/null
    end
    function __attesh_posterror --on-event fish_posterror
        set -l st $status
        test "$__attesh_pid" = $fish_pid; and test -n "$__attesh_dir"; and not __attesh_paused
        and __attesh_unexecuted $st "$argv[1]" 2>/dev/null
    end
    function __attesh_prompt --on-event fish_prompt
        set -l st $status
        test -z "$__attesh_wait"; or __attesh_begin
        test "$__attesh_pid" = $fish_pid; and test -n "$__attesh_dir"; or return 0
        set -g __attesh_asked 1
        if test -e $__attesh_dir/next; or builtin contains -- $__attesh_rc 1 3
            __attesh_reopen
        end
        test $__attesh_open -eq 2; and __attesh_again 2>/dev/null
        __attesh_configured $st 2>/dev/null
        test $__attesh_rc -eq 0; and test -z "$__attesh_dead"; or __attesh_trouble
        test -z "$__attesh_to"; or __attesh_move
        builtin functions -q $__attesh_handlers; or __attesh_repair
    end
    function __attesh_exit --on-event fish_exit
        set -l st $status
        test "$__attesh_pid" = $fish_pid; and test -n "$__attesh_dir"; and __attesh_close $st 2>/dev/null
    end
end

# __attesh_unexecuted STATUS TEXT: fish refused the line.
function __attesh_unexecuted
    set -l text "$argv[2]"
    __attesh_hidden "$text"; and set text ''
    __attesh_tell "$text" n what=unexecuted nat=$status_generation st=$argv[1]
end

# __attesh_before STATUS GENERATION TEXT
function __attesh_before
    set -g __attesh_asked 0
    test $__attesh_open -eq 2; and __attesh_again
    if test $__attesh_open -eq 1
        # fish did not announce its end; $status is still its own.
        if __attesh_unseen $argv[2]
            __attesh_rec e n=$__attesh_n nat=$__attesh_gen_before from=unknown
        else
            __attesh_status $argv[1] $argv[2]
            __attesh_rec e n=$__attesh_n nat=$argv[2] from=next-start $__attesh_told
        end
        set -g __attesh_open 0
    end
    builtin functions -q $__attesh_handlers; or __attesh_repair
    set -g __attesh_typed 0
    __attesh_paused; and return 0
    set -l text $argv[3]
    set -l src typed
    set -g __attesh_last $text
    if __attesh_hidden "$text"
        set text ''
        set src withheld
    end
    string match -q -- '*attesh doctor*' "$argv[3]"; and __attesh_facts
    builtin math $__attesh_n + 1 | read -g __attesh_n
    set -g __attesh_open 1
    set -g __attesh_gen_before $argv[2]
    set -g __attesh_st_before $argv[1]
    __attesh_tell "$text" s n=$__attesh_n nat=$argv[2] skip=$__attesh_skip src=$src prev=$argv[1]
    set -g __attesh_skip 0
end

# Did other commands run since the open one began? A command moves the counter by at most one.
function __attesh_unseen
    test $argv[1] = $__attesh_gen_before; and return 1
    builtin math $__attesh_gen_before + 1 | read -l next
    test $argv[1] -gt $next
end

# __attesh_status STATUS GENERATION: gets the key of the status, or that the command set none.
function __attesh_status
    set -g __attesh_told st=$argv[1]
    test $argv[1] = "$__attesh_st_before"; or return 0
    # A handler that `set` starts moves the counter, too.
    if test $argv[2] = "$__attesh_gen_before"; or string match -qr -- $__attesh_leaves_alone "$__attesh_last"
        set -g __attesh_told fresh=0
    end
end

# __attesh_after STATUS GENERATION PIPESTATUS MILLISECONDS TEXT
function __attesh_after
    if test $__attesh_open -eq 0
        # The line that installed this hook ends, and the hook did not see it begin.
        # It knows how far that line moved the counter, and nothing of any other line.
        test $__attesh_typed -eq 1; and set -g __attesh_skip (builtin math $argv[2] - $__attesh_nat)
        set -g __attesh_typed 0
        return 0
    end
    test -e $__attesh_dir/next; and return 0
    # The terminal is gone: a command that the hangup cut short comes here with the
    # status of the one before it.
    test -t 0; or return 0
    if test "$argv[5]" != "$__attesh_last"; or __attesh_unseen $argv[2]
        __attesh_rec e n=$__attesh_n nat=$__attesh_gen_before from=unknown
        set -g __attesh_open 0
        return 0
    end
    __attesh_status $argv[1] $argv[2]
    set -l more $__attesh_told
    test $more = fresh=0; or set -a more ps="$argv[3]"
    string match -qr '^[0-9]+$' -- "$argv[4]"; and set -a more us=$argv[4]000
    # ^C ends this function wherever it is: then the prompt sends the call again.
    set -g __attesh_pending n=$__attesh_n nat=$argv[2] from=prompt $more
    set -g __attesh_open 2
    set -g __attesh_nat $argv[2]
    __attesh_rec e $__attesh_pending
    set -g __attesh_open 0
end

# Sends a finish again if ^C cut its call short.
function __attesh_again
    set -g __attesh_open 0
    __attesh_rec e $__attesh_pending r=1
end

# fish has announced the end of a line that exits by now, and did not prompt behind it.
function __attesh_close
    set -l why unknown
    if test $__attesh_open -eq 0
        set why exit
        if test $__attesh_asked -eq 1
            set why eof
            test -t 0; or set why signal
        end
    end
    # The line that installed this hook moved the counter, too.
    __attesh_rec x nat=(builtin math $status_generation - $__attesh_skip) why=$why st=$argv[1]
    set -g __attesh_dir ''
end

# ── staying in place ──────────────────────────────────────────────────────

function __attesh_repair
    set -l gone
    for name in $__attesh_handlers
        builtin functions -q $name; or set -a gone (string replace __attesh_ fish_ $name)
    end
    __attesh_define
    __attesh_tell "$gone" n what=hook-repaired nat=$status_generation st=0 2>/dev/null
end

# What only the shell can see, for `attesh doctor`.
function __attesh_facts
    test "$__attesh_tmp" = -; and return 0
    begin
        builtin printf '%s=%s\n' shell fish version $version hook $__attesh_hook hook_version $__attesh_version \
            pid $fish_pid lost $__attesh_lost private "$fish_private_mode" fish_history (set -q fish_history; and builtin echo "'$fish_history'"; or builtin echo unset) \
            should_add_to_history (builtin functions -q fish_should_add_to_history; and builtin echo 1; or builtin echo 0) \
            handlers (builtin functions --handlers | string escape | string join ' ') \
            starship "$STARSHIP_SHELL" vscode "$VSCODE_SHELL_INTEGRATION$VSCODE_INJECTION"
    end | command sh -c 'umask 077; cat >"$1"' sh $__attesh_tmp/facts-$fish_pid
end

# ── installation ──────────────────────────────────────────────────────────

# The first prompt of a shell whose config.fish has the hook.
function __attesh_begin
    test "$__attesh_pid" = $fish_pid; or return 0
    set -g __attesh_wait ''
    if __attesh_session nat=$status_generation typed=0 2>/dev/null
        set -g __attesh_nat $status_generation
        test -z "$__attesh_say"; or builtin echo "attesh: $__attesh_say" >&2
    else
        set -g __attesh_pid ''
        builtin echo "attesh: not recording this shell: $__attesh_say" >&2
    end
end

function __attesh_install
    __attesh_boot
    if status stack-trace | string match -qr 'from sourcing file [^-]'
        set -g __attesh_wait 1
        __attesh_define
        return 0
    end
    set -g __attesh_typed 1
    if not __attesh_session nat=$status_generation typed=1
        builtin echo "attesh: not recording this shell: $__attesh_say" >&2
        set -g __attesh_pid ''
        return 0
    end
    __attesh_define
    if test -n "$__attesh_say"
        builtin echo "attesh: $__attesh_say" >&2
    else
        builtin echo "attesh: recording this shell (session $__attesh_short). attesh log · attesh pause · attesh seal"
    end
end

if test "$__attesh_pid" = $fish_pid
    set -g __attesh_to '@ATTESH_NAME@'
    set -g __attesh_dead ''
    __attesh_define
else if not status is-interactive
    # Nobody typed it if a startup file has it.
    status stack-trace | string match -q '*called during startup*'; or builtin echo 'attesh: this shell is not interactive, nothing is recorded here; attesh sh FILE records a script, attesh init bash --ci a job of GitLab' >&2
else if string match -qr '^([0-2]\.|3\.0)' -- $version
    builtin echo "attesh: not recording this shell: fish $version is older than 3.1" >&2
else
    __attesh_install
end
