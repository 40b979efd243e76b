# shellcheck shell=bash
# Where do the units of a script end? `attesh sh` runs this file once, as
# `bash --norc --noprofile -r FILE FIRST NEXT`, the script on standard input, and reads a line
# `A-B` for each complete input that bash parses (its first and last line, from 1), and
# `A-B?` for lines at the end that bash does not take for a complete input.
#
# A unit is found by letting bash parse what was read so far as the body of a function.
# Nothing of the script runs: a text that closed the function's braces itself could bring
# commands behind them, but the DEBUG trap skips every command except those of this file,
# which it knows by a word that is made anew for each run (ATTESH_TOKEN), and the shell is
# restricted. Some unfinished inputs end the bash that parses them, or leave its parser unable
# to go on: then the last line, `end`, is missing, and the caller starts again behind the
# line that did it. For that it is told of each line after which a unit goes on: `FIRST+NEXT`,
# from 0.

mapfile -t lines
count=${#lines[@]} first=$1 at=$2 chunk='' word='' on=1 brace=''
((first == at)) || printf -v chunk '%s\n' "${lines[@]:first:at-first}"
chunk=${chunk%$'\n'}
shopt -s extdebug extglob
trap '[[ $on || $BASH_COMMAND == *ATTESH_TOKEN* ]]' DEBUG
for (( ; at < count; at++)); do
    line=${lines[at]}
    if [[ ! $chunk ]]; then
        [[ $line != *([[:blank:]])?('#'*) ]] || continue
        first=$at chunk=$line brace=''
        [[ $line != @(*'()'*([[:blank:]])|*([[:blank:]])|function[[:blank:]]*)\{*([[:blank:]]) ]] || brace=1
    else
        # In a long unit, only a line that can be its last is worth a try: one that ends a
        # compound command, a quotation or a here-document, or goes on after an operator. What
        # began with a brace ends with one.
        word=${lines[at - 1]}
        chunk+=$'\n'$line
        if ((at - first > 40)); then
            [[ ! $brace || $line == *\}* || $word == *[\|\&\\] || $chunk == *'<<'* ]] || continue
            if [[ $line != *([[:blank:]])@(\}|fi|done|esac|\]\]|\))* && $line != *[\;\&\|]*([[:blank:]])@(\}|fi|done|esac)* && $word != *[\|\&\\]* ]]; then
                word=${line//[!\"]/}
                if ((${#word} % 2 == 0)); then
                    word=${line//[!\']/}
                    if ((${#word} % 2 == 0)); then
                        word=${line##*([[:blank:]])}
                        [[ $line == *\\* || $line == *'`'* || $word && $chunk == *'<<'*"$word"* ]] || continue
                    fi
                fi
            fi
        fi
    fi
    on=''
    eval "unit() {
$chunk
}
" "#ATTESH_TOKEN"
    failed_ATTESH_TOKEN=$? on=1
    if ((failed_ATTESH_TOKEN)); then
        printf '%d+%d\n' "$first" "$((at + 1))"
    else
        printf '%d-%d\n' "$((first + 1))" "$((at + 1))"
        chunk=''
    fi
done
[[ ! $chunk ]] || printf '%d-%d?\n' "$((first + 1))" "$count"
echo end
